"""The user's own images, each with a mask that gives the class of every pixel."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.datasets.decoding import (
    Colour,
    Decoded,
    ImageSize,
    check_readable,
    decode_all,
    digests,
    faults_of,
    image_shape,
    unchanged,
    warn_of_faults,
)
from lossbench.datasets.image_files import (
    ImageFile,
    checked_folder,
    content_sha256,
    few,
    find_images,
    look_at,
    look_at_masks,
    natural,
    printable,
    subfolders,
)
from lossbench.datasets.image_folder import PARTS, check_parts
from lossbench.datasets.pixels import decode, read_classes, resized_classes
from lossbench.datasets.splitting import Source, whole
from lossbench.errors import DataError

_IMAGES, _MASKS = "images", "masks"
_ACCEPTED = "a folder with images/ and masks/, or with both in train/ and in test/"
_WHITE = 255  # in masks of black and white, the foreground


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Images and their masks, those of the test part last.

    `both` are the images, with the fault of the mask where the image has none.
    """

    root: Path
    where: str
    images: list[ImageFile]
    masks: list[ImageFile]
    both: list[ImageFile]
    n_train: int
    class_names: tuple[str, ...]
    is_white: bool


def describe(
    name: str,
    *,
    path: str,
    classes: Sequence[str] | None,
    image_size: ImageSize,
    colour: Colour,
    max_unreadable: float,
) -> Facts:
    """Say what `read` will give; masks are decoded, of images only the headers.

    Args:
        name: the name of the data set, for messages.
        path: the folder.
        classes: as for `read`.
        image_size: as for `read`.
        colour: as for `read`.
        max_unreadable: as for `read`.

    Raises:
        DataError: the folder is absent or wrong.
    """
    pairs = _pairs(name, path, classes, max_unreadable)
    kept = np.flatnonzero([not file.fault for file in pairs.both])
    n_train = _n_train(pairs, kept)
    return Facts(
        task="segmentation",
        image_shape=image_shape(pairs.both, image_size, colour, pairs.where),
        n_classes=len(pairs.class_names),
        n_targets=0,
        **whole(np.array([n_train])),
        n_test=len(kept) - n_train,
        soft_targets=False,
        class_names=pairs.class_names,
        metric=DEFAULT_METRIC["segmentation"],
        content_sha256=content_sha256(
            pairs.images,
            [mask.sha256 for mask in pairs.masks],
            [i < pairs.n_train for i in range(len(pairs.images))],
        ),
        unreadable=tuple(map(printable, faults_of(pairs.both))),
    )


def read(
    name: str,
    *,
    path: str,
    classes: Sequence[str] | None,
    image_size: ImageSize,
    colour: Colour,
    max_unreadable: float,
) -> Source:
    """Read images and masks: `images/a.jpg` with `masks/a.png`, or both in `train/` and `test/`.

    A mask has the name of its image, but for the ending, and its size. It holds the numbers 0, 1,
    2 and so on, as a palette's indices do; or 0 and 255, of which 255 becomes 1. Both are resized
    alike, masks to the nearest pixel. Images come in natural order of their names. How pixels are
    decoded: `pixels.decode`.

    Args:
        name: the name of the data set, for messages.
        path: the folder.
        classes: their names, the background first; None: as many as occur.
        image_size: height and width in pixels, or one number for both, that all images are
            resized to; None where they have one size.
        colour: `grey`, `rgb`, or `auto`: rgb if one image has colours.
        max_unreadable: share of the images that may, or whose masks may, be no images; they are
            left out.

    Returns:
        Images uint8 [n, height, width, channels] and masks uint8 [n, height, width] on disk; a
        test part of length 0 where the folder has none.

    Raises:
        DataError: the folder is absent or wrong.

    Source:
        The user.
    """
    pairs = _pairs(name, path, classes, max_unreadable)
    decoded = _decoded(pairs, image_size, colour, max_unreadable)
    n_train = _n_train(pairs, decoded.kept)
    images, masks = decoded.arrays["images"], decoded.arrays["masks"]
    return Source(
        images=images[:n_train],
        targets=masks[:n_train],
        test_images=images[n_train:],
        test_targets=masks[n_train:],
        task="segmentation",
        class_names=pairs.class_names,
    )


def prepare(
    name: str,
    *,
    path: str,
    classes: Sequence[str] | None,
    image_size: ImageSize,
    colour: Colour,
    max_unreadable: float,
) -> None:
    """Decode all images and masks into the cache, and log which are left out.

    Args:
        name: the name of the data set, for messages.
        path: the folder.
        classes: as for `read`.
        image_size: as for `read`.
        colour: as for `read`.
        max_unreadable: as for `read`.

    Raises:
        DataError: the folder is absent or wrong, or the cache cannot be written.
    """
    pairs = _pairs(name, path, classes, max_unreadable)
    warn_of_faults(_decoded(pairs, image_size, colour, max_unreadable), pairs.where)


def _n_train(pairs: _Pairs, kept: np.ndarray) -> int:
    """Return how many training images are left; refuse none."""
    n_train = int((kept < pairs.n_train).sum())
    if not n_train:
        raise DataError(
            f"{pairs.where}: none of the training images can be read; one or more is accepted. "
            f"Repair them."
        )
    return n_train


def _decoded(
    pairs: _Pairs, image_size: ImageSize, colour: Colour, max_unreadable: float
) -> Decoded:
    shape = image_shape(pairs.both, image_size, colour, pairs.where)
    height, width, channels = shape

    def one(index: int) -> tuple[np.ndarray, ...]:
        image = unchanged(pairs.root, pairs.images[index], pairs.where)
        mask = read_classes(unchanged(pairs.root, pairs.masks[index], pairs.where))
        if pairs.is_white:
            mask = (mask == _WHITE).astype(np.uint8)
        return decode(image, height, width, channels == 3), resized_classes(mask, height, width)

    key = {
        "images": digests(pairs.images),
        "masks": digests(pairs.masks),
        "shape": list(shape),
        "is_white": pairs.is_white,
    }
    shapes = {"images": shape, "masks": (height, width)}
    decoded = decode_all(key, pairs.both, shapes, one, {"data": str(pairs.root)})
    check_readable(decoded.faults, len(pairs.both), max_unreadable, pairs.where)
    return decoded


def _pairs(name: str, path: str, classes: Sequence[str] | None, max_unreadable: float) -> _Pairs:
    """Find images and masks, look at them, and find the classes."""
    root, where = checked_folder(path, name, _ACCEPTED)
    train, test = _parts(root, where)
    pool = sorted(
        (pair for part in train for pair in _matched(root, part, where)),
        key=lambda pair: natural(pair[0]),
    )
    held_out = [pair for part in test for pair in _matched(root, part, where)]
    if not pool:
        raise DataError(
            f"{where}: there are no training images; {_ACCEPTED} is accepted. Add images."
        )
    images = look_at(root, [image for image, _ in (*pool, *held_out)])
    masks = look_at_masks(root, [mask for _, mask in (*pool, *held_out)])
    both = [_joined(image, mask) for image, mask in zip(images, masks, strict=True)]
    check_readable(faults_of(both), len(both), max_unreadable, where)
    _check_sizes(images, masks, where)
    names, is_white = _classes(masks, classes, where)
    return _Pairs(root, where, images, masks, both, len(pool), names, is_white)


def _joined(image: ImageFile, mask: ImageFile) -> ImageFile:
    """Return an image, or its mask where that one gives nothing."""
    return mask if mask.fault and not image.fault else image


def _parts(root: Path, where: str) -> tuple[list[str], list[str]]:
    """Return the folders, inside the root, that hold images/ and masks/: training's, the test's."""
    folders = subfolders(root, where)
    if _IMAGES in folders and _MASKS in folders:
        return ["."], []
    part_of = {folder: PARTS.get(folder.casefold()) for folder in folders}
    if "train" not in part_of.values():
        raise DataError(
            f"{where}: there is {few([repr(folder) for folder in folders]) or 'no folder'}; "
            f"{_ACCEPTED} is accepted. Rename the folders."
        )
    check_parts(set(part_of.values()), f"{where}: there are the folders {', '.join(folders)}")
    for folder in (folder for folder, part in part_of.items() if part):
        inside = subfolders(root / folder, where)
        if not {_IMAGES, _MASKS} <= set(inside):
            raise DataError(
                f"{where}: in {folder!r} there is {few([repr(one) for one in inside]) or 'none'}; "
                f"images and masks are accepted, both. Rename the folders."
            )
    pool = [folder for folder, part in part_of.items() if part in ("train", "validation")]
    return pool, [folder for folder, part in part_of.items() if part == "test"]


def _matched(root: Path, part: str, where: str) -> list[tuple[str, str]]:
    """Return the images of a part with their masks; refuse one without the other."""
    images, masks = (
        _by_stem(root, f"{part}/{kind}".removeprefix("./"), where) for kind in (_IMAGES, _MASKS)
    )
    for kind, lonely in (
        ("images have no mask", [name for stem, name in images.items() if stem not in masks]),
        ("masks have no image", [name for stem, name in masks.items() if stem not in images]),
    ):
        if lonely:
            raise DataError(
                f"{where}: {len(lonely)} {kind} of their name: "
                f"{few([repr(name) for name in lonely])}; pairs such as images/a.jpg and "
                f"masks/a.png are accepted. Add what is missing, or remove them."
            )
    return [(name, masks[stem]) for stem, name in images.items()]


def _by_stem(root: Path, folder: str, where: str) -> dict[str, str]:
    """Return the images below a folder by their names without ending."""
    found: dict[str, str] = {}
    for name in find_images(root, folder, where):
        stem = str(PurePosixPath(name).relative_to(folder).with_suffix(""))
        if stem in found:
            raise DataError(
                f"{where}: {found[stem]!r} and {name!r} differ in nothing but the ending; one of "
                f"a name is accepted. Remove or rename one."
            )
        found[stem] = name
    return found


def _check_sizes(images: Sequence[ImageFile], masks: Sequence[ImageFile], where: str) -> None:
    """Refuse masks of another size than their images."""
    other = [
        f"{mask.name!r} is {mask.height} x {mask.width}, its image {image.height} x {image.width}"
        for image, mask in zip(images, masks, strict=True)
        if not image.fault
        and not mask.fault
        and (image.height, image.width) != (mask.height, mask.width)
    ]
    if other:
        raise DataError(
            f"{where}: {len(other)} masks have another size (height x width) than their images: "
            f"{few(other)}; equal sizes are accepted. Export them again."
        )


def _classes(
    masks: Sequence[ImageFile], given: Sequence[str] | None, where: str
) -> tuple[tuple[str, ...], bool]:
    """Return the classes' names, and whether 255 stands for the second of two."""
    found = sorted({value for mask in masks for value in mask.values})
    is_white = _WHITE in found and set(found) <= {0, _WHITE} and (given is None or len(given) == 2)
    n_found = 2 if is_white else found[-1] + 1
    if given is None:
        if n_found < 2 or (not is_white and found != list(range(n_found))):
            shown = ", ".join(map(str, found[:10])) + (" and so on" if len(found) > 10 else "")
            raise DataError(
                f"{where}: the masks hold the numbers {shown}; 0, 1, 2 and so on without a gap, or "
                f"0 and 255, are accepted. Renumber them, or name the classes: "
                f"classes: [background, ...]."
            )
        names = ("foreground",) if n_found == 2 else tuple(f"class {i}" for i in range(1, n_found))
        return ("background", *names), is_white
    if n_found > len(given):
        allowed = set(range(len(given)))
        wrong = [
            f"{mask.name!r} ({min(set(mask.values) - allowed)})"
            for mask in masks
            if set(mask.values) - allowed
        ]
        raise DataError(
            f"{where}: {len(wrong)} masks hold numbers beyond the {len(given)} classes: "
            f"{few(wrong)}; 0 to {len(given) - 1} are accepted, or 0 and 255 for two classes. "
            f"Renumber them, or name all classes."
        )
    return tuple(given), is_white

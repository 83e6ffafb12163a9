"""The user's own folder of images, one subfolder a class."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.losses import Task
from lossbench.catalog.metrics import usual_metric
from lossbench.datasets.decoding import (
    Colour,
    Decoded,
    ImageSize,
    check_readable,
    decode_images,
    faults_of,
    image_shape,
    warn_of_faults,
)
from lossbench.datasets.image_files import (
    ImageFile,
    checked_folder,
    content_sha256,
    few,
    find_images,
    look_at,
    printable,
    subfolders,
)
from lossbench.datasets.pixels import SUFFIXES
from lossbench.datasets.splitting import Source, whole
from lossbench.errors import DataError

PARTS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}
"""What folders, and values of a table's `split_column`, are called that say which part it is."""

_ACCEPTED = "a folder with one subfolder a class"


@dataclass(frozen=True, eq=False)
class _Found:
    """The files of a folder, those of the test part last."""

    root: Path
    where: str
    files: list[ImageFile]
    labels: np.ndarray
    n_train: int
    class_names: tuple[str, ...]

    @property
    def task(self) -> Task:
        return "binary" if len(self.class_names) == 2 else "multiclass"

    def counts(self, kept: np.ndarray) -> np.ndarray:
        """Return training images of each class; refuse a class that has none."""
        labels = self.labels[kept[kept < self.n_train]]
        counts = np.bincount(labels, minlength=len(self.class_names))
        if not counts.all():
            raise DataError(
                f"{self.where}: none of the training images of class "
                f"{self.class_names[int(counts.argmin())]!r} can be read; at least one is "
                f"accepted. Repair them, or remove the folder."
            )
        return counts


def describe(
    name: str,
    *,
    path: str,
    image_size: ImageSize,
    colour: Colour,
    max_unreadable: float,
    ordered: bool,
) -> Facts:
    """Say what `read` will give; of images only the headers are decoded.

    Args:
        name: the name of the data set, for messages.
        path: the folder.
        image_size: as for `read`.
        colour: as for `read`.
        max_unreadable: as for `read`.
        ordered: as for `read`.

    Raises:
        DataError: the folder is absent or wrong.
    """
    found = _found(name, path)
    files = found.files
    faults = faults_of(files)
    check_readable(faults, len(files), max_unreadable, found.where)
    kept = np.flatnonzero([not file.fault for file in files])
    return Facts(
        task=found.task,
        image_shape=image_shape(files, image_size, colour, found.where),
        n_classes=len(found.class_names),
        n_targets=0,
        **whole(found.counts(kept)),
        n_test=int((kept >= found.n_train).sum()),
        soft_targets=False,
        class_names=found.class_names,
        metric=usual_metric(found.task, ordered=ordered),
        content_sha256=content_sha256(files, [i < found.n_train for i in range(len(files))]),
        ordered=ordered,
        unreadable=tuple(map(printable, faults)),
    )


def read(
    name: str,
    *,
    path: str,
    image_size: ImageSize,
    colour: Colour,
    max_unreadable: float,
    ordered: bool,
) -> Source:
    """Read a folder of images: `<class>/...`, or `train/<class>/...` and `test/<class>/...`.

    Classes are in natural order of their folders' names, in which 2 comes before 10, and so are
    the images of a class. Images of `val/` or `validation/` join those of `train/`, of which
    validation is drawn. Hidden files are left out, and files that do not end as images do. How
    pixels are decoded and resized: `pixels.decode`.

    Args:
        name: the name of the data set, for messages.
        path: the folder.
        image_size: height and width in pixels, or one number for both, that all images are
            resized to; None where they have one size.
        colour: `grey`, `rgb`, or `auto`: rgb if one image has colours.
        max_unreadable: share of the files that may be no images; they are left out.
        ordered: whether the classes have the order of their folders.

    Returns:
        Images uint8 [n, height, width, channels] on disk, class by class, and class indices int32
        [n]; a test part of length 0 where the folder has none.

    Raises:
        DataError: the folder is absent or wrong.

    Source:
        The user.
    """
    found = _found(name, path)
    decoded = _decoded(found, image_size, colour, max_unreadable)
    n_train = int((decoded.kept < found.n_train).sum())
    images, labels = decoded.arrays["images"], found.labels[decoded.kept]
    return Source(
        images=images[:n_train],
        targets=labels[:n_train],
        test_images=images[n_train:],
        test_targets=labels[n_train:],
        task=found.task,
        class_names=found.class_names,
        ordered=ordered,
    )


def prepare(
    name: str,
    *,
    path: str,
    image_size: ImageSize,
    colour: Colour,
    max_unreadable: float,
    ordered: bool,
) -> None:
    """Decode all images into the cache, and log which files are left out.

    Args:
        name: the name of the data set, for messages.
        path: the folder.
        image_size: as for `read`.
        colour: as for `read`.
        max_unreadable: as for `read`.
        ordered: as for `read`.

    Raises:
        DataError: the folder is absent or wrong, or the cache cannot be written.
    """
    found = _found(name, path)
    warn_of_faults(_decoded(found, image_size, colour, max_unreadable), found.where)


def _decoded(
    found: _Found, image_size: ImageSize, colour: Colour, max_unreadable: float
) -> Decoded:
    decoded = decode_images(
        found.root, found.files, image_size, colour, max_unreadable, found.where
    )
    found.counts(decoded.kept)
    return decoded


def _found(name: str, path: str) -> _Found:
    """List a folder's images and look at them."""
    root, where = checked_folder(path, name, _ACCEPTED)
    pool, test = _parts(root, where)
    images = _by_class(root, pool, where)
    if len(images) < 2:
        raise _too_few(root, pool, images, where)
    if set(images) == {"images", "masks"}:
        raise DataError(
            f"{where}: there are images and masks, not classes; one subfolder a class is accepted. "
            f"Write name: image_masks."
        )
    empty = [label for label, files in images.items() if not files]
    if empty:
        raise DataError(
            f"{where}: there is no image for class {few([repr(label) for label in empty])}; one "
            f"or more for each class is accepted, ending in {_suffixes()}. Add some, or remove "
            f"the folder."
        )
    test_images = {label: files for label, files in _by_class(root, test, where).items() if files}
    unknown = [label for label in test_images if label not in images]
    if unknown:
        raise DataError(
            f"{where}: class {few([repr(label) for label in unknown])} has test images but no "
            f"training images; classes that training has are accepted. Add training images, or "
            f"remove the folder."
        )
    number = {label: index for index, label in enumerate(images)}
    names = [(file, label) for by in (images, test_images) for label in by for file in by[label]]
    return _Found(
        root=root,
        where=where,
        files=look_at(root, [file for file, _ in names]),
        labels=np.array([number[label] for _, label in names], dtype=np.int32),
        n_train=sum(map(len, images.values())),
        class_names=tuple(images),
    )


def _parts(root: Path, where: str) -> tuple[list[str], list[str]]:
    """Return the folders, inside the root, of training and validation and those of the test."""
    folders = subfolders(root, where)
    part_of = {folder: PARTS.get(folder.casefold()) for folder in folders}
    if "train" not in part_of.values():
        if any(part_of.values()) and all(part_of.values()):
            raise _no_train(folders, where)
        return ["."], []
    others = [folder for folder, part in part_of.items() if part is None]
    if others:
        raise DataError(
            f"{where}: beside a folder of training images there is "
            f"{few([repr(folder) for folder in others])}; train, test and validation are accepted "
            f"together, or only classes. Move it."
        )
    check_parts(set(part_of.values()), f"{where}: there are the folders {', '.join(folders)}")
    pool = [folder for folder in folders if part_of[folder] != "test"]
    return pool, [folder for folder in folders if part_of[folder] == "test"]


def check_parts(parts: set[str | None], found: str) -> None:
    """Refuse training and validation images without test images.

    lossbench draws its own validation part, so that all parts would be mixed.

    Args:
        parts: which parts there are.
        found: the message's beginning.

    Raises:
        DataError: there is a validation part, but no test part.
    """
    if "validation" in parts and "test" not in parts:
        raise DataError(
            f"{found}, but no test; validation images are accepted beside test images, and join "
            f"those of training, of which a tenth is drawn for validation. Rename validation to "
            f"test to compare on it, or to train."
        )


def _no_train(folders: Sequence[str], where: str) -> DataError:
    return DataError(
        f"{where}: there are only {', '.join(folders)}; a folder train is accepted beside them. "
        f"Add it, or name classes otherwise."
    )


def _by_class(root: Path, parts: Sequence[str], where: str) -> dict[str, list[str]]:
    """Return the image files of each class, classes in natural order."""
    found: dict[str, list[str]] = {}
    origin: dict[str, tuple[str, str]] = {}
    for part in parts:
        for folder in subfolders(root / part, where):
            label = printable(folder)
            other = origin.setdefault(label, (part, folder))
            if other[0] == part and other[1] != folder:
                raise DataError(
                    f"{where}: the folders {other[1]!r} and {folder!r} are both shown as "
                    f"{label!r}; names that differ are accepted. Rename one."
                )
            inside = folder if part == "." else f"{part}/{folder}"
            found.setdefault(label, []).extend(find_images(root, inside, where))
    return found


def _too_few(
    root: Path, parts: Sequence[str], images: dict[str, list[str]], where: str
) -> DataError:
    """Return the error for fewer than two classes."""
    if images:
        found = f"{next(iter(images))!r} is the only class"
    else:
        loose = sum(len(find_images(root, part, where)) for part in parts)
        found = f"{loose} images, but no subfolder" if loose else "no images and no subfolders"
    return DataError(
        f"{where}: {found}; two subfolders or more are accepted, one a class, with images ending "
        f"in {_suffixes()}. Sort the images into them, or use image_table with a table of labels."
    )


def _suffixes() -> str:
    return ", ".join(sorted(SUFFIXES))

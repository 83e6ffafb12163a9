"""Fetches a data set of tensorflow_datasets and writes its arrays: run as a process of its own.

`python -m lossbench.datasets.tfds_export REQUEST`, a JSON object: the parameters of the data set,
and the folder to write to, or null to fetch only.
"""

import difflib
import hashlib
import json
import socket
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.datasets.tfds import REFUSED

_HOST = "storage.googleapis.com"  # where tensorflow_datasets looks first


class Refused(Exception):
    """What is wrong with the request, as a message for the user."""


def main(request: Mapping[str, Any]) -> None:
    """Fetch the data set where it is not there, and write arrays if a folder is named.

    Args:
        request: as the module says.

    Raises:
        Refused: there is no such data set, or it is not made of images with a label.
    """
    builder = _builder(request["dataset"], request["data_dir"])
    if not builder.is_prepared():
        _check_network()
        builder.download_and_prepare()
    if request["folder"] is not None:
        export(builder, request, Path(request["folder"]))


def _builder(name: str, data_dir: str) -> Any:
    import tensorflow_datasets as tfds

    try:
        return tfds.builder(name, data_dir=data_dir)
    except tfds.core.registered.DatasetNotFoundError:
        folder = Path(data_dir)
        here = [path.name for path in folder.iterdir()] if folder.is_dir() else []
        near = difflib.get_close_matches(name, [*tfds.list_builders(), *here], n=1)
        hint = f"Did you mean {near[0]!r}?" if near else "Check the name."
        raise Refused(
            f"tensorflow_datasets {tfds.__version__} has no data set {name!r}; a name of "
            f"https://www.tensorflow.org/datasets/catalog, or of one in {data_dir}, is accepted. "
            f"{hint}"
        ) from None
    except (ValueError, AssertionError) as error:  # a configuration or version that it lacks
        text = " ".join(str(error).split())[:300]
        raise Refused(
            f"{text}; NAME, NAME/CONFIGURATION or NAME:VERSION is accepted. Check the name."
        ) from None


def _check_network() -> None:
    """Refuse to wait for minutes until every attempt to connect has failed."""
    if urllib.request.getproxies():
        return
    try:
        socket.getaddrinfo(_HOST, 443)
    except OSError:
        raise Refused(
            f"the data are not on this machine and cannot be fetched, since {_HOST} cannot be "
            f"reached; data in data_dir are accepted too. Connect this machine, or copy them."
        ) from None


def export(builder: Any, request: Mapping[str, Any], folder: Path) -> None:
    """Write x_train.npy, y_train.npy, the same of the test, and about.json.

    Args:
        builder: the data set, prepared.
        request: as the module says.
        folder: where to.

    Raises:
        Refused: a split or a feature does not exist, or is of another kind.
    """
    image, label = _features(builder.info.features, request["image"], request["target"])
    digest = hashlib.sha256()
    for part, split in _splits(builder.info.splits, request).items():
        _write(builder, split, (image, label), request["image_size"], folder, part)
        for axis in "xy":
            with (folder / f"{axis}_{part}.npy").open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    names = getattr(builder.info.features[label], "names", None)
    about = {"sha256": digest.hexdigest(), "class_names": names}
    (folder / "about.json").write_text(json.dumps(about))


def _splits(known: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, str]:
    """Return the splits for training and test; without a test set the one alone."""
    wanted = {"train": request["train"], "test": request["test"]}
    if wanted["test"] is None:
        usual = "test" in known and "test" not in request["train"]
        wanted = {"train": request["train"], **({"test": "test"} if usual else {})}
    for part, split in wanted.items():
        try:
            empty = known[split].num_examples == 0
        except (KeyError, ValueError, AssertionError) as error:
            text = " ".join(str(error).split())[:200]
            raise Refused(
                f"{part}: {split!r} is no split ({text}); {', '.join(known)} are accepted, and "
                f"parts of them as train[:80%]. Correct it."
            ) from None
        if empty:
            raise Refused(f"{part}: {split!r} is empty; splits with images are accepted. Check it.")
    return wanted


def _features(
    features: Mapping[str, Any], image: str | None, target: str | None
) -> tuple[str, str]:
    """Return the names of the image and of its target, the only ones unless they are given."""
    import tensorflow_datasets as tfds

    of = tfds.features
    images = [k for k, f in features.items() if type(f) is of.Image]
    classes = [k for k, f in features.items() if isinstance(f, of.ClassLabel)]
    numbers = [k for k, f in features.items() if _is_number(f) and k not in classes]
    floats = [k for k in numbers if np.issubdtype(features[k].np_dtype, np.floating)]
    return (
        _only("image", image, images, images),
        _only("target", target, classes or floats, [*classes, *numbers]),
    )


def _is_number(feature: Any) -> bool:
    """Return whether a feature is a number, or a row of a fixed count of them."""
    shape, dtype = getattr(feature, "shape", None), getattr(feature, "np_dtype", None)
    if shape is None or dtype is None or len(shape) > 1 or None in shape:
        return False
    return bool(np.issubdtype(dtype, np.number))


def _only(key: str, wanted: str | None, usual: list[str], accepted: list[str]) -> str:
    """Return the feature that is named, or the only one of its kind."""
    if wanted in accepted and wanted is not None:
        return wanted
    if wanted is None and len(usual) == 1:
        return usual[0]
    kind = "an image" if key == "image" else "a class or a number"
    listed = ", ".join(sorted(accepted))
    if not accepted:
        raise Refused(
            f"no feature is {kind}; data sets of images with one label are accepted. Choose "
            f"another."
        )
    if wanted is None:
        raise Refused(
            f"there is no single feature that is {kind}; one of {listed} is accepted. Set {key}."
        )
    near = difflib.get_close_matches(wanted, accepted, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Correct {key}."
    raise Refused(f"{key}: {wanted!r} is not {kind}; {listed} are accepted. {hint}")


def _write(
    builder: Any,
    split: str,
    keys: tuple[str, str],
    side: int | None,
    folder: Path,
    part: str,
) -> None:
    """Write images and labels of one split, one after the other, so that memory stays small."""
    image, label = keys
    n = builder.info.splits[split].num_examples
    feature = builder.info.features[image]
    shape = _shape(feature.shape, side)
    dtype = np.dtype(np.float32 if feature.np_dtype == np.float32 else feature.np_dtype)
    if dtype not in (np.uint8, np.float32):
        raise Refused(f"{image} is {dtype}; uint8 and float32 are accepted. Choose another.")
    images = np.lib.format.open_memmap(folder / f"x_{part}.npy", "w+", dtype, (n, *shape))
    labels = []
    for i, example in enumerate(_examples(builder, split)):
        images[i] = resized(example[image], side)
        labels.append(example[label])
    if len(labels) != n:
        raise Refused(f"{split!r} has {len(labels)} examples and says {n}. Prepare it again.")
    images.flush()
    np.save(folder / f"y_{part}.npy", np.stack(labels))


def _examples(builder: Any, split: str) -> Iterator[Mapping[str, Any]]:
    """Yield examples in the order in which they lie in the files."""
    import tensorflow_datasets as tfds

    reading = tfds.ReadConfig(try_autocache=False, interleave_cycle_length=1)
    stored = builder.as_dataset(split=split, shuffle_files=False, read_config=reading)
    yield from tfds.as_numpy(stored)


def _shape(shape: tuple[int | None, ...], side: int | None) -> tuple[int, int, int]:
    height, width, channels = shape
    if side is not None:
        height = width = side
    if height is None or width is None or channels is None:
        raise Refused(
            "images have several sizes; those of one size are accepted, and others once they are "
            "resized. Set image_size, as in image_size: 64."
        )
    return height, width, channels


def resized(image: np.ndarray, side: int | None) -> np.ndarray:
    """Return an image with this side length, bilinear with antialiasing; as it is for None.

    Args:
        image: uint8 [height, width, channels], 1, 3 or 4 of them; floats only where side is None.
        side: height and width, in pixels.
    """
    if side is None:
        return image
    from PIL import Image

    if image.dtype != np.uint8:
        raise Refused("images are floats; only uint8 ones are resized. Leave out image_size.")
    plain = image[..., 0] if image.shape[2] == 1 else image
    small = Image.fromarray(plain).resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(small).reshape(side, side, image.shape[2])


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]))
    except Refused as refused:
        print(refused, file=sys.stderr)
        sys.exit(REFUSED)

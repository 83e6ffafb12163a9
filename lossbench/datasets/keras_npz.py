"""The data sets that Keras offers: found on this machine, or downloaded once."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from lossbench.caching import root
from lossbench.catalog import Facts
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.datasets import class_names
from lossbench.datasets.cache import cached
from lossbench.datasets.npz_file import KEYS, read_arrays
from lossbench.datasets.splitting import Source, whole
from lossbench.errors import DataError

_IMAGE_SHAPE: dict[str, tuple[int, int, int]] = {
    "mnist": (28, 28, 1),
    "fashion_mnist": (28, 28, 1),
    "cifar10": (32, 32, 3),
    "cifar100": (32, 32, 3),
}
_N_TEST = 10_000
_CLASS_COUNTS: dict[str, tuple[int, ...]] = {
    "mnist": (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
    "fashion_mnist": (6000,) * 10,
    "cifar10": (5000,) * 10,
    "cifar100": (500,) * 100,
}
_TEST_COUNTS: dict[str, tuple[int, ...]] = {
    "mnist": (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
    "fashion_mnist": (1000,) * 10,
    "cifar10": (1000,) * 10,
    "cifar100": (100,) * 100,
}
_CLASS_NAMES: dict[str, tuple[str, ...]] = {
    "mnist": class_names.DIGITS,
    "fashion_mnist": class_names.FASHION_MNIST,
    "cifar10": class_names.CIFAR10,
    "cifar100": class_names.CIFAR100,
}


def describe(name: str, *, data_dir: str | None) -> Facts:
    """Say what `read` will give; the file is looked for but not opened.

    Args:
        name: mnist, fashion_mnist, cifar10 or cifar100.
        data_dir: the folder that is looked in first, or None.
    """
    return Facts(
        task="multiclass",
        image_shape=_IMAGE_SHAPE[name],
        n_classes=len(_CLASS_NAMES[name]),
        n_targets=0,
        **whole(np.array(_CLASS_COUNTS[name])),
        n_test=_N_TEST,
        soft_targets=False,
        class_names=_CLASS_NAMES[name],
        metric=DEFAULT_METRIC["multiclass"],
        needs_download=find(name, data_dir) is None,
        test_counts=_TEST_COUNTS[name],
    )


def read(name: str, *, data_dir: str | None) -> Source:
    """Read a data set from `<name>.npz`, checked to be the one of that name.

    Args:
        name: mnist, fashion_mnist, cifar10 or cifar100.
        data_dir: the folder that is looked in first, or None.

    Returns:
        Images uint8 [n, height, width, channels] and class indices int32 [n].

    Raises:
        DataError: the file is on none of the places, or is not that data set.

    Source:
        MNIST: LeCun, Cortes & Burges. Fashion-MNIST: Xiao, Rasul & Vollgraf 2017,
        arXiv:1708.07747. CIFAR-10 and CIFAR-100 (fine labels): Krizhevsky 2009.
    """
    path = find(name, data_dir)
    if path is None:
        raise _absent(name, data_dir, "is not on this machine")
    where = f"data set {name!r}: {path}"
    arrays = _decoded(path, where)
    _check(name, arrays, where)
    shape = (-1, *_IMAGE_SHAPE[name])
    return Source(
        images=arrays["x_train"].reshape(shape),
        targets=arrays["y_train"].ravel().astype(np.int32),
        test_images=arrays["x_test"].reshape(shape),
        test_targets=arrays["y_test"].ravel().astype(np.int32),
        task="multiclass",
        class_names=_CLASS_NAMES[name],
    )


def _decoded(path: Path, where: str) -> dict[str, np.ndarray]:
    """Return the arrays of a file, decompressed once: that took half of the time of loading."""
    with path.open("rb") as stream:
        content = hashlib.file_digest(stream, "sha256").hexdigest()
    found: dict[str, np.ndarray] = {}

    def decompress(folder: Path) -> None:
        found.update(read_arrays(path, where))
        for key, array in found.items():
            np.save(folder / f"{key}.npy", array, allow_pickle=False)

    try:
        folder = cached({"what": "npz", "sha256": content}, decompress, {"data": str(path)})
    except DataError:
        return found or read_arrays(path, where)  # no room to keep it
    return {key: np.load(folder / f"{key}.npy", allow_pickle=False) for key in KEYS}


def prepare(name: str, *, data_dir: str | None) -> None:
    """Download the data set into lossbench's cache where no place has it.

    Args:
        name: mnist, fashion_mnist, cifar10 or cifar100.
        data_dir: the folder that is looked in first, or None.

    Raises:
        DataError: the file is on none of the places and cannot be downloaded.
    """
    if find(name, data_dir) is not None:
        return
    done = subprocess.run(
        [sys.executable, "-m", "lossbench.datasets.download", name],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        check=False,
    )
    if done.returncode != 0 or find(name, data_dir) is None:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise _absent(
            name, data_dir, f"is not on this machine and could not be downloaded ({reason})"
        )


def places(name: str, data_dir: str | None) -> list[Path]:
    """Return the paths at which a data set is looked for, the first one first.

    Args:
        name: mnist, fashion_mnist, cifar10 or cifar100.
        data_dir: the folder that is looked in first, or None.
    """
    named = (data_dir, os.environ.get("LOSSBENCH_DATA"))
    folders = [Path(folder).expanduser() for folder in named if folder]
    keras_home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
    return [
        folder / f"{name}.npz" for folder in (*folders, cache_folder(), keras_home / "datasets")
    ]


def cache_folder() -> Path:
    """Return the folder of lossbench's own copies of downloaded data."""
    return root() / "data"


def find(name: str, data_dir: str | None) -> Path | None:
    """Return the first place that has the file, or None."""
    return next((path for path in places(name, data_dir) if path.is_file()), None)


def _absent(name: str, data_dir: str | None, fault: str) -> DataError:
    """Return the error that names the file and every place where it was looked for."""
    looked = ", ".join(map(str, places(name, data_dir)))
    return DataError(
        f"data set {name!r}: {name}.npz {fault}; a file with {', '.join(KEYS)} is accepted at "
        f"one of: {looked}. Set data_dir or LOSSBENCH_DATA to the folder that holds it, or run "
        f"once with a network."
    )


def _check(name: str, arrays: dict[str, np.ndarray], where: str) -> None:
    """Refuse a file that has the right name and other content."""
    counts = np.array(_CLASS_COUNTS[name])
    for part, n in (("train", int(counts.sum())), ("test", _N_TEST)):
        images, labels = arrays[f"x_{part}"], arrays[f"y_{part}"]
        shape = (n, *_IMAGE_SHAPE[name])
        plain = shape[:-1] if shape[-1] == 1 else shape
        if images.dtype != np.uint8 or images.shape not in (shape, plain):
            raise _other(where, name, f"x_{part} is {_kind(images)}", f"uint8 {list(plain)}")
        if labels.dtype.kind not in "iu" or labels.shape not in ((n,), (n, 1)):
            raise _other(where, name, f"y_{part} is {_kind(labels)}", f"whole numbers [{n}]")
        if labels.min() < 0 or labels.max() >= len(counts):
            found = f"labels of y_{part} reach from {labels.min()} to {labels.max()}"
            raise _other(where, name, found, f"0 to {len(counts) - 1}")
    found_counts = np.bincount(arrays["y_train"].ravel().astype(np.int64), minlength=len(counts))
    if (found_counts != counts).any():
        label = int((found_counts != counts).argmax())
        found = f"class {label} has {found_counts[label]} training images"
        raise _other(where, name, found, f"{counts[label]}")


def _kind(array: np.ndarray) -> str:
    return f"{array.dtype} {list(array.shape)}"


def _other(where: str, name: str, found: str, accepted: str) -> DataError:
    """Return the error for a file that is another data set."""
    return DataError(
        f"{where}: this is not {name}: {found}; {accepted} is accepted. Remove or rename the "
        f"file, or use it as {{name: npz, path: ...}}."
    )

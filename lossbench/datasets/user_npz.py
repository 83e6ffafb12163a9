"""The user's own arrays, read from one .npz file."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.losses import CLASSIFICATION, Task
from lossbench.catalog.metrics import DEFAULT_METRIC, ORDERED_METRIC
from lossbench.datasets.labels import Labels, read_labels, read_output
from lossbench.datasets.npz_file import Header, output_names, read_arrays, read_headers
from lossbench.datasets.several import Joined, join, strata_of
from lossbench.datasets.splitting import Source, strata, whole
from lossbench.datasets.target_values import target_values
from lossbench.errors import DataError

_MOST_CHANNELS = 16


def describe(name: str, *, path: str, task: Task | None, ordered: bool) -> Facts:
    """Say what `read` will give; labels are read, of images only shape and type.

    Args:
        name: the name of the data set, for messages.
        path: the file.
        task: the task that the user names, or None.
        ordered: whether the classes have an order, that of their numbers.

    Raises:
        DataError: the file is absent or wrong.
    """
    file, where = _located(name, path)
    headers = read_headers(file, where)
    image_shape = _check_headers(headers, where)
    outputs = output_names(headers)
    if outputs:
        _check_alone(task, ordered, where)
        return _describe_several(file, outputs, image_shape, where)
    labels = _labels(file, task, ordered, where)
    classes = len(labels.class_names)
    n_strata = classes if labels.task in CLASSIFICATION else 1
    counts = np.bincount(strata(labels.train, labels.task), minlength=n_strata)
    is_regression = labels.task == "regression"
    graded = ordered and labels.task == "multiclass"
    facts = Facts(
        task=labels.task,
        image_shape=image_shape,
        n_classes=classes,
        n_targets=labels.train.shape[1] if is_regression else 0,
        **whole(counts),
        n_test=len(labels.test),
        soft_targets=labels.soft,
        class_names=labels.class_names,
        metric=ORDERED_METRIC if graded else DEFAULT_METRIC[labels.task],
        content_sha256=_content_sha256(file),
        ordered=ordered,
        test_counts=_test_counts(labels),
    )
    return replace(facts, **target_values(labels.train, labels.test)) if is_regression else facts


def _test_counts(labels: Labels) -> tuple[int, ...]:
    """Return the test images of each class; nothing where images have not one class each."""
    if labels.task not in CLASSIFICATION or labels.soft:
        return ()
    return tuple(map(int, np.bincount(labels.test, minlength=len(labels.class_names))))


def _describe_several(
    file: Path,
    names: Sequence[str],
    image_shape: tuple[int, int, int],
    where: str,
) -> Facts:
    joined = _joined(file, names, where)
    labels, n_strata = strata_of(joined.train, joined.outputs)
    return Facts(
        task="multioutput",
        image_shape=image_shape,
        n_classes=0,
        n_targets=0,
        **whole(np.bincount(labels, minlength=n_strata)),
        n_test=len(joined.test),
        soft_targets=False,
        class_names=(),
        metric=joined.metric,
        content_sha256=_content_sha256(file),
        outputs=joined.outputs,
    )


def read(name: str, *, path: str, task: Task | None, ordered: bool) -> Source:
    """Read the user's arrays x_train, y_train, x_test and y_test.

    Where there is no y_train, each pair y_train_<name> and y_test_<name> is an output of its own:
    whole numbers and strings are classes, floats are regression targets.

    Args:
        name: the name of the data set, for messages.
        path: the file.
        task: the task that the user names, or None; without it whole numbers and strings are
            classes, rows that sum to 1 soft labels, other floats regression targets.
        ordered: whether the classes have an order, that of their numbers.

    Returns:
        Images [n, height, width, channels]: whole numbers as uint8, floats as float32.

    Raises:
        DataError: the file is absent or wrong.

    Source:
        The user.
    """
    file, where = _located(name, path)
    headers = read_headers(file, where)
    _check_headers(headers, where)
    outputs = output_names(headers)
    labels: Labels | Joined
    if outputs:
        _check_alone(task, ordered, where)
        labels = _joined(file, outputs, where)
    else:
        labels = _labels(file, task, ordered, where)
    images = read_arrays(file, where, ("x_train", "x_test"))
    return Source(
        images=_plain_images(images["x_train"], "x_train", where),
        targets=labels.train,
        test_images=_plain_images(images["x_test"], "x_test", where),
        test_targets=labels.test,
        task=labels.task if isinstance(labels, Labels) else "multioutput",
        class_names=labels.class_names if isinstance(labels, Labels) else (),
        ordered=ordered,
        outputs=labels.outputs if isinstance(labels, Joined) else (),
    )


def prepare(name: str, *, path: str, task: Task | None, ordered: bool) -> None:
    """Read the whole file once, so that a wrong value is found before anything trains.

    Args:
        name: the name of the data set, for messages.
        path: the file.
        task: the task that the user names, or None.
        ordered: whether the classes have an order, that of their numbers.

    Raises:
        DataError: the file is absent or wrong.
    """
    read(name, path=path, task=task, ordered=ordered)


def _located(name: str, path: str) -> tuple[Path, str]:
    """Return the file, and how messages name it."""
    file = Path(path).expanduser()
    return file, f"data set {name!r}: {file}"


def _labels(file: Path, task: Task | None, ordered: bool, where: str) -> Labels:
    arrays = read_arrays(file, where, ("y_train", "y_test"))
    labels = read_labels(arrays["y_train"], arrays["y_test"], task, where)
    named = arrays["y_train"].dtype.kind in "SU"
    if ordered and (named or labels.task not in CLASSIFICATION):
        kind = "names" if named else f"those of task {labels.task!r}"
        raise DataError(
            f"{where}: ordered is true, but the labels are {kind}, which have no order; classes "
            f"given as whole numbers 0, 1, 2 and so on are accepted for it. Number them, or leave "
            f"out ordered."
        )
    return labels


def _joined(file: Path, names: Sequence[str], where: str) -> Joined:
    """Return the labels of several outputs."""
    keys = [f"y_{part}_{name}" for name in names for part in ("train", "test")]
    arrays = read_arrays(file, where, keys)
    return join(
        {
            name: read_output(
                arrays[f"y_train_{name}"], arrays[f"y_test_{name}"], f"{where}: output {name!r}"
            )
            for name in names
        }
    )


def _check_alone(task: Task | None, ordered: bool, where: str) -> None:
    """Refuse parameters that speak of the only output of a file that has several."""
    given = "ordered is true" if ordered else f"task is {task!r}"
    if task is not None or ordered:
        raise DataError(
            f"{where}: {given}, but the file has several outputs, whose arrays say what they are: "
            f"whole numbers and strings are classes, floats are targets. Leave it out."
        )


def _content_sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check_headers(headers: dict[str, Header], where: str) -> tuple[int, int, int]:
    """Check shapes and types of all arrays; return height, width and channels."""
    for part in ("train", "test"):
        _check_images(headers[f"x_{part}"], f"x_{part}", where)
        n_images = headers[f"x_{part}"].shape[:1]
        for key in (key for key in headers if key.startswith(f"y_{part}")):
            n_labels = headers[key].shape[:1]
            if n_images != n_labels:
                raise DataError(
                    f"{where}: x_{part} has {_length(n_images)} examples and {key} "
                    f"{_length(n_labels)}; equally many are accepted. Check how the file was "
                    f"written."
                )
    train, test = headers["x_train"], headers["x_test"]
    both_float = (train.dtype.kind == "f") == (test.dtype.kind == "f")
    if _image_shape(train) != _image_shape(test) or not both_float:
        raise DataError(
            f"{where}: x_train is {_kind(train)} and x_test is {_kind(test)}; images of one size, "
            f"with one scale of values, are accepted. Convert one of them."
        )
    return _image_shape(train)


def _check_images(header: Header, key: str, where: str) -> None:
    """Refuse what cannot be an array of images."""
    rank = len(header.shape)
    if header.dtype.kind not in "iuf" or rank not in (3, 4):
        raise DataError(
            f"{where}: {key} is {_kind(header)}; whole numbers 0 to 255 or floats of shape "
            f"[n, height, width] or [n, height, width, channels] are accepted. Reshape or "
            f"convert it."
        )
    if 0 in header.shape:
        raise DataError(
            f"{where}: {key} is empty, {list(header.shape)}; at least one image is accepted. "
            f"Check how the file was written."
        )
    if rank == 4 and header.shape[3] > _MOST_CHANNELS:
        first = header.shape[1] <= _MOST_CHANNELS
        step = "Move the channels last, as with x.transpose(0, 2, 3, 1)." if first else "Check it."
        raise DataError(
            f"{where}: {key} is {list(header.shape)}, so it has {header.shape[3]} channels; 1 to "
            f"{_MOST_CHANNELS} are accepted, as the last axis. {step}"
        )


def _plain_images(images: np.ndarray, key: str, where: str) -> np.ndarray:
    """Return images with a channel axis: whole numbers as uint8, floats as float32."""
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.dtype.kind == "f":
        return _finite(images, key, where)
    if images.dtype != np.uint8 and (images.min() < 0 or images.max() > 255):
        raise DataError(
            f"{where}: {key} has values from {images.min()} to {images.max()}; whole numbers are "
            f"accepted from 0 to 255. Rescale them, or store floats."
        )
    return images.astype(np.uint8, copy=False)


def _finite(images: np.ndarray, key: str, where: str) -> np.ndarray:
    """Return floats as float32, all of them finite."""
    with np.errstate(over="ignore"):
        images = images.astype(np.float32, copy=False)
    bad = images.size - int(np.isfinite(images).sum())
    if bad:
        raise DataError(
            f"{where}: {key} has {bad} values that are not finite numbers in float32; finite ones "
            f"are accepted. Replace them."
        )
    return images


def _image_shape(header: Header) -> tuple[int, int, int]:
    """Return height, width and channels."""
    height, width, *channels = header.shape[1:]
    return height, width, channels[0] if channels else 1


def _length(shape: tuple[int, ...]) -> str:
    return str(shape[0]) if shape else "no"


def _kind(header: Header) -> str:
    return f"{header.dtype} {list(header.shape)}"

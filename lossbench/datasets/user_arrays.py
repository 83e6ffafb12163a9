"""What a user's own arrays hold, whether a file or a function gives them."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.losses import CLASSIFICATION, Task
from lossbench.catalog.metrics import usual_metric
from lossbench.datasets.labels import Labels, read_labels, read_output
from lossbench.datasets.masks import read_masks
from lossbench.datasets.npz_file import Header, output_names
from lossbench.datasets.several import Joined, join, strata_of
from lossbench.datasets.splitting import Source, strata, whole
from lossbench.datasets.target_values import target_values
from lossbench.errors import DataError

Arrays = Mapping[str, np.ndarray]
Headers = Mapping[str, Header]

_MOST_CHANNELS = 16


def facts_of(
    headers: Headers,
    labels: Arrays,
    *,
    task: Task | None,
    ordered: bool,
    content_sha256: str,
    where: str,
) -> Facts:
    """Say what arrays hold, before they are split.

    Args:
        headers: shape and type of each array: x_train, y_train, and x_test and y_test where there
            is a test set; for several outputs y_train_<name> and y_test_<name>; group_train and
            group_test where examples belong together.
        labels: those whose names begin with y.
        task: the task that the user names, or None.
        ordered: whether the classes have an order, that of their numbers.
        content_sha256: hash of all arrays, or of the file with them.
        where: how messages name the arrays.

    Raises:
        DataError: an array is wrong, or they do not fit together.
    """
    image_shape = check_headers(headers, where)
    read = _labels(labels, task, ordered, image_shape[:2], where)
    if isinstance(read, Joined):
        by_class, n_strata = strata_of(read.train, read.outputs)
    else:
        n_strata = len(read.class_names) if read.task in CLASSIFICATION else 1
        by_class = strata(read.train, read.task)
    facts = Facts(
        task="multioutput" if isinstance(read, Joined) else read.task,
        image_shape=image_shape,
        n_classes=0 if isinstance(read, Joined) else len(read.class_names),
        n_targets=0,
        **whole(np.bincount(by_class, minlength=n_strata)),
        n_test=len(read.test),
        soft_targets=not isinstance(read, Joined) and read.soft,
        class_names=() if isinstance(read, Joined) else read.class_names,
        metric=read.metric
        if isinstance(read, Joined)
        else usual_metric(read.task, ordered=ordered),
        content_sha256=content_sha256,
        ordered=ordered,
        outputs=read.outputs if isinstance(read, Joined) else (),
        grouped="group_train" in headers,
        test_counts=() if isinstance(read, Joined) else _test_counts(read),
    )
    if facts.task != "regression":
        return facts
    values = target_values(read.train, read.test)
    return replace(facts, n_targets=read.train.shape[1], **values)


def _test_counts(labels: Labels) -> tuple[int, ...]:
    """Return the test images of each class; nothing where images have not one class each."""
    if labels.task not in CLASSIFICATION or labels.soft:
        return ()
    return tuple(map(int, np.bincount(labels.test, minlength=len(labels.class_names))))


def source_of(arrays: Arrays, *, task: Task | None, ordered: bool, where: str) -> Source:
    """Turn arrays into images and targets.

    Args:
        arrays: as the headers of `facts_of`.
        task: the task that the user names, or None.
        ordered: whether the classes have an order, that of their numbers.
        where: how messages name the arrays.

    Returns:
        Images [n, height, width, channels]: whole numbers as uint8, floats as float32. Without a
        test set the test arrays have length 0.

    Raises:
        DataError: an array is wrong, or they do not fit together.
    """
    headers = {key: Header(a.shape, a.dtype) for key, a in arrays.items()}
    height, width, _ = check_headers(headers, where)
    labels = _labels(arrays, task, ordered, (height, width), where)
    images = _plain_images(arrays["x_train"], "x_train", where)
    test_images = images[:0]
    if "x_test" in arrays:
        test_images = _plain_images(arrays["x_test"], "x_test", where)
    return Source(
        images=images,
        targets=labels.train,
        test_images=test_images,
        test_targets=labels.test,
        task=labels.task if isinstance(labels, Labels) else "multioutput",
        class_names=labels.class_names if isinstance(labels, Labels) else (),
        ordered=ordered,
        outputs=labels.outputs if isinstance(labels, Joined) else (),
        groups=arrays.get("group_train"),
        test_groups=arrays.get("group_test"),
    )


def _labels(
    arrays: Arrays, task: Task | None, ordered: bool, image_size: tuple[int, int], where: str
) -> Labels | Joined:
    """Return the labels of the only output, or those of several side by side."""
    outputs = output_names(arrays)
    if outputs:
        _check_alone(task, ordered, where)
        return join({name: _output(arrays, name, where) for name in outputs})
    train = arrays["y_train"]
    test = arrays.get("y_test", train)
    if task == "segmentation":
        labels = Labels(task, *read_masks(train, test, image_size, where))
    else:
        labels = read_labels(train, test, task, where)
    named = train.dtype.kind in "SU"
    if ordered and (named or labels.task not in CLASSIFICATION):
        kind = "names" if named else f"those of task {labels.task!r}"
        raise DataError(
            f"{where}: ordered is true, but the labels are {kind}, which have no order; classes "
            f"given as whole numbers 0, 1, 2 and so on are accepted for it. Number them, or leave "
            f"out ordered."
        )
    return labels if "y_test" in arrays else replace(labels, test=labels.test[:0])


def _output(arrays: Arrays, name: str, where: str) -> Labels:
    train = arrays[f"y_train_{name}"]
    test = arrays.get(f"y_test_{name}")
    labels = read_output(train, train if test is None else test, f"{where}: output {name!r}")
    return labels if test is not None else replace(labels, test=labels.test[:0])


def _check_alone(task: Task | None, ordered: bool, where: str) -> None:
    """Refuse parameters that speak of the only output of a file that has several."""
    given = "ordered is true" if ordered else f"task is {task!r}"
    if task is not None or ordered:
        raise DataError(
            f"{where}: {given}, but the file has several outputs, whose arrays say what they are: "
            f"whole numbers and strings are classes, floats are targets. Leave it out."
        )


def check_headers(headers: Headers, where: str) -> tuple[int, int, int]:
    """Check shapes and types of all arrays; return height, width and channels."""
    parts = ("train", "test") if "x_test" in headers else ("train",)
    for part in parts:
        _check_images(headers[f"x_{part}"], f"x_{part}", where)
        n_images = headers[f"x_{part}"].shape[:1]
        _check_group(headers.get(f"group_{part}"), f"group_{part}", where)
        for key in (key for key in headers if key.startswith((f"y_{part}", f"group_{part}"))):
            n_labels = headers[key].shape[:1]
            if n_images != n_labels:
                raise DataError(
                    f"{where}: x_{part} has {_length(n_images)} examples and {key} "
                    f"{_length(n_labels)}; equally many are accepted. Check how the file was "
                    f"written."
                )
    train, test = headers["x_train"], headers.get("x_test", headers["x_train"])
    both_float = (train.dtype.kind == "f") == (test.dtype.kind == "f")
    if _image_shape(train) != _image_shape(test) or not both_float:
        raise DataError(
            f"{where}: x_train is {_kind(train)} and x_test is {_kind(test)}; images of one size, "
            f"with one scale of values, are accepted. Convert one of them."
        )
    return _image_shape(train)


def _check_group(header: Header | None, key: str, where: str) -> None:
    """Refuse what names no groups."""
    if header is not None and (header.dtype.kind not in "iubSU" or len(header.shape) != 1):
        raise DataError(
            f"{where}: {key} is {_kind(header)}; whole numbers or strings [n] are accepted, equal "
            f"for examples that stay together. Convert it, as with {key}.astype(str)."
        )


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

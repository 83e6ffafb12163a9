"""What a user's label arrays mean: classes, soft labels, several labels, regression targets."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from lossbench.catalog.losses import CLASSIFICATION, Task
from lossbench.errors import DataError

_SUM_TOLERANCE = 1e-3  # of the shares of a soft label; float16 needs as much
_SHOWN = 10  # missing classes named in a message


@dataclass(frozen=True, eq=False)
class Labels:
    """Targets of a user's data, ready to use.

    Attributes:
        task: the task that they pose.
        train: training targets, as in `Part`.
        test: test targets, as in `Part`.
        class_names: one name a class or label; empty for regression.
    """

    task: Task
    train: np.ndarray
    test: np.ndarray
    class_names: tuple[str, ...]

    @property
    def soft(self) -> bool:
        """Whether a label gives shares of the classes."""
        return self.task in CLASSIFICATION and self.train.ndim == 2


def read_labels(train: np.ndarray, test: np.ndarray, task: Task | None, where: str) -> Labels:
    """Decide what labels mean, and check them.

    Whole numbers, booleans and strings are classes; rows of floats that sum to 1 are soft labels
    (one-hot ones become classes); other floats are regression targets. `task` overrides this
    where the labels allow it; rows of 0 and 1 in which several may be 1 need `multilabel`.

    Args:
        train: y_train, any shape and type.
        test: y_test, any shape and type.
        task: the task that the user names, or None.
        where: how messages name the file.

    Returns:
        Class indices int32 [n], soft labels float32 [n, classes], labels 0 or 1 float32
        [n, labels], or targets float32 [n, targets].

    Raises:
        DataError: the labels are of no known kind, contradict `task` or each other, or a class
            or label has no training example.
    """
    train, test = (_column_dropped(_text(array)) for array in (train, test))
    for key, labels in (("y_train", train), ("y_test", test)):
        _check_kind(labels, key, where)
    _check_alike(train, test, task, where)
    if task == "multilabel":
        return _several(train, test, where)
    if train.dtype.kind == "U":
        return _named_classes(train, test, task, where)
    if task == "regression":
        return _regression(train, test)
    both = (train, test)
    if train.ndim == 2 and all(map(_rows_are_shares, both)):
        return _shares(train, test, task, where)
    whole = all(labels.dtype.kind in "iub" for labels in both)
    asked = task is not None and all(map(_whole_numbers, both))
    if train.ndim == 1 and (whole or asked):
        return _numbered_classes(train, test, task, where)
    if task is None and not whole:
        return _regression(train, test)
    raise _no_classes(train, task, where)


def read_output(train: np.ndarray, test: np.ndarray, where: str) -> Labels:
    """Decide what the labels of one of several outputs mean, and check them.

    Whole numbers, booleans and strings are classes; whole numbers 0 and 1 in two columns or more,
    several of which may be 1, are labels that may hold together; floats are regression targets.

    Args:
        train: y_train of the output, any shape and type.
        test: y_test of the output, any shape and type.
        where: how messages name file and output.

    Returns:
        Labels without shares.

    Raises:
        DataError: as for `read_labels`.
    """
    several = all(part.ndim == 2 and part.shape[1] > 1 for part in (train, test))
    both = (train, test)
    if any(part.dtype.kind == "f" for part in both):
        return read_labels(train, test, "regression", where)
    if several and all(map(_zeros_and_ones, both)) and not all(map(_rows_are_shares, both)):
        return read_labels(train, test, "multilabel", where)
    return read_labels(train, test, None, where)


def _named_classes(train: np.ndarray, test: np.ndarray, task: Task | None, where: str) -> Labels:
    """Number classes that are given by name, in sorted order."""
    if task == "regression":
        raise DataError(
            f"{where}: labels are strings, but task is 'regression'; numbers are accepted for it. "
            f"Leave out task, or store numbers."
        )
    if train.ndim != 1:
        raise _no_classes(train, task, where)
    names, indices = np.unique(np.concatenate([train, test]), return_inverse=True)
    indices = indices.astype(np.int32)
    found = tuple(str(name) for name in names)
    return _classes(indices[: len(train)], indices[len(train) :], found, task, where)


def _numbered_classes(train: np.ndarray, test: np.ndarray, task: Task | None, where: str) -> Labels:
    """Take whole numbers as classes 0, 1, ... without a gap."""
    least = min(train.min(), test.min())
    if least < 0:
        raise DataError(
            f"{where}: the least label is {int(least)}; classes are accepted as 0, 1, 2 and so "
            f"on. Renumber them, or store floats if they are quantities."
        )
    n_classes = int(max(train.max(), test.max())) + 1
    _check_complete(train, n_classes, where)
    names = tuple(map(str, range(n_classes)))
    return _classes(train.astype(np.int32), test.astype(np.int32), names, task, where)


def _shares(train: np.ndarray, test: np.ndarray, task: Task | None, where: str) -> Labels:
    """Take rows that sum to 1 as soft labels, or as classes where all are one-hot."""
    names = tuple(map(str, range(train.shape[1])))
    if all(np.isin(labels, (0, 1)).all() for labels in (train, test)):
        train, test = (labels.argmax(axis=1).astype(np.int32) for labels in (train, test))
        return _classes(train, test, names, task, where)
    chosen = _chosen_task(len(names), task, where)
    present = train.sum(axis=0) > 0
    if not present.all():
        raise _missing(tuple(np.flatnonzero(~present)[:_SHOWN]), names, where)
    return Labels(chosen, train.astype(np.float32), test.astype(np.float32), names)


def _classes(
    train: np.ndarray, test: np.ndarray, names: tuple[str, ...], task: Task | None, where: str
) -> Labels:
    """Return class indices; every class must occur in training."""
    chosen = _chosen_task(len(names), task, where)
    missing = np.flatnonzero(np.bincount(train, minlength=len(names)) == 0)
    if len(missing):
        raise _missing(tuple(missing[:_SHOWN]), names, where)
    return Labels(chosen, train, test, names)


def _several(train: np.ndarray, test: np.ndarray, where: str) -> Labels:
    """Take rows of 0 and 1 as labels several of which may hold at once."""
    if train.ndim != 2 or not all(map(_zeros_and_ones, (train, test))):
        raise DataError(
            f"{where}: task is 'multilabel', but y_train is {train.dtype} {list(train.shape)}, or "
            f"holds other values than 0 and 1; rows [n, labels] of 0 and 1 are accepted, with two "
            f"labels or more. Convert them, or leave out task."
        )
    names = tuple(map(str, range(train.shape[1])))
    absent = np.flatnonzero(~train.astype(bool).any(axis=0))
    if len(absent):
        raise DataError(
            f"{where}: no training example has label {', '.join(map(str, absent[:_SHOWN]))}; "
            f"every column of y_train must hold a 1. Remove such columns."
        )
    return Labels("multilabel", train.astype(np.float32), test.astype(np.float32), names)


def _regression(train: np.ndarray, test: np.ndarray) -> Labels:
    """Return targets as float32 [n, targets]."""
    train, test = (labels.reshape(len(labels), -1).astype(np.float32) for labels in (train, test))
    return Labels("regression", train, test, class_names=())


def _chosen_task(n_classes: int, task: Task | None, where: str) -> Task:
    """Return the task of so many classes, or refuse the one that is asked for."""
    if n_classes < 2:
        raise DataError(
            f"{where}: all labels are the same class; two classes or more are accepted. Check "
            f"y_train."
        )
    if task == "binary" and n_classes != 2:
        raise DataError(
            f"{where}: there are {n_classes} classes, but task is 'binary'; two are accepted for "
            f"it. Leave out task."
        )
    return task or ("binary" if n_classes == 2 else "multiclass")


def _check_kind(labels: np.ndarray, key: str, where: str) -> None:
    """Refuse labels of another kind, rank or size, and numbers that are not finite."""
    if labels.dtype.kind not in "iubfU" or labels.ndim not in (1, 2):
        masks = labels.dtype.kind in "iub" and labels.ndim in (3, 4)
        step = "Set task: segmentation if these are masks." if masks else "Convert it."
        raise DataError(
            f"{where}: {key} is {labels.dtype} {list(labels.shape)}; whole numbers, strings or "
            f"floats of shape [n] or [n, values] are accepted. {step}"
        )
    if labels.size == 0:
        raise DataError(
            f"{where}: {key} is empty, {list(labels.shape)}; at least one example is accepted. "
            f"Check how the file was written."
        )
    if labels.dtype.kind != "f":
        return
    with np.errstate(over="ignore"):
        bad = int((~np.isfinite(labels.astype(np.float32))).sum())
    if bad:
        raise DataError(
            f"{where}: {key} has {bad} values that are not finite numbers in float32; finite ones "
            f"are accepted. Remove those examples."
        )


def _check_alike(train: np.ndarray, test: np.ndarray, task: Task | None, where: str) -> None:
    """Refuse training and test labels of different kinds; numbers that are no classes may mix."""
    alike = _family(train) == _family(test) or (
        task in ("regression", "multilabel") and "strings" not in (_family(train), _family(test))
    )
    if train.shape[1:] != test.shape[1:] or not alike:
        raise DataError(
            f"{where}: y_train is {train.dtype} {list(train.shape)} and y_test is {test.dtype} "
            f"{list(test.shape)}; both of one kind and width are accepted. Convert one of them."
        )


def _family(labels: np.ndarray) -> str:
    """Return the kind of labels that may stand together."""
    return {"U": "strings", "f": "floats"}.get(labels.dtype.kind, "whole numbers")


def _check_complete(train: np.ndarray, n_classes: int, where: str) -> None:
    """Refuse a class without training examples, before one array element a class is made."""
    present = set(np.unique(train).tolist())
    if len(present) < n_classes:
        absent = (label for label in range(n_classes) if label not in present)
        raise _missing(tuple(islice(absent, _SHOWN)), None, where)


def _missing(labels: tuple[Any, ...], names: tuple[str, ...] | None, where: str) -> DataError:
    """Return the error for classes without training examples."""
    shown = ", ".join(str(label) if names is None else repr(names[label]) for label in labels)
    more = " and so on" if len(labels) == _SHOWN else ""
    return DataError(
        f"{where}: no training example has class {shown}{more}; every class from the first to the "
        f"last must occur in y_train. Renumber the classes, or store floats if they are quantities."
    )


def _no_classes(train: np.ndarray, task: Task | None, where: str) -> DataError:
    """Return the error for labels from which no classes can be read."""
    asked = f"task is {task!r}, but " if task else ""
    several = train.ndim == 2 and _zeros_and_ones(train)
    step = (
        "Set task: multilabel if several may hold at once"
        if several
        else "Store floats if they are quantities"
    )
    return DataError(
        f"{where}: {asked}y_train is {train.dtype} {list(train.shape)} and gives no classes; "
        f"whole numbers or strings [n], or rows [n, classes] that sum to 1, are accepted. "
        f"{step}."
    )


def _rows_are_shares(labels: np.ndarray) -> bool:
    """Whether every row is nonnegative and sums to 1."""
    sums = labels.sum(axis=1, dtype=np.float64)
    return bool((labels >= 0).all() and (np.abs(sums - 1) <= _SUM_TOLERANCE).all())


def _zeros_and_ones(labels: np.ndarray) -> bool:
    return labels.dtype.kind in "iubf" and bool(np.isin(labels, (0, 1)).all())


def _whole_numbers(labels: np.ndarray) -> bool:
    return labels.dtype.kind in "iub" or bool((labels == np.rint(labels)).all())


def _column_dropped(labels: np.ndarray) -> np.ndarray:
    """Turn [n, 1] into [n]."""
    return labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels


def _text(labels: np.ndarray) -> np.ndarray:
    """Decode byte strings."""
    return np.char.decode(labels, "utf-8") if labels.dtype.kind == "S" else labels

"""What the columns of a user's table mean: classes, several labels, regression targets."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lossbench.catalog.losses import CLASSIFICATION, Task
from lossbench.datasets.image_files import few, natural, printable
from lossbench.datasets.table_file import missing, no_numbers, rows
from lossbench.errors import DataError


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets of all rows of a table.

    Attributes:
        task: the task that they pose.
        values: as in `Part`: class indices int32 [n], or float32 [n, labels or targets].
        class_names: one name a class or label; empty for regression.
    """

    task: Task
    values: np.ndarray
    class_names: tuple[str, ...]


def targets_of_columns(
    columns: Sequence[tuple[str, np.ndarray]], task: Task | None, ordered: bool, where: str
) -> Targets:
    """Decide what columns mean, and check them.

    One column of whole numbers or text is classes, named by its values, in the order of numbers or
    in natural order; several columns of 0 and 1 are labels that may hold together; other numbers
    are regression targets. `task` overrides this where the values allow it.

    Args:
        columns: names and values, as `table_file.numbers` gives them.
        task: the task that the user names, or None.
        ordered: whether classes have an order.
        where: how messages name the table.

    Raises:
        DataError: a value is missing or of the wrong kind, or the values contradict `task`.
    """
    for column, values in columns:
        absent = missing(values)
        if absent.any():
            raise DataError(
                f"{where}: column {column!r} has no value in {rows(absent)} (counted below the "
                f"header); a target for every image is accepted. Fill them in, or remove these "
                f"rows."
            )
    if len(columns) > 1:
        targets = _several(columns, task, where)
    else:
        targets = _one(*columns[0], task, where)
    if ordered and (targets.task not in CLASSIFICATION or columns[0][1].dtype.kind == "U"):
        raise DataError(
            f"{where}: ordered is true, but the targets are no classes given as whole numbers, "
            f"which alone have an order here. Number the classes, or leave out ordered."
        )
    return targets


def _one(column: str, values: np.ndarray, task: Task | None, where: str) -> Targets:
    at = f"{where}: column {column!r}"
    if task == "multilabel":
        raise DataError(
            f"{at}: task is 'multilabel', but there is one target column; a list of two columns of "
            f"0 and 1 or more is accepted for it. Write target: [...]."
        )
    is_text = values.dtype.kind == "U"
    if is_text and task is None and not no_numbers(values).all():
        raise _no_numbers(at, values, "Correct them, or set task: multiclass if they are names")
    if is_text and task == "regression":
        raise _no_numbers(at, values, "Correct them, or leave out task")
    if task == "regression" or (task is None and values.dtype.kind == "f"):
        return Targets("regression", _finite(values[:, np.newaxis], at), ())
    if values.dtype.kind == "f":
        if (values != np.rint(values)).any():
            raise DataError(
                f"{at}: task is {task!r}, but the values are fractions; whole numbers or text are "
                f"accepted for it. Leave out task."
            )
        values = values.astype(np.int64)
    return _classes(values, task, at)


def _classes(values: np.ndarray, task: Task | None, at: str) -> Targets:
    """Number the distinct values, whole numbers by size and text in natural order."""
    found, indices = np.unique(values, return_inverse=True)
    if len(found) < 2:
        raise DataError(
            f"{at}: all rows have class {str(found[0])!r}; two classes or more are accepted. Name "
            f"another column, or add images."
        )
    if task == "binary" and len(found) != 2:
        raise DataError(
            f"{at}: there are {len(found)} classes, but task is 'binary'; two are accepted for "
            f"it. Leave out task."
        )
    if task is None and 2 * len(found) > len(values):
        raise DataError(
            f"{at}: {len(found)} different values in {len(values)} rows make no classes; classes "
            f"that several images share are accepted. Set task: regression if they are "
            f"quantities, or name another column."
        )
    order = np.arange(len(found))
    if values.dtype.kind == "U":
        order = np.array(sorted(order, key=lambda i: natural(str(found[i]))))
    names = tuple(printable(str(found[i])) for i in order)
    position = np.empty_like(order)
    position[order] = np.arange(len(found))
    chosen: Task = task or ("binary" if len(found) == 2 else "multiclass")
    return Targets(chosen, position[indices].astype(np.int32), names)


def _several(columns: Sequence[tuple[str, np.ndarray]], task: Task | None, where: str) -> Targets:
    for column, values in columns:
        if values.dtype.kind == "U":
            raise _no_numbers(f"{where}: column {column!r}", values, "Correct them")
    names = tuple(column for column, _ in columns)
    if task in CLASSIFICATION:
        raise DataError(
            f"{where}: task is {task!r}, but there are {len(names)} target columns; one is "
            f"accepted for it. Name one, or leave out task."
        )
    matrix = np.stack([values for _, values in columns], axis=1)
    are_labels = bool(np.isin(matrix, (0, 1)).all())
    if task == "multilabel" and not are_labels:
        at = np.isin(matrix, (0, 1), invert=True).any(axis=1)
        raise DataError(
            f"{where}: task is 'multilabel', but {rows(at)} (counted below the header) hold other "
            f"values than 0 and 1; these two are accepted for it. Correct them, or leave out task."
        )
    if (are_labels and task is None) or task == "multilabel":
        return Targets("multilabel", matrix.astype(np.float32), tuple(map(printable, names)))
    return Targets("regression", _finite(matrix, f"{where}: columns {few(list(names))}"), ())


def check_in_training(targets: Targets, in_pool: np.ndarray, where: str) -> None:
    """Refuse classes and labels without a training image.

    Args:
        targets: those of all rows.
        in_pool: bool [n], which rows are for training and validation.
        where: how messages name the table.

    Raises:
        DataError: there is one.
    """
    if targets.task == "regression":
        return
    values = targets.values[in_pool]
    if targets.task == "multilabel":
        counts = values.sum(axis=0)
    else:
        counts = np.bincount(values, minlength=len(targets.class_names))
    absent = [name for name, n in zip(targets.class_names, counts, strict=True) if not n]
    if absent:
        raise DataError(
            f"{where}: no training image has {few([repr(name) for name in absent])}; classes and "
            f"labels that occur in training are accepted. Add training images, or remove those "
            f"rows or columns."
        )


def _finite(values: np.ndarray, at: str) -> np.ndarray:
    """Return numbers as float32, all of them finite."""
    with np.errstate(over="ignore"):
        found = values.astype(np.float32)
    bad = np.logical_not(np.isfinite(found)).any(axis=1)
    if bad.any():
        raise DataError(
            f"{at}: {rows(bad)} (counted below the header) are not finite in float32; finite "
            f"numbers are accepted. Correct them."
        )
    return found


def _no_numbers(at: str, values: np.ndarray, step: str) -> DataError:
    wrong = no_numbers(values)
    example = str(values[int(wrong.argmax())])
    return DataError(
        f"{at}: {int(wrong.sum())} of {len(values)} values are no numbers, the first {example!r}, "
        f"in {rows(wrong)} (counted below the header); numbers in all rows are accepted. {step}."
    )

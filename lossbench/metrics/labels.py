"""Labels and scores as the classification metrics take them: checked, hard or as shares."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.errors import ShapeError

Array = NDArray[np.float64]


def checked_scores(scores: NDArray[Any]) -> Array:
    """Return the scores in double precision, or refuse them.

    Args:
        scores: one score per class, [n, classes], classes >= 2, n >= 1.

    Returns:
        The same, float64 [n, classes].

    Raises:
        ShapeError: the scores are no such table, or hold no example.
        ValueError: a score is NaN or infinite.
    """
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < 1 or table.shape[1] < 2:
        raise ShapeError(f"scores: shape {table.shape}; accepted is [n >= 1, classes >= 2]")
    if not np.isfinite(table).all():
        raise ValueError("scores: NaN or infinite; accepted are finite numbers")
    return table


def checked_labels(y_true: NDArray[Any], scores: NDArray[Any]) -> tuple[NDArray[np.int64], Array]:
    """Return labels, several of which may hold at once, and their scores, or refuse them.

    Args:
        y_true: 0 or 1, [n, labels].
        scores: one score per label, [n, labels], labels >= 2, n >= 1.

    Returns:
        Labels, int64 [n, labels], and scores, float64 [n, labels].

    Raises:
        ShapeError: the shapes differ, or there is no example.
        ValueError: a score is NaN or infinite, or a label is neither 0 nor 1.
    """
    table = checked_scores(scores)
    labels = np.asarray(y_true)
    if labels.shape != table.shape:
        raise ShapeError(f"y_true: shape {labels.shape}; accepted is {table.shape}")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError("y_true: a label is neither 0 nor 1; accepted are 0 and 1")
    return labels.astype(np.int64), table


def hard_labels(y_true: NDArray[Any], n: int, classes: int) -> NDArray[np.int64]:
    """Return one class per example; of soft labels, the class with the largest share.

    Args:
        y_true: classes [n] in 0 .. classes - 1, or shares of the classes [n, classes].
        n: number of examples.
        classes: number of classes.

    Returns:
        Classes, int64 [n]; of equal shares the lowest class.

    Raises:
        ShapeError: the labels do not fit the scores.
        ValueError: a label is no class, or a share is negative, NaN or infinite.
    """
    labels = np.asarray(y_true)
    if labels.shape == (n, classes):
        shares = labels.astype(np.float64)
        if not np.isfinite(shares).all() or (shares < 0).any():
            raise ValueError("y_true: a share is negative, NaN or infinite; accepted are >= 0")
        return np.asarray(shares.argmax(axis=1), dtype=np.int64)
    if labels.shape != (n,):
        raise ShapeError(f"y_true: shape {labels.shape}; accepted is ({n},) or ({n}, {classes})")
    if not np.isin(labels, np.arange(classes)).all():
        raise ValueError(f"y_true: a label is no class; accepted are 0 to {classes - 1}")
    return labels.astype(np.int64)


def shares(y_true: NDArray[Any], n: int, classes: int) -> Array:
    """Return the labels as one share per class: soft labels as they are, classes one-hot.

    Args:
        y_true: classes [n] or shares [n, classes].
        n: number of examples.
        classes: number of classes.

    Returns:
        Shares, float64 [n, classes].

    Raises:
        ShapeError: the labels do not fit the scores.
        ValueError: a label is no class, or a share is negative, NaN or infinite.
    """
    hard = hard_labels(y_true, n, classes)
    if np.ndim(y_true) == 2:
        return np.asarray(y_true, dtype=np.float64)
    return np.eye(classes)[hard]


def ranking(y_true: NDArray[Any], scores: NDArray[Any]) -> tuple[NDArray[np.int64], Array]:
    """Return labels of two classes and how much class 1 is preferred.

    s_1 - s_0: its softmax would tie large scores

    Args:
        y_true: classes [n] or shares [n, 2], of which the largest counts.
        scores: one score per class, float [n, 2].

    Returns:
        Classes, int64 [n], and preferences, float64 [n].

    Raises:
        ShapeError: labels and scores do not fit together, or there are not two classes.
        ValueError: a score is NaN or infinite, or a label is no class.
    """
    table = checked_scores(scores)
    if table.shape[1] != 2:
        raise ShapeError(f"scores: {table.shape[1]} classes; this metric is for two")
    return hard_labels(y_true, *table.shape), table[:, 1] - table[:, 0]

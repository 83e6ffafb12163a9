"""Recall of frequent, less frequent and rare classes, by how many images they were trained with."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.errors import ShapeError
from lossbench.metrics.labels import checked_scores, hard_labels

MANY, FEW = 100, 20
"""More images than the first are many, fewer than the second are few."""


def many_recall(y_true: NDArray[Any], scores: NDArray[Any], train_counts: Sequence[int]) -> float:
    """Return the mean recall of the classes with more than 100 training images.

    mean over classes c in y_true with n_c > 100 of recall_c

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes].
        train_counts: training images of each class, n_c, as they are trained with.

    Returns:
        Mean recall, in [0, 1]; NaN where y_true holds no such class.

    Raises:
        ShapeError: labels, scores and counts do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Liu et al. 2019, arXiv:1904.05160: many-shot classes; `sklearn.metrics.recall_score`.
    """
    return _mean_recall(y_true, scores, np.asarray(train_counts) > MANY)


def medium_recall(y_true: NDArray[Any], scores: NDArray[Any], train_counts: Sequence[int]) -> float:
    """Return the mean recall of the classes with 20 to 100 training images.

    mean over classes c in y_true with 20 <= n_c <= 100 of recall_c

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes].
        train_counts: training images of each class, n_c, as they are trained with.

    Returns:
        Mean recall, in [0, 1]; NaN where y_true holds no such class.

    Raises:
        ShapeError: labels, scores and counts do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Liu et al. 2019, arXiv:1904.05160: medium-shot classes; `sklearn.metrics.recall_score`.
    """
    return _mean_recall(y_true, scores, _medium(train_counts))


def few_recall(y_true: NDArray[Any], scores: NDArray[Any], train_counts: Sequence[int]) -> float:
    """Return the mean recall of the classes with fewer than 20 training images.

    mean over classes c in y_true with n_c < 20 of recall_c

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes].
        train_counts: training images of each class, n_c, as they are trained with.

    Returns:
        Mean recall, in [0, 1]; NaN where y_true holds no such class.

    Raises:
        ShapeError: labels, scores and counts do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Liu et al. 2019, arXiv:1904.05160: few-shot classes; `sklearn.metrics.recall_score`.
    """
    return _mean_recall(y_true, scores, np.asarray(train_counts) < FEW)


def _medium(train_counts: Sequence[int]) -> NDArray[np.bool_]:
    counts = np.asarray(train_counts)
    return np.asarray((counts >= FEW) & (counts <= MANY))


def _mean_recall(y_true: NDArray[Any], scores: NDArray[Any], among: NDArray[np.bool_]) -> float:
    from sklearn.metrics import recall_score

    table = checked_scores(scores)
    truth = hard_labels(y_true, *table.shape)
    if among.shape != (table.shape[1],):
        raise ShapeError(f"train_counts: shape {among.shape}; accepted is ({table.shape[1]},)")
    present = np.unique(truth)
    group = present[among[present]]
    if not len(group):
        return float("nan")
    predicted = table.argmax(axis=1)
    return float(recall_score(truth, predicted, labels=group, average="macro", zero_division=0.0))

"""Thresholds that are chosen on validation, and what they do to other examples.

Measured on the examples that they were chosen on, they look better than they are.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.losses import Task
from lossbench.errors import ShapeError
from lossbench.metrics.labels import checked_labels, ranking

Array = NDArray[np.float64]

PRECISION = 0.9


def fit_thresholds(scores: NDArray[Any], y_true: NDArray[Any], task: Task) -> Array | None:
    """Return the thresholds that the metrics of this module need, from validation examples.

    binary: the lowest t among the s_1 - s_0 at which s_1 - s_0 >= t has precision >= 0.9.
    multilabel: for each label the t among its scores at which s >= t has the best F1, of equally
    good ones the lowest; 0 for a label that no example has.

    Args:
        scores: decoded scores of validation examples, float [n, 2] or [n, labels].
        y_true: classes [n] or shares [n, 2], of which the largest counts; for `multilabel` 0 or 1,
            [n, labels].
        task: `binary` or `multilabel`; the others have none.

    Returns:
        Thresholds, float64 [1], NaN where no threshold is that precise, or [labels]; or None.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        `sklearn.metrics.precision_recall_curve`; F1 by label: Lipton et al. 2014, arXiv:1402.1892.
    """
    if task == "binary":
        return np.array([_precise(*ranking(y_true, scores))])
    if task == "multilabel":
        truth, table = checked_labels(y_true, scores)
        return np.array([_best_f1(*columns) for columns in zip(truth.T, table.T, strict=True)])
    return None


def _precise(truth: NDArray[np.int64], preference: Array) -> float:
    from sklearn.metrics import precision_recall_curve

    if not truth.any():
        return float("nan")
    precision, _, thresholds = precision_recall_curve(truth, preference)
    precise = thresholds[precision[:-1] >= PRECISION]  # the last stands for no prediction
    return float(precise.min()) if len(precise) else float("nan")


def _best_f1(truth: NDArray[np.int64], score: Array) -> float:
    from sklearn.metrics import precision_recall_curve

    if not truth.any():
        return 0.0
    precision, recall, thresholds = precision_recall_curve(truth, score)
    both = np.maximum(precision + recall, 1e-12)  # 0 where no example above t has the label
    return float(thresholds[np.argmax((2 * precision * recall / both)[:-1])])


def recall_at_precision_90(
    y_true: NDArray[Any], scores: NDArray[Any], thresholds: NDArray[Any]
) -> float:
    """Return the share of class 1 that is found where validation had a precision of 0.9.

    TP / (TP + FN), predicted where s_1 - s_0 >= t

    The precision on these examples may be another.

    Args:
        y_true: classes [n] or shares [n, 2], of which the largest counts.
        scores: decoded scores, float [n, 2].
        thresholds: t from `fit_thresholds`, [1].

    Returns:
        Recall, in [0, 1]; NaN where t is NaN or y_true holds no example of class 1.

    Raises:
        ShapeError: labels, scores and threshold do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        `sklearn.metrics.recall_score`.
    """
    from sklearn.metrics import recall_score

    truth, preference = ranking(y_true, scores)
    (threshold,) = _checked(thresholds, 1)
    if np.isnan(threshold):
        return float("nan")
    return float(recall_score(truth, preference >= threshold, zero_division=np.nan))


def micro_f1_tuned(y_true: NDArray[Any], scores: NDArray[Any], thresholds: NDArray[Any]) -> float:
    """Return F1 of all labels pooled, each predicted from its own threshold on.

    2 TP / (2 TP + FP + FN), predicted where s_l >= t_l

    Args:
        y_true: 0 or 1, [n, labels].
        scores: one score per label, float [n, labels].
        thresholds: t from `fit_thresholds`, [labels].

    Returns:
        Micro F1, in [0, 1]; NaN where no example has a label and none is predicted.

    Raises:
        ShapeError: labels, scores and thresholds do not fit together.
        ValueError: a score is NaN or infinite, or a label is neither 0 nor 1.

    Source:
        `sklearn.metrics.f1_score`, micro average.
    """
    from sklearn.metrics import f1_score

    truth, table = checked_labels(y_true, scores)
    predicted = table >= _checked(thresholds, table.shape[1])
    return float(f1_score(truth, predicted, average="micro", zero_division=np.nan))


def _checked(thresholds: NDArray[Any], n: int) -> Array:
    found = np.asarray(thresholds, dtype=np.float64)
    if found.shape != (n,):
        raise ShapeError(f"thresholds: shape {found.shape}; accepted is ({n},)")
    return found

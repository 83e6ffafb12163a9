"""Metrics of classes that have an order: how far predictions miss, not only how often."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.metrics.labels import checked_scores, hard_labels


def quadratic_kappa(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the agreement beyond chance, disagreement counting by its squared distance.

    1 - sum_kl w_kl O_kl / sum_kl w_kl E_kl,   w_kl = (k - l)^2

    O counts examples by true and predicted class; E is what the two marginal counts alone give.

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes].

    Returns:
        Quadratic-weighted kappa, in [-1, 1]; 0 by chance, 1 for perfect agreement. NaN where
        y_true holds only one class.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Cohen 1968; `sklearn.metrics.cohen_kappa_score`, quadratic weights over all classes.
    """
    from sklearn.metrics import cohen_kappa_score

    table = checked_scores(scores)
    truth = hard_labels(y_true, *table.shape)
    if np.ptp(truth) == 0:
        return float("nan")
    # All classes are named: scikit-learn would close the gap that an absent class leaves.
    classes = np.arange(table.shape[1])
    return float(
        cohen_kappa_score(truth, table.argmax(axis=1), labels=classes, weights="quadratic")
    )


def mae_rank(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the mean absolute difference between the indices of predicted and true class.

    mean_i |argmax_k s_ik - y_i|

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes]; of equal scores the lowest class is predicted.

    Returns:
        Mean distance in classes, in [0, classes - 1].

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Definition.
    """
    table = checked_scores(scores)
    truth = hard_labels(y_true, *table.shape)
    return float(np.abs(table.argmax(axis=1) - truth).mean())


def macro_mae_rank(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the mean absolute difference of the indices, each class of the labels counting once.

    mean over classes c in y_true of mean over i with y_i = c of |argmax_k s_ik - c|

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes]; of equal scores the lowest class is predicted.

    Returns:
        Mean distance in classes, in [0, classes - 1]; classes absent from y_true do not count.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Baccianella et al. 2009, "Evaluation measures for ordinal regression".
    """
    table = checked_scores(scores)
    truth = hard_labels(y_true, *table.shape)
    apart = np.abs(table.argmax(axis=1) - truth)
    return float(np.mean([apart[truth == c].mean() for c in np.unique(truth)]))


def accuracy_within_one(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the share of examples that are predicted as their class or one beside it.

    mean_i [|argmax_k s_ik - y_i| <= 1]

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes]; of equal scores the lowest class is predicted.

    Returns:
        Share, in [0, 1]; with three classes the middle one for all gives 1.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Gaudette & Japkowicz 2009, "Evaluation methods for ordinal classification".
    """
    table = checked_scores(scores)
    truth = hard_labels(y_true, *table.shape)
    return float((np.abs(table.argmax(axis=1) - truth) <= 1).mean())

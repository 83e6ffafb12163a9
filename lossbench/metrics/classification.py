"""Metrics of classification, all read from the same decoded scores.

Of equal scores the lowest class is predicted. Labels are classes [n] or, where they are soft,
shares of the classes [n, classes]: then `nll` and `brier_score` use the shares and every other
metric the class with the largest share.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from lossbench.metrics.calibration import (
    BINS,
    calibration_error,
    confidence,
    correctness,
    equal_width,
    noise_floor,
)
from lossbench.metrics.decoding import probabilities
from lossbench.metrics.labels import checked_scores, hard_labels, ranking, shares

P_MIN = 1e-12


def _classes(y_true: NDArray[Any], scores: NDArray[Any]) -> tuple[Any, Any]:
    table = checked_scores(scores)
    return hard_labels(y_true, *table.shape), table.argmax(axis=1)


def accuracy(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the share of examples whose highest score is their class.

    mean_i [argmax_k s_ik = y_i]

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes].

    Returns:
        Accuracy, in [0, 1].

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Definition.
    """
    return float(correctness(y_true, scores).mean())


def balanced_accuracy(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the mean over classes of the share of their examples that is found.

    mean over classes c in y_true of recall_c

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes].

    Returns:
        Balanced accuracy, in [0, 1]; classes absent from y_true do not count.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Brodersen et al. 2010; `sklearn.metrics.recall_score`, macro average.
    """
    from sklearn.metrics import recall_score

    truth, predicted = _classes(y_true, scores)
    present = np.unique(truth)
    return float(recall_score(truth, predicted, labels=present, average="macro", zero_division=0.0))


def macro_f1(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the mean over classes of the harmonic mean of precision and recall.

    mean over classes c in y_true of 2 TP_c / (2 TP_c + FP_c + FN_c)

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes].

    Returns:
        Macro F1, in [0, 1]; classes absent from y_true do not count, those never predicted count 0.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        `sklearn.metrics.f1_score`, macro average over the classes of y_true.
    """
    from sklearn.metrics import f1_score

    truth, predicted = _classes(y_true, scores)
    present = np.unique(truth)
    return float(f1_score(truth, predicted, labels=present, average="macro", zero_division=0.0))


def worst_class_recall(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the recall of the class that is found least.

    min over classes c in y_true of recall_c

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes].

    Returns:
        Recall, in [0, 1]; classes absent from y_true do not count.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        `sklearn.metrics.recall_score`, per class.
    """
    from sklearn.metrics import recall_score

    truth, predicted = _classes(y_true, scores)
    present = np.unique(truth)
    return float(
        recall_score(truth, predicted, labels=present, average=None, zero_division=0.0).min()
    )


def top5_accuracy(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the share of examples whose class is among the five highest scores.

    mean_i [rank of s_i,y_i < 5], rank = higher scores + equal scores of lower classes

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes].

    Returns:
        Top-5 accuracy, in [0, 1]; 1 with five classes or fewer.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Russakovsky et al. 2015. scikit-learn's version breaks ties towards the highest class.
    """
    table = checked_scores(scores)
    truth = hard_labels(y_true, *table.shape)[:, None]
    own = np.take_along_axis(table, truth, axis=1)
    before = (table > own) | ((table == own) & (np.arange(table.shape[1]) < truth))
    return float((before.sum(axis=1) < 5).mean())


def average_precision(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the area under the curve of precision against recall, for class 1.

    sum_j (R_j - R_j-1) P_j over the thresholds of s_1 - s_0

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, 2].

    Returns:
        Average precision, in [0, 1]; a random order has the prevalence of class 1. NaN where
        y_true holds only one class.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        `sklearn.metrics.average_precision_score`.
    """
    from sklearn.metrics import average_precision_score

    truth, preference = ranking(y_true, scores)
    if np.ptp(truth) == 0:
        return float("nan")
    return float(average_precision_score(truth, preference))


def roc_auc(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the chance that an example of class 1 outranks one of class 0.

    P(s+ > s-) + P(s+ = s-) / 2, s = s_1 - s_0

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, 2].

    Returns:
        Area under the ROC curve, in [0, 1]; 0.5 by chance. NaN where y_true holds only one
        class.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Hanley & McNeil 1982; `sklearn.metrics.roc_auc_score`.
    """
    from sklearn.metrics import roc_auc_score

    truth, preference = ranking(y_true, scores)
    if np.ptp(truth) == 0:
        return float("nan")
    return float(roc_auc_score(truth, preference))


def recall(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the share of the examples of class 1 that are found.

    TP / (TP + FN)

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, 2]; class 1 is predicted where s_1 > s_0, which for
            probabilities is above 1/2.

    Returns:
        Recall, in [0, 1]; 0 where y_true holds no example of class 1.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        `sklearn.metrics.recall_score`.
    """
    from sklearn.metrics import recall_score

    truth, preference = ranking(y_true, scores)
    return float(recall_score(truth, preference > 0, zero_division=0.0))


def precision(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the share of the examples predicted as class 1 that are of it.

    TP / (TP + FP)

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, 2]; class 1 is predicted where s_1 > s_0, which for
            probabilities is above 1/2.

    Returns:
        Precision, in [0, 1]; 0 where class 1 is never predicted.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        `sklearn.metrics.precision_score`.
    """
    from sklearn.metrics import precision_score

    truth, preference = ranking(y_true, scores)
    return float(precision_score(truth, preference > 0, zero_division=0.0))


def f1(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the harmonic mean of the precision and the recall of class 1.

    2 TP / (2 TP + FP + FN)

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, 2]; class 1 is predicted where s_1 > s_0, which for
            probabilities is above 1/2.

    Returns:
        F1, in [0, 1]; 0 where class 1 is neither in y_true nor predicted.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        `sklearn.metrics.f1_score`.
    """
    from sklearn.metrics import f1_score

    truth, preference = ranking(y_true, scores)
    return float(f1_score(truth, preference > 0, zero_division=0.0))


def mcc(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the correlation between predicted and true class.

    (TP TN - FP FN) / sqrt((TP + FP)(TP + FN)(TN + FP)(TN + FN))

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, 2].

    Returns:
        Matthews correlation coefficient, in [-1, 1]; 0 where the denominator is 0.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Matthews 1975; `sklearn.metrics.matthews_corrcoef`.
    """
    from sklearn.metrics import matthews_corrcoef

    truth, preference = ranking(y_true, scores)
    predicted = preference > 0
    if np.ptp(truth) == 0 or np.ptp(predicted.astype(int)) == 0:
        return 0.0
    return float(matthews_corrcoef(truth, predicted))


def nll(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the mean negative log-probability of the class.

    mean_i -sum_k y_ik log p_ik,   p = softmax(scores), clipped to [1e-12, 1]

    Args:
        y_true: classes [n] or shares [n, classes]; shares count as they are.
        scores: decoded scores, float [n, classes].

    Returns:
        NLL in nats, in [0, 27.7].

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Good 1952.
    """
    table = checked_scores(scores)
    log_p = np.maximum(special.log_softmax(table, axis=1), np.log(P_MIN))
    return float(-(shares(y_true, *table.shape) * log_p).sum(axis=1).mean())


def brier_score(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the mean squared distance between probabilities and label.

    mean_i sum_k (p_ik - y_ik)^2,   p = softmax(scores)

    Args:
        y_true: classes [n] or shares [n, classes]; shares count as they are.
        scores: decoded scores, float [n, classes].

    Returns:
        Brier score, in [0, 2], also for two classes (not halved).

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Brier 1950, eq. 2.
    """
    table = checked_scores(scores)
    distance = probabilities(table) - shares(y_true, *table.shape)
    return float((distance**2).sum(axis=1).mean())


def ece(y_true: NDArray[Any], scores: NDArray[Any], bins: int = BINS) -> float:
    """Return the expected calibration error over bins of equal width.

    sum_b (n_b / n) |acc_b - conf_b|,   bin = ceil(conf * bins) - 1

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes].
        bins: number of right-closed bins.

    Returns:
        ECE, in [0, 1]; biased upwards, see `calibration.noise_floor`.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Guo et al. 2017, arXiv:1706.04599, eq. 3.
    """
    conf = confidence(scores)
    return calibration_error(conf, correctness(y_true, scores), equal_width(conf, bins))


def ece_floor(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the ECE that these scores would show by chance, were they perfectly calibrated.

    The mean over 200 draws of labels from the scores' own probabilities, with a fixed seed.

    Args:
        y_true: classes [n] or shares [n, classes]; only checked.
        scores: decoded scores, float [n, classes].

    Returns:
        Floor, in [0, 1]; a difference in ECE below it means nothing.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        `calibration.noise_floor`.
    """
    correctness(y_true, scores)
    return noise_floor(scores, np.random.default_rng(0))

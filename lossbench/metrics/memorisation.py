"""What a network makes of training examples whose label was made wrong: learnt by heart or not."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.metrics.labels import checked_scores, hard_labels


def memorisation(y_true: NDArray[Any], labels: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the share of wrongly labelled examples that are predicted as their wrong label.

    mean over i with l_i != y_i of [argmax_k s_ik = l_i]

    Args:
        y_true: right classes [n].
        labels: what the network was trained with: classes [n] or shares [n, classes], of which the
            largest counts.
        scores: decoded scores, float [n, classes].

    Returns:
        Share, in [0, 1]; NaN where no label is wrong.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Liu et al., NeurIPS 2020 (arXiv:2007.00151), section 2: memorized examples.
    """
    wrong = is_wrong(y_true, labels, scores)
    return _share(_predicted(scores) == hard_labels(labels, *np.shape(scores)), wrong)


def clean_accuracy(y_true: NDArray[Any], labels: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the share of wrongly labelled examples that are predicted as what they are.

    mean over i with l_i != y_i of [argmax_k s_ik = y_i]

    Args:
        y_true: right classes [n].
        labels: what the network was trained with: classes [n] or shares [n, classes], of which the
            largest counts.
        scores: decoded scores, float [n, classes].

    Returns:
        Share, in [0, 1]; NaN where no label is wrong.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Liu et al., NeurIPS 2020 (arXiv:2007.00151), section 2: correctly predicted examples.
    """
    wrong = is_wrong(y_true, labels, scores)
    return _share(_predicted(scores) == hard_labels(y_true, *np.shape(scores)), wrong)


def is_wrong(y_true: NDArray[Any], labels: NDArray[Any], scores: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether each label is another class than the right one.

    Args:
        y_true: right classes [n].
        labels: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes].

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.
    """
    shape = checked_scores(scores).shape
    return np.asarray(hard_labels(y_true, *shape) != hard_labels(labels, *shape))


def _predicted(scores: NDArray[Any]) -> NDArray[np.int64]:
    return np.asarray(np.argmax(scores, axis=1))


def _share(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    return float(hits[among].mean()) if among.any() else float("nan")

"""Metrics of predictions that stand for a quantile of the target; several targets count equally.

They judge one prediction for each target. Of a loss that trains several quantiles at once that is
the median, so the others are not judged here.
"""

from typing import Any

from numpy.typing import NDArray

from lossbench.metrics.regression import checked_pair


def pinball_10(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the mean pinball loss at the 10 % quantile: predicting too much costs nine times more.

    mean_ij max(q (y_ij - f_ij), (q - 1) (y_ij - f_ij)),   q = 0.1

    Args:
        y_true: targets, float [n, targets], in target units.
        predictions: predictions, float [n, targets], in target units; of several quantiles that
            were trained at once, the median.

    Returns:
        Pinball loss in target units, >= 0.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a value is NaN or infinite.

    Source:
        Koenker & Bassett 1978; `sklearn.metrics.mean_pinball_loss`, uniform average.
    """
    return _pinball(y_true, predictions, 0.1)


def pinball_90(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the mean pinball loss at the 90 % quantile: too little costs nine times more.

    mean_ij max(q (y_ij - f_ij), (q - 1) (y_ij - f_ij)),   q = 0.9

    Args:
        y_true: targets, float [n, targets], in target units.
        predictions: predictions, float [n, targets], in target units; of several quantiles that
            were trained at once, the median.

    Returns:
        Pinball loss in target units, >= 0.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a value is NaN or infinite.

    Source:
        Koenker & Bassett 1978; `sklearn.metrics.mean_pinball_loss`, uniform average.
    """
    return _pinball(y_true, predictions, 0.9)


def share_below(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the share of targets that are below their prediction.

    mean_ij [y_ij < f_ij]

    Args:
        y_true: targets, float [n, targets], in target units.
        predictions: predictions, float [n, targets], in target units; of several quantiles that
            were trained at once, the median.

    Returns:
        Share, in [0, 1]; of the q-quantile of a target without ties it is q in expectation.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a value is NaN or infinite.

    Source:
        Definition.
    """
    truth, predicted = checked_pair(y_true, predictions)
    return float((truth < predicted).mean())


def _pinball(y_true: NDArray[Any], predictions: NDArray[Any], q: float) -> float:
    from sklearn.metrics import mean_pinball_loss

    return float(mean_pinball_loss(*checked_pair(y_true, predictions), alpha=q))

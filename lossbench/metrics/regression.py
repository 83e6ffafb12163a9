"""Metrics of regression, in the units of the target; several targets count equally."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.errors import ShapeError

Array = NDArray[np.float64]

LEAST_MEAN = 1e-6
"""Smallest prediction that a deviance reads, as a share of the mean target."""


def checked_pair(y_true: NDArray[Any], predictions: NDArray[Any]) -> tuple[Array, Array]:
    """Return targets and predictions as tables of one shape, or refuse them.

    Args:
        y_true: targets, [n, targets], or [n] for one target; n >= 1.
        predictions: predictions, of the same shape.

    Returns:
        Both as float64 [n, targets].

    Raises:
        ShapeError: the shapes differ, or there is no example.
        ValueError: a value is NaN or infinite.
    """
    tables = [np.asarray(a, dtype=np.float64) for a in (y_true, predictions)]
    truth, predicted = (a[:, None] if a.ndim == 1 else a for a in tables)
    if truth.ndim != 2 or truth.shape != predicted.shape or truth.size == 0:
        raise ShapeError(
            f"predictions: shape {predicted.shape} for targets of shape {truth.shape}; "
            "accepted is [n >= 1, targets] for both"
        )
    if not (np.isfinite(truth).all() and np.isfinite(predicted).all()):
        raise ValueError("predictions: NaN or infinite values; accepted are finite numbers")
    return truth, predicted


def _error_quantile(y_true: NDArray[Any], predictions: NDArray[Any], q: float) -> float:
    truth, predicted = checked_pair(y_true, predictions)
    return float(np.quantile(np.abs(predicted - truth), q, axis=0).mean())


def rmse(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the root of the mean squared error, averaged over targets.

    mean_j sqrt(mean_i (f_ij - y_ij)^2)

    Args:
        y_true: targets, float [n, targets], in target units.
        predictions: predictions, float [n, targets], in target units.

    Returns:
        RMSE in target units, >= 0.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a value is NaN or infinite.

    Source:
        `sklearn.metrics.root_mean_squared_error`, uniform average.
    """
    from sklearn.metrics import root_mean_squared_error

    return float(root_mean_squared_error(*checked_pair(y_true, predictions)))


def trimmed_rmse(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the root of the mean squared error without its largest tenth, averaged over targets.

    mean_j sqrt(mean of the n - floor(n / 10) smallest (f_ij - y_ij)^2)

    What is left out depends on the predictions: it says how far most are off, and nothing of the
    others. `rmse` counts all.

    Args:
        y_true: targets, float [n, targets], in target units.
        predictions: predictions, float [n, targets], in target units.

    Returns:
        Trimmed RMSE in target units, >= 0 and at most `rmse`; with nine examples or fewer, `rmse`.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a value is NaN or infinite.

    Source:
        The objective of least trimmed squares, Rousseeuw 1984, JASA 79:871-880.
    """
    truth, predicted = checked_pair(y_true, predictions)
    kept = len(truth) - len(truth) // 10
    smallest = np.sort((predicted - truth) ** 2, axis=0)[:kept]
    return float(np.sqrt(smallest.mean(axis=0)).mean())


def mae(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the mean absolute error, averaged over targets.

    mean_ij |f_ij - y_ij|

    Args:
        y_true: targets, float [n, targets], in target units.
        predictions: predictions, float [n, targets], in target units.

    Returns:
        MAE in target units, >= 0.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a value is NaN or infinite.

    Source:
        `sklearn.metrics.mean_absolute_error`, uniform average.
    """
    from sklearn.metrics import mean_absolute_error

    return float(mean_absolute_error(*checked_pair(y_true, predictions)))


def median_ae(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the median absolute error, averaged over targets.

    mean_j median_i |f_ij - y_ij|

    Args:
        y_true: targets, float [n, targets], in target units.
        predictions: predictions, float [n, targets], in target units.

    Returns:
        Median absolute error in target units, >= 0.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a value is NaN or infinite.

    Source:
        `sklearn.metrics.median_absolute_error`, uniform average.
    """
    from sklearn.metrics import median_absolute_error

    return float(median_absolute_error(*checked_pair(y_true, predictions)))


def ae_q90(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the 90th percentile of the absolute error, averaged over targets.

    mean_j quantile_i(|f_ij - y_ij|, 0.90), linear between the order statistics

    Args:
        y_true: targets, float [n, targets], in target units.
        predictions: predictions, float [n, targets], in target units.

    Returns:
        Percentile in target units, >= 0.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a value is NaN or infinite.

    Source:
        `numpy.quantile`, method `linear` (Hyndman & Fan 1996, type 7).
    """
    return _error_quantile(y_true, predictions, 0.90)


def ae_q99(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the 99th percentile of the absolute error, averaged over targets.

    mean_j quantile_i(|f_ij - y_ij|, 0.99), linear between the order statistics

    Args:
        y_true: targets, float [n, targets], in target units.
        predictions: predictions, float [n, targets], in target units.

    Returns:
        Percentile in target units, >= 0.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a value is NaN or infinite.

    Source:
        `numpy.quantile`, method `linear` (Hyndman & Fan 1996, type 7).
    """
    return _error_quantile(y_true, predictions, 0.99)


def r2(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the share of the variance that the predictions explain, averaged over targets.

    mean_j 1 - sum_i (f_ij - y_ij)^2 / sum_i (y_ij - mean_i y_ij)^2

    Args:
        y_true: targets, float [n, targets], in target units.
        predictions: predictions, float [n, targets], in target units.

    Returns:
        R2, dimensionless, <= 1; of a constant target 1 if predicted exactly, else 0; NaN for a
        single example.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a value is NaN or infinite.

    Source:
        `sklearn.metrics.r2_score`, uniform average.
    """
    from sklearn.metrics import r2_score

    truth, predicted = checked_pair(y_true, predictions)
    return float(r2_score(truth, predicted)) if len(truth) > 1 else float("nan")


def bias(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the mean of prediction minus target: above 0 where predictions are too large.

    mean_ij (f_ij - y_ij)

    Args:
        y_true: targets, float [n, targets], in target units.
        predictions: predictions, float [n, targets], in target units.

    Returns:
        Bias in target units, of either sign.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a value is NaN or infinite.

    Source:
        Definition.
    """
    truth, predicted = checked_pair(y_true, predictions)
    return float((predicted - truth).mean())


def poisson_deviance(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the mean Poisson deviance: errors weigh less where more is expected.

    mean_ij 2 (y_ij log(y_ij / f_ij) - y_ij + f_ij),   0 log 0 = 0

    A prediction must be above 0; one below a millionth of the mean target (of 1 where that is 0)
    counts as that, so that the value stays finite.

    Args:
        y_true: targets, float [n, targets], >= 0, in target units.
        predictions: predictions, float [n, targets], in target units.

    Returns:
        Deviance in target units, >= 0; 0 where prediction and target agree.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a value is NaN or infinite, or a target is below 0.

    Source:
        McCullagh & Nelder 1989, section 2.3; `sklearn.metrics.mean_poisson_deviance`.
    """
    from sklearn.metrics import mean_poisson_deviance

    truth, predicted = checked_pair(y_true, predictions)
    if truth.min() < 0:
        raise ValueError(f"y_true: the least target is {truth.min():g}; accepted are >= 0")
    return float(mean_poisson_deviance(truth.ravel(), _above_zero(predicted, truth).ravel()))


def gamma_deviance(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the mean gamma deviance: errors count by their ratio to the prediction.

    mean_ij 2 (log(f_ij / y_ij) + y_ij / f_ij - 1)

    A prediction must be above 0; one below a millionth of the mean target counts as that, so that
    the value stays finite. One such prediction outweighs all others.

    Args:
        y_true: targets, float [n, targets], > 0, in target units.
        predictions: predictions, float [n, targets], in target units.

    Returns:
        Deviance, dimensionless, >= 0; 0 where prediction and target agree.

    Raises:
        ShapeError: the shapes differ.
        ValueError: a value is NaN or infinite, or a target is not above 0.

    Source:
        McCullagh & Nelder 1989, section 2.3; `sklearn.metrics.mean_gamma_deviance`.
    """
    from sklearn.metrics import mean_gamma_deviance

    truth, predicted = checked_pair(y_true, predictions)
    if truth.min() <= 0:
        raise ValueError(f"y_true: the least target is {truth.min():g}; accepted are > 0")
    return float(mean_gamma_deviance(truth.ravel(), _above_zero(predicted, truth).ravel()))


def angular_error(y_true: NDArray[Any], predictions: NDArray[Any]) -> float:
    """Return the mean angle between prediction and target, whatever their lengths.

    mean_i 2 atan2(|a - b|, |a + b|),   a = f_i / |f_i|, b = y_i / |y_i|

    Args:
        y_true: targets, float [n, targets], of norm > 0; targets >= 2.
        predictions: predictions, float [n, targets]; one of norm 0 counts as 90 degrees away.

    Returns:
        Angle in degrees, in [0, 180]; 90 by chance.

    Raises:
        ShapeError: the shapes differ, or there is one target alone.
        ValueError: a value is NaN or infinite, or a target has norm 0.

    Source:
        Definition; the form that keeps small angles: Kahan 2006, "How futile are mindless
        assessments of roundoff", section 12.
    """
    truth, predicted = checked_pair(y_true, predictions)
    if truth.shape[1] < 2:
        raise ShapeError("y_true: one target; an angle needs two or more")
    if not truth.any(axis=1).all():
        raise ValueError("y_true: a target of norm 0 has no direction; accepted are others")
    a, b = _direction(predicted), _direction(truth)
    apart, along = np.linalg.norm(a - b, axis=1), np.linalg.norm(a + b, axis=1)
    return float(np.degrees(2 * np.arctan2(apart, along)).mean())


def _direction(rows: Array) -> Array:
    """Return rows of norm 1; one of zeros stays."""
    largest = np.abs(rows).max(axis=1, keepdims=True)  # first, since squares overflow
    rows = rows / np.where(largest > 0, largest, 1.0)
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norm > 0, norm, 1.0))


def _above_zero(predicted: Array, truth: Array) -> Array:
    mean = truth.mean(axis=0)
    return np.maximum(predicted, LEAST_MEAN * np.where(mean > 0, mean, 1.0))

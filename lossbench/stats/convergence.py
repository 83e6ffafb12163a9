"""How fast a training converged and how much it swung, from its curves; arrays in, numbers out.

What is measured once an epoch answers how fast: when a target was reached, and the area under the
curve. What is measured at every step answers how calm: how far the training loss of a batch lies
from the trend, as a share of the trend.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

TREND_SHARE = 0.1
"""The trend of a step is the mean over this share of all steps, centred on it."""
FEWEST_STEPS = 20
"""Of fewer recorded losses no trend can be told."""
SPIKE_WINDOW = 25
"""A step's loss is a spike relative to the median of so many before it."""


def _curve(values: ArrayLike, name: str) -> Array:
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1:
        raise ValueError(f"{name}: shape {found.shape}; accepted is one value after another, [n]")
    return found


def _pair(x: ArrayLike, values: ArrayLike) -> tuple[Array, Array]:
    at, curve = _curve(x, "x"), _curve(values, "values")
    if at.shape != curve.shape:
        raise ValueError(f"values: {len(curve)} for {len(at)} of x; accepted is one for each")
    if (np.diff(at) <= 0).any():
        raise ValueError("x: does not rise; accepted are rising values")
    return at, curve


def reached_at(x: ArrayLike, values: ArrayLike, target: float, higher_is_better: bool) -> float:
    """Return where a curve first reaches a target.

    min {x_i : values_i >= target}   (<= where lower is better)

    Args:
        x: epochs, seconds or examples, rising, float [n].
        values: the metric there, float [n], metric units; NaN never reaches anything.
        target: what is to be reached, metric units.
        higher_is_better: which way the metric is better.

    Returns:
        The x of the first value that reaches it, nothing in between being assumed; infinite where
        none does. NaN for a target of NaN.

    Raises:
        ValueError: the lengths differ, or x does not rise.

    Source:
        Time to a target as in AlgoPerf, Dahl et al. 2023, arXiv:2306.07179.
    """
    at, curve = _pair(x, values)
    if math.isnan(target):
        return math.nan
    there = curve >= target if higher_is_better else curve <= target
    return float(at[there.argmax()]) if there.any() else math.inf


def area_under(x: ArrayLike, values: ArrayLike) -> float:
    """Return the normalised area under a curve: its mean over x, by the trapezoid rule.

    ALC = integral of values dx / (x_n - x_1)

    Args:
        x: epochs, rising, float [n].
        values: the metric there, float [n], metric units.

    Returns:
        The area in metric units, so that a curve that is good early has a good one; the value
        itself for n = 1, NaN for n = 0 and where a value is NaN.

    Raises:
        ValueError: the lengths differ, or x does not rise.

    Source:
        Area under the learning curve; Guyon et al. 2011, Active Learning Challenge, JMLR W&CP 16.
    """
    at, curve = _pair(x, values)
    if len(at) < 2:
        return float(curve[0]) if len(at) else math.nan
    return float(np.trapezoid(curve, at) / (at[-1] - at[0]))


def best_last_gap(values: ArrayLike, higher_is_better: bool) -> float:
    """Return by how much the last value is worse than the best one.

    max values - values_n   (values_n - min values where lower is better)

    Args:
        values: the metric after each epoch, float [n], metric units; NaN is never best.
        higher_is_better: which way the metric is better.

    Returns:
        The gap, >= 0, metric units; NaN for n = 0 and where the last value is NaN.

    Raises:
        ValueError: not one-dimensional.

    Source:
        Own definition; 0 says that training longer did not hurt.
    """
    curve = _curve(values, "values") if higher_is_better else -_curve(values, "values")
    if not len(curve) or math.isnan(curve[-1]):
        return math.nan
    return float(np.nanmax(curve) - curve[-1])


@dataclass(frozen=True)
class Oscillation:
    """How much the training loss of a batch lies beside the trend.

    Attributes:
        level: mean of the trend, in units of the loss.
        share: root mean square of (loss - trend) / trend, dimensionless.
    """

    level: float
    share: float

    def at_equal_level(self, other: "Oscillation", exponent: float) -> float:
        """Return how many times as large it is as another one at the same level.

        (share / share of the other) (level / level of the other)^(1 - exponent / 2)

        In a calm training the loss of a batch spreads because batches differ, with a variance that
        goes like a power of the level (Taylor 1961, doi:10.1038/189732a0). Losses of classes: the
        exponent is near 1, as a low mean comes from ever fewer examples that are still wrong, and
        their count in a batch is Poisson distributed. Losses of numbers: 2, as errors of all
        examples shrink together. What is left after this correction is what the optimizer does.

        Args:
            other: what it is compared with.
            exponent: of the level in the variance that batches alone cause.

        Returns:
            A ratio, dimensionless; NaN where one of the two is unknown or the other does not swing.
        """
        if not (other.share > 0 and other.level > 0 and self.level > 0):
            return math.nan
        at_level = (self.level / other.level) ** (1 - exponent / 2)
        return self.share / other.share * float(at_level)


def oscillation(losses: ArrayLike, averaged: int = 1) -> Oscillation:
    """Measure how much the training loss swings about its trend in the second half of training.

    trend_t = mean of the losses from t - h to t + h,   2 h + 1 about a tenth of all steps
    share = sqrt(mean of ((loss_t - trend_t) / trend_t)^2  (2 h + 1) / (2 h)  averaged)

    Swings longer than a tenth of the training count as trend. The factor (2 h + 1) / (2 h) makes
    up for the step's own part in its trend, so that independent noise of standard deviation s on
    a level m gives s / m. Steps whose window is not whole are left out.

    Dimensionless: a loss times a constant gives the same. It depends on the loss's shape, on the
    batch size and on the level that was reached, so that only trainings with the same loss may be
    compared, by `Oscillation.at_equal_level`.

    Args:
        losses: training loss of each recorded step, float [n], units of the loss.
        averaged: how many steps each recorded loss is the mean of; the share is that of one step,
            if steps are independent.

    Returns:
        The level and the share; NaN for n < 20, where a loss is NaN or infinite, and where the
        trend is not positive, as with losses that can be negative.

    Raises:
        ValueError: not one-dimensional, or averaged < 1.

    Source:
        Own definition: the coefficient of variation about a moving mean.
    """
    curve = _curve(losses, "losses")
    if averaged < 1:
        raise ValueError(f"averaged: {averaged!r}; accepted is a whole number >= 1")
    n, nothing = len(curve), Oscillation(math.nan, math.nan)
    if n < FEWEST_STEPS or not np.isfinite(curve).all():
        return nothing
    trend = smooth(curve)
    late = np.arange(n) >= n // 2
    whole = late & ~np.isnan(trend)
    level = trend[whole]
    if level.min() <= 0:
        return nothing
    width = window(n)
    beside = (curve[whole] - level) / level
    share = math.sqrt(float(np.mean(beside**2)) * width / (width - 1) * averaged)
    return Oscillation(float(level.mean()), share)


def window(n: int) -> int:
    """Return how many of n steps the trend of a step is the mean of: odd, 3 or more."""
    return 2 * max(1, round(n * TREND_SHARE / 2)) + 1


def smooth(losses: ArrayLike) -> Array:
    """Return the trend of a training loss: a centred moving mean over a tenth of the steps.

    Args:
        losses: training loss of each recorded step, float [n].

    Returns:
        The trend, float [n]; NaN at both ends, where the window is not whole.

    Raises:
        ValueError: not one-dimensional.

    Source:
        Moving mean.
    """
    curve = _curve(losses, "losses")
    n, width = len(curve), window(len(curve))
    trend = np.full(n, math.nan)
    if n >= width:
        kernel = np.full(width, 1 / width)
        trend[width // 2 : n - width // 2] = np.convolve(curve, kernel, mode="valid")
    return trend


def largest_spike(losses: ArrayLike) -> float:
    """Return how far a step's loss rose above those just before it, at most.

    max over t of loss_t / median of the 25 losses before

    Args:
        losses: training loss of each recorded step, float [n], units of the loss.

    Returns:
        A ratio, dimensionless; infinite where a loss is; NaN for n <= 25, where a loss is NaN, and
        where a median is not positive.

    Raises:
        ValueError: not one-dimensional.

    Source:
        Own definition.
    """
    curve = _curve(losses, "losses")
    if len(curve) <= SPIKE_WINDOW or np.isnan(curve).any():
        return math.nan
    before = np.lib.stride_tricks.sliding_window_view(curve[:-1], SPIKE_WINDOW)
    medians = np.median(before, axis=1)
    if medians.min() <= 0:
        return math.nan
    return float((curve[SPIKE_WINDOW:] / medians).max())

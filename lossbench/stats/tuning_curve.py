"""What a search would have found with fewer trials, and how much hangs on one hyperparameter."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def _sorted(values: ArrayLike, higher_is_better: bool) -> Array:
    """Return values from the worst to the best, upwards, failed ones as the worst that worked."""
    found = np.asarray(values, dtype=np.float64)
    if found.ndim != 1 or not len(found):
        raise ValueError(
            f"values: shape {found.shape}; accepted is one value per trial, [n], n > 0"
        )
    oriented = found if higher_is_better else -found
    works = np.isfinite(oriented)
    worst = oriented[works].min() if works.any() else math.nan
    return np.sort(np.where(works, oriented, worst))


def _counts(m: ArrayLike | None, n: int) -> NDArray[np.int64]:
    if m is None:
        return np.arange(1, n + 1)
    counts = np.asarray(m)
    if counts.dtype.kind not in "iu" or counts.min(initial=1) < 1 or counts.max(initial=n) > n:
        raise ValueError(f"m: accepted are whole numbers from 1 to the number of trials, {n}")
    return counts.astype(np.int64)


def expected_best(
    values: ArrayLike, m: ArrayLike | None = None, *, higher_is_better: bool = True
) -> Array:
    """Return the expected best of m trials out of n, without bias.

    E[max of m] = sum over i = m..n of C(i-1, m-1) v(i) / C(n, m),   v(1) <= ... <= v(n)

    It is the mean over all sets of m of the n trials, computed from
    P(max of m <= v(i)) = C(i, m) / C(n, m) as a running product, so that no binomial overflows.
    It says what random search would have found; on a grid, or with a search that learns, it only
    describes the trials.

    Args:
        values: metric of each trial on validation, float [n], metric units. What is not finite
            failed, and counts as the worst of those that worked: no value is known for it, and
            minus infinity would say nothing about the others. The curve is then an upper bound.
        m: a number of trials in [1, n], or several, int [...]; None means 1, 2, ..., n.
        higher_is_better: which way the metric is better.

    Returns:
        Expected best value for each m, float [...], metric units, m = n being the best; NaN
        where all failed.

    Raises:
        ValueError: no values, not one-dimensional, or an m outside [1, n].

    Source:
        Tang et al. 2020, arXiv:2004.13705.
    """
    best = _sorted(values, higher_is_better)
    n = len(best)
    counts = _counts(m, n)
    i, taken = np.arange(n + 1), np.arange(counts.max(initial=1))[:, None]
    below = np.cumprod(np.maximum(i - taken, 0) / (n - taken), axis=0)  # [m, i]: P(max <= v(i))
    curve = np.diff(below, axis=1) @ best
    return np.asarray((curve if higher_is_better else -curve)[counts - 1])


def expected_best_plug_in(
    values: ArrayLike, m: ArrayLike | None = None, *, higher_is_better: bool = True
) -> Array:
    """Return the expected best of m trials drawn anew from those that there are: biased low.

    sum over i of v(i) ((i/n)^m - ((i-1)/n)^m),   v(1) <= ... <= v(n)

    The earlier form, for m > 1 below `expected_best`, as a trial may be drawn twice; kept to
    compare with published curves.

    Args:
        values: as for `expected_best`.
        m: as for `expected_best`.
        higher_is_better: which way the metric is better.

    Returns:
        Expected best value for each m, float [...], metric units; NaN where all failed.

    Raises:
        ValueError: no values, not one-dimensional, or an m outside [1, n].

    Source:
        Dodge et al. 2019, arXiv:1909.03004.
    """
    best = _sorted(values, higher_is_better)
    n = len(best)
    below = (np.arange(n + 1) / n) ** _counts(m, n)[..., None]
    curve = np.diff(below, axis=-1) @ best
    return np.asarray(curve if higher_is_better else -curve)


def width_in_decades(
    rates: Sequence[float],
    values: Sequence[float],
    delta: float,
    *,
    higher_is_better: bool = True,
) -> tuple[float, bool]:
    """Return over how many decades of a learning rate the metric stays within delta of its best.

    log10(highest / lowest) of the rates next to each other, the best among them, whose values are
    no further than delta from the best one

    Nothing is assumed between rates that were tried, so that it is a lower bound.

    Args:
        rates: learning rates, > 0, float [n].
        values: metric at each of them, float [n], metric units; what is not finite failed, and
            ends the range.
        delta: smallest difference that matters, >= 0, metric units.
        higher_is_better: which way the metric is better.

    Returns:
        The width in decades, 0 where only one rate is as good; NaN where all failed. And whether
        the range reaches the lowest or the highest rate, so that it may go on beyond.

    Raises:
        ValueError: the lengths differ, or a rate is not positive or there twice.

    Source:
        Own definition.
    """
    order = np.argsort(rates, kind="stable")
    at = np.asarray(rates, dtype=np.float64)[order]
    if at.shape != np.shape(values) or (at <= 0).any() or (np.diff(at) <= 0).any():
        raise ValueError("rates: accepted are positive numbers, each once, as many as values")
    oriented = np.asarray(values, dtype=np.float64)[order] * (1 if higher_is_better else -1)
    oriented[~np.isfinite(oriented)] = -math.inf
    if not np.isfinite(oriented).any():
        return math.nan, False
    best = int(oriented.argmax())
    # Two decimal numbers that lie delta apart may differ from it by a rounding error.
    bad = np.flatnonzero(oriented < oriented[best] - delta * (1 + 1e-9))
    low = max(bad[bad < best], default=-1) + 1
    high = min(bad[bad > best], default=len(at)) - 1
    return float(np.log10(at[high] / at[low])), bool(low == 0 or high == len(at) - 1)

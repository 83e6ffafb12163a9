"""Sizes of a difference beside its mean, runs that are not paired, and failures."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lossbench.stats.paired import checked


def unpaired_improvement(loss: ArrayLike, baseline: ArrayLike) -> float:
    """Estimate how often a run of the loss beats an unrelated run of the baseline.

    P = (pairs won + pairs tied / 2) / (n_loss n_baseline),   the Mann-Whitney U over all pairs

    Args:
        loss: oriented values of the loss, float [n_loss], higher is better.
        baseline: those of the baseline, float [n_baseline].

    Returns:
        Share, in [0, 1]; NaN where one has no run.

    Raises:
        ValueError: a value is NaN or infinite.

    Source:
        Mann & Whitney 1947; Agarwal et al. 2021, arXiv:2108.13264.
    """
    a, b = checked(loss), checked(baseline)
    if not (len(a) and len(b)):
        return math.nan
    return float((np.sign(a[:, None] - b).mean() + 1) / 2)


def cliffs_delta(loss: ArrayLike, baseline: ArrayLike) -> float:
    """Return how much more often a run of the loss wins than it loses.

    P(loss > baseline) - P(loss < baseline) = 2 unpaired_improvement - 1

    Args:
        loss: oriented values of the loss, float [n_loss], higher is better.
        baseline: those of the baseline, float [n_baseline].

    Returns:
        Difference of two shares, in [-1, 1]; NaN where one has no run.

    Raises:
        ValueError: a value is NaN or infinite.

    Source:
        Cliff 1993, doi:10.1037/0033-2909.114.3.494.
    """
    return 2 * unpaired_improvement(loss, baseline) - 1


def relative_error_reduction(loss: float, baseline: float) -> float:
    """Return what share of the baseline's error is gone.

    (error of the baseline - error of the loss) / error of the baseline

    Args:
        loss: error of the loss, >= 0: 1 - score where 1 is perfect.
        baseline: that of the baseline.

    Returns:
        Share, at most 1, negative where the loss makes more errors; NaN where the baseline makes
        none or one of them is unknown.

    Source:
        Usual definition.
    """
    return (baseline - loss) / baseline if baseline > 0 else math.nan


def noether_n(gamma: float = 0.75, alpha: float = 0.05, power: float = 0.95) -> float:
    """Return how many runs tell a probability of improvement of gamma from one half.

    ((z(1 - alpha) + z(power)) / (sqrt 6 (gamma - 1/2)))^2

    Args:
        gamma: probability of improvement to detect, in (1/2, 1].
        alpha: level of the one-sided test, in (0, 1).
        power: chance to detect it, in (0, 1).

    Returns:
        Number of runs of each loss, not rounded.

    Raises:
        ValueError: gamma is not in (1/2, 1].

    Source:
        Noether 1987, doi:10.2307/2289477, for two samples of one size; Bouthillier et al. 2021,
        arXiv:2103.03098.
    """
    if not 0.5 < gamma <= 1:
        raise ValueError(f"gamma: {gamma!r}; accepted is a number in (0.5, 1]")
    z = special.ndtri(1 - alpha) + special.ndtri(power)
    return float((z / (math.sqrt(6) * (gamma - 0.5))) ** 2)


def failures_p(failed_alone: int, baseline_failed_alone: int) -> float:
    """Test that the loss fails as often as the baseline, from the blocks where one failed alone.

    Exact two-sided sign test: `failed_alone` of the sum, each with probability 1/2.

    Args:
        failed_alone: blocks in which the loss failed and the baseline did not, >= 0.
        baseline_failed_alone: blocks in which it was the other way round, >= 0.

    Returns:
        p-value, at least 2 / 2^(sum of both); 1 where there is no such block.

    Source:
        McNemar 1947; `scipy.stats.binomtest`.
    """
    both = failed_alone + baseline_failed_alone
    fewer = min(failed_alone, baseline_failed_alone)
    return min(1.0, 2 * float(special.bdtr(fewer, both, 0.5))) if both else 1.0

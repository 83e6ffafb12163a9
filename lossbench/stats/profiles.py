"""Performance profiles: on what share of data sets a loss is fast, of what share of runs good."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

R_MAX = 4.0


def ratios(times: ArrayLike) -> Array:
    """Return times relative to the fastest loss on each data set.

    r_ij = t_ij / min over losses of t_.j

    Args:
        times: times to a target, float [losses, datasets], in steps, examples or seconds, > 0;
            infinite where the target was not reached.

    Returns:
        Ratios, float64 [losses, datasets], >= 1; infinite where not reached.

    Raises:
        ValueError: not a table of times > 0.

    Source:
        Dolan & More 2002, arXiv:cs/0102001.
    """
    table = np.asarray(times, dtype=np.float64)
    if table.ndim != 2 or not len(table) or not (table > 0).all():
        raise ValueError("times: accepted are times > 0 or infinity, [losses, datasets]")
    reached = np.isfinite(table)
    best = np.where(reached, table, math.inf).min(axis=0)
    found = np.full(table.shape, math.inf)
    found[reached] = (table / np.where(np.isfinite(best), best, 1.0))[reached]
    return found


def performance_profile(times: ArrayLike, taus: ArrayLike) -> Array:
    """Return on what share of the data sets each loss is within a factor of the fastest.

    rho_i(tau) = share of data sets with r_ij <= tau

    Args:
        times: as for `ratios`.
        taus: the factors, float [taus], >= 1.

    Returns:
        Shares, float64 [losses, taus], rising in tau.

    Raises:
        ValueError: not a table of times > 0.

    Source:
        Dolan & More 2002, arXiv:cs/0102001.
    """
    slack = 1 + 1e-12  # 1.2 as 12 / 10 is not always 1.2
    within = ratios(times)[:, None, :] <= np.asarray(taus, np.float64)[:, None] * slack
    return np.asarray(within.mean(axis=2), dtype=np.float64)


def profile_score(times: ArrayLike, r_max: float = R_MAX) -> Array:
    """Return the mean of each loss's performance profile from 1 to r_max.

    1 / (r_max - 1) integral of rho(tau) from 1 to r_max = mean_j (r_max - min(r_ij, r_max)) / ...

    Args:
        times: as for `ratios`.
        r_max: the factor from which on a loss gets nothing, > 1.

    Returns:
        Scores, float64 [losses], in [0, 1]; 1 is the fastest everywhere.

    Raises:
        ValueError: not a table of times > 0, or r_max not above 1.

    Source:
        AlgoPerf, Dahl et al. 2023, arXiv:2306.07179.
    """
    if not r_max > 1:
        raise ValueError(f"r_max: {r_max!r}; accepted is a number above 1")
    left = r_max - np.minimum(ratios(times), r_max)
    return np.asarray(left.mean(axis=1) / (r_max - 1), dtype=np.float64)


def quality_profile(scores: ArrayLike, taus: ArrayLike) -> Array:
    """Return what share of the runs is better than each threshold.

    Args:
        scores: float [..., runs], higher is better; NaN for a failed run, which is never better.
        taus: the thresholds, float [taus], units of the scores.

    Returns:
        Shares, float64 [..., taus], falling in tau.

    Source:
        Agarwal et al. 2021, arXiv:2108.13264.
    """
    above = np.asarray(scores, np.float64)[..., None, :] > np.asarray(taus, np.float64)[:, None]
    return np.asarray(above.mean(axis=-1), dtype=np.float64)

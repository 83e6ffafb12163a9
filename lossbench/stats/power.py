"""How large a difference a design can detect, and how many seeds a difference needs.

Effects are in standard deviations of the paired differences (dz) or, times sd, in metric units.
"""

import math
from functools import cache

import numpy as np
from scipy import special

MOST_SEEDS = 1_000_000


def power_t(dz: float, n: int, alpha: float = 0.05) -> float:
    """Return the power of the two-sided one-sample t-test.

    P(|T| > t(1 - alpha/2, n - 1)),   T noncentral t with n - 1 df and noncentrality dz sqrt(n)

    Args:
        dz: true mean difference in standard deviations of the differences.
        n: number of pairs.
        alpha: level of the test, in (0, 1).

    Returns:
        Power, in [alpha, 1]; NaN for n < 2.

    Source:
        Cohen 1988, section 2.4; `statsmodels.stats.power.TTestPower` is the oracle.
    """
    if n < 2:
        return math.nan
    critical = special.stdtrit(n - 1, 1 - alpha / 2)
    center = abs(dz) * math.sqrt(n)
    # far out the noncentral t returns NaN: there the upper tail is 1 and the lower 0
    upper = np.nan_to_num(1 - special.nctdtr(n - 1, center, critical), nan=1.0)
    lower = np.nan_to_num(special.nctdtr(n - 1, center, -critical), nan=0.0)
    return float(min(upper + lower, 1.0))


@cache
def mde_dz(n: int, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the smallest effect that n pairs detect with the given power.

    dz with power_t(dz, n, alpha) = power;   in metric units: dz sd

    Args:
        n: number of pairs.
        alpha: level of the test, in (0, 1).
        power: chance to detect the effect, in (alpha, 1).

    Returns:
        Minimum detectable effect in standard deviations of the differences; NaN for n < 2.

    Raises:
        ValueError: power does not lie in (alpha, 1).

    Source:
        Inversion of `power_t`.
    """
    if not alpha < power < 1:
        raise ValueError(f"power: {power!r}; accepted is a number in ({alpha}, 1)")
    if n < 2:
        return math.nan
    from scipy import optimize  # here: it takes longer to import than to use

    high = 0.1
    while power_t(high, n, alpha) < power:  # a large fixed bracket makes nct return NaN
        high *= 1.3
    found: float = optimize.brentq(lambda dz: power_t(dz, n, alpha) - power, 1e-6, high)
    return found


def seeds_needed(dz: float, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Return the smallest number of pairs that detects an effect with the given power.

    min n >= 2 with power_t(dz, n, alpha) >= power

    Args:
        dz: effect in standard deviations of the differences; its sign does not count.
        alpha: level of the test, in (0, 1).
        power: chance to detect the effect, in (alpha, 1).

    Returns:
        Number of pairs, >= 2; None where a million do not suffice, as for dz = 0.

    Raises:
        ValueError: dz is NaN, or power does not lie in (alpha, 1).

    Source:
        Inversion of `power_t`.
    """
    if math.isnan(dz) or not alpha < power < 1:
        raise ValueError(f"dz, power: {dz!r}, {power!r}; accepted: a number, and ({alpha}, 1)")
    if math.isinf(dz):
        return 2
    z = float(special.ndtri(1 - alpha / 2) + special.ndtri(power))
    asked = (z / dz) ** 2 if dz else math.inf  # of the normal distribution; t asks for a few more
    if asked > MOST_SEEDS:
        return None
    n = max(2, math.floor(asked))
    while n > 2 and power_t(dz, n - 1, alpha) >= power:
        n -= 1
    while power_t(dz, n, alpha) < power:
        n += 1
    return n


def n_for_delta(sd: float, delta: float, alpha: float = 0.05, power: float = 0.8) -> int | None:
    """Return the smallest number of pairs that detects a difference of delta.

    seeds_needed(delta / sd)

    Args:
        sd: standard deviation of the differences, metric units, >= 0; see also `sd_upper`.
        delta: difference to detect, metric units, > 0.
        alpha: level of the test, in (0, 1).
        power: chance to detect it, in (alpha, 1).

    Returns:
        Number of pairs, >= 2; None where a million do not suffice. 2 for sd = 0.

    Raises:
        ValueError: sd is negative or NaN, or delta not above 0.

    Source:
        Inversion of `power_t`.
    """
    if not (sd >= 0 and delta > 0):
        raise ValueError(f"sd, delta: {sd!r}, {delta!r}; accepted are sd >= 0 and delta > 0")
    return seeds_needed(delta / sd if sd > 0 else math.inf, alpha, power)


def sd_upper(sd: float, n: int, confidence: float = 0.8) -> float:
    """Return the upper confidence bound of a standard deviation.

    sd sqrt((n - 1) / chi2(1 - confidence, n - 1))

    Args:
        sd: standard deviation of n differences, metric units.
        n: number of differences.
        confidence: chance that the bound lies above the true value, in (0, 1).

    Returns:
        Upper bound, metric units; NaN for n < 2.

    Source:
        Browne 1995, Statistics in Medicine 14:1933-1940, for planning from a pilot sample.
    """
    if n < 2:
        return math.nan
    return float(sd * math.sqrt((n - 1) / special.chdtri(n - 1, confidence)))

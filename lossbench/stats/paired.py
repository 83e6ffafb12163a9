"""One loss against the baseline, from the differences of paired runs.

A difference is oriented: positive means that the loss is better than the baseline. It has the
unit of the metric. Differences count as all equal where they spread over no more than rounding,
1e-12 of the largest; the tests then answer from the mean alone.

Where each pair has a test part of its own, drawn from one pool, pairs share training and test
examples and are not independent. `overlap` corrects for it: the variance of the mean is then
sd^2 (1/n + n_test / n_train) and not sd^2 / n. Nadeau & Bengio 2003, doi:10.1023/A:1024068626366.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from lossbench.stats import student
from lossbench.stats.sign_flips import sign_flips

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PairedDifference:
    """Mean of paired differences with its t interval.

    Attributes:
        n: number of pairs.
        mean: mean difference, metric units; NaN for n = 0.
        sd: standard deviation of the differences, n - 1 in the denominator; NaN for n < 2.
        se: standard error of the mean; NaN for n < 2.
        ci_low: lower end of the interval; NaN for n < 2.
        ci_high: upper end of the interval; NaN for n < 2.
        p_t: two-sided p-value of the paired t-test; NaN for n < 2.
    """

    n: int
    mean: float
    sd: float
    se: float
    ci_low: float
    ci_high: float
    p_t: float


@dataclass(frozen=True)
class Proportion:
    """A share with its Wilson interval; NaN where n = 0.

    Attributes:
        n: number of cases.
        value: the share, in [0, 1].
        ci_low: lower end.
        ci_high: upper end.
    """

    n: int
    value: float
    ci_low: float
    ci_high: float


def checked(d: ArrayLike) -> Array:
    """Return the differences as a vector, or refuse them.

    Args:
        d: differences, [n], n >= 0.

    Returns:
        The same, float64 [n].

    Raises:
        ValueError: not one-dimensional, or a difference is NaN or infinite.
    """
    values = np.asarray(d, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"d: shape {values.shape}; accepted is one difference per pair, [n]")
    if not np.isfinite(values).all():
        raise ValueError("d: NaN or infinite; leave out the pairs in which a run failed")
    return values


def all_equal(d: ArrayLike) -> bool:
    """Return whether there are two differences or more and all are the same.

    max d - min d <= 1e-12 max |d|

    Args:
        d: differences, float [n], metric units.

    Returns:
        Whether they are all equal, up to rounding.

    Raises:
        ValueError: a difference is NaN or infinite.
    """
    return bool(student.estimate(checked(d)).equal)


def paired_difference(d: ArrayLike, alpha: float = 0.05, overlap: float = 0.0) -> PairedDifference:
    """Estimate the mean difference, with its t interval and the paired t-test.

    mean -+ t(1 - alpha/2, n - 1) se,   se = sd sqrt(1/n + overlap)

    All differences equal: the interval is the mean, and p_t is 1 where that is 0, else 0.

    Args:
        d: differences, float [n], metric units.
        alpha: the interval covers 1 - alpha, in (0, 1).
        overlap: n_test / n_train where each pair has a test part of its own, drawn from one pool
            with its training part; 0 where all share one.

    Returns:
        The estimates.

    Raises:
        ValueError: a difference is NaN or infinite, or overlap is negative.

    Source:
        Student 1908; without overlap the same as `scipy.stats.ttest_rel`.
    """
    of = student.estimate(checked(d), overlap)
    low, high = student.interval(of, alpha)
    numbers = (of.mean, of.sd, of.se, low, high, student.two_sided_p(of))
    return PairedDifference(int(of.n), *map(float, numbers))


def _checked_delta(delta: float) -> float:
    if not (math.isfinite(delta) and delta >= 0):
        raise ValueError(f"delta: {delta!r}; accepted is a finite number >= 0")
    return delta


def tost_p(d: ArrayLike, delta: float, overlap: float = 0.0) -> float:
    """Test that the mean difference lies inside (-delta, delta): two one-sided t-tests.

    p = max(p of mean > -delta, p of mean < delta)

    Args:
        d: differences, float [n], metric units.
        delta: smallest difference that matters, metric units, >= 0.
        overlap: as for `paired_difference`.

    Returns:
        p-value; NaN for n < 2. All differences equal: 0 where |mean| < delta, else 1.

    Raises:
        ValueError: a difference is NaN or infinite, or delta is negative.

    Source:
        Schuirmann 1987; Lakens 2017, doi:10.1177/1948550617697177.
    """
    of = student.estimate(checked(d), overlap)
    return float(student.inside_p(of, _checked_delta(delta)))


def beyond_delta_p(d: ArrayLike, delta: float, overlap: float = 0.0) -> float:
    """Test that the mean difference exceeds delta, in the direction that the mean has.

    mean >= 0: p of mean > delta;   mean < 0: p of mean < -delta

    Args:
        d: differences, float [n], metric units.
        delta: smallest difference that matters, metric units, >= 0.
        overlap: as for `paired_difference`.

    Returns:
        One-sided p-value; NaN for n < 2. All differences equal: 0 where |mean| > delta, else 1.

    Raises:
        ValueError: a difference is NaN or infinite, or delta is negative.

    Source:
        Minimum-effect test, Murphy & Myors 1999.
    """
    of = student.estimate(checked(d), overlap)
    return float(student.beyond_p(of, _checked_delta(delta)))


def sign_flip_p(d: ArrayLike, rng: np.random.Generator | None = None) -> float:
    """Test that the differences are symmetric about 0, by flipping their signs.

    p = share of the 2^n sign patterns whose |mean| is at least the one observed

    Exact up to n = 16; above, 99,999 random patterns with the observed one added.

    Args:
        d: differences, float [n], metric units.
        rng: source of the patterns; needed for n > 16 only.

    Returns:
        Two-sided p-value, at least 2 / 2^n; NaN for n = 0.

    Raises:
        ValueError: a difference is NaN or infinite, or n > 16 without rng.

    Source:
        Fisher 1935; `scipy.stats.permutation_test`, samples.
    """
    return float(sign_flips(checked(d), rng))


def g_z(d: ArrayLike) -> float:
    """Return how consistent the difference is: its mean in standard deviations, unbiased.

    g_z = J(n - 1) mean / sd,   J(v) = gamma(v/2) / (sqrt(v/2) gamma((v - 1)/2))

    Args:
        d: differences, float [n], metric units.

    Returns:
        Effect size, dimensionless; NaN for n < 3 and where all differences are equal.

    Raises:
        ValueError: a difference is NaN or infinite.

    Source:
        Hedges 1981.
    """
    d = checked(d)
    v = len(d) - 1
    if v < 2 or all_equal(d):
        return math.nan
    log_j = special.gammaln(v / 2) - special.gammaln((v - 1) / 2) - 0.5 * math.log(v / 2)
    return float(np.exp(log_j) * d.mean() / d.std(ddof=1))


def _checked_pairs(loss: ArrayLike, baseline: ArrayLike) -> tuple[Array, Array]:
    a, b = checked(loss), checked(baseline)
    if a.shape != b.shape:
        raise ValueError(f"baseline: {len(b)} runs for {len(a)} of the loss; accepted are pairs")
    return a, b


def d_av(loss: ArrayLike, baseline: ArrayLike) -> float:
    """Return the mean difference relative to the spread between seeds.

    d_av = mean(loss - baseline) / sqrt((var loss + var baseline) / 2)

    Args:
        loss: values of the loss, float [n], metric units.
        baseline: values of the baseline in the same blocks, float [n].

    Returns:
        Effect size, dimensionless, positive where the loss's values are larger; NaN for n < 2
        and where neither spreads.

    Raises:
        ValueError: a value is NaN or infinite, or the lengths differ.

    Source:
        Cumming 2012; Lakens 2013, doi:10.3389/fpsyg.2013.00863, eq. 10.
    """
    a, b = _checked_pairs(loss, baseline)
    if len(a) < 2 or (all_equal(a) and all_equal(b)):
        return math.nan
    return float((a - b).mean() / math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))


def pairing_gain(loss: ArrayLike, baseline: ArrayLike) -> float:
    """Return by what factor pairing multiplied the worth of a seed.

    (var loss + var baseline) / var(loss - baseline)

    Args:
        loss: values of the loss, float [n], metric units.
        baseline: values of the baseline in the same blocks, float [n].

    Returns:
        Gain, dimensionless, >= 0; 1 bought nothing, below 1 cost a little. Infinite where only
        the differences are all equal; NaN for n < 2 and where nothing spreads.

    Raises:
        ValueError: a value is NaN or infinite, or the lengths differ.

    Source:
        Ratio of the variances of the unpaired and the paired estimate.
    """
    a, b = _checked_pairs(loss, baseline)
    if len(a) < 2 or (all_equal(a) and all_equal(b)):
        return math.nan
    if all_equal(a - b):
        return math.inf
    return float((a.var(ddof=1) + b.var(ddof=1)) / (a - b).var(ddof=1))


def wilson(count: float, n: int, alpha: float = 0.05) -> Proportion:
    """Return a share with its Wilson interval.

    (p + z^2/2n -+ z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n),   z = Phi^-1(1 - alpha/2)

    Args:
        count: number of successes, 0 .. n; a tie may count as half.
        n: number of cases, >= 0.
        alpha: the interval covers 1 - alpha, in (0, 1).

    Returns:
        The share and its interval; NaN for n = 0.

    Raises:
        ValueError: count is not in 0 .. n.

    Source:
        Wilson 1927; `scipy.stats.binomtest` has the same for whole counts only.
    """
    if not 0 <= count <= n:
        raise ValueError(f"count: {count!r} of {n}; accepted are 0 to {n}")
    if n == 0:
        return Proportion(0, math.nan, math.nan, math.nan)
    p, z = count / n, float(special.ndtri(1 - alpha / 2))
    half = z * math.sqrt(p * (1 - p) / n + (z / n) ** 2 / 4)
    low, high = ((p + z * z / (2 * n) + side * half) / (1 + z * z / n) for side in (-1, 1))
    return Proportion(n, p, max(0.0, low), min(1.0, high))


def probability_of_improvement(d: ArrayLike, alpha: float = 0.05) -> Proportion:
    """Estimate how often the loss wins against the baseline in a new block.

    PI = (wins + ties / 2) / n, with Wilson's interval

    Args:
        d: differences, float [n]; only their signs are read, so that infinite ones stand for
            blocks in which one of the two failed (-inf: the loss), and 0 for both.
        alpha: the interval covers 1 - alpha, in (0, 1).

    Returns:
        The share and its interval; NaN for n = 0.

    Raises:
        ValueError: a difference is NaN.

    Source:
        Bouthillier et al. 2021, arXiv:2103.03098, section 4.
    """
    signs = checked(np.sign(np.asarray(d, dtype=np.float64)))
    return wilson(float((signs + 1).sum() / 2), len(signs), alpha)


def completion(k: int, n: int, alpha: float = 0.05) -> Proportion:
    """Estimate the share of runs that finish.

    k / n, with Wilson's interval

    Args:
        k: number of runs that finished.
        n: number of runs.
        alpha: the interval covers 1 - alpha, in (0, 1).

    Returns:
        The share and its interval; NaN for n = 0.

    Raises:
        ValueError: k is not in 0 .. n.

    Source:
        Wilson 1927.
    """
    return wilson(k, n, alpha)

"""Student's t for many rows of differences at once: estimates, intervals, p-values.

The last axis runs over the differences of a row; NaN there is a pair that is lost, so that each
row has a number of pairs of its own. Rows whose differences are all equal up to rounding, 1e-12 of
the largest, have p-values of 0 or 1, by their mean alone.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Estimate:
    """Means of rows of differences; every array has the shape of the rows.

    Attributes:
        n: number of pairs, integer.
        mean: mean difference; NaN for n = 0.
        sd: standard deviation, n - 1 in the denominator; 0 where all are equal, NaN for n < 2.
        se: standard error of the mean; NaN for n < 2.
        equal: whether there are two differences or more and all are the same.
    """

    n: NDArray[np.int64]
    mean: Array
    sd: Array
    se: Array
    equal: NDArray[np.bool_]


def estimate(d: Array, overlap: float = 0.0) -> Estimate:
    """Estimate the mean of each row.

    se = sd sqrt(1/n + overlap)

    Args:
        d: differences, float64 [..., pairs], metric units; NaN where a pair is lost.
        overlap: n_test / n_train where each pair has a test part of its own, >= 0.

    Returns:
        The estimates, [...].

    Raises:
        ValueError: overlap is negative or not finite.

    Source:
        Student 1908; for overlap Nadeau & Bengio 2003, doi:10.1023/A:1024068626366.
    """
    if not (math.isfinite(overlap) and overlap >= 0):
        raise ValueError(f"overlap: {overlap!r}; accepted is a finite number >= 0")
    there = ~np.isnan(d)
    n = there.sum(axis=-1, dtype=np.int64)
    some, two = np.maximum(n, 1), np.maximum(n, 2)  # what divides where nothing is shown
    mean = np.where(there, d, 0.0).sum(axis=-1) / some
    beside = np.where(there, d - mean[..., None], 0.0)
    equal = (n > 1) & all_alike(d, there)
    sd = np.where(equal, 0.0, np.sqrt((beside**2).sum(axis=-1) / (two - 1)))
    sd = np.where(n > 1, sd, np.nan)
    return Estimate(n, np.where(n > 0, mean, np.nan), sd, sd * np.sqrt(1 / some + overlap), equal)


def all_alike(d: Array, there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return for each row whether what is there spreads over no more than rounding."""
    spread = d.max(axis=-1, initial=-np.inf, where=there) - d.min(
        axis=-1, initial=np.inf, where=there
    )
    largest: Array = np.abs(d).max(axis=-1, initial=0.0, where=there)
    return np.asarray(spread <= _ROUNDING * largest)


def two_sided_p(of: Estimate) -> Array:
    """Return the p-value of each mean against 0; all differences equal: 1 where that is 0."""
    p = 2 * special.stdtr(_df(of), -np.abs(of.mean) / _divisor(of))
    return _decided(of, p, of.mean == 0)


def above_p(of: Estimate, bound: ArrayLike, mean: Array | None = None) -> Array:
    """Return the one-sided p-value of each row against a mean of at most `bound`.

    Args:
        of: the estimates, [...].
        bound: in metric units, [...]; NaN gives NaN.
        mean: what is tested instead of the mean itself, as -mean; None means the mean.
    """
    tested = of.mean if mean is None else mean
    limit = np.asarray(bound, dtype=np.float64)
    p = special.stdtr(_df(of), (limit - tested) / _divisor(of))
    return np.where(np.isnan(limit), np.nan, _decided(of, p, tested <= limit))


def inside_p(of: Estimate, delta: ArrayLike) -> Array:
    """Return the p-value of each mean lying inside (-delta, delta): two one-sided t-tests."""
    low = -np.asarray(delta, dtype=np.float64)
    return np.maximum(above_p(of, low), above_p(of, low, -of.mean))


def beyond_p(of: Estimate, delta: ArrayLike) -> Array:
    """Return the p-value of each mean exceeding delta, in the direction that it has."""
    return above_p(of, delta, np.abs(of.mean))


def interval(of: Estimate, alpha: float) -> tuple[Array, Array]:
    """Return both ends of the interval of each mean that covers 1 - alpha; NaN for n < 2.

    mean -+ t(1 - alpha/2, n - 1) se
    """
    half = special.stdtrit(_df(of), 1 - alpha / 2) * of.se
    return of.mean - half, of.mean + half


def _df(of: Estimate) -> Array:
    return np.maximum(of.n - 1, 1).astype(np.float64)


def _divisor(of: Estimate) -> Array:
    """Return the standard errors, 1 where all differences are equal and none is needed."""
    return np.where(of.equal, 1.0, of.se)


def _decided(of: Estimate, p: Array, kept: NDArray[np.bool_]) -> Array:
    """Return p, but 1 or 0 where all differences are equal, as the hypothesis is kept or not."""
    return np.where(of.equal, np.where(kept, 1.0, 0.0), np.where(of.n > 1, p, np.nan))

"""The sign-flip test for many rows of differences at once."""

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

EXACT_UP_TO = 16
RESAMPLES = 99_999
_AT_ONCE = 2**22
"""Sums of flipped rows that are held in memory together: 32 MiB of them."""
_ROUNDING = 1e-12


def sign_flips(d: ArrayLike, rng: np.random.Generator | None = None) -> Array:
    """Test that each row of differences is symmetric about 0, by flipping their signs.

    p = share of the 2^n sign patterns whose |sum| is at least the one observed

    Exact up to n = 16; above, 99,999 random patterns with the observed one added, the same for all
    rows with as many differences. Sums that differ by rounding are ties.

    Args:
        d: differences, float [..., pairs], metric units; NaN where a pair is lost.
        rng: source of the patterns; needed where a row has more than 16 differences.

    Returns:
        Two-sided p-values, float64 [...], at least 2 / 2^n; NaN for n = 0.

    Raises:
        ValueError: a row has more than 16 differences and there is no rng.

    Source:
        Fisher 1935; `scipy.stats.permutation_test`, samples.
    """
    table = np.asarray(d, dtype=np.float64)
    rows = table.reshape(math.prod(table.shape[:-1]), table.shape[-1])
    counts = (~np.isnan(rows)).sum(axis=1)
    found = np.full(len(rows), np.nan)
    for n in np.unique(counts[counts > 0]).tolist():
        mine = rows[counts == n]
        complete = mine if n == mine.shape[1] else mine[~np.isnan(mine)].reshape(-1, n)
        found[counts == n] = _shares(complete, n, rng)
    return found.reshape(table.shape[:-1])


def _shares(rows: Array, n: int, rng: np.random.Generator | None) -> Array:
    if n <= EXACT_UP_TO:
        patterns, added = _all_patterns(n), 0
    elif rng is None:
        raise ValueError(f"rng: None; more than {EXACT_UP_TO} differences need a generator")
    else:
        patterns, added = _signs(rng.integers(0, 2, (n, RESAMPLES), dtype=np.int8)), 1
    total = patterns.shape[1]
    step = max(1, _AT_ONCE // total)
    extreme = [_extreme(rows[i : i + step], patterns) for i in range(0, len(rows), step)]
    shares: Array = (np.concatenate(extreme) + added) / (total + added)
    return shares


def _extreme(rows: Array, patterns: Array) -> NDArray[np.int64]:
    """Return how many patterns give each row a sum as far from 0 as its own."""
    observed = np.abs(rows.sum(axis=1)) - _ROUNDING * np.abs(rows).sum(axis=1)
    sums = rows @ patterns
    return np.asarray((np.abs(sums, out=sums) >= observed[:, None]).sum(axis=1))


@cache
def _all_patterns(n: int) -> Array:
    """Return the sign patterns that keep the first sign, [n, 2^(n - 1)]; the others mirror them."""
    bits: NDArray[np.int64] = (np.arange(2 ** (n - 1)) >> np.arange(n)[:, None]) & 1
    return _signs(bits[::-1])


def _signs(bits: NDArray[np.integer]) -> Array:
    return (1 - 2 * bits).astype(np.float64)

"""What test examples say: two trained networks on the same ones, and seeds crossed with examples.

With one seed these speak of two trained networks and never of two losses: another seed gives two
other networks. Predictions of several seeds on the same examples are not independent and are never
pooled into one table.

A bootstrap resamples examples for both networks alike. Its draws of a metric that is a mean over
examples, or a function of such means, come from `mean_draws`, of any other from `example_draws`;
with generators of one seed both use the same resamples.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from lossbench.stats.paired import checked

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

DRAWS = 10_000
_AT_ONCE = 1 << 22
"""Indices that are drawn at a time: 32 MiB."""


@dataclass(frozen=True)
class McNemar:
    """Two networks on the same examples, from those that only one of them has right.

    Attributes:
        only_first: examples that the first has right and the second wrong.
        only_second: the other way round.
        n: all examples.
        p_exact: two-sided exact p-value.
        p_mid: the mid-p value, which is closer to its nominal level.
        difference: accuracy of the first minus that of the second.
        ci_low: lower end of Wald's interval.
        ci_high: upper end.
    """

    only_first: int
    only_second: int
    n: int
    p_exact: float
    p_mid: float
    difference: float
    ci_low: float
    ci_high: float


def mcnemar(only_first: int, only_second: int, n: int, alpha: float = 0.05) -> McNemar:
    """Compare the accuracy of two networks on the same examples.

    p = P(|B - m/2| >= |b - m/2|),  B ~ Bin(m, 1/2),  m = b + c;   mid-p = p - P(B = b)
    (b - c) / n -+ z sqrt(b + c - (b - c)^2 / n) / n

    Args:
        only_first: b, examples that only the first network has right.
        only_second: c, examples that only the second one has right.
        n: all examples, >= b + c.
        alpha: the interval covers 1 - alpha, in (0, 1).

    Returns:
        Both p-values, 1 where b + c = 0, and the difference with its interval.

    Raises:
        ValueError: a count is negative, or b + c > n or n = 0.

    Source:
        McNemar 1947; mid-p: Fagerland et al. 2013, doi:10.1186/1471-2288-13-91; Dietterich 1998.
    """
    b, c = only_first, only_second
    if b < 0 or c < 0 or b + c > n or n < 1:
        raise ValueError(f"only_first, only_second: {b}, {c} of {n}; accepted are counts within n")
    m = b + c
    from scipy import stats  # here: it takes longer to import than to use

    exact = float(stats.binomtest(b, m, 0.5).pvalue) if m else 1.0
    # for b = c the two tails share the middle, which scipy counts once
    mid = exact - float(stats.binom.pmf(b, m, 0.5)) * (0.5 if 2 * b == m else 1.0) if m else 1.0
    difference = (b - c) / n
    half = float(special.ndtri(1 - alpha / 2)) * math.sqrt(m - (b - c) ** 2 / n) / n
    return McNemar(b, c, n, exact, mid, difference, difference - half, difference + half)


def discordant(first: ArrayLike, second: ArrayLike) -> tuple[int, int]:
    """Count the examples that only one of two networks has right.

    Args:
        first: whether the first network has each example right, bool [examples].
        second: the same of the second.

    Returns:
        b: only the first, and c: only the second.

    Raises:
        ValueError: the lengths differ.
    """
    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"second: shape {b.shape} for {a.shape}; accepted are the same examples")
    return int((a & ~b).sum()), int((~a & b).sum())


def resamples(
    n: int, rng: np.random.Generator, draws: int = DRAWS, clusters: ArrayLike | None = None
) -> Iterator[Indices]:
    """Yield indices of examples drawn with replacement, clusters as a whole.

    Args:
        n: number of examples, >= 1.
        rng: source of the draws.
        draws: how many resamples.
        clusters: which examples belong together, as those of a patient, [n]; None means each for
            itself.

    Yields:
        Indices, int [n]; with clusters as many clusters as there are, so that their number of
        examples varies.

    Raises:
        ValueError: there is no example, or not one cluster for each.

    Source:
        Efron & Tibshirani 1993; for clusters Field & Welsh 2007.
    """
    members: list[Indices] | None = None
    if clusters is not None:
        labels = np.asarray(clusters)
        if labels.shape != (n,):
            raise ValueError(f"clusters: shape {labels.shape}; accepted is one for each of {n}")
        _, which = np.unique(labels, return_inverse=True)
        order = np.argsort(which, kind="stable")
        members = np.split(order, np.cumsum(np.bincount(which))[:-1])
    drawn_from = n if members is None else len(members)
    if drawn_from < 1:
        raise ValueError("n: 0; accepted is one example or more")
    block = max(1, _AT_ONCE // drawn_from)
    for start in range(0, draws, block):
        for drawn in rng.integers(drawn_from, size=(min(block, draws - start), drawn_from)):
            yield drawn if members is None else np.concatenate([members[i] for i in drawn])


def example_draws(
    measure: Callable[[Indices], ArrayLike],
    n: int,
    rng: np.random.Generator,
    draws: int = DRAWS,
    clusters: ArrayLike | None = None,
) -> Array:
    """Return a metric on resampled examples.

    Args:
        measure: the metric of some examples, given by their indices; a number, or one for each
            network, all on the same examples.
        n: number of examples.
        rng: source of the draws.
        draws: how many resamples.
        clusters: as for `resamples`.

    Returns:
        The values, float64 [draws, ...].

    Raises:
        ValueError: as for `resamples`.
    """
    return np.array([measure(drawn) for drawn in resamples(n, rng, draws, clusters)], np.float64)


def mean_draws(
    values: ArrayLike,
    rng: np.random.Generator,
    draws: int = DRAWS,
    clusters: ArrayLike | None = None,
    of: Callable[[Array], Array] | None = None,
) -> Array:
    """Return means over resampled examples, or what is a function of them.

    Args:
        values: of each example, float [examples, ...].
        rng: source of the draws.
        draws: how many resamples.
        clusters: as for `resamples`.
        of: a function of the means of some draws, [some, ...], as a metric that is a ratio of
            means; None gives the means.

    Returns:
        What `of` returns for all of them, float64 [draws, ...].

    Raises:
        ValueError: as for `resamples`.
    """
    table = np.asarray(values, dtype=np.float64)
    n, flat = len(table), table.reshape(len(table), -1)
    found: list[Array] = []
    counts = np.empty((max(1, _AT_ONCE // max(1, 4 * n)), n))
    filled = done = 0
    for drawn in resamples(n, rng, draws, clusters):
        counts[filled] = np.bincount(drawn, minlength=n) / len(drawn)
        filled, done = filled + 1, done + 1
        if filled == len(counts) or done == draws:
            means = (counts[:filled] @ flat).reshape(filled, *table.shape[1:])
            found.append(means if of is None else of(means))
            filled = 0
    return np.concatenate(found)


def percentiles(draws: ArrayLike, alpha: float = 0.05) -> tuple[float, float]:
    """Return the percentile interval of bootstrap draws.

    Args:
        draws: float [draws]; NaN, as where a resample lacks a class, is left out.
        alpha: the interval covers 1 - alpha, in (0, 1).

    Returns:
        Lower and upper end; NaN where there is no draw.

    Source:
        Efron 1979.
    """
    known = np.asarray(draws, dtype=np.float64)
    known = known[~np.isnan(known)]
    if not len(known):
        return math.nan, math.nan
    low, high = np.quantile(known, [alpha / 2, 1 - alpha / 2])
    return float(low), float(high)


def bootstrap_p(draws: ArrayLike) -> float:
    """Return the two-sided p-value that bootstrap draws of a difference give for 0.

    min(1, 2 (1 + min(draws <= 0, draws >= 0)) / (1 + draws))

    Args:
        draws: float [draws]; NaN is left out.

    Returns:
        p-value, at least 2 / (1 + draws): about where the percentile interval just reaches 0; NaN
        where there is no draw.

    Source:
        Efron & Tibshirani 1993, section 15.4, the achieved significance level of a percentile.
    """
    known = np.asarray(draws, dtype=np.float64)
    known = known[~np.isnan(known)]
    if not len(known):
        return math.nan
    fewer = min(int((known <= 0).sum()), int((known >= 0).sum()))
    return min(1.0, 2 * (1 + fewer) / (1 + len(known)))


def paired_bootstrap(
    first: ArrayLike,
    second: ArrayLike,
    rng: np.random.Generator,
    draws: int = DRAWS,
    alpha: float = 0.05,
    clusters: ArrayLike | None = None,
) -> tuple[float, float]:
    """Return an interval of the difference of two networks' means over the same examples.

    Args:
        first: value of each example by the first network, float [examples].
        second: by the second.
        rng: source of the draws.
        draws: how many resamples.
        alpha: the interval covers 1 - alpha, in (0, 1).
        clusters: as for `resamples`.

    Returns:
        Lower and upper end of mean(first - second).

    Raises:
        ValueError: a value is NaN or infinite, or the lengths differ.

    Source:
        Efron & Tibshirani 1993; metrics that are no means: `example_draws` and `percentiles`.
    """
    a, b = checked(first), checked(second)
    if a.shape != b.shape:
        raise ValueError(f"second: {len(b)} examples for {len(a)}; accepted are the same ones")
    return percentiles(mean_draws(a - b, rng, draws, clusters), alpha)


def crossed_bootstrap(
    drawn: ArrayLike, rng: np.random.Generator, alpha: float = 0.05
) -> tuple[float, float]:
    """Return an interval of a mean difference to other seeds and to other test examples.

    Seeds and examples are resampled independently: in draw i, `drawn[i]` has the difference of
    each seed on the examples of that draw, and a mean over resampled seeds is taken.

    With few seeds it is too narrow, as every bootstrap over them is: a supplement to the t
    interval, never the verdict. Noise that is neither the seed's nor the example's counts three
    times, which matters only where seeds and examples explain little.

    Args:
        drawn: difference of each seed on resampled examples, float [draws, seeds], from
            `mean_draws` or `example_draws`.
        rng: source of the seeds that are drawn.
        alpha: the interval covers 1 - alpha, in (0, 1).

    Returns:
        Lower and upper end; NaN for fewer than two seeds.

    Raises:
        ValueError: not a table.

    Source:
        Owen 2007, doi:10.1214/07-AOAS122, the pigeonhole bootstrap; Jordan 2023, arXiv:2304.01910
        on what of the spread between seeds is that of a finite test set.
    """
    table = np.asarray(drawn, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError(f"drawn: shape {table.shape}; accepted is [draws, seeds]")
    draws, seeds = table.shape
    if seeds < 2:
        return math.nan, math.nan
    which = rng.integers(seeds, size=(draws, seeds))
    return percentiles(np.take_along_axis(table, which, axis=1).mean(axis=1), alpha)

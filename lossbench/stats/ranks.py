"""Losses over many data sets, by ranks: one score for each data set and loss.

Ranks compare losses where their scores have different units. They need data sets, six or more:
with fewer the smallest possible p-values are too large to say anything, see `least_wilcoxon_p`.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from lossbench.stats.multiplicity import holm

Array = NDArray[np.float64]

_ROUNDING = 1e-12


@dataclass(frozen=True)
class Friedman:
    """Whether losses differ in their ranks over data sets.

    Attributes:
        n: number of data sets.
        mean_ranks: of each loss, 1 is best; equal scores share their mean rank.
        chi2: Friedman's statistic, corrected for equal scores; NaN where every score is equal.
        p_chi2: its p-value, from chi-squared with k - 1 degrees of freedom.
        f: the statistic of Iman and Davenport; infinite where all data sets rank alike.
        p_f: its p-value, from F with k - 1 and (k - 1)(n - 1) degrees of freedom.
    """

    n: int
    mean_ranks: tuple[float, ...]
    chi2: float
    p_chi2: float
    f: float
    p_f: float


@dataclass(frozen=True)
class Pair:
    """Two losses over data sets.

    Attributes:
        first: index of a loss.
        second: index of another.
        n: data sets on which their scores differ.
        w: the smaller of the two rank sums.
        p: two-sided p-value of the exact signed-rank test.
        p_holm: the same, adjusted over all pairs.
    """

    first: int
    second: int
    n: int
    w: float
    p: float
    p_holm: float


def _checked(scores: ArrayLike) -> Array:
    table = np.asarray(scores, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < 2 or not len(table):
        raise ValueError(
            f"scores: shape {table.shape}; accepted is [datasets, losses] with two losses or more"
        )
    if not np.isfinite(table).all():
        raise ValueError("scores: NaN or infinite; leave out losses that lack a data set")
    return table


def _cleared(d: Array, size: float) -> Array:
    """Return differences without rounding errors, so that equal ones are seen as equal."""
    step = _ROUNDING * size
    return np.round(d / step) * step if step > 0 else d


def mean_ranks(scores: ArrayLike) -> Array:
    """Return the mean rank of each loss; rank 1 is the highest score of a data set.

    Args:
        scores: float [datasets, losses], higher is better.

    Returns:
        Mean ranks, float64 [losses], in [1, losses]; equal scores share their mean rank.

    Raises:
        ValueError: not a table of finite numbers with two losses or more.

    Source:
        Friedman 1937; Demsar 2006, JMLR 7:1-30.
    """
    return np.asarray(_ranks(_checked(scores)).mean(axis=0), dtype=np.float64)


def _ranks(table: Array) -> Array:
    cleared = np.stack([_cleared(row, float(np.abs(row).max())) for row in table])
    from scipy import stats  # here: it takes longer to import than to use

    return np.asarray(stats.rankdata(-cleared, axis=1), dtype=np.float64)


def friedman(scores: ArrayLike) -> Friedman:
    """Test that all losses have the same ranks over data sets.

    chi2 = 12 n / (k (k + 1)) [sum_j R_j^2 - k (k + 1)^2 / 4] / C
    C = 1 - sum over groups of equal scores of (t^3 - t) / (n (k^3 - k))
    F = (n - 1) chi2 / (n (k - 1) - chi2)

    Args:
        scores: float [datasets, losses], higher is better.

    Returns:
        Mean ranks and both statistics.

    Raises:
        ValueError: not a table of finite numbers with two losses or more.

    Source:
        Friedman 1937, `scipy.stats.friedmanchisquare`; Iman & Davenport 1980; Demsar 2006.
    """
    ranks = _ranks(_checked(scores))
    n, k = ranks.shape
    sizes = np.concatenate([np.unique(row, return_counts=True)[1] for row in ranks])
    ties = float((sizes**3 - sizes).sum()) / (n * (k**3 - k))
    return friedman_of_ranks(ranks.mean(axis=0), n, ties)


def friedman_of_ranks(ranks: ArrayLike, n: int, ties: float = 0.0) -> Friedman:
    """Return Friedman's test from mean ranks, as papers print them.

    Args:
        ranks: mean ranks, float [losses].
        n: number of data sets.
        ties: 1 - C of `friedman`, in [0, 1]; 0 where no two scores of a data set are equal.

    Returns:
        Mean ranks and both statistics, see `friedman`.

    Raises:
        ValueError: fewer than two ranks.

    Source:
        As `friedman`.
    """
    means = np.asarray(ranks, dtype=np.float64)
    k = len(means)
    if k < 2:
        raise ValueError(f"ranks: {k}; accepted are two or more")
    told = tuple(means.tolist())
    if ties >= 1:
        return Friedman(n, told, math.nan, 1.0, math.nan, 1.0)
    spread = float((means**2).sum()) - k * (k + 1) ** 2 / 4
    chi2 = max(0.0, 12 * n / (k * (k + 1)) * spread / (1 - ties))
    left = n * (k - 1) - chi2
    alike = left <= 1e-9 * n * k
    f = math.inf if alike else (n - 1) * chi2 / left
    p_f = 0.0 if alike else float(special.fdtrc(k - 1, (k - 1) * (n - 1), f)) if n > 1 else math.nan
    return Friedman(n, told, chi2, float(special.chdtrc(k - 1, chi2)), f, p_f)


def wilcoxon_p(d: ArrayLike) -> tuple[int, float, float]:
    """Test that differences are symmetric about 0, by the ranks of their sizes.

    W = smaller sum of the ranks of |d| over the positive and over the negative differences

    Args:
        d: differences, float [n], one for each data set.

    Returns:
        How many are not 0, W and the two-sided p-value. Differences of 0 are dropped; equal sizes
        share their mean rank, and the p-value is then that of untied ranks. p is 1 where all are 0.

    Raises:
        ValueError: a difference is NaN or infinite.

    Source:
        Wilcoxon 1945; `scipy.stats.wilcoxon`, exact.
    """
    values = np.asarray(d, dtype=np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        raise ValueError("d: accepted are finite differences, [n]")
    kept = values[values != 0]
    if not len(kept):
        return 0, 0.0, 1.0
    from scipy import stats  # here: it takes longer to import than to use

    found = stats.wilcoxon(kept, method="exact")
    return len(kept), float(found.statistic), float(found.pvalue)


def wilcoxon_pairs(scores: ArrayLike) -> list[Pair]:
    """Compare each pair of losses over data sets, adjusted over all pairs.

    The verdict on a pair does not depend on which other losses were run, as it does after mean
    ranks; only the adjustment counts them.

    Args:
        scores: float [datasets, losses], on a scale that data sets share.

    Returns:
        The pairs (0, 1), (0, 2), ..., (1, 2), ...

    Raises:
        ValueError: not a table of finite numbers with two losses or more.

    Source:
        Benavoli et al. 2016, arXiv:1505.02288; `wilcoxon_p`, `holm`.
    """
    table = _checked(scores)
    size, k = float(np.abs(table).max()), table.shape[1]
    pairs = [(i, j) for i in range(k) for j in range(i + 1, k)]
    found = [wilcoxon_p(_cleared(table[:, i] - table[:, j], size)) for i, j in pairs]
    adjusted = holm([p for _, _, p in found]).tolist()
    return [
        Pair(i, j, n, w, p, p_holm)
        for (i, j), (n, w, p), p_holm in zip(pairs, found, adjusted, strict=True)
    ]


def least_wilcoxon_p(n: int) -> float:
    """Return the smallest p-value that the signed-rank test can have.

    2 / 2^n

    Args:
        n: number of data sets, >= 1.

    Returns:
        p-value; times the number of pairs it is the smallest after Holm.

    Source:
        All differences of one sign: one of 2^n patterns, on either side.
    """
    return min(1.0, 2.0 / 2.0**n)


def nemenyi_cd(k: int, n: int, alpha: float = 0.05) -> float:
    """Return by how much two mean ranks must differ: the critical difference.

    CD = q sqrt(k (k + 1) / (6 n)),   q the studentized range at 1 - alpha over sqrt 2

    Args:
        k: number of losses, >= 2.
        n: number of data sets.
        alpha: level over all pairs, in (0, 1).

    Returns:
        Difference of mean ranks.

    Source:
        Nemenyi 1963; Demsar 2006, table 5.
    """
    from scipy import stats  # here: it takes longer to import than to use

    q = float(stats.studentized_range.ppf(1 - alpha, k, np.inf)) / math.sqrt(2)
    return q * math.sqrt(k * (k + 1) / (6 * n))


def nemenyi_p(ranks: ArrayLike, n: int) -> Array:
    """Return Nemenyi's p-value of each pair of losses.

    P(studentized range > sqrt 2 |R_i - R_j| / sqrt(k (k + 1) / (6 n)))

    Args:
        ranks: mean ranks, float [losses].
        n: number of data sets.

    Returns:
        p-values over all pairs, float64 [losses, losses], symmetric, 1 on the diagonal.

    Source:
        Nemenyi 1963; `scikit_posthocs.posthoc_nemenyi_friedman`.
    """
    means = np.asarray(ranks, dtype=np.float64)
    k = len(means)
    apart = np.abs(means[:, None] - means) / math.sqrt(k * (k + 1) / (6 * n))
    from scipy import stats  # here: it takes longer to import than to use

    p = stats.studentized_range.sf(math.sqrt(2) * apart, k, np.inf)
    return np.asarray(np.clip(p, 0, 1), dtype=np.float64)

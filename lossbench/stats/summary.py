"""One number for several data sets: a stratified summary for few of them, and plain aggregates."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from lossbench.stats.paired import all_equal, checked

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stratified:
    """Mean difference over these data sets, each counting alike.

    Attributes:
        means: mean difference on each data set.
        mean: mean of those.
        se: standard error; NaN where a data set has fewer than two differences.
        df: degrees of freedom of Welch and Satterthwaite; NaN where nothing spreads.
        ci_low: lower end of the t interval.
        ci_high: upper end.
        p_t: two-sided p-value of a mean of 0.
    """

    means: tuple[float, ...]
    mean: float
    se: float
    df: float
    ci_low: float
    ci_high: float
    p_t: float

    def p_above(self, bound: float) -> float:
        """Return the one-sided p-value against a mean of at most `bound`."""
        if self.se == 0:
            return 0.0 if self.mean > bound else 1.0
        return float(special.stdtr(self.df, (bound - self.mean) / self.se))

    def p_tost(self, delta: float) -> float:
        """Return the p-value of a mean inside (-delta, delta), as `paired.tost_p`."""
        return max(self.p_above(-delta), self._mirrored().p_above(-delta))

    def p_beyond(self, delta: float) -> float:
        """Return the p-value of a mean beyond delta, as `paired.beyond_delta_p`."""
        return (self if self.mean >= 0 else self._mirrored()).p_above(delta)

    def _mirrored(self) -> "Stratified":
        nan = math.nan
        return Stratified((), -self.mean, self.se, self.df, nan, nan, nan)


def stratified(differences: Sequence[ArrayLike], alpha: float = 0.05) -> Stratified:
    """Summarise paired differences over a few data sets; it speaks of these and of no others.

    D = mean_j mean d_j,   SE = sqrt(sum_j v_j) / J,   v_j = var d_j / n_j
    df = (sum_j v_j)^2 / sum_j (v_j^2 / (n_j - 1))

    Args:
        differences: oriented differences of each data set, [datasets] of float [n], on a scale
            that data sets share; n may differ.
        alpha: the interval covers 1 - alpha, in (0, 1).

    Returns:
        The summary. All differences of each data set equal: the interval is the mean, and p_t is
        1 where that is 0, else 0.

    Raises:
        ValueError: there is no data set, or a difference is NaN or infinite.

    Source:
        Stratified mean with the degrees of freedom of Satterthwaite 1946 and Welch 1947.
    """
    ds = [checked(d) for d in differences]
    if not ds:
        raise ValueError("differences: none; accepted are those of one data set or more")
    nan = math.nan
    means = tuple(float(d.mean()) if len(d) else nan for d in ds)
    mean = float(np.mean(means))
    n = np.array([len(d) for d in ds])
    if n.min() < 2:
        return Stratified(means, mean, nan, nan, nan, nan, nan)
    v = np.array([0.0 if all_equal(d) else d.var(ddof=1) / len(d) for d in ds])
    if not v.any():
        return Stratified(means, mean, 0.0, nan, mean, mean, float(mean == 0))
    se = math.sqrt(v.sum()) / len(ds)
    share = v / v.sum()  # squares of small variances would underflow
    df = float(1 / (share**2 / (n - 1)).sum())
    half = float(special.stdtrit(df, 1 - alpha / 2)) * se
    p_t = 2 * float(special.stdtr(df, -abs(mean) / se))
    return Stratified(means, mean, se, df, mean - half, mean + half, p_t)


def normalised(score: ArrayLike, chance: float, best: float = 1.0) -> Array:
    """Return scores on a scale where guessing has 0 and the best possible 1.

    (score - chance) / (best - chance)

    Args:
        score: scores, float of any shape, metric units.
        chance: what guessing attains.
        best: what is best possible.

    Returns:
        Scores, dimensionless, below 0 where guessing is better.

    Raises:
        ValueError: chance is not another value than best.

    Source:
        As human-normalised scores; Agarwal et al. 2021, arXiv:2108.13264.
    """
    if not abs(best - chance) > 0:
        raise ValueError(f"chance, best: {chance!r}, {best!r}; accepted are two different numbers")
    return np.asarray((np.asarray(score, np.float64) - chance) / (best - chance), dtype=np.float64)


def mean_score(values: ArrayLike) -> float:
    """Return the mean over all runs and data sets, float [runs, datasets]."""
    return float(np.mean(np.asarray(values, np.float64)))


def median_score(values: ArrayLike) -> float:
    """Return the median over data sets of the means over runs, float [runs, datasets]."""
    return float(np.median(np.mean(np.asarray(values, np.float64), axis=0)))


def iqm(values: ArrayLike) -> float:
    """Return the mean of the middle half of all runs, the data sets pooled.

    The lowest quarter is cut off, and with it what failed: show the completion rate beside it.

    Args:
        values: scores, float [runs, datasets].

    Returns:
        The interquartile mean.

    Source:
        Agarwal et al. 2021, arXiv:2108.13264; `scipy.stats.trim_mean`.
    """
    from scipy import stats  # here: it takes longer to import than to use

    return float(stats.trim_mean(np.asarray(values, np.float64), 0.25, axis=None))


def stratified_bootstrap(
    values: ArrayLike,
    statistic: Callable[[Array], float],
    rng: np.random.Generator,
    draws: int = 2000,
    alpha: float = 0.05,
) -> tuple[float, float]:
    """Return a percentile interval of an aggregate, runs drawn anew within each data set.

    A description, never a test: with 3 to 10 runs it is too narrow.

    Args:
        values: scores, float [runs, datasets].
        statistic: of a table of the same shape, as `iqm`.
        rng: source of the draws.
        draws: how many tables are drawn.
        alpha: the interval covers 1 - alpha, in (0, 1).

    Returns:
        Lower and upper end.

    Raises:
        ValueError: not a table.

    Source:
        Agarwal et al. 2021, arXiv:2108.13264.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or not table.size:
        raise ValueError(f"values: shape {table.shape}; accepted is [runs, datasets]")
    runs, datasets = table.shape
    columns = np.arange(datasets)
    found = [statistic(table[rng.integers(runs, size=table.shape), columns]) for _ in range(draws)]
    low, high = np.quantile(found, [alpha / 2, 1 - alpha / 2])
    return float(low), float(high)

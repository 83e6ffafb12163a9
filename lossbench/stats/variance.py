"""How much of the variation between runs the loss explains, and how much the seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]

_ROUNDING = 1e-12


@dataclass(frozen=True)
class VarianceShares:
    """A table of levels and blocks taken apart; NaN where there are too few of either.

    Attributes:
        ss_level: sum of squares between levels, as losses, metric units squared.
        ss_block: between blocks, as seeds.
        ss_rest: what is left: their interaction and noise.
        level: share of the levels in the total, in [0, 1]; NaN where all values are equal.
        block: share of the blocks.
        rest: share of the rest.
        var_level: variance component of the levels, metric units squared, >= 0.
        var_block: of the blocks.
        var_rest: of the rest.
        f: mean square of the levels over that of the rest; infinite where nothing is left.
        p: its p-value, from F with k - 1 and (k - 1)(n - 1) degrees of freedom.
    """

    ss_level: float
    ss_block: float
    ss_rest: float
    level: float
    block: float
    rest: float
    var_level: float
    var_block: float
    var_rest: float
    f: float
    p: float


def _squares(table: Array) -> tuple[float, float, float]:
    """Return the sums of squares of rows, columns and the rest; 0 where they are rounding."""
    k, n = table.shape
    rows = table.mean(axis=1) - table.mean()
    columns = table.mean(axis=0) - table.mean()
    rest = table - table.mean() - rows[:, None] - columns
    squares = n * float(rows @ rows), k * float(columns @ columns), float((rest**2).sum())
    rounding = table.size * (_ROUNDING * float(np.abs(table).max())) ** 2
    a, b, c = (ss if ss > rounding else 0.0 for ss in squares)
    return a, b, c


def variance_shares(values: ArrayLike) -> VarianceShares:
    """Take the variation of a table apart: two ways without replication.

    SS_level = n sum_i (m_i. - m..)^2,  SS_block = k sum_j (m_.j - m..)^2,  SS_rest = total - both
    var_level = max(0, (MS_level - MS_rest) / n),  var_block = max(0, (MS_block - MS_rest) / k)

    Args:
        values: metric of each level in each block, float [k levels, n blocks]; blocks with a NaN
            are left out.

    Returns:
        Sums of squares, shares and components; all NaN for fewer than two levels or blocks.

    Raises:
        ValueError: not a table, or a value is infinite.

    Source:
        Two-way analysis of variance, Fisher 1925; oracle `statsmodels.stats.anova.anova_lm`.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or np.isinf(table).any():
        raise ValueError("values: accepted are finite numbers or NaN, [levels, blocks]")
    table = table[:, ~np.isnan(table).any(axis=0)]
    k, n = table.shape
    if k < 2 or n < 2:
        return VarianceShares(*[math.nan] * 11)
    ss_level, ss_block, ss_rest = _squares(table)
    total = ss_level + ss_block + ss_rest or math.nan
    rest_df = (k - 1) * (n - 1)
    ms_level, ms_block, ms_rest = ss_level / (k - 1), ss_block / (n - 1), ss_rest / rest_df
    f = ms_level / ms_rest if ms_rest > 0 else (math.inf if ms_level > 0 else math.nan)
    return VarianceShares(
        ss_level=ss_level,
        ss_block=ss_block,
        ss_rest=ss_rest,
        level=ss_level / total,
        block=ss_block / total,
        rest=ss_rest / total,
        var_level=max(0.0, (ms_level - ms_rest) / n),
        var_block=max(0.0, (ms_block - ms_rest) / k),
        var_rest=ms_rest,
        f=f,
        p=float(special.fdtrc(k - 1, rest_df, f)),
    )


@dataclass(frozen=True)
class Interaction:
    """Whether what a loss gains depends on the data set.

    Attributes:
        level: share of the levels in the variation between the cells of a data set and a level,
            data sets themselves left out, in [0, 1]; NaN where there is none.
        interaction: share of their interaction with the data sets: 1 - level.
        var_level: variance component of the levels, >= 0, units of the values squared.
        var_interaction: of the interaction.
        f: mean square of the interaction over the noise of a cell's mean.
        p: its p-value, from F.
        large: whether p <= alpha and var_interaction >= var_level: the best loss depends on the
            data set.
    """

    level: float
    interaction: float
    var_level: float
    var_interaction: float
    f: float
    p: float
    large: bool


def interaction(tables: Sequence[ArrayLike], alpha: float = 0.05) -> Interaction:
    """Compare how levels differ on the whole with how that differs between data sets.

    m_ij = mean of level j on data set i over its n_i blocks
    MS_level = J sum_j (m_.j - m..)^2 / (k - 1)
    MS_int = sum_ij (m_ij - m_i. - m_.j + m..)^2 / ((J - 1)(k - 1))
    F = MS_int / mean_i (MS_rest of data set i / n_i)

    With as many blocks on every data set it is the F-test of data set x level in the analysis of
    variance with blocks inside data sets.

    Args:
        tables: of each data set the values of every level, [datasets] of float [levels, blocks],
            on a scale that data sets share; blocks with a NaN are left out, their number may
            differ.
        alpha: level of the test, in (0, 1).

    Returns:
        Shares, components and the test; NaN and not large for fewer than two data sets or levels,
        or fewer than two blocks somewhere.

    Raises:
        ValueError: the tables do not have the same levels.

    Source:
        Split-plot analysis of variance, Yates 1935; the rule for large is our own.
    """
    whole = [np.asarray(table, dtype=np.float64) for table in tables]
    if len({table.shape[:1] for table in whole if table.ndim == 2}) > 1:
        raise ValueError("tables: accepted are the same levels on every data set")
    whole = [table[:, ~np.isnan(table).any(axis=0)] for table in whole]
    n = [table.shape[1] for table in whole]
    datasets, k = len(whole), len(whole[0]) if whole else 0
    if datasets < 2 or k < 2 or min(n) < 2:
        nan = math.nan
        return Interaction(nan, nan, nan, nan, nan, nan, large=False)
    _, ss_level, ss_rest = _squares(np.array([table.mean(axis=1) for table in whole]))
    free = (datasets - 1) * (k - 1)
    ms_level, ms_interaction = ss_level / (k - 1), ss_rest / free
    noise = float(np.mean([_noise(table) for table in whole]))
    f = ms_interaction / noise if noise > 0 else (math.inf if ms_interaction > 0 else math.nan)
    p = float(special.fdtrc(free, (k - 1) * (sum(n) - datasets), f))
    total = ss_level + ss_rest or math.nan
    var_level = max(0.0, (ms_level - ms_interaction) / datasets)
    var_interaction = max(0.0, ms_interaction - noise)
    return Interaction(
        level=ss_level / total,
        interaction=ss_rest / total,
        var_level=var_level,
        var_interaction=var_interaction,
        f=f,
        p=p,
        large=p <= alpha and var_interaction >= var_level,
    )


def _noise(table: Array) -> float:
    """Return the variance of a level's mean over blocks, from the rest of its data set."""
    k, n = table.shape
    return float(_squares(table)[2] / ((k - 1) * (n - 1)) / n)

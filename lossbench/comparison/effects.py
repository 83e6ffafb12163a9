"""Sizes of a difference beside its tests: spread, effect sizes, worth of pairing, seeds needed."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench import stats
from lossbench.comparison.measured import Outcomes
from lossbench.comparison.results import Shares

Array = NDArray[np.float64]


def effects_of(
    outcomes: Outcomes,
    level: int,
    baseline: int | None,
    *,
    sign: float,
    bounded: bool,
    delta: float,
    alpha: float,
    alpha_tested: float,
    overlap: float,
) -> dict[str, Any]:
    """Return the sizes of a level's difference, by the names of a row's attributes.

    Args:
        outcomes: of all levels.
        level: the row of the level.
        baseline: the row of the baseline; None where it did not run.
        sign: +1 where higher is better, -1 where lower is.
        bounded: whether the metric lies in [0, 1], so that there is a share of errors.
        delta: smallest difference that matters; NaN where unknown.
        alpha: intervals cover 1 - alpha, and 1 - 2 alpha for equivalence.
        alpha_tested: level of the test that planning is for, over the levels and looks.
        overlap: as for `stats.paired_difference`.
    """
    if baseline is None or level == baseline:
        return {}
    both = outcomes.values[[level, baseline]]
    mine, reference = sign * both[:, ~np.isnan(both).any(axis=0)]
    d = mine - reference
    found = stats.paired_difference(d, alpha, overlap)
    equivalence = stats.paired_difference(d, 2 * alpha, overlap) if alpha < 0.5 else found
    plannable = found.n >= 2 and delta > 0 and not overlap
    return {
        "ci_low": found.ci_low,
        "ci_high": found.ci_high,
        "sd": found.sd,
        "ci90_low": equivalence.ci_low,
        "ci90_high": equivalence.ci_high,
        "g_z": stats.g_z(d),
        "d_av": stats.d_av(mine, reference),
        "error_reduction": _error_reduction(mine, reference, sign) if bounded else math.nan,
        "corr": _corr(mine, reference),
        "pairing_gain": stats.pairing_gain(mine, reference),
        "n_for_delta": stats.n_for_delta(found.sd, delta, alpha_tested) if plannable else None,
        "n_for_delta_upper": stats.n_for_delta(
            stats.sd_upper(found.sd, found.n), delta, alpha_tested
        )
        if plannable
        else None,
    }


def _error_reduction(mine: Array, reference: Array, sign: float) -> float:
    """Return the share of the baseline's error that is gone, of values that are oriented."""
    if not len(mine):
        return math.nan
    perfect = 1.0 if sign > 0 else 0.0
    return stats.relative_error_reduction(
        perfect - float(mine.mean()), perfect - float(reference.mean())
    )


def _corr(mine: Array, reference: Array) -> float:
    if len(mine) < 3 or stats.all_equal(mine) or stats.all_equal(reference):
        return math.nan
    return float(np.corrcoef(mine, reference)[0, 1])


def not_distinguishable(
    oriented: Array, means: Sequence[float], best: int, alpha: float, overlap: float
) -> list[bool]:
    """Return which levels are the best mean or not distinguishable from it.

    A paired t-test of each level against the best, Holm-adjusted; the best was picked from the
    same data, so that this describes and does not prove.

    Args:
        oriented: oriented values, [levels, seeds]; NaN where a run failed.
        means: mean of each level; NaN for one without any value, which is not among them.
        best: the row of the best mean.
        alpha: level of the tests.
        overlap: as for `stats.paired_difference`.
    """
    p = [math.nan] * len(oriented)
    for level, values in enumerate(oriented):
        d = (values - oriented[best])[~np.isnan(values - oriented[best])]
        if level != best and len(d) >= stats.FEWEST_BLOCKS:
            p[level] = stats.paired_difference(d, alpha, overlap).p_t
    return [
        math.isfinite(mean) and (level == best or not adjusted <= alpha)
        for level, (mean, adjusted) in enumerate(zip(means, stats.holm(p), strict=True))
    ]


def shares_of(values: Array) -> Shares | None:
    """Return what explains the variation between runs; None where that cannot be told.

    Over the seeds in which every level worked that ever did; see `stats.variance_shares`.

    Args:
        values: the metric, [levels, seeds]; NaN where a run failed.
    """
    measured = values[~np.isnan(values).all(axis=1)]
    found = stats.variance_shares(measured)
    if math.isnan(found.level):
        return None
    return Shares(found.level, found.block, found.rest)

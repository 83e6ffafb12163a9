"""Oriented values to rows: paired differences, adjusted p-values, verdicts and flags."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lossbench import stats
from lossbench.comparison.measured import Outcomes
from lossbench.comparison.results import Row

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Tested:
    """A level's difference to the baseline and what the tests say of it."""

    n: int
    diff: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    p: float = math.nan
    p_holm: float = math.nan
    p_tost: float = math.nan
    p_beyond: float = math.nan
    mde: float = math.nan
    verdict: str = "BASELINE"
    flags: tuple[str, ...] = ()


def judge(
    levels: Sequence[str],
    outcomes: Outcomes,
    planned: Mapping[str, int],
    *,
    sign: float,
    baseline: str | None,
    delta: float,
    alpha: float,
    flags: Mapping[str, tuple[str, ...]],
    overlap: float = 0.0,
) -> list[Row]:
    """Compare every level of the factor with the baseline.

    Args:
        levels: display names, in the order of the rows of `outcomes`.
        outcomes: the metric of each level and seed, and how each run ended.
        planned: how many runs of each level were planned.
        sign: +1 where higher is better, -1 where lower is.
        baseline: the level to compare with; None gives means only.
        delta: smallest difference that matters, in metric units; NaN where unknown.
        alpha: level of tests and intervals.
        flags: what a reader should know of a level, beside what its differences say.
        overlap: n_test / n_train where each seed has a test part of its own, see
            `stats.paired_difference`; 0 where all share one.

    Returns:
        One row for each level, in their order; of single blocks and failures they say nothing yet.
    """
    oriented = sign * outcomes.values
    nothing = np.full(oriented.shape[1], np.nan)
    reference = nothing if baseline is None else oriented[levels.index(baseline)]
    others = [i for i, level in enumerate(levels) if level != baseline]
    found = _tests(oriented[others] - reference, delta, alpha, overlap)
    tested = dict(zip(others, found, strict=True))
    return [
        _row(
            level,
            outcomes.of([index]),
            planned[level],
            tested.get(index, _Tested(int(np.isfinite(oriented[index]).sum()))),
            flags.get(level, ()),
        )
        for index, level in enumerate(levels)
    ]


def _row(
    level: str, outcomes: Outcomes, planned: int, tested: _Tested, more: tuple[str, ...]
) -> Row:
    ok = outcomes.values[~np.isnan(outcomes.values)]
    done, failed = int(outcomes.worked.sum()), int(outcomes.failed.sum())
    flags = (*tested.flags, *more)
    flags = (*flags, "FAILURES") if failed else flags
    flags = (*flags, "INCOMPLETE") if done + failed < planned else flags
    return Row(
        level=level,
        mean=float(ok.mean()) if len(ok) else math.nan,
        n=tested.n,
        diff=tested.diff,
        ci_low=tested.ci_low,
        ci_high=tested.ci_high,
        wins=0,
        blocks=0,
        p=tested.p,
        p_holm=tested.p_holm,
        p_tost=tested.p_tost,
        p_beyond=tested.p_beyond,
        mde=tested.mde,
        verdict=tested.verdict,
        flags=flags,
        done=done,
        planned=planned,
    )


def _tests(table: Array, delta: float, alpha: float, overlap: float) -> list[_Tested]:
    """Test each row of `table`, [levels, seeds]; p-values are adjusted over the rows."""
    complete = [row[~np.isnan(row)] for row in table]
    testable = [len(d) >= stats.FEWEST_BLOCKS for d in complete]
    usable = [ok and math.isfinite(delta) for ok in testable]
    nan = math.nan
    paired = [stats.paired_difference(d, alpha, overlap) for d in complete]
    p_holm = stats.holm([p.p_t if ok else nan for p, ok in zip(paired, testable, strict=True)])
    both = list(zip(complete, usable, strict=True))
    tost = [stats.tost_p(d, delta, overlap) if u else nan for d, u in both]
    beyond = [stats.beyond_delta_p(d, delta, overlap) if u else nan for d, u in both]
    p_tost, p_beyond = stats.holm(tost), stats.holm(beyond)
    left_out: list[list[str]] = [[]] * len(table)
    if any(usable):
        left_out = stats.left_out_verdicts(table, delta, alpha, overlap)
    found = []
    for i, (d, p) in enumerate(zip(complete, paired, strict=True)):
        code = stats.verdict(p.n, p.mean, p_holm[i], p_tost[i], p_beyond[i], alpha)
        sign_flip = stats.sign_flip_p(d, np.random.default_rng(0)) if testable[i] else nan
        if overlap:  # it asks for independent pairs, so it can contradict nothing
            sign_flip = float(p_holm[i])
        widened = math.sqrt(1 + p.n * overlap)
        same = stats.all_equal(d)
        spread = testable[i] and p.sd > 0
        found.append(
            _Tested(
                n=p.n,
                diff=p.mean,
                ci_low=p.ci_low,
                ci_high=p.ci_high,
                p=p.p_t,
                p_holm=float(p_holm[i]),
                p_tost=float(p_tost[i]),
                p_beyond=float(p_beyond[i]),
                mde=stats.mde_dz(p.n, alpha / len(table)) * p.sd * widened if spread else nan,
                verdict=code,
                flags=stats.flags(
                    p.n, len(table), code, p_holm[i], sign_flip, same, left_out[i], alpha
                ),
            )
        )
    return found

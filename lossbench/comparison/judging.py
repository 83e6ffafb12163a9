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
    p_sign_flip: float = math.nan
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
        p_sign_flip=tested.p_sign_flip,
        mde=tested.mde,
        verdict=tested.verdict,
        flags=flags,
        done=done,
        planned=planned,
    )


def _tests(table: Array, delta: float, alpha: float, overlap: float) -> list[_Tested]:
    """Test each row of `table`, [levels, seeds]; p-values are adjusted over the rows."""
    if not len(table):
        return []
    of = stats.family(table, delta, alpha, overlap, np.random.default_rng(0))
    left_out = stats.left_out_verdicts(table, delta, alpha, overlap)
    widened = np.sqrt(1 + of.n * overlap) * of.sd
    return [
        _Tested(
            n=n,
            diff=float(of.mean[i]),
            ci_low=float(of.ci_low[i]),
            ci_high=float(of.ci_high[i]),
            p=float(of.p_t[i]),
            p_holm=float(of.p_holm[i]),
            p_tost=float(of.p_tost[i]),
            p_beyond=float(of.p_beyond[i]),
            p_sign_flip=float(of.p_sign_flip[i]),
            mde=(
                stats.mde_dz(n, alpha / len(table)) * float(widened[i])
                if n >= stats.FEWEST_BLOCKS and of.sd[i] > 0
                else math.nan
            ),
            verdict=str(of.verdict[i]),
            flags=stats.flags(
                n,
                len(table),
                str(of.verdict[i]),
                of.p_holm[i],
                of.p_sign_flip[i],
                bool(of.equal[i]),
                left_out[i] if math.isfinite(delta) else (),
                alpha,
            ),
        )
        for i, n in enumerate(of.n.tolist())
    ]

"""Comparisons on several data sets to one answer: a stratified summary, or ranks over many.

Up to five data sets: the mean over these data sets, which speaks of no others. From six on also
Friedman's test, and Wilcoxon's for each pair. Differences are summed up only on a scale that data
sets share: points where one metric in [0, 1] judges everywhere, else the share of the baseline's
error that is gone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lossbench import stats
from lossbench.catalog.axes import AXES
from lossbench.catalog.metrics import parted
from lossbench.comparison.results import Comparison

Array = NDArray[np.float64]

RANKS_FROM = 6
"""Data sets from which on losses are ranked over them."""
PROFILE_POINTS = 11

Scale = Literal["points", "error_reduction"]


@dataclass(frozen=True)
class AcrossRow:
    """One level over all data sets; differences are oriented, so that positive is better.

    Attributes:
        level: display name.
        diffs: mean difference to the baseline on each data set, on the shared scale.
        n: complete blocks on each.
        verdicts: the verdict on each, a code of `stats.WORDS`.
        mean: mean of the differences, each data set counting alike; NaN where one of them has
            fewer than two blocks.
        ci_low: lower end of its t interval.
        ci_high: upper end.
        df: degrees of freedom.
        p: two-sided p-value.
        p_holm: the same, adjusted over the levels.
        verdict: "BASELINE", or what the summary says of these data sets; equivalence and sizes are
            judged only where all data sets share one delta on this scale.
        mean_rank: over the data sets, 1 is best; NaN where levels are not ranked.
        profile: share of the runs on all data sets whose score is above each of `Across.taus`;
            a description, failed runs count as never above.
    """

    level: str
    diffs: tuple[float, ...]
    n: tuple[int, ...]
    verdicts: tuple[str, ...]
    mean: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    df: float = math.nan
    p: float = math.nan
    p_holm: float = math.nan
    verdict: str = "BASELINE"
    mean_rank: float = math.nan
    profile: tuple[float, ...] = ()


@dataclass(frozen=True)
class RankedPair:
    """Two levels over six data sets or more.

    Attributes:
        better: the level with the better mean rank; of equal ones the first.
        worse: the other one.
        n: data sets on which they differ.
        p: two-sided p-value of Wilcoxon's exact signed-rank test.
        p_holm: the same, adjusted over all pairs.
    """

    better: str
    worse: str
    n: int
    p: float
    p_holm: float


@dataclass(frozen=True)
class Across:
    """The levels of one factor over several data sets, with all else alike.

    Attributes:
        factor: the axis that is compared.
        shared: what all comparisons share, by axis.
        epochs: epochs trained.
        at: the epoch that is compared.
        track: see `Comparison`.
        baseline: the level that the others are compared with.
        datasets: display names.
        metrics: the metric that judges on each.
        scale: "points": differences of one metric in [0, 1]; "error_reduction": differences over
            the baseline's mean error on a data set, where an error is 1 - score, and the value
            itself where lower is better.
        delta: smallest difference that matters, on the shared scale; NaN where there is none.
        alpha: level of tests and intervals.
        rows: the levels, best mean first.
        interaction: whether what a level gains depends on the data set.
        friedman: the test that all levels rank alike; None below six data sets or three levels.
        pairs: each pair of levels; empty below six data sets.
        can_reject: whether the smallest p-value of a pair is at most alpha after Holm.
        taus: scores at which `AcrossRow.profile` is told.
        warnings: what limits the answer, in sentences.
    """

    factor: str
    shared: Mapping[str, str]
    epochs: int
    at: Literal["selected", "last"]
    track: str
    baseline: str
    datasets: tuple[str, ...]
    metrics: tuple[str, ...]
    scale: Scale
    delta: float
    alpha: float
    rows: tuple[AcrossRow, ...]
    interaction: stats.Interaction
    friedman: stats.Friedman | None
    pairs: tuple[RankedPair, ...]
    can_reject: bool
    taus: tuple[float, ...]
    warnings: tuple[str, ...]


def across_datasets(compared: Sequence[Comparison]) -> list[Across]:
    """Sum up comparisons of the same levels on several data sets.

    Args:
        compared: what `compare` returned.

    Returns:
        One summary for each set of comparisons that differ in the data set alone, two or more.
    """
    groups: dict[tuple[object, ...], list[Comparison]] = {}
    for one in compared:
        if one.baseline is not None and _measured(one, one.baseline):
            groups.setdefault(_key(one), []).append(one)
    apart: dict[tuple[object, ...], list[Comparison]] = {}
    for key, group in groups.items():
        # a data set that was judged by two metrics stands once in each summary
        twice = len({one.dataset for one in group}) < len(group)
        for one in group:
            apart.setdefault((key, one.metric if twice else ""), []).append(one)
    found = (_sum_up(group) for group in apart.values() if len(group) > 1)
    return [one for one in found if one is not None]


def _key(one: Comparison) -> tuple[object, ...]:
    names = one.names()
    axes = tuple(names[axis] for axis in AXES if axis not in ("dataset", one.factor))
    return (one.factor, *axes, one.epochs, one.at, one.track, one.against, one.baseline, one.alpha)


def _measured(one: Comparison, level: str) -> bool:
    return bool(np.isfinite(list(one.values.get(level, {}).values())).any())


def _sum_up(group: Sequence[Comparison]) -> Across | None:
    """Sum up one group; None where fewer than two data sets or levels are left."""
    scale = _scale(group)
    units = {one.dataset: error_unit(one, scale) for one in group}
    usable = [one for one in group if units[one.dataset] > 0]
    levels = [level for level in _levels(group) if all(_measured(one, level) for one in usable)]
    if len(usable) < 2 or len(levels) < 2:
        return None
    first, alpha = usable[0], usable[0].alpha
    scores = [_scores(one, levels, units[one.dataset]) for one in usable]
    delta = _delta([one.delta / units[one.dataset] for one in usable])
    ranking = _rank(usable, levels, scores, alpha)
    taus, profiles = _profiles(scores)
    rows = [
        replace(row, mean_rank=rank, profile=tuple(profile))
        for row, rank, profile in zip(
            _rows(usable, levels, scores, delta), ranking.ranks, profiles.tolist(), strict=True
        )
    ]
    shared = {axis: name for axis, name in first.names().items() if axis != "dataset" and name}
    return Across(
        factor=first.factor,
        shared=shared,
        epochs=first.epochs,
        at=first.at,
        track=first.track,
        baseline=str(first.baseline),
        datasets=tuple(one.dataset for one in usable),
        metrics=tuple(one.metric for one in usable),
        scale=scale,
        delta=delta,
        alpha=alpha,
        rows=tuple(sorted(rows, key=_place)),
        interaction=stats.interaction(scores, alpha),
        friedman=ranking.friedman,
        pairs=ranking.pairs,
        can_reject=ranking.can_reject,
        taus=taus,
        warnings=tuple(_warnings(group, usable, levels)),
    )


def _place(row: AcrossRow) -> float:
    mean = 0.0 if row.verdict == "BASELINE" else row.mean
    return math.inf if math.isnan(mean) else -mean


def _source(dataset: str) -> str:
    """Return the data set that a display name, as `mnist[subset=1000]`, is a variant of."""
    return dataset.partition("[")[0]


def _scale(group: Sequence[Comparison]) -> Scale:
    alike = len({parted(one.metric)[1] for one in group}) == 1
    return "points" if alike and all(one.bounded for one in group) else "error_reduction"


def _levels(group: Sequence[Comparison]) -> list[str]:
    """Return the levels of all comparisons, the baseline first; controls are left out."""
    named = [row.level for one in group for row in one.rows]
    return list(dict.fromkeys([str(group[0].baseline), *named]))


def error_unit(one: Comparison, scale: Scale) -> float:
    """Return what differences are divided by: 1, or the mean error of the baseline.

    Args:
        one: a comparison with a baseline that was measured.
        scale: "points" or "error_reduction", see `Across.scale`.

    Returns:
        1 for points; else the baseline's mean of 1 - score, or of the value where lower is better.
    """
    if scale == "points":
        return 1.0
    known = np.array(list(one.values[str(one.baseline)].values()))
    mean = float(np.nanmean(known))
    return 1 - mean if one.higher_is_better else mean


def _scores(one: Comparison, levels: Sequence[str], unit: float) -> Array:
    """Return oriented scores on the shared scale, [levels, seeds], NaN where a run failed."""
    seeds = sorted({seed for level in levels for seed in one.values[level]})
    values = np.array([[one.values[v].get(seed, math.nan) for seed in seeds] for v in levels])
    return np.asarray((values if one.higher_is_better else -values) / unit, dtype=np.float64)


def _delta(deltas: Sequence[float]) -> float:
    """Return the delta that all data sets share on the common scale, NaN where they do not."""
    return deltas[0] if np.ptp(deltas) <= 1e-9 * deltas[0] else math.nan


def _rows(
    group: Sequence[Comparison], levels: Sequence[str], scores: Sequence[Array], delta: float
) -> list[AcrossRow]:
    """Return the levels with their summaries, the baseline first."""
    alpha = group[0].alpha
    rows: list[AcrossRow] = []
    found: list[stats.Stratified] = []
    for index, level in enumerate(levels):
        differences = [table[index] - table[0] for table in scores]
        complete = [d[~np.isnan(d)] for d in differences]
        found.append(stats.stratified(complete, alpha))
        verdicts = tuple(_verdict(one, level) for one in group)
        rows.append(AcrossRow(level, found[-1].means, tuple(map(len, complete)), verdicts))
    others = found[1:]
    known = math.isfinite(delta)
    p_holm = stats.holm([one.p_t for one in others]).tolist()
    p_tost = stats.holm([one.p_tost(delta) if known else math.nan for one in others]).tolist()
    p_beyond = stats.holm([one.p_beyond(delta) if known else math.nan for one in others]).tolist()
    tested = zip(rows[1:], others, p_holm, p_tost, p_beyond, strict=True)
    return [
        rows[0],
        *(
            replace(
                row,
                mean=one.mean,
                ci_low=one.ci_low,
                ci_high=one.ci_high,
                df=one.df,
                p=one.p_t,
                p_holm=p,
                verdict=stats.verdict(_blocks(row), one.mean, p, inside, beyond, alpha),
            )
            for row, one, p, inside, beyond in tested
        ),
    ]


def _blocks(row: AcrossRow) -> int:
    """Return how many blocks there are in all; 0 where a data set has none to spare."""
    return sum(row.n) if min(row.n) > 1 else 0


def _verdict(one: Comparison, level: str) -> str:
    return next((row.verdict for row in one.rows if row.level == level), "NO_DATA")


@dataclass(frozen=True)
class _Ranking:
    ranks: Sequence[float]
    friedman: stats.Friedman | None = None
    pairs: tuple[RankedPair, ...] = ()
    can_reject: bool = False


def _rank(
    group: Sequence[Comparison], levels: Sequence[str], scores: Sequence[Array], alpha: float
) -> _Ranking:
    """Rank levels by their means over seeds; not over fewer than six different data sets."""
    if len({_source(one.dataset) for one in group}) < RANKS_FROM:
        return _Ranking([math.nan] * len(levels))
    means = np.array([np.nanmean(table, axis=1) for table in scores])
    ranks = stats.mean_ranks(means).tolist()
    found = []
    for pair in stats.wilcoxon_pairs(means):
        first, second = pair.first, pair.second
        if ranks[second] < ranks[first]:
            first, second = second, first
        found.append(RankedPair(levels[first], levels[second], pair.n, pair.p, pair.p_holm))
    return _Ranking(
        ranks=ranks,
        friedman=stats.friedman(means) if len(levels) > 2 else None,
        pairs=tuple(found),
        can_reject=stats.least_wilcoxon_p(len(group)) * len(found) <= alpha,
    )


def _profiles(scores: Sequence[Array]) -> tuple[tuple[float, ...], Array]:
    """Return thresholds over the range of all scores, and each level's share of runs above."""
    every = np.hstack(scores)
    taus = np.linspace(np.nanmin(every), np.nanmax(every), PROFILE_POINTS)
    # each data set counts alike, however many runs it has
    by_dataset = np.array([stats.quality_profile(table, taus) for table in scores])
    return tuple(taus.tolist()), np.asarray(by_dataset.mean(axis=0), dtype=np.float64)


def _warnings(
    group: Sequence[Comparison], usable: Sequence[Comparison], levels: Sequence[str]
) -> list[str]:
    found = []
    if perfect := [one.dataset for one in group if one not in usable]:
        found.append(
            f"{', '.join(perfect)}: the baseline makes no error, of which no share can be gone; "
            "left out here."
        )
    if left_out := [level for level in _levels(group) if level not in levels]:
        found.append(f"{', '.join(left_out)}: not on every data set, and left out here.")
    sources = {_source(one.dataset) for one in usable}
    if len(sources) < len(usable):
        found.append(
            f"{len(usable)} data sets are variants of {len(sources)}: they say less of other data "
            "than as many different ones."
        )
    failed = [
        level
        for level in levels
        if any(not math.isfinite(value) for one in usable for value in one.values[level].values())
    ]
    if failed:
        found.append(f"{', '.join(failed)}: some runs failed or are missing; means leave them out.")
    return found

"""Finished runs to comparisons: losses, or other levels, against a baseline, with verdicts."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lossbench import store
from lossbench.catalog import METRICS, UnknownName
from lossbench.catalog.axes import plural, shown, title
from lossbench.catalog.losses import Task
from lossbench.catalog.metrics import metric_row, named, parted
from lossbench.comparison.blocks import (
    At,
    check_blocks,
    distinct,
    levels_of,
    mean_of,
    of_level,
    other_heads,
    overlap,
    values_of,
)
from lossbench.comparison.converging import COLUMNS, converge, csv_rows
from lossbench.comparison.curves import folders_of
from lossbench.comparison.factors import check_levels, group_of, usual_factors
from lossbench.comparison.judging import judge
from lossbench.comparison.results import Comparison, Row
from lossbench.errors import StoreError
from lossbench.store import Run, Stored

DELTA_BOUNDED = 0.005
DELTA_RELATIVE = 0.01
USUAL_BASELINE: dict[Task, tuple[str, ...]] = {
    "multiclass": ("cross_entropy",),
    "binary": ("bce", "cross_entropy"),
    "multilabel": ("bce",),
    "regression": ("mse",),
    "segmentation": ("bce", "cross_entropy"),
    "retrieval": ("cross_entropy",),
    "multioutput": ("heads",),
}


def compare(
    stored: Sequence[Stored],
    *,
    factor: str | None = None,
    baseline: str | None = None,
    metric: str | None = None,
    at: At = "selected",
    convergence: bool | None = None,
    allow_unmatched: bool = False,
    against: Literal["baseline", "best"] = "baseline",
) -> list[Comparison]:
    """Compare the losses of finished runs, or another axis on which they differ.

    Args:
        stored: experiments as read from their folders.
        factor: what is compared, a name of `FACTORS`; None means losses or, where there is one
            alone, each other axis on which the runs differ.
        baseline: level to compare with; None means the declared or the usual loss, and the first
            level of another factor.
        metric: metric to judge by; None means the one that chose the epochs.
        at: the epoch that is compared: the one chosen on validation, or the last.
        convergence: whether the curves of the training are compared, too; None means where the
            factor is not the loss.
        allow_unmatched: whether runs of a block that did not start alike are paired all the same.
        against: what the levels are compared with: the baseline, or the best mean.

    Returns:
        One comparison for each combination of all that is not compared: data set, model, training.

    Raises:
        StoreError: there is no run, runs of a block do not match, or a name fits nothing.
    """
    chosen = _metric_name(metric)
    notes = list(_notes(stored))
    folders = folders_of(stored)
    found = []
    for axis in (factor,) if factor else usual_factors(stored):
        for runs, protocol in groups(stored, axis):
            one = _compare_group(runs, axis, protocol, baseline, chosen, at, notes)
            if axis != "loss" if convergence is None else convergence:
                one = replace(
                    one, convergence=converge(runs, axis, one.baseline, folders, one.alpha)
                )
            found.append(one)
            notes = []  # said once, with the first comparison
    return found


def groups(stored: Sequence[Stored], factor: str) -> list[tuple[list[Run], Mapping[str, object]]]:
    """Return runs that differ in the factor and the seed alone, each group with its protocol.

    Raises:
        StoreError: there is no run, or no two that differ in the factor alone.
    """
    found: dict[tuple[str, ...], list[Run]] = {}
    protocols: dict[tuple[str, ...], Mapping[str, object]] = {}
    for experiment in stored:
        for run in experiment.runs:
            key = group_of(run, factor)
            found.setdefault(key, []).append(run)
            protocols.setdefault(key, experiment.protocol)
    if not found:
        raise StoreError("compare: no run is planned in these folders. Run an experiment first.")
    if factor != "loss":
        check_levels([run for group in found.values() for run in group], factor)
        found = {key: group for key, group in found.items() if len(levels_of(group, factor)) > 1}
    if not found:
        raise StoreError(
            f"--factor: no two runs differ in {title(factor)} alone, so that nothing can be "
            "paired. Give folders of runs that share all else."
        )
    return [(distinct(group, factor), protocols[key]) for key, group in found.items()]


def convergence_csv(compared: Sequence[Comparison]) -> str:
    """Return `convergence.csv` of comparisons: a row for each job whose curves were compared."""
    rows = [
        row
        for one in compared
        if one.convergence
        for row in csv_rows(one.convergence, one.names(), one.factor, one.baseline)
    ]
    return store.csv_text(COLUMNS, rows)


def convergence_of(stored: Stored) -> str:
    """Return `convergence.csv` of an experiment: every job with a result once.

    What would keep runs from being compared, as starting points that differ, does not matter here.
    """
    folders, rows = folders_of([stored]), []
    factor = usual_factors([stored])[0]
    for runs, protocol in groups([stored], factor) if stored.runs else ():
        declared = protocol.get("baseline") if factor == "loss" else None
        wanted = None if declared is None else str(declared)
        baseline = baseline_of(wanted, levels_of(runs, factor), runs, factor)
        found = converge(runs, factor, baseline, folders)
        rows += csv_rows(found, runs[0].names(), factor, baseline)
    return store.csv_text(COLUMNS, rows)


def _metric_name(metric: str | None) -> str | None:
    if metric is None:
        return None
    output, own = parted(metric)
    try:
        row = METRICS.resolve(own)
    except UnknownName as error:
        hint = f" Did you mean {error.nearest!r}?" if error.nearest else ""
        raise StoreError(
            f"--metric: there is no metric {metric!r}; accepted: {', '.join(METRICS.names)}.{hint}"
        ) from None
    if row.higher_is_better is None:
        raise StoreError(f"--metric: {row.name!r} has no better and worse; it cannot rank losses.")
    if row.wrong_labels:
        raise StoreError(
            f"--metric: {row.name!r} is measured on training labels, and cannot rank losses. It "
            "is in metrics.csv."
        )
    return row.name if output is None else named(output, row.name)


def _notes(stored: Sequence[Stored]) -> Iterator[str]:
    for experiment in stored:
        yield from experiment.damaged
        if experiment.older:
            yield (
                f"{experiment.folder}: {experiment.older} finished jobs of earlier versions of "
                "the experiment are on disk and not shown."
            )


def _compare_group(
    runs: Sequence[Run],
    factor: str,
    protocol: Mapping[str, object],
    baseline: str | None,
    metric: str | None,
    at: At,
    notes: Sequence[str],
) -> Comparison:
    first, judged = runs[0], metric or runs[0].metric
    check_blocks(runs, factor)
    levels = levels_of(runs, factor)
    seeds = sorted({run.seed for run in runs})
    values = values_of(runs, levels, seeds, judged, factor=factor, at=at)
    wanted = baseline or (protocol.get("baseline") if factor == "loss" else None)
    against = baseline_of(None if wanted is None else str(wanted), levels, runs, factor)
    if baseline and against is None:
        raise StoreError(
            f"--baseline: {baseline!r} is none of the {plural(factor)} on {first.dataset}; "
            f"accepted: {', '.join(levels)}."
        )
    row = metric_row(judged)
    controls = {run.loss for run in runs if run.control} if factor == "loss" else set()
    alpha = float(str(protocol.get("alpha") or 0.05))
    delta, declared = _delta(protocol.get("delta"), row.bounded, values, levels, against)
    sign = 1.0 if row.higher_is_better else -1.0
    heads, shared = other_heads(runs, factor, against), overlap(runs)

    def judged_rows(names: Sequence[str]) -> list[Row]:
        found = judge(
            runs,
            names,
            values[[levels.index(name) for name in names]],
            factor=factor,
            sign=sign,
            baseline=against,
            delta=delta,
            alpha=alpha,
            flags=dict.fromkeys(heads, ("HEAD_DIFFERS",)),
            overlap=shared,
        )
        found = [
            replace(
                row,
                head=heads.get(row.level),
                regret=mean_of(of_level(runs, factor, row.level), judged, at, "regret"),
            )
            for row in found
        ]
        return sorted(found, key=lambda r: _rank(r, sign))

    rows = judged_rows([level for level in levels if level not in controls])
    beside = judged_rows([level for level in levels if level in {*controls, against}])
    unmeasured = (
        f"{shown(factor, row.level)}: {judged} is not measured; the loss gives no probabilities."
        for row in rows
        if row.done and not math.isfinite(row.mean)
    )
    warnings = [*notes, *_warnings(runs, factor, against, wanted), *unmeasured]
    return Comparison(
        factor=factor,
        **_shared(first, factor),
        epochs=first.epochs,
        metric=judged,
        at=at,
        higher_is_better=bool(row.higher_is_better),
        bounded=row.bounded,
        baseline=against,
        delta=delta,
        delta_declared=declared,
        alpha=alpha,
        seeds=len(seeds),
        rows=tuple(rows),
        warnings=tuple(warnings),
        controls=tuple(row for row in beside if row.level in controls),
        optimum=mean_of(runs, judged, at, "optimum"),
        prevalence=_prevalence(runs, judged),
        overlap=shared,
    )


def _shared(first: Run, factor: str) -> dict[str, Any]:
    """Return what the runs of a comparison share, by axis; nothing on that of the factor."""
    return first.names() | {factor: ""}


def _prevalence(runs: Sequence[Run], metric: str) -> float | None:
    """Return the share of positives on test where average precision judges, else None."""
    output, own = parted(metric)
    if own != "average_precision":
        return None
    for run in runs:
        result = run.result or {}
        for told in result.get("per_output") or [result]:
            if told.get("output") == output and told.get("confusion"):
                negatives, positives = map(sum, told["confusion"])
                return float(positives / (negatives + positives))
    return None


def _rank(row: Row, sign: float) -> float:
    return -sign * row.mean if math.isfinite(row.mean) else math.inf


def baseline_of(
    wanted: str | None, levels: Sequence[str], runs: Sequence[Run], factor: str
) -> str | None:
    """Return the level that the others are compared with, or None where the wanted one is absent.

    Args:
        wanted: what was asked for; None means the usual loss, and the first level otherwise.
        levels: display names, in the order of the experiment file.
        runs: the runs of the comparison.
        factor: the axis whose levels they are.
    """
    if wanted is not None:
        return _find_baseline(wanted, levels)
    if factor != "loss":
        return levels[0]
    tasks = [run.result["task"] for run in runs if run.result and "task" in run.result]
    usual = USUAL_BASELINE[tasks[0]] if tasks else ("cross_entropy", "mse")
    for name in usual:
        found = _find_baseline(name, levels)
        if found is not None:
            return found
    return levels[0]


def _find_baseline(name: str, levels: Sequence[str]) -> str | None:
    """Return the display name that `name` means: the same, or the only one that begins so."""
    if name in levels:
        return name
    bare = [level for level in levels if level.partition("[")[0] == name]
    alike = bare or [level for level in levels if level.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def _delta(
    declared: object,
    bounded: bool,
    values: NDArray[np.float64],
    levels: Sequence[str],
    baseline: str | None,
) -> tuple[float, bool]:
    if declared is not None:
        return float(str(declared)), True
    if bounded or baseline is None:
        return DELTA_BOUNDED, False
    worked = values[levels.index(baseline)]
    worked = worked[~np.isnan(worked)]
    return (DELTA_RELATIVE * abs(float(worked.mean())) if len(worked) else math.nan), False


def _warnings(
    runs: Sequence[Run], factor: str, baseline: str | None, wanted: object
) -> Iterator[str]:
    if baseline is None:
        yield f"the baseline {wanted} was not run on {runs[0].dataset}; nothing can be compared."
    softened = [r for r in runs if (r.result or {}).get("output_activation", "linear") != "linear"]
    for model in dict.fromkeys(run.model for run in softened):
        yield (
            f"outputs of {model} pass through softmax before the loss: a mistake on purpose, for "
            "teaching; these numbers say nothing about the losses used as meant."
        )
    for level in levels_of(runs, factor):
        mine, name = of_level(runs, factor, level), shown(factor, level)
        for status in dict.fromkeys(run.status for run in mine):
            count = sum(run.status == status for run in mine)
            if status == "missing":
                yield f"{name}: {count} of {len(mine)} runs are not finished."
            elif status != "ok":
                message = next(
                    (run.result or {}).get("message") for run in mine if run.status == status
                )
                yield f"{name}: {count} of {len(mine)} runs ended with {status}: {message}"
        collapsed = sum(bool((run.result or {}).get("collapsed")) for run in mine)
        if collapsed:
            yield (
                f"{name}: {collapsed} of {len(mine)} runs collapsed: one class predicted nearly "
                "always, or no better than a constant."
            )
    if shared := overlap(runs):
        yield (
            "each seed has a test part of its own, drawn from the same images, so that blocks "
            f"overlap: the variance of a mean difference counts n_test / n_train = {shared:.2g} "
            "more (Nadeau & Bengio 2003)."
        )
    for field in ("threads", "device"):
        kinds = {str((run.result or {})[field]) for run in runs if field in (run.result or {})}
        if len(kinds) > 1:
            yield f"runs differ in {field} ({', '.join(sorted(kinds))}): the last bits differ too."

"""Finished runs to comparisons: losses, or other levels, against a baseline, with verdicts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench import store
from lossbench.catalog import METRICS, UnknownName
from lossbench.catalog.axes import plural
from lossbench.catalog.metrics import metric_row, named, parted
from lossbench.comparison.audit import Case, audit_of
from lossbench.comparison.blocks import level_of, levels_of, other_heads, overlap
from lossbench.comparison.cautions import cautions, changed_results, notes_of
from lossbench.comparison.converging import COLUMNS, converge, csv_rows
from lossbench.comparison.cost import cross_losses
from lossbench.comparison.curves import folders_of
from lossbench.comparison.declared import (
    Against,
    Declared,
    baseline_of,
    declared_of,
    delta_of,
    departures,
)
from lossbench.comparison.effects import not_distinguishable, shares_of
from lossbench.comparison.factors import usual_factors
from lossbench.comparison.failures import class_counts, in_order, is_often
from lossbench.comparison.grouping import Group, groups
from lossbench.comparison.ledger import Trial, trials_of, tuned_keys
from lossbench.comparison.matching import check_matched, mismatches
from lossbench.comparison.measured import At, Outcomes, check_measured, mean_of, outcomes_of
from lossbench.comparison.results import Comparison, Row
from lossbench.comparison.rows import Judging, Measured, epochs_of, family_rows
from lossbench.errors import StoreError
from lossbench.store import Run, Stored


@dataclass(frozen=True)
class _Asked:
    """What the user asked for; None means what was declared, or is usual."""

    baseline: str | None
    metric: str | None
    at: At | None
    against: Against
    allow_unmatched: bool


def compare(
    stored: Sequence[Stored],
    *,
    factor: str | None = None,
    baseline: str | None = None,
    metric: str | None = None,
    at: At | None = None,
    convergence: bool | None = None,
    against: Against = "baseline",
    allow_unmatched: bool = False,
) -> list[Comparison]:
    """Compare the losses of finished runs, or another axis on which they differ.

    Args:
        stored: experiments as read from their folders.
        factor: what is compared, a name of `FACTORS`; None means losses or, where there is one
            alone, each other axis on which the runs differ.
        baseline: level to compare with; None means the declared or the usual loss, and the first
            level of another factor.
        metric: metric to judge by; None means the one that chose the epochs.
        at: the epoch that is compared: the one chosen on validation, or the last; None means the
            declared one.
        convergence: whether the curves of the training are compared, too; None means where the
            factor is not the loss.
        against: whether levels are compared with the baseline or with the best mean.
        allow_unmatched: whether runs are paired that did not start or train alike.

    Returns:
        One comparison for each combination of all that is not compared: data set, model, training,
        and track where hyperparameters were tuned. What departs from the declared protocol is
        flagged EXPLORATORY, with its reasons.

    Raises:
        StoreError: there is no run, runs of a block do not match, a name fits nothing, or a result
            holds what no job can have written.
    """
    if against == "best" and baseline is not None:
        raise StoreError(
            f"--against best: the best mean is what the others are compared with, not {baseline!r}."
            " Leave out one of --against and --baseline."
        )
    asked = _Asked(baseline, _metric_name(metric), at, against, allow_unmatched)
    notes = list(notes_of(stored))
    folders = folders_of(stored)
    found = []
    for axis in (factor,) if factor else usual_factors(stored):
        for group in groups(stored, axis):
            one = _compare_group(group, axis, asked, notes)
            if axis != "loss" if convergence is None else convergence:
                curves = converge(group.runs, axis, one.baseline, folders, one.alpha)
                one = replace(one, convergence=curves)
            found.append(one)
            notes = []  # said once, with the first comparison
    return found


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
    folders, rows = folders_of([stored]), dict[str, dict[str, Any]]()
    factor = usual_factors([stored])[0]
    for group in groups([stored], factor) if stored.runs else ():
        runs, declared = group.runs, stored.protocol.get("baseline")
        wanted = str(declared) if declared is not None and factor == "loss" else None
        baseline = baseline_of(wanted, levels_of(runs, factor), runs, factor)
        found = converge(runs, factor, baseline, folders)
        for row in csv_rows(found, runs[0].names(), factor, baseline):
            rows.setdefault(row["job_id"], row)  # a job may stand in both tracks of tuning
    return store.csv_text(COLUMNS, rows.values())


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


def _compare_group(group: Group, factor: str, asked: _Asked, notes: Sequence[str]) -> Comparison:
    declared = declared_of(group)
    metric, at = asked.metric or declared.metric, asked.at or declared.at
    trials = trials_of(group, factor)
    tuned = tuned_keys(trials)
    unmatched = check_matched(group.runs, factor, tuned, allow_unmatched=asked.allow_unmatched)
    levels = levels_of(group.runs, factor)
    usual, baseline = _baselines(group, factor, asked, declared, levels)
    outcomes = _outcomes(group.runs, levels, metric, factor, at)
    if asked.against == "best":
        baseline = _best(_compared(group.runs, levels, factor), levels, outcomes, metric)
    how = _judging(group.runs, factor, metric, at, declared, baseline, levels, outcomes)
    measured = _measured(group.runs, levels, outcomes, how, trials)
    reasons = departures(
        group,
        declared,
        factor,
        metric=metric,
        baseline=baseline,
        usual=usual,
        at=at,
        against=asked.against,
    )
    wanted, changed = asked.baseline or declared.baseline, changed_results(group.runs)
    found = replace(
        _said(measured, how, declared),
        warnings=(*notes, *cautions(group.runs, how, wanted, changed)),
        track=group.track,
        exploratory=reasons.all,
        unmatched=unmatched,
        against=asked.against,
    )
    found = replace(found, flags=_flags(found))
    done = [run for run in group.runs if run.result and run.status in store.FINISHED]
    differing = mismatches(group.runs, factor, tuned) if unmatched else ()
    unlike = frozenset(one.field for one in differing)
    return replace(
        found, audit=audit_of(Case(found, group, done, changed, trials, reasons, unlike))
    )


def _said(measured: Measured, how: Judging, declared: Declared) -> Comparison:
    """Return what the runs say, whatever was asked for."""
    runs, levels = measured.runs, measured.levels
    compared = _compared(runs, levels, how.factor)
    rows = in_order(family_rows(compared, measured, how), how.sign)
    beside = [level for level in levels if level not in compared or level == how.baseline]
    controls = in_order(family_rows(beside, measured, how), how.sign)
    return Comparison(
        factor=how.factor,
        **_shared(runs[0], how.factor),
        epochs=runs[0].epochs,
        metric=how.metric,
        at=how.at,
        higher_is_better=how.sign > 0,
        bounded=how.bounded,
        baseline=how.baseline,
        delta=how.delta,
        delta_declared=how.delta_declared,
        alpha=how.alpha,
        seeds=measured.outcomes.values.shape[1],
        rows=tuple(_bold(rows, measured, how)),
        warnings=(),
        controls=tuple(row for row in controls if row.level not in compared),
        optimum=mean_of(runs, how.metric, how.at, "optimum"),
        prevalence=_prevalence(runs, how.metric),
        overlap=how.overlap,
        protocol_sha256=declared.sha256,
        looks=declared.looks,
        alpha_tested=how.alpha_tested,
        shares=shares_of(measured.outcomes.of([levels.index(one) for one in compared]).values),
        cross_loss=cross_losses(runs, how.factor),
        **_behind(runs, how.factor, levels, measured.outcomes.values),
    )


def _behind(
    runs: Sequence[Run],
    factor: str,
    levels: Sequence[str],
    values: NDArray[np.float64],
) -> dict[str, Any]:
    """Return the values and the jobs that a comparison rests on, by level and seed."""
    seeds = sorted({run.seed for run in runs})
    jobs: dict[str, dict[int, str]] = {level: {} for level in levels}
    for run in runs:
        jobs[level_of(run, factor)][run.seed] = run.job_id
    by_seed = (dict(zip(seeds, row, strict=True)) for row in values.tolist())
    return {"values": dict(zip(levels, by_seed, strict=True)), "jobs": jobs}


def _shared(first: Run, factor: str) -> dict[str, Any]:
    """Return what the runs of a comparison share, by axis; nothing on that of the factor."""
    return first.names() | {factor: ""}


def _compared(runs: Sequence[Run], levels: Sequence[str], factor: str) -> list[str]:
    """Return the levels that are compared: all but the controls."""
    controls = {run.loss for run in runs if run.control} if factor == "loss" else set()
    return [level for level in levels if level not in controls]


def _outcomes(
    runs: Sequence[Run], levels: Sequence[str], metric: str, factor: str, at: At
) -> Outcomes:
    seeds = sorted({run.seed for run in runs})
    found = outcomes_of(runs, levels, seeds, metric, factor=factor, at=at)
    check_measured(runs, metric, found)
    return found


def _measured(
    runs: Sequence[Run],
    levels: Sequence[str],
    outcomes: Outcomes,
    how: Judging,
    trials: Mapping[str, Sequence[Trial]],
) -> Measured:
    seeds = sorted({run.seed for run in runs})
    epochs = epochs_of(
        runs, levels, seeds, how.metric, factor=how.factor, at=how.at, outcomes=outcomes
    )
    heads = other_heads(runs, how.factor, how.baseline)
    return Measured(runs, levels, outcomes, epochs, heads, trials)


def _flags(one: Comparison) -> tuple[str, ...]:
    """Return what a reader should know of all levels alike."""
    found = {
        "EXPLORATORY": bool(one.exploratory),
        "UNMATCHED": bool(one.unmatched),
        "LR_SHARED": one.factor == "loss" and len(one.rows) > 1 and not one.track,
        "DEFAULT_DELTA": not one.delta_declared,
    }
    return tuple(flag for flag, holds in found.items() if holds)


def _baselines(
    group: Group, factor: str, asked: _Asked, declared: Declared, levels: Sequence[str]
) -> tuple[str | None, str | None]:
    """Return the declared or usual baseline, and the one that was asked for."""
    wanted = declared.baseline if factor == "loss" else None
    usual = baseline_of(wanted, levels, group.runs, factor)
    if asked.baseline is None:
        return usual, usual
    found = baseline_of(asked.baseline, levels, group.runs, factor)
    if found is None:
        raise StoreError(
            f"--baseline: {asked.baseline!r} is none of the {plural(factor)} on "
            f"{group.runs[0].dataset}; accepted: {', '.join(levels)}."
        )
    return usual, found


def _best(
    compared: Sequence[str], levels: Sequence[str], outcomes: Outcomes, metric: str
) -> str | None:
    """Return the level with the best mean, of those that do not fail often if there are any."""
    higher = bool(metric_row(metric).higher_is_better)
    found: list[tuple[bool, float, str]] = []
    for level in compared:
        index = levels.index(level)
        values = outcomes.values[index][~np.isnan(outcomes.values[index])]
        if len(values):
            mean = float(values.mean())
            failed, done = outcomes.failed[index].sum(), outcomes.worked[index].sum()
            often = is_often(int(failed), int(done))
            found.append((often, -mean if higher else mean, level))
    return min(found, key=lambda one: one[:2])[2] if found else None


def _judging(
    runs: Sequence[Run],
    factor: str,
    metric: str,
    at: At,
    declared: Declared,
    baseline: str | None,
    levels: Sequence[str],
    outcomes: Outcomes,
) -> Judging:
    row = metric_row(metric)
    values = np.full(outcomes.values.shape[1], math.nan)
    if baseline is not None:
        values = outcomes.values[levels.index(baseline)]
    delta, delta_declared = delta_of(declared, metric, runs, values)
    return Judging(
        factor=factor,
        metric=metric,
        at=at,
        sign=1.0 if row.higher_is_better else -1.0,
        bounded=row.bounded,
        baseline=baseline,
        delta=delta,
        delta_declared=delta_declared,
        alpha=declared.alpha,
        alpha_tested=declared.alpha / max(1, len(declared.looks)),
        overlap=overlap(runs),
    )


def _bold(rows: Sequence[Row], measured: Measured, how: Judging) -> list[Row]:
    """Mark the level that stands first, and those that cannot be told from it."""
    index = [measured.levels.index(row.level) for row in rows]
    oriented = how.sign * measured.outcomes.of(index).values
    means = [row.mean for row in rows]
    found = not_distinguishable(oriented, means, 0, how.alpha_tested, how.overlap)
    return [replace(row, bold=bold) for row, bold in zip(rows, found, strict=True)]


def _prevalence(runs: Sequence[Run], metric: str) -> float | None:
    """Return the share of positives on test where average precision judges, else None."""
    output, own = parted(metric)
    counts = class_counts(runs, output) if own == "average_precision" else None
    return None if counts is None else float(counts[1] / counts.sum())

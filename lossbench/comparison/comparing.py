"""Finished runs to comparisons: losses against a baseline, in blocks, with verdicts."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog import METRICS, UnknownName
from lossbench.catalog.losses import Task
from lossbench.catalog.metrics import metric_row, named, parted
from lossbench.comparison.blocks import (
    At,
    check_blocks,
    distinct,
    mean_of,
    other_heads,
    overlap,
    values_of,
)
from lossbench.comparison.judging import judge
from lossbench.comparison.results import Comparison, LossRow
from lossbench.errors import StoreError
from lossbench.store import Run, Stored

_Group = tuple[str, str, str, int, int, str]

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
    baseline: str | None = None,
    metric: str | None = None,
    at: At = "selected",
) -> list[Comparison]:
    """Compare the losses of finished runs.

    Args:
        stored: experiments as read from their folders.
        baseline: loss to compare with; None means the declared or the usual one.
        metric: metric to judge by; None means the one that chose the epochs.
        at: the epoch that is compared: the one chosen on validation, or the last.

    Returns:
        One comparison for each data set, model, optimizer and training budget.

    Raises:
        StoreError: there is no run, runs of a block do not match, or a name fits nothing.
    """
    chosen = _metric_name(metric)
    groups: dict[_Group, list[Run]] = {}
    protocols: dict[_Group, Mapping[str, object]] = {}
    for experiment in stored:
        for run in experiment.runs:
            key: _Group = (
                run.dataset,
                run.model,
                run.optimizer,
                run.epochs,
                run.batch_size,
                run.metric,
            )
            groups.setdefault(key, []).append(run)
            protocols.setdefault(key, experiment.protocol)
    if not groups:
        raise StoreError("compare: no run is planned in these folders. Run an experiment first.")
    notes = list(_notes(stored))
    found = []
    for key, runs in groups.items():
        found.append(_compare_group(distinct(runs), protocols[key], baseline, chosen, at, notes))
        notes = []  # said once, with the first comparison
    return found


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
    protocol: Mapping[str, object],
    baseline: str | None,
    metric: str | None,
    at: At,
    notes: Sequence[str],
) -> Comparison:
    first, judged = runs[0], metric or runs[0].metric
    check_blocks(runs)
    losses = list(dict.fromkeys(run.loss for run in runs))
    seeds = sorted({run.seed for run in runs})
    values = values_of(runs, losses, seeds, judged, at)
    wanted = baseline or protocol.get("baseline")
    against = _baseline(None if wanted is None else str(wanted), losses, runs)
    if baseline and against is None:
        raise StoreError(
            f"--baseline: {baseline!r} is none of the losses on {first.dataset}; accepted: "
            f"{', '.join(losses)}."
        )
    row = metric_row(judged)
    controls = {run.loss for run in runs if run.control}
    alpha = float(str(protocol.get("alpha") or 0.05))
    delta, declared = _delta(protocol.get("delta"), row.bounded, values, losses, against)
    sign = 1.0 if row.higher_is_better else -1.0
    heads, shared = other_heads(runs, against), overlap(runs)

    def judged_rows(names: Sequence[str]) -> list[LossRow]:
        found = judge(
            runs,
            names,
            values[[losses.index(name) for name in names]],
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
                head=heads.get(row.loss),
                regret=mean_of((run for run in runs if run.loss == row.loss), judged, at, "regret"),
            )
            for row in found
        ]
        return sorted(found, key=lambda r: _rank(r, sign))

    rows = judged_rows([loss for loss in losses if loss not in controls])
    beside = judged_rows([loss for loss in losses if loss in controls or loss == against])
    unmeasured = (
        f"{row.loss}: {judged} is not measured; the loss gives no probabilities."
        for row in rows
        if row.done and not math.isfinite(row.mean)
    )
    warnings = [*notes, *_warnings(runs, against, wanted), *unmeasured]
    return Comparison(
        dataset=first.dataset,
        model=first.model,
        optimizer=first.optimizer,
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
        controls=tuple(row for row in beside if row.loss in controls),
        optimum=mean_of(runs, judged, at, "optimum"),
        prevalence=_prevalence(runs, judged),
        overlap=shared,
    )


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


def _rank(row: LossRow, sign: float) -> float:
    return -sign * row.mean if math.isfinite(row.mean) else math.inf


def _baseline(wanted: str | None, losses: Sequence[str], runs: Sequence[Run]) -> str | None:
    if wanted is not None:
        return _find_baseline(wanted, losses)
    tasks = [run.result["task"] for run in runs if run.result and "task" in run.result]
    usual = USUAL_BASELINE[tasks[0]] if tasks else ("cross_entropy", "mse")
    for name in usual:
        found = _find_baseline(name, losses)
        if found is not None:
            return found
    return losses[0]


def _find_baseline(name: str, losses: Sequence[str]) -> str | None:
    """Return the display name that `name` means: the same, or the only one of that loss."""
    if name in losses:
        return name
    of_loss = [loss for loss in losses if loss.partition("[")[0] == name]
    return of_loss[0] if len(of_loss) == 1 else None


def _delta(
    declared: object,
    bounded: bool,
    values: NDArray[np.float64],
    losses: Sequence[str],
    baseline: str | None,
) -> tuple[float, bool]:
    if declared is not None:
        return float(str(declared)), True
    if bounded or baseline is None:
        return DELTA_BOUNDED, False
    worked = values[losses.index(baseline)]
    worked = worked[~np.isnan(worked)]
    return (DELTA_RELATIVE * abs(float(worked.mean())) if len(worked) else math.nan), False


def _warnings(runs: Sequence[Run], baseline: str | None, wanted: object) -> Iterator[str]:
    if baseline is None:
        yield f"the baseline {wanted} was not run on {runs[0].dataset}; nothing can be compared."
    for loss in dict.fromkeys(run.loss for run in runs):
        mine = [run for run in runs if run.loss == loss]
        for status in dict.fromkeys(run.status for run in mine):
            count = sum(run.status == status for run in mine)
            if status == "missing":
                yield f"{loss}: {count} of {len(mine)} runs are not finished."
            elif status != "ok":
                message = next(
                    (run.result or {}).get("message") for run in mine if run.status == status
                )
                yield f"{loss}: {count} of {len(mine)} runs ended with {status}: {message}"
        collapsed = sum(bool((run.result or {}).get("collapsed")) for run in mine)
        if collapsed:
            yield (
                f"{loss}: {collapsed} of {len(mine)} runs collapsed: one class predicted nearly "
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

"""What went wrong, or could mislead, in the runs of a comparison: a sentence each."""

from collections.abc import Iterator, Sequence

import numpy as np

from lossbench import store
from lossbench.catalog.axes import shown
from lossbench.catalog.metrics import parted
from lossbench.comparison.blocks import levels_of, of_level, overlap
from lossbench.comparison.failures import class_counts
from lossbench.comparison.matching import other_versions
from lossbench.comparison.measured import At, not_numbers, value_of
from lossbench.comparison.rows import Judging
from lossbench.store import Run, Stored

IMBALANCED = 1.5
"""The largest class makes up more than so many times its share among equal ones."""


def notes_of(stored: Sequence[Stored]) -> Iterator[str]:
    """Yield what the folders say of themselves: damaged results, and jobs that are not shown."""
    for experiment in stored:
        yield from experiment.damaged
        if experiment.older:
            yield (
                f"{experiment.folder}: {experiment.older} finished jobs of earlier versions of "
                "the experiment are on disk and not shown."
            )


def cautions(
    runs: Sequence[Run], how: Judging, wanted: str | None, changed: Sequence[Run]
) -> Iterator[str]:
    """Yield what a reader should know of the runs of a comparison.

    Args:
        runs: the runs.
        how: how they are judged.
        wanted: the baseline that was declared or asked for.
        changed: the runs whose result is not what the job wrote.
    """
    factor, metric = how.factor, how.metric
    if how.baseline is None:
        yield f"the baseline {wanted} was not run on {runs[0].dataset}; nothing can be compared."
    yield from _softened(runs)
    for level in levels_of(runs, factor):
        yield from _ended(of_level(runs, factor, level), shown(factor, level))
    yield from _unmeasured(runs, factor, metric, how.at)
    yield from _changed(changed)
    yield from _imbalanced(runs, metric)
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
    yield from other_versions(runs, factor)


def _softened(runs: Sequence[Run]) -> Iterator[str]:
    softened = [r for r in runs if (r.result or {}).get("output_activation", "linear") != "linear"]
    for model in dict.fromkeys(run.model for run in softened):
        yield (
            f"outputs of {model} pass through softmax before the loss: a mistake on purpose, for "
            "teaching; these numbers say nothing about the losses used as meant."
        )


def _ended(mine: Sequence[Run], name: str) -> Iterator[str]:
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


def _unmeasured(runs: Sequence[Run], factor: str, metric: str, at: At) -> Iterator[str]:
    for name, broken in not_numbers(runs, metric, at, factor).items():
        yield (
            f"{name}: {metric} is not a number in {len(broken)} runs that ended with ok (job "
            f"{broken[0].job_id}, seed {broken[0].seed}); they count as failed."
        )
    for level in levels_of(runs, factor):
        worked = [run for run in of_level(runs, factor, level) if run.status == "ok"]
        without = [run for run in worked if value_of(run, metric, at) is None]
        if without and len(without) == len(worked):
            yield (
                f"{shown(factor, level)}: {metric} is not measured; the loss gives no "
                "probabilities."
            )
        elif without:
            yield (
                f"{shown(factor, level)}: {metric} is not measured in {len(without)} of "
                f"{len(worked)} runs (job {without[0].job_id}, seed {without[0].seed}); their "
                "blocks are left out."
            )


def _changed(changed: Sequence[Run]) -> Iterator[str]:
    if changed:
        first = changed[0]
        yield (
            f"{len(changed)} results were changed after they were written (job {first.job_id}, "
            f"{first.loss}, seed {first.seed}): `lossbench status --check` names them; remove "
            "their folders and run again."
        )


def changed_results(runs: Sequence[Run]) -> list[Run]:
    """Return the runs whose `result.json` is not what the job wrote."""
    return [run for run in runs if run.result and store.is_changed(run.result)]


def majority(runs: Sequence[Run], metric: str) -> tuple[float, int] | None:
    """Return the share of the largest class on test and the number of classes, where it misleads.

    That is where plain accuracy judges and the share exceeds 1.5 over the number of classes.
    """
    output, own = parted(metric)
    counts = class_counts(runs, output) if own == "accuracy" else None
    if counts is None or not counts.sum():
        return None
    share = float(np.max(counts) / counts.sum())
    return (share, len(counts)) if share > IMBALANCED / len(counts) else None


def _imbalanced(runs: Sequence[Run], metric: str) -> Iterator[str]:
    found = majority(runs, metric)
    if found:
        share, classes = found
        yield (
            f"{100 * share:.3g} % of the test images are of one of {classes} classes: always "
            f"predicting it has {metric} {100 * share:.3g} points; judge by balanced_accuracy."
        )

"""What was declared before the runs, and where a comparison departs from it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lossbench import store
from lossbench.catalog import baselines
from lossbench.catalog.axes import plural
from lossbench.catalog.metrics import metric_row, parted
from lossbench.comparison.grouping import Group
from lossbench.comparison.measured import At, number_of
from lossbench.errors import StoreError
from lossbench.store import Run

DELTA_BOUNDED = 0.005
DELTA_RELATIVE = 0.01
OF_EXAMPLES = frozenset(
    {
        "accuracy",
        "top5_accuracy",
        "accuracy_within_one",
        "subset_accuracy",
        "recall_at_1",
        "recall_at_5",
    }
)
"""Metrics that are shares of the test examples, so that one example is their smallest step."""

Against = Literal["baseline", "best"]


@dataclass(frozen=True)
class Departures:
    """Why a comparison is not the one that was declared, in sentences.

    Attributes:
        chosen: what was asked for instead, or declared by one of several folders.
        broken: what was changed after there were results, or looked at when it was not to be.
    """

    chosen: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.chosen, *self.broken)


@dataclass(frozen=True)
class Declared:
    """What an experiment file says of how its results are judged.

    Attributes:
        metric: the metric that chose the epochs, declared or usual for the task.
        baseline: the loss that the others are compared with; None where none was named.
        delta: smallest difference that matters; None where none was named.
        alpha: level of tests and intervals.
        at: the epoch that is compared.
        looks: numbers of seeds at which results are looked at.
        sha256: the hash of all of this, the seeds and the tuning.
    """

    metric: str
    baseline: str | None
    delta: float | None
    alpha: float
    at: At
    looks: tuple[int, ...]
    sha256: str


def declared_of(group: Group) -> Declared:
    """Return what was declared for a comparison; of several experiments what the first says.

    Raises:
        StoreError: a value of `protocol:` was changed to what it cannot be.
    """
    home = group.experiments[0]
    protocol = home.protocol
    where = f"{home.folder / 'experiment.yaml'}: protocol"
    if not isinstance(protocol, Mapping):
        raise StoreError(f"{where}: is {protocol!r}; accepted are keys with values. {_RERUN}")
    alpha = _number(protocol, "alpha", where, 0.05)
    delta = _number(protocol, "delta", where, None)
    if alpha is None or not 0 < alpha < 1:
        raise StoreError(f"{where}.alpha: {alpha!r}; accepted: 0 < alpha < 1. {_RERUN}")
    if delta is not None and not (delta > 0 and math.isfinite(delta)):
        raise StoreError(f"{where}.delta: {delta!r}; accepted: null or delta > 0. {_RERUN}")
    at: At = protocol.get("at") or "selected"
    if at not in ("selected", "last"):
        raise StoreError(f"{where}.at: {at!r}; accepted: selected or last. {_RERUN}")
    looks = protocol.get("looks") or ()
    if not isinstance(looks, Sequence) or not all(type(look) is int for look in looks):
        raise StoreError(f"{where}.looks: {looks!r}; accepted: null or numbers of seeds. {_RERUN}")
    named = protocol.get("baseline")
    return Declared(
        metric=group.runs[0].metric,
        baseline=None if named is None else str(named),
        delta=delta,
        alpha=alpha,
        at=at,
        looks=tuple(looks),
        sha256=home.protocol_sha256,
    )


_RERUN = "Run the experiment again: finished jobs are kept."


def _number(
    protocol: Mapping[str, Any], key: str, where: str, default: float | None
) -> float | None:
    value = protocol.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StoreError(f"{where}.{key}: {value!r}; accepted is a number. {_RERUN}")
    return float(value)


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
        return baselines.named(wanted, levels)
    if factor != "loss":
        return levels[0]
    tasks = [run.result["task"] for run in runs if run.result and "task" in run.result]
    return baselines.usual_baseline(levels, tasks[0] if tasks else None)


def delta_of(
    declared: Declared, metric: str, runs: Sequence[Run], baseline: NDArray[np.float64]
) -> tuple[float, bool]:
    """Return the smallest difference that matters, and whether it was declared for this metric.

    The usual one is 0.005 for metrics in [0, 1], but no less than one test example where the
    metric is a share of them, and 1 % of the baseline's mean for others.

    Args:
        declared: what was declared.
        metric: the metric that judges; what was declared holds where the two have the same unit.
        runs: the runs of the comparison.
        baseline: the baseline's values, [seeds]; NaN where it failed.

    Raises:
        StoreError: what was declared is less than one test example.
    """
    sizes = [n for run in runs if not math.isnan(n := number_of(run, "n_test")) and n > 0]
    step = 1 / max(sizes) if sizes and parted(metric)[1] in OF_EXAMPLES else 0.0
    if declared.delta is not None and _same_unit(metric, declared.metric):
        if declared.delta < step * (1 - 1e-9):
            raise StoreError(
                f"protocol.delta: {declared.delta:g} is less than one test example of "
                f"{runs[0].dataset}, {step:g}; accepted is delta >= {step:g}. Declare a larger "
                "delta, or null for the usual one."
            )
        return declared.delta, True
    worked = baseline[~np.isnan(baseline)]
    mean = float(worked.mean()) if len(worked) else math.nan
    return usual_delta(metric_row(metric).bounded, mean, step), False


def usual_delta(bounded: bool, baseline_mean: float, step: float = 0.0) -> float:
    """Return the smallest difference that matters where none is declared.

    Args:
        bounded: whether the metric lies in [0, 1].
        baseline_mean: mean of the baseline; NaN where unknown.
        step: smallest step of the metric, as one test example.
    """
    return max(DELTA_BOUNDED, step) if bounded else DELTA_RELATIVE * abs(baseline_mean)


def _same_unit(one: str, other: str) -> bool:
    return one == other or (metric_row(one).bounded and metric_row(other).bounded)


def departures(
    group: Group,
    declared: Declared,
    factor: str,
    *,
    metric: str,
    baseline: str | None,
    usual: str | None,
    at: At,
    against: Against,
) -> Departures:
    """Return why a comparison is not the one that was declared.

    Args:
        group: the runs and their experiments.
        declared: what was declared.
        factor: the axis whose levels are compared.
        metric: the metric that judges.
        baseline: what the levels are compared with.
        usual: what they would be compared with if nothing else were asked for.
        at: the epoch that is compared.
        against: whether they are compared with the baseline or with the best mean.
    """
    asked = _asked(declared, factor, metric, baseline, usual, at, against)
    return Departures(
        chosen=(*asked, *_folders(group, factor)),
        broken=(*_edited(group), *_looked(group, declared)),
    )


def _asked(
    declared: Declared,
    factor: str,
    metric: str,
    baseline: str | None,
    usual: str | None,
    at: At,
    against: Against,
) -> Iterator[str]:
    if metric != declared.metric:
        yield f"judged by {metric}; declared before the runs is {declared.metric}."
    if at != declared.at:
        words = {"selected": "the epoch chosen on validation", "last": "the last epoch"}
        yield f"compared at {words[at]}; declared before the runs is {words[declared.at]}."
    if against == "best":
        yield f"the {plural(factor)} are compared with the best mean, which the data picked."
    elif baseline != usual:
        said = "declared before the runs" if declared.baseline and factor == "loss" else "the usual"
        yield f"compared with {baseline}; {said} is {usual or declared.baseline}."


def _folders(group: Group, factor: str) -> Iterator[str]:
    """Yield what folders of one comparison declare differently, a sentence for each key."""
    homes = group.experiments
    for key in store.DECLARED:
        if key == "baseline" and factor != "loss":
            continue
        said = {str(home.folder): home.protocol.get(key) for home in homes}
        if len({str(value) for value in said.values()}) > 1:
            each = ", ".join(f"{value} in {folder}" for folder, value in said.items())
            yield f"the folders declare different protocol.{key}: {each}; the first one holds."


def _edited(group: Group) -> Iterator[str]:
    """Yield what shows that the protocol was changed after there were results."""
    done = [run for run in group.runs if run.result and run.result.get("protocol_sha256")]
    under = {run.job_id: str((run.result or {})["protocol_sha256"]) for run in done}
    now = {run.job_id: group.homes[run.job_id].protocol_sha256 for run in done}
    changed = [job_id for job_id, sha256 in under.items() if now[job_id] not in ("", sha256)]
    if changed:
        first = changed[0]
        yield (
            f"{len(changed)} of {len(done)} runs were made under another protocol "
            f"({under[first][:6]}) than the experiment declares now ({now[first][:6]}): metric, "
            "baseline, delta, alpha, epoch, looks, seeds or tuning were changed after there were "
            "results; which of them is not recorded."
        )
    if len(set(under.values())) > 1:
        kinds = ", ".join(sorted({sha256[:6] for sha256 in under.values()}))
        yield f"the runs were made under {len(set(under.values()))} different protocols ({kinds})."


def seeds_done(runs: Sequence[Run]) -> int:
    """Return how many seeds have results."""
    return len({run.seed for run in runs if run.status in store.FINISHED})


def _looked(group: Group, declared: Declared) -> Iterator[str]:
    seeds = seeds_done(group.runs)
    if declared.looks and seeds and seeds not in declared.looks:
        looks = ", ".join(map(str, declared.looks))
        yield f"results are looked at with {seeds} seeds; the declared looks are at {looks}."

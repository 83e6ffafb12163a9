"""From what is known of earlier jobs to seconds, memory and disk; pure."""

import heapq
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from lossbench.catalog.axes import USUAL

START_S = 4.0
"""A worker imports TensorFlow once, before its first job."""


@dataclass(frozen=True)
class Timing:
    """What an earlier job, or a measurement, says of others like it.

    Attributes:
        job_id: the job.
        dataset: display name of the data set.
        model: display name of the network.
        loss: display name of the loss.
        batch_size: images per step.
        n_train: training images.
        pixels: values of an image, height x width x channels; None where unknown.
        fixed_s: seconds outside training and the evaluations after epochs.
        trace_s: seconds until the first step could run; about 0 where a trace was reused.
        step_ms: milliseconds of a step.
        eval_s: seconds of the evaluation after an epoch.
        memory_mib: the process's largest memory.
        disk_mib: size of the job's folder; None for a measurement.
        measured: whether it was measured for this forecast.
        backend: what computed.
    """

    job_id: str
    dataset: str
    model: str
    loss: str
    batch_size: int
    n_train: int
    pixels: int | None
    fixed_s: float
    trace_s: float
    step_ms: float
    eval_s: float
    memory_mib: float
    disk_mib: float | None = None
    measured: bool = False
    backend: str = USUAL["backend"]


@dataclass(frozen=True)
class Kind:
    """What decides how long a job takes.

    Attributes:
        dataset: display name of the data set.
        model: display name of the network.
        loss: display name of the loss.
        batch_size: images per step.
        n_train: training images.
        pixels: values of an image.
        epochs: passes over the training images.
        backend: what computes.
    """

    dataset: str
    model: str
    loss: str
    batch_size: int
    n_train: int
    pixels: int
    epochs: int
    backend: str = USUAL["backend"]


@dataclass(frozen=True)
class Planned:
    """A job to forecast: its id, what it shares a traced graph by, and its kind."""

    job_id: str
    trace_key: str
    kind: Kind


@dataclass(frozen=True)
class Forecast:
    """What is left to do.

    Attributes:
        jobs: how many the plan holds.
        finished: how many of them have a result.
        workers: processes side by side.
        threads: threads in each.
        seconds: of each job that is not finished; None where nothing is known.
        wall_s: seconds until all of known length are done; None where none is known.
        memory_mib: of all workers together, or None.
        disk_mib: of all jobs' folders, finished ones included, or None.
        earlier_jobs: how many earlier jobs it rests on.
        measured: how many measurements it rests on.
    """

    jobs: int
    finished: int
    workers: int
    threads: int
    seconds: Mapping[str, float | None]
    wall_s: float | None
    memory_mib: float | None
    disk_mib: float | None
    earlier_jobs: int
    measured: int

    @property
    def unknown(self) -> int:
        """How many jobs there is no evidence for."""
        return sum(value is None for value in self.seconds.values())


@dataclass(frozen=True)
class _Cost:
    """Seconds of a job without its trace, seconds of the trace, and what they rest on."""

    job_s: float
    trace_s: float
    rows: tuple[Timing, ...]


def predict(
    jobs: Sequence[Planned],
    timings: Sequence[Timing],
    *,
    workers: int,
    threads: int = 1,
    finished: Collection[str] = (),
) -> Forecast:
    """Forecast what is left of a plan; pure.

    Args:
        jobs: every job of the plan.
        timings: what is known, from the same device and number of threads.
        workers: processes side by side, at least 1.
        threads: threads in each.
        finished: ids of the jobs that have a result.
    """
    left = [job for job in jobs if job.job_id not in finished]
    costs = {kind: _cost(kind, timings) for kind in {job.kind for job in jobs}}
    seconds: dict[str, float | None] = {}
    traced: set[str] = set()
    for job in left:
        cost = costs[job.kind]
        trace_s = 0.0 if job.trace_key in traced or cost is None else cost.trace_s
        seconds[job.job_id] = None if cost is None else cost.job_s + trace_s
        traced.add(job.trace_key)
    rows = {row for job in left for row in _rows(costs[job.kind])}
    known = [value for value in seconds.values() if value is not None]
    active = min(workers, len(left))
    return Forecast(
        jobs=len(jobs),
        finished=len(jobs) - len(left),
        workers=workers,
        threads=threads,
        seconds=seconds,
        wall_s=START_S + makespan(known, workers) if known else (None if left else 0.0),
        memory_mib=active * max(row.memory_mib for row in rows) if rows else None,
        disk_mib=_disk_mib(jobs, timings),
        earlier_jobs=len({row.job_id for row in rows if not row.measured}),
        measured=len({row.job_id for row in rows if row.measured}),
    )


def time_left(forecast: Forecast, shares: Mapping[str, float]) -> float | None:
    """Return the seconds that a run still takes, or None where a job's time is unknown.

    Args:
        forecast: as made before the run began.
        shares: how much of each job that has begun is done, in [0, 1]; 1 for those that ended.
    """
    left = []
    for job_id, seconds in forecast.seconds.items():
        share = shares.get(job_id, 0.0)
        if share >= 1.0:
            continue
        if seconds is None:
            return None
        left.append(seconds * (1.0 - max(share, 0.0)))
    return makespan(left, forecast.workers)


def makespan(seconds: Sequence[float], workers: int) -> float:
    """Return when the last job ends if each free worker takes the longest one that is left."""
    loads = [0.0] * min(workers, max(len(seconds), 1))
    for value in sorted(seconds, reverse=True):
        heapq.heapreplace(loads, loads[0] + value)
    return max(loads)


def _rows(cost: _Cost | None) -> tuple[Timing, ...]:
    return cost.rows if cost else ()


def _cost(kind: Kind, timings: Sequence[Timing]) -> _Cost | None:
    """Return what a job of a kind takes by the nearest evidence, or None where there is none."""
    alike = _alike(kind, timings)
    if not alike:
        return None
    near = [row for row in alike if row.loss == kind.loss] or alike
    near = [row for row in near if row.batch_size == kind.batch_size] or near
    step_ms = statistics.median(
        row.step_ms * _per_image(kind, row) * kind.batch_size / row.batch_size for row in near
    )
    eval_s = statistics.fmean(
        row.eval_s * _per_image(kind, row) * kind.n_train / row.n_train for row in alike
    )
    steps = -(-kind.n_train // kind.batch_size)
    epoch_s = steps * step_ms / 1000 + eval_s
    fixed_s = statistics.fmean(row.fixed_s for row in alike)
    trace_s = max(row.trace_s for row in near)
    return _Cost(fixed_s + kind.epochs * epoch_s, trace_s, tuple(alike))


def _alike(kind: Kind, timings: Sequence[Timing]) -> list[Timing]:
    """Return the timings with the same data, network and backend; else those with other data."""
    of_model = [row for row in timings if (row.model, row.backend) == (kind.model, kind.backend)]
    alike = [row for row in of_model if row.dataset == kind.dataset]
    if not alike:
        alike = [row for row in of_model if row.pixels]
    return [row for row in alike if row.measured] or alike


def _per_image(kind: Kind, row: Timing) -> float:
    """Return how much more an image of a kind costs than one of an earlier job."""
    same = row.dataset == kind.dataset or not row.pixels
    return 1.0 if same else kind.pixels / float(row.pixels or kind.pixels)


def _disk_mib(jobs: Sequence[Planned], timings: Sequence[Timing]) -> float | None:
    """Return the mean size of a finished job's folder times the number of jobs."""
    kinds = {(job.kind.dataset, job.kind.model) for job in jobs}
    stored = [row for row in timings if row.disk_mib is not None]
    near = [row for row in stored if (row.dataset, row.model) in kinds] or stored
    return len(jobs) * statistics.fmean(row.disk_mib or 0.0 for row in near) if near else None

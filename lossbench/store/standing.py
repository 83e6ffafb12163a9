"""How an experiment stands: what is finished, who works on what, what is damaged."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lossbench.errors import StoreError
from lossbench.store.experiments import (
    FINISHED,
    Run,
    Stored,
    job_folder,
    read_experiment,
    read_progress,
    read_result,
)
from lossbench.store.leases import Holder, holder
from lossbench.store.sealing import is_sealed, verify


@dataclass(frozen=True)
class Running:
    """A job that a living process works on.

    Attributes:
        run: the job.
        holder: the process.
        epochs_done: epochs that are complete.
        share: how much of the training is done, in [0, 1].
        metric: the job's metric on validation after the last of them; None before the first.
    """

    run: Run
    holder: Holder
    epochs_done: int
    share: float
    metric: float | None


@dataclass(frozen=True)
class Damage:
    """A job that must be done again.

    Attributes:
        run: the job.
        folder: its folder.
        reasons: what is damaged, a sentence each.
    """

    run: Run
    folder: Path
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Trials:
    """How the trials of tuning stand that were asked for so far.

    Attributes:
        asked: how many there are.
        finished: how many have a result.
        failed: how many ended in none, which counts as the worst.
        running: how many living processes work on.
        over: whether the search is over, so that final jobs are known.
    """

    asked: int
    finished: int
    failed: int
    running: int
    over: bool


@dataclass(frozen=True)
class Standing:
    """How an experiment stands. Every planned job is in one of the first five.

    Attributes:
        stored: the experiment as read.
        finished: jobs with a result.
        running: jobs that living processes hold, finished ones left out.
        failed: jobs that ended in no result.
        missing: jobs that nobody has begun, or that nobody goes on with.
        damaged: jobs that must be done again, after a result that cannot be relied upon.
        checked: whether every file was compared with its hash, or the results were read only.
        unverified: how many finished jobs carry no hashes; 0 unless `checked`.
        trials: of tuning; None without any.
    """

    stored: Stored
    finished: tuple[Run, ...]
    running: tuple[Running, ...]
    failed: tuple[Run, ...]
    missing: tuple[Run, ...]
    damaged: tuple[Damage, ...]
    checked: bool
    unverified: int
    trials: Trials | None = None

    @property
    def seconds_left(self) -> float | None:
        """Seconds until all is done with as many jobs side by side as now; None if unknown.

        A job still to do takes as long as the mean finished one with the same data, network,
        backend, batch size and number of epochs.
        """
        open_runs = [*self.failed, *self.missing, *(damage.run for damage in self.damaged)]
        parts = [(run, 1.0) for run in open_runs]
        parts += [(job.run, 1.0 - job.share) for job in self.running]
        taken = [(_kind(run), float(s)) for run in self.finished if (s := _seconds(run))]
        if not self.running or not taken:
            return None
        by_kind: dict[object, list[float]] = {}
        for kind, seconds in taken:
            by_kind.setdefault(kind, []).append(seconds)
        every = [seconds for _, seconds in taken]
        work = [share * _mean(by_kind.get(_kind(run), every)) for run, share in parts]
        return max(sum(work) / len(self.running), max(work[len(open_runs) :]))


def _kind(run: Run) -> tuple[str, str, str, int, int]:
    return run.dataset, run.model, run.backend, run.batch_size, run.epochs


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _seconds(run: Run) -> float | None:
    seconds = (run.result or {}).get("seconds_total")
    return seconds if isinstance(seconds, (int, float)) and seconds > 0 else None


def read_standing(folder: Path, *, check: bool = False) -> Standing:
    """Read how an experiment stands.

    Args:
        folder: the experiment's folder.
        check: also compare every file of every finished job with its hash.

    Raises:
        StoreError: the folder's own files are damaged.
    """
    stored = read_experiment(folder)
    finished, running, failed, missing, damaged = [], [], [], [], []
    for run in stored.runs:
        place = job_folder(folder, run.job_id)
        if run.status in FINISHED:
            if check and (reasons := verify(place)):
                damaged.append(Damage(run, place, tuple(reasons)))
            else:
                finished.append(run)
        elif held_by := holder(place):
            running.append(_running(run, held_by, read_progress(place)))
        elif run.status != "missing":
            failed.append(run)
        elif reasons := verify(place):  # there is a result, but it cannot be read
            damaged.append(Damage(run, place, tuple(reasons)))
        else:
            missing.append(run)
    return Standing(
        stored=stored,
        finished=tuple(finished),
        running=tuple(running),
        failed=tuple(failed),
        missing=tuple(missing),
        damaged=tuple(damaged),
        checked=check,
        unverified=sum(not is_sealed(run.result or {}) for run in finished) if check else 0,
        trials=_trials(stored) if stored.trials else None,
    )


def _trials(stored: Stored) -> Trials:
    """Count trials; the table knows those of finished rounds, and the folders the others."""
    status = {row["job_id"]: row["status"] for row in stored.trials}
    running = 0
    for job_id in [job_id for job_id, known in status.items() if known == "missing"]:
        place = job_folder(stored.folder, job_id)
        try:
            result = read_result(place)
        except StoreError:  # damaged: it is done again
            result = None
        if result is not None:
            status[job_id] = str(result["status"])
        elif holder(place):
            running += 1
    ended = [known for known in status.values() if known != "missing"]
    finished = sum(known in FINISHED for known in ended)
    return Trials(
        asked=len(status),
        finished=finished,
        failed=len(ended) - finished,
        running=running,
        over=bool(stored.runs),
    )


def _running(run: Run, held_by: Holder, progress: Mapping[str, object] | None) -> Running:
    """Join what the lease and the progress file say; either may come from another version."""
    said = progress or {}
    epochs, step = _number(said.get("epoch")), _number(said.get("step"))
    steps = _number(said.get("steps_per_epoch")) or 1.0
    share = (epochs + step / steps) / max(run.epochs, 1)
    metric = said.get("metric")
    return Running(
        run=run,
        holder=held_by,
        epochs_done=int(epochs),
        share=min(max(share, 0.0), 1.0),
        metric=float(metric) if isinstance(metric, (int, float)) else None,
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0

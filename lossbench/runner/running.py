"""Leave out what is done, execute, store: a checked experiment to its tables."""

import contextlib
import fnmatch
import functools
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

from lossbench import backbones, datasets, store
from lossbench.catalog.axes import USUAL, shown, varying
from lossbench.errors import ConfigError, Problem, StoreError
from lossbench.executors import Limits, Work, default_workers, local
from lossbench.plan import Job
from lossbench.runner import tuning
from lossbench.runner.checking import Checked, warnings
from lossbench.runner.extending import write_extension
from lossbench.runner.stopping import Stop
from lossbench.runner.writing import write_jobs, write_plan, write_tables
from lossbench.store import Stored
from lossbench.tuning.families import families


class Watcher(Protocol):
    """What `run` tells while it works; the command line shows it."""

    def started(
        self, jobs: Sequence[Job], folder: Path, finished: int, messages: Sequence[str]
    ) -> None:
        """Hear which jobs will run, how many are finished already, and what is worth saying."""

    def tuning(
        self, number: int, jobs: Sequence[Job], folder: Path, finished: int, messages: Sequence[str]
    ) -> None:
        """Hear which trials of tuning will run in a round, counted from 1."""

    def finished(self, job: Job, result: dict[str, Any]) -> None:
        """Hear that a job has ended."""

    def idle(self) -> None:
        """Hear several times a second that time passes."""


FAILED = ("error", "oom", "timeout", "killed")
"""Statuses that are no results; such a job runs again only when asked for."""


@dataclass(frozen=True)
class Options:
    """How an experiment is run; nothing here but the threads can change a number.

    Attributes:
        executor: where jobs run.
        address: of the Ray cluster; None starts or finds one.
        workers: processes side by side; None means one per CPU and thread.
        threads: threads in each; None means those of the experiment's earlier jobs, or one.
        retry: statuses of earlier failures that run again.
        only: patterns; only jobs run of which one name or the id matches one of them.
        fail_fast: whether the first failure ends the run.
        max_time_s: seconds after which running jobs write checkpoints and the run ends.
        strict: whether a warning about the data ends the run before anything trains.
    """

    executor: Literal["local", "ray"] = "local"
    address: str | None = None
    workers: int | None = None
    threads: int | None = None
    retry: frozenset[str] = frozenset()
    only: tuple[str, ...] = ()
    fail_fast: bool = False
    max_time_s: float | None = None
    strict: bool = False


@dataclass
class Outcome:
    """What a run came to.

    Attributes:
        folder: the experiment's folder.
        trained: jobs that ran to a result or a failure now.
        reused: jobs that were finished before.
        elsewhere: jobs that another process finished meanwhile.
        left: jobs that are not finished, because the run was stopped.
        failed: jobs without a result, with the reason.
        stopped: why the run ended early, or None.
        trials: trials of tuning that ran now.
        trials_left: trials that are not finished; then no final job is known yet.
        failed_trials: trials without a result, with the reason; they count as the worst.
    """

    folder: Path
    trained: int = 0
    reused: int = 0
    elsewhere: int = 0
    left: int = 0
    failed: list[tuple[Job, str]] = field(default_factory=list)
    stopped: str | None = None
    trials: int = 0
    trials_left: int = 0
    failed_trials: list[tuple[Job, str]] = field(default_factory=list)


def run(
    checked: Checked,
    runs_dir: Path,
    watcher: Watcher,
    options: Options | None = None,
    stop: Stop | None = None,
) -> Outcome:
    """Train what is not finished yet and write the tables.

    Any number of processes may run the same experiment at once: they share the work.

    Args:
        checked: the experiment and its plan.
        runs_dir: where experiments' folders lie.
        watcher: is told what happens.
        options: how to run.
        stop: through which the caller can end the run.

    Raises:
        StoreError: the folder cannot be written.
        DataError: a data set cannot be brought to this machine.
        StrictError: there is a warning about the data, and none is allowed.
        KeyboardInterrupt, SystemExit: stopped at once; the tables hold what was finished.
    """
    options, stop = options or Options(), stop or Stop()
    if options.max_time_s is not None:
        stop.until = time.monotonic() + options.max_time_s
    folder = runs_dir / checked.experiment.name
    for dataset in checked.experiment.datasets:
        datasets.prepare(dataset.name, dataset.params)
    backbones.prepare(checked.experiment.models)
    messages = [*warnings(checked, options.strict), *checked.notes]
    if checked.extension is not None:
        write_extension(folder, checked.extension)
    outcome = Outcome(folder)
    jobs = checked.plan.jobs
    trials: tuple[Mapping[str, Any], ...] = ()
    if checked.experiment.tune is not None:
        searches = _tune(folder, checked, outcome, watcher, options, stop, messages)
        if searches is None:
            outcome.stopped = stop.why
            return outcome
        jobs = tuning.found_jobs(jobs, searches)
        trials = tuple(result for one in searches for result in one.results.values())
        messages = tuning.told(searches) if outcome.trials else [*messages, *tuning.told(searches)]
    write_plan(folder, checked.experiment, jobs, checked.plan.skips)
    stored = store.read_experiment(folder)
    threads = _threads(stored, trials, options.threads)
    pending, more = _pending(stored, jobs, options, outcome)
    if checked.experiment.execution.save_model != "none":
        more += _without_model(stored)
    watcher.started(list(pending.values()), folder, outcome.reused, [*messages, *more])
    try:
        if pending:
            write_jobs(folder, pending.values(), stored.protocol_sha256)
            _share(folder, checked, pending, outcome, watcher, options, threads, stop)
    finally:
        write_tables(folder)
    outcome.left, outcome.stopped = len(pending), stop.why
    return outcome


def _tune(
    folder: Path,
    checked: Checked,
    outcome: Outcome,
    watcher: Watcher,
    options: Options,
    stop: Stop,
    messages: list[str],
) -> list[tuning.Search] | None:
    """Search hyperparameters; None where that was stopped."""
    reader = tuning.Reader(folder, options.retry)
    if options.only:
        messages = [*messages, "--only leaves out final jobs alone; every loss is tuned."]

    def train(number: int, trials: dict[str, Job], finished: int) -> bool:
        stored = store.read_experiment(folder)
        threads = _threads(stored, reader.results.values(), options.threads)
        told = messages if number == 1 else []
        watcher.tuning(number, list(trials.values()), folder, finished, told)
        write_jobs(folder, trials.values(), stored.protocol_sha256)
        of_round = Outcome(folder)
        try:
            _share(folder, checked, trials, of_round, watcher, options, threads, stop)
        finally:
            outcome.trials += of_round.trained
            outcome.failed_trials += of_round.failed
            outcome.trials_left = len(trials)
        return not trials

    wanted = families(checked.experiment, checked.plan.jobs)
    begin = functools.partial(write_plan, folder, checked.experiment, (), checked.plan.skips)
    return tuning.search(wanted, reader, begin, train)


def _threads(stored: Stored, trials: Iterable[Mapping[str, Any]], wanted: int | None) -> int:
    """Return the threads of each worker: the same for all jobs of an experiment.

    Args:
        stored: the experiment.
        trials: results of its trials.
        wanted: those that are asked for, or None.

    Raises:
        StoreError: earlier jobs ran with another number.
    """
    before = {
        int(result["threads"])
        for result in (*trials, *(run.result for run in stored.runs if run.result))
        if result["status"] in store.FINISHED and result.get("threads")
    }
    if wanted is None:
        return min(before, default=1)
    if before - {wanted}:
        raise StoreError(
            f"--threads: {wanted} is not what the finished jobs of {stored.name} ran with "
            f"({min(before)}); another number changes the last bits. Leave the option out, or "
            "choose another place with --runs-dir."
        )
    return wanted


def _pending(
    stored: Stored, jobs: Sequence[Job], options: Options, outcome: Outcome
) -> tuple[dict[str, Job], list[str]]:
    """Return the jobs to run by id and messages; counts the others in the outcome."""
    runs = {run.job_id: run for run in stored.runs}
    messages = list(stored.damaged)
    pending: dict[str, Job] = {}
    kept = 0
    apart = varying(job.names() for job in jobs)
    for job in jobs:
        if options.only and not _matches(job, options.only, apart):
            continue
        status = runs[job.id].status
        if status in store.FINISHED:
            outcome.reused += 1
        elif status in FAILED and status not in options.retry:
            kept += 1
            message = str((runs[job.id].result or {}).get("message"))
            outcome.failed.append((job, f"ended with {status} before: {message}"))
        else:
            pending[job.id] = job
    if kept:
        messages.append(f"{kept} jobs failed before and are left out; --retry failed runs them.")
    if options.only and not pending and not outcome.reused and not kept:
        raise ConfigError(
            [
                Problem(
                    "--only",
                    f"no job matches {', '.join(options.only)}; "
                    "`lossbench plan CONFIG` shows the names.",
                )
            ]
        )
    return pending, messages


def _without_model(stored: Stored) -> list[str]:
    """Say how many finished jobs kept no model, although models are now wanted."""
    finished = (run.job_id for run in stored.runs if run.status == "ok")
    paths = (store.job_folder(stored.folder, job_id) / store.MODEL for job_id in finished)
    count = sum(not path.is_file() for path in paths)
    return [
        f"{count} finished jobs kept no model, and are not trained again for one; remove their "
        "folders, or choose another place with --runs-dir."
    ] * bool(count)


def _matches(job: Job, patterns: Sequence[str], apart: Sequence[str]) -> bool:
    """Return whether a pattern fits; what is usual and alike for all jobs is no name."""
    of_job = job.names().items()
    named = (shown(axis, name) for axis, name in of_job if axis in apart or axis not in USUAL)
    names = (job.id, f"seed {job.seed}", *named)
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _share(
    folder: Path,
    checked: Checked,
    pending: dict[str, Job],
    outcome: Outcome,
    watcher: Watcher,
    options: Options,
    threads: int,
    stop: Stop,
) -> None:
    """Run pending jobs until none is left, leaving those to others that others hold."""

    def idle() -> None:
        if stop.until is not None and time.monotonic() > stop.until:
            stop.request("--max-time is over")
        watcher.idle()

    with tempfile.TemporaryDirectory(prefix="lossbench-", dir=_stop_dir(folder, options)) as place:
        stop_path = stop.place(Path(place))
        idle()
        while pending and not stop.why:
            free = [job for job in pending.values() if not _held(folder, job)]
            work = [Work(store.job_folder(folder, job.id), job.trace_key) for job in free]
            results = _execute(work, checked, options, threads, stop_path, idle)
            with contextlib.closing(results):  # an exception here must not leave workers behind
                for result in results:
                    _note(result, pending, outcome, watcher)
                    if options.fail_fast and result["status"] in FAILED:
                        stop.request("a job failed")
            _collect(folder, pending, outcome)
            if pending and not stop.why and not work:
                idle()
                time.sleep(0.5)


def _stop_dir(folder: Path, options: Options) -> Path | None:
    """Return where workers can see the stop file: the shared folder, or this machine's own."""
    return folder if options.executor == "ray" else None


def _held(folder: Path, job: Job) -> bool:
    return store.holder(store.job_folder(folder, job.id)) is not None


def _execute(
    work: Sequence[Work],
    checked: Checked,
    options: Options,
    threads: int,
    stop: Path,
    idle: Callable[[], None],
) -> Generator[dict[str, Any]]:
    if not work:
        return
    declared = checked.experiment.execution
    limits = Limits(
        timeout_s=declared.timeout,
        retries=declared.retries,
        checkpoint_every_s=declared.checkpoint_every,
        memory_budget_mib=declared.memory_budget,
        save_model=declared.save_model,
        tensorboard=declared.tensorboard,
    )
    workers = options.workers or default_workers(threads)
    backend = str(checked.experiment.train.controls["backend"])
    run_jobs: Callable[..., Iterable[dict[str, Any]]] = local.run_jobs
    if options.executor == "ray":
        from lossbench.executors import ray

        run_jobs = functools.partial(ray.run_jobs, address=options.address)
    yield from run_jobs(
        work,
        workers=workers,
        threads=threads,
        limits=limits,
        stop=stop,
        idle=idle,
        backend=backend,
    )


def _note(
    result: dict[str, Any], pending: dict[str, Job], outcome: Outcome, watcher: Watcher
) -> None:
    """Count a result; a job that was claimed elsewhere or interrupted stays pending."""
    if result["status"] in ("claimed", "interrupted"):
        return
    job = pending.pop(result["job_id"])
    outcome.trained += 1
    if result["status"] in FAILED:
        outcome.failed.append((job, str(result.get("message"))))
    watcher.finished(job, result)


def _collect(folder: Path, pending: dict[str, Job], outcome: Outcome) -> None:
    """Take from the pending jobs those that another process has finished."""
    for job_id in list(pending):
        try:
            result = store.read_result(store.job_folder(folder, job_id))
        except StoreError:
            continue
        if result is None:
            continue
        job = pending.pop(job_id)
        outcome.elsewhere += 1
        if result["status"] in FAILED:
            outcome.failed.append((job, str(result.get("message"))))

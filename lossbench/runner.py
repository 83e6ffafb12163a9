"""Plan, leave out what is done, execute, store: an experiment from its file to its tables."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from lossbench import config, datasets, store
from lossbench.catalog import Facts
from lossbench.config import Experiment
from lossbench.errors import ConfigError, DataError, Problem, StoreError
from lossbench.executors import local
from lossbench.plan import Job, Plan, make_plan


@dataclass(frozen=True)
class Checked:
    """An experiment without mistakes, what is known of its data, and its plan."""

    experiment: Experiment
    facts: tuple[Facts, ...]
    plan: Plan


def check(path: Path, overrides: Sequence[str] = ()) -> Checked:
    """Read an experiment file and plan it; trains nothing and writes nothing.

    Args:
        path: the experiment file.
        overrides: `key=value` texts that replace values of the file.

    Raises:
        ConfigError: every mistake of the file, all at once.
    """
    draft = config.load(path, overrides)
    experiment = draft.experiment
    problems = list(draft.problems)
    known, facts = [], []
    for dataset in experiment.datasets:
        try:
            facts.append(datasets.describe(dataset.name, dataset.params))
            known.append(dataset)
        except DataError as error:
            problems.append(Problem(dataset.where, str(error)))
    experiment = replace(experiment, datasets=tuple(known))
    plan = make_plan(experiment, facts, _sources(experiment))
    problems += plan.problems
    if problems:
        raise ConfigError(config.in_order(problems))
    return Checked(experiment, tuple(facts), plan)


def _sources(experiment: Experiment) -> dict[str, str]:
    """Return the hash of the file of each custom loss, by the loss's target."""
    targets = {str(e.params["target"]) for e in experiment.losses if e.name == "custom"}
    return {
        target: hashlib.sha256(Path(target.rpartition(":")[0]).read_bytes()).hexdigest()
        for target in targets
    }


class Watcher(Protocol):
    """What `run` tells while it works; the command line shows it."""

    def started(
        self, jobs: Sequence[Job], folder: Path, finished: int, messages: Sequence[str]
    ) -> None:
        """Hear which jobs will run, how many are finished already, and what is worth saying."""

    def finished(self, job: Job, result: dict[str, Any]) -> None:
        """Hear that a job has ended."""

    def idle(self) -> None:
        """Hear several times a second that time passes."""


@dataclass
class Outcome:
    """What a run came to.

    Attributes:
        folder: the experiment's folder.
        trained: jobs that ran now.
        reused: jobs that were finished before.
        failed: jobs that ended in no result: error, oom, killed.
    """

    folder: Path
    trained: int = 0
    reused: int = 0
    failed: list[tuple[Job, str]] = field(default_factory=list)


def run(checked: Checked, runs_dir: Path, watcher: Watcher, workers: int | None = None) -> Outcome:
    """Train what is not finished yet and write the tables.

    Args:
        checked: the experiment and its plan.
        runs_dir: where experiments' folders lie.
        watcher: is told what happens.
        workers: processes side by side; None means one per CPU.

    Raises:
        StoreError: the folder cannot be written.
        DataError: a data set cannot be brought to this machine.
        KeyboardInterrupt, SystemExit: stopped by a signal; the tables hold what was finished.
    """
    folder = runs_dir / checked.experiment.name
    for dataset in checked.experiment.datasets:
        datasets.prepare(dataset.name, dataset.params)
    _write_plan(folder, checked)
    outcome = Outcome(folder)
    todo, messages = _todo(folder, checked.plan.jobs)
    outcome.reused = len(checked.plan.jobs) - len(todo)
    watcher.started([job for job, _ in todo], folder, outcome.reused, messages)
    try:
        if todo:
            _execute(folder, todo, outcome, watcher, workers or local.cpu_count())
    finally:
        store.write_tables(store.read_experiment(folder))
    return outcome


def _write_plan(folder: Path, checked: Checked) -> None:
    jobs = (
        {
            "job_id": job.id,
            **job.names(),
            "seed": job.seed,
            "epochs": job.epochs,
            "batch_size": job.batch_size,
            "metric": job.metric,
            "planned": "yes",
        }
        for job in checked.plan.jobs
    )
    skips = (
        {
            "dataset": skip.dataset,
            "model": skip.model,
            "optimizer": skip.optimizer,
            "loss": skip.loss,
            "planned": "no",
            "reason": skip.reason,
        }
        for skip in checked.plan.skips
    )
    rows: list[dict[str, Any]] = [*jobs, *skips]
    store.write_whole(folder / "experiment.yaml", config.dump(checked.experiment))
    store.write_whole(folder / "plan.csv", store.csv_text(store.PLAN_COLUMNS, rows))


def _todo(folder: Path, jobs: Sequence[Job]) -> tuple[list[tuple[Job, int]], list[str]]:
    """Return the jobs without a result, each with the number of the attempt, and messages."""
    todo, messages = [], []
    for job in jobs:
        try:
            result = store.read_result(store.job_folder(folder, job.id))
        except StoreError as error:
            messages.append(str(error))
            result = None
        if result is None:
            todo.append((job, 1))
        elif result.get("status") not in store.FINISHED:
            names = job.names()
            messages.append(
                f"job {job.id} ({names['loss']}, {names['dataset']}, seed {job.seed}) ended with "
                f"{result.get('status')} before; it runs again."
            )
            todo.append((job, int(result.get("attempts") or 1) + 1))
    return todo, messages


def _execute(
    folder: Path,
    todo: Sequence[tuple[Job, int]],
    outcome: Outcome,
    watcher: Watcher,
    workers: int,
) -> None:
    by_id = {job.id: job for job, _ in todo}
    folders = []
    for job, attempt in todo:
        place = store.job_folder(folder, job.id)
        store.write_json(place / "job.json", job.record() | {"attempts": attempt})
        folders.append(place)
    results = local.run_jobs(
        folders, workers=min(workers, len(folders)), threads=1, idle=watcher.idle
    )
    for result in results:
        job = by_id[result["job_id"]]
        outcome.trained += 1
        if result["status"] not in store.FINISHED:
            outcome.failed.append((job, str(result.get("message"))))
        watcher.finished(job, result)

"""Reading run folders: the plan, the protocol and every result."""

import csv
import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import Any, TypeGuard

from lossbench.catalog.axes import AXES
from lossbench.errors import StoreError
from lossbench.store.protocol import protocol_sha256

FINISHED = frozenset({"ok", "diverged", "nan"})
"""Statuses that are results; a job with any other status is done again."""

PLAN_COLUMNS = (
    "job_id",
    "dataset",
    "model",
    "optimizer",
    "schedule",
    "backend",
    "loss",
    "seed",
    "epochs",
    "batch_size",
    "metric",
    "tracks",
    "planned",
    "reason",
)


TUNING_COLUMNS = (
    "job_id",
    "dataset",
    "model",
    "optimizer",
    "schedule",
    "backend",
    "loss",
    "batch_size",
    "track",
    "trial",
    "stage",
    "seed",
    "learning_rate",
    "parameters",
    "epochs",
    "seconds",
    "status",
    "metric",
    "value",
    "edge",
    "chosen",
)
"""Of `tuning.csv`, a row for each training of the search, in the order they were asked for.

`trial` numbers the points of the space for a loss and track from 0; `stage` is search, extend or
confirm, or rung 0, 1, ...; `parameters` are those of the point as JSON; `epochs` and `seconds` are
what it took; `value` is the metric on validation, empty where it failed; `edge` is yes for a chosen
point that still lies at an end of the space; `chosen` is yes for the point that was taken.
"""


_NAMES = ("split", "at", "stage", "metric")


def job_folder(experiment: Path, job_id: str) -> Path:
    """Return the folder of a job inside an experiment's folder."""
    return experiment / "jobs" / job_id


def read_result(folder: Path) -> dict[str, Any] | None:
    """Return the result of a job, or None where there is none.

    Raises:
        StoreError: there is a `result.json` but it is truncated or no result.
    """
    path = folder / "result.json"
    try:
        result = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be read: {error.strerror or error}. Check its permissions."
        ) from error
    except ValueError as error:
        raise StoreError(
            f"{path}: is damaged ({error}). `lossbench run` does this job again."
        ) from error
    if not (_is_result(result) and result["job_id"] == folder.name):
        raise StoreError(
            f"{path}: is not the result of job {folder.name}. `lossbench run` does this job again."
        )
    _share_names(result.get("metrics"))
    return result


def _is_result(result: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a file holds what every result has: a job's id, its status, rows of metrics."""
    return (
        isinstance(result, dict)
        and isinstance(result.get("job_id"), str)
        and isinstance(result.get("status"), str)
        and isinstance(result.get("metrics", []), list)
    )


def _share_names(metrics: Any) -> None:
    """Let all metrics have the same few strings, of which each result has copies of its own."""
    for row in metrics if isinstance(metrics, list) else ():
        for key in _NAMES:
            if isinstance(row, dict) and isinstance(row.get(key), str):
                row[key] = intern(row[key])


@contextmanager
def _collector_off() -> Iterator[None]:
    """Keep Python from looking for garbage, over and over, in all results that were read so far."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def read_job(folder: Path) -> dict[str, Any] | None:
    """Return the description of a job, or None where there is none that can be read."""
    try:
        job = json.loads((folder / "job.json").read_bytes())
    except (OSError, ValueError):
        return None
    return job if isinstance(job, dict) else None


def read_progress(folder: Path) -> dict[str, Any] | None:
    """Return how far a running job says it is, or None where it says nothing."""
    try:
        progress = json.loads((folder / "progress.json").read_bytes())
    except (OSError, ValueError):
        return None
    return progress if isinstance(progress, dict) else None


@dataclass(frozen=True)
class Run:
    """One planned job of an experiment and, once it is done, its result.

    `control` is true for cross-entropy with the head of another loss: shown beside the losses that
    are compared, and not counted among them. `tracks` says in which comparisons it stands where
    hyperparameters are tuned: "default", "tuned" or both; it is empty without tuning.
    """

    job_id: str
    dataset: str
    model: str
    optimizer: str
    loss: str
    seed: int
    epochs: int
    batch_size: int
    metric: str
    result: Mapping[str, Any] | None
    schedule: str = "constant"
    backend: str = "tensorflow"
    control: bool = False
    tracks: tuple[str, ...] = ()

    def names(self) -> dict[str, str]:
        """Return the run's display name on each of `AXES`."""
        return {axis: str(getattr(self, axis)) for axis in AXES}

    @property
    def status(self) -> str:
        """The status of the result; "missing" where there is none."""
        return str(self.result["status"]) if self.result else "missing"


@dataclass(frozen=True)
class Stored:
    """An experiment's folder as read from disk.

    Attributes:
        folder: the folder.
        name: the experiment's name.
        protocol: what was declared before: metric, baseline, delta, alpha.
        protocol_sha256: the hash of all that is declared before, see `protocol_sha256`.
        runs: the jobs of the current plan.
        skips: the combinations left out, with their reasons.
        older: how many finished jobs lie in the folder that the current plan does not name.
        damaged: messages about results that cannot be read.
        trials: what tuning tried, as `tuning.csv` has it; empty without tuning.
    """

    folder: Path
    name: str
    protocol: Mapping[str, Any]
    runs: tuple[Run, ...]
    skips: tuple[Mapping[str, str], ...]
    older: int
    damaged: tuple[str, ...]
    protocol_sha256: str = ""
    trials: tuple[Mapping[str, str], ...] = ()


def is_experiment(folder: Path) -> bool:
    """Whether a folder holds an experiment."""
    return (folder / "plan.csv").is_file() and (folder / "experiment.yaml").is_file()


def find_experiments(paths: Sequence[Path]) -> list[Path]:
    """Return the experiment folders that `paths` are or directly hold.

    Raises:
        StoreError: a path is neither.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if not path.is_dir():
            raise StoreError(
                f"{path}: there is no such folder. Give a run folder, or run an experiment first: "
                "lossbench run CONFIG."
            )
        inside = (
            [path]
            if is_experiment(path)
            else sorted(child for child in path.iterdir() if is_experiment(child))
        )
        if not inside:
            raise StoreError(
                f"{path}: is no run folder and holds none; a run folder has plan.csv and "
                "experiment.yaml. Run an experiment first: lossbench run CONFIG."
            )
        found.update(dict.fromkeys(inside))
    return list(found)


def read_plan(folder: Path) -> list[dict[str, str]]:
    """Return the rows of an experiment's plan: jobs, and skips with their reasons.

    Raises:
        StoreError: it is damaged.
    """
    return _read_csv(folder / "plan.csv", PLAN_COLUMNS)


def read_trials(folder: Path) -> list[dict[str, str]]:
    """Return the rows of an experiment's `tuning.csv`; none where nothing was tuned.

    Raises:
        StoreError: it is damaged.
    """
    path = folder / "tuning.csv"
    return _read_csv(path, TUNING_COLUMNS) if path.is_file() else []


def is_job(row: Mapping[str, str]) -> bool:
    """Whether a row of a plan is a job, a control included, and not a skip."""
    return row["planned"] in ("yes", "control")


def read_experiment(folder: Path) -> Stored:
    """Read an experiment's folder: its plan, its protocol and every result.

    Raises:
        StoreError: the folder's own files are damaged; a damaged job is only counted.
    """
    rows = read_plan(folder)
    damaged: list[str] = []
    with _collector_off():
        runs = [_read_run(folder, row, damaged) for row in rows if is_job(row)]
    trials = tuple(read_trials(folder))
    ids = {run.job_id for run in runs} | {row["job_id"] for row in trials}
    older = sum(
        1
        for path in _entries(folder / "jobs")
        if path.name not in ids and (path / "result.json").is_file()
    )
    about = _read_experiment_file(folder / "experiment.yaml")
    return Stored(
        folder=folder,
        name=str(about.get("name", folder.name)),
        protocol=about.get("protocol") or {},
        runs=tuple(runs),
        skips=tuple(row for row in rows if not is_job(row)),
        older=older,
        damaged=tuple(damaged),
        protocol_sha256=protocol_sha256(about),
        trials=trials,
    )


def _read_run(folder: Path, row: Mapping[str, str], damaged: list[str]) -> Run:
    try:
        result = read_result(job_folder(folder, row["job_id"]))
    except StoreError as error:
        damaged.append(str(error))
        result = None
    for name in ("seed", "epochs", "batch_size"):
        if not row[name].isdigit():
            raise StoreError(
                f"{folder / 'plan.csv'}: {name} of job {row['job_id']} is {row[name]!r}; accepted "
                "is a whole number. Run the experiment again: finished jobs are kept."
            )
    return Run(
        job_id=row["job_id"],
        dataset=row["dataset"],
        model=row["model"],
        optimizer=row["optimizer"],
        loss=row["loss"],
        seed=int(row["seed"]),
        epochs=int(row["epochs"]),
        batch_size=int(row["batch_size"]),
        metric=row["metric"],
        result=result,
        schedule=row["schedule"],
        backend=row["backend"],
        control=row["planned"] == "control",
        tracks=tuple(row["tracks"].split()),
    )


def _read_csv(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    try:
        with path.open(newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            complete = set(columns) <= set(reader.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StoreError(f"{path}: cannot be read: {error}. Run the experiment again.") from error
    if not complete or any(None in row.values() for row in rows):
        raise StoreError(
            f"{path}: is damaged; the columns {', '.join(columns)} are needed. "
            "Run the experiment again: finished jobs are kept."
        )
    return rows


def _read_experiment_file(path: Path) -> dict[str, Any]:
    import yaml  # here: half of the commands never read a run folder

    try:
        about = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise StoreError(f"{path}: cannot be read: {error}. Run the experiment again.") from error
    if not isinstance(about, dict):
        raise StoreError(f"{path}: is damaged. Run the experiment again: finished jobs are kept.")
    return about


def _entries(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from folder.iterdir()

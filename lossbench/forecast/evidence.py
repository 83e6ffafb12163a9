"""What is known of earlier jobs: the plan's jobs by kind, and the timings in run folders."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lossbench import store
from lossbench.catalog import DATASETS, Facts
from lossbench.config import Experiment
from lossbench.errors import StoreError
from lossbench.forecast.predicting import Kind, Planned, Timing
from lossbench.plan import Plan
from lossbench.store.experiments import read_plan, read_trials

MOST_RESULTS = 500
"""Earlier jobs that are read, those of the experiment changed last first."""


def planned_jobs(experiment: Experiment, facts: Sequence[Facts], plan: Plan) -> list[Planned]:
    """Return the jobs of a plan as the forecast needs them."""
    known = {
        dataset.display(DATASETS): fact
        for dataset, fact in zip(experiment.datasets, facts, strict=True)
    }
    planned = []
    for job in plan.jobs:
        names = job.names()
        fact = known[names["dataset"]]
        kind = Kind(
            dataset=names["dataset"],
            model=names["model"],
            loss=names["loss"],
            batch_size=job.batch_size,
            n_train=fact.n_train,
            pixels=math.prod(fact.image_shape),
            epochs=job.stop_after or job.epochs,
            backend=names["backend"],
        )
        planned.append(Planned(job.id, job.trace_key, kind))
    return planned


def image_pixels(jobs: Sequence[Planned]) -> dict[str, int]:
    """Return the values of an image by the data set's name without parameters."""
    return {_bare(job.kind.dataset): job.kind.pixels for job in jobs}


def finished_threads(folder: Path, job_ids: Sequence[str]) -> dict[str, int]:
    """Return the threads of each job in an experiment's folder that has a result."""
    found = {}
    for job_id in job_ids:
        result = _result(store.job_folder(folder, job_id))
        if result and result.get("status") in store.FINISHED:
            found[job_id] = int(result.get("threads") or 1)
    return found


def read_timings(
    runs_dir: Path,
    *,
    threads: int,
    device: str | None = None,
    pixels: Mapping[str, int] | None = None,
) -> list[Timing]:
    """Read what earlier jobs took, from every experiment in a folder.

    Args:
        runs_dir: where experiments' folders lie; need not exist.
        threads: only jobs with so many threads count.
        device: only jobs on this device count; None means the device of the newest job.
        pixels: values of an image by the data set's name, for results that do not say.
    """
    found = []
    for folder, row in _planned_rows(runs_dir):
        result = _result(store.job_folder(folder, row["job_id"]))
        if result and result.get("status") == "ok" and result.get("threads") == threads:
            found.append((folder, row, result))
        if len(found) == MOST_RESULTS:
            break
    if device is None and found:
        newest = max(found, key=lambda item: str(item[2].get("started_at", "")))
        device = newest[2].get("device")
    timings = (
        _timing(store.job_folder(folder, row["job_id"]), row, result, pixels or {})
        for folder, row, result in found
        if result.get("device") == device
    )
    return [timing for timing in timings if timing is not None]


def _planned_rows(runs_dir: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Yield jobs and trials of all experiments in a folder, those changed last first."""
    if not runs_dir.is_dir():
        return
    folders = [path for path in runs_dir.iterdir() if store.is_experiment(path)]
    for folder in sorted(folders, key=lambda f: (f / "plan.csv").stat().st_mtime, reverse=True):
        try:
            rows, trials = read_plan(folder), read_trials(folder)
        except StoreError:  # a damaged folder is no evidence; `run` and `status` speak of it
            continue
        yield from ((folder, row) for row in (*filter(store.is_job, rows), *trials))


def _result(folder: Path) -> dict[str, Any] | None:
    try:
        return store.read_result(folder)
    except StoreError:
        return None


def _timing(
    folder: Path, row: Mapping[str, str], result: Mapping[str, Any], pixels: Mapping[str, int]
) -> Timing | None:
    """Take a job's time apart; None where the result does not say enough."""
    total, train, n_train = (
        float(result.get(key) or 0.0) for key in ("seconds_total", "seconds_train", "n_train")
    )
    epochs, batch_size = int(result.get("epochs_done") or 0), int(row["batch_size"])
    if min(total, train, n_train, epochs) <= 0:
        return None
    steps = -(-int(n_train) // batch_size)
    trace_s = float(result.get("seconds_compile") or 0.0)
    if result.get("step_ms_median") is None:  # one call a job: nothing tells trace from steps
        trace_s = 0.0
    step_ms = 1000 * max(train - trace_s, 0.0) / (epochs * steps)  # the mean: it adds up
    eval_s = _eval_s(folder)
    shape = result.get("image_shape")
    return Timing(
        job_id=row["job_id"],
        dataset=row["dataset"],
        model=row["model"],
        loss=row["loss"],
        batch_size=batch_size,
        n_train=int(n_train),
        pixels=math.prod(shape) if shape else pixels.get(_bare(row["dataset"])),
        fixed_s=max(0.0, total - trace_s - epochs * (steps * step_ms / 1000 + eval_s)),
        trace_s=trace_s,
        step_ms=step_ms,
        eval_s=eval_s,
        memory_mib=float(result.get("memory_mib") or 0.0),
        disk_mib=sum(path.stat().st_size for path in folder.iterdir()) / 2**20,
        backend=row["backend"],
    )


def _bare(display: str) -> str:
    """Return a display name without its parameters."""
    return display.partition("[")[0]


def _eval_s(folder: Path) -> float:
    """Return the median seconds of the evaluation after an epoch; 0 where nothing says so."""
    try:
        lines = (folder / "epochs.csv").read_text().splitlines()
        columns = lines[0].split(",")
        epoch, seconds = columns.index("epoch"), columns.index("seconds_eval")
        rows = [line.split(",") for line in lines[1:]]
        by_epoch = {row[epoch]: float(row[seconds]) for row in rows}
    except (OSError, ValueError, IndexError):
        return 0.0
    return statistics.median(by_epoch.values()) if by_epoch else 0.0

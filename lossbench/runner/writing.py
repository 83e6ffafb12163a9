"""What a run writes beside its jobs' results: the plan, the jobs' descriptions, the tables."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lossbench import config, store
from lossbench.config import Experiment
from lossbench.plan import Job, Skip


def write_tables(folder: Path) -> None:
    """Write the tables of an experiment anew."""
    from lossbench import comparison  # here: it needs SciPy, and plans do not

    stored = store.read_experiment(folder)
    store.write_tables(stored)
    store.write_whole(folder / "convergence.csv", comparison.convergence_of(stored))


def write_plan(
    folder: Path, experiment: Experiment, jobs: Iterable[Job], skips: Iterable[Skip]
) -> None:
    """Write the experiment as it is run, and its jobs.

    Without tuning there is no table of trials: one of an earlier run would speak of another plan.
    """
    planned = (
        {
            "job_id": job.id,
            **job.names(),
            "seed": job.seed,
            "epochs": job.epochs,
            "metric": job.metric,
            "tracks": " ".join(job.tracks),
            "planned": "control" if job.control else "yes",
        }
        for job in jobs
    )
    left_out = ({**vars(skip), "planned": "no"} for skip in skips)
    rows: list[dict[str, Any]] = [*planned, *left_out]
    store.write_whole(folder / "experiment.yaml", config.dump(experiment))
    if experiment.tune is None:
        (folder / "tuning.csv").unlink(missing_ok=True)
    store.write_whole(folder / "plan.csv", store.csv_text(store.PLAN_COLUMNS, rows))


def write_jobs(folder: Path, jobs: Iterable[Job], protocol_sha256: str) -> None:
    """Write the jobs' descriptions and take away what is left of an earlier failure.

    A job that was described before and never finished runs under what is declared now.
    """
    for job in jobs:
        place = store.job_folder(folder, job.id)
        store.forget_failure(place)
        told = job.record() | {"protocol_sha256": protocol_sha256}
        if store.read_job(place) != told:
            store.write_json(place / "job.json", told)

"""Runs with curves that are known exactly, as their folders have them, and material of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lossbench import comparison, store
from lossbench.reporting.figures import Material, materials
from lossbench.store.experiments import read_plan

Losses = Callable[[int, int], Sequence[float]]


def values_of(index: int, seed: int) -> list[float]:
    """Validation accuracy of three epochs; each level and seed is a tenth better."""
    return [0.2 + 0.1 * (index + seed) + 0.02 * epoch for epoch in range(3)]


def losses_of(index: int, seed: int) -> list[float]:
    """Training loss of forty steps."""
    return [(1 + index) * (1 + 0.1 * seed) * 0.9**step for step in range(40)]


def with_curves(
    folder: Path,
    levels: Sequence[str],
    *,
    seeds: int = 3,
    values: Losses = values_of,
    losses: Losses = losses_of,
    norms: Losses = lambda index, seed: [1.0 + index, 2.0 + index, 4.0 + index],
    metric: str = "accuracy",
    dataset: str = "mnist_mini",
) -> Path:
    """Write epochs and steps beside the results that `make_runs` wrote; return the folder."""
    for index, level in enumerate(levels):
        for seed in range(seeds):
            place = store.job_folder(folder, f"{folder.name}-{dataset}-{level}-{seed}")
            if not place.is_dir():
                continue
            rows = []
            for epoch, value in enumerate(values(index, seed), start=1):
                shared = {"epoch": epoch, "examples_seen": 100 * epoch, "seconds_train": 1 + index}
                rows.append(shared | {"split": "validation", "metric": metric, "value": value})
            for epoch, norm in enumerate(norms(index, seed), start=1):
                rows.append({"epoch": epoch, "split": "train", "metric": "gradient_norm"})
                rows[-1] |= {"value": norm, "examples_seen": 0, "seconds_train": 1.0}
            store.write_whole(place / "epochs.csv", store.csv_text(store.EPOCH_COLUMNS, rows))
            steps = [{"step": k + 1, "loss": x} for k, x in enumerate(losses(index, seed))]
            store.write_whole(place / "steps.csv", store.csv_text(("step", "loss"), steps))
    return folder


def with_trials(folder: Path, trials: Sequence[Mapping[str, Any]], track: str = "tuned") -> Path:
    """Write `tuning.csv` of trials with the axes of `make_runs`, and give its plan the track."""
    shared = {
        "dataset": "mnist_mini",
        "model": "seed_cnn",
        "optimizer": "adam",
        "schedule": "constant",
        "backend": "tensorflow",
        "loss": "cross_entropy",
        "batch_size": "128",
        "track": track,
        "stage": "search",
        "seed": "1000000",
        "parameters": "{}",
        "epochs": "3",
        "seconds": "1",
        "status": "ok",
        "metric": "accuracy",
    }
    rows = [shared | dict(one) for one in trials]
    store.write_whole(folder / "tuning.csv", store.csv_text(store.TUNING_COLUMNS, rows))
    plan = [row | {"tracks": track} for row in read_plan(folder)]
    store.write_whole(folder / "plan.csv", store.csv_text(store.PLAN_COLUMNS, plan))
    return folder


def material_of(folder: Path, **options: Any) -> Material:
    """Return what pictures of the one comparison of a folder are drawn from."""
    stored = [store.read_experiment(folder)]
    (found,) = materials(stored, comparison.compare(stored, convergence=True, **options))
    return found


def column(table: Any, name: str, **where: Any) -> list[float]:
    """Return the values of a column in the rows that have the given others; None is missing."""
    for other, value in where.items():
        table = table[table[other].isna() if value is None else table[other] == value]
    return [float(value) for value in np.asarray(table[name], dtype=np.float64)]

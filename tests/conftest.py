"""Shared by all tests: TensorFlow prepared as in a worker, real data, folders of finished runs."""

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from lossbench import store
from lossbench.catalog.metrics import metric_row


def pytest_configure() -> None:
    from lossbench.train import environment

    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    environment.set_up(1, os.environ.get("LOSSBENCH_TEST_BACKEND", "tensorflow"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real MNIST; skips where it is absent."""
    folder = Path(os.environ.get("LOSSBENCH_DATA", "/nonexistent"))
    if not (folder / "mnist.npz").is_file():
        pytest.skip("LOSSBENCH_DATA names no folder with mnist.npz")
    return folder


def result_of(job_id: str, metric: str, value: float | None, **changes: Any) -> dict[str, Any]:
    """A result as the trainer writes it, with one metric on test."""
    row = {
        "split": "test",
        "at": "selected",
        "metric": metric,
        "stage": "raw",
        "value": value,
        "higher_is_better": metric_row(metric).higher_is_better,
        "n_examples": 1000,
    }
    return {
        "schema": 1,
        "job_id": job_id,
        "status": "ok",
        "message": None,
        "task": next(iter(sorted(metric_row(metric).tasks))),
        "outputs": 10,
        "threads": 1,
        "device": "CPU",
        "collapsed": False,
        "metrics": [row],
    } | changes


USUAL_AXES = {
    "model": "seed_cnn",
    "optimizer": "adam",
    "schedule": "constant",
    "backend": "tensorflow",
    "loss": "cross_entropy",
    "batch_size": "128",
    "epochs": "3",
    "tracks": "",
    "planned": "yes",
}


@pytest.fixture
def make_runs(tmp_path: Path) -> Callable[..., Path]:
    """Writes an experiment's folder with given scores of each loss and seed.

    A score may be None (no result), NaN (status nan) or a mapping of changes to the result. Of
    another factor, scores are those of its levels; what all jobs share can be given by axis.
    """

    def make(
        scores: Mapping[str, Sequence[Any]],
        *,
        name: str = "made",
        metric: str = "accuracy",
        dataset: str = "mnist_mini",
        factor: str = "loss",
        protocol: Mapping[str, Any] | None = None,
        **axes: str,
    ) -> Path:
        folder = tmp_path / "runs" / name
        shared = USUAL_AXES | {"dataset": dataset, "metric": metric} | axes
        rows = []
        for level, values in scores.items():
            for seed, value in enumerate(values):
                job_id = f"{name}-{dataset}-{level}-{seed}"
                rows.append({**shared, "job_id": job_id, factor: level, "seed": seed})
                if value is None:
                    continue
                same = {"init_sha256": f"i{seed}", "order_sha256": f"o{seed}"}
                if isinstance(value, Mapping):
                    result = result_of(job_id, metric, **({"value": 0.9} | same | value))
                elif math.isnan(value):
                    failed = {"status": "nan", "message": "NaN", "metrics": []}
                    result = result_of(job_id, metric, None, **same, **failed)
                else:
                    result = result_of(job_id, metric, float(value), **same)
                store.write_json(store.job_folder(folder, job_id) / "result.json", result)
        store.write_whole(folder / "plan.csv", store.csv_text(store.PLAN_COLUMNS, rows))
        about = {"name": name, "protocol": dict(protocol or {})}
        store.write_whole(folder / "experiment.yaml", json.dumps(about))
        return folder

    return make

"""What an executor promises, with real worker processes."""

import json
import os
import signal

from lossbench import store
from lossbench.executors import local


def job(folder, job_id, target):
    """A job whose loss is a function of the test's own file."""
    record = {
        "job_id": job_id,
        "dataset": {
            "name": "synthetic_regression",
            "params": {"n": 40, "n_test": 10, "image_size": 8},
        },
        "model": {"name": "tiny_cnn", "params": {}},
        "optimizer": {"name": "sgd", "params": {"learning_rate": 0.01}},
        "loss": {"name": "custom", "params": {"target": target, "params": {}, "task": None}},
        "seed": 0,
        "train": {"epochs": 1, "batch_size": 8},
        "metric": "rmse",
        "head": "targets",
        "decode": "identity",
    }
    store.write_json(folder / job_id / "job.json", record)
    return folder / job_id


def test_a_worker_that_is_killed_costs_its_own_job_only(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import os, signal\n"
        "from keras import ops\n"
        "def fine(y, z):\n    return ops.mean(ops.square(z - y), axis=-1)\n"
        "def deadly(y, z):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    fine, deadly = f"{tmp_path}/mine.py:fine", f"{tmp_path}/mine.py:deadly"
    folders = [
        job(tmp_path, name, target)
        for name, target in (("a", fine), ("b", deadly), ("c", fine), ("d", fine))
    ]
    found = {r["job_id"]: r for r in local.run_jobs(folders, workers=2, threads=1)}
    assert {k: r["status"] for k, r in found.items()} == {
        "a": "ok",
        "b": "killed",
        "c": "ok",
        "d": "ok",
    }
    assert "-9" in found["b"]["message"] or str(signal.SIGKILL.value) in found["b"]["message"]
    for name, result in found.items():
        assert (
            json.loads((tmp_path / name / "result.json").read_text())["status"]
            == (result["status"])
        )
    assert found["a"]["metrics"] == found["c"]["metrics"] == found["d"]["metrics"]


def test_cpu_count_is_what_this_process_may_use():
    assert 1 <= local.cpu_count() <= (os.cpu_count() or 1)

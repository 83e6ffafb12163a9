"""`train: {backend: ...}` as a user types it."""

import csv
import importlib.util
import json
import os

import pytest

from lossbench.catalog.backends import BACKENDS

HIDES = """
import importlib.util

find = importlib.util.find_spec


def find_spec(name, package=None):
    return None if name.partition(".")[0] in ("jax", "jaxlib") else find(name, package)


importlib.util.find_spec = find_spec
"""
"""Python runs this at its start, as if the extra were not installed."""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_smoke_experiment_passes(lossbench, configs, backend):
    if not all(map(importlib.util.find_spec, BACKENDS[backend].packages)):
        pytest.skip(f"{backend} is not installed: {BACKENDS[backend].install}")
    out, _ = lossbench("run", configs / "smoke.yaml", "--set", f"train.backend={backend}")
    assert "baseline: cross_entropy" in out and "focal" in out and "2/2" in out
    folder = lossbench.cwd / "runs" / "smoke"
    with (folder / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    for row in rows:
        assert (row["status"], row["backend"]) == ("ok", backend)
        assert BACKENDS[backend].packages[0] in json.loads(row["versions"])
        result = json.loads((folder / "jobs" / row["job_id"] / "result.json").read_text())
        assert result["backend"] == backend
    out, _ = lossbench("run", configs / "smoke.yaml", "--set", f"train.backend={backend}")
    assert "nothing to train: all 4 jobs are finished" in out


def test_steps_are_timed_on_the_backend(lossbench, configs):
    if not importlib.util.find_spec("torch"):
        pytest.skip(f"torch is not installed: {BACKENDS['torch'].install}")
    change = ("--set", "train.backend=torch", "--set", "losses=[cross_entropy]")
    out, _ = lossbench("plan", configs / "smoke.yaml", *change, "--measure")
    assert "measured" in out


def test_a_backend_that_is_not_installed_is_one_message(lossbench, configs):
    (lossbench.cwd / "sitecustomize.py").write_text(HIDES)
    path = os.pathsep.join([str(lossbench.cwd), lossbench.env.get("PYTHONPATH", "")])
    lossbench.env["PYTHONPATH"] = path
    for command in ("validate", "plan", "run"):
        words = (command, configs / "smoke.yaml", "--set", "train.backend=jax")
        _, err = lossbench(*words, code=2)
        assert err.count("\n") == 1 and "train.backend: jax is not installed" in err
        assert 'pip install "lossbench[jax]"' in err
    assert not (lossbench.cwd / "runs").exists()
    out, _ = lossbench("doctor")
    assert "backend tensorflow" in out


def test_doctor_shows_backends_with_versions(lossbench):
    out, _ = lossbench("doctor")
    for name, row in BACKENDS.items():
        (line,) = (line for line in out.splitlines() if line.startswith(f"backend {name} "))
        if all(map(importlib.util.find_spec, row.packages)):
            assert line.split()[-1][0].isdigit()
        else:
            assert row.install in line

import json
import os
import shutil
import subprocess
import sys

import pytest

import lossbench as package
from lossbench import runner


def test_version_and_help(lossbench):
    out, _ = lossbench("--version")
    assert out == f"lossbench {package.__version__}\n"
    out, _ = lossbench("--help")
    for command in ("run", "compare", "plan", "validate", "list", "schema", "doctor"):
        assert command in out
    for command in ("init", "inspect", "recommend"):
        assert command in out
    out, _ = lossbench("run", "--help")
    assert "lossbench run configs/quickstart.yaml" in out


@pytest.mark.parametrize(
    "kind", ["losses", "datasets", "models", "optimizers", "metrics", "augmentations"]
)
def test_list(lossbench, kind):
    out, _ = lossbench("list", kind)
    assert all(len(line) <= 80 for line in out.splitlines())
    rows = json.loads(lossbench("list", kind, "--json")[0])
    assert rows and all(row["name"] in out and row["meaning"] for row in rows)


def test_list_filters_by_task(lossbench):
    rows = json.loads(lossbench("list", "losses", "--task", "regression", "--json")[0])
    found = {row["name"]: row for row in rows}
    assert {"mse", "mae", "huber", "custom"} < set(found) and "cross_entropy" not in found
    assert found["huber"]["formula"].startswith("loss = mean over targets of r^2 / 2")
    assert found["huber"]["params"]["delta"]["default"] == 1.0
    lossbench("list", "losses", "--task", "regresion", code=2)


def test_doctor(lossbench):
    out, _ = lossbench("doctor")
    assert "tensorflow" in out and "mnist" in out and "LOSSBENCH_DATA" in out


def test_committed_configs_are_valid(lossbench, configs, tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))
    copies = shutil.copytree(configs, tmp_path / "configs")
    own_data = [sys.executable, str(copies / "own_data.py")]
    subprocess.run(own_data, env=lossbench.env, check=True, capture_output=True)
    there = "LOSSBENCH_DATA" in os.environ  # whose data and backbone two of the files name
    for path in sorted(copies.glob("*.yaml")):
        if path.name.startswith("finetune") and not there:
            continue
        assert runner.check(path).plan.jobs, path  # as `validate` does, without forty processes


def test_the_committed_schema_is_fresh(lossbench, configs):
    lossbench("schema", "-o", "schema.json")
    fresh = (lossbench.cwd / "schema.json").read_text()
    assert fresh == (configs / "lossbench.schema.json").read_text(), "run `make schema`"


def test_plan_json_has_stable_ids(lossbench):
    """An id that changed would make every earlier run start again: say so in CHANGELOG."""
    lossbench.write(
        "e.yaml",
        "dataset: mnist_mini\nmodel: tiny_cnn\nseeds: [7]\n"
        "losses: [ce, {name: focal, gamma: {grid: [1, 2]}, label: f}]\n",
    )
    plan = json.loads(lossbench("plan", "e.yaml", "--json")[0])
    assert [job["loss"] for job in plan["jobs"]] == [
        "cross_entropy",
        "f[gamma=1]",
        "f[gamma=2]",
    ]
    assert [job["job_id"] for job in plan["jobs"]] == [
        "b20a521d8d51",
        "a07dabb6426d",
        "14f6457b46f0",
    ]

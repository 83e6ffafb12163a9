"""The CI smoke test: run, interrupt, resume, compare; and what the numbers owe to a seed."""

import csv
import json
import signal
import time
from pathlib import Path

import numpy as np
import pytest


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def finished(folder: Path) -> dict[str, int]:
    return {p.parent.name: p.stat().st_mtime_ns for p in folder.glob("jobs/*/result.json")}


def wait_for_results(folder: Path, count: int, process, seconds: float = 120) -> None:
    until = time.monotonic() + seconds
    while len(finished(folder)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < until, "no result came"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        pytest.param(signal.SIGTERM, 143, marks=pytest.mark.slow),
    ],
)
def test_interrupted_and_resumed_it_ends_as_if_undisturbed(
    lossbench, configs, undisturbed, number, code
):
    folder = lossbench.cwd / "runs" / "smoke"
    process = lossbench.start("run", configs / "smoke.yaml", "--workers", 1)
    wait_for_results(folder, 1, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, (out, err)
    assert "finished jobs are kept" in err and "Traceback" not in err
    before = finished(folder)
    assert 1 <= len(before) < 4
    assert len(rows(folder / "runs.csv")) == len(before)

    out, _ = lossbench("run", configs / "smoke.yaml")
    assert f"{4 - len(before)} jobs to train, {len(before)} finished before" in out
    after = finished(folder)
    assert len(after) == 4
    assert {job: after[job] for job in before} == before, "a finished job was trained again"
    for table in ("metrics.csv", "confusion.csv", "per_class.csv", "plan.csv"):
        assert (folder / table).read_text() == (undisturbed / table).read_text(), table

    out, _ = lossbench("compare", "runs")
    assert "baseline: cross_entropy" in out and "focal" in out and "2/2" in out
    out, _ = lossbench("run", configs / "smoke.yaml")
    assert "nothing to train: all 4 jobs are finished" in out
    assert finished(folder) == after


def test_every_file_of_the_design_is_there(undisturbed):
    top = {path.name for path in undisturbed.iterdir()}
    assert {"experiment.yaml", "plan.csv", "runs.csv", "metrics.csv", "epochs.csv"} < top
    assert "report.html" in top
    for job in (undisturbed / "jobs").iterdir():
        assert {path.name for path in job.iterdir()} == {
            "job.json",
            "result.json",
            "epochs.csv",
            "steps.csv",
            "loss_curve.json",
            "test_evaluations.json",
            "predictions.npz",
            "log.txt",
        }


def test_one_seed_starts_alike_and_two_seeds_do_not(undisturbed):
    runs = rows(undisturbed / "runs.csv")
    assert len(runs) == 4
    for field in ("init_sha256", "head_init_sha256", "order_sha256"):
        by_seed = {seed: {run[field] for run in runs if run["seed"] == seed} for seed in ("0", "1")}
        assert all(len(found) == 1 for found in by_seed.values()), field
        assert by_seed["0"] != by_seed["1"], field
    for field in ("split_sha256", "label_sha256"):
        assert len({run[field] for run in runs}) == 1
    assert {run["test_eval_count"] for run in runs} == {"1"}


def test_steps_epochs_and_predictions_are_recorded(undisturbed):
    for job in (undisturbed / "jobs").iterdir():
        steps = rows(job / "steps.csv")
        assert len(steps) == 3 * 8  # 230 images in batches of 32, three epochs
        assert all(float(step["loss"]) > 0 for step in steps)
        epochs = rows(job / "epochs.csv")
        assert {row["epoch"] for row in epochs} == {"1", "2", "3"}
        assert {row["split"] for row in epochs} == {"train", "validation"}, "no test curve"
        mean = np.mean([float(step["loss"]) for step in steps[:8]])
        first = next(r for r in epochs if r["metric"] == "training_loss")
        assert float(first["value"]) == pytest.approx(mean, rel=1e-6)
        with np.load(job / "predictions.npz", allow_pickle=False) as saved:
            assert saved["scores"].shape == (1000, 10)
            accuracy = (saved["scores"].argmax(1) == saved["y_true"]).mean()
        result = json.loads((job / "result.json").read_text())
        stated = next(
            m["value"]
            for m in result["metrics"]
            if (m["split"], m["at"], m["metric"]) == ("test", "selected", "accuracy")
        )
        assert stated == pytest.approx(accuracy)


def test_a_truncated_result_is_done_again_and_said(lossbench, undisturbed, tmp_path):
    import shutil

    shutil.copytree(undisturbed.parent, tmp_path / "runs")
    folder = tmp_path / "runs" / "smoke"
    expected = (folder / "metrics.csv").read_text()
    victim = sorted((folder / "jobs").iterdir())[0] / "result.json"
    victim.write_text(victim.read_text()[:200])
    out, _ = lossbench("compare", "runs")
    assert f"{victim.parent.name}/result.json: is damaged" in out
    assert "1 of 2 runs are not finished" in out
    out, _ = lossbench("run", folder / "experiment.yaml")
    assert f"{victim.parent.name}/result.json: is damaged" in out
    assert "1 jobs to train, 3 finished before" in out
    assert (folder / "metrics.csv").read_text() == expected


def test_compare_refuses_runs_that_did_not_start_alike(lossbench, undisturbed, tmp_path):
    import shutil

    shutil.copytree(undisturbed.parent, tmp_path / "runs")
    victim = sorted((tmp_path / "runs" / "smoke" / "jobs").iterdir())[0] / "result.json"
    result = json.loads(victim.read_text())
    victim.write_text(json.dumps(result | {"init_sha256": "0" * 64}))
    _, err = lossbench("compare", "runs", code=2)
    assert "init_sha256" in err and "cannot be paired" in err
    assert victim.parent.name in err


def test_json_for_machines(lossbench, undisturbed):
    out, _ = lossbench("compare", undisturbed, "--json")
    (comparison,) = json.loads(out)["comparisons"]
    assert comparison["metric"] == "accuracy" and comparison["baseline"] == "cross_entropy"
    assert {row["loss"] for row in comparison["rows"]} == {"cross_entropy", "focal"}
    assert {row["verdict"] for row in comparison["rows"]} == {"BASELINE", "NO_DATA"}


def test_compare_writes_only_where_it_is_told(lossbench, undisturbed, tmp_path):
    before = sorted(path for path in undisturbed.rglob("*"))
    lossbench("compare", undisturbed, "--out", tmp_path / "out")
    assert sorted(path for path in undisturbed.rglob("*")) == before
    (line, _) = sorted(rows(tmp_path / "out" / "comparisons.csv"), key=lambda r: r["loss"])
    assert line["loss"] == "cross_entropy" and line["verdict"] == "BASELINE"

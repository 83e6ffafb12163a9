"""Tuning as a user runs it: trials, then final jobs; stopped and gone on with; without it."""

import csv
import json
import os
import shutil
import signal
import time

import pytest

from tests.acceptance.conftest import Command

CONFIG = """
dataset: {name: mnist_mini, subset: 240}
model: tiny_cnn
losses: [ce, focal]
seeds: 2
train: {epochs: 1, batch_size: 16}
protocol: {metric: nll}
tune: {space: {learning_rate: [1.0e-6, 0.003, 10]}, confirm: 0}
"""


def table(path):
    """Return the rows of a table, without times."""
    with path.open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    """A command, and what it printed and wrote when it ran a tuned experiment on two workers."""
    command = Command(tmp_path_factory.mktemp("tuned"))
    command.write("t.yaml", CONFIG)
    out, _ = command("run", "t.yaml", "--workers", 2)
    return command, out, command.cwd / "runs" / "t"


def test_trials_run_before_the_final_jobs_and_choose_their_learning_rate(tuned):
    _, out, folder = tuned
    assert "tuning, round 1: 6 trials to train" in out
    assert "tuned cross_entropy (default): learning_rate=0.003 (3 trials)" in out
    assert out.index("tuning, round 1") < out.index("4 jobs to train")
    assert "6 trials of tuning, 4 trained now" in out
    trials = table(folder / "tuning.csv")
    assert [(r["loss"], r["learning_rate"], r["chosen"]) for r in trials] == [
        ("cross_entropy", "1e-06", ""),
        ("cross_entropy", "0.003", "yes"),
        ("cross_entropy", "10.0", ""),
        ("focal", "1e-06", ""),
        ("focal", "0.003", "yes"),
        ("focal", "10.0", ""),
    ]
    runs = table(folder / "runs.csv")
    assert {(r["learning_rate"], r["optimizer"], r["tracks"]) for r in runs} == {
        ("0.003", "adam", "default")
    }


def test_seeds_of_trials_are_not_those_of_final_jobs(tuned):
    folder = tuned[2]
    assert {r["seed"] for r in table(folder / "tuning.csv")} == {"1000000"}
    assert {r["seed"] for r in table(folder / "plan.csv")} == {"0", "1"}


def test_trials_saw_no_test_and_stand_in_no_table_of_results(tuned):
    folder = tuned[2]
    trials = {r["job_id"] for r in table(folder / "tuning.csv")}
    for job_id in trials:
        result = json.loads((folder / "jobs" / job_id / "result.json").read_text())
        assert (result["phase"], result["test_eval_count"]) == ("tune", 0)
        assert {row["split"] for row in result["metrics"]} <= {"validation"}
        assert not (folder / "jobs" / job_id / "predictions.npz").exists()
    for name in ("runs.csv", "metrics.csv", "epochs.csv"):
        assert not trials & {r["job_id"] for r in table(folder / name)}
    final = {r["job_id"]: r["test_eval_count"] for r in table(folder / "runs.csv")}
    assert set(final.values()) == {"1"} and len(final) == 4


def test_other_commands_take_trials_for_what_they_are(tuned):
    command, _, folder = tuned
    out, _ = command("status", folder)
    assert "4 of 4 jobs finished" in out and "of 6 trials ended" in out
    assert "outside the current plan" not in out
    assert "nothing to remove" in command("clean", "--dry-run", folder)[0]
    found = json.loads(command("status", "--json", folder)[0])["experiments"][0]
    assert found["trials"]["asked"] == 6 and found["trials"]["over"]
    out, _ = command("plan", "t.yaml")
    assert "grid search, 3 trials for each loss: learning_rate 1e-06, 0.003, 10" in out
    assert "finished   10 of 10" in out
    assert "4 jobs, after 6 trials of tuning" in out
    planned = json.loads(command("plan", "t.yaml", "--json")[0])
    assert planned["tuning"] == {
        "families": 1, "trainings": 6, "epochs": 6, "extra_trainings": 4,
    }  # fmt: skip
    assert all(job["finished"] for job in planned["jobs"])
    assert "4 jobs, after tuning" in command("validate", "t.yaml")[0]


def test_killed_while_it_tunes_it_goes_on_and_finds_the_same_with_one_worker(tuned, tmp_path):
    command = Command(tmp_path)
    command.write("t.yaml", CONFIG)
    process = command.start("run", "t.yaml", "--workers", 1, new_session=True)
    folder = tmp_path / "runs" / "t"
    until = time.monotonic() + 120
    while len(list(folder.glob("jobs/*/result.json"))) < 2:
        assert process.poll() is None and time.monotonic() < until, process.communicate()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    out, _ = command("status", folder)
    assert "tuning goes on" in out
    assert "jobs that the current plan" not in command("clean", "--dry-run", folder)[0]
    out, _ = command("run", "t.yaml", "--workers", 1)
    assert "tuning, round 1:" in out and "finished before" in out
    other = tuned[2]
    assert table(folder / "tuning.csv") == table(other / "tuning.csv")
    assert table(folder / "plan.csv") == table(other / "plan.csv")
    assert (folder / "metrics.csv").read_text() == (other / "metrics.csv").read_text()


def test_time_that_is_over_ends_the_search_and_says_so(lossbench):
    lossbench.write("t.yaml", CONFIG)
    out, err = lossbench("run", "t.yaml", "--max-time", "0s")
    assert "--max-time is over" in err and "there is nothing to compare yet" in err
    assert "paired seeds" not in out


@pytest.mark.slow
def test_without_tuning_the_file_decides_and_this_is_said(tuned, tmp_path):
    folder = tuned[2]
    shutil.copytree(folder, tmp_path / "runs" / "t")
    lossbench = Command(tmp_path)
    lossbench.write("t.yaml", CONFIG)
    out, _ = lossbench("run", "t.yaml", "--no-tune")
    said = "Learning rate shared by all losses: this compares losses at that learning rate."
    assert said in " ".join(out.split()) and "tuning: none" in out
    there = tmp_path / "runs" / "t"
    assert {r["learning_rate"] for r in table(there / "runs.csv")} == {"0.001"}
    assert not (there / "tuning.csv").exists()
    assert "tune" not in (there / "experiment.yaml").read_text()
    # Nothing is lost: trials lie there as jobs, and are not trained again.
    out, _ = lossbench("run", "t.yaml")
    assert "nothing to train: all 4 jobs are finished" in out
    assert table(there / "tuning.csv") == table(folder / "tuning.csv")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trials": 4}, "tune.trials: 4 is more than the 3 points of tune.space"),
        ({"seeds": [0]}, "tune.seeds: 0 stands under 'seeds', too"),
        ({"spaces": {}}, "unknown key 'spaces'"),
    ],
)
def test_wrong_input(lossbench, change, message):
    space = {"space": {"learning_rate": [0.001, 0.01, 0.1]}}
    lossbench.write("t.yaml", CONFIG.split("tune:")[0] + f"tune: {json.dumps(space | change)}\n")
    _, err = lossbench("validate", "t.yaml", code=2)
    assert message in err and "t.yaml:8:" in err

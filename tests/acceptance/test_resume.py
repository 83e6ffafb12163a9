"""A job in the middle: interrupted or killed, it goes on with bit-identical numbers."""

import csv
import json
import os
import signal
import time

import numpy as np
import pytest

CONFIG = """
dataset: {name: mnist_mini, subset: 3000}
model: seed_cnn
losses: [cross_entropy]
seeds: [3]
train: {epochs: 6, batch_size: 64}
execution: {checkpoint_every: EVERY}
"""


def numbers(folder):
    """All that the only job computed, without times and memory."""
    (job,) = (folder / "jobs").iterdir()
    with np.load(job / "predictions.npz", allow_pickle=False) as saved:
        predictions = {key: saved[key].tolist() for key in saved}
    with (job / "epochs.csv").open(newline="") as file:
        epochs = [
            {k: v for k, v in row.items() if not k.startswith("seconds")}
            for row in csv.DictReader(file)
            if row["metric"] not in ("step_ms", "memory_mib")
        ]
    return (
        (folder / "metrics.csv").read_text(),
        (job / "steps.csv").read_text(),
        predictions,
        epochs,
    )


def wait_for_epoch(folder, epoch, process):
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        for path in folder.glob("jobs/*/progress.json"):
            try:
                if json.loads(path.read_text())["epoch"] >= epoch:
                    return
            except (OSError, ValueError):
                pass
        time.sleep(0.01)
    raise AssertionError("the epoch never came")


def living(group):
    """Return the processes of a group that are no zombies."""
    import subprocess

    listed = subprocess.run(
        ["ps", "-ww", "-eo", "pgid=,stat=,pid=,args="], capture_output=True, text=True, check=True
    )
    rows = [line.split(None, 3) for line in listed.stdout.splitlines()]
    return [row for row in rows if row[0] == str(group) and not row[1].startswith("Z")]


@pytest.fixture(scope="module")
def whole(tmp_path_factory, configs):
    """The numbers of the job run without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    (folder / "e.yaml").write_text(CONFIG.replace("EVERY", "60"))
    import subprocess
    import sys

    subprocess.run([sys.executable, "-m", "lossbench", "run", "e.yaml"], cwd=folder, check=True)
    return numbers(folder / "runs" / "e")


def test_interrupted_in_the_fourth_of_six_epochs(lossbench, whole):
    lossbench.write("e.yaml", CONFIG.replace("EVERY", "60"))
    folder = lossbench.cwd / "runs" / "e"
    process = lossbench.start("run", "e.yaml")
    wait_for_epoch(folder, 3, process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, (out, err)
    (job,) = (folder / "jobs").iterdir()
    assert (job / "checkpoint.npz").is_file() and not (job / "result.json").exists()
    lossbench("run", "e.yaml")
    assert numbers(folder) == whole
    assert not (job / "checkpoint.npz").exists()


def test_everything_killed_at_once(lossbench, whole):
    """The whole process group ends by SIGKILL, as in a power cut; checkpoints every epoch."""
    lossbench.write("e.yaml", CONFIG.replace("EVERY", "0"))
    folder = lossbench.cwd / "runs" / "e"
    process = lossbench.start("run", "e.yaml", new_session=True)
    wait_for_epoch(folder, 2, process)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    (job,) = (folder / "jobs").iterdir()
    assert (job / "checkpoint.npz").is_file() and list(job.glob("lease.*"))
    lossbench("run", "e.yaml")
    assert numbers(folder) == whole
    assert not list(job.glob("lease.*"))


def test_two_interrupts_end_at_once(lossbench):
    lossbench.write("e.yaml", CONFIG.replace("EVERY", "60").replace("epochs: 6", "epochs: 500"))
    folder = lossbench.cwd / "runs" / "e"
    process = lossbench.start("run", "e.yaml", new_session=True)
    wait_for_epoch(folder, 1, process)
    process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    since = time.monotonic()
    process.communicate(timeout=60)
    assert process.returncode == 130 and time.monotonic() - since < 20
    until = time.monotonic() + 10
    while living(process.pid):
        assert time.monotonic() < until, living(process.pid)
        time.sleep(0.1)


@pytest.mark.slow
def test_time_is_over(lossbench):
    lossbench.write("e.yaml", CONFIG.replace("EVERY", "60").replace("epochs: 6", "epochs: 500"))
    out, err = lossbench("run", "e.yaml", "--max-time", "10s", timeout=90)
    assert "--max-time is over; finished jobs are kept" in err
    assert "1 are left" in out
    _, err = lossbench("run", "e.yaml", "--max-time", "soon", code=2)
    assert "90min" in err
    out, _ = lossbench("status", "runs")
    assert "missing       1" in out


def test_only_what_matches_and_not_with_other_threads(lossbench, configs):
    args = ("run", configs / "smoke.yaml")
    out, _ = lossbench(*args, "--only", "focal", "--only", "9ccd601359a5")
    assert "3 jobs to train" in out
    _, err = lossbench(*args, "--threads", 2, code=2)
    assert "another number changes the last bits" in err
    _, err = lossbench(*args, "--only", "nothing*", code=2)
    assert "no job matches nothing*" in err
    out, _ = lossbench(*args)
    assert "1 jobs to train, 3 finished before" in out


@pytest.mark.slow
def test_fail_fast(lossbench):
    lossbench.write("mine.py", "def bad(y, z):\n    raise ValueError('no')\n")
    lossbench.write(
        "e.yaml",
        "dataset: {name: synthetic_regression, n: 60, n_test: 20, image_size: 8}\n"
        "model: tiny_cnn\nlosses: [{name: custom, target: 'mine.py:bad'}, mse, mae, huber]\n"
        "seeds: 3\ntrain: {epochs: 1, batch_size: 16}\n",
    )
    out, err = lossbench("run", "e.yaml", "--fail-fast", "--workers", 1, code=1)
    assert "a job failed; finished jobs are kept" in err
    assert "are left" in out
    out, err = lossbench("run", "e.yaml", "--fail-fast", "--workers", 1, code=1)
    assert out.count("validation rmse") >= 2, "failures of an earlier run stop nothing"

"""Run folders that several runs share, that fill up, that are damaged and that are cleaned."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

TABLES = ("metrics.csv", "confusion.csv", "per_class.csv", "plan.csv")


def jobs(folder: Path) -> list[Path]:
    return sorted((folder / "jobs").iterdir())


def finished(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("jobs/*/result.json"))


def assert_complete(folder: Path, undisturbed: Path) -> None:
    """Every table is as of one run alone, and nothing but results is left."""
    for table in TABLES:
        assert (folder / table).read_text() == (undisturbed / table).read_text(), table
    for job in jobs(folder):
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


@pytest.fixture
def copy(lossbench, undisturbed):
    """A copy of the finished smoke experiment, to be damaged."""
    shutil.copytree(undisturbed, lossbench.cwd / "runs" / "smoke")
    return lossbench.cwd / "runs" / "smoke"


@pytest.fixture
def small_disk(tmp_path):
    """A file system with room for a plan but not for a job; skips where none can be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=80k", "lossbench-test", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.slow
def test_two_runs_on_one_folder_share_the_work(lossbench, configs, undisturbed):
    command = ("run", configs / "smoke.yaml", "--workers", 1)
    both = [lossbench.start(*command) for _ in range(2)]
    said = [process.communicate(timeout=240) for process in both]
    for process, (out, err) in zip(both, said, strict=True):
        assert process.returncode == 0, (out, err)
        assert "Traceback" not in out + err
    trained = [int(re.search(r"(\d+) trained now", out)[1]) for out, _ in said]
    assert sum(trained) == 4, f"{trained}: a job was trained twice, or not at all"
    folder = lossbench.cwd / "runs" / "smoke"
    assert_complete(folder, undisturbed)
    with (folder / "runs.csv").open(newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["ok"] * 4
    lossbench("status", "--check")


def test_a_run_takes_over_what_a_killed_one_held(lossbench, configs, undisturbed):
    folder = lossbench.cwd / "runs" / "smoke"
    command = ("run", configs / "smoke.yaml", "--workers", 1)
    victim, heir = lossbench.start(*command), lossbench.start(*command)
    until = time.monotonic() + 120
    while not list(folder.glob("jobs/*/lease.1")):
        assert time.monotonic() < until, "no job began"
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    out, err = heir.communicate(timeout=240)
    assert heir.returncode == 0, (out, err)
    assert len(finished(folder)) == 4
    assert_complete(folder, undisturbed)
    lossbench("status", "--check")


def test_a_full_disk_ends_the_run_with_a_message_and_space_lets_it_go_on(
    lossbench, configs, undisturbed, small_disk
):
    _, err = lossbench("run", configs / "smoke.yaml", "--runs-dir", small_disk, code=2)
    assert "No space left on device" in err and "--runs-dir" in err
    for path in small_disk.rglob("*.json"):
        assert isinstance(json.loads(path.read_text()), dict), path
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    out, _ = lossbench("run", configs / "smoke.yaml", "--runs-dir", small_disk)
    assert "4 jobs to train" in out, "a full disk is no fault of a job"
    assert_complete(small_disk / "smoke", undisturbed)
    lossbench("status", small_disk, "--check")


@pytest.mark.slow
def test_after_a_full_disk_no_file_is_damaged(lossbench, configs, undisturbed, small_disk):
    process = lossbench.start("run", configs / "smoke.yaml", "--runs-dir", small_disk)
    out, err = process.communicate(timeout=240)
    assert process.returncode in (1, 2) and "No space left on device" in out + err
    assert "Traceback" not in out + err
    for path in small_disk.rglob("*.json"):
        assert isinstance(json.loads(path.read_text()), dict), path
    out, _ = lossbench("status", small_disk, "--check")
    assert "  finished      0\n" in out and "  damaged       0\n" in out
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    lossbench("run", configs / "smoke.yaml", "--runs-dir", small_disk, "--retry", "failed")
    assert_complete(small_disk / "smoke", undisturbed)
    lossbench("status", small_disk, "--check")


def test_a_read_only_folder_can_be_read_and_says_why_it_cannot_be_written(
    lossbench, configs, small_disk, undisturbed
):
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    shutil.copytree(undisturbed, small_disk / "smoke")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    lossbench("status", small_disk, "--check")
    lossbench("compare", small_disk)
    lossbench("clean", small_disk, "--dry-run")
    _, err = lossbench("run", configs / "smoke.yaml", "--runs-dir", small_disk, code=2)
    assert "cannot be written: Read-only file system" in err


def test_status_of_finished_and_half_finished_runs(lossbench, copy):
    out, _ = lossbench("status")
    assert "smoke: 4 of 4 jobs finished (100%), in runs/smoke\n" in out
    assert "  finished      4   ok 4\n" in out
    shutil.rmtree(jobs(copy)[0])
    out, _ = lossbench("status", "runs/smoke", "--check")
    assert "smoke: 3 of 4 jobs finished (75%)" in out and "  missing       1\n" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    (data,) = json.loads(lossbench("status", "--json")[0])["experiments"]
    assert (data["finished"], len(data["missing"]), data["running"]) == ({"ok": 3}, 1, [])


@pytest.mark.slow
def test_status_while_it_runs(lossbench, configs):
    process = lossbench.start(
        "run", configs / "smoke.yaml", "--workers", 1, "--set", "train.epochs=500"
    )
    try:
        until = time.monotonic() + 120
        while not list((lossbench.cwd / "runs").glob("smoke/jobs/*/progress.json")):
            assert time.monotonic() < until, "no job began"
            time.sleep(0.02)
        out, _ = lossbench("status")
        assert "  running       1\n    cross_entropy, seed 0: epoch " in out
        assert f"on {os.uname().nodename}:" in " ".join(out.split())
        out, _ = lossbench("clean", "--yes")
        assert "nothing to remove" in out
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    until = time.monotonic() + 30
    while "  running       0\n" not in lossbench("status")[0]:
        assert time.monotonic() < until, "a dead process counts as running"
    out, _ = lossbench("clean", "--yes")
    assert "leases of processes that have ended" in out
    assert "nothing to remove" in lossbench("clean", "--yes")[0]


def test_one_changed_byte_is_found_and_mended(lossbench, copy, configs, undisturbed):
    job = jobs(copy)[1]
    content = bytearray((job / "predictions.npz").read_bytes())
    content[len(content) // 2] ^= 1
    (job / "predictions.npz").write_bytes(content)
    assert "damaged" not in lossbench("status")[0], "it is looked for only on request"
    out, _ = lossbench("status", "--check", code=1)
    assert f"({job.name}) must be done again" in out
    assert f"{job.name}/predictions.npz: is not what the job wrote" in " ".join(out.split())
    (data,) = json.loads(lossbench("status", "--check", "--json", code=1)[0])["experiments"]
    assert [damage["job_id"] for damage in data["damaged"]] == [job.name]
    out, _ = lossbench("clean", "--damaged", "--yes")
    assert "     1  results of damaged jobs" in out
    out, _ = lossbench("run", configs / "smoke.yaml")
    assert "1 jobs to train" in out
    lossbench("status", "--check")
    assert_complete(copy, undisturbed)


def test_clean_removes_jobs_of_an_earlier_plan_and_asks_before(lossbench, copy, configs):
    lossbench("run", configs / "smoke.yaml", "--set", "losses=[cross_entropy]")
    out, _ = lossbench("status")
    assert "2 finished outside the current plan; lossbench clean removes them" in " ".join(
        out.split()
    )
    out, _ = lossbench("clean", "--dry-run")
    assert re.search(r"  2  jobs that the current plan does not name, \d+\.\d MiB\n", out)
    assert len(jobs(copy)) == 4
    _, err = lossbench("clean", code=2)
    assert "give --yes" in err and len(jobs(copy)) == 4
    out, _ = lossbench("clean", "runs", "--yes")
    assert "Removed." in out and len(jobs(copy)) == 2
    lossbench("compare")
    assert (
        "nothing to train: all 2 jobs are finished" in lossbench("run", copy / "experiment.yaml")[0]
    )

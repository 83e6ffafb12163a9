"""A night in a few minutes: workers and parents killed, disk full, files truncated.

`make soak`. After the last resume every job is finished exactly once and every number equals that
of an undisturbed run.
"""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

CONFIG = """
dataset: {name: mnist_mini, subset: 1500}
model: seed_cnn
losses: [cross_entropy, focal, brier]
seeds: 20
train: {epochs: 4, batch_size: 64}
execution: {checkpoint_every: 0, retries: 2}
"""
JOBS = 60
DISK_MIB = 24


def start(folder: Path) -> subprocess.Popen[str]:
    with (folder.parent / "output.txt").open("a") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "lossbench", "run", "e.yaml", "--runs-dir", str(folder)],
            cwd=folder.parent,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def workers_of(parent: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-ww", "-eo", "ppid=,pid=,args="], capture_output=True, text=True, check=True
    )
    rows = (line.split(None, 2) for line in listed.stdout.splitlines())
    return [int(pid) for ppid, pid, args in rows if ppid == str(parent) and "spawn_main" in args]


def finished(folder: Path) -> list[Path]:
    return sorted(folder.glob("e/jobs/*/result.json"))


def numbers(folder: Path) -> dict[str, object]:
    """All that each job computed, without times."""
    found: dict[str, object] = {}
    for path in finished(folder):
        result = json.loads(path.read_text())
        with (path.parent / "steps.csv").open(newline="") as file:
            steps = [row["loss"] for row in csv.DictReader(file)]
        found[path.parent.name] = (result["status"], result["metrics"], steps)
    return found


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few MiB; a plain folder where none may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(place)],
        capture_output=True,
    )
    yield place
    if mounted.returncode == 0:
        subprocess.run(["umount", "-l", str(place)], check=True)


def wait(process: subprocess.Popen[str], seconds: float) -> bool:
    """Return whether the process goes on after so many seconds."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def fill(disk: Path) -> None:
    """Write until nothing fits any more, but no more than the small disk holds."""
    try:
        with (disk / "filler").open("wb") as file:
            for _ in range(DISK_MIB):
                file.write(bytes(2**20))
                file.flush()
    except OSError as error:
        assert error.errno == 28, error


def truncate(folder: Path, rng: random.Random) -> str:
    """Cut a file of a finished job; returns the job's id."""
    job = rng.choice(finished(folder)).parent
    path = job / rng.choice(["result.json", "steps.csv", "predictions.npz"])
    os.truncate(path, path.stat().st_size // 2)
    return job.name


def test_a_bad_night(tmp_path: Path, small_disk: Path) -> None:
    quiet = tmp_path / "quiet" / "runs"
    quiet.parent.mkdir()
    disk = small_disk / "runs"
    for place in (quiet.parent, disk.parent):
        (place / "e.yaml").write_text(CONFIG)
    assert start(quiet).wait(900) == 0
    expected = numbers(quiet)
    assert len(expected) == JOBS

    rng = random.Random(0)
    events = {"worker": 0, "parent": 0, "full": 0, "truncated": 0}
    for parent_dies in (True, True, True, False):
        process = start(disk)
        while not workers_of(process.pid):
            assert wait(process, 0.2), (disk.parent / "output.txt").read_text()
        for _ in range(2):
            if not wait(process, rng.uniform(4, 9)):
                break
            victims = workers_of(process.pid)
            if victims:
                os.kill(rng.choice(victims), signal.SIGKILL)
                events["worker"] += 1
        if parent_dies and wait(process, 3):
            process.kill()
            process.wait()
            events["parent"] += 1
        elif process.poll() is None:
            fill(disk.parent)
            events["full"] += not wait(process, 60)
            (disk.parent / "filler").unlink()
            assert process.wait(60) == 2, (disk.parent / "output.txt").read_text()
        time.sleep(1)  # orphans see that their parent is gone
        assert not workers_of(process.pid)
        if finished(disk):
            victim = truncate(disk, rng)
            events["truncated"] += 1
            checked = subprocess.run(
                [sys.executable, "-m", "lossbench", "status", str(disk), "--check"],
                capture_output=True,
                text=True,
            )
            assert checked.returncode == 1 and victim in checked.stdout, checked.stdout
            subprocess.run(
                [sys.executable, "-m", "lossbench", "clean", str(disk), "--damaged", "--yes"],
                check=True,
            )

    command = [sys.executable, "-m", "lossbench", "run", "e.yaml", "--runs-dir", str(disk)]
    done = subprocess.run(
        [*command, "--retry", "failed"], cwd=disk.parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(events)
    assert events["worker"] >= 4 and events["parent"] == 3 and events["full"] == 1
    assert numbers(disk) == expected
    again = subprocess.run(command, cwd=disk.parent, capture_output=True, text=True)
    assert "nothing to train" in again.stdout
    for path in (disk / "e" / "jobs").iterdir():
        assert not list(path.glob("lease.*")) and not list(path.glob("checkpoint*"))
    assert (disk / "e" / "metrics.csv").read_text() == (quiet / "e" / "metrics.csv").read_text()

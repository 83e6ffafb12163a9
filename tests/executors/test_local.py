"""Local workers alone: what ends them, and that none is left behind."""

import multiprocessing
import multiprocessing.spawn
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lossbench import store
from lossbench.errors import LossbenchError
from lossbench.executors import Limits, local

PARENT = """
import sys
from pathlib import Path
from lossbench.executors import Limits, Work, local

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    work = [Work(folder, "")]
    results = local.run_jobs(
        work, workers=1, threads=1, limits=Limits(), stop=folder / "stop", idle=lambda: None
    )
    print(list(results))
"""


def wait_until(condition, seconds=60.0):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def descendants(pid):
    """Processes that a process started, and theirs."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == pid:
            found += [int(path.name), *descendants(int(path.name))]
    return found


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
def test_workers_outlive_a_sigterm_to_all_but_not_their_parent(tmp_path, make_work):
    work = make_work(tmp_path, "long", "fine", epochs=1_000_000)
    (tmp_path / "parent.py").write_text(PARENT)
    parent = subprocess.Popen([sys.executable, tmp_path / "parent.py", work.folder])
    try:
        wait_until(lambda: store.read_progress(work.folder))
        workers = descendants(parent.pid)
        assert workers
        (holder,) = (pid for pid in workers if pid == store.holder(work.folder).pid)
        os.kill(holder, signal.SIGTERM)  # as sent to a whole process group; the parent decides
        time.sleep(1.0)
        assert is_alive(holder)
    finally:
        parent.kill()
        parent.wait()
    wait_until(lambda: not any(map(is_alive, workers)), 10.0)
    assert store.read_result(work.folder) is None
    assert store.holder(work.folder) is None  # whoever comes next can take the job


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_ends_all_workers_at_once(tmp_path, make_work, kind):
    work = [make_work(tmp_path, name, "fine", epochs=1_000_000) for name in "abc"]
    before, since = set(multiprocessing.active_children()), []

    def idle():
        if len(multiprocessing.active_children()) - len(before) == 2:
            since.append(time.monotonic())
            raise kind

    with pytest.raises(kind):
        list(
            local.run_jobs(
                work, workers=2, threads=1, limits=Limits(), stop=tmp_path / "stop", idle=idle
            )
        )
    assert time.monotonic() - since[0] < 2.0
    assert set(multiprocessing.active_children()) == before


def test_workers_that_cannot_start_end_the_run(tmp_path, make_work, monkeypatch):
    monkeypatch.setattr(multiprocessing.spawn, "_python_exe", b"/bin/false")
    work = [make_work(tmp_path, name, "fine") for name in "abc"]
    with pytest.raises(LossbenchError, match="3 processes in a row ended before they could begin"):
        list(
            local.run_jobs(
                work,
                workers=2,
                threads=1,
                limits=Limits(),
                stop=tmp_path / "stop",
                idle=lambda: None,
            )
        )
    assert not any((item.folder / "result.json").exists() for item in work)


def test_a_death_is_told_by_the_signals_name():
    assert "SIGSEGV" in local._killed(-signal.SIGSEGV).message
    assert "memory" in local._killed(-signal.SIGKILL).message
    assert "exit code 3" in local._killed(3).message
    assert "signal 99" in local._killed(-99).message

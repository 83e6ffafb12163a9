"""Files while disks are full, folders vanish and processes are killed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lossbench import store
from lossbench.errors import StoreError

ROOT = Path(__file__).parents[2]
TWICE = """
import sys
from pathlib import Path
from lossbench import store
letter, path = sys.argv[1], Path(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(200):
    store.write_whole(path, letter * 100_000)
"""
LIMITED = """
import resource, sys
from pathlib import Path
from lossbench import store
from lossbench.errors import StoreError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    store.write_whole(Path(sys.argv[1]), "x" * 5000)
except StoreError as error:
    print(error)
"""
STOPPED = """
import os, sys
from pathlib import Path
from lossbench import store
os.replace = lambda *args: os.kill(os.getpid(), 9)
store.write_whole(Path(sys.argv[1]), "new")
"""


def python(code, *args, **options):
    command = [sys.executable, "-c", code, *map(str, args)]
    return subprocess.Popen(command, cwd=ROOT, text=True, **options)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 KiB; skips where mounting is not permitted."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "lossbench-test", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting is not permitted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_full_disk_ends_with_a_message_and_the_old_file(small_disk):
    path = small_disk / "jobs" / "a" / "result.json"
    store.write_whole(path, "old")
    with pytest.raises(StoreError, match=r"result\.json: cannot be written: No space left") as e:
        store.write_whole(path, "x" * 200_000)
    assert "Free space" in str(e.value)
    assert path.read_text() == "old" and names(path.parent) == ["result.json"]
    store.write_whole(path, "y" * 20_000)
    assert path.read_text() == "y" * 20_000, "what was begun gave its space back"


def test_on_a_full_disk_a_job_is_claimed_or_refused_with_a_message(small_disk):
    job = small_disk / "a"
    job.mkdir()
    (small_disk / "ballast").write_bytes(b"")
    with (small_disk / "ballast").open("wb", buffering=0) as ballast, pytest.raises(OSError):
        while True:
            ballast.write(bytes(4096))
    with pytest.raises(StoreError, match="cannot be taken: No space left"):
        store.claim(job)
    assert names(job) == []
    (small_disk / "ballast").unlink()
    store.claim(job).release()


def test_a_read_only_file_system_ends_with_a_message_and_can_be_read(small_disk):
    job, other = small_disk / "a", small_disk / "b"
    store.write_result(job, {"job_id": "a", "status": "killed"})
    other.mkdir()
    with store.claim(job):
        subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
        try:
            with pytest.raises(StoreError, match="cannot be written: Read-only file system"):
                store.write_whole(job / "result.json", "new")
            with pytest.raises(StoreError, match="cannot be taken: Read-only file system"):
                store.claim(other)
            assert store.holder(job).pid == os.getpid() and store.claim(job) is None
            assert store.verify(job) == []
        finally:
            subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert names(job) == ["result.json"] and names(other) == []


def test_a_limit_on_file_sizes_ends_with_a_message(tmp_path):
    store.write_whole(tmp_path / "a", "old")
    out, _ = python(LIMITED, tmp_path / "a", stdout=subprocess.PIPE).communicate()
    assert "a: cannot be written: File too large" in out
    assert (tmp_path / "a").read_text() == "old" and names(tmp_path) == ["a"]


@pytest.mark.parametrize("when", ["before", "while"])
def test_a_folder_that_is_removed_meanwhile(tmp_path, monkeypatch, when):
    path = tmp_path / "jobs" / "result.json"
    store.write_whole(path, "old")
    if when == "before":
        shutil.rmtree(path.parent)
        store.write_whole(path, "new")
        assert path.read_text() == "new"
        return
    fsync = os.fsync

    def removed(handle):
        shutil.rmtree(path.parent, ignore_errors=True)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", removed)
    with pytest.raises(StoreError, match="cannot be written: No such file"):
        store.write_whole(path, "new")
    assert not path.parent.exists()


def test_of_two_writers_each_file_is_whole(tmp_path):
    path = tmp_path / "a.csv"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    writers = [python(TWICE, letter, path, **pipes) for letter in "ab"]
    for writer in writers:
        writer.stdout.readline()
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if path.is_file():
            text = path.read_text()
            assert len(text) == 100_000 and len(set(text)) == 1
            seen.add(text[0])
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    assert seen and names(tmp_path) == ["a.csv"]


def test_killed_before_the_rename_it_leaves_the_old_file_and_a_hidden_one(tmp_path):
    store.write_whole(tmp_path / "result.json", "old")
    process = python(STOPPED, tmp_path / "result.json")
    assert process.wait() == -signal.SIGKILL
    hidden, kept = names(tmp_path)
    assert kept == "result.json" and (tmp_path / kept).read_text() == "old"
    assert hidden.startswith(".result.json.") and (tmp_path / hidden).read_text() == "new"


def test_killed_at_any_moment_the_file_is_one_or_the_other(tmp_path):
    path = tmp_path / "a.csv"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    for number in range(5):
        writer = python(TWICE, "ab"[number % 2], path, **pipes)
        writer.stdout.readline()
        writer.stdin.write("go\n")
        writer.stdin.flush()
        time.sleep(0.01 + 0.007 * number)
        writer.kill()
        writer.communicate()
        if path.exists():
            text = path.read_text()
            assert len(text) == 100_000 and len(set(text)) == 1


@pytest.mark.skipif(os.name != "posix", reason="folders are synced on POSIX only")
def test_the_folder_is_synced_after_the_rename(tmp_path, monkeypatch):
    calls = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "replace", lambda *a: (calls.append("replace"), replace(*a)))

    def note(handle):
        calls.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file")
        fsync(handle)

    monkeypatch.setattr(os, "fsync", note)
    store.write_whole(tmp_path / "a", "x")
    assert calls == ["file", "replace", "folder"]

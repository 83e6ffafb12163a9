"""Leases with real processes: one holder at a time, whoever dies and whenever."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lossbench import store
from lossbench.errors import StoreError
from lossbench.store import leases, processes

RACER = """
import sys, time
from pathlib import Path
from lossbench import store
print("ready", flush=True)
for line in sys.stdin:
    folder, _, start = line.partition(" ")
    while time.monotonic() < float(start):
        pass
    lease = store.claim(Path(folder))
    print("won" if lease else "lost", flush=True)
    sys.stdin.readline()
    if lease:
        lease.release()
    print("done", flush=True)
"""
HOLDER = """
import sys, time
from pathlib import Path
from lossbench import store
print(store.claim(Path(sys.argv[1])) is not None, flush=True)
time.sleep(600)
"""
# Marks the folder while it holds it; the marks of two that live are what must never be.
INTRUDER = """
import os, sys, time
from pathlib import Path
from lossbench import store
from lossbench.store import processes
folder, until = Path(sys.argv[1]), time.monotonic() + float(sys.argv[2])
me, rounds = processes.identity(), 0
mark = folder / f"mark.{me['pid']}"
while time.monotonic() < until:
    lease = store.claim(folder)
    if lease is None:
        continue
    mark.write_text("")
    for other in folder.glob("mark.*"):
        pid = int(other.suffix[1:])
        if pid != me["pid"] and not processes.has_ended(
            me | {"pid": pid, "process_started": None}
        ):
            print("clash with", pid, flush=True)
    time.sleep(0.0005)
    rounds += 1
    mark.unlink()
    lease.release()
print("rounds", rounds, flush=True)
"""


def start(code, *args):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


@pytest.fixture
def hold():
    """Starts processes that claim a job and sleep; ends them with the test."""
    started = []

    def begin(folder):
        process = start(HOLDER, folder)
        started.append(process)
        assert process.stdout.readline() == "True\n"
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def job(tmp_path):
    folder = tmp_path / "a1b2"
    folder.mkdir()
    return folder


def ended_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return processes.identity() | {"pid": process.pid, "process_started": 1}


def age(path, seconds):
    """Make a lease look as if it was last touched so long ago by the file system's clock."""
    now = leases.clock(path.parent)
    os.utime(path, (now - seconds, now - seconds))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_job_is_held_once_and_given_back(job):
    with store.claim(job) as lease:
        assert lease.generation == 1 and lease.held()
        assert store.claim(job) is None
        held_by = store.holder(job)
        assert (held_by.pid, held_by.host) == (os.getpid(), processes.identity()["host"])
        assert names(job) == ["lease.1"], "a refused claim leaves nothing behind"
    assert names(job) == [] and store.holder(job) is None and not lease.held()
    lease.release()
    with store.claim(job) as again:
        lease.release()
        assert again.held(), "who gave it back cannot take it from the next"


@pytest.mark.parametrize("before", ["nobody", "a dead process"])
def test_of_eight_processes_one_wins_every_time(tmp_path, before):
    racers = [start(RACER) for _ in range(8)]
    try:
        for racer in racers:
            racer.stdout.readline()
        for number in range(50):
            folder = tmp_path / f"job{number}"
            folder.mkdir()
            if before != "nobody":
                (folder / "lease.1").write_text(json.dumps(ended_process()))
            line = f"{folder} {time.monotonic() + 0.005}\n"
            answers = tell(racers, line)
            assert sorted(answers) == ["lost\n"] * 7 + ["won\n"], (number, answers)
            tell(racers, "release\n")
            assert names(folder) == []
    finally:
        for racer in racers:
            racer.stdin.close()
            racer.wait(timeout=20)
            racer.stdout.close()


def tell(racers, line):
    for racer in racers:
        racer.stdin.write(line)
        racer.stdin.flush()
    return [racer.stdout.readline() for racer in racers]


def test_never_two_at_once_though_they_come_and_go_and_are_killed(job):
    seconds = 3.0
    intruders = [start(INTRUDER, job, seconds) for _ in range(5)]
    victims = [start(INTRUDER, job, 60) for _ in range(3)]
    for victim in victims:
        time.sleep(seconds / 4)
        victim.send_signal(signal.SIGKILL)
    said = [intruder.communicate(timeout=60)[0] for intruder in intruders]
    said += [victim.communicate()[0] for victim in victims]
    assert not [text for text in said if "clash" in text]
    assert sum(int(text.split()[-1]) for text in said[:5]) > 20


def test_a_killed_holder_is_replaced_at_once_and_its_lease_removed(job, hold):
    process = hold(job)
    assert store.claim(job) is None and store.holder(job).pid == process.pid
    process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10  # not waited for: a zombie is dead, too
    while (lease := store.claim(job)) is None:
        assert time.monotonic() < deadline
    assert lease.generation == 2 and names(job) == ["lease.1", "lease.2"]
    lease.release()
    assert names(job) == []


def test_a_pid_that_went_to_another_process_does_not_count(job):
    me = processes.identity()
    (job / "lease.3").write_text(json.dumps(me | {"process_started": me["process_started"] - 1}))
    with store.claim(job) as lease:
        assert lease.generation == 4


@pytest.mark.parametrize("place", [{"host_id": "elsewhere"}, {"namespace": "pid:[1]"}])
def test_another_machine_or_container_is_judged_by_time_alone(job, place):
    path = job / "lease.1"
    path.write_text(json.dumps(ended_process() | place))
    age(path, leases.DEAD_AFTER_S - 5)
    assert store.claim(job) is None and store.holder(job) is not None
    age(path, leases.DEAD_AFTER_S + 1)
    assert store.holder(job) is None
    with store.claim(job) as lease:
        assert lease.generation == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": -1}', '{"pid": "1"}', "\x00\xff"])
def test_a_lease_that_cannot_be_read_is_judged_by_time(job, text):
    (job / "lease.7").write_text(text)
    assert store.claim(job) is None and store.holder(job).host == "unknown"
    age(job / "lease.7", 100)
    with store.claim(job) as lease:
        assert lease.generation == 8


def test_a_holder_that_was_replaced_leaves_the_newer_lease_alone(job):
    old = store.claim(job)
    os.utime(old.path, (1, 1))  # as after a long suspension
    new = store.claim(job)
    assert new.generation == 2 and not old.held()
    old.release()
    assert new.held() and names(job) == ["lease.2"]
    new.release()
    assert names(job) == []


def test_a_number_used_again_is_not_ours(job):
    old = store.claim(job)
    os.utime(old.path, (1, 1))
    store.claim(job).release()
    again = store.claim(job)
    assert again.generation == old.generation
    old.release()
    assert again.held() and names(job) == ["lease.1"]
    again.release()


def test_a_lease_is_touched_until_it_is_released(job, monkeypatch):
    monkeypatch.setattr(leases, "REFRESH_S", 0.02)
    lease = store.claim(job)
    os.utime(lease.path, (1, 1))
    deadline = time.monotonic() + 10
    while lease.path.stat().st_mtime < 2:
        assert time.monotonic() < deadline, "nobody touched it"
        time.sleep(0.01)
    (job / "lease.2").write_text("{}")  # taken over
    time.sleep(0.1)
    os.utime(lease.path, (1, 1))
    time.sleep(0.1)
    assert lease.path.stat().st_mtime == 1, "who was replaced keeps quiet"
    lease.release()


@pytest.mark.parametrize("status", ["ok", "diverged", "nan"])
def test_a_finished_job_is_not_claimed(job, status):
    store.write_json(job / "result.json", {"job_id": job.name, "status": status})
    assert store.claim(job) is None
    assert names(job) == ["result.json"]


@pytest.mark.parametrize("text", ["{", '{"job_id": "a1b2", "status": "error", "attempts": 1}'])
def test_a_failed_or_damaged_result_is_claimed_again(job, text):
    (job / "result.json").write_text(text)
    store.claim(job).release()
    store.claim(job, attempt=2).release()


def test_a_failed_attempt_is_not_repeated_by_a_second_run(job):
    about = {"job_id": job.name, "status": "error", "attempts": 2}
    store.write_json(job / "result.json", about)
    assert store.claim(job, attempt=2) is None
    store.claim(job, attempt=3).release()


def test_where_links_do_not_work_a_lease_is_created_alone(job, monkeypatch):
    def refuse(*args):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with store.claim(job) as lease:
        assert lease.held() and store.claim(job) is None
        assert names(job) == ["lease.1"]
    assert names(job) == []


def test_a_link_whose_answer_was_lost_counts(job, monkeypatch):
    link = os.link

    def twice(source, target):  # as a network client does that asks again
        link(source, target)
        link(source, target)

    monkeypatch.setattr(os, "link", twice)
    with store.claim(job) as lease:
        assert lease.held()


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(StoreError, match="gone: this job cannot be taken: No such file"):
        store.claim(tmp_path / "gone")
    assert store.holder(tmp_path / "gone") is None
    assert not (tmp_path / "gone").exists()

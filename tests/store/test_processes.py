import os
import subprocess
import sys

import pytest

from lossbench.store import processes


def test_this_process_lives_and_is_told_apart():
    me = processes.identity()
    assert me["pid"] == os.getpid() and not processes.has_ended(me)
    child = [
        sys.executable,
        "-c",
        "from lossbench.store import processes as p; print(p.identity())",
    ]
    done = subprocess.run(child, capture_output=True, text=True, check=True)
    other = eval(done.stdout)
    assert other["host_id"] == me["host_id"] and other["pid"] != me["pid"]
    assert processes.has_ended(other)


def test_a_zombie_has_ended():
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    process.stdout.read()  # to its end; it is not waited for
    process.stdout.close()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert processes.has_ended(processes.identity() | {"pid": process.pid})
    process.wait()


@pytest.mark.parametrize(
    "changes",
    [{"host_id": "elsewhere"}, {"namespace": "pid:[1]"}, {"pid": None}, {"pid": -1}, {"pid": "x"}],
)
def test_of_others_nothing_is_known(changes):
    gone = processes.identity() | {"process_started": 1}
    assert processes.has_ended(gone)
    assert not processes.has_ended(gone | changes)
    assert not processes.has_ended({})

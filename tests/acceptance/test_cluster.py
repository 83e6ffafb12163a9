"""The smoke experiment on Ray, started as a user starts it; a machine of two is lost."""

import importlib.util
import json
import sys
import time
from pathlib import Path

import pytest


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
def test_ray_gives_the_numbers_of_local_workers(lossbench, configs, undisturbed):
    out, _ = lossbench("run", configs / "smoke.yaml", "--executor", "ray", "--workers", 2)
    assert "4 trained now" in out
    folder = lossbench.cwd / "runs" / "smoke"
    for table in ("metrics.csv", "confusion.csv", "plan.csv"):
        assert (folder / table).read_text() == (undisturbed / table).read_text(), table


def test_an_address_where_nothing_is(lossbench, configs):
    pytest.importorskip("ray")
    args = ("--executor", "ray", "--address", "127.0.0.1:1")
    _, err = lossbench("run", configs / "smoke.yaml", *args, code=1)
    assert "cannot reach '127.0.0.1:1'" in err


@pytest.fixture
def cluster():
    """A head that works not, and two machines that do."""
    utils = pytest.importorskip("ray.cluster_utils")
    made = utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [made.add_node(num_cpus=1) for _ in range(2)]
    yield made, nodes
    made.shutdown()


def parent(pid):
    """The number of a process's parent; 0 where there is no such process."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def machine_at_work(folder, nodes):
    """The machine of a process that holds a job, and the job; None while nobody does."""
    raylets = {node.all_processes["raylet"][0].process.pid: node for node in nodes}
    for lease in folder.glob("jobs/*/lease.1"):
        try:
            pid = json.loads(lease.read_text())["pid"]
        except (OSError, ValueError):
            continue
        if node := raylets.get(parent(pid)):
            return node, lease.parent.name
    return None


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds the machine of a process in /proc")
def test_a_machine_lost_in_the_middle_changes_no_number(lossbench, configs, undisturbed, cluster):
    cluster, nodes = cluster
    args = ("--executor", "ray", "--address", cluster.address, "--workers", 2)
    process = lossbench.start("run", configs / "smoke.yaml", *args)
    folder, until, found = lossbench.cwd / "runs" / "smoke", time.monotonic() + 120, None
    while found is None and time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        found = machine_at_work(folder, nodes)
        time.sleep(0.01)
    assert found is not None, "no machine took a job"
    lost, job = found
    assert not (folder / "jobs" / job / "result.json").exists(), "too late: the job is done"
    cluster.remove_node(lost, allow_graceful=False)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, out + err
    assert "4 trained now" in out
    assert (folder / "jobs" / job / "result.json").exists()
    for table in ("metrics.csv", "confusion.csv", "plan.csv"):
        assert (folder / table).read_text() == (undisturbed / table).read_text(), table

"""Ray alone: a cluster of several machines, one of which is lost."""

import pytest

from lossbench import store
from lossbench.executors import Limits
from lossbench.executors import ray as executor
from lossbench.executors.local import run_jobs as run_here

ray = pytest.importorskip("ray", reason='needs pip install "lossbench[ray]"')
cluster_utils = pytest.importorskip("ray.cluster_utils")


@pytest.fixture
def cluster():
    """A head that works not, and two machines that do."""
    made = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [made.add_node(num_cpus=1) for _ in range(2)]
    yield made, nodes
    ray.shutdown()
    made.shutdown()


def test_a_lost_machine_costs_nothing_but_time(cluster, tmp_path, make_work):
    cluster, nodes = cluster
    names = ["lost", "b", "c", "d"]
    functions = dict.fromkeys(names, "fine") | {"lost": "hangs_once"}
    work = [make_work(tmp_path, n, f, seed=i) for i, (n, f) in enumerate(functions.items())]

    def idle():
        if nodes and (tmp_path / "node").exists():
            (lost,) = (n for n in nodes if n.node_id == (tmp_path / "node").read_text())
            nodes.clear()
            cluster.remove_node(lost, allow_graceful=False)

    results = executor.run_jobs(
        work,
        workers=2,
        threads=1,
        limits=Limits(),
        stop=tmp_path / "stop",
        idle=idle,
        address=cluster.address,
    )
    import time

    t = time.time()
    found = {}
    for r in results:
        found[r["job_id"]] = r
        print(time.time() - t, r["job_id"], r["status"], r.get("message"))
    assert {name: (r["status"], r["attempts"]) for name, r in found.items()} == dict.fromkeys(
        names, ("ok", 1)
    )

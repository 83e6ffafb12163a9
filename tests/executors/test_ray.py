"""Ray alone: a cluster of several machines, one of which is lost; quiet; not installed."""

import subprocess
import sys

import pytest

from lossbench.errors import LossbenchError
from lossbench.executors import Limits
from lossbench.executors import ray as executor

cluster_utils = pytest.importorskip("ray.cluster_utils", reason="pip install 'lossbench[ray]'")

# Ray's own test cluster leaves sockets open now and then; ours would be seen in other files.
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*unclosed:ResourceWarning",
    "ignore:.*socket:pytest.PytestUnraisableExceptionWarning",
)


def run(work, tmp_path, **options):
    """All results by job id."""
    options = {"limits": Limits(), "idle": lambda: None} | options
    results = executor.run_jobs(work, workers=2, threads=1, stop=tmp_path / "stop", **options)
    return {r["job_id"]: r for r in results}


@pytest.fixture
def cluster():
    """A head that works not, and two machines that do."""
    made = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [made.add_node(num_cpus=1) for _ in range(2)]
    yield made, nodes
    made.shutdown()


def test_a_lost_machine_costs_nothing_but_time(cluster, tmp_path, make_work):
    cluster, nodes = cluster
    names = ["lost", "b", "c", "d"]
    functions = dict.fromkeys(names, "fine") | {"lost": "hangs_once"}
    work = [make_work(tmp_path, name, functions[name]) for name in names]

    def idle():
        if nodes and (tmp_path / "node").exists():
            (lost,) = (n for n in nodes if n.node_id == (tmp_path / "node").read_text())
            nodes.clear()
            cluster.remove_node(lost, allow_graceful=False)

    found = run(work, tmp_path, idle=idle, address=cluster.address)
    assert not nodes, "no machine was lost"
    statuses = {name: (r["status"], r["attempts"]) for name, r in found.items()}
    assert statuses == dict.fromkeys(names, ("ok", 1))
    assert found["lost"]["metrics"] == found["b"]["metrics"] == found["c"]["metrics"]


def test_an_address_where_nothing_is_says_what_to_do(tmp_path, make_work):
    with pytest.raises(LossbenchError, match=r"cannot reach '127.0.0.1:9': .*refused"):
        run([make_work(tmp_path, "a", "fine")], tmp_path, address="127.0.0.1:9")


def test_without_ray_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(LossbenchError, match=r'pip install "lossbench\[ray\]"'):
        run([], tmp_path)


def test_importing_the_executor_loads_neither_ray_nor_tensorflow():
    code = (
        "import sys; import lossbench.executors.ray, lossbench.executors.local; "
        "print([m for m in ('ray', 'tensorflow', 'keras') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_rays_own_lines_about_dead_workers_are_not_printed():
    code = (
        "from lossbench.executors.ray import _import_ray; _import_ray(); "
        "from ray._private.ray_logging import stdout_deduplicator as d; "
        "print(d.deduplicate({'lines': ['A worker died'], 'pid': 'raylet'})[0]['lines'])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("gpus", "workers", "share"),
    [(0, 4, 0.0), (1, 1, 1.0), (1, 3, 0.3333), (2, 3, 0.5), (4, 4, 1.0), (8, 2, 1.0), (2, 8, 0.25)],
)
def test_every_worker_finds_room_on_a_gpu(gpus, workers, share):
    assert executor.gpu_share(gpus, workers) == share
    if gpus:
        assert gpus * int(1 / share + 1e-9) >= workers

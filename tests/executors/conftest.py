"""Jobs whose loss is a function of the test's own file, so that they do what a test needs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lossbench import store
from lossbench.config.experiment import CONTROLS
from lossbench.executors import Work

LOSSES = '''
import os, signal, sys, time
from pathlib import Path
from keras import ops

HERE = Path(__file__).parent


def begun(name):
    """Note that a job's function is being traced; returns how often it has been."""
    with (HERE / f"{name}.begun").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    return len((HERE / f"{name}.begun").read_text().split())


def fine(y, z):
    return ops.mean(ops.square(z - y), axis=-1)


def dies(y, z):
    begun("dies")
    os._exit(0)  # the worst of ends: it looks like success


def dies_once(y, z):
    if begun("dies_once") == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return fine(y, z)


def wrong(y, z):
    begun("wrong")
    raise ValueError("this loss is wrong")


def hangs(y, z):
    begun("hangs")
    time.sleep(1000)


def grows(y, z):
    begun("grows")
    sys.modules["os"].ballast = b"x" * (1000 * 2**20)
    return fine(y, z)


def after(y, z):
    begun("after")
    return fine(y, z)


def hangs_once(y, z):
    """Hang where it is traced first, and note which machine of a cluster that is."""
    import ray

    if begun("hangs_once") == 1:
        (HERE / "node").write_text(ray.get_runtime_context().get_node_id())
        time.sleep(1000)
    return fine(y, z)
'''


@pytest.fixture(scope="module")
def make_work() -> Callable[..., Work]:
    """Writes a job into a folder: `make(folder, job_id, function, key=..., epochs=...)`."""

    def make(
        folder: Path, job_id: str, function: str, *, key: str = "", epochs: int = 1, seed: int = 0
    ) -> Work:
        mine = folder / "mine.py"
        if not mine.exists():
            store.write_whole(mine, LOSSES)
        data = {"n": 40, "n_test": 10, "image_size": 8}
        target = {"target": f"{mine}:{function}", "params": {}, "task": None}
        record = {
            "job_id": job_id,
            "dataset": {"name": "synthetic_regression", "params": data},
            "model": {"name": "tiny_cnn", "params": {}},
            "optimizer": {"name": "sgd", "params": {"learning_rate": 0.01}},
            "loss": {"name": "custom", "params": target},
            "schedule": {"name": "constant", "params": {"warmup": 0.0}},
            "seed": seed,
            "train": {"epochs": epochs, "batch_size": 8, **CONTROLS},
            "metric": "rmse",
            "head": "targets",
            "decode": "identity",
        }
        place = store.job_folder(folder, job_id)
        store.write_json(place / "job.json", record)
        return Work(place, key or function)

    return make

"""Network, data, loss and optimizer joined and traced once, then reused by jobs that are alike.

Tracing costs a second and more. Jobs that differ in seed and learning rate alone run the same
graph: the next one resets weights and optimizer in place.
"""

import functools
import gc
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lossbench import datasets, models
from lossbench.catalog import LOSSES, OPTIMIZERS
from lossbench.catalog.losses import Decode, Head
from lossbench.datasets import Splits
from lossbench.train import evaluation
from lossbench.train.evaluation import Resident
from lossbench.train.feeding import STEPS_PER_CALL, IndexFed, resident_variable
from lossbench.train.objective import make_loss

MOST_KEPT = 8
"""Traced networks that a worker keeps."""


@dataclass(frozen=True)
class Data:
    """A data set in memory: its parts, all images in one array, and the same on the device."""

    splits: Splits
    resident: Resident
    images: Any
    targets: Any


@dataclass(frozen=True)
class Setting:
    """What a job comes down to once its data are known."""

    job: Mapping[str, Any]
    data: Data
    outputs: int
    decode: Decode

    @property
    def probabilistic(self) -> bool:
        """Whether decoded scores mean probabilities."""
        return self.decode in ("softmax", "sigmoid")

    @property
    def splits(self) -> Splits:
        """The parts of the data set."""
        return self.data.splits

    @property
    def n_train(self) -> int:
        """Number of training images."""
        return len(self.data.splits.train.ids)

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches, the last one perhaps smaller."""
        return -(-self.n_train // int(self.job["train"]["batch_size"]))


@functools.lru_cache(maxsize=2)
def _data(name: str, params: str, content: str) -> Data:
    """Load a data set; the worker keeps the last two, since most jobs share theirs."""
    splits = datasets.load(name, json.loads(params))
    resident = evaluation.make_resident(splits)
    return Data(
        splits,
        resident,
        resident_variable(resident.images, "images"),
        resident_variable(resident.targets, "targets"),
    )


def settle(job: Mapping[str, Any]) -> Setting:
    """Load a job's data and find the width of its output layer."""
    name, params = job["dataset"]["name"], json.dumps(job["dataset"]["params"], sort_keys=True)
    data = _data(name, params, json.dumps(job.get("content", {}), sort_keys=True))
    return Setting(job, data, _width(job["head"], data.splits), job["decode"])


def _width(head: Head, splits: Splits) -> int:
    if head == "binary":
        return 1
    return len(splits.class_names) if head == "classes" else int(splits.train.targets.shape[1])


@dataclass
class _Kept:
    """A traced network and the optimizer's variables as they were when new."""

    fed: IndexFed
    data: Data
    optimizer_start: tuple[NDArray[Any], ...]


_kept: OrderedDict[str, _Kept] = OrderedDict()


def assemble(setting: Setting) -> tuple[IndexFed, dict[str, str]]:
    """Return a compiled network at its initial weights, and the fingerprints of the start.

    A network that an earlier job of this process traced is reset and used again.
    """
    job = setting.job
    key = _trace_key(job)
    kept = _kept.get(key)
    if kept is None or kept.data is not setting.data:
        kept = _build(setting)
        _kept[key] = kept
    _kept.move_to_end(key)
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
        gc.collect()
    weights = models.draw_initial_weights(kept.fed.network, job["seed"])
    kept.fed.network.set_weights(weights)
    for variable, value in zip(kept.fed.optimizer.variables, kept.optimizer_start, strict=True):
        variable.assign(value)
    kept.fed.optimizer.learning_rate = job["optimizer"]["params"]["learning_rate"]
    kept.fed.read_step_losses()
    backbone, head = models.fingerprint(weights, kept.fed.network)
    return kept.fed, {"init_sha256": backbone, "head_init_sha256": head}


def _trace_key(job: Mapping[str, Any]) -> str:
    """Return what two jobs must share to run the same graph: all but seed and learning rate."""
    optimizer = {k: v for k, v in job["optimizer"]["params"].items() if k != "learning_rate"}
    shared = [
        job["dataset"],
        job["model"],
        job["loss"],
        [job["optimizer"]["name"], optimizer],
        job["train"]["batch_size"],
        job["head"],
        job.get("content", {}),
    ]
    return json.dumps(shared, sort_keys=True)


def _build(setting: Setting) -> _Kept:
    job, splits = setting.job, setting.splits
    keras.utils.set_random_seed(job["seed"])
    shape = splits.train.images.shape[1:]
    network = models.build(job["model"]["name"], job["model"]["params"], shape, setting.outputs)
    needs = LOSSES[job["loss"]["name"]].needs
    n_classes = len(splits.class_names) if "class_counts" in needs else 0
    counts = evaluation.class_counts(splits.train, n_classes)
    loss = make_loss(job["loss"]["name"], job["loss"]["params"], counts)
    fed = IndexFed(
        network, setting.data.images, setting.data.targets, loss, setting.steps_per_epoch
    )
    fed.compile(
        optimizer=_optimizer(job["optimizer"]),
        steps_per_execution=min(STEPS_PER_CALL, setting.steps_per_epoch),
        jit_compile=False,  # XLA's convolutions took three times as long on a CPU
    )
    fed.optimizer.build(network.trainable_variables)
    return _Kept(fed, setting.data, tuple(np.array(v) for v in fed.optimizer.variables))


def _optimizer(entry: Mapping[str, Any]) -> keras.optimizers.Optimizer:
    module, name = OPTIMIZERS[entry["name"]].target.split(":")
    return getattr(import_module(module), name)(**entry["params"])

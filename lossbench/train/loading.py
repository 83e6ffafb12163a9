"""A data set loaded once and used by all jobs of a worker that share it."""

import functools
import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lossbench import datasets
from lossbench.config.experiment import EXECUTION
from lossbench.datasets import Splits
from lossbench.datasets.rows import Stack
from lossbench.train.evaluation import Resident, make_resident
from lossbench.train.feeding import resident_variable

MEMORY_BUDGET_MIB: float = EXECUTION["memory_budget"].default


@dataclass(frozen=True)
class Data:
    """A data set ready to be trained on.

    Attributes:
        splits: its parts.
        resident: where each part lies among all examples, and their targets.
        images: all images on the device, or, where they exceed the memory budget, to be read.
        targets: all targets on the device.
        budget_mib: the memory budget.
        features: what backbones make of the images, by what decides it.
        losses: those under which networks are evaluated, bound to these data, likewise.
    """

    splits: Splits
    resident: Resident
    images: Any
    targets: Any
    budget_mib: float = MEMORY_BUDGET_MIB
    features: dict[str, Any] = field(default_factory=dict)
    losses: dict[str, Any] = field(default_factory=dict)

    @property
    def streamed(self) -> bool:
        """Whether images are read while training."""
        return isinstance(self.images, Stack)


@functools.lru_cache(maxsize=2)
def load_data(
    name: str, params: str, content: str, seed: int, budget_mib: float, with_test: bool = True
) -> Data:
    """Load a data set; the worker keeps the last two, since most jobs share theirs.

    Args:
        name: canonical name of the data set.
        params: its parameters, as JSON.
        content: hashes of its file and the like, as JSON: another content is loaded anew.
        seed: decides what is damaged.
        budget_mib: images that take more stay where they are and are read while training.
        with_test: whether the test part is kept. A trial of tuning goes without: it is dropped
            here, before anything sees it.
    """
    splits = datasets.load(name, json.loads(params), seed, json.loads(content).get("data_sha256"))
    if not with_test:
        splits = datasets.without_test(splits)
    resident = make_resident(splits)
    images: Any = resident.images
    if images.nbytes <= budget_mib * 2**20:
        images = resident_variable(np.asarray(images), "images")
    targets = resident_variable(resident.targets, "targets")
    return Data(splits, resident, images, targets, budget_mib)

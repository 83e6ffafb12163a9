"""What a job comes down to once its data are known: outputs, order, rates, how outputs are read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench import datasets
from lossbench.catalog.losses import Decode, Task
from lossbench.datasets import Splits
from lossbench.metrics import Slice
from lossbench.requirements import Requirements, requirements
from lossbench.train import augmentation, evaluation, schedules, trial
from lossbench.train.augmentation import Draws, Steps
from lossbench.train.evaluation import Answer, Reading
from lossbench.train.loading import MEMORY_BUDGET_MIB, Data, load_data
from lossbench.train.ordering import (
    Order,
    arranged,
    balanced_order,
    class_labels,
    epoch_order,
)
from lossbench.train.scaling import Scaling, TargetScale, find_scaling, side_by_side
from lossbench.train.stages import Stage, stage_at, stages_of

EMBEDDING = 64
"""Size of the embedding that a head makes for losses of distances."""


@dataclass(frozen=True)
class OneHead:
    """What a loss comes down to on data with one output, or on one of several.

    Attributes:
        loss: what the loss needs.
        splits: the data, with the targets of the output alone.
        outputs: the number of outputs of the network that belong to it.
        scaling: of regression targets, where the loss sees them scaled.
        context: what decoding reads besides the outputs.
    """

    loss: Requirements
    splits: Splits
    outputs: int
    scaling: Scaling | None
    context: Mapping[str, Any]


@dataclass(frozen=True)
class Setting:
    """What a job comes down to once its data are known.

    Attributes:
        job: the content of its `job.json`.
        data: the data set in memory.
        loss: what its loss needs.
        outputs: width of the last layer.
        scaling: of the columns of targets, where the loss sees them scaled.
        reading: how outputs become scores.
        answers: what is measured.
        heads: of data with several outputs, what belongs to each, by name, in the order of the
            data; else empty.
    """

    job: Mapping[str, Any]
    data: Data
    loss: Requirements
    outputs: int
    scaling: Scaling | None
    reading: Reading
    answers: tuple[Answer, ...]
    heads: Mapping[str, OneHead] = field(default_factory=dict)

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

    @property
    def augment(self) -> Steps:
        """How training images are changed."""
        return augmentation.steps_of(self.job["train"].get("augment", ()))

    def stage_of(self, epoch: int) -> Stage:
        """Return the stage that an epoch, counted from 1, belongs to.

        The learning rate of a step is what the schedule, which spans the whole training, gives
        for it, times the stage's `learning_rate_factor`.
        """
        return stage_at(stages_of(self.job), epoch)

    def draw(self, epoch: int) -> Draws:
        """Draw how an epoch changes every training image."""
        height, width = self.splits.train.images.shape[1:3]
        seed = self.job["seed"]
        return augmentation.draw(self.augment, seed, epoch, self.n_train, (height, width))

    def visited(self, epoch: int, n: int | None = None) -> Order:
        """Return which of the first n training examples, or all, an epoch visits.

        They are in an order that is the same for every loss.
        """
        n = n or self.n_train
        if self.job["train"].get("sampling", "shuffled") == "shuffled":
            return epoch_order(self.job["seed"], epoch, n)
        labels = class_labels(self.splits.train.targets[:n])
        return balanced_order(self.job["seed"], epoch, labels)

    def order(self, epoch: int, n: int | None = None) -> Order:
        """Return the same as the loss needs it: classes spread or grouped."""
        visited = self.visited(epoch, n)
        labels = self.splits.train.targets if self.loss.batches != "shuffled" else None
        return arranged(visited, self.loss.batches, labels)

    def rates(self, epoch: int, seen: Sequence[float] = ()) -> NDArray[np.float64]:
        """Return the learning rate of every step of an epoch, [steps_per_epoch].

        Args:
            epoch: from 1.
            seen: the validation metric after each epoch before, oriented so that higher is better.
        """
        rate = float(self.job["optimizer"]["params"]["learning_rate"])
        epochs = int(self.job["train"]["epochs"])
        point = schedules.Point(epochs, self.steps_per_epoch, epoch, seen, rate)
        factor = self.stage_of(epoch).learning_rate_factor
        return rate * factor * schedules.factors(self.job["schedule"], point)


def settle(job: Mapping[str, Any], memory_budget_mib: float = MEMORY_BUDGET_MIB) -> Setting:
    """Load a job's data and find the width of its output layer and how outputs are read.

    Args:
        job: the content of its `job.json`.
        memory_budget_mib: images that take more are read while training; changes no number.
    """
    name, params = job["dataset"]["name"], job["dataset"]["params"]
    seed = job["seed"] if datasets.varies_with_seed(params) else 0
    content = json.dumps(job.get("content", {}), sort_keys=True)
    data = load_data(
        name,
        json.dumps(params, sort_keys=True),
        content,
        seed,
        memory_budget_mib,
        with_test=not trial.is_trial(job),
    )
    loss = requirements(job["loss"], data.splits.task, data.splits.outputs)
    found = evaluation.answers(data.splits, loss)
    if data.splits.outputs:
        return _settle_several(job, data, loss, found)
    head = _one_head(job, loss, data.splits)
    decode: Decode = "embedding" if data.splits.task == "retrieval" else loss.decode
    reading = Reading(
        decode=decode,
        context=head.context,
        scaling=head.scaling,
        n_classes=len(data.splits.class_names),
        labels=data.resident.targets if decode == "nearest_mean" else None,
        examples=evaluation.probe(len(data.splits.train.ids)),
    )
    return Setting(job, data, loss, head.outputs, head.scaling, reading, found)


def _settle_several(
    job: Mapping[str, Any], data: Data, loss: Requirements, found: tuple[Answer, ...]
) -> Setting:
    """Settle a job on data with several outputs: columns of one layer are split among them."""
    each = dict(zip(loss.heads, loss.each, strict=True))
    heads = {
        output.name: _one_head(job, each[output.name], answer.splits)
        for output, answer in zip(data.splits.outputs, found, strict=True)
    }
    pairs = list(zip(data.splits.outputs, heads.values(), strict=True))
    reading = Reading(
        decode=loss.decode,
        context={"slices": [Slice(h.outputs, h.loss.decode, h.context) for h in heads.values()]},
        scaling=side_by_side([(head.scaling, output.n_scores) for output, head in pairs]),
        n_classes=0,
        labels=None,
        examples=evaluation.probe(len(data.splits.train.ids)),
    )
    widths = [(head.scaling, output.columns[1] - output.columns[0]) for output, head in pairs]
    outputs = sum(head.outputs for head in heads.values())
    return Setting(job, data, loss, outputs, side_by_side(widths), reading, found, heads)


def _one_head(job: Mapping[str, Any], loss: Requirements, splits: Splits) -> OneHead:
    scaling = find_scaling(splits.train.targets, target_scale(job, loss, splits.task))
    context = dict(loss.decode_params) | {"width": loss.width}
    if "target_range" in loss.needs:
        context["target_range"] = _target_range(splits, scaling)
    return OneHead(loss, splits, _width(loss, splits), scaling, context)


def target_scale(job: Mapping[str, Any], loss: Requirements, task: Task) -> TargetScale:
    """Return how a job's loss sees regression targets: as declared, or raw where it must."""
    if task not in ("regression", "multioutput") or not loss.scaled:
        return "none"
    how: TargetScale = job["train"].get("target_scale", "standard")
    return how


def _target_range(splits: Splits, scaling: Scaling | None) -> tuple[float, float]:
    """Return what training targets span, and a tenth more on both sides for what blurs them."""
    targets = splits.train.targets
    seen = targets if scaling is None else scaling.apply(targets)
    low, high = float(seen.min()), float(seen.max())
    margin = 0.1 * (high - low) or 1.0
    return low - margin, high + margin


def _width(loss: Requirements, splits: Splits) -> int:
    classes = len(splits.class_names)
    if loss.head == "binary":
        several = splits.task == "segmentation" and classes > 2  # overlap, with an output a class
        return classes if splits.task == "multilabel" or several else 1
    if loss.head in ("coral", "thresholds"):
        return classes - 1
    if loss.head == "embedding":
        return EMBEDDING
    if loss.head == "targets":
        return int(splits.train.targets.shape[1]) * loss.width
    return classes

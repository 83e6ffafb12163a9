"""Network, data, loss and optimizer joined and traced once, then reused by jobs that are alike.

Tracing costs a second and more. Jobs that differ in seed, learning rate and schedule alone run the
same graph: the next one resets weights and optimizer in place.
"""

import gc
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lossbench import models
from lossbench.catalog.losses import CLASSIFICATION
from lossbench.losses.binding import make_heads, make_loss
from lossbench.losses.weighting import Columns
from lossbench.records import HEADS, has_own_code, own_weights
from lossbench.train import (
    averaging,
    backends,
    evaluation,
    optimizing,
    precision,
    schedules,
)
from lossbench.train.averaging import WeightAverage
from lossbench.train.feeding import IndexFed, resident_variable, steps_per_call
from lossbench.train.frozen import features_of
from lossbench.train.loading import Data, load_data
from lossbench.train.settling import OneHead, Setting
from lossbench.train.stages import Stage, stages_of

MOST_KEPT = 8
"""Traced networks that a worker keeps."""

STATISTICS_OF = 256
"""Training images whose statistics an untrained backbone takes."""


@dataclass
class _Kept:
    """A network, and what was traced of it for each stage.

    Attributes:
        network: all of it.
        data: what it is trained on.
        pretrained: the weights that it brings along, by path.
        trainable_params: how many of its numbers any of the stages trains.
        average: of its weights, over all stages.
        stages: by number, the network as a stage runs it, and its optimizer's variables when new.
        start_sha256: hash of all but the head at the start of the last job.
    """

    network: keras.Model
    data: Data
    pretrained: Mapping[str, NDArray[Any]]
    trainable_params: int
    average: WeightAverage | None = None
    stages: dict[int, tuple[IndexFed, tuple[NDArray[Any], ...]]] = field(default_factory=dict)
    start_sha256: str = ""

    @property
    def fed(self) -> IndexFed:
        """What ran last."""
        return next(reversed(self.stages.values()))[0]


_kept: OrderedDict[str, _Kept] = OrderedDict()


def _nothing(done: int, total: int) -> None:
    """Take no note of features."""


def assemble(
    setting: Setting, note: Callable[[int, int], None] = _nothing
) -> tuple[IndexFed, dict[str, str | None]]:
    """Return a compiled network at its initial weights, and the fingerprints of the start.

    A network that an earlier job of this process traced is reset and used again.

    Args:
        setting: what a job comes down to.
        note: is told of how many images features are done, and how many there are.

    Returns:
        The network as its first stage runs it, see `enter`; hashes of its weights and of those
        that the loss trains for itself, None where it has none.
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
    weights = models.draw_initial_weights(kept.network, job["seed"], kept.pretrained)
    kept.network.set_weights(weights)
    models.reset_seed_generators(kept.network, job["seed"])
    if kept.average is not None:
        kept.average.reset()
    if setting.stage_of(1).trainable == "none" and models.is_untrained(kept.network):
        _take_statistics(setting, kept.network)
        weights = kept.network.get_weights()
    backbone, head = models.fingerprint(weights, kept.network)
    if kept.start_sha256 != backbone:  # features of another backbone say nothing of this one
        kept.stages = {k: one for k, one in kept.stages.items() if not one[0].on_features}
        kept.start_sha256 = backbone
    fed = enter(setting, 1, note)
    for name, variable in fed.loss_weights.items():
        first = {weight.name: weight.initial for weight in setting.loss.weights}[name]
        variable.assign(models.draw_weight(name, tuple(variable.shape), first, job["seed"]))
    fed.head_record.assign(np.zeros(fed.head_record.shape))
    fed.epoch.assign(0.0)
    if fed.loss_scale is not None:
        fed.loss_scale.assign(1.0)
    own = models.fingerprint_of((name, np.array(v)) for name, v in fed.loss_weights.items())
    return fed, {
        "init_sha256": backbone,
        "head_init_sha256": head,
        "loss_init_sha256": own if fed.loss_weights else None,
    }


def _take_statistics(setting: Setting, network: keras.Model) -> None:
    """Give an untrained backbone that stays so the statistics of some training images.

    With the mean 0 and the variance 1 that its batch normalisation starts from, features of a deep
    network vanish, and nothing could be learned from them.
    """
    chosen = setting.data.resident.at["train"][:STATISTICS_OF]
    images = setting.data.resident.images[chosen]
    scaled = images.astype(np.float32) / (255 if images.dtype == np.uint8 else 1)
    halves = np.array_split(scaled, 2)  # a pass over all at once might not fit
    averaging.recompute_statistics(network, lambda: iter(halves), frozen_too=True)


def enter(setting: Setting, epoch: int, note: Callable[[int, int], None] = _nothing) -> IndexFed:
    """Return an assembled network as the stage of an epoch trains it, with a new optimizer.

    Weights stay as they are. What earlier jobs of this process traced of the stage is used again.

    Args:
        setting: of the job for which `assemble` was called last.
        epoch: counted from 1.
        note: is told of how many images features are done, and how many there are.
    """
    kept, stage = _kept[_trace_key(setting.job)], setting.stage_of(epoch)
    _mark(kept.network, stage)
    if stage.number not in kept.stages:
        kept.stages[stage.number] = _feed(setting, kept, stage, note)
    fed, optimizer_start = kept.stages.pop(stage.number)
    kept.stages[stage.number] = fed, optimizer_start  # last, as the one that runs
    for variable, value in zip(fed.optimizer.variables, optimizer_start, strict=True):
        variable.assign(value)
    fed.rates, fed.seed = setting.rates, int(setting.job["seed"])
    fed.draw = setting.draw if setting.augment else None
    fed.read_step_losses()
    return fed


def trainable_params(setting: Setting) -> int:
    """Return how many numbers of an assembled network are trained, in any stage."""
    return _kept[_trace_key(setting.job)].trainable_params


def forget() -> None:
    """Forget traced networks and data; the next job starts as in a new process."""
    _kept.clear()
    load_data.cache_clear()
    gc.collect()


def _trace_key(job: Mapping[str, Any]) -> str:
    """Return what two jobs must share to run the same graph: all but seed and learning rates."""
    optimizer = {k: v for k, v in job["optimizer"]["params"].items() if k != "learning_rate"}
    shared = [
        job["dataset"],
        job["model"],
        job["loss"],
        [job["optimizer"]["name"], optimizer, schedules.is_plain(job["schedule"])],
        job["train"],
        job["head"],
        job.get("content", {}),
    ]
    return json.dumps(shared, sort_keys=True)


def _build(setting: Setting) -> _Kept:
    job = setting.job
    backends.seed(job["seed"])
    shape = setting.splits.train.images.shape[1:]
    with backends.building():
        network = models.build(
            job["model"]["name"],
            job["model"]["params"],
            shape,
            setting.outputs,
            setting.loss.head,
            per="pixel" if setting.splits.task == "segmentation" else "image",
        )
    precision.apply(network, job["train"]["precision"])
    pretrained = models.pretrained_weights(network)
    trained, changing = set(), set()
    for stage in stages_of(job):  # one that asks for too much is found before the first trains
        _mark(network, stage)
        trained |= {id(variable) for variable in network.trainable_variables}
        changing |= {id(variable) for variable in models.changing_weights(network)}
    count = sum(int(np.prod(v.shape)) for v in network.variables if id(v) in trained)
    average = averaging.make(
        network,
        job["train"].get("average"),
        job["train"]["epochs"],
        [weight for weight in network.weights if id(weight) in changing],
    )
    return _Kept(network, setting.data, pretrained, count, average)


def _mark(network: keras.Model, stage: Stage) -> None:
    """Mark what a stage trains; a network without that choice is as it was built."""
    if stage.trainable is not None:
        models.set_trainable(network, stage.trainable)


def _feed(
    setting: Setting, kept: _Kept, stage: Stage, note: Callable[[int, int], None]
) -> tuple[IndexFed, tuple[NDArray[Any], ...]]:
    """Return a network as a stage runs it, compiled, and its optimizer's variables when new."""
    job, splits, loss, network = setting.job, setting.splits, setting.loss, kept.network
    supplied = supplied_to(setting, network)
    by_history = "head_losses" in loss.needs
    apart = backends.drawing_apart if has_own_code(job["loss"]) else lambda compute: compute
    data = setting.data
    fed = IndexFed(
        network,
        features_of(data, network, note, _names(job)) if stage.on_features else data.images,
        _targets(setting),
        lambda changing: apart(
            make_loss(job["loss"], supplied | dict(changing), masks=splits.task == "segmentation")
        ),
        setting.steps_per_epoch,
        own=_own_weights(setting, network),
        with_features="embeddings" in loss.needs,
        heads=len(loss.heads) if by_history else 0,
        bind_heads=(lambda now: make_heads(job["loss"], supplied | dict(now)))
        if by_history
        else None,
        predicts_features=splits.task == "retrieval" and loss.head != "embedding",
        augment=setting.augment,
        n_train=setting.n_train,
        classes=len(splits.class_names) if splits.task in CLASSIFICATION else 0,
        penalty=optimizing.penalty(network, job["train"]["l2"]),
        scaled=job["train"].get("match", "none") != "none",
        average=kept.average,
        stage=stage,
        before=kept.fed if kept.stages else None,
    )
    kernels = optimizing.kernels_of(network)
    fed.compile(
        optimizer=optimizing.build(job, setting.steps_per_epoch, fed.trainable_variables, kernels),
        steps_per_execution=min(steps_per_call(), setting.steps_per_epoch),
        jit_compile=backends.compiles(),
    )
    return fed, tuple(np.array(v) for v in fed.optimizer.variables)


def _names(job: Mapping[str, Any]) -> dict[str, str]:
    """Return for people what features are of: data and network, or the files they come from."""
    entries = {"data": job["dataset"], "network": job["model"]}
    return {
        what: Path(str(one["params"].get("path") or one["name"])).name
        for what, one in entries.items()
    }


def _targets(setting: Setting) -> Any:
    """Return the targets on the device as the loss sees them."""
    if setting.scaling is None:
        return setting.data.targets
    scaled = setting.scaling.apply(setting.data.resident.targets)
    return resident_variable(scaled, "scaled_targets")


def supplied_to(setting: Setting, network: keras.Model) -> dict[str, Any]:
    """Return what a setting's loss needs of the data and the network, and what does not change."""
    everything: dict[str, Callable[[], Any]] = {
        "epochs": lambda: int(setting.job["train"]["epochs"]),
        "kernels": lambda: tuple(w for w in network.trainable_weights if len(w.shape) > 1),
        "head_columns": lambda: _head_columns(setting),
    }
    found = {need: make() for need, make in everything.items() if need in setting.loss.needs}
    if setting.heads:
        return found | {"of_heads": {name: _of_data(one) for name, one in setting.heads.items()}}
    return found | _of_data(_only_head(setting))


def _only_head(setting: Setting) -> OneHead:
    """Return the head of data with one output."""
    return OneHead(
        setting.loss, setting.splits, setting.outputs, setting.scaling, setting.reading.context
    )


def _of_data(head: OneHead) -> dict[str, Any]:
    """Return what a loss needs of the targets of its output."""
    everything: dict[str, Callable[[], Any]] = {
        "class_counts": lambda: evaluation.class_counts(head.splits),
        "target_range": lambda: head.context["target_range"],
    }
    return {need: make() for need, make in everything.items() if need in head.loss.needs}


def _head_columns(setting: Setting) -> dict[str, Columns]:
    """Return which columns of targets and outputs belong to each head."""
    found, end = {}, 0
    for output in setting.splits.outputs:
        first, end = end, end + setting.heads[output.name].outputs
        found[output.name] = Columns(output.task, output.columns, (first, end))
    return found


def _own_weights(setting: Setting, network: keras.Model) -> dict[str, tuple[tuple[int, ...], bool]]:
    """Return the shape of each weight that the loss trains for itself, and whether it is >= 0."""
    only, found = _only_head(setting), {}
    for path, _, weight in own_weights(setting.job["loss"]):
        of_a_head = bool(setting.heads) and path[:1] == (HEADS,)
        sizes = _sizes(setting.heads[path[1]] if of_a_head else only, network)
        shape = tuple(sizes[s] if isinstance(s, str) else s for s in weight.shape)
        found[weight.name] = (shape, weight.nonnegative)
    return found


def _sizes(head: OneHead, network: keras.Model) -> dict[str, int]:
    """Return what the words in the shapes of a loss's own weights stand for."""
    embedding, splits = head.outputs, head.splits
    if head.loss.head != "embedding":
        embedding = int(models.features(network).shape[-1])
    return {
        "classes": len(splits.class_names),
        "outputs": head.outputs,
        "targets": int(splits.train.targets.shape[1]) if splits.task == "regression" else 0,
        "embedding": embedding,
    }

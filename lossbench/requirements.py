"""What a loss needs of the problem, of the network and of the runner, whatever it is made of."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from lossbench.catalog import LOSSES, Output
from lossbench.catalog.losses import REGRESSION, TASKS, Loss
from lossbench.catalog.losses.keras_classes import KERAS_CLASSES
from lossbench.catalog.losses.kinds import Batches, Decode, Head, Need, Targets, Task, Weight
from lossbench.catalog.types import nested
from lossbench.config.entries import CUSTOM, KERAS, Entry, plain
from lossbench.config.functions import supplied_to
from lossbench.config.sources import split_target

Record = Mapping[str, Any]
"""A loss as plain data: `{"name": ..., "params": ...}`, losses inside it likewise."""
Path = tuple[str, ...]
"""Where a loss stands inside another one: `("terms", "0")`, `("heads", "digit", "base")`."""

HEADS = "heads"


@dataclass(frozen=True, kw_only=True)
class Requirements:
    """What a loss needs; the words are those of the catalogue's `Loss`.

    Attributes:
        tasks: the tasks that it can train.
        head: the last layer.
        decode: how outputs become predictions.
        decode_params: the parameters that decoding reads: those of the loss that decides.
        soft: whether labels may be distributions.
        needs: what the runner supplies, by keyword.
        weights: what it trains for itself; names that clash are made longer.
        width: outputs per target.
        batchwise: whether the value belongs to the batch.
        batches: how batches are composed.
        targets: which regression targets it allows.
        scaled: whether it sees standardised regression targets.
        ordered: whether classes must have an order.
        heads: names of its outputs, of which each has a target column of its own.
        each: what the loss of each head needs, in the order of `heads`, where the data have
            several outputs or the losses can have no others; else empty.
        keras: the classes of Keras inside, each with what it gets of the outputs.
        conflicts: why the losses that it is made of do not go together.
    """

    tasks: frozenset[Task]
    head: Head
    decode: Decode
    decode_params: Mapping[str, Any] = field(default_factory=dict)
    soft: bool
    needs: frozenset[Need] = frozenset()
    weights: tuple[Weight, ...] = ()
    width: int = 1
    batchwise: bool = False
    batches: Batches = "shuffled"
    targets: Targets = "any"
    scaled: bool = True
    ordered: bool = False
    heads: tuple[str, ...] = ()
    each: tuple["Requirements", ...] = ()
    keras: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


def requirements(
    loss: Entry | Record, task: Task | None = None, outputs: Sequence[Output] = ()
) -> Requirements:
    """Return what a loss needs.

    A custom loss that states no task, and is not part of a sum that decides, gets one output per
    class, or one per target where the data pose regression.

    Args:
        loss: an entry, or its plain record.
        task: the task that the data pose, where it is known.
        outputs: the outputs of data that have several.
    """
    record = plain(loss) if isinstance(loss, Entry) else loss
    found = _of_heads(record, task, outputs) if record["name"] == HEADS else _of(record, task)
    conflicts = found.conflicts
    if not found.tasks and not conflicts:
        conflicts = (f"no kind of data suits every loss in {_shown(record)}",)
    return replace(
        found,
        weights=tuple(weight for _, _, weight in own_weights(record)),
        keras=tuple(_keras_text(one["params"]) for _, one in walk(record) if one["name"] == KERAS),
        conflicts=conflicts,
    )


def _keras_text(params: Mapping[str, Any]) -> str:
    """Return `KLDivergence(softmax)`: what a class of Keras gets of the outputs."""
    before = KERAS_CLASSES[params["class_name"]].before
    given = {"nothing": "outputs", "from_logits": "outputs, from_logits=True"}.get(before, before)
    return f"{params['class_name']}({given})"


def own_weights(loss: Record) -> tuple[tuple[Path, str, Weight], ...]:
    """Return the weights that a loss and the losses inside it train for themselves.

    Returns:
        For each, where its loss stands, the name that the loss's function knows it by, and the
        weight under a name that no other one has.
    """
    found = [(path, weight) for path, one in walk(loss) for weight in _weights(one)]
    names = [weight.name for _, weight in found]
    return tuple(
        (
            path,
            weight.name,
            weight
            if names.count(weight.name) == 1
            else replace(weight, name=re.sub(r"\W", "_", "_".join((*path, weight.name)))),
        )
        for path, weight in found
    )


def walk(loss: Record, path: Path = ()) -> Iterator[tuple[Path, Record]]:
    """Yield a loss and the losses inside it, the outer before the inner."""
    yield path, loss
    for step, part in parts(loss):
        yield from walk(part, (*path, *step))


def parts(loss: Record) -> Iterator[tuple[Path, Record]]:
    """Yield the losses that a loss is directly made of."""
    for key, parameter in LOSSES[loss["name"]].params.items():
        kind, value = nested(parameter.type), loss["params"].get(key)
        if kind is None or value is None:
            continue
        if kind.form == "entry":
            yield (key,), value
        else:
            names = (one.get("head", str(i)) for i, one in enumerate(value))
            yield from (((key, name), one["loss"]) for name, one in zip(names, value, strict=True))


def _weights(loss: Record) -> tuple[Weight, ...]:
    row = LOSSES[loss["name"]]
    if row.name == HEADS and loss["params"]["weighting"] != "uncertainty":
        return ()
    sizes = {"heads": len(loss["params"].get("heads") or ())}
    return tuple(
        replace(weight, shape=tuple(sizes.get(s, s) for s in weight.shape))  # type: ignore[arg-type]
        for weight in row.weights
    )


def _of(loss: Record, task: Task | None) -> Requirements:
    row = LOSSES[loss["name"]]
    if row.name == CUSTOM:
        return _of_custom(loss["params"], task)
    if row.name == KERAS:
        return _of_keras(loss["params"])
    if row.role == "wrapper":
        return _of_wrapper(row, loss, task)
    if row.role == "combination":
        return _of_heads(loss, task) if row.name == HEADS else _of_sum(loss, task)
    return Requirements(
        tasks=row.tasks,
        head=row.head,
        decode=row.decode,
        decode_params=dict(loss["params"]),
        soft=row.soft,
        needs=row.needs,
        width=_width(row, loss["params"]),
        batchwise=row.batchwise,
        batches=row.batches,
        targets=row.targets,
        scaled=row.scaled,
        ordered=row.ordered,
    )


def _width(row: Loss, params: Mapping[str, Any]) -> int:
    if isinstance(row.width, int):
        return row.width
    value = params[row.width]
    return len(value) if isinstance(value, list | tuple) else max(1, int(value))


def _of_custom(params: Mapping[str, Any], task: Task | None) -> Requirements:
    stated: Task | None = params["task"]
    head: Head = "classes"
    decode: Decode = "softmax"
    if (stated or task) == "regression":
        head, decode = "targets", "identity"
    elif stated == "binary" or (stated or task) == "multilabel":
        head, decode = "binary", "sigmoid"
    supply = supplied_to(params["target"], params["params"])
    wanted = supply.make | supply.call
    return Requirements(
        tasks=_of_stated(stated) if stated else frozenset(TASKS),
        head=head,
        decode=decode,
        soft=True,
        needs=frozenset(need for need in get_args(Need) if need in wanted),
    )


def _of_stated(task: Task) -> frozenset[Task]:
    """Return the tasks of a custom loss that states one: several classes also train embeddings."""
    return frozenset({task, "retrieval"}) if task == "multiclass" else frozenset({task})


def _of_keras(params: Mapping[str, Any]) -> Requirements:
    known, config = KERAS_CLASSES[params["class_name"]], params["config"]
    return Requirements(
        tasks=known.tasks,
        head=known.head,
        decode=known.decode,
        decode_params=dict(config),
        soft=known.soft,
        batchwise=known.batchwise and config.get("axis") is None,
        batches=known.batches,
        targets=known.targets,
        scaled=known.scaled,
    )


def _of_wrapper(row: Loss, loss: Record, task: Task | None) -> Requirements:
    ((_, inside),) = parts(loss)
    base = _of(inside, task)
    conflicts = base.conflicts
    if base.batchwise:
        conflicts += (
            f"{row.name} weighs single examples, and {_shown(inside)} gives one value for the "
            "whole batch",
        )
    return replace(
        base,
        tasks=base.tasks & row.tasks,
        soft=base.soft and row.soft,
        needs=base.needs | row.needs,
        ordered=base.ordered or row.ordered,
        conflicts=conflicts,
    )


def _of_sum(loss: Record, task: Task | None) -> Requirements:
    """Unite the needs of a sum's terms; the first that is a loss decides how outputs are read."""
    all_of_them = [(one, _of(one, task)) for _, one in parts(loss)]
    losses = [(one, of) for one, of in all_of_them if LOSSES[one["name"]].role != "term"]
    if not losses:
        names = ", ".join(_shown(one) for one, _ in all_of_them)
        text = f"a sum of {names} alone looks at no label; add a loss"
        return replace(all_of_them[0][1], conflicts=(text,))
    fixed = [(one, of) for one, of in losses if not _is_open(one)]
    found = _united(fixed or losses, "the terms of a sum")
    return replace(
        found,
        tasks=found.tasks.intersection(*(of.tasks for _, of in losses)),
        needs=found.needs.union(*(of.needs for _, of in all_of_them)),
    )


def _is_open(loss: Record) -> bool:
    """Return whether a loss takes any outputs: a custom one that states no task."""
    return loss["name"] == CUSTOM and loss["params"]["task"] is None


def _of_heads(loss: Record, task: Task | None, outputs: Sequence[Output] = ()) -> Requirements:
    """Return what losses of several heads need: of data with several outputs, or of others.

    Where the task is not known, they are taken for regression if they can be.
    """
    names = tuple(one["head"] for one in loss["params"]["heads"])
    found = _of_outputs(loss, outputs) if task == "multioutput" else _of_columns(loss)
    if task not in ("multioutput", "regression"):
        if not found.conflicts:
            found = replace(found, tasks=found.tasks | _SEVERAL)
        elif task is None:
            found = _of_outputs(loss, outputs)
        else:
            found = replace(found, tasks=_SEVERAL)
    by_history: frozenset[Need] = frozenset({"head_losses"})
    is_dwa = loss["params"]["weighting"] == "dwa"
    needs = found.needs | (by_history if is_dwa else frozenset())
    return replace(found, needs=needs, heads=names)


def _of_columns(loss: Record) -> Requirements:
    """Unite the needs of losses that each have one column of regression targets."""
    inside = [(one, _of(one, "regression")) for _, one in parts(loss)]
    found = _united(inside, "the heads")
    others = [one for one, of in inside if of.head != "targets"]
    if not others:
        return replace(found, tasks=REGRESSION)
    text = (
        f"each head has one column of regression targets, and {_shown(others[0])} is for "
        "classification"
    )
    return replace(found, tasks=REGRESSION, conflicts=(text,))


_SEVERAL: frozenset[Task] = frozenset({"multioutput"})
_PLAIN_HEADS: frozenset[Head] = frozenset({"classes", "binary", "targets", "thresholds"})
"""Heads that are columns of one linear layer."""


def _of_outputs(loss: Record, outputs: Sequence[Output]) -> Requirements:
    """Collect the needs of losses that each have an output of the data."""
    tasks = {output.name: output.task for output in outputs}
    inside = [(path[-1], one, _of(one, tasks.get(path[-1]))) for path, one in parts(loss)]
    conflicts = [text for _, _, of in inside for text in of.conflicts]
    for name, one, of in inside:
        if of.head not in _PLAIN_HEADS:
            conflicts.append(
                f"all heads share one linear layer, and {_shown(one)}, the loss of {name!r}, needs "
                f"another kind of head ({of.head})"
            )
        elif of.batches != "shuffled":
            conflicts.append(
                f"all heads share the batches, and {_shown(one)}, the loss of {name!r}, needs "
                f"batches of its own ({of.batches})"
            )
    each = tuple(of for _, _, of in inside)
    needs: frozenset[Need] = frozenset({"head_columns"})
    return Requirements(
        tasks=_SEVERAL,
        head="per_output",
        decode="per_output",
        soft=False,
        needs=needs.union(*(of.needs for of in each)),
        batchwise=any(of.batchwise for of in each),
        scaled=any(of.head == "targets" and of.scaled for of in each),
        each=each,
        conflicts=tuple(conflicts),
    )


def _united(losses: list[tuple[Record, Requirements]], who: str) -> Requirements:
    """Return what several losses on the same outputs need together; the first one decides."""
    first_loss, first = losses[0]
    conflicts = [text for _, of in losses for text in of.conflicts]
    for one, of in losses[1:]:
        conflicts += _disagreements(who, (first_loss, first), (one, of))
    batches = [of.batches for _, of in losses if of.batches != "shuffled"]
    return replace(
        first,
        tasks=first.tasks.intersection(*(of.tasks for _, of in losses)),
        soft=all(of.soft for _, of in losses),
        needs=first.needs.union(*(of.needs for _, of in losses)),
        batchwise=any(of.batchwise for _, of in losses),
        batches=batches[0] if batches else "shuffled",
        targets=_strictest([of.targets for _, of in losses]),
        ordered=any(of.ordered for _, of in losses),
        conflicts=tuple(conflicts),
    )


def _disagreements(
    who: str, first: tuple[Record, Requirements], other: tuple[Record, Requirements]
) -> Iterator[str]:
    """Yield why two losses cannot share their outputs; the first reason is enough."""
    (a, one), (b, two) = first, other
    for says, left, right in (
        ("need the same head", _head_text(one), _head_text(two)),
        ("must read outputs alike", f"as {one.decode}", f"as {two.decode}"),
        ("must see targets on the same scale", _scale_text(one), _scale_text(two)),
        ("need batches of one kind", one.batches, two.batches),
    ):
        shuffled = "shuffled" in (left, right)
        if left != right and not shuffled:
            yield f"{who} {says}: {_shown(a)} {left}, {_shown(b)} {right}"
            return


def _head_text(of: Requirements) -> str:
    return f"has {of.head}" + (f" ({of.width} outputs per target)" if of.width > 1 else "")


def _scale_text(of: Requirements) -> str:
    return "standardised" if of.scaled else "as they are"


_STRICTNESS: tuple[Targets, ...] = ("any", "nonzero", "nonnegative", "counts", "positive")


def _strictest(targets: list[Targets]) -> Targets:
    if {"nonzero", "nonnegative"} <= set(targets) or {"nonzero", "counts"} <= set(targets):
        return "positive"
    return max(targets, key=_STRICTNESS.index)


def _shown(loss: Record) -> str:
    """Return how a message names a loss: what the user wrote, without the parameters."""
    if loss["name"] == CUSTOM:
        named = split_target(loss["params"]["target"])
        return named[1] if named else CUSTOM
    return loss["params"]["class_name"] if loss["name"] == KERAS else str(loss["name"])

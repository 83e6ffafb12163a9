"""What a loss needs of the problem, of the network and of the runner, whatever it is made of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from lossbench.catalog import LOSSES, Output
from lossbench.catalog.losses import (
    CLASSIFICATION,
    REGRESSION,
    SEGMENTATION,
    TASKS,
    Loss,
    suits_pixels,
)
from lossbench.catalog.losses.keras_classes import KERAS_CLASSES
from lossbench.catalog.losses.kinds import Batches, Decode, Head, Need, Targets, Task, Weight
from lossbench.config.entries import CUSTOM, KERAS, Entry, plain
from lossbench.config.functions import supplied_to
from lossbench.records import HEADS, Record, own_weights, parts, shown, walk


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
        masks: whether it compares whole masks; else each pixel is an example of its own.
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
    masks: bool = False
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
        conflicts = (f"no kind of data suits every loss in {shown(record)}",)
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
        tasks=row.serves,
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
        masks=row.masks,
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
    by_pixel = stated in CLASSIFICATION and "embeddings" not in wanted
    pixels: frozenset[Task] = SEGMENTATION if by_pixel else frozenset()
    return Requirements(
        tasks=_of_stated(stated) | pixels if stated else frozenset(TASKS),
        head=head,
        decode=decode,
        soft=True,
        needs=frozenset(need for need in get_args(Need) if need in wanted),
        masks=stated in ("segmentation", None),
    )


def _of_stated(task: Task) -> frozenset[Task]:
    """Return the tasks of a custom loss that states one: several classes also train embeddings."""
    return frozenset({task, "retrieval"}) if task == "multiclass" else frozenset({task})


def _of_keras(params: Mapping[str, Any]) -> Requirements:
    known, config = KERAS_CLASSES[params["class_name"]], params["config"]
    alone = suits_pixels(known.tasks, known.head, known.batches, known.batchwise)
    return Requirements(
        tasks=known.tasks | (SEGMENTATION if alone else frozenset()),
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
            f"{row.name} weighs single examples, and {shown(inside)} gives one value for the "
            "whole batch",
        )
    elif base.masks and task == "segmentation":
        conflicts += (f"{row.name} weighs single pixels, and {shown(inside)} compares whole masks",)
    return replace(
        base,
        tasks=base.tasks & row.serves,
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
        names = ", ".join(shown(one) for one, _ in all_of_them)
        text = f"a sum of {names} alone looks at no label; add a loss"
        return replace(all_of_them[0][1], conflicts=(text,))
    fixed = [(one, of) for one, of in losses if not _is_open(one)]
    found = _united(fixed or losses, "the terms of a sum", task)
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
    found = _united(inside, "the heads", "regression")
    others = [one for one, of in inside if of.head != "targets"]
    if not others:
        return replace(found, tasks=REGRESSION)
    text = (
        f"each head has one column of regression targets, and {shown(others[0])} is for "
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
                f"all heads share one linear layer, and {shown(one)}, the loss of {name!r}, needs "
                f"another kind of head ({of.head})"
            )
        elif of.batches != "shuffled":
            conflicts.append(
                f"all heads share the batches, and {shown(one)}, the loss of {name!r}, needs "
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


def _united(losses: list[tuple[Record, Requirements]], who: str, task: Task | None) -> Requirements:
    """Return what several losses on the same outputs need together.

    The first one decides; but losses of overlap take the outputs that another one asks for, and
    what they train are no probabilities.
    """
    leader = next((pair for pair in losses if not _adapts(pair[1])), losses[0])
    first = leader[1]
    conflicts = [text for _, of in losses for text in of.conflicts]
    for pair in losses:
        if pair is not leader:
            conflicts += _disagreements(who, leader, pair, task)
    batches = [of.batches for _, of in losses if of.batches != "shuffled"]
    adapted = any(_adapts(of) for _, of in losses)
    return replace(
        first,
        tasks=first.tasks.intersection(*(of.tasks for _, of in losses)),
        decode=_SAME_READING.get(first.decode, first.decode) if adapted else first.decode,
        masks=all(of.masks for _, of in losses),
        soft=all(of.soft for _, of in losses),
        needs=first.needs.union(*(of.needs for _, of in losses)),
        batchwise=any(of.batchwise for _, of in losses),
        batches=batches[0] if batches else "shuffled",
        targets=_strictest([of.targets for _, of in losses]),
        ordered=any(of.ordered for _, of in losses),
        conflicts=tuple(conflicts),
    )


_SAME_READING: Mapping[Decode, Decode] = {
    "softmax": "margins",
    "margins": "margins",
    "sigmoid": "sign",
    "sign": "sign",
}
"""Readings of plain outputs, and the same without saying that they mean probabilities."""


def _adapts(of: Requirements) -> bool:
    """Return whether a loss takes one output or, of masks, one per class: losses of overlap."""
    return of.masks and of.head == "binary"


def _adapted(of: Requirements, to: Requirements, task: Task | None) -> Requirements:
    """Return a loss of overlap with the head and the reading of another one, where it can be."""
    heads = ("binary", "classes") if task in (*SEGMENTATION, None) else ("binary",)
    if _adapts(of) and to.head in heads and to.decode in _SAME_READING:
        return replace(of, head=to.head, decode=to.decode)
    return of


def _disagreements(
    who: str,
    first: tuple[Record, Requirements],
    other: tuple[Record, Requirements],
    task: Task | None,
) -> Iterator[str]:
    """Yield why two losses cannot share their outputs; the first reason is enough."""
    (a, one), (b, two) = first, other
    two = _adapted(two, one, task)
    for says, left, right in (
        ("need the same head", _head_text(one), _head_text(two)),
        ("must read outputs alike", f"as {one.decode}", f"as {two.decode}"),
        ("must see targets on the same scale", _scale_text(one), _scale_text(two)),
        ("need batches of one kind", one.batches, two.batches),
    ):
        shuffled = "shuffled" in (left, right)
        if left != right and not shuffled:
            yield f"{who} {says}: {shown(a)} {left}, {shown(b)} {right}"
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

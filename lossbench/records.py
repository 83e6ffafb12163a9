"""Losses as plain data: what they are made of, and the weights that they train for themselves."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lossbench.catalog import LOSSES
from lossbench.catalog.losses.kinds import Weight
from lossbench.catalog.types import nested
from lossbench.config.entries import CUSTOM, KERAS
from lossbench.config.sources import split_target

Record = Mapping[str, Any]
"""A loss as plain data: `{"name": ..., "params": ...}`, losses inside it likewise."""
Path = tuple[str, ...]
"""Where a loss stands inside another one: `("terms", "0")`, `("heads", "digit", "base")`."""

HEADS = "heads"


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


def has_own_code(loss: Record) -> bool:
    """Return whether a function of the user's own is part of a loss."""
    return any(one["name"] == CUSTOM for _, one in walk(loss))


def _weights(loss: Record) -> tuple[Weight, ...]:
    row = LOSSES[loss["name"]]
    if row.name == HEADS and loss["params"]["weighting"] != "uncertainty":
        return ()
    sizes = {"heads": len(loss["params"].get("heads") or ())}
    return tuple(
        replace(weight, shape=tuple(sizes.get(s, s) for s in weight.shape))  # type: ignore[arg-type]
        for weight in row.weights
    )


def shown(loss: Record) -> str:
    """Return how a message names a loss: what the user wrote, without the parameters."""
    if loss["name"] == CUSTOM:
        named = split_target(loss["params"]["target"])
        return named[1] if named else CUSTOM
    return loss["params"]["class_name"] if loss["name"] == KERAS else str(loss["name"])

"""The axes of an experiment: what its jobs differ in, besides the seed."""

from collections.abc import Iterable, Mapping

from lossbench.catalog.training import TRAIN

AXES = ("dataset", "model", "optimizer", "schedule", "batch_size", "backend", "loss")
"""In the order in which titles name them."""

FACTORS = ("loss", "optimizer", "model", "schedule", "batch_size", "backend")
"""The axes that can be compared: runs of a block share their data."""

USUAL: Mapping[str, str] = {
    "schedule": "constant",
    "batch_size": str(TRAIN["batch_size"].default),
    "backend": str(TRAIN["backend"].default),
}
"""What titles leave out, by axis."""

_PLURALS = {"loss": "losses", "batch_size": "batch sizes"}


def shown(axis: str, value: str) -> str:
    """Return the name of a value on an axis as it reads without the axis beside it."""
    return f"batch {value}" if axis == "batch_size" else value


def title(axis: str) -> str:
    """Return an axis in words."""
    return axis.replace("_", " ")


def plural(axis: str) -> str:
    """Return several values of an axis in words."""
    return _PLURALS.get(axis, f"{axis}s")


def varying(names: Iterable[Mapping[str, str]]) -> tuple[str, ...]:
    """Return the axes on which jobs, given by their names on each, differ."""
    seen = list(names)
    return tuple(axis for axis in AXES if len({one[axis] for one in seen}) > 1)


def told(names: Mapping[str, str], without: str) -> list[str]:
    """Return how a title names a job: its names in the order of `AXES`, the usual left out.

    Args:
        names: of the job, by axis.
        without: an axis that is not named.
    """
    return [
        shown(axis, names[axis])
        for axis in AXES
        if axis != without and names[axis] != USUAL.get(axis)
    ]

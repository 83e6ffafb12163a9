"""Which of several losses the others are compared with where the experiment names none."""

from collections.abc import Mapping, Sequence

from lossbench.catalog.losses import Task

USUAL_BASELINE: Mapping[Task, tuple[str, ...]] = {
    "multiclass": ("cross_entropy",),
    "binary": ("bce", "cross_entropy"),
    "multilabel": ("bce",),
    "regression": ("mse",),
    "segmentation": ("bce", "cross_entropy"),
    "retrieval": ("cross_entropy",),
    "multioutput": ("heads",),
}
"""Losses that are the baseline of a task, the first one that was run."""


def named(name: str, levels: Sequence[str]) -> str | None:
    """Return the display name that `name` means: the same, or the only one that begins so."""
    if name in levels:
        return name
    bare = [level for level in levels if level.partition("[")[0] == name]
    alike = bare or [level for level in levels if level.casefold() == name.casefold()]
    return alike[0] if len(alike) == 1 else None


def usual_baseline(levels: Sequence[str], task: Task | None) -> str:
    """Return the loss that the others are compared with where none is declared.

    Args:
        levels: display names of the losses, at least one, in the order of the experiment file.
        task: what the data pose; None where it is not known.

    Returns:
        The usual one of the task or, where that was not run, the first of all.
    """
    usual = USUAL_BASELINE[task] if task else ("cross_entropy", "mse")
    found = (named(name, levels) for name in usual)
    return next((level for level in found if level is not None), levels[0])

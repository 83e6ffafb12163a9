"""Which losses and data go with the augmentation of an experiment."""

from collections.abc import Iterator, Sequence

from lossbench.catalog import AUGMENTATIONS, DATASETS, Facts
from lossbench.catalog.losses import Task
from lossbench.config import Entry, Experiment
from lossbench.errors import Problem
from lossbench.requirements import Requirements

_NO_AVERAGE: dict[Task, str] = {
    "segmentation": "the class of each pixel",
    "retrieval": "classes of which two examples are alike or not",
    "multioutput": "those of several outputs",
}
"""Targets that are not averaged, by task."""


def mixing(augment: Sequence[Entry]) -> Entry | None:
    """Return the augmentation that mixes examples, or None."""
    return next((entry for entry in augment if AUGMENTATIONS[entry.name].mixes), None)


def unmixable(needed: Requirements, known: Facts, augment: Sequence[Entry]) -> str | None:
    """Return why a loss cannot learn from mixed labels, or None where it can or there are none.

    Args:
        needed: what the loss needs.
        known: the data, with one output.
        augment: the augmentations.
    """
    mixes = mixing(augment)
    if mixes is None:
        return None
    if known.task == "regression":
        if needed.targets == "counts":
            return f"needs targets that are whole numbers; those of {mixes.name} are averages"
        if needed.targets == "nonzero" and not (known.target_min or 0) > 0:
            return f"needs targets other than 0; those of {mixes.name} are averages, which may be 0"
    elif not needed.soft:
        return f"needs hard labels; those of {mixes.name} are mixed"
    if needed.batches != "shuffled":
        return f"needs batches by class; images of {mixes.name} have several classes"
    if needed.batchwise:
        return f"compares the examples of a batch; those of {mixes.name} are mixed already"
    return None


def augmentation_problems(experiment: Experiment, facts: Sequence[Facts]) -> Iterator[Problem]:
    """Yield augmentations that do not suit the data."""
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        name, (height, width, _) = dataset.display(DATASETS), known.image_shape
        for entry in experiment.train.augment:
            row = AUGMENTATIONS[entry.name]
            if row.mixes and known.task in _NO_AVERAGE:
                yield Problem(
                    entry.where,
                    f"{entry.name} averages targets, but those of {name} are "
                    f"{_NO_AVERAGE[known.task]}, which it cannot; leave it out.",
                )
            if row.limit is None:
                continue
            most = min(height, width) - (0 if row.name == "cutout" else 1)
            if entry.params[row.limit] > most:
                yield Problem(
                    entry.where,
                    f"{row.limit} of {entry.name} is {entry.params[row.limit]} pixels, but the "
                    f"images of {name} have {height} x {width}; at most {most} is accepted.",
                )

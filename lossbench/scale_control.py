"""Losses that start with the gradient norm of the baseline: which that is, and where none is."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from lossbench.catalog import DATASETS, LOSSES, Facts
from lossbench.catalog.baselines import usual_baseline
from lossbench.config import Entry, Experiment
from lossbench.errors import Problem

MATCHED = "gradient_norm"
"""The value of `train.match` that asks for it."""


def reference_of(experiment: Experiment, suited: Sequence[Entry], known: Facts) -> Entry | None:
    """Return the loss whose gradient norm all others start with on a data set.

    It is the baseline that `compare` takes: the declared one, else the usual one of the task among
    the losses of the experiment, else the first of them.

    Args:
        experiment: the experiment.
        suited: those of its losses that suit the data, in their order.
        known: what is known of the data.

    Returns:
        One of `suited`; None where norms are not matched, or where the declared baseline does not
        suit the data, see `match_problems`.
    """
    if experiment.train.controls.get("match") != MATCHED or not suited:
        return None
    by_name = {loss.display(LOSSES): loss for loss in suited}
    declared = experiment.protocol.baseline
    return by_name.get(declared or usual_baseline(list(by_name), known.task))


def match_problems(
    experiment: Experiment, facts: Sequence[Facts], left_out: AbstractSet[tuple[str, str]]
) -> Iterator[Problem]:
    """Yield the data sets whose losses have no baseline to take a gradient norm from.

    Args:
        experiment: the experiment; may be incomplete where the file has mistakes.
        facts: what is known of each of its data sets, in their order.
        left_out: display names of data sets and losses that do not go together.
    """
    declared = experiment.protocol.baseline
    if experiment.train.controls.get("match") != MATCHED or declared is None:
        return
    for dataset, _ in zip(experiment.datasets, facts, strict=True):
        name = dataset.display(DATASETS)
        if (name, declared) in left_out:
            yield Problem(
                experiment.where("train", "match"),
                f"{MATCHED} needs the baseline on every data set, and {declared} does not suit "
                f"{name}; a baseline that suits all of them, or none declared, is accepted.",
            )

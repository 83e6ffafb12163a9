"""What is compared: losses, or another axis of the experiments."""

from collections.abc import Sequence

from lossbench.catalog.axes import AXES, FACTORS, plural, title, varying
from lossbench.config.wording import did_you_mean
from lossbench.errors import StoreError
from lossbench.store import Run, Stored

ALIASES = {"losses": "loss", "networks": "model", "network": "model", "batch": "batch_size"}


def checked_factor(name: str) -> str:
    """Return the axis that a name on the command line means.

    Raises:
        StoreError: there is no such axis, or it cannot be compared.
    """
    wanted = name.strip().lower().replace("-", "_").replace(" ", "_")
    wanted = ALIASES.get(wanted, wanted)
    singular = wanted.removesuffix("s")
    if singular == "dataset":
        raise StoreError(
            "--factor: data sets cannot be compared: their test images differ, so that no two runs "
            f"can be paired; accepted: {', '.join(FACTORS)}. Each data set has its own comparison."
        )
    for factor in (wanted, singular):
        if factor in FACTORS:
            return factor
    raise StoreError(
        f"--factor: there is no axis {name!r}; accepted: {', '.join(FACTORS)}."
        f"{did_you_mean(wanted, FACTORS)}"
    )


def usual_factors(stored: Sequence[Stored]) -> tuple[str, ...]:
    """Return what is compared where nothing else is said.

    Losses; where there is one loss alone, each other axis on which the runs differ.
    """
    runs = (run for experiment in stored for run in experiment.runs)
    apart = varying(run.names() for run in runs if not run.control)
    others = tuple(factor for factor in FACTORS if factor in apart)
    return others if others and "loss" not in apart else ("loss",)


def check_levels(runs: Sequence[Run], factor: str) -> None:
    """Refuse to compare an axis on which all runs are alike.

    Raises:
        StoreError: they are.
    """
    apart = varying(run.names() for run in runs)
    if factor in apart:
        return
    others = [axis for axis in FACTORS if axis in apart]
    instead = f" The runs differ in {' and '.join(map(title, others))}." if others else ""
    raise StoreError(
        f"--factor: every run has {title(factor)} {runs[0].names()[factor]}; at least two "
        f"{plural(factor)} can be compared.{instead} List several in the experiment file."
    )


def group_of(run: Run, factor: str) -> tuple[str, ...]:
    """Return all that runs share which are compared: every axis but the factor, and the budget."""
    names = run.names()
    return (*(names[axis] for axis in AXES if axis != factor), str(run.epochs), run.metric)

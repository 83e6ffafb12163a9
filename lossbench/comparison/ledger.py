"""What tuning spent on each level, from what it tried: trainings, epochs and seconds."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from lossbench.catalog.axes import AXES
from lossbench.comparison.grouping import Group
from lossbench.errors import StoreError

Trial = Mapping[str, str]


def trials_of(group: Group, factor: str) -> dict[str, list[Trial]]:
    """Return what was tried for each level of a comparison, in the order of `tuning.csv`.

    Args:
        group: the runs and their experiments.
        factor: the axis whose levels are compared.
    """
    if not group.track:
        return {}
    names = group.runs[0].names()
    found: dict[str, list[Trial]] = {run.names()[factor]: [] for run in group.runs}
    for home in group.experiments:
        for row in home.trials:
            shared = all(row[axis] == names[axis] for axis in AXES if axis != factor)
            if shared and group.track in row["track"].split() and row[factor] in found:
                found[row[factor]].append(row)
    return found


def tuned_keys(trials: Mapping[str, Sequence[Trial]]) -> frozenset[str]:
    """Return the parameters that were tuned, by their own names: learning_rate, gamma."""
    keys: set[str] = set()
    for row in (row for rows in trials.values() for row in rows):
        keys |= {"learning_rate"} if row["learning_rate"] else set()
        try:
            keys |= {str(key).rpartition(".")[2] for key in json.loads(row["parameters"] or "{}")}
        except (ValueError, TypeError):
            raise StoreError(
                f"tuning.csv: parameters of job {row['job_id']} are {row['parameters']!r}; "
                "accepted is JSON. Run the experiment again: finished jobs are kept."
            ) from None
    return frozenset(keys)


def spent_on(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return what tuning spent on a level, by the names of a row's attributes."""
    return {
        "trials": len(trials),
        "tuning_epochs": round(sum(_number(row, "epochs") for row in trials)),
        "tuning_seconds": sum(_number(row, "seconds") for row in trials),
    }


def at_edge(trials: Sequence[Trial]) -> bool:
    """Whether the point that was taken still lies at an end of the space."""
    return any(row["chosen"] == "yes" and row["edge"] == "yes" for row in trials)


def seeds_of(trials: Mapping[str, Sequence[Trial]]) -> set[int]:
    """Return the seeds that tuning used."""
    return {round(_number(row, "seed")) for rows in trials.values() for row in rows}


def _number(row: Trial, key: str) -> float:
    try:
        value = float(row[key] or 0)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise StoreError(
            f"tuning.csv: {key} of job {row['job_id']} is {row[key]!r}; accepted is a number. "
            "Run the experiment again: finished jobs are kept."
        )
    return value

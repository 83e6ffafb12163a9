"""What a level costs beside its score: the time of a step and what is trained."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lossbench.comparison.measured import number_of
from lossbench.store import Run


def step_ms(runs: Sequence[Run]) -> float:
    """Return the median time of a step, mean over runs, in milliseconds; NaN where unknown."""
    known = [v for run in runs if not math.isnan(v := number_of(run, "step_ms_median"))]
    return float(np.mean(known)) if known else math.nan


BUSY = 1.5
"""Processes for each CPU from which on a machine has more to do than to train."""


def load_of(runs: Sequence[Run]) -> float:
    """Return the largest load of a CPU while one of the runs was trained; NaN where unknown."""
    known = [v for run in runs if not math.isnan(v := number_of(run, "load_per_cpu"))]
    return max(known, default=math.nan)


def devices(runs: Sequence[Run]) -> set[str]:
    """Return what the runs were trained on."""
    return {str((run.result or {})["device"]) for run in runs if "device" in (run.result or {})}


def trainable_params(run: Run) -> float:
    """Return how many numbers a run trained, those that the loss owns among them; NaN: unknown."""
    own = number_of(run, "loss_trainable_params")
    return number_of(run, "trainable_params") + (0 if math.isnan(own) else own)


def cost_of(mine: Sequence[Run], baseline: Sequence[Run]) -> dict[str, Any]:
    """Return what a level costs, by the names of a row's attributes.

    Args:
        mine: its runs.
        baseline: those of the baseline; times are compared on equal devices only, and not where
            the machine was busy with something else.
    """
    own, other = step_ms(mine), step_ms(baseline)
    same = len(devices([*mine, *baseline])) == 1 and not load_of([*mine, *baseline]) > BUSY
    sizes = (trainable_params(run) for run in mine)
    params = next((int(size) for size in sizes if not math.isnan(size)), None)
    return {
        "step_ms": own,
        "step_ratio": own / other if same and other > 0 else math.nan,
        "params": params,
    }


def cross_losses(runs: Sequence[Run], factor: str) -> dict[str, dict[str, float]]:
    """Return the mean value of each loss on test, by the level trained and the loss evaluated.

    Over the runs that worked and have it; a value that is no number is left out, so that a loss
    of which no run has one is not named.

    Args:
        runs: the runs of a comparison.
        factor: the axis whose levels are compared.
    """
    found: dict[str, dict[str, list[float]]] = {}
    for run in runs:
        for row in (run.result or {}).get("cross_loss") or () if run.status == "ok" else ():
            value = row.get("value")
            if isinstance(value, int | float) and math.isfinite(value):
                level = found.setdefault(run.names()[factor], {})
                level.setdefault(str(row.get("loss")), []).append(float(value))
    return {
        level: {loss: float(np.mean(values)) for loss, values in losses.items()}
        for level, losses in found.items()
    }

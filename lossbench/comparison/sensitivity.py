"""Whether the verdicts hang on the epoch that is compared: chosen on validation, or the last."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lossbench import stats

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Epochs:
    """The same metric at three epochs, each [levels, seeds]; NaN where a run has none.

    Attributes:
        selected: on test, at the epoch chosen on validation.
        last: on test, at the last epoch.
        validation: on validation, at the epoch with the best value there.
    """

    selected: Array
    last: Array
    validation: Array


def verdicts_of(
    oriented: Array, baseline: int | None, delta: float, alpha: float, overlap: float
) -> list[str]:
    """Return the verdict on each level of a family; "" where there is none.

    Args:
        oriented: oriented values, [levels, seeds]; NaN where a run has none.
        baseline: the row of the baseline.
        delta: smallest difference that matters; NaN where unknown.
        alpha: level of the tests.
        overlap: as for `stats.paired_difference`.
    """
    if baseline is None or not delta >= 0 or not math.isfinite(delta):
        return [""] * len(oriented)
    others = [level for level in range(len(oriented)) if level != baseline]
    differences = [oriented[level] - oriented[baseline] for level in others]
    known = [d[~np.isnan(d)] for d in differences]
    found = [""] * len(oriented)
    codes = stats.family_verdicts(known, delta, alpha, overlap) if known else []
    for level, d, code in zip(others, known, codes, strict=True):
        found[level] = code if len(d) else ""
    return found


def turns(selected: str, last: str) -> bool:
    """Whether two verdicts answer differently: better, worse, equivalent or inconclusive."""
    known = {"", "NO_DATA"}.isdisjoint((selected, last))
    return known and stats.ANSWERS[selected] != stats.ANSWERS[last]


def of_levels(epochs: Epochs, rows: Sequence[int]) -> Epochs:
    """Return the values of some levels, by their rows."""
    index = list(rows)
    return Epochs(epochs.selected[index], epochs.last[index], epochs.validation[index])

"""The numbers behind learning curves: the metric after each epoch, by level and seed."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.metrics import metric_row
from lossbench.comparison.curves import Curves
from lossbench.reporting.figures.picture import Material
from lossbench.stats.student import estimate, interval

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]
Over = Literal["epoch", "seconds"]

COLUMNS = ("level", "seed", "value", "ci_low", "ci_high", "n", "failed", "selected")
GRID = 60
"""Times to which curves over seconds are interpolated."""
BAND_FROM = 3
"""Seeds from which on a mean has an interval."""


def learning_table(material: Material, over: Over = "epoch") -> "pd.DataFrame":
    """Return the mean of each level, rows without a seed, and the curve of each of its seeds.

    A mean is over the seeds that worked and were still trained then; over seconds, curves are
    interpolated linearly between the ends of epochs, to a grid that all levels share. Values are
    in points where the metric is bounded.

    Args:
        material: of the comparison.
        over: epochs, or seconds of training with evaluations left out.

    Returns:
        `COLUMNS`, and one of the name of `over`; empty where nothing was recorded.
    """
    import pandas as pd

    scale = 100.0 if metric_row(material.selection_metric).bounded else 1.0
    known = {
        (level, seed): one
        for level, curves in material.curves.items()
        for seed, one in curves.items()
        if _is_drawn(one, over)
    }
    grid = _grid([getattr(one, _OF[over]) for one in known.values()], over)
    parts = []
    for level in dict.fromkeys(level for level, _ in known):
        own = {seed: one for (of, seed), one in known.items() if of == level}
        failed = {seed: _has_failed(material, level, seed) for seed in own}
        worked = [one for seed, one in own.items() if not failed[seed]]
        if worked:
            parts.append(_means(level, worked, over, grid, material.comparison.alpha, scale))
        for seed, one in own.items():
            chosen = _result(material, level, seed).get("selected_epoch")
            alone = {over: getattr(one, _OF[over]), "value": scale * one.values}
            told = {"level": level, "seed": seed, "failed": failed[seed]}
            parts.append(pd.DataFrame(told | alone | {"selected": one.epochs == chosen}))
    columns = [*COLUMNS[:2], over, *COLUMNS[2:]]
    table = pd.concat(parts) if parts else pd.DataFrame()
    table = table.reindex(columns=columns).reset_index(drop=True)
    return table.astype({"seed": "Int64", "n": "Int64", "failed": bool, "selected": bool})


_OF = {"epoch": "epochs", "seconds": "seconds"}


def _is_drawn(one: Curves, over: Over) -> bool:
    if not np.isfinite(one.values).any():
        return False
    return over == "epoch" or (len(one.seconds) > 1 and float(one.seconds[-1]) > one.seconds[0])


def _grid(every: list[Array], over: Over) -> Array:
    if not every:
        return np.zeros(0)
    if over == "epoch":
        return np.unique(np.concatenate(every))
    return np.linspace(0, max(float(one[-1]) for one in every), GRID + 1)[1:]


def _result(material: Material, level: str, seed: int) -> Mapping[str, Any]:
    return material.results[material.comparison.jobs.get(level, {})[seed]]


def _has_failed(material: Material, level: str, seed: int) -> bool:
    return str(_result(material, level, seed)["status"]) != "ok"


def _means(
    level: str, curves: list[Curves], over: Over, grid: Array, alpha: float, scale: float
) -> "pd.DataFrame":
    """Return a row for each place of the grid at which a seed is known."""
    import pandas as pd

    values = scale * np.array([_at(one, over, grid) for one in curves])
    known = np.isfinite(values).sum(axis=0)
    # Who takes longest is not the mean: over seconds, it is only drawn where no seed is missing.
    at = known > 0 if over == "epoch" else known == max(1, known.max())
    values = np.where(np.isfinite(values), values, np.nan)[:, at]
    found = estimate(values.T)
    low, high = interval(found, alpha)
    few = found.n < BAND_FROM
    ends = {"ci_low": np.where(few, np.nan, low), "ci_high": np.where(few, np.nan, high)}
    told = {"level": level, over: grid[at], "value": found.mean, "n": found.n}
    return pd.DataFrame(told | ends | {"seed": pd.NA, "failed": False, "selected": False})


def _at(one: Curves, over: Over, grid: Array) -> Array:
    if over == "seconds":
        return np.interp(grid, one.seconds, one.values, left=np.nan, right=np.nan)
    found = np.full(len(grid), np.nan)
    found[np.searchsorted(grid, one.epochs)] = one.values
    return found

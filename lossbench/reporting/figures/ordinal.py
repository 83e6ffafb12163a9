"""Ordered classes: how far off mistakes are, by level, beside the baseline."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lossbench.catalog.axes import shown
from lossbench.catalog.metrics import named, parted
from lossbench.comparison import Comparison
from lossbench.reporting.figures.dots import dots
from lossbench.reporting.figures.measures import (
    differences,
    means,
    measured,
    others_of,
    seeds_text,
)
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.sentences import ci_name

if TYPE_CHECKING:
    import pandas as pd

LAST = 3
"""Mistakes of so many grades and more are counted together."""

Results = Mapping[str, Mapping[str, Any]]


def pictures(material: Material) -> Iterable[Picture]:
    """Yield how far off mistakes are, where classes have an order and there is a baseline."""
    comparison = material.comparison
    output, _ = parted(comparison.metric)
    ranked = "mae_rank" if output is None else named(output, "mae_rank")
    if comparison.baseline is None or (ranked, "raw") not in measured(material):
        return
    table = ordinal_table(comparison, material.results)
    if not table["n"].any():
        return
    base = shown(comparison.factor, comparison.baseline)
    panels = list(dict.fromkeys(table["panel"]))
    shares = dict(zip(table["panel"], table["baseline"], strict=True))

    def draw() -> Any:
        return dots(
            table,
            looks=material.looks,
            lines=dict.fromkeys(panels, 0.0),
            labels={panel: f"points\n(baseline {shares[panel]:.1f} %)" for panel in panels},
        )

    yield Picture(
        name="ordinal",
        section="change",
        title="How far off mistakes are",
        table=table.rename(columns={"panel": "distance", "value": "diff"}),
        draw=draw,
        caption=(
            "Share of the test examples whose predicted grade is so far from the true one. Marker: "
            f"mean difference to {base} in points over n = {seeds_text(list(table['n']))} paired "
            f"seeds; bar: {ci_name(comparison)}, not tested. Of exact grades more is better, of "
            "those that are off less; the differences of a level add up to 0. Network of the epoch "
            "chosen on validation."
        ),
        description=_description(table, base),
    )


def ordinal_table(comparison: Comparison, results: Results) -> "pd.DataFrame":
    """Return the share of examples at each distance of predicted and true grade.

    Args:
        comparison: what is compared.
        results: of the jobs, with confusion matrices: true grades by predicted ones.

    Returns:
        Columns panel, level, value (mean difference to the baseline, points), ci_low, ci_high, n,
        share (mean of the level, percent) and baseline (mean of the baseline, percent).
    """
    import pandas as pd

    columns = ["panel", "level", "value", "ci_low", "ci_high", "n", "share", "baseline"]
    confusions = _confusions(comparison, results)
    grades = max((len(one) for jobs in confusions.values() for one in jobs.values()), default=0)
    shares = {
        level: {seed: distance_shares(one) for seed, one in jobs.items() if len(one) == grades}
        for level, jobs in confusions.items()
    }
    rows = []
    for distance in range(min(grades, LAST + 1)):
        values = {
            level: {seed: 100 * one[distance] for seed, one in jobs.items()}
            for level, jobs in shares.items()
        }
        base = means(values.get(str(comparison.baseline), {}), comparison.alpha)["value"]
        rows += [
            {
                "panel": _name(distance, grades),
                "level": level,
                "share": means(values.get(level, {}), comparison.alpha)["value"],
                "baseline": base,
            }
            | differences(values, level, comparison)
            for level in others_of(comparison)
        ]
    return pd.DataFrame(rows, columns=columns)


def _name(distance: int, grades: int) -> str:
    if distance == 0:
        return "exact"
    more = " or more" if distance == LAST and grades > LAST + 1 else ""
    return f"{distance}{more} off"


def _confusions(comparison: Comparison, results: Results) -> dict[str, dict[int, Any]]:
    """Return the confusion matrix of each run that has one, by level and seed."""
    output, _ = parted(comparison.metric)
    found: dict[str, dict[int, Any]] = {}
    for level, jobs in comparison.jobs.items():
        for seed, job in jobs.items():
            counts = _confusion(results.get(job) or {}, output)
            square = counts.ndim == 2 and counts.shape[0] == counts.shape[1]
            if square and np.isfinite(counts).all() and counts.sum() > 0:
                found.setdefault(level, {})[seed] = counts
    return found


def _confusion(result: Mapping[str, Any], output: str | None) -> Any:
    if output is not None:
        own = (one for one in result.get("per_output") or () if one["output"] == output)
        result = next(own, {})
    return np.array(result.get("confusion") or [], np.float64)


def distance_shares(confusion: Any) -> list[float]:
    """Return which share of the examples lies 0, 1, 2 and `LAST` or more grades off.

    Args:
        confusion: counts, [grades, grades], true grades by predicted ones.

    Returns:
        Shares in [0, 1] that add up to 1; fewer than `LAST` + 1 of fewer grades.

    Source:
        Definition.
    """
    counts = np.asarray(confusion, np.float64)
    grades = np.arange(len(counts))
    apart = np.minimum(np.abs(grades[:, None] - grades), LAST)
    found = np.bincount(apart.ravel(), weights=counts.ravel())
    return [float(one) for one in found / counts.sum()]


def _description(table: "pd.DataFrame", base: str) -> str:
    first = table["panel"].iloc[0]
    exact = table[table["panel"] == first]
    lead = f"{base} has {exact['baseline'].iloc[0]:.1f} % of the grades exactly right."
    told = []
    for level in list(exact["level"])[:3]:
        own = table[table["level"] == level]
        parts = (f"{one['panel']} {one['value']:+.1f}" for one in own.to_dict("records"))
        told.append(f"{level}: {', '.join(parts)} points.")
    return " ".join([lead, *told])

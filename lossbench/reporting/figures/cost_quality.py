"""The metric against what it costs, with the front that nothing else beats on both."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lossbench.comparison import Comparison
from lossbench.comparison.cost import BUSY
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    INK,
    Looks,
    look_of,
    new_figure,
    short_names,
    styled,
)
from lossbench.reporting.sentences import ci_name

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("level", "cost", "cost_low", "cost_high", "value", "value_low", "value_high", "n")
MOST_NAMED = 14
"""Levels that are named beside their marker."""


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the picture where times of two levels were measured on one idle device."""
    comparison = material.comparison
    table = cost_table(material)
    if len(table) < 2 or not _comparable(material):
        return
    points = ", points" if comparison.bounded else ""
    best = front(table, comparison.higher_is_better)
    yield Picture(
        name="cost-quality",
        section="cost",
        title="What the score costs",
        table=table,
        draw=lambda: cost_quality(
            table,
            looks=material.looks,
            higher_is_better=comparison.higher_is_better,
            label=f"{comparison.metric.replace('_', ' ')}{points}",
        ),
        caption=(
            "Time of a training step, median of a run, and metric: mean over n seeds with "
            f"{ci_name(comparison)} of each mean, by t. Line: the front; what lies on it is beaten "
            "by nothing in both."
        ),
        description=f"On the front, from the cheapest: {', '.join(best)}.",
    )


def _comparable(material: Material) -> bool:
    """Whether all runs that are timed ran on one device, which had nothing else to do."""
    results = list(material.results.values())
    loads = [float(one["load_per_cpu"]) for one in results if one.get("load_per_cpu") is not None]
    return len({str(one.get("device")) for one in results}) == 1 and max(loads, default=0) <= BUSY


def cost_table(material: Material) -> "pd.DataFrame":
    """Return for each level mean and t interval of its step time, in ms, and of the metric."""
    import pandas as pd

    comparison = material.comparison
    scale = 100.0 if comparison.bounded else 1.0
    rows = []
    for row in comparison.rows:
        jobs = comparison.jobs.get(row.level, {})
        found = [
            (float(result["step_ms_median"]), scale * comparison.values[row.level][seed])
            for seed, job in jobs.items()
            if (result := material.results.get(job)) and result.get("step_ms_median") is not None
        ]
        known = np.array([pair for pair in found if all(map(math.isfinite, pair))])
        if len(known):
            cost, value = (_interval(known[:, k], comparison) for k in (0, 1))
            rows.append((row.level, *cost, *value, len(known)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _interval(values: Any, comparison: Comparison) -> tuple[float, float, float]:
    """Return mean and t interval; of one value no interval."""
    from scipy import stats as scipy_stats

    mean = float(values.mean())
    if len(values) < 2:
        return mean, math.nan, math.nan
    se = float(values.std(ddof=1)) / math.sqrt(len(values))
    half = float(scipy_stats.t.ppf(1 - comparison.alpha / 2, len(values) - 1)) * se
    return mean, mean - half, mean + half


def front(table: "pd.DataFrame", higher_is_better: bool) -> list[str]:
    """Return the levels that no other one beats in both cost and value, cheapest first."""
    sign = 1.0 if higher_is_better else -1.0
    found, best = [], -math.inf
    order = table.assign(_score=sign * table["value"]).sort_values(
        ["cost", "_score"], ascending=[True, False], kind="stable"
    )
    for one in order.to_dict("records"):
        if one["_score"] > best:
            found.append(str(one["level"]))
            best = one["_score"]
    return found


@styled
def cost_quality(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    higher_is_better: bool = True,
    label: str = "metric",
) -> Any:
    """Draw a marker for each level with an interval each way, and the front.

    Args:
        table: as `cost_table` returns it.
        looks: of the levels.
        higher_is_better: of the metric.
        label: of the metric's axis.

    Returns:
        A matplotlib figure.
    """
    levels = list(table["level"])
    styles, names = look_of(looks, levels, None), short_names(levels, 22)
    figure = new_figure(7.2, 3.9)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.11, right=0.97, bottom=0.14, top=0.96)
    for one in table.to_dict("records"):
        look = styles[str(one["level"])]
        bars = {"color": look.colour, "lw": 1.2, "alpha": 0.8}
        axes.plot([one["cost_low"], one["cost_high"]], [one["value"]] * 2, **bars)
        axes.plot([one["cost"]] * 2, [one["value_low"], one["value_high"]], **bars)
        axes.plot(one["cost"], one["value"], **look.points(ms=7))
    at = table.set_index("level")
    steps = [
        (at.loc[name, "cost"], at.loc[name, "value"]) for name in front(table, higher_is_better)
    ]
    axes.plot(*zip(*steps, strict=True), color=INK, lw=0.9, drawstyle="steps-post", zorder=1)
    axes.margins(0.12, 0.1)
    _name(axes, table, names, higher_is_better)
    axes.set_xlabel("time of a training step, ms (left is cheaper)")
    axes.set_ylabel(f"{label} ({'up' if higher_is_better else 'down'} is better)")
    return figure


def _name(axes: Any, table: "pd.DataFrame", names: Any, higher_is_better: bool) -> None:
    """Name markers, best first, leaving out those whose name would cover another name."""
    low, high = axes.get_ylim()
    left, right = axes.get_xlim()
    placed: list[tuple[float, float, float]] = []
    order: Sequence[Any] = table.sort_values("value", ascending=not higher_is_better).to_dict(
        "records"
    )
    for one in order[:MOST_NAMED]:
        x, y = (one["cost"] - left) / (right - left), (one["value"] - low) / (high - low)
        text = names[str(one["level"])]
        width = 0.012 * len(text)
        to_left = x + width > 0.97
        start = x - width if to_left else x
        if any(abs(y - b) < 0.05 and start < c and a < start + width for a, b, c in placed):
            continue
        placed.append((start, y, start + width))
        axes.annotate(
            text,
            (one["cost"], one["value"]),
            xytext=(-7 if to_left else 7, 4),
            textcoords="offset points",
            ha="right" if to_left else "left",
            fontsize=8,
        )

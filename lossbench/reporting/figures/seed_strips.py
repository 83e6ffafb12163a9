"""Every run as a dot, the same seed joined between the losses: systematic, or one lucky run?"""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from lossbench.catalog.axes import title
from lossbench.comparison import Comparison
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    INK,
    LINE,
    Look,
    Looks,
    look_of,
    new_figure,
    short_names,
    styled,
)
from lossbench.reporting.numbers import number
from lossbench.reporting.sentences import delta_text

if TYPE_CHECKING:
    import pandas as pd

MOST_JOINED = 40
"""Seeds whose runs are joined; more lines than that hide the dots."""
NAME_CELLS = 18


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the picture where two levels or two seeds have been trained."""
    comparison = material.comparison
    table = strips_table(comparison)
    if table["value"].notna().sum() < 2:
        return
    points = ", points" if comparison.bounded else ""

    def draw() -> Any:
        return seed_strips(
            table,
            looks=material.looks,
            delta=comparison.delta * (100 if comparison.bounded else 1),
            optimum=comparison.optimum * (100 if comparison.bounded else 1),
            label=f"{comparison.metric.replace('_', ' ')}{points}",
        )

    yield Picture(
        name="seeds",
        section="answer",
        title=f"Every run, by {title(comparison.factor)} and seed",
        table=table,
        draw=draw,
        caption=_caption(comparison, table),
        description=_description(table),
    )


def strips_table(comparison: Comparison) -> "pd.DataFrame":
    """Return a row for each run: `level`, `seed`, `value`, NaN for one that failed."""
    import pandas as pd

    scale = 100.0 if comparison.bounded else 1.0
    rows = [
        {"level": row.level, "seed": seed, "value": scale * value}
        for row in comparison.rows
        for seed, value in sorted(comparison.values.get(row.level, {}).items())
    ]
    found = pd.DataFrame(rows, columns=["level", "seed", "value"])
    found["value"] = found["value"].astype(float).where(lambda values: values.abs() < math.inf)
    return found


@styled
def seed_strips(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    delta: float = math.nan,
    optimum: float = math.nan,
    label: str = "metric",
) -> Any:
    """Draw a row of dots for each level, with lines that join the runs of a seed.

    Args:
        table: as `strips_table` returns it.
        looks: of the levels.
        delta: smallest difference that matters; drawn as a bar to compare distances with.
        optimum: the best possible value, drawn as a line where it is known.
        label: of the metric's axis.

    Returns:
        A matplotlib figure: levels downwards, best first; crosses left of the axis failed.
    """
    levels = list(dict.fromkeys(table["level"]))
    styles, names = look_of(looks, levels, None), short_names(levels)
    figure = new_figure(7.2, 1.1 + (0.34 if len(levels) < 16 else 0.22) * max(len(levels), 2))
    height = figure.get_size_inches()[1]
    axes = figure.subplots()
    figure.subplots_adjust(left=0.27, right=0.97, bottom=0.55 / height, top=1 - 0.42 / height)
    wide = table.pivot_table(index="level", columns="seed", values="value", dropna=False)
    wide = wide.reindex(levels)
    if wide.shape[1] <= MOST_JOINED:
        for seed in wide.columns:
            axes.plot(wide[seed], range(len(levels)), color=LINE, lw=0.8, zorder=1)
    for at, level in enumerate(levels):
        _strip(axes, at, table[table["level"] == level]["value"], styles[level])
    if math.isfinite(optimum):
        axes.axvline(optimum, color=INK, lw=0.8, linestyle=(0, (1, 1)))
    axes.set_yticks(range(len(levels)), [names[level] for level in levels])
    axes.set_ylim(len(levels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(label)
    _scale_bar(axes, delta)
    return figure


def _strip(axes: Any, at: int, values: "pd.Series", look: Look) -> None:
    known = values.dropna()
    axes.plot(known, [at] * len(known), **look.points(ms=5, alpha=0.75, zorder=3))
    if len(known):
        axes.plot([known.mean()] * 2, [at - 0.3, at + 0.3], color=look.colour, lw=2.2, zorder=4)
    failed = len(values) - len(known)
    if failed:
        axes.plot(
            [0.012 + 0.018 * k for k in range(min(failed, 6))],
            [at] * min(failed, 6),
            "x",
            color=look.colour,
            ms=5,
            transform=axes.get_yaxis_transform(),
            clip_on=False,
        )


def _scale_bar(axes: Any, delta: float) -> None:
    """Draw how long delta is, above the axes, where it is neither too short nor too long."""
    low, high = axes.get_xlim()
    if not (math.isfinite(delta) and delta > 0 and delta < 0.8 * (high - low)):
        return
    axes.set_xlim(low, high)
    where = {"transform": axes.get_xaxis_transform(), "clip_on": False}
    axes.plot([high - delta, high], [1.06, 1.06], color=INK, lw=2, **where)
    note = "delta: what matters "
    axes.text(high - delta, 1.06, note, ha="right", va="center", fontsize=8, **where)


def _caption(comparison: Comparison, table: "pd.DataFrame") -> str:
    failed, seeds = int(table["value"].isna().sum()), table["seed"].nunique()
    joined = "thin lines join the runs of a seed; " if seeds <= MOST_JOINED else ""
    text = (
        f"Dot: one run, n = {seeds} seeds; bar: their mean; {joined}round, in the colour of the "
        "text: the baseline."
    )
    if math.isfinite(comparison.delta) and comparison.delta > 0:
        text += f" The scale bar is delta, {delta_text(comparison)}."
    if math.isfinite(comparison.optimum):
        text += " Dotted line: the best possible value."
    return text + (f" Crosses at the left: {failed} runs that failed." if failed else "")


def _description(table: "pd.DataFrame") -> str:
    groups: Mapping[Any, Any] = dict(iter(table.groupby("level", sort=False)["value"]))
    told = [
        f"{level}: {number(float(values.min()), 4)} to {number(float(values.max()), 4)}"
        for level, values in groups.items()
        if values.notna().any()
    ]
    return f"Range over seeds: {'; '.join(told[:8])}."

"""Seed strips: every run as a dot, the same seed joined between levels, failed runs apart."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.axes import plural, shown
from lossbench.comparison import Comparison
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    INK,
    LINE,
    PAPER,
    QUIET,
    Limits,
    Looks,
    completed,
    look_of,
    new_figure,
    short_names,
    styled,
    text_width,
    within,
)
from lossbench.reporting.numbers import decimals_of, number
from lossbench.reporting.sentences import delta_text

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("level", "seed", "value", "failed")
MANY_SEEDS = 40
MANY_RUNS = 400
"""Of more runs each is a small stroke, which takes a tenth of a marker's bytes."""
MOST_COLUMNS = 12
"""Levels that stand side by side; of more each has a row."""

Array = NDArray[np.float64]
Point = Callable[[Any, Any], tuple[Any, Any]]
"""Where a place among the levels and a value lie on the axes: x and y."""


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the seed strips, where at least two runs worked or failed."""
    comparison = material.comparison
    table = seed_strips_table(material)
    if len(table) < 2 or not np.isfinite(table["value"].to_numpy(np.float64)).any():
        return
    scale = 100.0 if comparison.bounded else 1.0
    metric = comparison.metric.replace("_", " ")
    better = "higher is better" if comparison.higher_is_better else "lower is better"

    def draw() -> Any:
        return seed_strips(
            table,
            looks=material.looks,
            baseline=comparison.baseline,
            delta=scale * comparison.delta,
            optimum=scale * comparison.optimum,
            label=f"{metric}{' in points' if comparison.bounded else ''} ({better})",
            names={level: shown(comparison.factor, level) for level in comparison.values},
        )

    yield Picture(
        name="seed-strips",
        section="answer",
        title=f"Every run, the same seed joined between {plural(comparison.factor)}",
        table=table,
        draw=draw,
        caption=_caption(comparison, table),
        description=_description(comparison, table),
    )


def seed_strips_table(material: Material) -> "pd.DataFrame":
    """Return a row for each run that has ended: its level, seed, value, and whether it failed.

    Values are in points where the metric is bounded, NaN where the run failed.
    """
    import pandas as pd

    comparison = material.comparison
    scale = 100.0 if comparison.bounded else 1.0
    levels = [row.level for row in (*comparison.rows, *comparison.controls)]
    rows = [
        (level, seed, scale * value, not math.isfinite(value))
        for level in dict.fromkeys(levels)
        for seed, value in sorted(comparison.values.get(level, {}).items())
        if math.isfinite(value) or comparison.jobs.get(level, {}).get(seed) in material.results
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


@styled
def seed_strips(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    baseline: str | None = None,
    delta: float = math.nan,
    optimum: float = math.nan,
    label: str = "metric",
    names: dict[str, str] | None = None,
) -> Any:
    """Draw every run as a dot, join those of one seed, and show the mean of each level as a bar.

    Args:
        table: as `seed_strips_table` returns it; a value that is not finite is a failed run.
        looks: of the levels.
        baseline: which of them is the baseline.
        delta: smallest difference that matters, in the unit of the table; a scale bar shows it.
        optimum: the best possible value; a line where it lies within the axis.
        label: of the axis of values.
        names: what stands beside the levels, where that is not the level.

    Returns:
        A matplotlib figure.

    Raises:
        ValueError: the table has no level, seed or value.
    """
    full = completed(table, "seed_strips", COLUMNS[:3], COLUMNS)
    levels = [str(level) for level in dict.fromkeys(full["level"])]
    grid = _grid(full, levels)
    failed = Counter(full["level"][~np.isfinite(full["value"].to_numpy(np.float64))])
    axes, at = _axes([(names or {}).get(level, level) for level in levels], label)
    limits = _limits(grid, delta, optimum)
    _scale(axes, at, limits, bool(failed), len(levels))
    _seeds(axes, at, grid, limits)
    styles = look_of(looks, levels, baseline)
    for place, level in enumerate(levels):
        own, colour = grid[:, place], styles[level].colour
        inside = own[(own >= limits[0]) & (own <= limits[1])]
        if len(full) > MANY_RUNS:
            _ticks(axes, at, place, inside, colour)
        else:
            axes.plot(*at(np.full(len(inside), place), inside), **styles[level].points())
        _beyond(axes, at, place, own, limits, colour)
        _failed(axes, at(place, _strip(limits)), failed[level], colour)
        mean = float(np.nanmean(own)) if np.isfinite(own).any() else math.nan
        if limits[0] <= mean <= limits[1]:
            axes.plot(*at([place - 0.28, place + 0.28], [mean, mean]), color=colour, lw=2.5)
    _guides(axes, at, limits, delta, optimum, len(levels))
    return axes.figure


def _grid(full: "pd.DataFrame", levels: Sequence[str]) -> Array:
    """Return values by seed and level, NaN where there is none, [seeds, levels]."""
    values = full.pivot_table("value", "seed", "level", dropna=False, sort=False)
    seeds = list(dict.fromkeys(full["seed"]))
    grid: Array = values.reindex(seeds)[list(levels)].to_numpy(np.float64, copy=True)
    grid[~np.isfinite(grid)] = np.nan
    return grid


def _failed(axes: Any, where: tuple[Any, Any], lost: int, colour: str) -> None:
    """Draw a cross with the number of failed runs, where there are any."""
    if lost:
        axes.plot([where[0]], [where[1]], "x", color=colour, ms=6)
        axes.annotate(
            str(lost), where, (6, 0), textcoords="offset points", fontsize=7.5, va="center",
            color=INK,
        )  # fmt: skip


def _axes(told: Sequence[str], label: str) -> tuple[Any, Point]:
    """Return axes with names on them, and where a place and a value lie: upright or in rows."""
    texts = short_names(told)
    labels = [texts[name] for name in told]
    each = 6.0 / max(3, len(labels))
    upright = len(labels) <= MOST_COLUMNS and text_width(labels) <= each
    if upright:
        figure = new_figure(7.2, 3.8)
        axes = figure.add_axes((0.1, 0.11, 0.87, 0.83))
        axes.set_xticks(range(len(labels)), labels)
        axes.set_xlim(-0.6, len(labels) - 0.4)
        axes.tick_params(axis="x", length=0)
        axes.set_ylabel(label)
        return axes, lambda place, value: (place, value)
    left = text_width(labels) + 0.2
    tall = (0.42 if len(labels) <= MOST_COLUMNS else 0.27) * len(labels)
    width, height = left + 5.0, tall + 0.9
    figure = new_figure(width, height)
    axes = figure.add_axes((left / width, 0.55 / height, 4.85 / width, tall / height))
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0, pad=7)
    axes.set_xlabel(label)
    return axes, lambda place, value: (value, place)


def _limits(grid: Array, delta: float, optimum: float) -> Limits:
    """Return limits that hold all but values far from what most levels do."""
    known = [column[np.isfinite(column)] for column in grid.T]
    boxes = [_box(column) for column in known if len(column)]
    medians = np.array([box[1] for box in boxes])
    spread = float(np.median([box[2] - box[0] for box in boxes]))
    low, high = np.quantile(medians, [0.25, 0.75])
    most = 5 * max(high - low, 2 * spread, delta if math.isfinite(delta) else 0.0)
    far = len(boxes) > 3
    near = [box for box in boxes if not far or low - most <= box[1] <= high + most]
    core = [float(end) for box in near for end in (box[0], box[2])]
    middle = (min(core) + max(core)) / 2
    if math.isfinite(delta) and delta <= 3 * (max(core) - min(core)):
        core += [middle - delta / 2, middle + delta / 2]
    return within(core, [float(value) for value in [*grid[np.isfinite(grid)], optimum]], reach=2.5)


def _box(values: Array) -> Array:
    """Return quartiles and median; of four values or more those inside, which no outlier moves."""
    if len(values) < 4:
        return np.quantile(values, [0.25, 0.5, 0.75])
    low = np.quantile(values, 0.25, method="higher")
    return np.array([low, np.median(values), np.quantile(values, 0.75, method="lower")])


def _strip(limits: Limits) -> float:
    return limits[0] - 0.07 * (limits[1] - limits[0])


def _scale(axes: Any, at: Point, limits: Limits, failures: bool, levels: int) -> None:
    """Set the axis of values, below it a strip for failed runs where there are any."""
    low, high = limits
    upright = at(0, 1) == (0, 1)
    bottom = low - 0.14 * (high - low) if failures else low
    (axes.set_ylim if upright else axes.set_xlim)(bottom, high)
    if not failures:
        return
    ticks = [tick for tick in (axes.get_yticks() if upright else axes.get_xticks()) if tick >= low]
    (axes.set_yticks if upright else axes.set_xticks)([tick for tick in ticks if tick <= high])
    (axes.axhline if upright else axes.axvline)(low, color=LINE, lw=0.8)
    where = (0.004, _strip(limits)) if upright else (_strip(limits), 1.0)
    space = axes.get_yaxis_transform() if upright else axes.get_xaxis_transform()
    axes.annotate(
        "failed", where, (0, 0 if upright else 3), textcoords="offset points", xycoords=space,
        fontsize=7.5, color=QUIET, ha="left" if upright else "center",
        va="center" if upright else "bottom",
    )  # fmt: skip


def _seeds(axes: Any, at: Point, grid: Array, limits: Limits) -> None:
    """Join the values of each seed; a line breaks at a run that failed or lies beyond the axis."""
    thin = 0.7 if len(grid) <= MANY_SEEDS else 0.3
    places = np.arange(grid.shape[1])
    for line in np.where((grid >= limits[0]) & (grid <= limits[1]), grid, np.nan):
        axes.plot(*at(places, line), color=QUIET, lw=thin, alpha=0.5, zorder=1)


def _ticks(axes: Any, at: Point, place: int, values: Array, colour: str) -> None:
    """Draw a stroke for each value, all of them in one line with gaps."""
    places = np.tile([place - 0.14, place + 0.14, np.nan], len(values))
    axes.plot(*at(places, np.repeat(values, 3)), color=colour, lw=1)


def _beyond(axes: Any, at: Point, place: int, own: Array, limits: Limits, colour: str) -> None:
    """Mark at the edge that values of a level lie beyond it, with the farthest."""
    upright = at(0, 1) == (0, 1)
    for edge, beyond, marker in (
        (limits[0], own[own < limits[0]], "v" if upright else "<"),
        (limits[1], own[own > limits[1]], "^" if upright else ">"),
    ):
        if not len(beyond):
            continue
        axes.plot(*at([place], [edge]), marker, color=colour, ms=6, clip_on=False)
        decimals = decimals_of([limits[1] - limits[0]], otherwise=2)
        far = beyond.min() if edge == limits[0] else beyond.max()
        inward = 1 if edge == limits[0] else -1
        axes.annotate(
            f"{len(beyond)}× to {number(float(far), decimals)}", at(place, edge),
            (0, 8 * inward) if upright else (8 * inward, 0), textcoords="offset points",
            fontsize=7, color=INK, zorder=4,
            ha="center" if upright else ("left" if inward > 0 else "right"),
            va="center",
            bbox={"fc": PAPER, "ec": "none", "pad": 0.6},
        )  # fmt: skip


def _guides(
    axes: Any, at: Point, limits: Limits, delta: float, optimum: float, levels: int
) -> None:
    """Draw the scale bar of what matters, and the best possible value."""
    upright = at(0, 1) == (0, 1)
    low, high = limits
    if low <= optimum <= high:
        line = axes.axhline if upright else axes.axvline
        line(optimum, color=INK, lw=1, linestyle=(0, (1, 2)))
        where, text = at(levels - 0.42 if upright else -0.6, optimum), "best possible"
        axes.annotate(
            text, where, (0, 2), textcoords="offset points", fontsize=7.5, color=QUIET,
            ha="right" if upright else "center",
        )  # fmt: skip
    if not (math.isfinite(delta) and 0 < delta < high - low):
        return
    # At the side of the levels where no dot lies, in the middle of the axis.
    middle, place = (low + high) / 2, levels - 0.47 if upright else -0.5
    ends = [middle - delta / 2, middle + delta / 2]
    axes.plot(*at([place, place], ends), color=INK, lw=1.5, marker="_" if upright else "|", ms=5)
    axes.annotate(
        f"delta {delta:.3g}", at(place, middle), (-4, 0) if upright else (0, 4),
        textcoords="offset points", fontsize=7.5, color=INK, annotation_clip=False,
        rotation=90 if upright else 0,
        ha="right" if upright else "center", va="center" if upright else "bottom",
    )  # fmt: skip


def _caption(comparison: Comparison, table: "pd.DataFrame") -> str:
    seeds, failed = table["seed"].nunique(), int(table["failed"].sum())
    parts = [
        f"Dot: a run, n = {len(table)} over {seeds} seed{'' if seeds == 1 else 's'}",
        "thin lines: the same seed",
        "bar: mean of the runs that worked",
    ]
    if failed:
        parts.append(f"×: {failed} failed run{'' if failed == 1 else 's'}, counted beside it")
    if math.isfinite(comparison.delta):
        parts.append(f"delta: {delta_text(comparison)}, the smallest difference that matters")
    if math.isfinite(comparison.optimum):
        parts.append("dotted line: best possible value, where it lies within the axis")
    parts.append("triangles: values beyond the axis, with the farthest")
    missing = sum(map(len, comparison.jobs.values())) - len(table)
    left = (
        f" {missing} planned run{'' if missing == 1 else 's'} not finished." if missing > 0 else ""
    )
    return "; ".join(parts) + "." + left


def _description(comparison: Comparison, table: "pd.DataFrame") -> str:
    """Return range and failures of the first levels in words."""
    decimals = decimals_of([float(table["value"].std()) or math.nan], otherwise=2)
    texts = []
    for level, part in list(table.groupby("level", sort=False))[:4]:
        own, lost = part["value"].dropna(), int(part["failed"].sum())
        name = shown(comparison.factor, str(level))
        ends = f"{number(own.min(), decimals)} to {number(own.max(), decimals)}"
        told = f"{name}: {len(own)} runs from {ends}" if len(own) else f"{name}: no run worked"
        texts.append(told + (f", {lost} failed" if lost else "") + ".")
    return " ".join(texts)

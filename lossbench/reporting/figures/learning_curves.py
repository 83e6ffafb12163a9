"""Learning curves: the metric on validation after each epoch, its mean over seeds and a band."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lossbench.catalog.axes import plural, shown
from lossbench.catalog.metrics import metric_row
from lossbench.comparison import Comparison
from lossbench.reporting.figures.learning_table import BAND_FROM, GRID, Over, learning_table
from lossbench.reporting.figures.lines import (
    LINES_BUDGET,
    behind,
    evenly,
    legend_beside,
    of_track,
    one_line,
    some_rows,
    told_names,
)
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    QUIET,
    Looks,
    emphasised,
    look_of,
    new_figure,
    styled,
)
from lossbench.reporting.numbers import two_digits
from lossbench.reporting.sentences import ci_name, delta_text

if TYPE_CHECKING:
    import pandas as pd

MEAN_POINTS, MOST_POINTS = 50, 120
"""Points of a mean and of a single seed; a thousand epochs are thinned out to so many."""
FEWEST_POINTS = 12
"""Where single seeds would have fewer points than this, they are not drawn."""
_ORDINARY, _FREAK = (0.02, 0.98), 4.0
"""Where all values spread over so many times the range between these quantiles, axes are cut."""


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the curves by epochs and, where an epoch has a duration, by seconds of training."""
    forms: tuple[tuple[Over, str], ...] = (("epoch", "by epochs"), ("seconds", "by seconds"))
    for over, variant in forms:
        table = learning_table(material, over)
        if len(table):
            yield _picture(material, table, over, variant)


def _picture(material: Material, table: "pd.DataFrame", over: Over, variant: str) -> Picture:
    comparison = material.comparison
    metric = material.selection_metric
    row = metric_row(metric)
    scale = 100.0 if row.bounded else 1.0
    found = comparison.convergence
    target = found.target if found is not None and found.metric == metric else math.nan
    unit = ", points" if row.bounded else ""
    words = metric.replace("_", " ")

    def draw() -> Any:
        return learning_curves(
            table,
            looks=material.looks,
            baseline=comparison.baseline,
            delta=scale * comparison.delta if metric == comparison.metric else math.nan,
            target=scale * target,
            label=f"validation {words}{unit} "
            f"({'higher' if row.higher_is_better else 'lower'} is better)",
            names={level: shown(comparison.factor, level) for level in material.curves},
            title=plural(comparison.factor),
        )

    return Picture(
        name="learning-curves",
        section="learn",
        title=f"Validation {words}{of_track(comparison)}",
        table=some_rows(table, over, {"value": "mean"}, ("ci_low", "ci_high", "n")),
        draw=draw,
        caption=_caption(material, table, over),
        description=_description(comparison, table, over, words, unit),
        variant=variant,
    )


@styled
def learning_curves(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    baseline: str | None = None,
    delta: float = math.nan,
    target: float = math.nan,
    label: str = "metric on validation",
    names: Mapping[str, str] | None = None,
    title: str = "",
) -> Any:
    """Draw the mean of each level with its band, and single seeds as thin lines.

    Of many levels the baseline and the first others have colours, the rest are thin and grey.

    Args:
        table: as `learning_table` returns it.
        looks: of the levels.
        baseline: which of them it is.
        delta: smallest difference that matters, in the unit of the table; drawn as a scale bar.
        target: a value that curves should reach, likewise; drawn as a line.
        label: of the y axis.
        names: of the levels in the legend, where they differ from those of the table.
        title: of the legend.

    Returns:
        A matplotlib figure.
    """
    over = "seconds" if "seconds" in table else "epoch"
    levels = list(dict.fromkeys(table["level"]))
    front = emphasised(levels, baseline)
    styles = look_of(looks, levels, baseline)
    figure = new_figure(7.4, 4.0, layout="constrained")
    axes = figure.subplots()
    points = _seed_points(table, front)
    told = told_names(front, names)
    rest = _by_level(table, [name for name in levels if name not in front])
    means = [own[own["seed"].isna()] for _, own in rest]
    behind(axes, [(mean[over], mean["value"]) for mean in means])
    for level, own in _by_level(table, front):
        look = styles[level]
        if points:
            _seeds(axes, own[own["seed"].notna()], over, look.colour, points)
        mean = _thin(own[own["seed"].isna()], MEAN_POINTS)
        axes.fill_between(
            mean[over], mean["ci_low"], mean["ci_high"], color=look.colour, alpha=0.13, lw=0
        )
        marks = {"marker": look.marker, "ms": 4, "markevery": max(1, len(mean) // 8)}
        line = look.line(zorder=4 if level == baseline else 3)
        axes.plot(mean[over], mean["value"], label=told[level], **line, **marks)
    limits = _cut(table, target)
    if limits is not None:
        axes.set_ylim(*limits)
    if math.isfinite(target):
        axes.axhline(target, color=QUIET, lw=0.9, linestyle=(0, (1, 2)), zorder=0)
        axes.annotate(
            "target",
            (0.005, target),
            xycoords=("axes fraction", "data"),
            va="bottom",
            fontsize=7.5,
            color=QUIET,
        )
    axes.set_xlabel("epoch" if over == "epoch" else "seconds of training")
    if over == "epoch":
        axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel(label)
    axes.margins(x=0.02)
    _scale_bar(axes, delta)
    legend_beside(axes, title, len(levels) - len(front))
    return figure


def _seed_points(table: "pd.DataFrame", front: Iterable[str]) -> int:
    """Return how many points the line of a single seed has; 0 where seeds are too many to draw."""
    lines = table[table["level"].isin(front)].groupby("level")["seed"].nunique().sum()
    points = LINES_BUDGET // max(1, int(lines))
    return min(points, MOST_POINTS) if points >= FEWEST_POINTS else 0


def _by_level(table: "pd.DataFrame", levels: list[str]) -> list[tuple[str, "pd.DataFrame"]]:
    groups = dict(tuple(table.groupby("level", sort=False)))
    return [(level, groups[level]) for level in levels]


def _thin(rows: "pd.DataFrame", most: int) -> "pd.DataFrame":
    return rows.iloc[evenly(len(rows), most)]


def _seeds(axes: Any, rows: "pd.DataFrame", over: str, colour: str, points: int) -> None:
    """Draw single seeds thin, a dot at the epoch that was chosen, a cross where one failed."""
    thinned = [_thin(own, points) for _, own in rows.groupby("seed")]
    lines = one_line([(own[over], own["value"]) for own in thinned])
    axes.plot(*lines, color=colour, lw=0.6, alpha=0.55, zorder=2)
    chosen = rows[rows["selected"] & ~rows["failed"]]
    axes.plot(chosen[over], chosen["value"], ".", color=colour, ms=3.5, alpha=0.7, zorder=2)
    ends = rows[rows["failed"]].groupby("seed").tail(1)
    axes.plot(ends[over], ends["value"], "x", color=colour, ms=5, zorder=2)


def _cut(table: "pd.DataFrame", target: float = math.nan) -> tuple[float, float] | None:
    """Return where the y axis ends although some values lie beyond; None where none does."""
    values = table["value"].to_numpy(np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = (float(end) for end in np.quantile(values, _ORDINARY))
    if values.max() - values.min() <= _FREAK * (high - low) or high <= low:
        return None
    room = 0.1 * (high - low)
    return min(low, target) - room, max(high, target) + room  # NaN, second, is never taken


def _scale_bar(axes: Any, delta: float) -> None:
    """Draw beside the axes how long the smallest difference that matters is."""
    if not (math.isfinite(delta) and delta > 0):
        return
    low, high = axes.get_ylim()
    axes.set_ylim(low, max(high, low + delta))
    place = axes.get_yaxis_transform()
    axes.plot(
        [1.015, 1.015],
        [low, low + delta],
        color=QUIET,
        lw=1.2,
        marker="_",
        ms=6,
        transform=place,
        clip_on=False,
    )
    axes.text(
        1.035,
        low + delta / 2,
        f"delta {two_digits(delta)}",
        transform=place,
        va="bottom" if delta < (high - low) / 20 else "center",
        fontsize=7.5,
        color=QUIET,
    )


def _caption(material: Material, table: "pd.DataFrame", over: Over) -> str:
    comparison = material.comparison
    means = table[table["seed"].isna()]
    drawn = _seed_points(table, _front(table, comparison))
    most = means.groupby("level")["n"].max()
    counts = sorted({int(n) for n in most}) or [0]
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    parts = [f"Line: mean over the seeds that worked, n = {n} per {comparison.factor}"]
    if (means["n"] >= BAND_FROM).any():
        parts.append(f"band: {ci_name(comparison)} of that mean, pointwise, not of whole curves")
    if drawn:
        parts.append("thin lines: single seeds; dot: the epoch that was chosen")
    text = "; ".join(parts).replace("_", " ") + "."
    if over == "seconds":
        text += (
            f" Seconds of training, evaluations left out; curves are interpolated linearly "
            f"between the ends of epochs, to {GRID} times that all share; a mean is drawn where "
            "none of its seeds is missing."
        )
    if material.selection_metric == comparison.metric and comparison.delta > 0:
        text += (
            f" Bar at the right: {delta_text(comparison)}, the smallest difference that matters."
        )
    found = comparison.convergence
    if found is not None and found.metric == material.selection_metric:
        base = shown(comparison.factor, comparison.baseline or "")
        told = f" Dotted: the target, the median best of {base}."
        text += told if math.isfinite(found.target) else ""
    return " ".join([text, *_left_out(table, over, comparison)])


def _front(table: "pd.DataFrame", comparison: Comparison) -> list[str]:
    return emphasised(dict.fromkeys(table["level"]), comparison.baseline)


def _left_out(table: "pd.DataFrame", over: Over, comparison: Comparison) -> list[str]:
    """Return sentences about runs that ended early or failed, and what is not drawn in full."""
    seeds = table[table["seed"].notna()]
    ends = seeds.groupby(["level", "seed"]).agg(end=(over, "max"), failed=("failed", "any"))
    failed = int(ends["failed"].sum())
    ended = (ends["end"] < ends["end"].max()) & ~ends["failed"]
    early = int(ended.sum()) if over == "epoch" else 0
    front = _front(table, comparison)
    drawn = _seed_points(table, front)
    others = table["level"].nunique() - len(front)
    found = []
    if failed:
        runs = "1 run" if failed == 1 else f"{failed} runs"
        cross = "; a cross is where one ended" if drawn else ""
        found.append(f"{runs} failed, which no mean contains{cross}.")
    if early:
        runs = "1 run" if early == 1 else f"{early} runs"
        found.append(f"{runs} ended early: from there on means are over the others.")
    if others:
        found.append(f"Thin and grey: means of {others} more.")
    if not drawn:
        found.append("Single seeds are too many to be drawn.")
    if over == "epoch" and table[over].nunique() > MEAN_POINTS:
        found.append(f"Of {table[over].nunique()} epochs about {MEAN_POINTS} are drawn, evenly.")
    if _cut(table):
        found.append("The y axis leaves out freak values.")
    return found


def _description(
    comparison: Comparison, table: "pd.DataFrame", over: Over, metric: str, unit: str
) -> str:
    """Return where the first curves end."""
    means = table[table["seed"].isna()]
    front = emphasised(dict.fromkeys(means["level"]), comparison.baseline, most=3)
    last = means.groupby("level").tail(1).set_index("level")
    parts = []
    for level in front:
        one = last.loc[level]
        when = f"epoch {one[over]:.0f}" if over == "epoch" else f"{one[over]:.3g} s"
        ends = f", {ci_name(comparison)} {one['ci_low']:.4g} to {one['ci_high']:.4g}"
        band = ends if one["n"] >= BAND_FROM else ""
        name = shown(comparison.factor, level)
        parts.append(f"{name} {one['value']:.4g} at {when} (n = {one['n']}{band})")
    return f"Mean validation {metric}{unit}: {'; '.join(parts)}." if parts else "No run worked."

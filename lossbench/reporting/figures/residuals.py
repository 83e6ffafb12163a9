"""Residuals of regression: robust or merely biased?"""

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lossbench.reporting.figures.dots import LEGEND_CELLS, dots
from lossbench.reporting.figures.errors import (
    BIAS,
    MIDDLE,
    MOST_SEEDS,
    SPREAD,
    ErrorsOf,
    normal_table,
    points_table,
    read_errors,
    residuals_table,
    sizes_table,
    spread_table,
)
from lossbench.reporting.figures.measures import seeds_text
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    INK,
    QUIET,
    Looks,
    emphasised,
    look_of,
    new_figure,
    short_names,
    styled,
)
from lossbench.reporting.sentences import ci_name

if TYPE_CHECKING:
    import pandas as pd

POINTS = 240
"""Dots of all panels together: each takes some 180 bytes of an SVG."""
MOST_CURVES = 16
"""Levels whose curves are drawn, in colour or grey; bias and spread are told of all."""


CAPTIONS = {
    "bias and spread": (
        "Marker: mean over seeds; bar: {ci} over seeds. Bias: mean error, prediction minus target, "
        "0 is best. Spread: standard deviation of the errors. Spread of the middle: distance of "
        "their quartiles over 1.349, equal to the spread where errors are normal; a spread far "
        "above it comes from a few large errors."
    ),
    "by prediction": (
        "Error (prediction minus target) by prediction: line: median, band: middle 80 % of the "
        "errors in each tenth of the predictions, of the examples and not of the mean; dots: a "
        "sample of the test examples, evenly by prediction; a few of them lie beyond the axes."
    ),
    "by size": (
        "Share of the test examples whose error is smaller than x; higher and further left is "
        "better; without bands. The largest 1 % of the errors is left out, and what lies beyond "
        "the axis."
    ),
    "beside normal": (
        "Quantiles of the errors beside those of a normal distribution, errors from their median "
        "over the spread of the middle; on the thin grey line errors are normal, and steeper ends "
        "are heavier tails."
    ),
}
"""How to read each form."""


def pictures(material: Material) -> Iterable[Picture]:
    """Yield errors as bias and spread, by prediction, by size and beside normal ones."""
    comparison = material.comparison
    found = read_errors(comparison, material.folders, material.results)
    if not found:
        return
    looks, baseline, unit = material.looks, comparison.baseline, _unit(found)
    panels = {name: found[name] for name in emphasised(list(found), baseline)}
    curves = {name: found[name] for name in emphasised(list(found), baseline, MOST_CURVES)}
    make = partial(_picture, material, found)
    spread = spread_table(found, comparison.alpha)
    draw = partial(_draw_spread, spread, material, unit)
    yield make("bias and spread", spread.rename(columns={"panel": "measure"}), draw)
    tenths, points = residuals_table(panels), points_table(panels, POINTS // len(panels))
    labels = (f"prediction, {unit}", f"error, {unit}")
    how: dict[str, Any] = {"looks": looks, "baseline": baseline}
    yield make(
        "by prediction", tenths, partial(residuals, tenths, points=points, labels=labels, **how)
    )
    sizes, normal = sizes_table(curves), normal_table(curves)
    yield make("by size", sizes, partial(error_sizes, sizes, label=f"|error|, {unit}", **how))
    if len(normal):
        yield make("beside normal", normal, partial(error_quantiles, normal, **how))


def _unit(found: ErrorsOf) -> str:
    return "standard deviations of the target" if _targets(found) > 1 else "target units"


def _targets(found: ErrorsOf) -> int:
    return max(one.targets for jobs in found.values() for one in jobs.values())


def _draw_spread(spread: "pd.DataFrame", material: Material, unit: str) -> Any:
    return dots(
        spread,
        looks=material.looks,
        lines={BIAS: 0.0},
        labels=dict.fromkeys((BIAS, SPREAD, MIDDLE), unit),
        baseline=material.comparison.baseline,
    )


def _picture(
    material: Material,
    found: ErrorsOf,
    variant: str,
    table: "pd.DataFrame",
    draw: Callable[[], Any],
) -> Picture:
    seeds, targets = [len(jobs) for jobs in found.values()], _targets(found)
    text = CAPTIONS[variant].format(ci=ci_name(material.comparison))
    text += f" Errors on test, n = {seeds_text(seeds)} seeds"
    text += "" if variant == "bias and spread" else " pooled"
    text += f" (the first {MOST_SEEDS} at most)." if max(seeds) == MOST_SEEDS else "."
    if targets > 1:
        text += f" {targets} targets pooled, each over its standard deviation on test."
    if any(one.get("damage") for one in material.results.values()):
        text += " Test targets are clean: what was damaged on purpose is not theirs."
    if (shown := table["level"].nunique()) < len(found):
        text += f" Drawn: {shown} of {len(found)}, the baseline and the best means."
    return Picture(
        name="residuals",
        section="change",
        title="Errors on test",
        table=table,
        draw=draw,
        caption=text,
        description=_description(spread_table(found, material.comparison.alpha)),
        variant=variant,
    )


def _description(spread: "pd.DataFrame") -> str:
    wide = spread.pivot(index="level", columns="panel", values="value")
    names = list(dict.fromkeys(spread["level"]))[:4]
    return " ".join(
        f"{name}: bias {wide.loc[name, BIAS]:+.3g}, spread {wide.loc[name, SPREAD]:.3g}, of the "
        f"middle {wide.loc[name, MIDDLE]:.3g}."
        for name in names
    )


@styled
def residuals(
    table: "pd.DataFrame",
    *,
    points: "pd.DataFrame | None" = None,
    looks: Looks | None = None,
    baseline: str | None = None,
    labels: tuple[str, str] = ("prediction", "error"),
) -> Any:
    """Draw errors by prediction, a panel for each level.

    Args:
        table: as `residuals_table` returns it.
        points: single examples as dots: columns level, prediction and error.
        looks: of the levels.
        baseline: which level is drawn black; the looks, where given, say so already.
        labels: of the axes.

    Returns:
        A matplotlib figure.
    """
    names = list(dict.fromkeys(table["level"]))
    styles, texts = look_of(looks, names, baseline), short_names(names, 17)
    figure, grid = _grid(len(names))
    top = _reach(table, points)
    for axes, name in zip(grid.flat, names, strict=False):
        own = table[table["level"] == name]
        colour = styles[name].colour
        if points is not None:
            dot = points[points["level"] == name]
            axes.plot(dot["prediction"], dot["error"], ".", color=QUIET, ms=2, alpha=0.6)
        axes.fill_between(own["prediction"], own["low"], own["high"], color=colour, alpha=0.2, lw=0)
        axes.axhline(0, color=INK, lw=0.8, linestyle=(0, (4, 2)))
        axes.plot(own["prediction"], own["median"], **styles[name].line(linestyle="-"))
        axes.set_title(texts[name])
        axes.set_ylim(-top, top)
        axes.set_xlim(*_span(table))
        axes.locator_params(axis="x", nbins=4)
    for axes in grid.flat[len(names) :]:
        axes.set_axis_off()
    figure.supxlabel(labels[0], fontsize=9, y=0.06 / figure.get_figheight())
    figure.supylabel(labels[1], fontsize=9, x=0.005)
    return figure


def _grid(panels: int) -> tuple[Any, Any]:
    """Return a figure with rows of up to four panels that share their axes, and these."""
    columns = min(panels, 4)
    down = math.ceil(panels / columns)
    height = 0.55 + 1.9 * down
    figure = new_figure(7.2, height)
    inside = {"left": 0.09, "right": 0.99, "bottom": 0.5 / height, "top": 1 - 0.28 / height}
    grid = figure.subplots(
        down,
        columns,
        sharex=True,
        sharey=True,
        squeeze=False,
        gridspec_kw=inside | {"hspace": 0.28, "wspace": 0.1},
    )
    return figure, grid


def _span(table: "pd.DataFrame") -> tuple[float, float]:
    """Return the ends of the prediction axis: the tenths, and a fifth of their range beside."""
    low, high = float(table["prediction"].min()), float(table["prediction"].max())
    beside = (high - low) / 5 or 1.0
    return low - beside, high + beside


def _reach(table: "pd.DataFrame", points: "pd.DataFrame | None") -> float:
    """Return how far the error axis reaches: the bands, and nearly all of the dots."""
    names = dict.fromkeys(table["level"])
    bands = [table[table["level"] == name][["low", "high"]].to_numpy() for name in names]
    ends = [float(np.abs(band).max()) for band in bands]
    found = min(max(ends), 6 * float(np.median(ends)))
    if points is not None and len(points):
        most = float(np.quantile(np.abs(points["error"].to_numpy()), 0.98))
        found = max(found, min(most, 3 * found))
    return 1.05 * found or 1.0


@styled
def error_sizes(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    baseline: str | None = None,
    label: str = "|error|",
) -> Any:
    """Draw which share of the examples has an error below x.

    Args:
        table: as `sizes_table` returns it.
        looks: of the levels.
        baseline: of them.
        label: of the x axis.

    Returns:
        A matplotlib figure.
    """
    figure, axes = _curves(table, ("error", "share"), looks, baseline)
    largest = table.groupby("level")["error"].max()
    axes.set_xlim(0, min(float(largest.max()), 4 * float(largest.median())) * 1.02 or 1.0)
    axes.set_ylim(0, 100)
    axes.set_xlabel(label)
    axes.set_ylabel("test examples below it, %")
    return figure


@styled
def error_quantiles(
    table: "pd.DataFrame", *, looks: Looks | None = None, baseline: str | None = None
) -> Any:
    """Draw quantiles of errors beside those of a normal distribution.

    Args:
        table: as `normal_table` returns it.
        looks: of the levels.
        baseline: of them.

    Returns:
        A matplotlib figure.
    """
    figure, axes = _curves(table, ("normal", "error"), looks, baseline)
    ends = (table["normal"].min(), table["normal"].max())
    axes.plot(ends, ends, color=QUIET, lw=0.8, zorder=1)
    reach = max(4.0, min(12.0, 1.05 * float(table["error"].abs().max())))
    axes.set_ylim(-reach, reach)
    axes.set_xlabel("quantile of a normal distribution")
    axes.set_ylabel("error, spreads of the middle")
    return figure


def _curves(
    table: "pd.DataFrame",
    columns: tuple[str, str],
    looks: Mapping[str, Any] | None,
    baseline: str | None,
) -> tuple[Any, Any]:
    """Return a figure with a line for each level, those beyond `MOST_LINES` thin and grey."""
    names = list(dict.fromkeys(table["level"]))
    styles, texts = look_of(looks, names, baseline), short_names(names, LEGEND_CELLS)
    main = emphasised(names, baseline)
    figure = new_figure(7.2, 3.4)
    axes = figure.add_axes((0.1, 0.15, 0.57, 0.8))
    for name in sorted(names, key=main.__contains__):
        own = table[table["level"] == name]
        x, y = (own[column] for column in columns)
        if name in main:
            axes.plot(x, y, label=texts[name], **styles[name].line(lw=1.5))
        else:
            axes.plot(x, y, color=QUIET, lw=0.6)
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0)
    return figure, axes

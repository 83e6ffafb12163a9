"""Training loss of each step: a panel for each level, as losses have scales of their own."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.axes import plural, shown
from lossbench.comparison import Comparison
from lossbench.comparison.curves import Curves
from lossbench.reporting.figures.lines import (
    LINES_BUDGET,
    evenly,
    legend_beside,
    log_axis,
    of_track,
    one_line,
    some_rows,
    told_names,
)
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    NAME_CELLS,
    Look,
    Looks,
    emphasised,
    look_of,
    new_figure,
    styled,
)

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

MOST_POINTS = 300
"""Points of a line; of more steps each is the mean of several."""
FEWEST_POINTS = 40
"""Where single seeds would have fewer points than this, their range is drawn instead."""
TREND_POINTS = 75
MOST_PANELS = 12
ACROSS = 3
"""Panels in a row."""
LOG_FROM = 4.0
"""Ratio of the largest to the least loss from which on an axis is logarithmic."""
TREND_SHARE = 0.02
"""A trend is the mean over this share of the steps: fine enough for the first fall."""


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the training loss by steps, where it was recorded."""
    comparison = material.comparison
    table = loss_table(material)
    if not len(table):
        return
    over = table.columns[2]
    calm = _shares_scale(comparison)

    def draw() -> Any:
        return loss_per_step(
            table,
            looks=material.looks,
            baseline=comparison.baseline,
            together=calm,
            label=f"training loss ({comparison.loss})" if calm else "training loss",
            names={level: shown(comparison.factor, level) for level in material.curves},
            title=plural(comparison.factor),
        )

    yield Picture(
        name="training-loss",
        section="learn",
        title=f"Training loss by {_OVER[over][1]}{of_track(comparison)}",
        table=some_rows(table, over, {"loss": "median"}, ("low", "high", "n")),
        draw=draw,
        caption=_caption(comparison, table),
        description=_description(comparison, table),
    )


_OVER = {"step": ("training step", "steps"), "examples": ("training examples seen", "examples")}


def _shares_scale(comparison: Comparison) -> bool:
    """Whether all levels are trained with one loss, so that their values can be compared."""
    found = comparison.convergence
    return comparison.factor != "loss" if found is None else found.calm


def loss_table(material: Material) -> "pd.DataFrame":
    """Return the trend of each level, rows without a seed, and the loss of each of its seeds.

    A trend is the median over the seeds of the moving mean, with the least and the largest seed. Of
    long trainings a row stands for several steps, and is their mean. Where batch sizes are
    compared, steps are counted in examples.

    Returns:
        Columns level, seed, step or examples, loss, low, high, n; empty where nothing was recorded.
    """
    import pandas as pd

    over = "examples" if material.comparison.factor == "batch_size" else "step"
    parts = []
    for level, curves in material.curves.items():
        own = {seed: one for seed, one in curves.items() if len(one.steps) > 1}
        if not own:
            continue
        steps, losses = _blocks(list(own.values()))
        x = steps * (int(level) if over == "examples" else 1)
        middle, low, high = _trend(losses)
        told = {"loss": middle, "low": low, "high": high, "n": np.isfinite(losses).sum(axis=0)}
        parts.append(pd.DataFrame({"level": level, "seed": pd.NA, over: x} | told))
        parts += [
            pd.DataFrame({"level": level, "seed": seed, over: x, "loss": line})
            for seed, line in zip(own, losses, strict=True)
        ]
    columns = ["level", "seed", over, "loss", "low", "high", "n"]
    table = pd.concat(parts) if parts else pd.DataFrame()
    table = table.reindex(columns=columns).dropna(subset="loss").reset_index(drop=True)
    return table.astype({"seed": "Int64", "n": "Int64"})


def _blocks(curves: Sequence[Curves]) -> tuple[Array, Array]:
    """Return the steps of the longest curve, [m], and the losses of all, [seeds, m], in blocks."""
    steps = max((one.steps for one in curves), key=len)
    losses = np.full((len(curves), len(steps)), np.nan)
    for row, one in zip(losses, curves, strict=True):
        row[: len(one.losses)] = one.losses
    losses[~np.isfinite(losses)] = np.nan
    wide = math.ceil(len(steps) / MOST_POINTS)
    starts = np.arange(0, len(steps), wide)
    ends = np.minimum(starts + wide, len(steps)) - 1
    known = np.add.reduceat(np.isfinite(losses), starts, axis=1, dtype=np.int64)
    sums = np.add.reduceat(np.nan_to_num(losses), starts, axis=1)
    return steps[ends], np.where(known > 0, sums / np.maximum(known, 1), np.nan)


def _trend(losses: Array) -> tuple[Array, Array, Array]:
    """Return median, least and largest over the seeds of the moving mean, each [steps]."""
    width = 2 * round(losses.shape[1] * TREND_SHARE / 2) + 1
    kernel = np.ones(width)
    known = ~np.isnan(losses)
    sums = [np.convolve(line, kernel, mode="same") for line in np.nan_to_num(losses)]
    counts = [np.convolve(row, kernel, mode="same") for row in known]
    means = np.array(sums) / np.maximum(counts, 1)
    means[~known] = np.nan
    some = known.any(axis=0)
    found = np.full((3, losses.shape[1]), np.nan)
    found[:, some] = [how(means[:, some], axis=0) for how in (np.nanmedian, np.nanmin, np.nanmax)]
    return found[0], found[1], found[2]


@styled
def loss_per_step(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    baseline: str | None = None,
    together: bool = False,
    label: str = "training loss",
    names: Mapping[str, str] | None = None,
    title: str = "",
) -> Any:
    """Draw the loss of each level in a panel of its own, single seeds thin and the trend thick.

    Args:
        table: as `loss_table` returns it.
        looks: of the levels.
        baseline: which of them it is; of many levels it and the first others are drawn.
        together: whether all share one scale, so that a panel above compares their trends.
        label: of the y axes.
        names: of the levels, where they differ from those of the table.
        title: of the legend.

    Returns:
        A matplotlib figure.
    """
    levels = list(dict.fromkeys(table["level"]))
    front = emphasised(levels, baseline, most=MOST_PANELS)
    told = told_names(front, names, NAME_CELLS - 4)
    styles = look_of(looks, levels, baseline)
    groups = [(told[level], styles[level], table[table["level"] == level]) for level in front]
    together = together and len(front) > 1
    across = 2 if len(front) == 4 else min(ACROSS, len(front))
    rows = math.ceil(len(front) / across)
    head = [1.6] if together else []
    height = max(2.4, 1.5 * (rows + sum(head)) + 0.6 + 0.35 * rows)
    figure = new_figure(7.4, height)
    grid = figure.add_gridspec(rows + len(head), across, height_ratios=[*head, *[1] * rows])
    grid.update(left=0.09, right=0.97, bottom=0.55 / height, top=1 - 0.3 / height)
    grid.update(hspace=0.5, wspace=0.12 if together else 0.42)
    if together:
        above = figure.add_subplot(grid[0, :])
        _together(above, groups)
        legend_beside(above, title)
        place = above.get_position()
        above.set_position([place.x0, place.y0, place.width * 0.7, place.height])
    places = [grid[len(head) + k // across, k % across] for k in range(len(front))]
    _panels(figure, places, groups, together=together)
    figure.text(0.54, 0.12 / height, _OVER[table.columns[2]][0], ha="center", fontsize=9)
    figure.text(0.008, 0.5, label.replace("$", r"\$"), va="center", rotation=90, fontsize=9)
    return figure


_Group: TypeAlias = "tuple[str, Look, pd.DataFrame]"
"""How a level is named, how it looks, and its rows."""


def _panels(
    figure: Any, places: Sequence[Any], groups: Sequence[_Group], *, together: bool
) -> None:
    """Draw each level in its place; `together`, all have one scale."""
    lines = sum(own["seed"].nunique() for _, _, own in groups)
    every = [own[own["seed"].notna()]["loss"] for _, _, own in groups]
    across = places[0].get_gridspec().ncols
    first: Any = None
    for index, (name, look, own) in enumerate(groups):
        axes = figure.add_subplot(places[index], sharex=first, sharey=first if together else None)
        first = first or axes
        most = TREND_POINTS if len(groups) <= 6 else TREND_POINTS // 2
        _alone(axes, own, look, LINES_BUDGET // max(1, lines), most)
        _scale(axes, every if together else [every[index]])
        axes.set_title(name, fontsize=8.5)
        axes.tick_params(labelsize=7.5, labelbottom=index + across >= len(groups))
        if together and index % across:
            axes.tick_params(labelleft=False)


def _together(axes: Any, groups: Sequence[_Group]) -> None:
    """Draw the trend of every level, with the range of its seeds."""
    limits = []
    for name, look, own in groups:
        trend = own[own["seed"].isna()]
        trend = trend.iloc[evenly(len(trend), TREND_POINTS)]
        x = trend.iloc[:, 2]
        axes.plot(x, trend["loss"], label=name, **look.line())
        axes.fill_between(x, trend["low"], trend["high"], color=look.colour, alpha=0.13, lw=0)
        limits += [trend["low"], trend["high"]]
    _scale(axes, limits)
    axes.margins(x=0.01)


def _alone(axes: Any, own: "pd.DataFrame", look: Look, points: int, most: int) -> None:
    """Draw each seed of one level, or their range where they are many, and the trend."""
    trend, seeds = own[own["seed"].isna()], own[own["seed"].notna()]
    thin = trend.iloc[evenly(len(trend), most)]
    if points >= FEWEST_POINTS:
        thinned = [one.iloc[evenly(len(one), points)] for _, one in seeds.groupby("seed")]
        lines = one_line([(one.iloc[:, 2], one["loss"]) for one in thinned])
        axes.plot(*lines, color=look.colour, lw=0.4, alpha=0.4)
    else:
        axes.fill_between(
            thin.iloc[:, 2], thin["low"], thin["high"], color=look.colour, alpha=0.3, lw=0
        )
    axes.plot(thin.iloc[:, 2], thin["loss"], color=look.colour, lw=1.4)
    axes.margins(x=0.02)
    axes.xaxis.get_major_locator().set_params(nbins=4)


def _scale(axes: Any, lines: Sequence[Any]) -> None:
    """Use a logarithmic y axis where losses fall far, all positive; leave out freak values."""
    every = np.concatenate([np.asarray(line, np.float64) for line in lines])
    every = every[np.isfinite(every)]
    if not len(every):
        return
    low, high = (float(end) for end in np.quantile(every, (0.002, 0.999)))
    if every.min() > 0 and high > LOG_FROM * low:
        log_axis(axes.yaxis, low / 1.2, high * 1.2)
    elif high > low:
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))


def _caption(comparison: Comparison, table: "pd.DataFrame") -> str:
    levels = list(dict.fromkeys(table["level"]))
    front = emphasised(levels, comparison.baseline, most=MOST_PANELS)
    seeds = table[table["level"].isin(front) & table["seed"].notna()]
    counts = sorted(set(seeds.groupby("level")["seed"].nunique()))
    n = f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"
    lines = seeds.groupby(["level", "seed"]).ngroups
    thin = LINES_BUDGET // lines >= FEWEST_POINTS
    text = (
        f"Thick: median over n = {n} seeds of the moving mean over {100 * TREND_SHARE:.0f}% of the "
        f"steps; {'thin: single seeds' if thin else 'band: least to largest seed'}. A point is "
        f"the mean of several steps where there are more than {MOST_POINTS}."
    )
    if not _shares_scale(comparison):
        text += " Each loss has a scale of its own: compare shapes, not heights."
    if len(levels) > len(front):
        text += f" The first {len(front)} of {len(levels)} are drawn."
    return text


def _description(comparison: Comparison, table: "pd.DataFrame") -> str:
    trends = table[table["seed"].isna()]
    front = emphasised(dict.fromkeys(trends["level"]), comparison.baseline, most=3)
    parts = []
    for level in front:
        own = trends[trends["level"] == level]["loss"]
        name = shown(comparison.factor, level)
        parts.append(f"{name} from {own.iloc[0]:.4g} to {own.iloc[-1]:.4g}")
    return f"Training loss, median over seeds: {'; '.join(parts)}."

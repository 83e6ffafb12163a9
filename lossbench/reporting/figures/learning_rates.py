"""Sensitivity to the learning rate: the metric on validation at each that a search tried."""

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lossbench import stats
from lossbench.catalog.axes import AXES, plural, shown
from lossbench.catalog.metrics import metric_row
from lossbench.comparison import Comparison
from lossbench.reporting.figures.lines import behind, legend_beside, log_axis, of_track, told_names
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    NAME_CELLS,
    QUIET,
    Looks,
    emphasised,
    look_of,
    new_figure,
    styled,
)
from lossbench.reporting.sentences import delta_text
from lossbench.reporting.tuning import (
    Tried,
    at_rates,
    by_point,
    check_trial,
    rate_column,
    whole,
)

if TYPE_CHECKING:
    import pandas as pd

USUAL, FAR = 0.25, 3.0
"""An axis shows so many times the range from the best value to this quantile, counted from bad."""

COLUMNS = ("level", "learning_rate", "trial", "value", "failed", "chosen", "width", "open_end")


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the sensitivity, where a search tried two learning rates or more."""
    comparison = material.comparison
    trials = trials_of(material)
    table = rates_table(trials, _delta(comparison, trials))
    if table["learning_rate"].nunique() < 2:
        return
    metric = _metric(trials)
    unit = ", points" if metric_row(metric).bounded else ""
    words = f"validation {metric.replace('_', ' ')}{unit}"

    def draw() -> Any:
        return learning_rates(
            table,
            looks=material.looks,
            baseline=comparison.baseline,
            label=words,
            higher_is_better=bool(metric_row(metric).higher_is_better),
            names={level: shown(comparison.factor, level) for level in trials},
            title=plural(comparison.factor),
        )

    best = table[table["trial"].isna()].drop(columns=["trial", "open_end"])
    yield Picture(
        name="learning-rates",
        section="tuned",
        title=f"Sensitivity to the learning rate{of_track(comparison)}",
        table=best.rename(columns={"width": "width_decades"}).reset_index(drop=True),
        draw=draw,
        caption=_caption(comparison, trials, table),
        description=_description(comparison, table, words),
    )


def trials_of(material: Material) -> dict[str, list[Tried]]:
    """Return the trials behind a comparison's jobs, by level, in the order of its rows.

    Raises:
        StoreError: a `tuning.csv` was changed by hand.
    """
    comparison = material.comparison
    names = comparison.names()
    found: dict[str, list[Tried]] = {row.level: [] for row in comparison.rows}
    for row in (row for one in material.stored for row in one.trials):
        same = all(row[axis] == names[axis] for axis in AXES if axis != comparison.factor)
        if same and comparison.track in row["track"].split():
            check_trial(row)
            found.setdefault(row[comparison.factor], []).append(row)
    known = [rows[0]["metric"] for rows in found.values() if rows]
    return {level: rows for level, rows in found.items() if rows and rows[0]["metric"] == known[0]}


def _metric(trials: Mapping[str, list[Tried]]) -> str:
    return next(iter(trials.values()))[0]["metric"]


def _delta(comparison: Comparison, trials: Mapping[str, list[Tried]]) -> float | None:
    same = bool(trials) and _metric(trials) == comparison.metric
    return comparison.delta if same and math.isfinite(comparison.delta) else None


def rates_table(trials: Mapping[str, list[Tried]], delta: float | None = None) -> "pd.DataFrame":
    """Return the best point at each learning rate, rows without a trial, and every point.

    A point is the mean over the seeds of the search that worked. Of many different learning rates
    those of a half-decade are taken together.

    Args:
        trials: rows of `tuning.csv` by level, all of one metric.
        delta: smallest difference that matters, metric units; None where it is unknown.

    Returns:
        `COLUMNS`; values in points where the metric is bounded; width: decades over which the level
        stays within delta of its best, at least where `open_end`; failed: how many points.
    """
    import pandas as pd

    trials = {level: [row for row in own if row["learning_rate"]] for level, own in trials.items()}
    every = [row for own in trials.values() for row in own]
    if not every:
        return pd.DataFrame(columns=list(COLUMNS))
    row_of_metric = metric_row(every[0]["metric"])
    scale = 100.0 if row_of_metric.bounded else 1.0
    higher, column = bool(row_of_metric.higher_is_better), rate_column(every)
    rows: list[dict[str, Any]] = []
    for level, own in trials.items():
        chosen = {row["trial"] for row in own if row["chosen"] == "yes"}
        rates = {row["trial"]: float(row["learning_rate"]) for row in own}
        best = at_rates(own, column)
        width, open_end = math.nan, False
        if delta is not None and best:
            width, open_end = stats.width_in_decades(
                list(best), list(best.values()), delta, higher_is_better=higher
            )
        taken = {column(rates[trial]) for trial in chosen}
        values = by_point(whole(own))
        failed = [column(rates[trial]) for trial, value in values.items() if math.isnan(value)]
        rows += [
            _row(level, rate, None, scale * value, rate in taken)
            | {"width": width, "open_end": open_end, "failed": failed.count(rate)}
            for rate, value in sorted(best.items())
        ]
        rows += [
            _row(level, rates[trial], trial, scale * value, trial in chosen)
            for trial, value in values.items()
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _row(level: str, rate: float, trial: str | None, value: float, chosen: bool) -> dict[str, Any]:
    told = {"level": level, "learning_rate": rate, "trial": trial, "value": value}
    return told | {"failed": int(not math.isfinite(value)), "chosen": chosen}


@styled
def learning_rates(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    baseline: str | None = None,
    label: str = "metric on validation",
    higher_is_better: bool = True,
    names: Mapping[str, str] | None = None,
    title: str = "",
) -> Any:
    """Draw the best value of each level at each learning rate, with the point that was chosen.

    Args:
        table: as `rates_table` returns it.
        looks: of the levels.
        baseline: which of them it is; of many levels it and the first others have colours.
        label: of the y axis.
        higher_is_better: which way it is better; the axis ends where far worse values begin.
        names: of the levels, where they differ from those of the table.
        title: of the legend.

    Returns:
        A matplotlib figure.
    """
    levels = list(dict.fromkeys(table["level"]))
    front = emphasised(levels, baseline)
    styles = look_of(looks, levels, baseline)
    figure = new_figure(7.4, 3.8, layout="constrained")
    axes = figure.subplots()
    best, points = table[table["trial"].isna()], table[table["trial"].notna()]
    told = told_names(front, names)
    rest = [best[best["level"] == name] for name in levels if name not in front]
    behind(axes, [(own["learning_rate"], own["value"]) for own in rest])
    for level in front:
        own, look = best[best["level"] == level], styles[level]
        marks = look.line(marker=look.marker, ms=5)
        axes.plot(own["learning_rate"], own["value"], label=told[level], **marks)
        tried = points[points["level"] == level]
        axes.plot(tried["learning_rate"], tried["value"], ".", color=look.colour, ms=3, alpha=0.6)
        taken = tried[tried["chosen"]]
        ring = look.points(ms=11, markerfacecolor="none", markeredgewidth=1.6, zorder=4)
        axes.plot(taken["learning_rate"], taken["value"], **ring)
    low, high = table["learning_rate"].min(), table["learning_rate"].max()
    log_axis(axes.xaxis, low / 1.25, high * 1.25)
    limit = _limit(points["value"], higher_is_better=higher_is_better)
    if limit is not None:
        axes.set_ylim(**limit)
    _failures(axes, points, front, styles)
    axes.plot([], [], "o", ms=10, mfc="none", mec=QUIET, mew=1.4, label="chosen")
    axes.set_xlabel("learning rate")
    axes.set_ylabel(label)
    legend_beside(axes, title, len(levels) - len(front))
    return figure


def _limit(values: "pd.Series", *, higher_is_better: bool) -> dict[str, float] | None:
    """Return where the y axis ends although some values are far worse; None where none is."""
    sign = 1.0 if higher_is_better else -1.0
    oriented = sign * values[np.isfinite(values)]
    if not len(oriented):
        return None
    best, usual, worst = oriented.max(), oriented.quantile(USUAL), oriented.min()
    end = best - FAR * (best - usual)
    if worst > end - (best - usual) or best == usual:
        return None
    room = 0.08 * (best - end)
    ends = sorted((sign * end, sign * (best + room)))
    return {"bottom": float(ends[0]), "top": float(ends[1])}


def _failures(axes: Any, points: "pd.DataFrame", front: list[str], styles: Looks) -> None:
    """Draw failed points as crosses in rows below everything else, one row for each level."""
    failed = points[(points["failed"] > 0) & points["level"].isin(front)]
    rows = [name for name in front if (failed["level"] == name).any()]
    if not rows:
        return
    for index, level in enumerate(rows):
        own = failed[failed["level"] == level]
        height = np.full(len(own), 0.02 + 0.03 * index)
        axes.plot(
            own["learning_rate"],
            height,
            "x",
            color=styles[level].colour,
            ms=6,
            transform=axes.get_xaxis_transform(),
        )
    low, high = axes.get_ylim()
    axes.set_ylim(low - (0.06 + 0.03 * len(rows)) * (high - low), high)
    axes.plot([], [], "x", color=QUIET, ms=6, label="failed")


def _caption(
    comparison: Comparison, trials: Mapping[str, list[Tried]], table: "pd.DataFrame"
) -> str:
    seeds = {row["seed"] for own in trials.values() for row in whole(own)}
    n = f"{len(seeds)} tuning seed{'' if len(seeds) == 1 else 's'}"
    rates = {row["learning_rate"] for own in trials.values() for row in own}
    binned = len(set(table[table["trial"].isna()]["learning_rate"])) < len(rates)
    points = table[table["trial"].notna()]
    several = bool((points.groupby(["level", "learning_rate"]).size() > 1).any())
    parts = [f"Line: the best point at each learning rate{' (half-decades)' if binned else ''}"]
    if several or binned:
        parts.append("dots: all points")
    parts.append("ring: the point that was chosen")
    if points["failed"].any():
        parts.append("crosses at the bottom: failed, of the levels in colour")
    text = f"{'; '.join(parts)}. A point is the mean over {n}, at the chosen epoch on validation."
    more = table["level"].nunique() - len(
        emphasised(dict.fromkeys(table["level"]), comparison.baseline)
    )
    if more:
        text += f" Thin and grey: {more} more."
    higher = bool(metric_row(_metric(trials)).higher_is_better)
    if _limit(points["value"], higher_is_better=higher):
        text += " Lines that leave the picture go to values that are far worse."
    if any(row["stage"] == "confirm" for own in trials.values() for row in own):
        text += " Confirmations on more seeds are left out, which not all points had."
    if table["width"].notna().any():
        text += (
            f" Width: decades within {delta_text(comparison)} of the best: "
            f"{_widths(comparison, table)}."
        )
    return text


def _widths(comparison: Comparison, table: "pd.DataFrame") -> str:
    """Return the width of the first levels, in words; the table has all."""
    known = table[table["width"].notna()].drop_duplicates("level")
    first = {str(one["level"]): one for one in known.to_dict("records")}
    most = 6 if max(map(len, first)) <= NAME_CELLS else 3
    names = emphasised(first, comparison.baseline, most=most)
    told = [
        f"{shown(comparison.factor, level)} {first[level]['width']:.1f}"
        f"{' or more' if first[level]['open_end'] else ''}"
        for level in names
    ]
    return ", ".join(told) + ("; the table has all" if len(first) > len(names) else "")


def _description(comparison: Comparison, table: "pd.DataFrame", words: str) -> str:
    chosen = table[table["trial"].notna() & table["chosen"]].drop_duplicates("level")
    first = {str(one["level"]): one for one in chosen.to_dict("records")}
    parts = [
        f"{shown(comparison.factor, level)} {first[level]['learning_rate']:g} "
        f"({first[level]['value']:.4g})"
        for level in emphasised(first, comparison.baseline, most=3)
    ]
    tried = table[table["trial"].notna()]["learning_rate"]
    lead = f"Learning rates from {tried.min():g} to {tried.max():g} were tried."
    return f"{lead} Chosen, with {words}: {'; '.join(parts)}." if parts else lead

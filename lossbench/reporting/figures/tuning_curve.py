"""The tuning curve: what a search would be expected to find with fewer trials."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from lossbench import stats
from lossbench.catalog.axes import plural, shown
from lossbench.catalog.metrics import metric_row
from lossbench.comparison import Comparison
from lossbench.reporting.figures.learning_rates import trials_of
from lossbench.reporting.figures.lines import (
    MOST_ROWS,
    behind,
    evenly,
    legend_beside,
    of_track,
    told_names,
)
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    Looks,
    emphasised,
    look_of,
    new_figure,
    styled,
)
from lossbench.reporting.tuning import Tried, by_point, whole

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("level", "trials", "expected_best", "failed")


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the curve, where a search had two trials or more."""
    comparison = material.comparison
    trials = trials_of(material)
    table = tuning_table(trials)
    if not (table["trials"] > 1).any():
        return
    metric = next(iter(trials.values()))[0]["metric"]
    unit = ", points" if metric_row(metric).bounded else ""
    words = f"best validation {metric.replace('_', ' ')}{unit}"

    def draw() -> Any:
        return tuning_curve(
            table,
            looks=material.looks,
            baseline=comparison.baseline,
            label=f"expected {words}",
            names={level: shown(comparison.factor, level) for level in trials},
            title=plural(comparison.factor),
        )

    yield Picture(
        name="tuning-curve",
        section="tuned",
        title=f"Expected best by number of trials{of_track(comparison)}",
        table=_some(table),
        draw=draw,
        caption=_caption(comparison, trials, table),
        description=_description(comparison, table, words),
    )


def tuning_table(trials: Mapping[str, list[Tried]]) -> "pd.DataFrame":
    """Return the expected best value after 1, 2, ... trials of each level.

    Args:
        trials: rows of `tuning.csv` by level, all of one metric.

    Returns:
        `COLUMNS`; values in points where the metric is bounded; failed: of the level's trials,
        which count as the worst that worked. Levels of which all failed are left out.
    """
    import pandas as pd

    parts = []
    for level, own in trials.items():
        values = np.array([*by_point(whole(own)).values()])
        if not np.isfinite(values).any():
            continue
        row = metric_row(own[0]["metric"])
        curve = stats.expected_best(values, higher_is_better=bool(row.higher_is_better))
        told = {"level": level, "trials": np.arange(1, len(values) + 1)}
        best = (100.0 if row.bounded else 1.0) * curve
        failed = int((~np.isfinite(values)).sum())
        parts.append(pd.DataFrame(told | {"expected_best": best, "failed": failed}))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))


def _some(table: "pd.DataFrame") -> "pd.DataFrame":
    import pandas as pd

    groups = [own for _, own in table.groupby("level", sort=False)]
    most = max(2, MOST_ROWS // len(groups))
    return pd.concat([one.iloc[evenly(len(one), most)] for one in groups], ignore_index=True)


@styled
def tuning_curve(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    baseline: str | None = None,
    label: str = "expected best on validation",
    names: Mapping[str, str] | None = None,
    title: str = "",
) -> Any:
    """Draw the expected best value of each level over the number of trials.

    Args:
        table: as `tuning_table` returns it.
        looks: of the levels.
        baseline: which of them it is; of many levels it and the first others have colours.
        label: of the y axis.
        names: of the levels, where they differ from those of the table.
        title: of the legend.

    Returns:
        A matplotlib figure.
    """
    groups = {str(name): own for name, own in table.groupby("level", sort=False)}
    levels = list(groups)
    front = emphasised(levels, baseline)
    styles = look_of(looks, levels, baseline)
    figure = new_figure(7.4, 3.2, layout="constrained")
    axes = figure.subplots()
    told = told_names(front, names)
    rest = [groups[name] for name in levels if name not in front]
    behind(axes, [(own["trials"], own["expected_best"]) for own in rest])
    for level in front:
        own, look = groups[level].iloc[evenly(len(groups[level]), 60)], styles[level]
        marks = {"marker": look.marker, "ms": 4.5, "markevery": max(1, len(own) // 8)}
        axes.plot(own["trials"], own["expected_best"], label=told[level], **look.line(), **marks)
    axes.set_xlabel("trials")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel(label)
    legend_beside(axes, title, len(levels) - len(front))
    return figure


def _caption(
    comparison: Comparison, trials: Mapping[str, list[Tried]], table: "pd.DataFrame"
) -> str:
    counts = sorted(set(table.groupby("level")["trials"].max()))
    n = f"{counts[0]}" if counts[0] == counts[-1] else f"{counts[0]} to {counts[-1]}"
    text = (
        f"Mean over all choices of so many of the n = {n} trials of the best of them; no band. "
        "It is what random search would find; of a grid, of tpe and of halving it only describes "
        "these trials."
    )
    failed = table.groupby("level", sort=False)["failed"].first()
    if failed.any():
        text += f" Failed trials ({int(failed.sum())}) count as the worst that worked."
    gone = [level for level in trials if level not in set(table["level"])]
    if gone:
        names = ", ".join(shown(comparison.factor, level) for level in gone)
        text += f" Left out, as all trials failed: {names}."
    more = table["level"].nunique() - len(
        emphasised(dict.fromkeys(table["level"]), comparison.baseline)
    )
    return text + (f" Thin and grey: {more} more." if more else "")


def _description(comparison: Comparison, table: "pd.DataFrame", words: str) -> str:
    groups = {str(name): own for name, own in table.groupby("level", sort=False)}
    parts = []
    for level in emphasised(groups, comparison.baseline, most=3):
        own = groups[level]["expected_best"]
        name = shown(comparison.factor, level)
        parts.append(f"{name} {own.iloc[0]:.4g} after 1, {own.iloc[-1]:.4g} after {len(own)}")
    return f"Expected {words}, by trials: {'; '.join(parts)}."

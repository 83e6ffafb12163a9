"""Cost and quality: the metric against the time of a step, or against the time to a target."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lossbench import stats
from lossbench.catalog.axes import shown
from lossbench.comparison import Comparison
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    INK,
    QUIET,
    Limits,
    Look,
    Looks,
    completed,
    emphasised,
    look_of,
    new_figure,
    short_names,
    styled,
    text_width,
    within,
)
from lossbench.reporting.numbers import decimals_of, number
from lossbench.reporting.sentences import ci_name

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("level", "cost", "cost_low", "cost_high", "mean", "mean_low", "mean_high"),
    *("runs", "front"),
)


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the front by time of a step and by time to the target, where two levels have both."""
    comparison = material.comparison
    forms = (
        ("by time of a step", "median time of a training step, ms", steps_table(material)),
        ("by seconds to target", "seconds of training to the target", targets_table(comparison)),
    )
    for variant, label, table in forms:
        if len(table) > 1 and table["cost"].nunique() > 1:
            yield _picture(material, variant, label, table)


def _picture(material: Material, variant: str, label: str, table: "pd.DataFrame") -> Picture:
    comparison = material.comparison
    metric = comparison.metric.replace("_", " ")
    points = " in points" if comparison.bounded else ""

    def draw() -> Any:
        return cost_quality(
            table,
            looks=material.looks,
            baseline=comparison.baseline,
            cost=label,
            quality=f"{metric}{points}",
            higher_is_better=comparison.higher_is_better,
            names={level: shown(comparison.factor, level) for level in comparison.values},
        )

    return Picture(
        name="cost-quality",
        section="cost",
        title="Quality against cost",
        table=table,
        draw=draw,
        caption=_caption(comparison, table, variant),
        description=_description(comparison, table, label),
        variant=variant,
    )


def steps_table(material: Material) -> "pd.DataFrame":
    """Return mean and time of a step of each level, with t intervals over its runs.

    Levels whose times cannot be compared with the baseline's, as on another device or on a busy
    machine, are left out; so are all without a baseline.
    """
    comparison = material.comparison
    rows = []
    for row in comparison.rows:
        if not (math.isfinite(row.step_ratio) and math.isfinite(row.mean)):
            continue
        jobs = comparison.jobs.get(row.level, {}).values()
        times = [_number(material.results.get(job, {}).get("step_ms_median")) for job in jobs]
        rows.append((row.level, *_mean(times, comparison.alpha), *_quality(comparison, row.level)))
    return _with_front(rows, comparison.higher_is_better)


def targets_table(comparison: Comparison) -> "pd.DataFrame":
    """Return mean of each level and median seconds to the target, with quartiles over its runs.

    Levels of which fewer than half of the runs reach the target are left out.
    """
    found = comparison.convergence
    rows = []
    means = {row.level for row in comparison.rows if math.isfinite(row.mean)}
    for one in found.rows if found else ():
        if one.level not in means or not math.isfinite(one.seconds_to):
            continue
        own = sorted(
            job.seconds_to for job in (found.jobs if found else ()) if job.level == one.level
        )
        # Quartiles are values of runs, since those that never reach the target are infinite.
        ends = (
            np.quantile(own, [0.25, 0.75], method="inverted_cdf") if len(own) > 2 else [np.nan] * 2
        )
        high = float(ends[1]) if math.isfinite(ends[1]) else math.nan
        low = float(ends[0]) if math.isfinite(high) else math.nan
        cost = (one.seconds_to, low, high)
        rows.append((one.level, *cost, *_quality(comparison, one.level)))
    return _with_front(rows, comparison.higher_is_better)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else math.nan


def _mean(values: Iterable[float], alpha: float, overlap: float = 0.0) -> tuple[float, ...]:
    """Return the mean of the finite values and its t interval."""
    known = [value for value in values if math.isfinite(value)]
    if len(known) < stats.FEWEST_BLOCKS:
        return (float(np.mean(known)) if known else math.nan, math.nan, math.nan)
    of = stats.paired_difference(known, alpha, overlap)
    return of.mean, of.ci_low, of.ci_high


def _quality(comparison: Comparison, level: str) -> tuple[float, ...]:
    values = [value for value in comparison.values.get(level, {}).values() if math.isfinite(value)]
    scale = 100.0 if comparison.bounded else 1.0
    found = _mean(values, comparison.alpha, comparison.overlap)
    return (*(scale * number_ for number_ in found), float(len(values)))


def _with_front(rows: Sequence[tuple[Any, ...]], higher_is_better: bool) -> "pd.DataFrame":
    import pandas as pd

    every = pd.DataFrame(rows, columns=list(COLUMNS[:-1]))
    table: pd.DataFrame = every[np.isfinite(every["cost"].to_numpy(np.float64))].reset_index(
        drop=True
    )
    best = front(list(table["cost"]), list(table["mean"]), higher_is_better)
    table["runs"] = table["runs"].astype(int)
    table["front"] = [at in best for at in range(len(table))]
    return table


def front(costs: Sequence[float], qualities: Sequence[float], higher_is_better: bool) -> list[int]:
    """Return the indices that no other is better than in one respect and as good in the other.

    Args:
        costs: less is better.
        qualities: of the same length; which way is better says the last argument.
        higher_is_better: of the qualities.

    Returns:
        Cheapest first.
    """
    sign = 1.0 if higher_is_better else -1.0
    order = sorted(range(len(costs)), key=lambda at: (costs[at], -sign * qualities[at], at))
    kept: list[int] = []
    for at in order:
        if not kept or sign * qualities[at] > sign * qualities[kept[-1]]:
            kept.append(at)
    return kept


@styled
def cost_quality(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    baseline: str | None = None,
    cost: str = "cost",
    quality: str = "quality",
    higher_is_better: bool = True,
    names: dict[str, str] | None = None,
) -> Any:
    """Draw means against costs, and the front: what nothing else is both cheaper and better than.

    Args:
        table: as `steps_table` returns it; level, cost and mean are needed.
        looks: of the levels.
        baseline: which of them is the baseline.
        cost: label of the x axis.
        quality: label of the y axis.
        higher_is_better: of the quality.
        names: what the legend says, where that is not the level.

    Returns:
        A matplotlib figure.

    Raises:
        ValueError: the table has no level, cost or mean.
    """
    full = completed(table, "cost_quality", ("level", "cost", "mean"), COLUMNS)
    rows = full.to_dict("records")
    levels = [str(row["level"]) for row in rows]
    best = front([row["cost"] for row in rows], [row["mean"] for row in rows], higher_is_better)
    named = emphasised([levels[at] for at in best] + levels, baseline, most=2 * len(levels))
    named = list(dict.fromkeys(named))[:8]
    told = {level: (names or {}).get(level, level) for level in named}
    texts = short_names(told.values())
    axes = _axes(text_width(texts.values()) + 0.75)
    axes.set_xlim(_limits(rows, "cost", best))
    axes.set_ylim(_limits(rows, "mean", best))
    _front_line(axes, rows, best)
    styles = look_of(looks, levels, baseline)
    for level in [*(level for level in levels if level not in named), *named]:
        text = texts[told[level]] if level in named else None
        _point(axes, rows[levels.index(level)], styles[level], text)
    axes.set_xlabel(f"{cost} (left is better)")
    axes.set_ylabel(f"{quality} ({'up' if higher_is_better else 'down'} is better)")
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1.0), labelcolor=INK)
    return axes.figure


def _axes(right: float) -> Any:
    """Return axes with room for a legend at the right, in inches."""
    width = 5.4 + right
    return new_figure(width, 3.6).add_axes((0.7 / width, 0.15, 4.6 / width, 0.8))


def _front_line(axes: Any, rows: Sequence[dict[str, Any]], best: Sequence[int]) -> None:
    steps = [rows[at] for at in best]
    axes.plot(
        [*(row["cost"] for row in steps), max(row["cost"] for row in rows)],
        [*(row["mean"] for row in steps), steps[-1]["mean"]],
        drawstyle="steps-post", color=QUIET, lw=1.2, zorder=1, label="front",
    )  # fmt: skip


def _point(axes: Any, row: dict[str, Any], look: Look, text: str | None) -> None:
    """Draw a level with its intervals; one without a name small and grey."""
    colour = look.colour if text else QUIET
    axes.plot([row["cost_low"], row["cost_high"]], [row["mean"]] * 2, color=colour, lw=0.9)
    axes.plot([row["cost"]] * 2, [row["mean_low"], row["mean_high"]], color=colour, lw=0.9)
    x, y = _inside(row["cost"], axes.get_xlim()), _inside(row["mean"], axes.get_ylim())
    marks = look.points(ms=7 if text else 4, color=colour, label=text)
    axes.plot(x, y, clip_on=False, **marks)
    if (x, y) != (row["cost"], row["mean"]):
        axes.annotate(
            f"beyond the axis: {row['mean']:.4g}", (x, y), (6, 4), fontsize=7,
            textcoords="offset points", color=INK,
        )  # fmt: skip


def _limits(rows: Sequence[dict[str, Any]], name: str, best: Sequence[int]) -> Limits:
    """Return limits that hold the front and most levels, and their intervals of usual width."""
    values = np.array([row[name] for row in rows], np.float64)
    ends = np.array([[row[f"{name}_{end}"] for end in ("low", "high")] for row in rows], np.float64)
    widths = ends[:, 1] - ends[:, 0]
    known = widths[np.isfinite(widths)]
    usual = float(np.median(known)) if len(known) else 0.0
    low, high = np.quantile(values, [0.25, 0.75])
    far = 3 * max(high - low, usual) if len(rows) > 3 else math.inf
    near = (values >= low - far) & (values <= high + far)
    near[list(best)] = True
    return within([*values[near], *ends[near & (widths <= 3 * usual)].ravel()])


def _inside(value: float, limits: Limits) -> float:
    return min(max(value, limits[0]), limits[1])


def _caption(comparison: Comparison, table: "pd.DataFrame", variant: str) -> str:
    counts = sorted(set(table["runs"]))
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    left = len(comparison.rows) - len(table)
    target = comparison.convergence.target if comparison.convergence else math.nan
    if "target" in variant:
        scale = 100 if comparison.bounded else 1
        metric = comparison.convergence.metric.replace("_", " ") if comparison.convergence else ""
        across = (
            "across: median and quartiles of the runs' seconds, evaluations left out, to the "
            f"target of {scale * target:.4g} in {metric} on validation, which the baseline's "
            "median run reaches"
        )
        why = "of which fewer than half of the runs reach it"
    else:
        across = f"across: mean of the runs' median times with {ci_name(comparison)}"
        why = "whose times are unknown or cannot be compared with the baseline's"
    return (
        f"Upright: mean with {ci_name(comparison)} over n = {n} run{'' if counts == [1] else 's'}; "
        f"{across}; no bar below {stats.FEWEST_BLOCKS} runs; line: what nothing else is both "
        "cheaper and better than."
        + (f" Left out: {left}, {why}." if left else "")
        + (" Small and grey: not among the first eight." if len(table) > 8 else "")
    )


def _description(comparison: Comparison, table: "pd.DataFrame", label: str) -> str:
    kept = table[table["front"]].sort_values("cost").head(4)
    decimals = decimals_of([float(table["mean"].std())], otherwise=2)
    texts = (
        f"{shown(comparison.factor, one['level'])} with {number(one['mean'], decimals)} at "
        f"{one['cost']:.3g}"
        for one in kept.to_dict("records")
    )
    return f"On the front, cheapest first: {'; '.join(texts)} ({label})."

"""The forest plot: mean difference to the baseline with its interval, and single seeds as dots."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lossbench.catalog.axes import shown, title
from lossbench.comparison import Comparison, Row
from lossbench.reporting.columns import WORDS
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    INK,
    LINE,
    QUIET,
    Looks,
    look_of,
    new_figure,
    short,
    short_names,
    styled,
)
from lossbench.reporting.numbers import decimals_of, interval, number
from lossbench.reporting.sentences import ci_name, delta_text, sentence

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("level", "seed", "diff", "ci_low", "ci_high", "n", "verdict")
REACH = 3.0
"""Seeds beyond so many times the range of intervals and delta stand at the edge, as arrows."""
MANY = 16
"""From so many levels on rows stand closer."""


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the forest plot, where there is a baseline and something beside it."""
    comparison = material.comparison
    others = _told(comparison)
    if comparison.baseline is None or not others:
        return
    table = forest_table(comparison)
    base = shown(comparison.factor, comparison.baseline)
    points = ", points" if comparison.bounded else ""

    def draw() -> Any:
        return forest(
            table,
            looks=material.looks,
            delta=comparison.delta * (100 if comparison.bounded else 1),
            label=f"{comparison.metric.replace('_', ' ')}: difference to {short(base)}{points}",
        )

    yield Picture(
        name="forest",
        section="answer",
        title=f"Difference to {base} by {title(comparison.factor)}",
        table=table[table["seed"].isna()].drop(columns="seed"),
        draw=draw,
        caption=_caption(comparison, others),
        description=" ".join(sentence(row, comparison, alone=False) for row in others[:3]),
    )


def _told(comparison: Comparison) -> list[Row]:
    """Return the rows that have a difference: levels, then controls."""
    rows = [*comparison.rows, *comparison.controls]
    return [row for row in rows if row.verdict != "BASELINE" and math.isfinite(row.diff)]


def forest_table(comparison: Comparison) -> "pd.DataFrame":
    """Return a row for each level, without a seed, and one for each of its seeds.

    Differences are oriented, positive is better, and in points where the metric is bounded.
    """
    import pandas as pd

    scale = 100.0 if comparison.bounded else 1.0
    sign = 1.0 if comparison.higher_is_better else -1.0
    base = comparison.values.get(comparison.baseline or "", {})
    rows: list[dict[str, Any]] = []
    for row in _told(comparison):
        ends = {name: scale * getattr(row, name) for name in ("diff", "ci_low", "ci_high")}
        word = "control" if row in comparison.controls else WORDS.get(row.verdict, row.verdict)
        rows.append({"level": row.level, "n": row.n, "verdict": word} | ends)
        for seed, value in comparison.values.get(row.level, {}).items():
            diff = scale * sign * (value - base.get(seed, math.nan))
            if math.isfinite(diff):
                rows.append({"level": row.level, "seed": seed, "diff": diff})
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"seed": "Int64", "n": "Int64"})


@styled
def forest(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    delta: float = math.nan,
    label: str = "difference to the baseline",
) -> Any:
    """Draw mean differences with their intervals, single seeds as dots, and what does not matter.

    Args:
        table: as `forest_table` returns it.
        looks: of the levels.
        delta: smallest difference that matters, in the unit of the table; a band is drawn.
        label: of the x axis.

    Returns:
        A matplotlib figure. Each row can be read alone: difference, interval and verdict stand
        beside it.
    """
    summary = table[table["seed"].isna()].to_dict("records")
    names = [str(one["level"]) for one in summary]
    styles, texts = look_of(looks, names, None), short_names(names)
    each = 0.36 if len(names) < MANY else 0.24
    figure = new_figure(8.4, 0.95 + each * max(len(names), 2))
    axes = figure.subplots()
    height = figure.get_size_inches()[1]
    figure.subplots_adjust(left=0.23, right=0.66, bottom=0.55 / height, top=1 - 0.3 / height)
    low, high = _limits(summary, table["diff"], delta)
    if math.isfinite(delta) and delta > 0:
        axes.axvspan(max(-delta, low), min(delta, high), color=LINE, alpha=0.5, lw=0)
    axes.axvline(0, color=INK, lw=1, linestyle=(0, (4, 2)))
    halves = [(one["ci_high"] - one["ci_low"]) / 2 for one in summary]
    decimals = max(1, decimals_of(halves, 2))
    for at, one in enumerate(summary):
        _row(axes, at, one, table, styles[str(one["level"])], (low, high))
        ends = interval(one["ci_low"], one["ci_high"], decimals, separator=", ")
        text = f"{number(one['diff'], decimals, signed=True)} {ends}"
        beside = {"va": "center", "fontsize": 8, "transform": axes.get_yaxis_transform()}
        axes.text(1.02, at, text.removesuffix(" ."), **beside)
        axes.text(1.74, at, one["verdict"], ha="right", **beside)
    axes.set_yticks(range(len(names)), [texts[name] for name in names])
    axes.set(xlim=(low, high), ylim=(len(names) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel(label)
    return figure


def _row(
    axes: Any, at: int, one: Any, table: "pd.DataFrame", look: Any, limits: tuple[float, float]
) -> None:
    """Draw a level: its seeds, its interval, its mean; hollow where it is a control."""
    low, high = limits
    seeds = table[(table["level"] == one["level"]) & table["seed"].notna()]["diff"]
    inside = seeds[(seeds >= low) & (seeds <= high)]
    axes.plot(inside, [at + 0.25] * len(inside), ".", color=QUIET, ms=4)
    for marker, edge, count in (("<", low, sum(seeds < low)), (">", high, sum(seeds > high))):
        if count:
            axes.plot(edge, at + 0.25, marker, color=QUIET, ms=5, clip_on=False)
    if math.isfinite(one["ci_low"]) and math.isfinite(one["ci_high"]):
        ends = [max(one["ci_low"], low), min(one["ci_high"], high)]
        axes.plot(ends, [at, at], color=look.colour, lw=2)
    hollow = {"mfc": "none", "mew": 1.5} if one["verdict"] == "control" else {}
    axes.plot(min(max(one["diff"], low), high), at, **look.points(ms=7, **hollow))


def _limits(summary: Sequence[Any], seeds: "pd.Series", delta: float) -> tuple[float, float]:
    """Return limits of the x axis that no single freak seed stretches."""
    ends = [one[name] for one in summary for name in ("diff", "ci_low", "ci_high")]
    means = sorted(abs(one["diff"]) for one in summary)
    usual = REACH * max([*means[: len(means) // 2 + 1], 0.0 if math.isnan(delta) else delta])
    known = [end for end in ends if math.isfinite(end)] or [0.0]
    spread = max(map(abs, known)) or 1.0
    reach = max(usual, spread) if len(summary) < MANY else spread
    dots = [value for value in seeds if math.isfinite(value) and abs(value) <= REACH * reach]
    every = [*known, *dots, 0.0, *([delta, -delta] if math.isfinite(delta) else [])]
    room = 0.04 * ((max(every) - min(every)) or 1.0)
    return min(every) - room, max(every) + room


def _caption(comparison: Comparison, rows: Sequence[Row]) -> str:
    counts = sorted({row.n for row in rows})
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    failed = sum(row.failed for row in comparison.rows)
    return (
        f"Marker: mean difference over n = {n} paired seeds, right is better; bar: "
        f"{ci_name(comparison)} of the paired t-test, not adjusted for several "
        f"{title(comparison.factor)} levels; dots: single seeds, arrows those beyond the axis; "
        f"grey band: less than {delta_text(comparison)}, which does not matter."
        + (" Hollow: a control, cross-entropy with another head." if comparison.controls else "")
        + (f" {failed} failed runs are not drawn." if failed else "")
    )

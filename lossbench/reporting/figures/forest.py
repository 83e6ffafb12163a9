"""The forest plot: mean difference to the baseline with its interval, and single seeds as dots."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lossbench import stats
from lossbench.catalog.axes import shown, title
from lossbench.comparison import Comparison, Row
from lossbench.reporting.columns import WORDS
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    INK,
    LINE,
    PAPER,
    QUIET,
    Limits,
    Look,
    Looks,
    completed,
    look_of,
    new_figure,
    short,
    short_names,
    styled,
    text_width,
    within,
)
from lossbench.reporting.numbers import decimals_of, interval, number
from lossbench.reporting.sentences import ci_name, delta_text, sentence

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    *("level", "seed", "diff", "ci_low", "ci_high", "crossed_low", "crossed_high"),
    *("n", "failed", "verdict", "control"),
)
PLOT = 3.3
"""Inches that the axis takes; names stand left of it, numbers and verdicts right."""
SMALL = 8.0
MANY_SEEDS = 40
MOST_NAMED = 4


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the forest plot, where there is a baseline and something beside it."""
    comparison = material.comparison
    others = [row for row in (*comparison.rows, *comparison.controls) if row.verdict != "BASELINE"]
    if comparison.baseline is None or not any(math.isfinite(row.diff) for row in others):
        return
    table = forest_table(comparison)
    base = shown(comparison.factor, comparison.baseline)
    points = ", points" if comparison.bounded else ""
    metric = comparison.metric.replace("_", " ")

    def draw() -> Any:
        return forest(
            table,
            looks=material.looks,
            delta=comparison.delta * (100 if comparison.bounded else 1),
            label=f"{metric}: difference to {short(base)}{points} (right is better)",
            names={row.level: shown(comparison.factor, row.level) for row in others},
        )

    yield Picture(
        name="forest",
        section="answer",
        title=f"Difference to {base} by {title(comparison.factor)}",
        table=table,
        draw=draw,
        caption=_caption(comparison, others),
        description=" ".join(sentence(row, comparison, alone=False) for row in others[:3]),
    )


def forest_table(comparison: Comparison) -> "pd.DataFrame":
    """Return a row for each level, without a seed, and one for each of its seeds.

    Differences are oriented, positive is better, and in points where the metric is bounded.
    Levels of which nothing worked have no difference, those of fewer than three seeds no interval.
    """
    import pandas as pd

    scale = 100.0 if comparison.bounded else 1.0
    sign = 1.0 if comparison.higher_is_better else -1.0
    base = comparison.values.get(comparison.baseline or "", {})
    levels: list[dict[str, Any]] = []
    seeds: list[dict[str, Any]] = []
    for row in (*comparison.rows, *comparison.controls):
        if row.verdict == "BASELINE":
            continue
        control = row in comparison.controls
        tested = row.n >= stats.FEWEST_BLOCKS
        ends = {
            name: scale * getattr(row, name) if tested else math.nan
            for name in ("ci_low", "ci_high", "crossed_low", "crossed_high")
        }
        told = {"n": row.n, "failed": row.failed, "verdict": WORDS[row.verdict]}
        same = {"level": row.level, "control": control}
        levels.append(same | {"diff": scale * row.diff} | told | ends)
        for seed, value in comparison.values.get(row.level, {}).items():
            diff = scale * sign * (value - base.get(seed, math.nan))
            if math.isfinite(diff):
                seeds.append(same | {"seed": seed, "diff": diff})
    table = pd.DataFrame([*levels, *seeds], columns=list(COLUMNS))
    return table.astype({"seed": "Int64", "n": "Int64", "failed": "Int64"})


@styled
def forest(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    delta: float = math.nan,
    label: str = "difference to the baseline",
    names: dict[str, str] | None = None,
) -> Any:
    """Draw mean differences with their intervals, single seeds as dots, and what does not matter.

    Args:
        table: as `forest_table` returns it; columns besides level and diff may be absent. Rows
            without a seed are the means.
        looks: of the levels.
        delta: smallest difference that matters, in the unit of the table; a band is drawn.
        label: of the x axis.
        names: what stands beside the rows, where that is not the level.

    Returns:
        A matplotlib figure.

    Raises:
        ValueError: the table has no level or no diff.
    """
    full = completed(table, "forest", ("level", "diff"), COLUMNS)
    rows = full[full["seed"].isna()].to_dict("records")
    dots = full[full["seed"].notna()]
    seeds = {level: list(part["diff"]) for level, part in dots.groupby("level", sort=False)}
    texts = short_names((names or {}).get(row["level"], str(row["level"])) for row in rows)
    labels = [texts[(names or {}).get(row["level"], str(row["level"]))] for row in rows]
    numbers = _numbers(rows)
    axes = _axes(labels, numbers, rows)
    axes.set_xlim(_limits(rows, seeds, delta))
    _guides(axes, delta)
    styles = look_of(looks, [str(row["level"]) for row in rows], None)
    for at, row in enumerate(rows):
        _row(axes, at, row, seeds.get(row["level"], []), styles[str(row["level"])])
    axes.set_xlabel(label)
    return axes.figure


def _axes(labels: Sequence[str], numbers: Sequence[str], rows: Sequence[dict[str, Any]]) -> Any:
    """Return axes with a row for each level: names at the left, numbers and words at the right."""
    verdicts = [_word(row) for row in rows]
    left, middle = text_width(labels) + 0.2, text_width(numbers, SMALL) + 0.2
    right = text_width(verdicts, SMALL) + 0.1
    each = 0.36 if len(rows) <= 12 else 0.25
    width, height = left + PLOT + middle + right, 0.95 + each * len(rows)
    figure = new_figure(width, height)
    axes = figure.add_axes((left / width, 0.55 / height, PLOT / width, each * len(rows) / height))
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, pad=7)
    axes.spines["left"].set_visible(False)
    beside: dict[str, Any] = {
        "transform": axes.get_yaxis_transform(),
        "fontsize": SMALL,
        "va": "center",
        "color": INK,
    }
    for at, (text, word) in enumerate(zip(numbers, verdicts, strict=True)):
        axes.text(1 + 0.12 / PLOT, at, text, **beside)
        axes.text(1 + middle / PLOT, at, word, **beside)
    return axes


def _word(row: dict[str, Any]) -> str:
    return row["verdict"] if isinstance(row["verdict"], str) else ""


def _numbers(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return each difference with its interval, all with as many decimals."""
    halves = [(row["ci_high"] - row["ci_low"]) / 2 for row in rows]
    sizes = [abs(row["diff"]) / 2 for row in rows]
    decimals = decimals_of(halves, otherwise=decimals_of(sizes, otherwise=2))
    texts = []
    for row in rows:
        if not math.isfinite(row["diff"]):
            failed = row["failed"]
            texts.append(f"{failed} failed" if failed == failed and failed else "no pair")
            continue
        ends = interval(row["ci_low"], row["ci_high"], decimals, separator=", ")
        mean = number(row["diff"], decimals, signed=True)
        texts.append(mean if ends == "." else f"{mean} {ends}")
    return texts


def _limits(rows: Sequence[dict[str, Any]], seeds: dict[str, list[float]], delta: float) -> Limits:
    """Return limits that hold all intervals but those far from most, and the seeds near them."""
    ends = [
        [end for end in (row["diff"], row["ci_low"], row["ci_high"]) if math.isfinite(end)]
        for row in rows
    ]
    known = [one for one in ends if one]
    reaches = sorted(max(map(abs, one)) for one in known)
    usual = reaches[(len(reaches) - 1) // 2] if len(reaches) > 2 else math.inf
    band = [-delta, delta] if delta <= 3 * max(reaches, default=0) else []
    most = max(8 * usual, 2 * delta if math.isfinite(delta) else 0)
    core = [end for one in known if min(map(abs, one)) <= most for end in one]
    core = [end for end in core if abs(end) <= most]
    return within([0.0, *core, *band], [dot for dots in seeds.values() for dot in dots])


def _guides(axes: Any, delta: float) -> None:
    """Draw no difference, and what does not matter."""
    low, high = axes.get_xlim()
    if math.isfinite(delta) and delta > 0:
        axes.axvspan(-delta, delta, color=LINE, alpha=0.5, lw=0)
        place = (0 - low) / (high - low)
        side = "left" if place < 0.3 else "right" if place > 0.7 else "center"
        axes.annotate(
            f"±{delta:.3g} does not matter",
            (0, 1),
            (0, 3),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha=side,
            fontsize=SMALL - 0.5,
            color=QUIET,
            annotation_clip=False,
        )
    axes.axvline(0, color=INK, lw=1, linestyle=(0, (4, 2)))
    axes.set_xlim(low, high)


def _row(axes: Any, at: int, row: dict[str, Any], seeds: Sequence[float], look: Look) -> None:
    low, high = axes.get_xlim()
    inside = [dot for dot in seeds if low <= dot <= high]
    if len(seeds) <= MANY_SEEDS:
        axes.plot(inside, [at + 0.24] * len(inside), ".", color=QUIET, ms=4, mew=0)
    else:  # strokes, all in one line with gaps, which take fewer bytes than dots
        places = [at + 0.18, at + 0.3, math.nan] * len(inside)
        axes.plot([dot for dot in inside for _ in range(3)], places, color=QUIET, lw=0.7)
    _arrows(axes, at + 0.24, [dot for dot in seeds if not low <= dot <= high], QUIET, 3)
    crossed = [row["crossed_low"], row["crossed_high"]]
    if all(map(math.isfinite, crossed)):
        axes.plot(crossed, [at, at], color=look.colour, lw=0.8, marker="|", ms=5)
    ends = [row["ci_low"], row["ci_high"]]
    if all(map(math.isfinite, ends)):
        axes.plot(ends, [at, at], color=look.colour, lw=2)
        _arrows(axes, at, [end for end in ends if not low <= end <= high], look.colour, 4)
    if low <= row["diff"] <= high:
        hollow = {"mfc": PAPER} if row["control"] is True else {}
        axes.plot(row["diff"], at, **look.points(ms=7, zorder=3, **hollow))
    else:
        _arrows(axes, at, [row["diff"]], look.colour, 7)


def _arrows(axes: Any, at: float, values: Iterable[float], colour: str, size: float) -> None:
    """Mark at the edge of the axis that values lie beyond it."""
    low, high = axes.get_xlim()
    beyond = {("<", low) if value < low else (">", high) for value in values if value == value}
    for marker, edge in sorted(beyond):
        axes.plot(edge, at, marker, color=colour, ms=size, clip_on=False, mew=0)


def _caption(comparison: Comparison, rows: Sequence[Row]) -> str:
    counts = sorted({row.n for row in rows if row.n})
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    crossed = any(math.isfinite(row.crossed_low) for row in rows)
    hollow = " Hollow: cross-entropy with the head of another loss." if comparison.controls else ""
    few = min(counts) < stats.FEWEST_BLOCKS
    many = "" if len(rows) == 1 else f", not adjusted for the {len(rows)} rows"
    parts = (
        f"Marker: mean difference over n = {n} paired seed{'' if counts == [1] else 's'}, right is "
        f"better; bar: {ci_name(comparison)} of the paired t-test{many}"
        + (f", none below {stats.FEWEST_BLOCKS} seeds" if few else ""),
        "thin bar: crossed bootstrap over seeds and test examples" if crossed else "",
        "dots: single seeds; arrows: beyond the axis",
        f"grey band: less than {delta_text(comparison)}, which does not matter."
        if math.isfinite(comparison.delta)
        else "",
    )
    return "; ".join(filter(None, parts)).rstrip(".") + "." + hollow + _failures(comparison)


def _failures(comparison: Comparison) -> str:
    """Return which runs failed, whose seeds are in no difference."""
    failed = [row for row in (*comparison.rows, *comparison.controls) if row.failed]
    if not failed:
        return ""
    named = (
        f"{shown(comparison.factor, row.level)} {row.failed} of {row.done + row.failed}"
        for row in failed[:MOST_NAMED]
    )
    more = f" and {len(failed) - MOST_NAMED} more" if len(failed) > MOST_NAMED else ""
    return f" Failed runs, left out with their seeds: {', '.join(named)}{more}."

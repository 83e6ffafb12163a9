"""Win matrix: how often each level beats each other one in a new seed, and where a test says so."""

import math
from collections.abc import Iterable, Mapping, Set
from itertools import combinations, permutations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossbench import stats
from lossbench.catalog.axes import plural, shown
from lossbench.comparison import Comparison
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    INK,
    LINE,
    completed,
    new_figure,
    short_names,
    styled,
    text_width,
)
from lossbench.reporting.sentences import level_of_tests

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("row", "column", "pi", "n", "p_holm", "significant")
FEWEST, MOST = 3, 12
"""Levels of which there is a matrix, and those that it shows: the first and the baseline."""

DARK, LIGHT = "#1a1a1a", "#fafafa"
"""Text on cells, which have colours of their own on any page."""
ENDS = ("#b04a00", "#f2f2f2", "#005a8c")
"""Cells at 0, one half and 1: darker than the colours of lines, for light text on them."""

Values = Mapping[str, Mapping[int, float]]
Failed = Set[tuple[str, int]]
Array = NDArray[np.float64]


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the win matrix, where three levels or more have runs."""
    comparison = material.comparison
    levels = [row.level for row in comparison.rows if comparison.values.get(row.level)]
    if len(levels) < FEWEST or comparison.seeds < 2:
        return
    failed = {
        (level, seed)
        for level, values in comparison.values.items()
        for seed, value in values.items()
        if not math.isfinite(value) and comparison.jobs.get(level, {}).get(seed) in material.results
    }
    table = win_matrix_table(comparison, levels, failed)
    kept = _kept(levels, comparison.baseline)
    seen = table[table["row"].isin(kept) & table["column"].isin(kept)]
    if not np.isfinite(seen["pi"].to_numpy(np.float64)).any():
        return

    def draw() -> Any:
        names = {level: shown(comparison.factor, level) for level in kept}
        return win_matrix(seen, names=names)

    yield Picture(
        name="win-matrix",
        section="answer",
        title=f"Who beats whom among the {plural(comparison.factor)}",
        table=seen.reset_index(drop=True),
        draw=draw,
        caption=_caption(comparison, seen, len(levels)),
        description=_description(comparison, seen),
    )


def win_matrix_table(
    comparison: Comparison, levels: Iterable[str], failed: Failed = frozenset()
) -> "pd.DataFrame":
    """Return a row for each ordered pair of levels: how often the first beats the second.

    pi = (wins + ties / 2) / n; a run that failed loses against one that worked and ties with one
    that failed, as in the table of the comparison; seeds in which one has not ended are left out.
    The paired t-tests over the seeds in which both worked are Holm-adjusted over all pairs.

    Args:
        comparison: what the levels belong to.
        levels: which.
        failed: level and seed of the runs that failed.
    """
    import pandas as pd

    order = list(levels)
    sign = 1.0 if comparison.higher_is_better else -1.0
    pairs = list(combinations(order, 2))
    p = np.full(len(pairs), np.nan)
    for at, (one, other) in enumerate(pairs):
        ahead = _differences(comparison.values, one, other, sign, frozenset())
        if len(ahead) >= stats.FEWEST_BLOCKS:
            p[at] = stats.paired_difference(ahead, overlap=comparison.overlap).p_t
    adjusted = dict(zip(map(frozenset, pairs), stats.holm(p), strict=True))
    rows = []
    for one, other in permutations(order, 2):
        ahead = _differences(comparison.values, one, other, sign, failed)
        share = stats.probability_of_improvement(ahead)
        p_holm = float(adjusted[frozenset((one, other))])
        shows = p_holm <= level_of_tests(comparison)
        rows.append((one, other, share.value, share.n, p_holm, shows))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _differences(values: Values, one: str, other: str, sign: float, failed: Failed) -> Array:
    """Return oriented differences over the seeds of which both are known, infinite for failed."""
    found = []
    for seed, value in values[one].items():
        lost, gained = (one, seed) in failed, (other, seed) in failed
        diff = sign * (value - values[other].get(seed, math.nan))
        if lost or gained:
            known = (lost or math.isfinite(value)) and (
                gained or math.isfinite(values[other].get(seed, math.nan))
            )
            diff = math.nan if not known else 0.0 if lost and gained else math.inf
            diff = -diff if lost else diff
        if not math.isnan(diff):
            found.append(diff)
    return np.array(found, np.float64)


def _kept(levels: list[str], baseline: str | None) -> list[str]:
    """Return the first levels, the baseline among them."""
    first = levels[:MOST]
    if baseline in levels and baseline not in first:
        return [*first[:-1], str(baseline)]
    return first


@styled
def win_matrix(table: "pd.DataFrame", *, names: Mapping[str, str] | None = None) -> Any:
    """Draw the share of seeds that the level of a row wins against that of a column.

    Args:
        table: as `win_matrix_table` returns it; columns besides row, column and pi may be absent.
        names: what stands beside the cells, where that is not the level.

    Returns:
        A matplotlib figure.

    Raises:
        ValueError: the table has no row, column or pi.
    """
    from matplotlib.colors import LinearSegmentedColormap

    full = completed(table, "win_matrix", COLUMNS[:3], COLUMNS)
    levels = list(dict.fromkeys([*full["row"], *full["column"]]))
    told = [(names or {}).get(level, str(level)) for level in levels]
    texts = short_names(told)
    labels = [texts[name] for name in told]
    colours = LinearSegmentedColormap.from_list("wins", ENDS)
    axes = _axes(labels)
    for one in full.to_dict("records"):
        x, y = levels.index(one["column"]), levels.index(one["row"])
        known = math.isfinite(one["pi"])
        axes.add_patch(_cell(x, y, colours(one["pi"]) if known else LINE))
        strong = known and abs(one["pi"] - 0.5) > 0.3
        text = f"{100 * one['pi']:.0f}{'*' if one['significant'] is True else ''}" if known else "."
        colour = LIGHT if strong else DARK
        axes.text(x, y, text, ha="center", va="center", color=colour, fontsize=8)
    return axes.figure


def _cell(x: int, y: int, colour: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.48, y - 0.48), 0.96, 0.96, facecolor=colour, lw=0)


def _axes(labels: list[str]) -> Any:
    """Return axes with a place for each cell; names of columns stand above, upright where long."""
    each, wide = 0.52, text_width(labels)
    side = max(3.3, each * len(labels))
    turned = wide > 0.95 * side / len(labels)
    left, top = wide + 0.4, (wide if turned else 0.2) + 0.35
    width, height = left + side + 0.1, top + side + 0.1
    figure = new_figure(width, height)
    axes = figure.add_axes((left / width, 0.1 / height, side / width, side / height))
    axes.set_xlim(-0.5, len(labels) - 0.5)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(range(len(labels)), labels, rotation=90 if turned else 0)
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(length=0)
    axes.set_xlabel("% of seeds in which the row beats the column", color=INK, loc="left")
    for spine in axes.spines.values():
        spine.set_visible(False)
    return axes


def _caption(comparison: Comparison, table: "pd.DataFrame", levels: int) -> str:
    counts = sorted({int(n) for n in table["n"]})
    n = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    shown_here = table["row"].nunique()
    left = (
        f" Shown are {shown_here} of {levels} {plural(comparison.factor)}, the best means and the "
        "baseline."
        if shown_here < levels
        else ""
    )
    return (
        f"Cell: percent of n = {n} paired seeds in which the row beats the column, ties half; a "
        "failed run loses against one that worked. *: the paired t-test of the two shows a "
        f"difference at {level_of_tests(comparison):.4g}, Holm-adjusted over all "
        f"{levels * (levels - 1) // 2} pairs.{left}"
    )


def _description(comparison: Comparison, table: "pd.DataFrame") -> str:
    """Return who is shown to beat whom."""
    won = table[table["significant"] & (table["pi"] > 0.5)]
    if won.empty:
        return "No pair differs significantly once adjusted for all pairs."
    texts = [
        f"{shown(comparison.factor, one['row'])} beats "
        f"{shown(comparison.factor, one['column'])} in {100 * one['pi']:.0f}% of seeds"
        for one in won.head(3).to_dict("records")
    ]
    return f"{len(won)} pairs differ significantly: {'; '.join(texts)}."

"""The win matrix: how often each level beats each other one, seed by seed."""

import math
from collections.abc import Iterable
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from lossbench import stats
from lossbench.catalog.axes import plural
from lossbench.comparison import Comparison
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import new_figure, short_names, styled

if TYPE_CHECKING:
    import pandas as pd

MOST = 12
"""Levels that the picture has; of more, the best ones."""
DARK, LIGHT = "#1a1a1a", "#fafafa"


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the matrix where three levels or more were compared with two seeds or more."""
    comparison = material.comparison
    table = wins_table(comparison)
    if len(comparison.rows) < 3 or table["pi"].notna().sum() < 3 or comparison.seeds < 2:
        return
    left_out = len(comparison.rows) - MOST
    best = table.sort_values("pi", ascending=False, kind="stable").to_dict("records")[0]
    yield Picture(
        name="wins",
        section="answer",
        title=f"Which {plural(comparison.factor)} beat which, seed by seed",
        table=table,
        draw=lambda: win_matrix(table),
        caption=(
            "Cell: share of seeds in which the row beats the column; ties count half, a failed run "
            f"loses, n = {comparison.seeds} seeds. * the paired t-test of these two is significant "
            f"at {comparison.alpha:g} after Holm over all pairs drawn, which is exploratory."
            + (f" The {left_out} last of the table are left out." if left_out > 0 else "")
        ),
        description=(
            f"The largest share is {best['pi']:.2f}: {best['level']} over {best['other']}. "
            f"{int(table['different'].sum()) // 2} of {len(table) // 2} pairs differ after Holm."
        ),
    )


def wins_table(comparison: Comparison) -> "pd.DataFrame":
    """Return a row for each ordered pair: `level`, `other`, `pi`, `n`, `p_holm`, `different`.

    `pi` is the probability that `level` beats `other` in a seed, ties half, a failed run lost, and
    seeds in which both failed left out; `p_holm` is the paired t-test's, adjusted over all pairs.
    """
    import pandas as pd

    sign = 1.0 if comparison.higher_is_better else -1.0
    levels = [row.level for row in comparison.rows][:MOST]
    seeds = sorted({seed for level in levels for seed in comparison.values.get(level, {})})
    scores = {
        level: np.array([sign * comparison.values[level].get(seed, math.nan) for seed in seeds])
        for level in levels
        if level in comparison.values
    }
    pairs = list(combinations(scores, 2))
    p = [_p(scores[a], scores[b], comparison) for a, b in pairs]
    known = [k for k, value in enumerate(p) if math.isfinite(value)]
    adjusted = dict.fromkeys(range(len(pairs)), math.nan)
    if known:
        adjusted |= dict(zip(known, stats.holm([p[k] for k in known]).tolist(), strict=True))
    rows = []
    for k, (a, b) in enumerate(pairs):
        share, n = _share(scores[a], scores[b])
        for level, other, pi in ((a, b, share), (b, a, 1 - share)):
            row = {"level": level, "other": other, "pi": pi, "n": n, "p_holm": adjusted[k]}
            rows.append(row | {"different": adjusted[k] <= comparison.alpha})
    columns = ["level", "other", "pi", "n", "p_holm", "different"]
    return pd.DataFrame(rows, columns=columns)


def _p(a: Any, b: Any, comparison: Comparison) -> float:
    """Return the p-value of the paired t-test over the seeds in which both worked."""
    d = (a - b)[np.isfinite(a - b)]
    if len(d) < stats.FEWEST_BLOCKS:
        return math.nan
    return float(stats.paired_difference(d, comparison.alpha, comparison.overlap).p_t)


def _share(a: Any, b: Any) -> tuple[float, int]:
    """Return the share of seeds that `a` wins, and how many seeds there are."""
    a, b = (np.where(np.isfinite(one), one, -np.inf) for one in (a, b))
    played = np.isfinite(a) | np.isfinite(b)
    if not played.any():
        return math.nan, 0
    won = (a > b)[played].sum() + 0.5 * (a == b)[played].sum()
    return float(won / played.sum()), int(played.sum())


@styled
def win_matrix(table: "pd.DataFrame") -> Any:
    """Draw the matrix: rows against columns, with the share in each cell.

    Args:
        table: as `wins_table` returns it.

    Returns:
        A matplotlib figure.
    """
    import matplotlib

    levels = list(dict.fromkeys(table["level"]))
    names = short_names(levels, 20)
    size = 0.52 * len(levels)
    figure = new_figure(2.9 + size, 1.5 + 0.7 * size)
    axes = figure.subplots()
    width, height = figure.get_size_inches()
    figure.subplots_adjust(
        left=1.8 / width, right=1 - 1.1 / width, top=1 - 1.4 / height, bottom=0.05 / height
    )
    shares = table.pivot(index="level", columns="other", values="pi").reindex(levels)[levels]
    marks = table.pivot(index="level", columns="other", values="different").reindex(levels)[levels]
    colours = matplotlib.colormaps["PuOr"]
    for i, level in enumerate(levels):
        for j, other in enumerate(levels):
            value = shares.loc[level, other]
            if level == other or not math.isfinite(value):
                continue
            colour = colours(0.15 + 0.7 * value)
            axes.fill([j, j + 1, j + 1, j], [i, i, i + 1, i + 1], color=colour, lw=0.8, ec=LIGHT)
            text = f"{value:.2f}".replace("0.", ".", 1) if value < 1 else "1"
            star = "*" if marks.loc[level, other] is True or marks.loc[level, other] == 1 else ""
            ink = DARK if sum(colour[:3]) > 1.6 else LIGHT
            place = (j + 0.5, i + 0.5, text + star)
            axes.text(*place, ha="center", va="center", fontsize=8, color=ink)
    axes.set(xlim=(0, len(levels)), ylim=(len(levels), 0))
    places = [k + 0.5 for k in range(len(levels))]
    axes.set_yticks(places, [names[level] for level in levels])
    axes.set_xticks(places, [names[level] for level in levels], rotation=40, ha="left")
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    return figure

"""The rank diagram: mean ranks over data sets, and which levels cannot be told apart."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from lossbench.catalog.axes import plural
from lossbench.comparison import Across
from lossbench.reporting.figures.dots import CELL
from lossbench.reporting.figures.over_sets import first_of
from lossbench.reporting.figures.picture import Material, Picture
from lossbench.reporting.figures.style import (
    INK,
    LINE,
    QUIET,
    Look,
    Looks,
    look_of,
    new_figure,
    short_names,
    styled,
)
from lossbench.reporting.numbers import p_value

if TYPE_CHECKING:
    import pandas as pd

LEADERS = 8
"""Up to so many levels stand on one axis, with lines that lead to their names."""


def pictures(material: Material) -> Iterable[Picture]:
    """Yield the rank diagram of each summary over six data sets or more, once."""
    for across in first_of(material):
        table = ranks_table(across)
        if len(table):
            yield _picture(across, table, material.looks)


def _picture(across: Across, table: "pd.DataFrame", looks: Looks) -> Picture:
    def draw() -> Any:
        return ranks(table, looks=looks, baseline=across.baseline)

    told = ", ".join(
        f"{one['level']} {one['rank']:.2f}" for one in table.head(5).to_dict("records")
    )
    apart = sum(pair.p_holm <= across.alpha for pair in across.pairs)
    return Picture(
        name="ranks",
        section="across",
        title=f"Mean ranks over {len(across.datasets)} data sets",
        table=table,
        draw=draw,
        caption=_caption(across),
        description=(
            f"Mean ranks, 1 is best: {told}. {apart} of {len(across.pairs)} pairs can be told "
            "apart."
        ),
    )


def ranks_table(across: Across) -> "pd.DataFrame":
    """Return the mean rank of each level, best first, and the groups that it belongs to.

    Returns:
        Columns level, rank and groups: numbers, with spaces between them, of the sets of
        neighbours in rank no two of which can be told apart; empty where a level is in none. No
        rows where levels are not ranked.
    """
    import pandas as pd

    ranked = sorted(
        (row for row in across.rows if math.isfinite(row.mean_rank)),
        key=lambda row: row.mean_rank,
    )
    levels = [row.level for row in ranked]
    groups = not_apart(levels, {(p.better, p.worse): p.p_holm for p in across.pairs}, across.alpha)
    rows = [
        {
            "level": row.level,
            "rank": row.mean_rank,
            "groups": " ".join(
                str(number) for number, group in enumerate(groups, start=1) if row.level in group
            ),
        }
        for row in ranked
    ]
    return pd.DataFrame(rows, columns=["level", "rank", "groups"])


def not_apart(
    levels: Sequence[str], p_holm: dict[tuple[str, str], float], alpha: float
) -> list[list[str]]:
    """Return the largest sets of neighbours in which no two levels can be told apart.

    Args:
        levels: best rank first.
        p_holm: adjusted p-values by pair, in either order.
        alpha: a pair with at most this is told apart.

    Returns:
        Sets of two levels or more, none inside another, best first.

    Source:
        Demsar 2006, JMLR 7:1-30, figure 1; pairs as Benavoli et al. 2016, arXiv:1505.02288.
    """

    def apart(first: str, second: str) -> bool:
        p = p_holm.get((first, second), p_holm.get((second, first), math.nan))
        return p <= alpha

    found: list[tuple[int, int]] = []
    for start in range(len(levels)):
        end = start + 1
        while end < len(levels) and not any(
            apart(levels[inside], levels[end]) for inside in range(start, end)
        ):
            end += 1
        if end - start > 1 and (not found or end > found[-1][1]):
            found.append((start, end))
    return [list(levels[start:end]) for start, end in found]


@styled
def ranks(table: "pd.DataFrame", *, looks: Looks | None = None, baseline: str | None = None) -> Any:
    """Draw mean ranks, and bars over levels that cannot be told apart.

    Args:
        table: as `ranks_table` returns it.
        looks: of the levels.
        baseline: which level is drawn black; the looks, where given, say so already.

    Returns:
        A matplotlib figure: an axis with leader lines, or rows where levels are more than
        `LEADERS`.
    """
    names = list(table["level"])
    styles = look_of(looks, names, baseline)
    return (_rows if len(names) > LEADERS else _axis)(table, names, styles)


def _groups(table: "pd.DataFrame") -> list[list[int]]:
    """Return the rows of each group."""
    found: dict[int, list[int]] = {}
    for at, text in enumerate(table["groups"]):
        for number in text.split():
            found.setdefault(int(number), []).append(at)
    return [found[number] for number in sorted(found)]


def _axis(table: "pd.DataFrame", names: list[str], styles: Looks) -> Any:
    places, texts, groups = list(table["rank"]), short_names(names, 22), _groups(table)
    bars = 0.16 * len(groups)
    height = 0.6 + bars + 0.24 * math.ceil(len(names) / 2)
    figure = new_figure(7.2, height)
    axes = figure.add_axes((0, 0, 1, 1))
    low, high = math.floor(min(places)), max(math.ceil(max(places)), math.floor(min(places)) + 1)
    room = 0.7 + CELL * max(map(len, texts.values()))
    inch = (high - low) / (7.2 - 2 * room)
    axes.set_xlim(low - room * inch, high + room * inch)
    axes.set_ylim(0.42 - height, 0.42)
    axes.plot((low, high), (0, 0), color=INK, lw=1)
    for tick in range(low, high + 1):
        axes.plot((tick, tick), (0, 0.06), color=INK, lw=1)
        axes.text(tick, 0.1, str(tick), ha="center", va="bottom")
    for at, (name, place) in enumerate(zip(names, places, strict=True)):
        first = at < math.ceil(len(names) / 2)
        down = -bars - 0.24 * ((at if first else len(names) - 1 - at) + 0.9)
        end, away = (low, -inch) if first else (high, inch)
        _leader(axes, (place, down, end, away), texts[name], styles[name])
    for number, group in enumerate(groups):
        best, worst = places[group[0]], places[group[-1]]
        down = -0.1 - 0.16 * number
        axes.plot((best - 0.04 * inch, worst + 0.04 * inch), (down, down), color=INK, lw=3.5)
    axes.set_axis_off()
    return figure


def _leader(axes: Any, where: tuple[float, float, float, float], text: str, look: Look) -> None:
    """Draw a line from a rank on the axis to the name, an inch outwards being `away`."""
    place, down, end, away = where
    side, align = end + 0.1 * away, "right" if away < 0 else "left"
    axes.plot((place, place, side), (0, down, down), color=QUIET, lw=0.8, zorder=1)
    axes.plot(place, 0, **look.points(ms=6.5))
    axes.plot(side, down, **look.points(ms=4.5))
    # apart, so that a name written from right to left does not swallow the number
    for told, inches in ((f"{place:.2f}", 0.2), (text, 0.6)):
        axes.text(end + inches * away, down, told, ha=align, va="center_baseline")


def _rows(table: "pd.DataFrame", names: list[str], styles: Looks) -> Any:
    places, texts, groups = list(table["rank"]), short_names(names), _groups(table)
    height = 0.7 + 0.2 * len(names)
    left = min(2.45, 0.2 + CELL * max(map(len, texts.values())))
    figure = new_figure(7.2, height)
    axes = figure.add_axes((left / 7.2, 0.55 / height, 0.97 - left / 7.2, (height - 0.6) / height))
    axes.set_yticks(range(len(names)), [texts[name] for name in names])
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y", color=LINE, lw=0.6)
    axes.set_axisbelow(True)
    for at, (name, place) in enumerate(zip(names, places, strict=True)):
        axes.plot(place, at, **styles[name].points(ms=6))
    lanes = _lanes(groups)
    step = 0.035 * max(1.0, max(places) - min(places))
    for group, lane in zip(groups, lanes, strict=True):
        at = max(places) + (lane + 2) * step
        axes.plot((at, at), (group[0] - 0.25, group[-1] + 0.25), color=INK, lw=3)
    axes.set_xlabel("mean rank, 1 is best")
    return figure


def _lanes(groups: Sequence[Sequence[int]]) -> list[int]:
    """Return beside each other's bars of groups that share a row: the first free place of each."""
    ends: list[int] = []
    found = []
    for group in groups:
        lane = next((lane for lane, end in enumerate(ends) if end < group[0]), len(ends))
        ends[lane : lane + 1] = [group[-1]]
        found.append(lane)
    return found


def _caption(across: Across) -> str:
    n, names = len(across.datasets), plural(across.factor)
    text = (
        f"Mean rank over {n} data sets of the mean over seeds, 1 is best. A bar joins "
        f"neighbours no two of which can be told apart (Wilcoxon's signed-rank test, Holm over "
        f"{len(across.pairs)} pairs, alpha {across.alpha:g}), which does not say that they are "
        "equal."
    )
    if not across.can_reject:
        least = min(1.0, len(across.pairs) * 2 / 2**n)
        text += (
            f" With {n} data sets the smallest adjusted p-value is {least:.2g}: so few cannot tell "
            f"any two {names} apart."
        )
    test = across.friedman
    if test is not None and math.isfinite(test.p_f):
        text += f" Friedman's test that all rank alike: F {test.f:.2f}, p {p_value(test.p_f)}."
    return text

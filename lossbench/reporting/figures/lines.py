"""What pictures of lines share: how many points there are, short tables, a legend beside."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossbench.comparison import Comparison
from lossbench.reporting.figures.style import NAME_CELLS, QUIET, short_names

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

LINES_BUDGET = 900
"""Points of all thin lines of a picture together: each takes some 25 bytes of an SVG."""
BEHIND_POINTS = 12
"""Points of a line that stands thin and grey behind those in colour."""
MOST_ROWS, PER_LEVEL = 390, 25
"""Rows of the table below a picture, and those of one level."""


def evenly(count: int, most: int) -> NDArray[np.int64]:
    """Return at most so many of the indices from 0 to count - 1, the first and the last of them."""
    return np.unique(np.linspace(0, count - 1, min(count, max(most, 2))).round().astype(np.int64))


def of_track(comparison: Comparison) -> str:
    """Return what tells the two comparisons of one search apart in titles; or nothing."""
    return f", track {comparison.track}" if comparison.track else ""


def some_rows(
    table: "pd.DataFrame", over: str, renamed: Mapping[str, str], others: Sequence[str]
) -> "pd.DataFrame":
    """Return the rows of a table that have no seed, thinned out evenly for reading.

    Args:
        table: with columns level and seed.
        over: the column of the x axis.
        renamed: columns that are kept under another name.
        others: columns that are kept.
    """
    import pandas as pd

    rows = table[table["seed"].isna()]
    columns = ["level", over, *renamed, *others]
    groups = [own for _, own in rows.groupby("level", sort=False)]
    if not groups:
        return rows[columns].rename(columns=dict(renamed))
    most = min(PER_LEVEL, max(2, MOST_ROWS // len(groups)))
    kept = pd.concat([own.iloc[evenly(len(own), most)] for own in groups])
    return kept[columns].rename(columns=dict(renamed)).reset_index(drop=True)


def behind(axes: Any, lines: Sequence[tuple[Any, Any]]) -> None:
    """Draw the lines of levels that are not emphasised: thin, grey, one path."""
    if lines:
        kept = [evenly(len(x), BEHIND_POINTS) for x, _ in lines]
        thinned = [
            (np.asarray(x)[at], np.asarray(y)[at]) for (x, y), at in zip(lines, kept, strict=True)
        ]
        axes.plot(*one_line(thinned), color=QUIET, lw=0.7, alpha=0.6, zorder=1)


def told_names(
    levels: Sequence[str], names: Mapping[str, str] | None, cells: int = NAME_CELLS
) -> dict[str, str]:
    """Return how a picture names levels: shortened, and no two alike."""
    long = {level: (names or {}).get(level, level) for level in levels}
    found = short_names(long.values(), cells)
    return {level: found[name] for level, name in long.items()}


def legend_beside(axes: Any, title: str, others: int = 0) -> None:
    """Put the legend where it hides no line; `others` are drawn thin and grey, with one entry."""
    if others:
        axes.plot([], [], color=QUIET, lw=0.7, label=f"{others} more")
    axes.legend(title=title or None, loc="upper left", bbox_to_anchor=(1.01, 1.0), borderaxespad=0)


def one_line(lines: Sequence[tuple[Any, Any]]) -> tuple[Array, Array]:
    """Return several lines as one with gaps between them, which takes less of a file."""
    gap = np.array([np.nan])
    x = [np.concatenate([np.asarray(x, np.float64), gap]) for x, _ in lines]
    y = [np.concatenate([np.asarray(y, np.float64), gap]) for _, y in lines]
    return np.concatenate(x or [gap]), np.concatenate(y or [gap])


def log_axis(axis: Any, low: float, high: float) -> None:
    """Make an axis logarithmic, from `low` to `high`, with plain numbers beside it."""
    from matplotlib.ticker import AutoLocator, LogLocator, NullLocator, StrMethodFormatter

    name = axis.axis_name
    axis.axes.set(**{f"{name}scale": "log", f"{name}lim": (low, high)})
    decades = LogLocator(subs=(1, 2, 5) if high < 100 * low else (1,))
    axis.set_major_locator(AutoLocator() if high < 5 * low else decades)
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(StrMethodFormatter("{x:.6g}"))

"""Rows of markers with intervals: a row for each level, a panel for each quantity."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lossbench.reporting.figures.style import (
    INK,
    LINE,
    NAME_CELLS,
    Looks,
    look_of,
    new_figure,
    short_names,
    styled,
)

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 7.2
MOST_COLUMNS = 4
LEGEND_CELLS = 20
"""Width of a name in a legend beside a picture, in cells."""
CELL = 0.078
"""Width of a character of the usual size, in inches; likewise the others below."""
_GAP, _TOP, _BOTTOM = 0.22, 0.34, 0.56
_MANY = 16
"""From so many rows on they stand closer."""


@styled
def dots(
    table: "pd.DataFrame",
    *,
    looks: Looks | None = None,
    lines: Mapping[str, float] | None = None,
    labels: Mapping[str, str] | None = None,
    baseline: str | None = None,
) -> Any:
    """Draw a value with its interval for each level, in a panel for each quantity.

    Args:
        table: with columns `panel`, `level`, `value`, `ci_low` and `ci_high`, the ends NaN where
            there is no interval; panels and levels stand in the order in which they occur.
        looks: of the levels.
        lines: where a panel has a dashed line, as at a difference of 0.
        labels: of the x axis of each panel.
        baseline: which level is drawn black; the looks, where given, say so already.

    Returns:
        A matplotlib figure.
    """
    names = list(dict.fromkeys(table["level"]))
    panels = list(dict.fromkeys(table["panel"]))
    styles = look_of(looks, names, baseline)
    figure, grid = _grid(names, len(panels))
    for panel, axes in zip(panels, grid, strict=True):
        _panel(axes, table[table["panel"] == panel], names, styles)
        at = (lines or {}).get(panel, math.nan)
        if math.isfinite(at):
            axes.axvline(at, color=INK, lw=1, linestyle=(0, (4, 2)), zorder=1)
        axes.set_title(panel, parse_math=False)
        axes.set_xlabel((labels or {}).get(panel, ""), parse_math=False)
    return figure


def _grid(names: list[str], panels: int) -> tuple[Any, list[Any]]:
    """Return a figure with a panel for each quantity, rows of them where there are many."""
    down = math.ceil(panels / MOST_COLUMNS)
    columns = math.ceil(panels / down)
    texts = short_names(names)
    left = 0.15 + CELL * min(NAME_CELLS + 4, max(map(len, texts.values())))
    width = (WIDTH - left - 0.15 - _GAP * (columns - 1)) / columns
    rows = (0.27 if len(names) < _MANY else 0.19) * (len(names) + 0.6)
    height = down * (rows + _TOP + _BOTTOM)
    figure = new_figure(WIDTH, height)
    grid = []
    for index in range(panels):
        row, column = divmod(index, columns)
        bottom = height - (row + 1) * (rows + _TOP + _BOTTOM) + _BOTTOM
        box = (left + column * (width + _GAP), bottom, width, rows)
        axes = figure.add_axes((box[0] / WIDTH, box[1] / height, box[2] / WIDTH, box[3] / height))
        axes.set_yticks(range(len(names)), [texts[name] if not column else "" for name in names])
        axes.set_ylim(len(names) - 0.3, -0.7)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
        axes.locator_params(axis="x", nbins=2 if columns > 2 else 4)
        grid.append(axes)
    return figure, grid


def _panel(axes: Any, rows: "pd.DataFrame", names: list[str], styles: Looks) -> None:
    axes.grid(axis="y", color=LINE, lw=0.6)
    axes.set_axisbelow(True)
    for one in rows.to_dict("records"):
        if not math.isfinite(one["value"]):
            continue
        at, look = names.index(one["level"]), styles[str(one["level"])]
        ends = [one["ci_low"], one["value"], one["ci_high"]]
        if not all(map(math.isfinite, ends)):
            ends = [one["value"]] * 3
        # one line with a marker in its middle: half the size of a line and a marker
        axes.plot(ends, [at] * 3, markevery=[1], **look.points(linestyle="-", lw=1.8))

"""Small multiples: equal panels side by side, laid out in inches."""

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from lossbench.reporting.figures.style import new_figure, short

WIDTH = 7.2
"""Of all pictures, in inches."""


def panels(
    count: int,
    columns: int,
    height: float,
    *,
    left: float = 0.6,
    right: float = 0.1,
    bottom: float = 0.55,
    top: float = 0.35,
    gap: tuple[float, float] = (0.3, 0.6),
) -> tuple[Any, list[Any]]:
    """Return a figure with so many empty axes in rows.

    Args:
        count: number of panels, >= 1.
        columns: how many stand side by side at most.
        height: of one panel, inches; likewise the others.
        left: from the figure's edge to the first panel.
        right: from the last panel to the figure's edge.
        bottom: below the lowest row.
        top: above the highest row.
        gap: between columns and between rows.

    Returns:
        The figure and its axes, row by row.
    """
    across = min(count, columns)
    down = -(-count // across)
    total = bottom + top + down * height + (down - 1) * gap[1]
    figure = new_figure(WIDTH, total)
    width = (WIDTH - left - right - (columns - 1) * gap[0]) / columns
    axes = [
        figure.add_axes(
            (
                (left + (index % across) * (width + gap[0])) / WIDTH,
                (bottom + (down - 1 - index // across) * (height + gap[1])) / total,
                width / WIDTH,
                height / total,
            )
        )
        for index in range(count)
    ]
    return figure, axes


def bars(
    axes: Any, at: Iterable[float], low: Iterable[float], high: Iterable[float], **how: Any
) -> None:
    """Draw horizontal bars as one path, which takes far less room in a file than one for each.

    Args:
        axes: where.
        at: heights of the bars.
        low: their left ends; a bar with an end that is NaN is left out.
        high: their right ends.
        how: arguments of `Axes.plot`.
    """
    gap = float("nan")
    triples = list(zip(low, high, at, strict=True))
    x = [value for a, b, _ in triples for value in (a, b, gap)]
    y = [value for _, _, height in triples for value in (height, height, gap)]
    axes.plot(x, y, **how)


def placed(axes: Any, pixels: Any, x: float, y: float, side: float) -> None:
    """Draw an image into a square, centred, as it is: pixels are not blurred.

    Args:
        axes: whose unit is the same in both directions.
        pixels: [height, width, 3], uint8.
        x: left end of the square.
        y: its lower end.
        side: of the square.
    """
    high, wide = (size / max(pixels.shape[:2]) * side for size in pixels.shape[:2])
    x, y = x + (side - wide) / 2, y + (side - high) / 2
    axes.imshow(pixels, extent=(x, x + wide, y, y + high), interpolation="none", aspect="auto")


def inch_axes(height: float) -> tuple[Any, Any]:
    """Return a figure of the usual width, and axes over all of it whose unit is an inch."""
    figure = new_figure(WIDTH, height)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_autoscale_on(False)
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(0, height)
    return figure, axes


def wrapped(name: str, width: int, lines: int = 2) -> str:
    """Return a name on a few short lines, for text with `parse_math=False`.

    Lines end at spaces and underscores where they can.
    """
    plain = short(name, width * lines).replace(r"\$", "$").replace("_", "_ ")
    found = textwrap.wrap(plain, width)[: lines + 1]
    return "\n".join(line.replace("_ ", "_") for line in found)


def left_out(names: Sequence[str], what: str) -> str:
    """Return a sentence that names what a picture does not show; empty where that is nothing."""
    if not names:
        return ""
    some = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f" Left out, as only some {what} fit: {some}."

"""How all pictures look: a level has one colour, marker and dashes everywhere."""

import functools
import math
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from rich.cells import cell_len, set_cell_size

if TYPE_CHECKING:
    import pandas as pd

P = ParamSpec("P")
T = TypeVar("T")
Limits = tuple[float, float]

INK = "#000000"
"""Text, axes and the baseline; on a page it takes the colour of the text around it."""
QUIET = "#707070"
"""What stands back: single seeds, notes."""
LINE = "#d5d5d5"
"""Guide lines, bands of what does not matter."""
PAPER = "#ffffff"

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's colours, which colour-blind readers tell apart; black is the baseline's.

Their yellow is left out: it cannot be seen on white.
"""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.2, 1.2, 1.2)))
BASELINE_DASHES = (0, (4, 2))

MOST_LINES = 8
"""Lines that one panel shows in their own colours; see `emphasised`."""

NAME_CELLS = 28
"""Width of a name in a picture, in cells of a terminal: a wide character has two."""

STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.useoffset": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "savefig.dpi": 160.0,
    "legend.frameon": False,
    "legend.handlelength": 3.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "lossbench",
    "pdf.fonttype": 42,
    "path.simplify": True,
}


@dataclass(frozen=True)
class Look:
    """How one level is drawn.

    Attributes:
        colour: of its lines, bars and markers.
        marker: of its points.
        dashes: of its lines, as matplotlib's `linestyle`.
    """

    colour: str
    marker: str
    dashes: Any

    def line(self, **more: Any) -> dict[str, Any]:
        """Return the arguments of `Axes.plot` for a line."""
        return {"color": self.colour, "linestyle": self.dashes, "lw": 1.8} | more

    def points(self, **more: Any) -> dict[str, Any]:
        """Return the arguments of `Axes.plot` for points without a line."""
        return {"color": self.colour, "marker": self.marker, "linestyle": "none", "ms": 5} | more


Looks = Mapping[str, Look]
"""The look of each level, by its name."""

BASELINE = Look(INK, "o", BASELINE_DASHES)


def looks_of(levels: Iterable[str], baselines: Iterable[str | None] = ()) -> dict[str, Look]:
    """Return a look for each level, which depends on their order alone.

    Args:
        levels: names, in the order of the plan; those that occur again are left out.
        baselines: which of them is a baseline, in any comparison.

    Returns:
        By name. As many levels differ as there are colours times markers; dashes differ, too.
    """
    black = {name for name in baselines if name is not None}
    found = dict.fromkeys(black, BASELINE)
    others = [name for name in dict.fromkeys(levels) if name not in black]
    for index, name in enumerate(others):
        lap, place = divmod(index, len(COLOURS))
        found[name] = Look(
            COLOURS[place],
            MARKERS[(place + 1 + lap) % len(MARKERS)],
            DASHES[lap % len(DASHES)],
        )
    return found


def look_of(looks: Looks | None, levels: Iterable[str], baseline: str | None) -> Looks:
    """Return the looks that were given, completed by those of levels that have none."""
    return looks_of(levels, [baseline]) | dict(looks or {})


def emphasised(levels: Iterable[str], baseline: str | None, most: int = MOST_LINES) -> list[str]:
    """Return which levels a picture of lines shows in colour: the baseline and the first others.

    Args:
        levels: best first.
        baseline: of them, or None.
        most: how many at most; the others are drawn thin and grey, and named in the table below.
    """
    order = list(levels)
    first = [baseline] if baseline in order else []
    return [*first, *(name for name in order if name != baseline)][:most]


def short(name: str, cells: int = NAME_CELLS) -> str:
    """Return a name as pictures show it: one line, not too wide, nothing in it interpreted.

    Args:
        name: any text; the whole of it belongs into the table below the picture.
        cells: how wide at most, at least 2; an ellipsis stands for what is cut off.

    Returns:
        Text for matplotlib, whose mathematics begins at a bare dollar sign.
    """
    return _literal(_cut(_plain(name), cells))


def short_names(names: Iterable[str], cells: int = NAME_CELLS) -> dict[str, str]:
    """Return `short` of each name, all different: where ends tell names apart, those are kept.

    Args:
        names: of the levels of a picture.
        cells: how wide at most; names that differ in their middle alone are numbered beyond it.
    """
    plain = {name: _plain(name) for name in names}
    found = {name: _cut(text, cells) for name, text in plain.items()}
    for name in _alike(found):
        found[name] = _cut_middle(plain[name], cells)
    for number, name in enumerate(_alike(found), start=1):
        found[name] = f"{found[name]} ({number})"
    return {name: _literal(text) for name, text in found.items()}


def _alike(found: Mapping[str, str]) -> list[str]:
    texts = list(found.values())
    return [name for name, text in found.items() if texts.count(text) > 1]


def _plain(name: str) -> str:
    """Return a name without line breaks, control characters and marks that turn text around."""
    kept = (
        char if char.isprintable() or char in _JOINERS else _INSTEAD.get(unicodedata.category(char))
        for char in name
    )
    return " ".join("".join(" " if char is None else char for char in kept).split()) or "?"


_JOINERS = "\u200c\u200d"
"""Neither is seen, but letters and emoji beside them look different."""

_INSTEAD = {"Cf": "", "Cs": "\N{REPLACEMENT CHARACTER}", "Co": "\N{REPLACEMENT CHARACTER}"}
"""What stands for invisible marks, halves of characters and private ones; a space for others."""


def _cut(text: str, cells: int) -> str:
    return text if cell_len(text) <= cells else set_cell_size(text, cells - 1).rstrip() + "…"


def _cut_middle(text: str, cells: int) -> str:
    tail = next(
        text[start:] for start in range(len(text)) if cell_len(text[start:]) <= cells // 2 - 1
    )
    return set_cell_size(text, cells - cells // 2).rstrip() + "…" + tail.lstrip()


def _literal(text: str) -> str:
    lead = "\u200b" if text.startswith("_") else ""  # else legends leave the name out
    return lead + text.replace("$", r"\$")


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Let a function draw in the style of all pictures, whatever the caller's settings are."""

    @functools.wraps(draw)
    def inside(*args: P.args, **kwargs: P.kwargs) -> T:
        import matplotlib

        with matplotlib.rc_context(STYLE), warnings.catch_warnings():
            # Names may have any character; a box stands for what the font lacks, and browsers,
            # which get the text itself, take another font.
            warnings.filterwarnings("ignore", r"Glyph .* missing from", UserWarning)
            return draw(*args, **kwargs)

    return inside


def text_width(texts: Iterable[str], size: float = 9.0) -> float:
    """Return about how wide the widest of texts is, in inches, for margins."""
    return max(map(cell_len, texts), default=0) * 0.62 * size / 72


def within(core: Iterable[float], others: Iterable[float] = (), reach: float = 1.0) -> Limits:
    """Return limits of an axis that a few far values do not stretch.

    Args:
        core: what is always inside; values that are not finite are left out.
        others: inside, too, as far as they are no farther from the core than so many of its widths.
        reach: how many.

    Returns:
        Lower and upper limit with a margin; (-1, 1) about a single value, or about 0 without any.
    """
    inner = [float(value) for value in core if math.isfinite(value)]
    if not inner:
        inner = [float(value) for value in others if math.isfinite(value)] or [0.0]
    low, high = min(inner), max(inner)
    far = reach * (high - low)
    near = [value for value in others if low - far <= value <= high + far]
    low, high = min([low, *near]), max([high, *near])
    margin = 0.05 * (high - low) or 0.05 * abs(low) or 1.0
    return low - margin, high + margin


def completed(table: "pd.DataFrame", where: str, needed: Sequence[str], also: Sequence[str]) -> Any:
    """Return a table with all columns that a picture reads, those that were not given empty.

    Raises:
        ValueError: a column is missing that the picture needs.
    """
    missing = [name for name in needed if name not in table.columns]
    if missing:
        raise ValueError(
            f"{where}: the table lacks {', '.join(missing)}; needed are {', '.join(needed)}. "
            "Rename the columns of the table."
        )
    return table.reindex(columns=[*needed, *(name for name in also if name not in needed)])


def new_figure(width: float, height: float, **how: Any) -> Any:
    """Return an empty figure that needs no display, in inches; `layout="constrained"` is slow."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), **how)
    FigureCanvasAgg(figure)
    return figure

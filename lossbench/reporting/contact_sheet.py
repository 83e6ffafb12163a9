"""A contact sheet as a figure: rows of images with their titles, dark on light."""

import textwrap
import unicodedata
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

FORMATS = (".png", ".svg")
_CELL = 0.72  # inches
_TITLE = 1.75
_TEXT_LINE = 0.125
_COLUMNS = 10
_LINE, _LINES = 19, 3
_MASKS = ("#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
"""Okabe and Ito's colours, which colour-blind readers tell apart."""
_OPACITY = 0.55
_FONT = "DejaVu Sans"
_BREAK = "\u200b"
"""Where a title may be broken without a space; not shown."""


class Row(Protocol):
    """One row, as `lossbench.datasets.contact_sheet` chooses it."""

    @property
    def title(self) -> str:
        """What the images have in common."""

    @property
    def count(self) -> int:
        """How many there are in the training part."""

    @property
    def images(self) -> Array:
        """Some of them, [k, height, width, channels]."""

    @property
    def masks(self) -> Array | None:
        """Their masks, [k, height, width]."""


class Sheet(Protocol):
    """A contact sheet, as `lossbench.datasets.contact_sheet` chooses it."""

    @property
    def rows(self) -> Sequence[Row]:
        """The rows, from the top."""

    @property
    def left_out(self) -> int:
        """Classes without a row."""


def write_sheet(path: Path, sheet: Sheet, title: str, low: float, high: float) -> None:
    """Write a figure with one row of images for each class, label or range of targets.

    Args:
        path: a file that ends in .png or .svg.
        sheet: the images.
        title: name of the data set.
        low: pixel value that is drawn black.
        high: pixel value that is drawn white.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    fonts = _fonts([title, *(row.title for row in sheet.rows)])
    style: dict[Any, Any] = {
        "font.family": fonts,
        "svg.fonttype": "none",
        "svg.hashsalt": "lossbench",
        "savefig.dpi": 160.0,
        "image.interpolation": "nearest",
    }
    with matplotlib.rc_context(style), warnings.catch_warnings():
        # A character that no font of this machine has is drawn as a box.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        rows = len(sheet.rows)
        figure = Figure(figsize=(_TITLE + _COLUMNS * _CELL + 0.15, 0.6 + rows * _CELL))
        FigureCanvasAgg(figure)
        _head(figure, sheet, title)
        for i, row in enumerate(sheet.rows):
            _draw_row(figure, row, i, low, high)
        metadata = {"Date": None} if path.suffix == ".svg" else None
        figure.savefig(path, metadata=metadata, facecolor="white")


def _head(figure: Any, sheet: Sheet, title: str) -> None:
    width, height = figure.get_size_inches()
    more = f"; {sheet.left_out} more classes are not shown" if sheet.left_out else ""
    heading = textwrap.shorten(title, 70, placeholder="…")
    figure.text(
        0.1 / width, 1 - 0.12 / height, heading, va="top", size=10, weight="bold", parse_math=False
    )
    figure.text(
        0.1 / width,
        1 - 0.33 / height,
        f"training images drawn at random{more}",
        va="top",
        size=7.5,
        color="#555555",
    )


def _draw_row(figure: Any, row: Row, index: int, low: float, high: float) -> None:
    width, height = figure.get_size_inches()
    top = height - 0.55 - index * _CELL
    lines = _wrapped(row.title)
    middle = top - _CELL / 2 + 0.5 * _TEXT_LINE
    at: dict[str, Any] = {"x": (_TITLE - 0.1) / width, "ha": "right", "parse_math": False}
    size = 7.5 if len(lines) > 1 else 9.0
    figure.text(y=middle / height, s="\n".join(lines), va="center", size=size, **at)
    below = middle - 0.5 * _TEXT_LINE * (len(lines) + 1) - 0.02
    count = f"{row.count:,} image{'' if row.count == 1 else 's'}"
    figure.text(y=below / height, s=count, va="center", size=7.0, color="#666666", **at)
    for k, image in enumerate(row.images):
        box = (
            (_TITLE + k * _CELL) / width,
            (top - 0.95 * _CELL) / height,
            0.93 * _CELL / width,
            0.93 * _CELL / height,
        )
        axes = figure.add_axes(box)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set(color="#bbbbbb", linewidth=0.5)
        _draw(axes, image, None if row.masks is None else row.masks[k], low, high)


def _draw(axes: Any, image: Array, mask: Array | None, low: float, high: float) -> None:
    if 1 in image.shape[:2]:  # a series or a vector
        values = image.reshape(-1, image.shape[-1])
        axes.plot(values, color="#0072B2", linewidth=0.8)
        axes.set_ylim(low, high if high > low else low + 1)
        return
    pixels = _shown(image, low, high)
    if mask is not None:
        pixels = _with_mask(pixels, mask)
    axes.imshow(pixels)


def _shown(image: Array, low: float, high: float) -> Array:
    """Return red, green and blue in [0, 1]; of two channels the mean, of many the first three."""
    scaled = np.clip((image.astype(np.float64) - low) / ((high - low) or 1.0), 0, 1)
    if scaled.shape[-1] < 3:
        scaled = np.repeat(scaled.mean(axis=-1, keepdims=True), 3, axis=-1)
    return np.asarray(scaled[..., :3])


def _with_mask(pixels: Array, mask: Array) -> Array:
    from matplotlib.colors import to_rgb

    drawn = pixels.copy()
    for label in np.unique(mask[mask > 0]):
        colour = np.array(to_rgb(_MASKS[(int(label) - 1) % len(_MASKS)]))
        at = mask == label
        drawn[at] = (1 - _OPACITY) * drawn[at] + _OPACITY * colour
    return drawn


def _wrapped(title: str) -> list[str]:
    """Return a title in at most three lines; names in one piece are broken where they must be."""
    lines: list[str] = []
    line, used = "", 0
    for word in _pieces(" ".join(title.replace("_", f"_{_BREAK}").split())):
        width = sum(map(_width, word))
        if used and used + width > _LINE:
            lines.append(line.strip())
            line, used = "", 0
        line, used = line + word, used + width
    lines.append(line.strip())
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], lines[_LINES - 1][: _LINE - 1] + "…"]
    return [text.replace(_BREAK, "") for text in lines]


def _pieces(title: str) -> Iterable[str]:
    """Yield words with the space behind them, long ones in parts."""
    for word in title.replace(_BREAK, f"{_BREAK} ").split(" "):
        whole = word if word.endswith(_BREAK) else word + " "
        step = max(1, _LINE // max(map(_width, whole)))
        yield from (whole[i : i + step] for i in range(0, len(whole), step))


def _width(character: str) -> int:
    """Return the columns that a character takes."""
    if unicodedata.combining(character) or character == _BREAK:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fonts(texts: Iterable[str]) -> list[str]:
    """Return fonts of this machine that together have all characters, as far as there are some."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    wanted = {ord(char) for text in texts for char in text if not char.isspace()}
    chosen = [_FONT]
    wanted -= set(FT2Font(font_manager.findfont(_FONT)).get_charmap())
    for entry in font_manager.fontManager.ttflist if wanted else ():
        if entry.name.startswith("Last Resort"):  # boxes for every character
            continue
        try:
            has = wanted & set(FT2Font(entry.fname).get_charmap())
        except (OSError, RuntimeError):  # a font that cannot be read is none
            continue
        if has:
            chosen.append(entry.name)
            wanted -= has
        if not wanted:
            break
    return chosen

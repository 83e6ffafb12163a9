"""Pictures as files of equal bytes for equal numbers, and as SVG inside a page."""

import html
import io
import re
from typing import Any, Literal

from lossbench.reporting.figures.picture import Picture
from lossbench.reporting.figures.style import INK, LINE, PAPER, QUIET, styled

Format = Literal["svg", "pdf", "png"]
FORMATS: tuple[Format, ...] = ("svg", "pdf", "png")

_METADATA: dict[Format, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": "lossbench"},
    "pdf": {"CreationDate": None, "Creator": "lossbench", "Producer": None},
    "png": {"Software": "lossbench"},
}
"""Without dates and versions, so that equal numbers give equal bytes."""

_ON_PAGE = {INK: "currentColor", QUIET: "var(--quiet)", LINE: "var(--line)", PAPER: "var(--paper)"}
"""Colours that follow the page, which may be dark."""

_DIGITS = re.compile(r"(\.\d\d)\d+")
"""Places of points have two decimals, as 0.01 pt cannot be seen: a third of a file less."""


@styled
def file_bytes(picture: Picture, form: Format) -> bytes:
    """Return a picture as the content of a file."""
    figure, file = picture.draw(), io.BytesIO()
    background = "none" if form == "svg" else PAPER
    figure.savefig(file, format=form, metadata=_METADATA[form], facecolor=background)
    return file.getvalue()


def inline_svg(picture: Picture, anchor: str) -> str:
    """Return a picture as an SVG element for a page, with title and description for all readers.

    Args:
        picture: what is drawn.
        anchor: an id that no other element of the page has or begins with.
    """
    text = file_bytes(picture, "svg").decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="([^"]+)"', rf'id="{anchor}-\1"', text)
    text = re.sub(r'(href="#|url\(#)', rf"\1{anchor}-", text)
    text = re.sub(r' (?:d|x|y)="[^"]+"', lambda place: _DIGITS.sub(r"\1", place[0]), text)
    for colour, name in _ON_PAGE.items():
        text = text.replace(colour, name)
    opening, rest = text.split(">", 1)
    box = re.search(r'viewBox="([^"]+)"', opening)
    width = float(box[1].split()[2]) if box else 0.0
    head = (  # matplotlib names no fill where it is black, which is that of the page here
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box[1] if box else ""}" role="img" '
        f'fill="currentColor" style="max-width:{width * 4 / 3:.0f}px" '
        f'aria-labelledby="{anchor}-title {anchor}-desc">'
        f'<title id="{anchor}-title">{html.escape(picture.title)}</title>'
        f'<desc id="{anchor}-desc">{html.escape(picture.description)}</desc>'
    )
    return head + re.sub(r"\n\s*", "\n", rest)

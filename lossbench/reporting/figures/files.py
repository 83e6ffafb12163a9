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
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", text, flags=re.S)
    opening, rest = text[text.index("<svg") :].split(">", 1)
    box = re.search(r'viewBox="([^"]+)"', opening)
    width = float(box[1].split()[2]) if box else 0.0
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', rest))
    body = re.sub(r"<[a-z][^>]*>", lambda tag: _tag_on_page(tag[0], anchor, used), rest)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box[1] if box else ""}" role="img" fill="currentColor" '
        f'style="--width:{width * 4 / 3:.0f}px;max-width:var(--width);'
        f"stroke-linejoin:round;stroke-linecap:butt;"
        f"font-family:'DejaVu Sans',sans-serif\" "
        f'aria-labelledby="{anchor}-title {anchor}-desc">'
        f'<title id="{anchor}-title">{_told(picture.title)}</title>'
        f'<desc id="{anchor}-desc">{_told(picture.description)}</desc>'
    )
    return head + re.sub(r"\n\s*", "\n", body.replace("<defs>\n </defs>", "")).strip()


def _told(text: str) -> str:
    """Return text for an element, without characters that XML has no place for."""
    known = (char if char.isprintable() else " " for char in text)
    return html.escape("".join(known))


def _tag_on_page(tag: str, anchor: str, used: set[str]) -> str:
    """Return a tag with an id of its own, colours of the page, and no more digits than are seen.

    Black needs no mention: matplotlib leaves it out where things are filled, and the whole picture
    is filled with the colour of the text around it.
    """
    tag = re.sub(
        r'\s*\bid="([^"]+)"', lambda at: f' id="{anchor}-{at[1]}"' if at[1] in used else "", tag
    )
    tag = re.sub(r'(href="#|url\(#)', rf"\1{anchor}-", tag)
    tag = re.sub(r" font-family: [^;\"]*;?", "", tag)
    tag = re.sub(r' transform="rotate\(-?0 [^"]*"', "", tag)
    tag = re.sub(r'(?<= )(d|x|y|transform|points)="[^"]*"', lambda at: _rounded(at[0]), tag)
    tag = re.sub(r'style="[^"]*"', lambda at: re.sub(r"([:;]) ", r"\1", at[0]), tag)
    for colour, name in _ON_PAGE.items():
        tag = tag.replace(colour, name)
    return tag


def _rounded(attribute: str) -> str:
    """Return an attribute with two decimals: a hundredth of a point, which nobody sees."""
    attribute = re.sub(r"-?\d+\.\d{3,}", lambda at: f"{float(at[0]):.2f}", attribute)
    return re.sub(r"\s+", " ", attribute).replace(' "', '"')

"""HTML elements as text, everything that users named escaped."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lossbench.reporting.figures import Picture, inline_svg

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 200
"""Rows that the table below a picture shows; exports have all."""


@dataclass(frozen=True)
class Markup:
    """HTML as it stands; all other text is escaped."""

    text: str

    def __str__(self) -> str:
        return self.text


def escaped(value: Any) -> str:
    """Return markup as it is, and anything else as text that HTML shows literally."""
    return str(value) if isinstance(value, Markup) else html.escape(str(value))


def element(tag: str, *content: Any, **attributes: Any) -> Markup:
    """Return an element; `class_` and `for_` lose their underscore, `aria_label` takes a hyphen."""
    told = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{tag}{told}>{''.join(map(escaped, content))}</{tag}>")


def joined(*parts: Any) -> Markup:
    """Return markup and text one after the other."""
    return Markup("".join(map(escaped, parts)))


def paragraphs(texts: Sequence[Any], **attributes: Any) -> Markup:
    """Return a paragraph for each text."""
    return joined(*(element("p", text, **attributes) for text in texts))


def bullets(texts: Sequence[Any], **attributes: Any) -> Markup:
    """Return a list of items, or nothing."""
    return (
        element("ul", *(element("li", one) for one in texts), **attributes) if texts else joined()
    )


def table(
    caption: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    sortable: bool = False,
    words: Sequence[str] = (),
    keys: Mapping[tuple[int, int], Any] | None = None,
) -> Markup:
    """Return a table that scrolls in itself where it is wider than the page.

    Args:
        caption: what it shows.
        columns: headings.
        rows: cells, text or markup; the first of each row is its heading.
        sortable: whether headings sort the rows.
        words: headings of columns of words, which stand left; all others stand right.
        keys: by row and column what is sorted by, where that is not the text.
    """
    left = [name in words for name in columns]
    head = [
        element(
            "th",
            element("button", name, type="button") if sortable else name,
            scope="col",
            class_="word" if word else None,
        )
        for name, word in zip(columns, left, strict=True)
    ]
    body = [
        element("tr", *(_cell(i, j, cell, left[j], keys or {}) for j, cell in enumerate(row)))
        for i, row in enumerate(rows)
    ]
    inner = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *head)),
        element("tbody", *body),
        class_="sortable" if sortable else None,
    )
    return scrolling(inner, caption)


def scrolling(content: Markup, label: str) -> Markup:
    """Return what scrolls in itself where it is wider than the page, by keyboard, too."""
    return element("div", content, class_="scroll", tabindex="0", role="group", aria_label=label)


def _cell(
    row: int, column: int, cell: Any, word: bool, keys: Mapping[tuple[int, int], Any]
) -> Markup:
    return element(
        "td" if column else "th",
        cell,
        scope=None if column else "row",
        class_="word" if word else None,
        dir=None if column or isinstance(cell, Markup) else "auto",
        data_key=keys.get((row, column)),
    )


def data_table(frame: "pd.DataFrame", caption: str) -> Markup:
    """Return a picture's numbers, with four digits; of more than `MOST_ROWS` rows the first."""
    columns = [str(name) for name in frame.columns]
    rows = [
        [_plain(value) for value in row] for row in frame.head(MOST_ROWS).itertuples(index=False)
    ]
    more = len(frame) - len(rows)
    text = f"{caption} The first {len(rows)} of {len(frame)} rows." if more > 0 else caption
    words = [str(name) for name in frame.columns if frame[name].dtype == object]
    return table(text, columns, rows, words=words)


def _plain(value: Any) -> str:
    import pandas as pd

    if value is None or value is pd.NA or value != value:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def figure(picture: Picture, anchor: str) -> Markup:
    """Return a picture with its caption, and its numbers behind a click."""
    heading = f"{picture.title}, {picture.variant}" if picture.variant else picture.title
    numbers = data_table(picture.table, f"Numbers of the picture: {heading}.")
    return element(
        "figure",
        scrolling(Markup(inline_svg(picture, anchor)), heading),
        element("figcaption", element("strong", f"{heading}. "), picture.caption),
        element("details", element("summary", "Numbers"), numbers),
        id=anchor,
        data_variant=picture.variant or None,
    )

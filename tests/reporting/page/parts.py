"""Reading a section back: every section is well-formed, and its tables are lists of texts."""

from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from lossbench.reporting.figures import Material
from lossbench.reporting.figures.style import looks_of
from lossbench.reporting.page import Report
from lossbench.reporting.page.markup import Markup


@dataclass
class Table:
    """A table as a reader sees it; `keys` are what its cells are sorted by, None without."""

    caption: str
    columns: list[str]
    rows: list[list[str]]
    keys: list[list[str | None]]
    bold: list[str]

    def column(self, name: str) -> list[str]:
        """The cells of the column whose heading begins so."""
        at = next(i for i, one in enumerate(self.columns) if one.startswith(name))
        return [row[at] for row in self.rows]

    def sorted_by(self, name: str) -> list[str | None]:
        """The sort keys of that column."""
        at = next(i for i, one in enumerate(self.columns) if one.startswith(name))
        return [row[at] for row in self.keys]


def root_of(markup: Markup) -> ElementTree.Element:
    """The section as a tree; fails where a tag is not closed or a text not escaped."""
    return ElementTree.fromstring(f"<section>{markup}</section>")


def words(element: ElementTree.Element) -> str:
    """What a reader reads, with plain spaces."""
    return "".join(element.itertext()).replace("\u00a0", " ")


def text_of(markup: Markup) -> str:
    """The words of a whole section."""
    return words(root_of(markup))


def tables(markup: Markup) -> list[Table]:
    """The tables of a section."""
    found = []
    for one in root_of(markup).iter("table"):
        caption, head, body = one.find("caption"), one.find("thead"), one.find("tbody")
        assert caption is not None and head is not None and body is not None
        rows = [[*row] for row in body]
        found.append(
            Table(
                words(caption),
                [words(cell) for cell in head.iter("th")],
                [[words(cell) for cell in row] for row in rows],
                [[cell.get("data-key") for cell in row] for row in rows],
                [words(cell) for cell in body.iter("b")],
            )
        )
        assert all(len(row) == len(found[-1].columns) for row in rows)
    return found


def classed(markup: Markup, name: str) -> list[str]:
    """The texts of all elements of a class."""
    return [words(one) for one in root_of(markup).iter() if name in one.get("class", "").split()]


def material(comparison: Any, *, stored: Any = (), across: Any = ()) -> Material:
    """What a section is made from, of a comparison without runs."""
    looks = looks_of([row.level for row in comparison.rows], [comparison.baseline])
    return Material(comparison, tuple(stored), looks, (comparison,), tuple(across))


def report(*comparisons: Any, across: Any = (), stored: Any = (), **changes: Any) -> Report:
    """A report of comparisons without runs."""
    usual: dict[str, Any] = {
        "title": "made",
        "materials": tuple(material(one, stored=stored) for one in comparisons),
        "across": tuple(across),
        "stored": tuple(stored),
        "version": "0.1.0",
    }
    return Report(**(usual | changes))


STRANGE = (
    "<script>alert(1)</script>",
    "\"quoted' & <b>bold</b>",
    "🦆 emoji",
    "خسارة",
    "long_" * 40,
)
"""Names that must stand in a page as they are."""

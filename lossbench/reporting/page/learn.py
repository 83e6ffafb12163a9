"""Section 4 in words: how fast and how calmly the levels were trained."""

from lossbench.reporting.convergence import NOT_CALM, Part, parts
from lossbench.reporting.figures import Material
from lossbench.reporting.page.cells import there
from lossbench.reporting.page.markup import Markup, joined, paragraphs, table


def learn(material: Material) -> Markup:
    """Return when the levels reached the baseline's score, and how their training loss swung."""
    comparison = material.comparison
    found = comparison.convergence
    if found is None or not found.rows:
        return joined()
    return joined(
        *map(_part, parts(comparison, found)),
        paragraphs([] if found.calm else [NOT_CALM]),
    )


def _part(part: Part) -> Markup:
    rows = [[first, *map(there, others)] for first, *others in part.rows]
    body = table(part.title, part.columns, rows, sortable=True, words=part.columns[:1])
    return joined(body, paragraphs(part.notes, class_="note"))

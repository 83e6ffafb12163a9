"""Section 5 in words: the value of each loss on test, which informs and never ranks."""

from lossbench.reporting.cross_loss import NEVER_RANKS, TITLE, evaluated, value_text
from lossbench.reporting.figures import Material
from lossbench.reporting.page.cells import keyed, there
from lossbench.reporting.page.markup import Markup, element, joined, table

MOST = 12
"""Losses evaluated, or trained, from which on the table is behind a click."""


def change(material: Material) -> Markup:
    """Return what each trained network scores by each loss; nothing where no run recorded it."""
    found = material.comparison.cross_loss
    if not found:
        return joined()
    names = evaluated(found)
    body = table(
        TITLE,
        ["trained with", *names],
        [
            (level, *(there(value_text(values.get(name))) for name in names))
            for level, values in found.items()
        ],
        sortable=True,
        words=["trained with"],
        keys=keyed([(None, *map(values.get, names)) for values in found.values()]),
    )
    note = element("p", NEVER_RANKS, class_="note")
    if max(len(found), len(names)) <= MOST:
        return joined(body, note)
    return joined(element("details", element("summary", TITLE), body), note)

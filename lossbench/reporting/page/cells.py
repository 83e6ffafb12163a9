"""What several sections put into their tables: verdicts, numbers that sort, paths made relative."""

import math
import os
from collections.abc import Iterable, Sequence
from typing import Any

from lossbench.comparison import Row
from lossbench.reporting.columns import WORDS, Context, cell
from lossbench.reporting.page.markup import Markup, element
from lossbench.store import Stored

NOTHING = "–"
"""Stands for what does not exist."""

_KINDS = {
    "CLEARLY_BETTER": "better",
    "BETTER": "better",
    "BETTER_NEGLIGIBLE": "better",
    "EQUIVALENT": "equivalent",
    "WORSE_NEGLIGIBLE": "worse",
    "WORSE": "worse",
    "CLEARLY_WORSE": "worse",
    "BASELINE": "baseline",
}
ORDER = (*_KINDS, "INCONCLUSIVE", "NO_DATA")
"""Verdicts from the best to those that say nothing; tables sort by it."""


def badge(code: str, text: str | None = None) -> Markup:
    """Return a verdict that stands out: its word, and a class for its colour.

    Args:
        code: of `stats.WORDS`, or BASELINE.
        text: what it reads instead of the usual word.
    """
    kind = _KINDS.get(code, "inconclusive")
    return element("span", text or WORDS.get(code, code), class_=f"verdict {kind}")


def there(text: str) -> str:
    """Return a cell's text, with a dash instead of the terminal's dot for what does not exist."""
    return NOTHING if text in (".", "") else text


def shown_cell(name: str, row: Row, context: Context) -> str:
    """Return what the terminal's table shows in one of its columns."""
    return there(cell(name, row, context))


def together(text: str) -> str:
    """Return an interval that no line break cuts in two."""
    return text.replace(" ", "\u00a0")


def sort_key(value: Any) -> str | None:
    """Return what a cell is sorted by; None, an own group, where it is no finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return repr(float(value))


def keyed(values: Sequence[Sequence[Any]]) -> dict[tuple[int, int], str]:
    """Return the sort keys of a table from the numbers behind its cells; None sorts by text."""
    return {
        (i, j): key
        for i, row in enumerate(values)
        for j, value in enumerate(row)
        if (key := sort_key(value)) is not None
    }


def without_folders(text: str, stored: Iterable[Stored]) -> str:
    """Return a message with the folder of each experiment cut to its name: reports are mailed."""
    for one in stored:
        for path in dict.fromkeys((os.path.realpath(one.folder), str(one.folder))):
            text = text.replace(path, one.folder.resolve().name)
    return text

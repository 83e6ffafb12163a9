"""The main table of each comparison in Markdown."""

import re
from collections.abc import Iterable, Iterator, Sequence

from lossbench.comparison import Across, Comparison
from lossbench.reporting.captions import captions, flag_lines, listed
from lossbench.reporting.columns import (
    Layout,
    cell,
    context_of,
    heading,
)
from lossbench.reporting.exports.claims import across_claim, banner_sentences, footing
from lossbench.reporting.header import title_of
from lossbench.reporting.terminal import LEFT

COLUMNS = ("level", "mean", "diff", "ci", "n", "wins", "p_holm", "verdict", "done", "flags")


def markdown_tables(comparisons: Sequence[Comparison], across: Sequence[Across] = ()) -> str:
    """Return a heading, a table and its sentences for each comparison, as GitHub reads them."""
    lines = [line for one in comparisons for line in _lines(one)]
    for one in across:
        lines += [f"## Across {len(one.datasets)} data sets", "", escaped(across_claim(one)), ""]
    return "\n".join(lines)


def _lines(comparison: Comparison) -> Iterator[str]:
    metric = comparison.metric.replace("_", " ")
    unit = " in points" if comparison.bounded else ""
    track = f", {comparison.track} track" if comparison.track else ""
    yield from (f"## {escaped(title_of(comparison) + track)}", "")
    way = "higher" if comparison.higher_is_better else "lower"
    yield from (f"{escaped(metric)} on test{unit}; {way} is better.", "")
    for text in banner_sentences(comparison):
        yield from (f"**{escaped(text)}**", "")
    yield from markdown_table(comparison)
    yield ""
    for texts in (captions(comparison), listed(comparison), flag_lines(comparison, named=False)):
        yield from (f"- {escaped(text)}" for text in texts)
    yield from (f"- {escaped(footing(comparison))}", "")


def markdown_table(comparison: Comparison) -> list[str]:
    """Return the lines of a comparison's table; bold names are the best and what equals it."""
    context = context_of(comparison, Layout(COLUMNS[1:], brief=False))
    rows = [
        [escaped(cell(name, row, context)) for name in COLUMNS]
        for row in (*comparison.rows, *comparison.controls)
    ]
    for row, cells in zip((*comparison.rows, *comparison.controls), rows, strict=True):
        cells[0] = f"**{cells[0]}**" if row.bold else cells[0]
    rule = [":--" if name in LEFT else "--:" for name in COLUMNS]
    head = [escaped(heading(name, comparison)) for name in COLUMNS]
    return [_piped(cells) for cells in (head, rule, *rows)]


def _piped(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    plain = " ".join(text.split())
    plain = plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MEANT.sub(r"\\\g<0>", plain)


_MEANT = re.compile(r"[\\`*#|~$]|(?<![^\W_])_|_(?![^\W_])|\](?=[(\[:])")
"""What Markdown reads otherwise: an underscore inside a word and most brackets it does not."""

"""Comparisons as text that reads well at 80 columns, without colour and in a pipe."""

import io
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lossbench.comparison import Across, Check, Comparison, Row
from lossbench.reporting.across import print_across
from lossbench.reporting.audit import OUTCOMES, audit_summary
from lossbench.reporting.captions import (
    banners,
    captions,
    flag_lines,
    listed,
    prevalence_text,
    regret_text,
    shares_sentence,
    tells_regret,
)
from lossbench.reporting.columns import (
    NOTES,
    WORDS,
    Context,
    Layout,
    cell,
    context_of,
    fitting,
    folded,
    heading,
    needed,
)
from lossbench.reporting.convergence import print_convergence
from lossbench.reporting.cross_loss import print_cross_loss
from lossbench.reporting.header import header
from lossbench.reporting.one_seed import predictions_lines
from lossbench.reporting.ordering import grouped
from lossbench.reporting.tuning import ledger_lines

USUAL_WIDTH = 80
LEAST_WIDTH = 60
STYLES = {
    "CLEARLY_BETTER": "bold green",
    "BETTER": "green",
    "CLEARLY_WORSE": "bold red",
    "WORSE": "red",
    "EQUIVALENT": "cyan",
    "BASELINE": "dim",
}
LEAST_NAME = 10
LONGEST_NAME = 50
LEFT = ("level", "verdict", "flags", "head")
"""Columns of words."""

GAP = "   "
"""Between the items of a header."""


def as_text(
    comparisons: Sequence[Comparison],
    width: int | None = None,
    *,
    columns: Sequence[str] = (),
    group_by: str | None = None,
    cross_loss: bool = False,
    audit: bool = False,
    across: Sequence[Across] = (),
) -> str:
    """Return comparisons as tables.

    Args:
        comparisons: what `comparison.compare` returned.
        across: what `comparison.across_datasets` made of them; printed last.
        width: columns; None means the terminal's, or 80 in a pipe. Colour is used on a terminal
            only, and never where NO_COLOR is set.
        columns: names of `columns.COLUMNS`, shown whether they fit or not; none means those that
            fit.
        group_by: attribute of a comparison; those of equal value stand under one heading.
        cross_loss: whether the value of every loss on test is shown, too.
        audit: whether every check of the protocol is shown, not only those that did not pass.
    """
    console = _console(width)
    groups = grouped(comparisons, group_by) if group_by else {"": list(comparisons)}
    for number, (name, members) in enumerate(groups.items()):
        if name:
            lines = [name, "═" * cell_len(name), ""]
            console.print(Text("\n".join(["", *lines] if number else lines)))
        for index, comparison in enumerate(members):
            if index:
                console.print()
            _print(console, comparison, columns)
            if cross_loss:
                print_cross_loss(console, comparison)
            _print_lines(console, audit_lines(comparison, everything=audit))
    for one in across:
        print_across(console, one, WORDS)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _console(width: int | None) -> Console:
    terminal = sys.stdout.isatty()
    found = shutil.get_terminal_size((USUAL_WIDTH, 24)).columns if terminal else USUAL_WIDTH
    return Console(
        file=io.StringIO(),
        width=width or max(LEAST_WIDTH, found),
        force_terminal=terminal and not os.environ.get("NO_COLOR"),
        force_jupyter=False,  # there it would display each line instead of writing it
        highlight=False,
    )


def _print(console: Console, comparison: Comparison, columns: Sequence[str]) -> None:
    regret = tells_regret(comparison)
    layout = fitting(comparison, console.width, regret=regret)
    if columns:
        layout = Layout(tuple(columns), brief=False)
    context = context_of(comparison, layout)
    _print_lines(console, [*_header(comparison, console.width), *banners(comparison), ""])
    _print_table(console, comparison.rows, context)
    if comparison.controls:
        told_of = "beside them, cross-entropy with the head that a loss brought along:"
        _print_lines(console, ["", told_of])
        _print_table(console, comparison.controls, context)
    beside = "regret" in layout.names
    regrets = [regret_text(comparison, context.unit, beside=beside)] if regret else []
    _print_lines(console, _notes(context, regrets))
    _print_lines(console, predictions_lines(comparison, context.unit.scale, context.unit.decimals))
    if comparison.convergence is not None:
        console.width = max(USUAL_WIDTH, console.width)  # its tables leave nothing out
        print_convergence(console, comparison, comparison.convergence)


def _print_lines(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(Text(line))


def _header(comparison: Comparison, width: int) -> list[str]:
    return [line for items in header(comparison) for line in _flow(items, width)]


def _flow(items: Iterable[str], width: int) -> list[str]:
    """Return items on as few lines as they need, none cut in two."""
    lines: list[str] = []
    for item in filter(None, items):
        if lines and cell_len(lines[-1] + GAP + item) <= width:
            lines[-1] += GAP + item
        else:
            lines.append(item)
    return lines


def _print_table(console: Console, rows: Sequence[Row], context: Context) -> None:
    comparison, layout = context.comparison, context.layout
    width = console.width
    if needed(comparison, layout, longest=LEAST_NAME) > width:  # columns that were asked for
        width = needed(comparison, layout, longest=LONGEST_NAME)
    names = width - needed(comparison, layout, longest=0)
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(heading("level", comparison), overflow="fold")
    for name in layout.names:
        justify: Literal["left", "right"] = "left" if name in LEFT else "right"
        table.add_column(heading(name, comparison), justify=justify, no_wrap=True, overflow="crop")
    table.add_row(*("─" * cell_len(str(column.header)) for column in table.columns), style="dim")
    for row in rows:
        cells = (Text(cell(n, row, context), style=_style(n, row)) for n in layout.names)
        table.add_row(Text(folded(cell("level", row, context), names)), *cells)
    before, console.width = console.width, width
    console.print(table)
    console.width = before


def _style(name: str, row: Row) -> str:
    if name == "mean" and row.bold:
        return "bold"
    return STYLES.get(row.verdict, "") if name == "verdict" else ""


def _notes(context: Context, regret: Sequence[str]) -> list[str]:
    """Return what stands below the table, paragraphs apart."""
    comparison = context.comparison
    shares = shares_sentence(comparison)
    answers = [*listed(comparison), *([shares] if shares else [])]
    lines = ["", *answers, ""] if answers else [""]
    lines += captions(comparison)
    shown_too = [NOTES[name] for name in context.layout.names if name in NOTES]
    lines += [*([f"{'; '.join(shown_too)}."] if shown_too else []), *regret]
    prevalence = prevalence_text(comparison, context.unit)
    return [
        *lines,
        *([prevalence] if prevalence else []),
        *flag_lines(comparison, named=context.layout.marked),
        *(f"warning: {text}" for text in comparison.warnings),
        *_ledger(comparison),
    ]


def _ledger(comparison: Comparison) -> list[str]:
    """Return what tuning spent on each level."""
    if not any(row.trials for row in comparison.rows):
        return []
    return ["", *ledger_lines(comparison.rows)]


_SAID_ABOVE = frozenset(
    {"E05", "E13", "delta", "heads", "protocol", "seeds", "selection", "tuning"}
)
"""Checks whose warnings stand above the audit already: in banners, flags and warnings."""


def audit_lines(comparison: Comparison, *, everything: bool) -> list[str]:
    """Return what the audit of the protocol found: a summary, and the checks that did not pass.

    Args:
        comparison: what was audited.
        everything: whether checks are listed, too, that passed, and warnings that stand above.
    """
    if not comparison.audit:
        return ["", "audit of the protocol: no check was made."] if everything else []

    def listed_here(check: Check) -> bool:
        known = check.outcome == "warn" and check.code in _SAID_ABOVE
        return everything or not (known or check.outcome == "pass")

    lines = [
        f"{check.outcome:<4} {check.code}: {check.text}"
        for outcome in OUTCOMES
        for check in comparison.audit
        if check.outcome == outcome and listed_here(check)
    ]
    more = "" if everything else "; --audit lists them"
    return ["", f"audit of the protocol: {audit_summary(comparison)}{more}.", *lines]

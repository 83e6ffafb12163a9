"""Comparisons as text that reads well at 80 columns, without colour and in a pipe."""

import io
import math
import os
import shutil
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lossbench.catalog.axes import plural, title, told
from lossbench.comparison import Comparison, Row
from lossbench.reporting.convergence import print_convergence
from lossbench.reporting.numbers import decimals_of, interval, number, p_value

WORDS = {
    "NO_DATA": "not testable",
    "BETTER_NEGLIGIBLE": "better < delta",
    "WORSE_NEGLIGIBLE": "worse < delta",
    "CLEARLY_BETTER": "BETTER > delta",
    "CLEARLY_WORSE": "WORSE > delta",
    "BETTER": "BETTER",
    "WORSE": "WORSE",
    "EQUIVALENT": "EQUIVALENT",
    "INCONCLUSIVE": "inconclusive",
    "BASELINE": "baseline",
}
STYLES = {
    "CLEARLY_BETTER": "bold green",
    "BETTER": "green",
    "CLEARLY_WORSE": "bold red",
    "WORSE": "red",
    "EQUIVALENT": "cyan",
    "BASELINE": "dim",
}
MEANING = {
    "FEW_SEEDS": "too few seeds for the exact sign-flip test to reach alpha",
    "FRAGILE": "the sign-flip test disagrees, or the verdict hangs on one seed",
    "IDENTICAL": "all differences are equal",
    "FAILURES": "some runs failed; the difference is over the seeds that worked",
    "INCOMPLETE": "some runs are not finished",
    "HEAD_DIFFERS": "another output layer than the baseline: this compares loss + head",
}


def as_text(comparisons: Sequence[Comparison], width: int | None = None) -> str:
    """Return comparisons as tables.

    Args:
        comparisons: what `comparison.compare` returned.
        width: columns; None means the terminal's, or 80 in a pipe. Colour is used on a terminal
            only, and never where NO_COLOR is set.
    """
    terminal = sys.stdout.isatty()
    columns = width or max(80, shutil.get_terminal_size((80, 24)).columns if terminal else 80)
    console = Console(
        file=io.StringIO(),
        width=columns,
        force_terminal=terminal and not os.environ.get("NO_COLOR"),
        highlight=False,
    )
    for index, comparison in enumerate(comparisons):
        if index:
            console.print()
        _print(console, comparison)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _print(console: Console, comparison: Comparison) -> None:
    scale = 100.0 if comparison.bounded else 1.0
    decimals = _decimals(comparison, scale)
    for line in _header(comparison, scale):
        console.print(Text(line))
    console.print()
    regret = _tells_regret(comparison)
    table = _table(comparison.rows, comparison, scale, decimals, regret=regret)
    unbound = console.options.update(width=10 * console.width)
    beside = console.measure(table, options=unbound).maximum <= console.width
    if regret and not beside:  # no room for the column: a line below has the regrets
        table = _table(comparison.rows, comparison, scale, decimals)
    console.print(table)
    if comparison.controls:
        console.print()
        console.print(Text("beside them, cross-entropy with the head that a loss brought along:"))
        console.print(_table(comparison.controls, comparison, scale, decimals))
    regrets = [_regret_text(comparison, scale, decimals, beside=beside)] if regret else []
    for line in _notes(comparison, scale, decimals, regrets):
        console.print(Text(line))
    if comparison.convergence is not None:
        print_convergence(console, comparison, comparison.convergence)


def _title(comparison: Comparison) -> str:
    """Return what all runs of a comparison share, after the factor where that is not the loss."""
    shared = " / ".join(told(comparison.names(), without=comparison.factor))
    lead = "" if comparison.factor == "loss" else f"comparing {plural(comparison.factor)}: "
    return f"{lead}{shared}, {comparison.epochs} epochs, {comparison.seeds} paired seeds"


def _header(comparison: Comparison, scale: float) -> list[str]:
    better = "higher is better" if comparison.higher_is_better else "lower is better"
    unit = " in points" if comparison.bounded else ""
    declared = "" if comparison.delta_declared else " (default)"
    epoch = "epoch chosen on validation" if comparison.at == "selected" else "at the last epoch"
    points = " points" if comparison.bounded else ""
    others = sum(row.verdict != "BASELINE" for row in comparison.rows)
    of_factor = title(comparison.factor) if others == 1 else plural(comparison.factor)
    return [
        _title(comparison),
        f"{comparison.metric} on test{unit}, {better}; {epoch}",
        f"baseline {comparison.baseline or 'missing'}; "
        f"delta {scale * comparison.delta:.3g}{points}{declared}; "
        f"alpha {comparison.alpha:g}, Holm over {others} {of_factor}",
    ]


def _decimals(comparison: Comparison, scale: float) -> int:
    """Return the decimals at which a usual half-width of an interval has two digits."""
    halves = (scale * (row.ci_high - row.ci_low) / 2 for row in comparison.rows)
    return decimals_of(halves, 2 if comparison.bounded else 4)


def _table(
    rows: Sequence[Row],
    comparison: Comparison,
    scale: float,
    decimals: int,
    *,
    regret: bool = False,
) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(title(comparison.factor), overflow="fold", min_width=10)
    ci = "95% CI" if comparison.alpha == 0.05 else "CI"
    for name in ("mean", *(["regret"] if regret else []), "diff", ci, "wins", "p Holm"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", overflow="fold")
    table.add_column("done", justify="right", no_wrap=True)
    table.add_row(*("─" * len(str(column.header)) for column in table.columns), style="dim")
    for row in rows:
        mark = "*" if row.flags else ""
        table.add_row(
            Text(_with_head(row)),
            number(scale * row.mean, decimals),
            *([number(scale * row.regret, decimals)] if regret else []),
            number(scale * row.diff, decimals, signed=True),
            interval(scale * row.ci_low, scale * row.ci_high, decimals),
            f"{row.wins}/{row.blocks}" if row.blocks and row.verdict != "BASELINE" else ".",
            p_value(row.p_holm),
            Text(WORDS[row.verdict] + mark, style=STYLES.get(row.verdict, "")),
            f"{row.done}/{row.planned}",
        )
    return table


def _tells_regret(comparison: Comparison) -> bool:
    """Return whether regrets are known and say more than the means, which is not so at 0."""
    perfect = comparison.optimum == 0 and not comparison.higher_is_better
    return math.isfinite(comparison.optimum) and not perfect


def _regret_text(comparison: Comparison, scale: float, decimals: int, *, beside: bool) -> str:
    """Return the best possible value, and the regrets where the table has no room for them."""
    best = number(scale * comparison.optimum, decimals)
    if beside:
        return f"regret: what is missing to {best}, the best possible on this test set."
    found = (f"{row.level} {number(scale * row.regret, decimals)}" for row in comparison.rows)
    return f"regret to {best}, the best possible on this test set: {', '.join(found)}."


def _with_head(row: Row) -> str:
    """Return a loss as the table names it: with its head where that is one of its own."""
    known = row.head in (None, "classes", "binary") or " head" in row.level
    return row.level if known else f"{row.level} + {row.head} head"


def _notes(comparison: Comparison, scale: float, decimals: int, regret: Sequence[str]) -> list[str]:
    lines = ["", "diff: paired by seed against the baseline; positive is better.", *regret]
    if comparison.prevalence is not None:
        share = f"{scale * comparison.prevalence:.{decimals}f}"
        lines.append(f"positives on test: {share}, the average precision of a random order.")
    open_rows = [r for r in comparison.rows if r.verdict == "INCONCLUSIVE" and math.isfinite(r.mde)]
    if open_rows:
        found = ", ".join(f"{row.level} {scale * row.mde:.{decimals}f}" for row in open_rows)
        lines.append(f"inconclusive is not equal: this design detects about {found}.")
    flagged = dict.fromkeys(flag for row in comparison.rows for flag in row.flags)
    for flag in flagged:
        names = ", ".join(row.level for row in comparison.rows if flag in row.flags)
        lines.append(f"* {flag} ({names}): {MEANING[flag]}")
    lines += [f"warning: {text}" for text in comparison.warnings]
    return lines

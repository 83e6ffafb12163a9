"""Losses over several data sets as text: the summary, and ranks where there are enough of them."""

import math
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lossbench.catalog.axes import plural, shown, title
from lossbench.comparison import Across, AcrossRow
from lossbench.reporting.numbers import decimals_of, interval, number, p_value

SCALE = 100.0  # points, or percent of the baseline's error


def print_across(console: Console, found: Across, words: Mapping[str, str]) -> None:
    """Print the summary of one set of levels over several data sets.

    Args:
        console: where to.
        found: the summary.
        words: of each verdict.
    """
    for line in ("", *heading(found), ""):
        console.print(Text(line))
    console.print(_table(found, words))
    for line in ("", *notes(found)):
        console.print(Text(line))


def heading(found: Across) -> list[str]:
    """Return what is summed up and how, in lines."""
    unit = "points" if found.scale == "points" else "percent of the baseline's error"
    delta = f"delta {SCALE * found.delta:.3g}; " if math.isfinite(found.delta) else ""
    others = len(found.rows) - 1
    of_factor = title(found.factor) if others == 1 else plural(found.factor)
    metrics = dict.fromkeys(found.metrics)
    return [
        f"across {len(found.datasets)} data sets: {', '.join(found.datasets)}",
        f"{', '.join(metrics)} on test; mean difference in {unit}, each data set counting alike",
        f"baseline {shown(found.factor, found.baseline)}; {delta}alpha {found.alpha:g}, Holm over "
        f"{others} {of_factor}; this speaks of these data sets alone",
    ]


def _table(found: Across, words: Mapping[str, str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    first, *numbers, last = columns(found)
    table.add_column(first, overflow="fold", min_width=10)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column(last, overflow="fold")
    table.add_row(*("─" * len(str(column.header)) for column in table.columns), style="dim")
    for row in found.rows:
        table.add_row(*map(Text, cells(row, found, words)))
    return table


def columns(found: Across) -> tuple[str, ...]:
    """Return the headings of the table: first the levels, last the verdicts, numbers between."""
    ci = f"{100 * (1 - found.alpha):g}% CI"
    rank = ["rank"] if found.pairs else []
    return title(found.factor), "diff", ci, "better on", *rank, "p Holm", "verdict"


def decimals(found: Across) -> int:
    """Return the decimals of differences in the table."""
    halves = (SCALE * (row.ci_high - row.ci_low) / 2 for row in found.rows)
    return decimals_of(halves, 2)


def cells(row: AcrossRow, found: Across, words: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the table shows of a level, one text for each of `columns`."""
    digits, wins = decimals(found), sum(diff > 0 for diff in row.diffs)
    return (
        shown(found.factor, row.level),
        number(SCALE * row.mean, digits, signed=True),
        interval(SCALE * row.ci_low, SCALE * row.ci_high, digits),
        "." if row.verdict == "BASELINE" else f"{wins}/{len(row.diffs)}",
        *([number(row.mean_rank, 2)] if found.pairs else []),
        p_value(row.p_holm),
        words[row.verdict],
    )


def notes(found: Across) -> list[str]:
    """Return what follows from the table and what limits it, in sentences."""
    lines = [*_interaction(found), *_ranks(found)]
    return lines + [f"warning: {text}" for text in found.warnings]


def _interaction(found: Across) -> list[str]:
    both = found.interaction
    if not math.isfinite(both.level):
        return []
    names = plural(found.factor)
    shares = (
        f"of the variation between {names} {100 * both.level:.0f}% is common to all data sets and "
        f"{100 * both.interaction:.0f}% differs between them (p {p_value(both.p)})"
    )
    if both.large:
        return [
            f"which {title(found.factor)} is best depends on the data set: {shares}. The verdicts "
            "on each data set above go before this one."
        ]
    return [f"{shares}."]


def _ranks(found: Across) -> list[str]:
    if not found.pairs:
        return []
    lines, n = [], len(found.datasets)
    if (test := found.friedman) is not None and math.isfinite(test.chi2):
        lines.append(
            f"Friedman over {n} data sets: chi2 {test.chi2:.2f}, p {p_value(test.p_chi2)}; "
            f"F {test.f:.2f}, p {p_value(test.p_f)}."
        )
    name = f"Wilcoxon signed-rank, Holm over {len(found.pairs)} pairs"
    if not found.can_reject:
        least = min(1.0, len(found.pairs) * 2 / 2**n)
        return [
            *lines,
            f"{name}: with {n} data sets its smallest p-value is {least:.2g}, above "
            f"{found.alpha:g}: it cannot tell any two apart, which says nothing of whether they "
            "differ.",
        ]
    apart = [pair for pair in found.pairs if pair.p_holm <= found.alpha]
    told = "; ".join(f"{one.better} above {one.worse} (p {p_value(one.p_holm)})" for one in apart)
    return [*lines, f"{name}: {told or 'no two can be told apart'}."]

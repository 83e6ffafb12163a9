"""Section 7: the levels over several data sets, summed up and one by one."""

import math

from lossbench.catalog.axes import shown, title
from lossbench.comparison import Across, AcrossRow
from lossbench.reporting import across as summary
from lossbench.reporting.columns import WORDS
from lossbench.reporting.numbers import number, p_value
from lossbench.reporting.page.cells import NOTHING, ORDER, badge, keyed, there
from lossbench.reporting.page.markup import Markup, bullets, element, joined, paragraphs, table
from lossbench.reporting.page.report import Report

MOST_PAIRS = 100
"""Pairs of levels that are listed, those of the smallest p-values first."""


def across(report: Report) -> Markup:
    """Return each summary over data sets; nothing where there is one data set alone."""
    return joined(*map(_summary, report.across))


def _summary(found: Across) -> Markup:
    return joined(
        paragraphs(summary.heading(found)),
        _mean_table(found),
        bullets(summary.notes(found), class_="notes"),
        _by_dataset(found),
        _pairs(found),
    )


def _mean_table(found: Across) -> Markup:
    columns = summary.columns(found)
    rows, keys = [], []
    for row in found.rows:
        *cells, _ = summary.cells(row, found, WORDS)
        rows.append([*map(there, cells), badge(row.verdict)])
        rank = [row.mean_rank] if found.pairs else []
        wins = sum(diff > 0 for diff in row.diffs)
        numbers = [row.mean, row.ci_low, wins, *rank, row.p_holm]
        keys.append([None, *numbers, ORDER.index(row.verdict)])
    where = f"Mean difference over {len(found.datasets)} data sets"
    return table(
        where,
        columns,
        rows,
        sortable=True,
        words=(columns[0], columns[-1]),
        keys=keyed(keys),
    )


def _by_dataset(found: Across) -> Markup:
    """Return the difference and the verdict on each data set: a row for each, columns of levels."""
    others = [row for row in found.rows if row.verdict != "BASELINE"]
    names = [shown(found.factor, row.level) for row in others]
    rows = [
        (dataset, found.metrics[index], *(_on(row, index, found) for row in others))
        for index, dataset in enumerate(found.datasets)
    ]
    keys = keyed(
        [(None, None, *(row.diffs[index] for row in others)) for index in range(len(rows))]
    )
    unit = "points" if found.scale == "points" else "percent of the baseline's error"
    return table(
        f"Difference to {shown(found.factor, found.baseline)} on each data set, {unit}",
        ["data set", "metric", *names],
        rows,
        sortable=True,
        words=("data set", "metric"),
        keys=keys,
    )


def _on(row: AcrossRow, index: int, found: Across) -> Markup:
    diff = row.diffs[index]
    if not math.isfinite(diff):
        return joined(NOTHING)
    text = number(summary.SCALE * diff, max(1, summary.decimals(found)), signed=True)
    return joined(text, " ", badge(row.verdicts[index]))


def _pairs(found: Across) -> Markup:
    """Return the test of each pair of levels, where there are data sets enough for it."""
    if not found.pairs:
        return joined()
    pairs = sorted(found.pairs, key=lambda pair: (pair.p_holm, pair.p))[:MOST_PAIRS]
    cells = [
        (
            shown(found.factor, pair.better),
            shown(found.factor, pair.worse),
            str(pair.n),
            p_value(pair.p),
            p_value(pair.p_holm),
        )
        for pair in pairs
    ]
    keys = keyed([(None, None, pair.n, pair.p, pair.p_holm) for pair in pairs])
    first = f"{title(found.factor)} of the better rank"
    columns = (first, "the other", "data sets that differ", "p", "p Holm")
    left_out = len(found.pairs) - len(pairs)
    caption = f"Wilcoxon's signed-rank test of each pair, Holm over {len(found.pairs)} pairs"
    if left_out:
        caption += f"; the {left_out} pairs of the largest p-values are left out"
    body = table(caption, columns, cells, sortable=True, words=columns[:2], keys=keys)
    return element("details", element("summary", "Every pair"), body)

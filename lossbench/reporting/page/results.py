"""Section 2: the table of the levels, their controls, and what stands below."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from lossbench import stats
from lossbench.comparison import Comparison, Row
from lossbench.reporting.captions import (
    captions,
    flag_lines,
    prevalence_text,
    regret_text,
    tells_regret,
)
from lossbench.reporting.columns import NOTES, WORDS, Context, Layout, context_of, heading
from lossbench.reporting.figures import Material
from lossbench.reporting.header import header
from lossbench.reporting.numbers import interval
from lossbench.reporting.one_seed import predictions_lines
from lossbench.reporting.page.cells import (
    ORDER,
    badge,
    keyed,
    shown_cell,
    together,
    without_folders,
)
from lossbench.reporting.page.markup import Markup, bullets, element, joined, paragraphs, table
from lossbench.reporting.sentences import ci_name

LEFT = ("verdict", "flags")
CONTROLS = "Beside them, cross-entropy with the head that a loss brought along"


class Column(NamedTuple):
    """A column of the table.

    Attributes:
        name: of `columns.COLUMNS`, for legends.
        title: what stands above it.
        show: the cell of a row.
        key: the number that it is sorted by; None where the text is.
    """

    name: str
    title: str
    show: Callable[[Row, Context], Any]
    key: Callable[[Row], Any]


def results(material: Material) -> Markup:
    """Return the table of the levels, that of the controls, and how both are to be read."""
    comparison = material.comparison
    if not comparison.rows:
        return joined()
    columns = _columns(comparison)
    context = context_of(comparison, Layout(tuple(one.name for one in columns), brief=False))
    controls = (
        table_of(comparison.controls, columns, context, CONTROLS) if comparison.controls else ""
    )
    what, _ = header(comparison)
    caption = ": ".join(what[:2])
    unit = context.unit
    return joined(
        table_of(comparison.rows, columns, context, caption),
        controls,
        paragraphs(
            [
                *_notes(comparison, context),
                *predictions_lines(comparison, unit.scale, unit.decimals),
            ],
            class_="note",
        ),
        bullets([*flag_lines(comparison, named=False)], class_="flags"),
        bullets(
            [f"warning: {without_folders(text, material.stored)}" for text in comparison.warnings],
            class_="warnings",
        ),
    )


def table_of(
    rows: Sequence[Row], columns: Sequence[Column], context: Context, caption: str
) -> Markup:
    """Return a table of levels; bold means are those that cannot be told from the best."""
    return table(
        caption,
        [one.title for one in columns],
        [[one.show(row, context) for one in columns] for row in rows],
        sortable=True,
        words=[one.title for one in columns if one.name in ("level", *LEFT)],
        keys=keyed([[one.key(row) for one in columns] for row in rows]),
    )


def _columns(comparison: Comparison) -> list[Column]:
    ci = ci_name(comparison)
    rows = [*comparison.rows, *comparison.controls]

    def plain(name: str, above: str = "", key: str = "") -> Column:
        return Column(
            name,
            above or heading(name, comparison),
            lambda row, context: shown_cell(name, row, context),
            lambda row: getattr(row, key or name) if name != "level" else None,
        )

    known = [
        *(["regret"] if tells_regret(comparison) else []),
        *("diff", "p_holm"),
        *(["pi"] if _any(rows, "pi") else []),
    ]
    return [
        plain("level"),
        Column("mean", f"mean [{ci}]", _mean, lambda row: row.mean),
        *(_diff(ci) if name == "diff" else plain(name) for name in known),
        Column("verdict", "verdict", lambda row, _: _verdict(row, comparison), _order),
        plain("done", "completed"),
        *([plain("step_ratio", "step time")] if _any(rows, "step_ratio") else []),
        *([plain("flags")] if any(row.flags for row in rows) else []),
    ]


def _any(rows: Sequence[Row], name: str) -> bool:
    return any(math.isfinite(getattr(row, name)) for row in rows)


def _order(row: Row) -> int:
    return ORDER.index(row.verdict) if row.verdict in ORDER else len(ORDER)


def _mean(row: Row, context: Context) -> Markup:
    text, unit = shown_cell("mean", row, context), context.unit
    low, high = mean_interval(row, context.comparison)
    ends = interval(
        unit.scale * low, unit.scale * high, unit.decimals, signed=False, separator=", "
    )
    return joined(
        element("b", text) if row.bold else text, "" if ends == "." else f" {together(ends)}"
    )


def mean_interval(row: Row, comparison: Comparison) -> tuple[float, float]:
    """Return the t interval of a level's mean over the seeds that worked, metric units.

    It tells how the level spreads between seeds. It does not judge a difference, in which what the
    seeds of a pair share cancels. Of a bounded metric it is cut at 0 and 1, between which the true
    mean lies.
    """
    values = comparison.values.get(row.level, {}).values()
    known = [value for value in values if math.isfinite(value)]
    found = stats.paired_difference(known, comparison.alpha, comparison.overlap)
    low, high = found.ci_low, found.ci_high
    if comparison.bounded and math.isfinite(low):
        return max(0.0, low), min(1.0, high)
    return low, high


def _diff(ci: str) -> Column:
    def show(row: Row, context: Context) -> str:
        diff, ends = shown_cell("diff", row, context), shown_cell("ci", row, context)
        return f"{diff} {together(ends)}" if ends.startswith("[") else diff

    return Column("diff", f"diff [{ci}]", show, lambda row: row.diff)


def _verdict(row: Row, comparison: Comparison) -> Markup:
    return badge(row.verdict, WORDS.get(row.verdict))


def _notes(comparison: Comparison, context: Context) -> list[str]:
    """Return how the table is to be read."""
    ci = ci_name(comparison)
    mean = (
        f"mean [{ci}]: of the {comparison.metric.replace('_', ' ')} over the seeds that worked; "
        "as pairs share their seeds, such intervals may overlap where the difference is sure."
    )
    found = [NOTES[name] for name in context.layout.names if name in NOTES]
    shown = context.layout.names
    regret = regret_text(comparison, context.unit, beside=True) if "regret" in shown else ""
    legend = f"{'; '.join(found)}." if found else ""
    prevalence = prevalence_text(comparison, context.unit)
    return [mean, *captions(comparison), *filter(None, (legend, regret, prevalence))]

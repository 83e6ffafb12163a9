"""The first thing on a page of several comparisons: every verdict at a glance."""

from collections.abc import Sequence

from lossbench.catalog.axes import shown, title
from lossbench.comparison import Comparison, Row
from lossbench.reporting.columns import Layout, context_of
from lossbench.reporting.page.cells import badge, shown_cell
from lossbench.reporting.page.markup import Markup, element, joined, table


def names_of(comparisons: Sequence[Comparison]) -> list[str]:
    """Return a short name for each comparison: what it does not share with all others."""
    told = [
        {"factor": f"comparing {title(one.factor)}"}
        | {axis: shown(axis, name) for axis, name in one.names().items()}
        | {"epochs": f"{one.epochs} epochs", "metric": one.metric.replace("_", " ")}
        | {"track": f"{one.track} track" if one.track else "", "at": f"{one.at} epoch"}
        for one in comparisons
    ]
    differ = [key for key in told[0] if len({one[key] for one in told}) > 1]
    names = [", ".join(one[key] for key in differ if one[key]) or "comparison" for one in told]
    return [
        f"{name} ({names[: at + 1].count(name)})" if names.count(name) > 1 else name
        for at, name in enumerate(names)
    ]


def overview(comparisons: Sequence[Comparison], names: Sequence[str]) -> Markup:
    """Return a table for each factor: verdict and difference of each level in each comparison.

    Args:
        comparisons: those of the page, at least two; `c1` is the anchor of the first.
        names: of each.
    """
    tables = []
    for factor in dict.fromkeys(one.factor for one in comparisons):
        own = [at for at, one in enumerate(comparisons) if one.factor == factor]
        tables.append(_table(factor, [(at, comparisons[at], names[at]) for at in own]))
    return joined(*tables)


def _table(factor: str, members: Sequence[tuple[int, Comparison, str]]) -> Markup:
    rows_of = [{row.level: row for row in one.rows} for _, one, _ in members]
    levels = list(dict.fromkeys(level for rows in rows_of for level in rows))
    links = [element("a", name, href=f"#c{at + 1}") for at, _, name in members]
    cells = [
        [_cell(rows.get(level), one) for level in levels]
        for (_, one, _), rows in zip(members, rows_of, strict=True)
    ]
    caption = (
        f"Verdicts by {title(factor)} and comparison, with the mean difference to the baseline; "
        "positive is better, in points where the metric lies between 0 and 1."
    )
    tall = len(levels) >= len(members)
    heads, sides = (links, levels) if tall else (levels, links)
    body = list(map(list, zip(*cells, strict=True))) if tall else cells
    rows = [[side, *row] for side, row in zip(sides, body, strict=True)]
    corner = title(factor) if tall else "comparison"
    return table(caption, [corner, *heads], rows)


def _cell(row: Row | None, comparison: Comparison) -> Markup:
    if row is None:
        return joined("–")
    context = context_of(comparison, Layout((), brief=True))
    diff = "" if row.verdict == "BASELINE" else shown_cell("diff", row, context)
    return joined(badge(row.verdict), " ", element("span", diff, class_="diff") if diff else "")

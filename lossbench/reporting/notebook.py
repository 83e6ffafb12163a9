"""Comparisons and pictures as a notebook shows them."""

import html
import math
from collections.abc import Sequence

from lossbench.catalog.axes import shown
from lossbench.comparison import Comparison, Row
from lossbench.reporting.captions import banners, captions, flag_lines, listed
from lossbench.reporting.columns import Context, cell, context_of, fitting, heading
from lossbench.reporting.figures import Material, Picture, file_bytes
from lossbench.reporting.figures.style import PAPER
from lossbench.reporting.header import title_of
from lossbench.reporting.page.markup import Markup, bullets, element, joined, table
from lossbench.reporting.sentences import delta_text
from lossbench.reporting.terminal import LEFT

WIDTH = 150
"""Columns of a terminal whose table a notebook shows."""
FRAME_HEIGHT = 720
"""Pixels of a report inside a notebook."""
MOST_INSIDE = 4 * 1024 * 1024
"""Letters up to which a report is shown inside a notebook, which keeps a copy."""


def comparison_html(material: Material) -> str:
    """Return a comparison as HTML without scripts and styles: answer, table, what to know."""
    comparison = material.comparison
    return str(
        element(
            "div",
            element("h4", title_of(comparison)),
            bullets(listed(comparison)),
            _table(comparison),
            *(element("p", note) for note in _warned(comparison)),
            *_explained(comparison),
            class_="lossbench",
        )
    )


def _table(comparison: Comparison) -> Markup:
    layout = fitting(comparison, WIDTH, regret=math.isfinite(comparison.optimum))
    context = context_of(comparison, layout)
    names = ("level", *layout.names)
    columns = [heading(name, comparison) for name in names]
    rows = [*comparison.rows, *comparison.controls]
    words = [heading(name, comparison) for name in LEFT]
    cells = [[_cell(name, row, context) for name in names] for row in rows]
    return table(_caption(comparison), columns, cells, words=words)


def _cell(name: str, row: Row, context: Context) -> str | Markup:
    text = cell(name, row, context)
    if name == "ci":
        text = text.replace(" ", "\N{NO-BREAK SPACE}")
    return element("strong", text) if name == "mean" and row.bold else text


def _caption(comparison: Comparison) -> str:
    better = "higher is better" if comparison.higher_is_better else "lower is better"
    points = " in points" if comparison.bounded else ""
    base = shown(comparison.factor, comparison.baseline) if comparison.baseline else "missing"
    return (
        f"{comparison.metric} on test{points}, {better}; {comparison.seeds} paired seeds; "
        f"baseline: {base}; delta {delta_text(comparison)}."
    )


def _warned(comparison: Comparison) -> list[str]:
    return [*banners(comparison), *(f"Warning: {text}" for text in comparison.warnings)]


def _explained(comparison: Comparison) -> list[Markup]:
    notes = [*captions(comparison), *flag_lines(comparison, named=True)]
    lines = [element("div", note) for note in notes if note]
    return [element("details", element("summary", "How to read it"), *lines)] if lines else []


def picture_svg(picture: Picture) -> str:
    """Return a picture as SVG on white paper, which can be read on a dark page, too."""
    text = file_bytes(picture, "svg").decode()
    text = text[text.index("<svg") :]
    return text.replace("<svg ", f'<svg style="background: {PAPER}" ', 1)


def report_html(page: str, path: str) -> str:
    """Return a link to a report, and the report itself in a frame that can reach nothing outside.

    Args:
        page: the report.
        path: of its file.
    """
    link = element("a", path, href=path, target="_blank")
    if len(page) > MOST_INSIDE:
        return str(element("p", "Report: ", link))
    frame = (
        f'<iframe srcdoc="{html.escape(page)}" sandbox="allow-scripts" title="Report" '
        f'style="width: 100%; height: {FRAME_HEIGHT}px; border: 1px solid #d5d5d5"></iframe>'
    )
    return str(joined(element("p", "Report: ", link), Markup(frame)))


def run_html(sentences: Sequence[str], comparisons: Sequence[str]) -> str:
    """Return what a run came to, above its comparisons.

    Args:
        sentences: about the run.
        comparisons: HTML of each.
    """
    return str(joined(bullets(sentences), *map(Markup, comparisons)))

"""The whole page: head, sections in order, own style and script inside."""

from collections.abc import Iterator
from importlib import resources

from lossbench.reporting.captions import listed
from lossbench.reporting.figures import Material, pictures_of
from lossbench.reporting.page.markup import Markup, element, figure, joined, paragraphs
from lossbench.reporting.page.report import Report

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
"""Whatever the page contains, a browser asks no network for it."""


def page_html(report: Report) -> str:
    """Return the page; equal runs give equal bytes."""
    style = resources.files(__package__).joinpath("style.css").read_text("utf-8")
    script = resources.files(__package__).joinpath("script.js").read_text("utf-8")
    head = element(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        element("title", f"{report.title}: lossbench report"),
        element("style", Markup(style)),
    )
    body = element(
        "body",
        element("main", element("h1", report.title), *_comparisons(report)),
        element("script", Markup(script)),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _comparisons(report: Report) -> Iterator[Markup]:
    for number, material in enumerate(report.materials, start=1):
        yield _comparison(material, f"c{number}")


def _comparison(material: Material, anchor: str) -> Markup:
    pictures = pictures_of(material)
    return joined(
        element("h2", "Answer", id=f"{anchor}-answer"),
        paragraphs(listed(material.comparison)),
        *(figure(one, f"{anchor}-{one.name}") for one in pictures if one.section == "answer"),
    )

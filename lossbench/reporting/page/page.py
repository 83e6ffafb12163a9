"""The whole page: head, sections in order, own style and script inside."""

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import resources
from typing import NamedTuple

from lossbench.reporting.figures import Material, Section
from lossbench.reporting.header import title_of
from lossbench.reporting.page.across import across
from lossbench.reporting.page.answer import answer
from lossbench.reporting.page.change import change
from lossbench.reporting.page.cost import cost
from lossbench.reporting.page.drawn import Drawn, Progress, drawn
from lossbench.reporting.page.learn import learn
from lossbench.reporting.page.markup import Markup, element, joined
from lossbench.reporting.page.method import method
from lossbench.reporting.page.overview import names_of, overview
from lossbench.reporting.page.report import Report
from lossbench.reporting.page.results import results
from lossbench.reporting.page.runs import runs
from lossbench.reporting.page.trust import trust
from lossbench.reporting.page.tuned import tuned

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)
"""Whatever the page contains, a browser asks no network for it."""

MOST_LISTED = 12
"""Comparisons that the contents list; more of them are found in the overview alone."""


class Part(NamedTuple):
    """A section of a comparison.

    Attributes:
        key: end of its anchor.
        heading: what stands above it.
        words: what it says.
        pictures: whose pictures stand below.
    """

    key: str
    heading: str
    words: Callable[[Material], Markup]
    pictures: Section | None = None


PARTS = (
    Part("answer", "Answer", answer, "answer"),
    Part("table", "Table", results),
    Part("trust", "Can I trust it?", trust),
    Part("learn", "How they learn", learn, "learn"),
    Part("change", "What they change", change, "change"),
    Part("tuned", "How tuned", tuned, "tuned"),
    Part("cost", "Cost", cost, "cost"),
)
"""Of each comparison, in order."""

CHOICE = element("p", id="choose")
"""Where the script lets readers choose which comparison they see."""

EXPORT = "lossbench export RUNS --figures svg -o FOLDER"
"""Writes every picture as a file."""


class Made(NamedTuple):
    """A section as it stands on the page.

    Attributes:
        anchor: its id.
        heading: what stands above it.
        content: what stands in it.
        inside: the sections in it.
    """

    anchor: str
    heading: str
    content: Markup
    inside: tuple["Made", ...] = ()


def page_html(report: Report, progress: Progress | None = None) -> str:
    """Return the page; equal runs give equal bytes.

    Args:
        report: what it shows.
        progress: hears how many pictures are drawn, and of how many.
    """
    main = "\n".join(map(str, _body(report, progress)))
    head = element(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        Markup('<link rel="icon" href="data:,">'),
        element("title", f"{report.title}: lossbench report"),
        element("style", Markup(_beside("style.css"))),
    )
    body = element(
        "body",
        Markup(isolated(main, _names(report))),
        element("script", Markup(_beside("script.js"))),
    )
    return f"<!doctype html>\n{element('html', head, body, lang='en')}\n"


def _beside(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def _body(report: Report, progress: Progress | None) -> Iterator[Markup]:
    made = _sections(report, drawn(report.materials, progress))
    yield element("a", "Skip to the content", href="#content", class_="skip")
    yield element(
        "header",
        element("p", "lossbench report", class_="kind"),
        element("h1", report.title),
        element("p", _about(report), class_="about"),
    )
    yield element("nav", _contents(made), aria_label="Contents")
    yield element("main", *map(_section, made), id="content", tabindex="-1")
    yield element("footer", element("p", f"Written by lossbench {report.version}."))


def _about(report: Report) -> str:
    compared = [one.comparison for one in report.materials]
    jobs = [run for one in report.stored for run in one.runs]
    finished = sum(run.result is not None for run in jobs)
    what = title_of(compared[0]) if len(compared) == 1 else f"{len(compared)} comparisons"
    count = f"{finished} of {len(jobs)} runs finished"
    return f"{what} · {count}" if compared else count


def _sections(report: Report, pictures: Sequence[Drawn]) -> list[Made]:
    """Return all sections that have content, in order."""
    compared = [one.comparison for one in report.materials]
    last = [Made("runs", "Every run", runs(report)), Made("method", "Method", method(report))]
    over = joined(across(report), *(one.sections.get("across", "") for one in pictures))
    over_data = Made("across", "Across data sets", over)
    if not compared:
        nothing = element("p", "Nothing is planned here that could be compared.")
        return _told([Made("answer", "Answer", nothing), *last])
    own = [
        _parts(material, found, f"c{number}")
        for number, (material, found) in enumerate(zip(report.materials, pictures, strict=True), 1)
    ]
    if len(compared) == 1:
        *before, costs = own[0]
        return _told([*before, over_data, costs, *last])
    names = names_of(compared)
    return _told(
        [
            Made("overview", "Overview", joined(overview(compared, names), CHOICE)),
            *(
                Made(f"c{number}", name, joined(), tuple(_told(inside)))
                for number, (name, inside) in enumerate(zip(names, own, strict=True), 1)
            ),
            over_data,
            *last,
        ]
    )


def _told(made: Iterable[Made]) -> list[Made]:
    return [one for one in made if one.content.text or one.inside]


def _parts(material: Material, pictures: Drawn, anchor: str) -> list[Made]:
    """Return the sections of a comparison, empty ones too; what was left out ends the last."""
    made = []
    for part in PARTS:
        content = joined(part.words(material), _pictures(part, pictures))
        if part is PARTS[-1]:
            content = joined(content, _left_out(pictures.left_out))
        made.append(Made(f"{anchor}-{part.key}", part.heading, content))
    return made


def _pictures(part: Part, pictures: Drawn) -> Markup:
    found = pictures.sections.get(part.pictures) if part.pictures else None
    return found or joined()


def _left_out(titles: Sequence[str]) -> Markup:
    """Return which pictures a page with many leaves out, and how to have them."""
    if not titles:
        return joined()
    several = "1 picture" if len(titles) == 1 else f"{len(titles)} pictures"
    told = (
        f"{several} of this comparison would make the page too large or too slow to write: "
        f"{'; '.join(titles)}. All pictures as files: "
    )
    return element("p", told, element("code", EXPORT), class_="note")


def _section(made: Made, level: int = 2) -> Markup:
    inner = [_section(one, level + 1) for one in made.inside]
    name = made.heading if made.inside else None
    return element(
        "section",
        element(f"h{level}", made.heading, id=f"{made.anchor}-heading"),
        made.content,
        *inner,
        id=made.anchor,
        class_="comparison" if made.inside else None,
        data_name=name,
        aria_labelledby=f"{made.anchor}-heading",
    )


def _contents(made: Sequence[Made]) -> Markup:
    """Return links to the sections, and to those of each comparison where they are few."""
    many = sum(bool(one.inside) for one in made) > MOST_LISTED

    def links(several: Sequence[Made], of: str | None = None) -> Markup:
        items = (
            element(
                "li",
                element("a", one.heading, href=f"#{one.anchor}"),
                links(one.inside, one.anchor) if one.inside else "",
            )
            for one in several
        )
        return element("ul", *items, data_of=of)

    return links([one for one in made if not (one.inside and many)])


def _names(report: Report) -> set[str]:
    """Return the names that users chose and that the page contains."""
    found = {report.title, *(one.name for one in report.stored)}
    for material in report.materials:
        found |= {*material.comparison.values, *material.comparison.names().values()}
    return found


def isolated(text: str, names: Iterable[str]) -> str:
    """Return markup in which names with right-to-left letters do not scramble what is around them.

    Such a name is put between U+2068 and U+2069, which keep its direction to itself; elements would
    not do inside pictures.

    Args:
        text: markup; attributes stay as they are.
        names: all names that it may contain.
    """
    mixed = [name for name in names if {"R", "AL"} & set(map(unicodedata.bidirectional, name))]
    if not mixed:
        return text
    longest = sorted((html.escape(name) for name in mixed), key=lambda name: (-len(name), name))
    name = re.compile("|".join(map(re.escape, longest)))
    parts = re.split(r"(<[^>]*>)", text)
    parts[::2] = [name.sub("\u2068\\g<0>\u2069", part) for part in parts[::2]]
    return "".join(parts)

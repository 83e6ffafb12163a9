"""Whom to cite: the sources of the losses used, of the statistics, and lossbench itself."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lossbench import store
from lossbench.catalog.losses import LOSSES, Loss
from lossbench.reporting.docstrings import docstring_at, loss_text, parsed
from lossbench.reporting.exports.citations import Entry, bibtex, bibtex_entry, entries, works
from lossbench.reporting.exports.markdown import escaped
from lossbench.reporting.exports.tex_text import comment
from lossbench.reporting.page.report import Report
from lossbench.reporting.sentences import others_of

OWN = ("custom",)
"""Rows whose function is the user's own."""
OPAQUE = (*OWN, "keras")
"""Rows whose parameters are not losses, whatever they look like."""


@dataclass(frozen=True)
class Source:
    """Where something that was used comes from.

    Attributes:
        name: of the loss or method.
        meaning: what it is, one sentence.
        text: the source as the docstring states it; "" where none is known.
        departures: how the implementation differs from it.
        levels: under which names it ran; empty for methods.
    """

    name: str
    meaning: str
    text: str
    departures: str = ""
    levels: tuple[str, ...] = ()


def loss_sources(report: Report) -> list[Source]:
    """Return the source of each loss that ran, parts of combinations included."""
    ran: dict[str, dict[str, None]] = {}
    for level, spec in _specs(report).items():
        for name in _names(spec):
            ran.setdefault(name, {})[level] = None
    return [_source_of(name, tuple(levels)) for name, levels in ran.items()]


def _source_of(name: str, levels: tuple[str, ...]) -> Source:
    if name in OWN:
        return Source(name, "", "your own: cite what it is taken from.", levels=levels)
    if name not in LOSSES:
        return Source(name, "", "", levels=levels)
    row: Loss = LOSSES[name]
    text = loss_text(row)
    departures = "" if text.departures in ("none.", "") else text.departures
    return Source(name, text.meaning, text.source or row.source, departures, levels)


def _specs(report: Report) -> dict[str, Any]:
    """Return the description of each loss by its display name, from the first job that has one."""
    found: dict[str, Any] = {}
    for one in report.stored:
        for run in one.runs:
            if found.get(run.loss) is None:
                job = store.read_job(store.job_folder(one.folder, run.job_id)) or {}
                found[run.loss] = job.get("loss")
    return {
        level: spec or {"name": level.partition("[")[0], "params": {}}
        for level, spec in found.items()
    }


def _names(spec: Any) -> Iterator[str]:
    """Yield the names of a loss and of those that it is made of."""
    if isinstance(spec, Mapping):
        name = spec.get("name")
        if isinstance(name, str) and {"name", "params"} <= spec.keys():
            yield name
        if name not in OPAQUE:
            for value in spec.values():
                yield from _names(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from _names(value)


def method_sources(report: Report) -> list[Source]:
    """Return the sources of the statistics that the report rests on."""
    return [
        Source(name, "", parsed(docstring_at("stats", target)).source)
        for name, target in _methods(report)
    ]


def _methods(report: Report) -> Iterator[tuple[str, str]]:
    compared = [one.comparison for one in report.materials]
    if any(others_of(one) and one.baseline for one in compared):
        yield "paired t-test and its interval", "paired:paired_difference"
        if any(others_of(one) > 1 for one in compared):
            yield "adjustment for several levels", "multiplicity:holm"
        yield "equivalence", "paired:tost_p"
        yield "difference beyond delta", "paired:beyond_delta_p"
        yield "sign-flip test", "paired:sign_flip_p"
        yield "probability of improvement", "paired:probability_of_improvement"
        yield "interval of a share", "paired:wilson"
        yield "detectable difference", "power:power_t"
    if any(one.overlap for one in compared):
        yield "test sets that overlap", "student:estimate"
    if any(one.one_seed for one in compared):
        yield "two networks of one seed", "per_example:mcnemar"
    if report.across:
        yield "summary over data sets", "summary:stratified"
    if any(one.pairs for one in report.across):
        yield "ranks over data sets", "ranks:friedman"
        yield "pairs of levels over data sets", "ranks:wilcoxon_p"


def references_bib(report: Report) -> str:
    """Return `references.bib`: what can be cited, and comments for what has no publication.

    Comments hold no at sign, with which BibTeX begins an entry wherever it stands.
    """
    sources = [*loss_sources(report), *method_sources(report)]
    without = [one for one in sources if not works(one.text)]
    notes = [
        comment(f"{_titled(one)}: {one.text or 'no source is known'}").replace("@", "(at)")
        for one in without
    ]
    head = [
        comment("Authors, years and numbers as the docstrings of lossbench state them."),
        comment(
            "What they do not state, as most titles, is left out: complete it by arXiv or doi."
        ),
        *notes,
        "",
    ]
    return "\n".join([*head, bibtex(_entries(report)), _lossbench(report.version)])


def _entries(report: Report) -> list[Entry]:
    sources = [*loss_sources(report), *method_sources(report)]
    return entries((one.name, work) for one in sources for work in works(one.text))


def _lossbench(version: str) -> str:
    fields = {
        "author": "{The lossbench authors}",
        "title": "{lossbench}: which loss function should a {CNN} be trained with, and is the "
        "difference real?",
        "note": f"Version {version}",
    }
    return bibtex_entry("misc", "lossbench", fields)


def _titled(one: Source) -> str:
    """Return a name with those that it ran under, where they differ."""
    levels = [level for level in one.levels if level != one.name]
    return f"{one.name} ({', '.join(levels)})" if levels else one.name


def references_markdown(report: Report) -> str:
    """Return `references.md`: each loss and method with its source and its BibTeX key."""
    keys = {entry.work.identity: entry.key for entry in _entries(report)}
    lines = ["# References", "", "Keys in brackets are those of `references.bib`.", ""]
    for title, sources in (
        ("Losses", loss_sources(report)),
        ("Statistics", method_sources(report)),
    ):
        lines += [f"## {title}", "", *(_item(one, keys) for one in sources), ""]
    said = f"- lossbench {escaped(report.version)}. \\[lossbench\\]"
    return "\n".join([*lines, "## Software", "", said, ""])


def _item(one: Source, keys: Mapping[tuple[object, ...], str]) -> str:
    found = list(dict.fromkeys(keys[work.identity] for work in works(one.text)))
    cited = f" \\[{', '.join(found)}\\]" if found else ""
    departures = f" Departures: {escaped(one.departures)}" if one.departures else ""
    text = escaped(one.text or "no source is known.")
    return f"- **{escaped(_titled(one))}**: {text}{cited}{departures}"

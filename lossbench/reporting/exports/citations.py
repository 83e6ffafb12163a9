"""Sources as docstrings state them, taken apart for a bibliography; nothing is added."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lossbench.reporting.exports.tex_text import latex

_NAME = r"[A-ZÀ-ÖØ-Þ][^\W\d_]+(?:[-'’][^\W\d_]+)*"
_WORK = re.compile(
    rf"(?P<authors>{_NAME}(?:, {_NAME})*(?: & {_NAME})?)(?P<more> et al\.)?"
    rf" (?P<year>(?:1[789]|20)\d\d)\b"
)
_ARXIV = re.compile(r"arXiv:(?P<id>[a-z-]+/\d{7}|\d{4}\.\d{4,5})")
_DOI = re.compile(r"doi[: ] ?(?P<id>10\.\d{4,9}/[^\s;,]*[^\s;,.)])")
_TITLE = re.compile(r'^,? ?"(?P<title>[^"]+)"')
_PLACE = re.compile(r'^[a-z"]')
"""A passage in the work, or what it is about, as against a journal, which begins with a capital."""


@dataclass(frozen=True)
class Work:
    """A publication.

    Attributes:
        authors: surnames.
        others: whether there are more.
        year: of publication; "" where the text states none.
        title: likewise.
        arxiv: its number there.
        doi: its digital object identifier.
        note: what else the text states to find it by.
        place: the passage that the text names; of no meaning for the work itself.
    """

    authors: tuple[str, ...]
    others: bool
    year: str
    title: str = ""
    arxiv: str = ""
    doi: str = ""
    note: str = field(default="", compare=False)
    place: str = field(default="", compare=False)

    @property
    def identity(self) -> tuple[object, ...]:
        """What two mentions of one work share."""
        return (self.arxiv or self.doi or (self.authors, self.year, self.title),)


def works(source: str) -> list[Work]:
    """Return the publications that a docstring's source names, in its order.

    A part of the text without author and year, arXiv number or doi belongs to the work before it;
    where there is none, it is left out: common knowledge needs no bibliography.
    """
    found: list[Work] = []
    for part in _parts(source):
        work = _work(part)
        if work is not None:
            found.append(work)
        elif found:
            last = found[-1]
            told = "; ".join(filter(None, (last.place, part)))
            found[-1] = Work(**{**vars(last), "place": told})
    return found


def _parts(source: str) -> list[str]:
    """Return what semicolons outside of quotes divide."""
    quoted = re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', source.strip())
    return [part.strip().removesuffix(".") for part in quoted if part.strip()]


def _work(part: str) -> Work | None:
    head = _WORK.search(part)
    arxiv, doi = _ARXIV.search(part), _DOI.search(part)
    if not (head or arxiv or doi):
        return None
    rest = part[head.end() :] if head else part
    before = part[: head.start()].strip(" ,") if head else ""
    title = _TITLE.match(rest) if head else None
    if title:
        rest = rest[title.end() :]
    rest = _DOI.sub("", _ARXIV.sub("", rest))
    divided = re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', rest)
    pieces = [piece for piece in map(_bare, divided) if piece]
    known = arxiv or doi
    places = [piece for piece in pieces if known or _PLACE.match(piece)]
    return Work(
        authors=tuple(re.split(r", | & ", head["authors"])) if head else (),
        others=bool(head and head["more"]),
        year=head["year"] if head else "",
        title=title["title"] if title else "",
        arxiv=arxiv["id"] if arxiv else "",
        doi=doi["id"] if doi else "",
        note=", ".join(piece for piece in pieces if piece not in places),
        place=", ".join(filter(None, (before, *places))),
    )


def _bare(piece: str) -> str:
    piece = piece.strip(" .")
    return piece[1:-1] if piece.startswith("(") and piece.endswith(")") else piece


@dataclass(frozen=True)
class Entry:
    """A work in a bibliography.

    Attributes:
        key: what a citation names.
        work: the work.
        uses: what it is cited for, each with the passage.
    """

    key: str
    work: Work
    uses: tuple[str, ...]


def entries(mentions: Iterable[tuple[str, Work]]) -> list[Entry]:
    """Return each work once, by key.

    Args:
        mentions: what a work is cited for, and the work as it is stated there.
    """
    merged: dict[tuple[object, ...], tuple[Work, list[str]]] = {}
    for use, work in mentions:
        known, uses = merged.setdefault(work.identity, (work, []))
        if work.note and work.note not in known.note:
            noted = {**vars(known), "note": "; ".join(filter(None, (known.note, work.note)))}
            merged[work.identity] = (Work(**noted), uses)
        uses.append(f"{use} ({work.place})" if work.place else use)
    taken: dict[str, int] = {}
    found = []
    for work, uses in merged.values():
        stem = _stem(work)
        taken[stem] = taken.get(stem, 0) + 1
        letter = "" if taken[stem] == 1 else chr(ord("a") + taken[stem] - 1)
        found.append(Entry(stem + letter, work, tuple(dict.fromkeys(uses))))
    return sorted(found, key=lambda entry: entry.key)


def _stem(work: Work) -> str:
    name = work.authors[0] if work.authors else f"arxiv{work.arxiv}" if work.arxiv else "doi"
    parts = unicodedata.normalize("NFKD", name.translate(_UNACCENTED))
    plain = parts.encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]", "", plain) + work.year


_UNACCENTED = str.maketrans({"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "ß": "ss"})


def bibtex(found: Sequence[Entry]) -> str:
    """Return entries as BibTeX, for any style: what is unknown is left out, not guessed."""
    return "\n".join(_entry(one) for one in found)


def _entry(one: Entry) -> str:
    work = one.work
    names = [*map(_braced, work.authors), *(["others"] if work.others else [])]
    where = (f"arXiv:{work.arxiv}" if work.arxiv else "", f"doi:{work.doi}" if work.doi else "")
    fields = {
        "author": " and ".join(names),
        "title": f"{{{_braced(work.title)}}}" if work.title else "",
        "year": work.year,
        "howpublished": _braced(", ".join(filter(None, where))),
        "eprint": work.arxiv,
        "archiveprefix": "arXiv" if work.arxiv else "",
        "doi": work.doi,
        "note": _braced(work.note),
        "annote": _braced(f"Cited for: {'; '.join(one.uses)}"),
    }
    return bibtex_entry("misc", one.key, fields)


def _braced(text: str) -> str:
    """Return text for a field: BibTeX counts braces, those with a backslash, too."""
    written = latex(text).replace(r"\{", r"\textbraceleft{}")
    return written.replace(r"\}", r"\textbraceright{}")


def bibtex_entry(kind: str, key: str, fields: dict[str, str]) -> str:
    """Return one entry; fields without a value are left out."""
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])

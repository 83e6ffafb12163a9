"""Which pictures a page shows, and these pictures as markup: many would make it slow and large."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lossbench.reporting.figures import Material, Picture, Section, pictures_of
from lossbench.reporting.page.markup import Markup, element, figure

SECTIONS: tuple[Section, ...] = ("across", "answer", "learn", "change", "tuned", "cost")
"""Which pictures are drawn first where not all can be."""

MOST_PICTURES = 120
"""Pictures of a page, of all its comparisons together."""
MOST_BYTES = 7_000_000
"""Size that all pictures together stay below; what is larger is slow to open and to mail."""

Progress = Callable[[int, int], None]
"""Hears how many pictures are drawn, and of how many."""


@dataclass(frozen=True)
class Drawn:
    """The pictures of one comparison.

    Attributes:
        sections: those of each section, in order; forms of one picture stand together.
        left_out: titles of those that are not shown.
    """

    sections: dict[Section, Markup]
    left_out: tuple[str, ...] = ()


Forms = list[Picture]
"""The forms of one picture, which are shown or left out together."""


def drawn(
    materials: Sequence[Material],
    progress: Progress | None = None,
    *,
    most: int = MOST_PICTURES,
    most_bytes: int = MOST_BYTES,
) -> list[Drawn]:
    """Draw the pictures of all comparisons, as many as fit on a page.

    Where there are too many, each comparison gets as many as the others: the first of each section,
    then the second of each. The choice depends on the runs alone, so that equal runs give equal
    pages.

    Args:
        materials: of the comparisons.
        progress: hears of each picture.
        most: pictures at most.
        most_bytes: size of all pictures at most.
    """
    found = _once([_forms(pictures_of(one)) for one in materials])
    each = max(1, most // max(1, len(found)))
    enough = sum(len(forms) for all_forms in found for forms in all_forms) <= most
    chosen = [forms if enough else _first(forms, each) for forms in found]
    total = sum(len(forms) for all_forms in chosen for forms in all_forms)
    shown: list[dict[int, Markup]] = [{} for _ in found]
    size = done = 0
    for _, comparison, forms in _in_turn(chosen):
        if size > most_bytes:
            break
        made = _group(forms, f"c{comparison + 1}")
        size += len(str(made).encode())
        shown[comparison][id(forms)] = made
        done += len(forms)
        if progress is not None:
            progress(done, total)
    return [_arranged(forms, made) for forms, made in zip(found, shown, strict=True)]


def _forms(pictures: Iterable[Picture]) -> list[Forms]:
    """Return pictures with their forms together, those of one section in order."""
    groups: dict[tuple[str, str], Forms] = {}
    for one in pictures:
        groups.setdefault((one.section, one.name), []).append(one)
    return list(groups.values())


def _once(found: Sequence[Sequence[Forms]]) -> list[list[Forms]]:
    """Return the pictures of each comparison, those over data sets only where they come first."""
    seen: set[tuple[str, ...]] = set()
    kept: list[list[Forms]] = []
    for own in found:
        new = {
            id(forms): tuple(f"{p.title} {p.caption} {p.description}" for p in forms)
            for forms in own
        }
        kept.append([one for one in own if one[0].section != "across" or new[id(one)] not in seen])
        seen.update(new.values())
    return kept


def _ranked(forms: Sequence[Forms]) -> list[tuple[int, int, Forms]]:
    """Return the first picture of each section, then the second of each, with their ranks."""
    ranks: list[tuple[int, int, Forms]] = []
    for at, section in enumerate(SECTIONS):
        own = [one for one in forms if one[0].section == section]
        ranks += [(rank, at, one) for rank, one in enumerate(own)]
    return sorted(ranks, key=lambda found: found[:2])


def _first(forms: Sequence[Forms], most: int) -> list[Forms]:
    """Return the pictures that come first and have `most` forms together, at least one."""
    chosen: list[Forms] = []
    for _, _, one in _ranked(forms):
        if chosen and sum(map(len, chosen)) + len(one) > most:
            break
        chosen.append(one)
    return chosen


def _in_turn(chosen: Sequence[Sequence[Forms]]) -> list[tuple[int, int, Forms]]:
    """Return the pictures in the order in which they are drawn: the first of all comparisons."""
    turns = [
        (turn, comparison, forms)
        for comparison, own in enumerate(chosen)
        for turn, (_, _, forms) in enumerate(_ranked(own))
    ]
    return sorted(turns, key=lambda found: found[:2])


def _arranged(forms: Sequence[Forms], made: dict[int, Markup]) -> Drawn:
    sections: dict[Section, Markup] = {}
    for section, own in itertools.groupby(
        sorted(forms, key=lambda one: SECTIONS.index(one[0].section)), lambda one: one[0].section
    ):
        text = "".join(str(made[id(one)]) for one in own if id(one) in made)
        if text:
            sections[section] = Markup(text)
    left = tuple(one[0].title for one in forms if id(one) not in made)
    return Drawn(sections, left)


def _group(forms: Forms, anchor: str) -> Markup:
    """Return a picture, or its forms with what the script switches between them by."""
    figures = [figure(one, _anchor(one, anchor)) for one in forms]
    return figures[0] if len(figures) == 1 else element("div", *figures, class_="variants")


def _anchor(picture: Picture, anchor: str) -> str:
    words = [picture.name, *picture.variant.split()]
    return "-".join([anchor, *("".join(filter(str.isalnum, word)) for word in words)])

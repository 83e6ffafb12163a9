"""The pictures of a report as files, each with its numbers and its caption."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import replace

from lossbench.reporting.exports.markdown import escaped
from lossbench.reporting.figures import Material, Picture, file_bytes, pictures_of
from lossbench.reporting.figures.files import Format
from lossbench.reporting.header import title_of
from lossbench.reporting.page.report import Report


def figure_files(report: Report, formats: Sequence[Format]) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each file: pictures, their tables, and `captions.md`.

    Args:
        report: what is shown.
        formats: of the pictures.

    Yields:
        `<name>[-<variant>].<format>` and `.csv`, with the comparison's number before the name
        where there are several.
    """
    several = len(report.materials) > 1
    index = ["# Figures", ""]
    for number, material in enumerate(report.materials, start=1):
        index += [f"## {escaped(_heading(material))}", ""]
        for picture in pictures_of(material):
            stem = file_stem(picture, number if several else None)
            index += _entry(stem, picture, formats)
            yield from _files(stem, picture, formats)
    yield "captions.md", "\n".join(index).encode()


def file_stem(picture: Picture, number: int | None) -> str:
    """Return the name of a picture's files without what stands behind the dot."""
    parts = (str(number or ""), picture.name, picture.variant)
    words = (_plain(part) for part in parts)
    return "-".join(word for word in words if word)


def _plain(text: str) -> str:
    """Return text with nothing in it that a file name cannot have everywhere."""
    kept = (char if char.isascii() and (char.isalnum() or char in "-_") else " " for char in text)
    return "-".join("".join(kept).split())


def _files(stem: str, picture: Picture, formats: Sequence[Format]) -> Iterator[tuple[str, bytes]]:
    drawn = replace(picture, draw=functools.cache(picture.draw))  # once for all formats
    for form in formats:
        yield f"{stem}.{form}", file_bytes(drawn, form)
    yield f"{stem}.csv", picture.table.to_csv(index=False, lineterminator="\n").encode()


def _entry(stem: str, picture: Picture, formats: Sequence[Format]) -> list[str]:
    links = ", ".join(
        f"[{name}]({name})" for name in (f"{stem}.{form}" for form in (*formats, "csv"))
    )
    texts = (picture.caption, picture.description)
    told = [line for text in texts if text for line in (escaped(text), "")]
    return [f"### {escaped(picture.title)}", "", links, "", *told]


def _heading(material: Material) -> str:
    one = material.comparison
    return title_of(one) + (f", {one.track} track" if one.track else "")

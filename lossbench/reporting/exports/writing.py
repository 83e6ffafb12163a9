"""An export: one text to print, or a folder of files."""

import os
from collections.abc import Iterator
from pathlib import Path

from lossbench import comparison as comparing
from lossbench import store
from lossbench.comparison import Comparison
from lossbench.errors import StoreError
from lossbench.reporting.exports.choice import Choice
from lossbench.reporting.exports.claims import claims_text
from lossbench.reporting.exports.figures import figure_files
from lossbench.reporting.exports.latex import latex_table, latex_tables
from lossbench.reporting.exports.markdown import markdown_tables
from lossbench.reporting.exports.references import references_bib, references_markdown
from lossbench.reporting.exports.tables import csv_tables, parquet_tables
from lossbench.reporting.machine import as_json
from lossbench.reporting.page.report import Report


def printed(report: Report, what: str) -> str:
    """Return one thing as text.

    Args:
        report: what was read and compared.
        what: csv (the table of comparisons), json, markdown, latex, claim or references (BibTeX).
    """
    compared = _compared(report)
    if what == "csv":
        return comparing.csv_text(compared)
    if what == "json":
        return as_json(compared, report.version, report.across)
    if what == "markdown":
        return markdown_tables(compared, report.across)
    if what == "latex":
        return latex_tables(compared, report.version)
    return claims_text(compared, report.across) if what == "claim" else references_bib(report)


def export(report: Report, folder: Path, choice: Choice) -> list[Path]:
    """Write an export into a folder, which is made where it is missing.

    Args:
        report: what was read and compared.
        folder: nothing outside of it is written; other files in it are left alone.
        choice: what is exported.

    Returns:
        The files in the order in which they were written; each appeared whole.

    Raises:
        StoreError: the folder is a file or a run folder, or cannot be written.
        ConfigError: Parquet is wanted without pyarrow.
    """
    check_folder(folder)
    written = []
    for name, content in _files(report, choice):
        store.write_whole(folder / name, content)
        written.append(folder / name)
    return written


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot take an export, before anything is computed.

    Raises:
        StoreError: it is a file or a run folder, or cannot be written.
    """
    if store.is_experiment(folder):
        raise StoreError(
            f"{folder}: is a run folder, whose own tables an export would replace. Give another "
            f"folder with -o, such as {folder / 'export'}."
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        what = "is a file" if folder.is_file() else error.strerror or str(error)
        raise StoreError(
            f"{folder}: no folder can be made here: {what}; accepted is a folder that can be "
            "written. Give another one with -o."
        ) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(
            f"{folder}: cannot be written: permission denied. Give another folder with -o, or "
            "change its permissions."
        )


def _files(report: Report, choice: Choice) -> Iterator[tuple[str, bytes | str]]:
    compared = _compared(report)
    if choice.claim:
        yield "claims.txt", claims_text(compared, report.across)
    if {"csv", "parquet"} & set(choice.formats):
        tables = csv_tables(report)
        binary = parquet_tables(tables) if "parquet" in choice.formats else {}
        if "csv" in choice.formats:
            yield from ((f"{name}.csv", text) for name, text in tables.items())
        yield from ((f"{name}.parquet", content) for name, content in binary.items())
    if "json" in choice.formats:
        yield "comparisons.json", as_json(compared, report.version, report.across)
    if "markdown" in choice.formats:
        yield "tables.md", markdown_tables(compared, report.across)
    if "latex" in choice.formats:
        yield from _latex_files(compared, report.version)
    if choice.references:
        yield "references.bib", references_bib(report)
        yield "references.md", references_markdown(report)
    if choice.figures:
        for name, content in figure_files(report, choice.figures):
            yield f"figures/{name}", content


def _latex_files(compared: list[Comparison], version: str) -> Iterator[tuple[str, str]]:
    if len(compared) == 1:
        yield "table.tex", latex_table(compared[0], version)
        return
    for number, one in enumerate(compared, start=1):
        yield f"{number}-table.tex", latex_table(one, version, number)


def _compared(report: Report) -> list[Comparison]:
    return [one.comparison for one in report.materials]

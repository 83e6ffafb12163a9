"""`lossbench export`: tables, figures, sentences and references as files, or one printed."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lossbench import __version__
from lossbench.cli.options import RUNS_DIR, Metric, Runs

USUAL_FOLDER = Path("export")


def export(
    runs: Runs = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FOLDER",
            help="Write files into this folder. Without it one text alone is printed, and what is "
            "more goes into the folder export.",
        ),
    ] = None,
    formats: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="csv: all tables; json: comparisons with every number; parquet: all tables with "
            "types; markdown and latex: the main tables. Repeatable, or with commas.",
        ),
    ] = None,
    figures: Annotated[
        list[str] | None,
        typer.Option(
            "--figures",
            metavar="NAME",
            help="Every figure as pdf, svg or png, with its numbers and captions. Repeatable.",
        ),
    ] = None,
    claim: Annotated[
        bool, typer.Option("--claim", help="The verdicts as sentences, a paragraph each.")
    ] = False,
    references: Annotated[
        bool,
        typer.Option(
            "--references", help="Whom to cite for the losses and statistics: BibTeX and text."
        ),
    ] = False,
    factor: Annotated[
        str | None,
        typer.Option(metavar="AXIS", help="Compare another axis than the loss, as in compare."),
    ] = None,
    baseline: Annotated[str | None, typer.Option(help="Compare with this loss instead.")] = None,
    metric: Metric = None,
) -> None:
    """Write what papers, notebooks and other programs need; TensorFlow is not loaded.

    With nothing named, everything is written: all tables, figures as PDF and SVG, sentences,
    references; Parquet where pyarrow is installed. With something named, only that. One text alone
    (csv: the table of comparisons; json, markdown, latex, --claim, --references: BibTeX) is printed
    where no folder is given, for a pipe.

    Examples:

      lossbench export runs/quickstart -o paper

      lossbench export runs/quickstart --format latex > table.tex

      lossbench export runs/quickstart --claim

      lossbench export runs -o paper --format csv,latex --figures pdf --references

      lossbench export runs/quickstart --references > references.bib
    """
    from lossbench import comparison
    from lossbench.reporting import exports
    from lossbench.reporting.page.report import report_of

    choice = exports.choice_of(formats or (), figures or (), claim=claim, references=references)
    to_print = choice.alone if output is None else ""
    folder = output or USUAL_FOLDER
    found = report_of(
        runs or [RUNS_DIR],
        __version__,
        factor=None if factor is None else comparison.checked_factor(factor),
        baseline=baseline,
        metric=metric,
    )
    if to_print:
        sys.stdout.write(exports.printed(found, to_print))
        return
    written = exports.export(found, folder, choice)
    pictures = sum(path.suffix in (".pdf", ".svg", ".png") for path in written)
    typer.echo(f"{_counted(len(written), 'file')}, {_counted(pictures, 'figure file')}: {folder}")
    for path in written:
        if path.parent == folder:
            typer.echo(f"  {path.relative_to(folder)}")
    if len(written) and any(path.parent != folder for path in written):
        typer.echo("  figures/  with captions.md")


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(export)

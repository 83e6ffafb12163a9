"""`lossbench report`: one self-contained HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from lossbench import __version__
from lossbench.cli.options import RUNS_DIR


def report(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RUNS]...", help="Run folders, or folders of them. [default: runs]"
        ),
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="The page.")
    ] = Path("report.html"),
) -> None:
    """Write one HTML file with answer, tables and pictures; it needs no network.

    Examples:

      lossbench report runs/quickstart

      lossbench report runs -o all.html
    """
    from lossbench import store
    from lossbench.reporting.page import page_html, report_of

    found = report_of(runs or [RUNS_DIR], __version__, output.parent)
    store.write_whole(output, page_html(found))
    typer.echo(f"Report: {output}")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(report)

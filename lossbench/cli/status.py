"""`lossbench status`: what is finished, running, failed or damaged, and the time left."""

import sys
from typing import Annotated

import typer

from lossbench.cli.options import RUNS_DIR, Json, Runs


def status(
    runs: Runs = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Compare every file with its hash; exit 1 if one is damaged."),
    ] = False,
    json: Json = False,
) -> None:
    """Show what is finished, running, failed and missing, and how much time is left.

    Reads the run folders while they are worked on, by this machine or others, and changes nothing.

    Examples:

      lossbench status

      lossbench status runs/quickstart --check
    """
    from lossbench import store
    from lossbench.reporting.status import status_json, status_text

    folders = store.find_experiments(runs or [RUNS_DIR])
    standings = [store.read_standing(folder, check=check) for folder in folders]
    sys.stdout.write(status_json(standings) if json else status_text(standings))
    if check and any(standing.damaged for standing in standings):
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(status)

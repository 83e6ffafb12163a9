"""`lossbench clean`: remove what no current plan needs."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossbench.cli.options import RUNS_DIR, Runs

if TYPE_CHECKING:
    from lossbench.store import Leftover

WORDS = {
    "job": "jobs that the current plan does not name",
    "write": "files whose writing never ended",
    "lease": "leases of processes that have ended",
    "progress": "progress notes of jobs that nobody works on",
    "checkpoint": "checkpoints of finished jobs",
    "damaged": "results of damaged jobs, which are then done again",
}
MIB = 2**20
USAGE = 2


def clean(
    runs: Runs = None,
    damaged: Annotated[
        bool,
        typer.Option("--damaged", help="Also results that `status --check` calls damaged."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed; remove nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove what no current plan needs: jobs of earlier plans and what a crash left behind.

    Shows what it is and asks. Jobs that somebody works on are left alone, here and elsewhere.

    Examples:

      lossbench clean --dry-run

      lossbench clean runs/quickstart --yes
    """
    from lossbench import store

    folders = store.find_experiments(runs or [RUNS_DIR])
    found = {folder: store.leftovers(folder, damaged=damaged) for folder in folders}
    for folder, leftovers in found.items():
        typer.echo(_shown(folder, leftovers))
    if dry_run or not any(found.values()):
        return
    if not yes and not agreed():
        typer.echo("Nothing was removed.")
        return
    busy = 0
    for folder, leftovers in found.items():
        still = set(store.leftovers(folder, damaged=damaged))  # the answer may have taken hours
        busy += sum(not store.remove(item) for item in leftovers if item in still)
    typer.echo("Removed." + (f" {busy} left: their jobs run again." if busy else ""))


def _shown(folder: Path, leftovers: Sequence["Leftover"]) -> str:
    if not leftovers:
        return f"{folder}: nothing to remove"
    lines = [f"{folder}: {_mib(leftovers)} to remove"]
    for kind, words in WORDS.items():
        items = [item for item in leftovers if item.kind == kind]
        if items:
            lines.append(f"  {len(items):>6}  {words}, {_mib(items)}")
    return "\n".join(lines)


def _mib(leftovers: Sequence["Leftover"]) -> str:
    return f"{sum(item.size for item in leftovers) / MIB:.1f} MiB"


def agreed() -> bool:
    """Ask; where nobody can answer, say how to go on.

    Raises:
        Abort: interrupted at the question.
        Exit: there is nobody to ask.
    """
    try:
        return typer.confirm("Remove them?")
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        typer.echo("\nnothing was removed: nobody answered; give --yes or --dry-run.", err=True)
        raise typer.Exit(USAGE) from None


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(clean)

"""`lossbench cache`: what is kept for later runs, and its removal."""

import sys
import time
from enum import StrEnum
from typing import Annotated

import typer

from lossbench.cli.clean import agreed
from lossbench.cli.options import Json

DAY_S = 86_400.0


class Kind(StrEnum):
    """What is removed."""

    features = "features"
    decoded = "decoded"
    all = "all"


cache = typer.Typer(invoke_without_command=True, no_args_is_help=False)


@cache.callback()
def show(context: typer.Context, json: Json = False) -> None:
    """Show what is kept for later runs: features of frozen networks, and decoded data.

    It lies in the folder that LOSSBENCH_CACHE names, ~/.cache/lossbench by default, and grows to
    LOSSBENCH_CACHE_LIMIT, in GiB, 20 by default: then what was used longest ago goes.

    Examples:

      lossbench cache

      lossbench cache clear --older-than 30
    """
    if context.invoked_subcommand is not None:
        return
    from lossbench import caching
    from lossbench.reporting.cache import cache_json, cache_text

    shown = cache_json if json else cache_text
    sys.stdout.write(shown(caching.root(), caching.kept(), caching.limit_bytes()))


@cache.command()
def clear(
    kind: Annotated[Kind, typer.Option(help="What is removed.")] = Kind.all,
    older_than: Annotated[
        float,
        typer.Option(metavar="DAYS", min=0.0, help="Only what was not used for so many days."),
    ] = 0.0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be removed; remove nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove what is kept for later runs, which then make it anew.

    Shows what it is and asks. What a running job uses is left alone.

    Examples:

      lossbench cache clear --dry-run

      lossbench cache clear --kind features --older-than 30 --yes
    """
    from lossbench import caching
    from lossbench.reporting.cache import cache_text, file_size

    kinds = caching.KINDS if kind is Kind.all else (kind.value,)
    before = time.time() - older_than * DAY_S
    old = [one for one in caching.kept(kinds) if one.used <= before]
    found = [one for one in old if not one.in_use]
    if not found:
        typer.echo(f"{caching.root()}: nothing to remove{_busy(len(old))}")
        return
    sys.stdout.write(cache_text(caching.root(), found, caching.limit_bytes()))
    if dry_run:
        return
    if not yes and not agreed():
        typer.echo("Nothing was removed.")
        return
    removed = [one for one in found if caching.remove(one)]
    size = file_size(sum(one.size for one in removed))
    typer.echo(f"Removed {size}{_busy(len(old) - len(removed))}.")


def _busy(count: int) -> str:
    return f"; {count} in use, or not ours to remove" if count else ""


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.add_typer(cache, name="cache")

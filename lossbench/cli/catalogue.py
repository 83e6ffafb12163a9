"""`lossbench list`: what an experiment file can name."""

import json as jsonlib
from enum import StrEnum
from typing import Annotated, Any

import typer

from lossbench.cli.options import Json


class Kind(StrEnum):
    """What can be listed."""

    losses = "losses"
    datasets = "datasets"
    models = "models"
    optimizers = "optimizers"
    metrics = "metrics"


def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    task: Annotated[
        str | None, typer.Option(help="Only for multiclass, binary or regression.")
    ] = None,
    json: Json = False,
) -> None:
    """List the losses, data sets, models, optimizers or metrics that a file can name.

    Examples:

      lossbench list losses

      lossbench list losses --task regression --json
    """
    from lossbench.catalog.losses import TASKS
    from lossbench.reporting.catalogue import catalogue, catalogue_text

    if task is not None and task not in TASKS:
        raise typer.BadParameter(f"{task!r}; accepted: {', '.join(TASKS)}", param_hint="--task")
    rows: list[dict[str, Any]] = catalogue(kind.value, task)
    if json:
        typer.echo(jsonlib.dumps(rows, indent=1, ensure_ascii=False))
    else:
        typer.echo(catalogue_text(rows), nl=False)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("list", no_args_is_help=True)(list_)

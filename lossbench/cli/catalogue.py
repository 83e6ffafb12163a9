"""`lossbench list`: what an experiment file can name."""

import json as jsonlib
from collections.abc import Sequence
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
    schedules = "schedules"
    metrics = "metrics"
    augmentations = "augmentations"


def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    task: Annotated[
        str | None,
        typer.Option(
            help="Only for multiclass, binary, multilabel, regression, segmentation, retrieval or "
            "multioutput."
        ),
    ] = None,
    need: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NEED",
            help="Only losses with this need: class_counts, epoch, embeddings, ...; a head "
            "(cosine, embedding, ...); batchwise, ordered or weights. Repeatable.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List the losses, data sets, models, optimizers, schedules and others of a file.

    Examples:

      lossbench list losses

      lossbench list losses --task regression --json

      lossbench list losses --need class_counts
    """
    from typing import get_args

    from lossbench.catalog.losses import Task
    from lossbench.reporting.catalogue import NEEDS, catalogue, catalogue_text, common_parameters

    if task is not None:
        _check("--task", task, get_args(Task))
    for one in need or ():
        _check("--need", one, NEEDS)
    if need and kind is not Kind.losses:
        raise typer.BadParameter(f"{kind.value} have no needs; losses do", param_hint="--need")
    rows: list[dict[str, Any]] = catalogue(kind.value, task, need or ())
    if json:
        typer.echo(jsonlib.dumps(rows, indent=1, ensure_ascii=False))
    else:
        typer.echo(catalogue_text(rows, common_parameters(kind.value)), nl=False)


def _check(option: str, value: str, accepted: Sequence[str]) -> None:
    if value not in accepted:
        from lossbench.config.wording import did_you_mean

        text = f"{value!r}; accepted: {', '.join(accepted)}.{did_you_mean(value, accepted)}"
        raise typer.BadParameter(text, param_hint=option)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("list", no_args_is_help=True)(list_)

"""`lossbench inspect`: what a data set holds, and what this suggests."""

import json as jsonlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossbench.cli.options import Json

if TYPE_CHECKING:
    from lossbench.cli.looking import Look


def inspect(
    dataset: Annotated[
        str,
        typer.Argument(
            metavar="DATASET",
            help="A name, with parameters or without: mnist_mini, 'mnist_mini[subset=500]'; your "
            "own data: mine.npz; or an experiment file, whose data sets are shown.",
        ),
    ],
    params: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A parameter of the data set: --set subset=500; of an experiment file one of its "
            "keys: --set dataset.subset=500. Repeatable.",
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write a contact sheet, a row for each class: FILE.png or FILE.svg.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show a data set: sizes, pixels, classes or targets, equal images, and what this suggests.

    Trains nothing. Damage is included: the training part is as the first seed sees it. Writes
    nothing but the contact sheet, where one is asked for.

    Examples:

      lossbench inspect mnist_mini --sheet digits.png

      lossbench inspect 'synthetic_regression[n=500]' --set target=count

      lossbench inspect configs/label-noise.yaml
    """
    from lossbench.cli.looking import plain_output, print_text
    from lossbench.recommend import findings
    from lossbench.reporting.inspection import inspection_json, inspection_text

    looks = _looks(dataset, params or [], sheet)
    shown = [(one, findings(one.facts, one.seen)) for one in looks]
    if sheet is not None:
        _write_sheet(sheet, looks[0])
    if json:
        found = [inspection_json(one.name, one.facts, one.seen, texts) for one, texts in shown]
        typer.echo(jsonlib.dumps({"datasets": found}, indent=1, ensure_ascii=False))
        return
    plain = plain_output()
    texts = [
        inspection_text(one.name, one.facts, one.seen, said, plain=plain) for one, said in shown
    ]
    print_text("\n".join(texts))
    if sheet is not None:
        typer.echo(f"\nwrote {sheet}")


def _looks(dataset: str, params: list[str], sheet: Path | None) -> "list[Look]":
    from lossbench.cli.looking import look, of_experiment
    from lossbench.config.dataset_argument import dataset_entry, is_experiment
    from lossbench.reporting.contact_sheet import FORMATS

    if sheet is not None and sheet.suffix not in FORMATS:
        text = f"{str(sheet)!r} is not allowed; a file that ends in {' or '.join(FORMATS)}"
        raise typer.BadParameter(text, param_hint="--sheet")
    if not is_experiment(dataset):
        return [look(dataset_entry(dataset, params))]
    entries, _ = of_experiment(Path(dataset), params)
    if sheet is not None and len(entries) > 1:
        text = f"the file has {len(entries)} data sets; a contact sheet shows one. Name it instead."
        raise typer.BadParameter(text, param_hint="--sheet")
    return [look(entry) for entry in entries]


def _write_sheet(path: Path, one: "Look") -> None:
    from lossbench.datasets.contact_sheet import contact_sheet
    from lossbench.reporting.contact_sheet import write_sheet

    images = one.seen.images
    whole = images.dtype == "uint8"
    low, high = (0.0, 255.0) if whole else (images.low, images.high)
    try:
        write_sheet(path, contact_sheet(one.splits), one.name, low, high)
    except OSError as error:
        text = f"{str(path)!r} cannot be written: {error.strerror}"
        raise typer.BadParameter(text, param_hint="--sheet") from error


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(no_args_is_help=True)(inspect)

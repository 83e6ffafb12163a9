"""`lossbench schema`: the JSON Schema of experiment files, for editors."""

from pathlib import Path
from typing import Annotated

import typer


def schema(
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write to this file instead of printing.")
    ] = None,
) -> None:
    """Print the JSON Schema of the experiment file, so that editors complete and check it.

    Example:

      lossbench schema -o configs/lossbench.schema.json
    """
    from lossbench import config, store

    text = config.schema_text()
    if out:
        store.write_whole(out, text)
    else:
        typer.echo(text, nl=False)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(schema)

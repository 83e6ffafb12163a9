"""`lossbench compare`: which loss is better, by how much, and how sure that is."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from lossbench.cli.options import RUNS_DIR, Json

Epoch = Literal["selected", "last"]


def compare(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[RUNS]...", help="Run folders, or folders of them. [default: runs]"
        ),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Compare with this loss instead of the declared one.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="Judge by this metric instead of the declared one.")
    ] = None,
    at: Annotated[
        Epoch, typer.Option(help="Compare at the epoch chosen on validation, or at the last one.")
    ] = "selected",
    out: Annotated[
        Path | None, typer.Option(help="Also write comparisons.csv into this folder.")
    ] = None,
    json: Json = False,
) -> None:
    """Compare the losses of finished runs, pair by pair, on the test set.

    Reads any number of run folders, needs no TensorFlow and writes nothing unless --out is given.

    Examples:

      lossbench compare

      lossbench compare runs/quickstart runs/mnist --metric nll

      lossbench compare runs/label-noise --at last
    """
    from lossbench import comparison, store
    from lossbench.reporting.machine import as_json
    from lossbench.reporting.terminal import as_text

    folders = store.find_experiments(runs or [RUNS_DIR])
    stored = [store.read_experiment(folder) for folder in folders]
    compared = comparison.compare(stored, baseline=baseline, metric=metric, at=at)
    if out:
        store.write_whole(out / "comparisons.csv", comparison.csv_text(compared))
    sys.stdout.write(as_json(compared) if json else as_text(compared))


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(compare)

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
    factor: Annotated[
        str | None,
        typer.Option(
            metavar="AXIS",
            help="Compare another axis than the loss: optimizer, model, schedule, batch_size or "
            "backend. [default: loss; where there is one alone, what else differs]",
        ),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="Compare with this loss (optimizer, ...) instead.")
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="Judge by this metric instead of the declared one.")
    ] = None,
    at: Annotated[
        Epoch, typer.Option(help="Compare at the epoch chosen on validation, or at the last one.")
    ] = "selected",
    convergence: Annotated[
        bool | None,
        typer.Option(
            "--convergence/--no-convergence",
            help="Also say which trains faster. [default: unless losses are compared]",
            show_default=False,
        ),
    ] = None,
    tuning: Annotated[
        bool,
        typer.Option(
            "--tuning",
            help="Also say how tuning went: the expected best after so many trials, and what hung "
            "on the learning rate.",
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Also write CSV tables and pictures of the curves into this folder."),
    ] = None,
    json: Json = False,
) -> None:
    """Compare the losses of finished runs, or another axis, pair by pair, on the test set.

    Reads any number of run folders, needs no TensorFlow and writes nothing unless --out is given.

    Examples:

      lossbench compare

      lossbench compare runs/quickstart runs/mnist --metric nll

      lossbench compare runs/label-noise --at last

      lossbench compare runs/optimizers --factor optimizer --baseline Adam --out pictures
    """
    if tuning and json:
        raise typer.BadParameter("prints text; leave out --json", param_hint="--tuning")
    from lossbench import comparison, store
    from lossbench.reporting.machine import as_json
    from lossbench.reporting.terminal import as_text

    folders = store.find_experiments(runs or [RUNS_DIR])
    stored = [store.read_experiment(folder) for folder in folders]
    compared = comparison.compare(
        stored,
        factor=None if factor is None else comparison.checked_factor(factor),
        baseline=baseline,
        metric=metric,
        at=at,
        convergence=True if out and convergence is None else convergence,
    )
    if out:
        from lossbench.reporting.training_curves import write_pictures

        store.write_whole(out / "comparisons.csv", comparison.csv_text(compared))
        store.write_whole(out / "convergence.csv", comparison.convergence_csv(compared))
        write_pictures(out, stored, compared)
    sys.stdout.write(as_json(compared) if json else as_text(compared))
    if tuning:
        from lossbench.reporting.tuning import tuning_text

        trials = [trial for one in stored for trial in one.trials]
        deltas = {one.metric: one.delta for one in compared}
        sys.stdout.write(f"\n{tuning_text(trials, deltas)}")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(compare)

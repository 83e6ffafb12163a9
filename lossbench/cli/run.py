"""`lossbench run`: train every combination, write the tables, print the comparison."""

import sys
from typing import Annotated

import typer

from lossbench.cli.options import RUNS_DIR, Config, Json, Overrides, RunsDir


def run(
    path: Config,
    overrides: Overrides = None,
    runs_dir: RunsDir = RUNS_DIR,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Worker processes side by side. [default: one per CPU]"),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: Json = False,
) -> None:
    """Train what is not finished yet, write the tables, print the comparison.

    A job that is finished is never trained again; Ctrl-C is safe, the next run goes on.

    Examples:

      lossbench run configs/quickstart.yaml

      lossbench run configs/mnist.yaml --set train.epochs=1 --set seeds=3
    """
    from lossbench import comparison, runner, store
    from lossbench.cli.progress import make_watcher
    from lossbench.reporting.machine import as_json
    from lossbench.reporting.terminal import as_text

    checked = runner.check(path, overrides or ())
    watcher = make_watcher(quiet=quiet or json)
    with watcher:
        try:
            outcome = runner.run(checked, runs_dir, watcher, workers)
        except (KeyboardInterrupt, SystemExit):
            watcher.interrupted(f"lossbench run {path}")
            raise
    comparisons = comparison.compare([store.read_experiment(outcome.folder)])
    sys.stdout.write(as_json(comparisons) if json else as_text(comparisons))
    if not json and not quiet:
        typer.echo(
            f"\n{outcome.trained} trained now, {outcome.reused} were finished before. "
            f"Tables: {outcome.folder}/*.csv"
        )
    for job, message in outcome.failed:
        names = job.names()
        typer.echo(
            f"job {job.id} ({names['loss']}, {names['dataset']}, {names['model']}, "
            f"seed {job.seed}): {message} See {outcome.folder}/jobs/{job.id}/log.txt",
            err=True,
        )
    if outcome.failed:
        raise typer.Exit(1)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(no_args_is_help=True)(run)

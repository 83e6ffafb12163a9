"""`lossbench plan` and `lossbench validate`: what would run, and every mistake in the file."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossbench.cli.options import RUNS_DIR, Config, Json, Overrides, RunsDir, Strict

if TYPE_CHECKING:
    from lossbench.forecast import Forecast
    from lossbench.runner import Checked


def plan(
    path: Config,
    overrides: Overrides = None,
    runs_dir: RunsDir = RUNS_DIR,
    measure: Annotated[
        bool, typer.Option("--measure", help="Time a few steps first; writes nothing.")
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Worker processes side by side. [default: one per CPU]"),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads in each worker. [default: 1]")
    ] = None,
    strict: Strict = False,
    json: Json = False,
) -> None:
    """Show the grid, what it can detect, and what time, memory and disk it takes; trains nothing.

    The forecast rests on the timings of earlier jobs in the runs folder, and so does the smallest
    difference that this many seeds detect: on how much earlier runs spread.

    Examples:

      lossbench plan configs/mnist.yaml --set seeds=8

      lossbench plan configs/mnist.yaml --measure
    """
    from lossbench import runner
    from lossbench.comparison.planning import designs
    from lossbench.reporting.plan import plan_json, plan_text

    checked = runner.check(path, overrides or (), runs_dir)
    _warn(checked, strict)
    forecast = _forecast(checked, runs_dir, measure, workers, threads)
    found = designs(checked.experiment, checked.plan, runs_dir)
    if json:
        planned = replace(checked.plan, jobs=runner.prospect(checked, runs_dir).jobs)
        typer.echo(plan_json(planned, forecast, checked.experiment, found), nl=False)
        return
    text = plan_text(checked.experiment, checked.facts, checked.plan, forecast, found)
    typer.echo(text, nl=False)


def _warn(checked: "Checked", strict: bool) -> None:
    """Print warnings about the data, or end with them; then notes about the networks."""
    from lossbench import runner

    for warning in runner.warnings(checked, strict):
        typer.echo(f"warning: {warning}", err=True)
    for note in checked.notes:
        typer.echo(f"note: {note}", err=True)


def _forecast(
    checked: "Checked",
    runs_dir: Path,
    with_measurement: bool,
    workers: int | None,
    threads: int | None,
) -> "Forecast":
    """Forecast a plan from what lies in a runs folder and, if asked, from a measurement."""
    from lossbench import backbones, datasets, forecast, runner
    from lossbench.executors import default_workers

    ahead = runner.prospect(checked, runs_dir)
    plan = replace(checked.plan, jobs=(*ahead.jobs, *ahead.trials))
    jobs = forecast.planned_jobs(checked.experiment, checked.facts, plan)
    folder = runs_dir / checked.experiment.name
    finished = forecast.finished_threads(folder, [job.job_id for job in jobs])
    threads = threads or min(finished.values(), default=1)
    workers = workers or default_workers(threads)
    measured: list[forecast.Timing] = []
    device = None
    if with_measurement and jobs:
        for dataset in checked.experiment.datasets:
            datasets.prepare(dataset.name, dataset.params)
        backbones.prepare(checked.experiment.models)
        measured, device = forecast.measure(
            plan.jobs,
            jobs,
            workers=min(workers, len(jobs)),
            threads=threads,
            memory_budget_mib=checked.experiment.execution.memory_budget,
        )
    pixels = forecast.image_pixels(jobs)
    earlier = forecast.read_timings(runs_dir, threads=threads, device=device, pixels=pixels)
    return forecast.predict(
        jobs, [*measured, *earlier], workers=workers, threads=threads, finished=set(finished)
    )


def validate(path: Config, overrides: Overrides = None, strict: Strict = False) -> None:
    """Say every mistake in the file, all at once, or "valid".

    Example:

      lossbench validate my-experiment.yaml
    """
    from lossbench import runner

    checked = runner.check(path, overrides or ())
    _warn(checked, strict)
    count, skips = len(checked.plan.jobs), len(checked.plan.skips)
    tuned = ", after tuning (see lossbench plan)" if checked.experiment.tune else ""
    left_out = f", {skips} combinations skipped (see lossbench plan)" if skips else ""
    typer.echo(f"{path}: valid: {count} jobs{tuned}{left_out}")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(no_args_is_help=True)(plan)
    app.command(no_args_is_help=True)(validate)

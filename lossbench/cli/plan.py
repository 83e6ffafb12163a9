"""`lossbench plan` and `lossbench validate`: what would run, and every mistake in the file."""

import json as jsonlib

import typer

from lossbench.cli.options import Config, Json, Overrides


def plan(path: Config, overrides: Overrides = None, json: Json = False) -> None:
    """Show the grid, the skips with their reasons and the number of jobs; trains nothing.

    Example:

      lossbench plan configs/mnist.yaml --set seeds=8
    """
    from lossbench import runner
    from lossbench.reporting.plan import plan_text

    checked = runner.check(path, overrides or ())
    if json:
        jobs = [{"job_id": job.id, **job.names(), "seed": job.seed} for job in checked.plan.jobs]
        skips = [vars(skip) for skip in checked.plan.skips]
        typer.echo(jsonlib.dumps({"jobs": jobs, "skips": skips}, indent=1))
        return
    typer.echo(plan_text(checked.experiment, checked.facts, checked.plan), nl=False)


def validate(path: Config, overrides: Overrides = None) -> None:
    """Say every mistake in the file, all at once, or "valid".

    Example:

      lossbench validate my-experiment.yaml
    """
    from lossbench import runner

    checked = runner.check(path, overrides or ())
    count, skips = len(checked.plan.jobs), len(checked.plan.skips)
    left_out = f", {skips} combinations skipped (see lossbench plan)" if skips else ""
    typer.echo(f"{path}: valid: {count} jobs{left_out}")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(no_args_is_help=True)(plan)
    app.command(no_args_is_help=True)(validate)

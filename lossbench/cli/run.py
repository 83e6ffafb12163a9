"""`lossbench run`: train every combination, write tables and report, print the comparison."""

import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from lossbench import __version__
from lossbench.catalog.axes import told
from lossbench.cli.options import RUNS_DIR, Config, Json, Overrides, RunsDir, Strict

if TYPE_CHECKING:
    from lossbench.plan import Job
    from lossbench.runner import Outcome, Stop

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}


class Executor(StrEnum):
    """Where jobs run."""

    local = "local"
    ray = "ray"


class Retry(StrEnum):
    """Which earlier failures run again."""

    failed = "failed"
    error = "error"
    oom = "oom"
    timeout = "timeout"
    killed = "killed"


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|m|min|h|d)?", text.strip())
    if not found:
        raise typer.BadParameter(f"{text!r}; accepted: a number with s, min, h or d, as in 90min")
    return float(found[1]) * UNITS[found[2] or "s"]


def run(
    path: Config,
    overrides: Overrides = None,
    runs_dir: RunsDir = RUNS_DIR,
    executor: Annotated[
        Executor, typer.Option(help="Run jobs on this machine or on a Ray cluster.")
    ] = Executor.local,
    address: Annotated[
        str | None, typer.Option(help="Ray cluster to join, as in head:6379.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Worker processes side by side. [default: one per CPU]"),
    ] = None,
    threads: Annotated[
        int | None,
        typer.Option(min=1, help="Threads in each worker; changes the last bits. [default: 1]"),
    ] = None,
    more_seeds: Annotated[
        int | None,
        typer.Option(
            "--more-seeds",
            metavar="N",
            min=1,
            help="Add N seeds to a finished experiment; see protocol.looks.",
        ),
    ] = None,
    retry: Annotated[
        list[Retry] | None, typer.Option(help="Run jobs again that failed before.")
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATTERN", help="Run only jobs with a name or id like this: --only 'focal*'."
        ),
    ] = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", help="Stop when the first job fails.")
    ] = False,
    max_time: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Write checkpoints and stop after 90min, 8h, ..."),
    ] = None,
    no_tune: Annotated[
        bool,
        typer.Option("--no-tune", help="Search nothing: the file's own values for all losses."),
    ] = False,
    strict: Strict = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: Json = False,
) -> None:
    """Train what is not finished yet, write tables and report, print the comparison.

    A job that is finished is never trained again. Ctrl-C once: running jobs write a checkpoint and
    stop; twice: at once. The next run goes on. Several runs of one file share the work.

    Examples:

      lossbench run configs/quickstart.yaml

      lossbench run configs/mnist.yaml --set train.epochs=1 --set seeds=3

      lossbench run configs/mnist.yaml --retry failed --max-time 8h

      lossbench run configs/honest.yaml --no-tune

      lossbench run configs/mnist.yaml --more-seeds 5
    """
    from lossbench import comparison, runner, store
    from lossbench.reporting.machine import as_json
    from lossbench.reporting.progress import make_watcher
    from lossbench.reporting.terminal import as_text

    chosen = {status.value for status in retry or ()}
    options = runner.Options(
        executor=executor.value,
        address=address,
        workers=workers,
        threads=threads,
        retry=frozenset(runner.FAILED if "failed" in chosen else chosen),
        only=tuple(only or ()),
        fail_fast=fail_fast,
        max_time_s=None if max_time is None else _seconds(max_time),
        strict=strict,
    )
    checked = runner.check(path, overrides or (), runs_dir, more_seeds or 0, tune=not no_tune)
    stop = runner.Stop()
    watcher = make_watcher(quiet=quiet or json)
    again = f"lossbench run {path}"
    with _signals(stop) as received, watcher:
        try:
            outcome = runner.run(checked, runs_dir, watcher, options, stop)
        except (KeyboardInterrupt, SystemExit):
            watcher.interrupted("interrupted", again)
            raise
    if outcome.stopped:
        watcher.interrupted(outcome.stopped, again)
    if received:
        raise typer.Exit(CODES[received[0]])
    _print_failed_trials(outcome)
    if outcome.trials_left:
        text = f"{outcome.trials_left} trials of this round of tuning are left"
        typer.echo(f"{text}; there is nothing to compare yet.", err=True)
        raise typer.Exit(1 if outcome.failed_trials and fail_fast else 0)
    comparisons = comparison.compare([store.read_experiment(outcome.folder)])
    across = comparison.across_datasets(comparisons)
    sys.stdout.write(
        as_json(comparisons, __version__, across) if json else as_text(comparisons, across=across)
    )
    if not json and not quiet:
        typer.echo(f"\n{_summary(outcome)} Tables: {outcome.folder}/*.csv")
    written = _write_report(outcome.folder)
    if written is not None and not json and not quiet:
        _print_link(written)
    _print_failures(outcome)
    if outcome.failed:
        raise typer.Exit(1)


@contextmanager
def _signals(stop: "Stop") -> Iterator[list[signal.Signals]]:
    """While jobs run, the first SIGINT or SIGTERM asks them to stop and the second ends at once."""
    received: list[signal.Signals] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if received:
            raise SystemExit(CODES[signal.Signals(number)])
        received.append(signal.Signals(number))
        stop.request("interrupted")

    before: dict[signal.Signals, Callable[..., object] | int | None] = {
        number: signal.signal(number, handle) for number in CODES
    }
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _summary(outcome: "Outcome") -> str:
    parts = [f"{outcome.trained} trained now", f"{outcome.reused} were finished before"]
    if outcome.trials:
        parts.insert(0, f"{outcome.trials} trials of tuning")
    if outcome.elsewhere:
        parts.append(f"{outcome.elsewhere} by another run meanwhile")
    if outcome.left:
        parts.append(f"{outcome.left} are left")
    return ", ".join(parts) + "."


def _write_report(folder: Path) -> Path | None:
    """Write the experiment's report; that it fails costs no result, so it is only told."""
    from lossbench.reporting.page import write_report

    try:
        return write_report(folder, __version__)
    except Exception as error:
        why = " ".join(str(error).split()) or type(error).__name__
        typer.echo(
            f"warning: no report was written: {why} All results are kept; try: "
            f"lossbench report {folder} -o report.html",
            err=True,
        )
        return None


def _print_link(path: Path) -> None:
    """Print where the report is: on a terminal as a link that opens it."""
    from rich.console import Console
    from rich.style import Style
    from rich.text import Text

    console = Console(force_terminal=sys.stdout.isatty(), highlight=False)
    link = Style(link=path.absolute().as_uri())
    console.print(Text.assemble("Report: ", (str(path), link)), soft_wrap=True)


def _print_failed_trials(outcome: "Outcome") -> None:
    """Name the trials that failed; they count as the worst, which is no failure of the run."""
    _print_jobs(outcome, outcome.failed_trials, "trial")


def _print_failures(outcome: "Outcome") -> None:
    _print_jobs(outcome, outcome.failed, "job")


def _print_jobs(outcome: "Outcome", failed: "Sequence[tuple[Job, str]]", what: str) -> None:
    for job, message in failed:
        names = job.names()
        job_told = ", ".join([names["loss"], *told(names, without="loss"), f"seed {job.seed}"])
        typer.echo(
            f"{what} {job.id} ({job_told}): {message} See {outcome.folder}/jobs/{job.id}/log.txt",
            err=True,
        )


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(no_args_is_help=True)(run)

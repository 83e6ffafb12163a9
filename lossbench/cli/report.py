"""`lossbench report`: one self-contained HTML file."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from lossbench import __version__
from lossbench.cli.options import RUNS_DIR, AllowUnmatched, Baseline, Factor, Metric, Runs
from lossbench.errors import StoreError

TELL_EVERY_S = 3.0
"""How often a line tells how far drawing is; what is drawn sooner needs none."""


def report(
    runs: Runs = None,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE", help="The page; its folder is made where absent."
        ),
    ] = Path("report.html"),
    factor: Factor = None,
    baseline: Baseline = None,
    metric: Metric = None,
    allow_unmatched: AllowUnmatched = False,
) -> None:
    """Write one HTML file with answer, tables and pictures; it needs no network.

    Mail it, print it, open it with a double click. Equal runs give equal bytes. Needs no
    TensorFlow; `lossbench run` writes such a file into the folder of each experiment.

    Examples:

      lossbench report runs/quickstart

      lossbench report runs -o all.html

      lossbench report runs/optimizers --factor optimizer --baseline Adam
    """
    from lossbench import comparison
    from lossbench.reporting.page import page_html, report_of

    _check_place(output)
    found = report_of(
        runs or [RUNS_DIR],
        __version__,
        output.parent,
        factor=None if factor is None else comparison.checked_factor(factor),
        baseline=baseline,
        metric=metric,
        allow_unmatched=allow_unmatched,
    )
    _write(output, page_html(found, _teller()))
    typer.echo(f"Report: {output}")


def _check_place(output: Path) -> None:
    """Refuse what can be no file before anything is computed.

    Raises:
        StoreError: it is a folder, or lies in what is none.
    """
    if output.is_dir():
        inside = output / "report.html"
        raise StoreError(f"{output}: is a folder; accepted: a file. Use -o {inside}.")
    above = next((one for one in output.absolute().parents if one.exists()), None)
    if above is not None and not above.is_dir():
        raise StoreError(
            f"{output}: {above} is a file, no folder; accepted: a file in a folder. "
            "Choose another place with -o."
        )


def _write(output: Path, text: str) -> None:
    from lossbench import store

    try:
        store.write_whole(output, text)
    except StoreError as error:
        cause = error.__cause__
        why = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)
        raise StoreError(
            f"{output}: cannot be written: {why}; accepted: a file in a folder that you may write "
            "to. Free space, change the permissions, or choose another place with -o."
        ) from error


def _teller() -> Callable[[int, int], None]:
    """Return what tells now and then how many pictures are drawn, where that takes long."""
    last = time.monotonic()

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= TELL_EVERY_S:
            last = time.monotonic()
            typer.echo(f"report: {done} of {total} pictures are drawn", err=True)

    return tell


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(report)

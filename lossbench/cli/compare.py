"""`lossbench compare`: which loss is better, by how much, and how sure that is."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lossbench import __version__
from lossbench.cli.options import RUNS_DIR, AllowUnmatched, Baseline, Factor, Json, Metric, Runs
from lossbench.errors import StrictError

if TYPE_CHECKING:
    from lossbench.comparison import Comparison
    from lossbench.store import Stored

Epoch = Literal["selected", "last"]
Against = Literal["baseline", "best"]
Failing = Literal["worse"]


def compare(
    runs: Runs = None,
    factor: Factor = None,
    baseline: Baseline = None,
    metric: Metric = None,
    at: Annotated[
        Epoch | None,
        typer.Option(
            help="Compare at the epoch chosen on validation, or at the last one. [default: as "
            "declared, else selected]"
        ),
    ] = None,
    against: Annotated[
        Against,
        typer.Option(help="Compare with the baseline, or with the best mean: exploratory."),
    ] = "baseline",
    columns: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES",
            help="Show these columns whether they fit or not: --columns mean,diff,ci,g_z,mde. "
            "[default: those that fit]",
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Sort by this column, the better end first. [default: mean]"
        ),
    ] = None,
    group_by: Annotated[
        str | None,
        typer.Option(
            metavar="AXIS",
            help="Put comparisons together that share a dataset, model, optimizer, metric, ...",
        ),
    ] = None,
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
    cross_loss: Annotated[
        bool,
        typer.Option("--cross-loss", help="Also print the value of every loss on test."),
    ] = False,
    audit: Annotated[
        bool, typer.Option("--audit", help="Also print the checks of the protocol that passed.")
    ] = False,
    allow_unmatched: AllowUnmatched = False,
    fail_on: Annotated[
        Failing | None,
        typer.Option(help="Exit with 3 if any loss is worse than the baseline."),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="Exit with 3 if a check of the protocol fails."),
    ] = False,
    predictions: Annotated[
        bool,
        typer.Option(
            "--predictions",
            help="Also read the predictions: with one seed, do two trained networks differ; with "
            "several, an interval to other test examples, too. Takes seconds; minutes for F1 and "
            "areas under curves.",
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
    Exit status: 0 compared, 2 usage or data, 3 --fail-on or --strict found something.

    Examples:

      lossbench compare

      lossbench compare runs/quickstart runs/mnist --metric nll --group-by dataset

      lossbench compare --columns mean,diff,ci,g_z,n_for_delta --sort p_holm

      lossbench compare runs/label-noise --at last --strict --fail-on worse

      lossbench compare runs/quickstart --predictions

      lossbench compare runs/optimizers --factor optimizer --baseline Adam --out pictures
    """
    if tuning and json:
        raise typer.BadParameter("prints text; leave out --json", param_hint="--tuning")
    from lossbench import comparison, store
    from lossbench.reporting.columns import column_names
    from lossbench.reporting.machine import as_json
    from lossbench.reporting.ordering import group_name, grouped, ordered, sort_name
    from lossbench.reporting.terminal import as_text

    shown = column_names("--columns", columns or ())
    sorting = None if sort is None else sort_name(sort)
    grouping = None if group_by is None else group_name(group_by)
    folders = store.find_experiments(runs or [RUNS_DIR])
    stored = [store.read_experiment(folder) for folder in folders]
    compared = comparison.compare(
        stored,
        factor=None if factor is None else comparison.checked_factor(factor),
        baseline=baseline,
        metric=metric,
        at=at,
        convergence=True if out and convergence is None else convergence,
        allow_unmatched=allow_unmatched,
        against=against,
    )
    if predictions:
        from lossbench.comparison.one_seed import with_predictions

        compared = with_predictions(compared, comparison.folders_of(stored))
    if sorting:
        compared = [ordered(one, sorting) for one in compared]
    if grouping:
        compared = [one for group in grouped(compared, grouping).values() for one in group]
    across = comparison.across_datasets(compared)
    if out:
        _write_tables(out, stored, compared)
    if json:
        text = as_json(compared, __version__, across)
    else:
        text = as_text(
            compared,
            columns=shown,
            group_by=grouping,
            cross_loss=cross_loss,
            audit=audit,
            across=across,
        )
    sys.stdout.write(text)
    if tuning:
        from lossbench.reporting.tuning import tuning_text

        trials = [trial for one in stored for trial in one.trials]
        deltas = {one.metric: one.delta for one in compared}
        sys.stdout.write(f"\n{tuning_text(trials, deltas)}")
    if out and not json:
        typer.echo(f"\nTables: {out}/*.csv   Pictures: {out}/*.png")
    reasons = [*(_worse(compared) if fail_on else ()), *(_failed(compared) if strict else ())]
    if reasons:
        sys.stdout.flush()
        raise StrictError("\n".join(reasons))


def _write_tables(out: Path, stored: Sequence["Stored"], compared: Sequence["Comparison"]) -> None:
    from lossbench import comparison, store
    from lossbench.reporting.training_curves import write_pictures

    store.write_whole(out / "comparisons.csv", comparison.csv_text(compared))
    store.write_whole(out / "convergence.csv", comparison.convergence_csv(compared))
    write_pictures(out, stored, compared)


def _worse(compared: Sequence["Comparison"]) -> Iterator[str]:
    """Yield which levels are worse, and not by less than matters, and in which comparison."""
    from lossbench.catalog.axes import shown
    from lossbench.reporting.header import title_of

    for one in compared:
        worse = [row for row in one.rows if row.verdict in ("WORSE", "CLEARLY_WORSE")]
        if worse:
            names = ", ".join(f"{shown(one.factor, row.level)} {row.verdict}" for row in worse)
            yield (
                f"--fail-on worse: {title_of(one)}: worse than "
                f"{shown(one.factor, one.baseline or '')}: {names}."
            )


def _failed(compared: Sequence["Comparison"]) -> Iterator[str]:
    """Yield which checks of the protocol failed, and in which comparison."""
    from lossbench.reporting.header import title_of

    for one in compared:
        for check in one.audit:
            if check.outcome == "fail":
                yield f"--strict: {title_of(one)}: {check.code}: {check.text}"


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(compare)

"""The functions: each does what the command of its name does."""

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lossbench.errors import LossbenchError
from lossbench.interface.results import Finished, Page, Place, Result, Results

if TYPE_CHECKING:
    import pandas as pd

    from lossbench.plan import Job
    from lossbench.store import Run

Runs = Place | Iterable[Place]
"""Run folders, or folders of them: one or several; what `run` returned is one, too."""

RUNS_DIR = "runs"
PAGE = "report.html"


def run(
    config: Place | Mapping[str, Any],
    *,
    overrides: Sequence[str] = (),
    runs_dir: Place = RUNS_DIR,
    workers: int | None = None,
    threads: int | None = None,
    more_seeds: int = 0,
    retry: Iterable[str] = (),
    tune: bool = True,
    strict: bool = False,
    progress: bool = True,
) -> Finished:
    """Train what is not finished yet, write tables and report, compare; as `lossbench run`.

    A job that is finished is never trained again. Jobs run in worker processes, so that a script
    needs no `if __name__ == "__main__"`. Interrupting kills the running jobs and keeps what is
    finished; run again to go on.

    Args:
        config: the path of an experiment file, or what stands in one as a dictionary. Then paths
            in it are relative to the current folder, and the name is "experiment" unless given.
        overrides: `key=value` texts that replace values of the experiment, as `train.epochs=5`.
        runs_dir: where the experiment's folder lies or will lie.
        workers: processes side by side, >= 1; None means one per CPU.
        threads: in each of them; changes the last bits; None means one.
        more_seeds: how many seeds are added to a finished experiment.
        retry: which earlier failures run again: failed (all), error, oom, timeout, killed.
        tune: whether hyperparameters are searched where the experiment says so.
        strict: whether a warning about the data is an error.
        progress: whether it says how far it is.

    Returns:
        The folder, what was trained, and the comparisons.

    Raises:
        ConfigError: every mistake of the experiment, all at once.
        LossbenchError: data, a folder or the workers are not as they must be.
    """
    from lossbench import runner
    from lossbench.reporting.progress import make_watcher

    wanted = {retry} if isinstance(retry, str) else set(retry)
    _check_retry(wanted, runner.FAILED)
    options = runner.Options(
        workers=workers,
        threads=threads,
        retry=frozenset(runner.FAILED if "failed" in wanted else wanted),
        strict=strict,
    )
    source = config if isinstance(config, Mapping) else Path(config)
    place = Path(runs_dir)
    checked = runner.check(source, overrides, place, more_seeds, tune=tune)
    with make_watcher(quiet=not progress) as watcher:
        outcome = runner.run(checked, place, watcher, options)
    compared = Results(()) if outcome.trials_left else compare(outcome.folder)
    if compared:
        _write_report(outcome.folder)
    return Finished(
        folder=outcome.folder,
        comparisons=compared,
        trained=outcome.trained,
        reused=outcome.reused,
        failed=tuple((_told(job), message) for job, message in outcome.failed),
    )


def _write_report(folder: Path) -> None:
    """Write the experiment's report; that it fails costs no result, so it is only told."""
    from lossbench import __version__
    from lossbench.reporting.page import write_report

    try:
        write_report(folder, __version__)
    except Exception as error:
        warnings.warn(f"no report was written: {error} All results are kept.", stacklevel=3)


def _check_retry(wanted: set[str], statuses: Sequence[str]) -> None:
    unknown = sorted(wanted - {"failed", *statuses})
    if unknown:
        accepted = ", ".join(("failed", *statuses))
        raise LossbenchError(f"retry: {unknown[0]!r} is no status; accepted: {accepted}.")


def _told(job: "Job") -> str:
    from lossbench.catalog.axes import told

    names = job.names()
    return ", ".join([names["loss"], *told(names, without="loss"), f"seed {job.seed}"])


def load(runs: Runs = RUNS_DIR, *, at: Literal["selected", "last"] = "selected") -> "pd.DataFrame":
    """Return finished runs as a table: a row for each run, a column for each metric.

    Failed and missing runs have a row, too, with their status and without metrics.

    Args:
        runs: run folders, or folders of them.
        at: the epoch whose metrics are given: the one chosen on validation, or the last.

    Returns:
        Columns: experiment, job_id, dataset, model, optimizer, schedule, backend, loss,
        batch_size, epochs, track, control, seed, status, message, learning_rate, selected_epoch,
        epochs_done, step_ms_median, seconds_train, memory_mib, params; then the metrics on test
        under their own names, and those on validation as validation_accuracy, ...: unscaled, so
        that a share lies in [0, 1]. `epochs.csv`, `metrics.csv`, ... in the folder have the rest.

    Raises:
        StoreError: a path holds no runs.
    """
    import pandas as pd

    rows: list[dict[str, Any]] = []
    metrics: dict[str, None] = {}
    for stored in _read(runs):
        for one in stored.runs:
            values = _metrics(one, at)
            metrics |= dict.fromkeys(values)
            rows.append({"experiment": stored.name, **_run_row(one), **values})
    split = "validation_"
    ordered = sorted(metrics, key=lambda name: name.startswith(split))
    return pd.DataFrame(rows, columns=["experiment", *_RUN, *_RESULT, *ordered])


_RUN = (
    *("job_id", "dataset", "model", "optimizer", "schedule", "backend", "loss", "batch_size"),
    *("epochs", "track", "control", "seed", "status"),
)
_RESULT = (
    *("message", "learning_rate", "selected_epoch", "epochs_done", "step_ms_median"),
    *("seconds_train", "memory_mib", "params"),
)


def _run_row(one: "Run") -> dict[str, Any]:
    track = " ".join(one.tracks)
    own = {name: getattr(one, name) for name in _RUN if name != "track"} | {"track": track}
    return own | {name: (one.result or {}).get(name) for name in _RESULT}


def _metrics(one: "Run", at: str) -> dict[str, float]:
    prefix = {"test": "", "validation": "validation_"}
    return {
        prefix[row["split"]] + row["metric"]: row["value"]
        for row in (one.result or {}).get("metrics", ())
        if row["split"] in prefix and row["at"] == at and row.get("stage", "raw") == "raw"
    }


def compare(
    runs: Runs = RUNS_DIR,
    *,
    factor: str | None = None,
    baseline: str | None = None,
    metric: str | None = None,
    at: Literal["selected", "last"] | None = None,
    against: Literal["baseline", "best"] = "baseline",
    allow_unmatched: bool = False,
) -> Results:
    """Compare the losses of finished runs, or another axis, pair by pair, on the test set.

    Args:
        runs: run folders, or folders of them.
        factor: what is compared: loss, optimizer, model, schedule, batch_size or backend; None
            means losses or, where there is one alone, what else differs.
        baseline: the level that the others are compared with; None means the declared one.
        metric: what judges; None means the declared one.
        at: the epoch that is compared; None means as declared, or the one chosen on validation.
        against: the baseline, or the best mean, which is exploratory.
        allow_unmatched: whether runs are paired that did not start alike.

    Returns:
        A comparison for each combination of all that is not compared, as data sets.

    Raises:
        StoreError: there is no run, runs of a block do not match, or a name fits nothing.
    """
    from lossbench import comparison
    from lossbench.reporting.figures import materials

    stored = _read(runs)
    compared = comparison.compare(
        stored,
        factor=None if factor is None else comparison.checked_factor(factor),
        baseline=baseline,
        metric=metric,
        at=at,
        convergence=True,
        against=against,
        allow_unmatched=allow_unmatched,
    )
    across = comparison.across_datasets(compared)
    return Results(map(Result, materials(stored, compared, across)))


def report(
    runs: Runs = RUNS_DIR,
    output: Place | None = None,
    *,
    factor: str | None = None,
    baseline: str | None = None,
    metric: str | None = None,
) -> Page:
    """Write the report: one HTML file that needs no network.

    Args:
        runs: run folders, or folders of them.
        output: the file; None means report.html in the current folder.
        factor: as in `compare`.
        baseline: likewise.
        metric: likewise.

    Returns:
        The path of the file; a notebook shows the report itself.

    Raises:
        StoreError: a path holds no runs, or the file cannot be written.
    """
    from lossbench import __version__, comparison, store
    from lossbench.reporting.page import page_html, report_of

    path = Path(PAGE if output is None else output)
    found = report_of(
        _paths(runs),
        __version__,
        path.parent,
        factor=None if factor is None else comparison.checked_factor(factor),
        baseline=baseline,
        metric=metric,
    )
    store.write_whole(path, page_html(found))
    return Page(path)


def _paths(runs: Runs) -> list[Path]:
    several = [runs] if isinstance(runs, str | os.PathLike) else list(runs)
    return [Path(one) for one in several]


def _read(runs: Runs) -> list[Any]:
    from lossbench import store

    return [store.read_experiment(folder) for folder in store.find_experiments(_paths(runs))]

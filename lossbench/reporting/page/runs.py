"""Section 9: every run with its status, its score and its folder."""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from lossbench.catalog.axes import title, varying
from lossbench.catalog.metrics import metric_row
from lossbench.comparison import Comparison
from lossbench.comparison.measured import NOT_FAILED
from lossbench.reporting.numbers import number
from lossbench.reporting.page.cells import NOTHING, keyed, without_folders
from lossbench.reporting.page.markup import Markup, element, joined, paragraphs, table
from lossbench.reporting.page.report import Report
from lossbench.store import Run, Stored, job_folder

MOST_RUNS = 300
"""Runs that are listed, beside those that failed."""
MOST_FAILED = 300
MOST_SKIPS = 100
LONGEST_MESSAGE = 300


class Entry(NamedTuple):
    """A run and its experiment."""

    home: Stored
    run: Run


class Score(NamedTuple):
    """What a comparison shows of a run: its metric, and the value, which is NaN without one."""

    metric: str
    value: float


def runs(report: Report) -> Markup:
    """Return the table of runs, what it leaves out, and what was never planned to run."""
    every = [Entry(one, run) for one in report.stored for run in one.runs]
    if not every:
        return joined()
    entries = listed(every)
    return joined(
        paragraphs([*_counts(report, every, entries)]),
        _table(report, entries),
        _skips(report),
    )


def listed(every: Sequence[Entry]) -> list[Entry]:
    """Return the first runs and those that failed, in the order of the plan."""
    failed = [i for i, one in enumerate(every) if one.run.status not in NOT_FAILED]
    kept = sorted({*range(min(len(every), MOST_RUNS)), *failed[:MOST_FAILED]})
    return [every[i] for i in kept]


def _counts(report: Report, every: Sequence[Entry], entries: Sequence[Entry]) -> Iterator[str]:
    """Yield how many runs there are of each status, and what is not in the table."""
    statuses = [one.run.status for one in every]
    counts = (f"{statuses.count(name)} {name}" for name in sorted(set(statuses)))
    yield f"{len(every)} runs: {', '.join(counts)}."
    if left_out := len(every) - len(entries):
        yield (
            f"{left_out} of them are left out below, which has the first {MOST_RUNS} and those "
            "that failed; runs.csv in the run folders has all."
        )
    if trials := sum(len(one.trials) for one in report.stored):
        yield f"{trials} trainings of tuning are not runs of the comparison: tuning.csv has them."
    if older := sum(one.older for one in report.stored):
        yield f"{older} finished jobs of earlier versions of the experiments are not shown."
    if damaged := sum(len(one.damaged) for one in report.stored):
        yield f"{damaged} results cannot be read, and count as missing."


class Column(NamedTuple):
    """A column of the table: its heading, the cell of a run, and the number it is sorted by."""

    title: str
    show: Callable[[Entry], Any]
    key: Callable[[Entry], Any] = lambda one: None
    words: bool = True


def _table(report: Report, entries: Sequence[Entry]) -> Markup:
    scores = _scores([material.comparison for material in report.materials])
    metrics = dict.fromkeys(score.metric for score in scores.values())
    columns = _columns(report, entries, scores, metrics)
    return table(
        f"Every run: {_units(metrics)}",
        [column.title for column in columns],
        [[column.show(one) for column in columns] for one in entries],
        sortable=True,
        words=[column.title for column in columns if column.words],
        keys=keyed([[column.key(one) for column in columns] for one in entries]),
    )


def _columns(
    report: Report, entries: Sequence[Entry], scores: Mapping[str, Score], metrics: Iterable[str]
) -> list[Column]:
    """Return the columns that have something to say; `folder` always, and last."""
    axes = dict.fromkeys(("loss", *varying(one.run.names() for one in entries)))
    numbers = (
        Column("epoch", _epoch, lambda one: _of(one, "selected_epoch"), words=False),
        Column("seconds", _seconds, lambda one: _of(one, "seconds_total"), words=False),
    )
    tracks = Column("tracks", lambda one: " ".join(one.run.tracks))
    message = Column("message", lambda one: without_folders(_message(one), report.stored))
    return [
        *(_axis(axis) for axis in axes),
        *([Column("experiment", lambda one: one.home.name)] if len(report.stored) > 1 else []),
        Column("seed", lambda one: str(one.run.seed), lambda one: one.run.seed, words=False),
        Column("status", _status),
        *(_metric(name, scores) for name in metrics),
        *numbers,
        *([tracks] if any(one.run.tracks for one in entries) else []),
        *([message] if any(_message(one) for one in entries) else []),
        Column("folder", lambda one: _folder(one, report.folder)),
    ]


def _axis(axis: str) -> Column:
    return Column(title(axis), lambda one: one.run.names()[axis])


def _metric(name: str, scores: Mapping[str, Score]) -> Column:
    def value(one: Entry) -> float:
        score = scores.get(one.run.job_id)
        return score.value if score is not None and score.metric == name else math.nan

    return Column(name, lambda one: _value(name, value(one)), value, words=False)


def _of(one: Entry, key: str) -> Any:
    return (one.run.result or {}).get(key)


def _scores(comparisons: Sequence[Comparison]) -> dict[str, Score]:
    """Return the value of each run that is compared, by its job's id."""
    return {
        job: Score(one.metric, one.values.get(level, {}).get(seed, math.nan))
        for one in comparisons
        for level, jobs in one.jobs.items()
        for seed, job in jobs.items()
    }


def _units(metrics: Iterable[str]) -> str:
    points = [name for name in metrics if metric_row(name).bounded]
    return "values on test" + (f", {', '.join(points)} in points" if points else "")


def _value(metric: str, value: float) -> str:
    if not math.isfinite(value):
        return NOTHING
    return number(100 * value, 2) if metric_row(metric).bounded else f"{value:.4g}"


def _epoch(one: Entry) -> str:
    epoch = _of(one, "selected_epoch")
    return NOTHING if epoch is None else str(epoch)


def _seconds(one: Entry) -> str:
    value = _of(one, "seconds_total")
    known = isinstance(value, int | float) and math.isfinite(value)
    return f"{value:,.1f}" if known else NOTHING


def _status(one: Entry) -> Markup:
    run = one.run
    control = " (control)" if run.control else ""
    sign = "" if run.status in NOT_FAILED else "✗ "
    kind = run.status if run.status in NOT_FAILED else "failed"
    return element("span", f"{sign}{run.status}{control}", class_=f"status {kind}")


def _message(one: Entry) -> str:
    """Return why a run did not end well on one line, cut where it is long; "" where it did."""
    raw = str(_of(one, "message") or "")
    text = " ".join("".join(c if c.isprintable() else " " for c in raw).split())
    return text if len(text) <= LONGEST_MESSAGE else f"{text[: LONGEST_MESSAGE - 1]}…"


def _folder(one: Entry, folder: Path | None) -> Markup:
    """Return the job's id, as a link to its folder where there is a way from the page to it."""
    way = relative(job_folder(one.home.folder, one.run.job_id), folder)
    if way is None or one.run.result is None:
        return joined(one.run.job_id)
    return element("a", one.run.job_id, href=way)


def relative(target: Path, folder: Path | None) -> str | None:
    """Return the way from the page to a folder, percent-encoded; None where there is none.

    Folders that share nothing but the root of the file system are not linked: such a way is an
    absolute path in disguise, which does not work on another machine.
    """
    if folder is None:
        return None
    start, end = folder.resolve(), target.resolve()
    try:
        shared = os.path.commonpath([start, end])
    except ValueError:  # two drives
        return None
    if Path(shared) == Path(start.anchor) and start != Path(start.anchor):
        return None
    return quote(f"{Path(os.path.relpath(end, start)).as_posix()}/")


def _skips(report: Report) -> Markup:
    """Return the combinations that were left out, with their reasons."""
    skips = [skip for one in report.stored for skip in one.skips]
    if not skips:
        return joined()
    columns = ("loss", "data set", "model", "reason")
    cells = [
        (skip["loss"], skip["dataset"], skip["model"], skip["reason"])
        for skip in skips[:MOST_SKIPS]
    ]
    more = "" if len(skips) <= MOST_SKIPS else f", the first {MOST_SKIPS}; plan.csv has all"
    body = table(f"Combinations that do not fit{more}", columns, cells, words=columns)
    return element("details", element("summary", f"{len(skips)} combinations left out"), body)

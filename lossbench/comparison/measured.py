"""What runs measured of one metric, each number checked as it is read; and which runs failed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.axes import shown
from lossbench.catalog.metrics import METRICS, metric_row, parted
from lossbench.comparison.blocks import level_of
from lossbench.config.wording import did_you_mean
from lossbench.errors import StoreError
from lossbench.store import Run

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
At = Literal["selected", "last"]
"""The epoch whose test scores are compared: the one chosen on validation, or the last."""

NOT_FAILED = frozenset({"ok", "missing", "interrupted"})
"""Statuses that say nothing against a level; all others are failures."""

_AGAIN = "The file was changed by hand or is damaged: remove the job's folder and run again."


@dataclass(frozen=True)
class Outcomes:
    """One number for each level and seed, and how each run ended.

    Attributes:
        values: the metric, [levels, seeds]; NaN where a run failed, is missing, or did not measure.
        worked: runs that ended with a usable network, [levels, seeds].
        failed: runs that ended without one: diverged, crashed, or with a metric that is no number.
    """

    values: Array
    worked: Flags
    failed: Flags

    def of(self, rows: Sequence[int]) -> "Outcomes":
        """Return those of some levels, by their rows."""
        index = list(rows)
        return Outcomes(self.values[index], self.worked[index], self.failed[index])


def number_of(run: Run, key: str) -> float:
    """Return a number that stands in a run's result; NaN where it has none.

    Raises:
        StoreError: what stands there is no number.
    """
    value = (run.result or {}).get(key)
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StoreError(f"{_where(run)}: {key} is {value!r}; accepted is a number. {_AGAIN}")
    return float(value)


def _where(run: Run) -> str:
    return f"jobs/{run.job_id}/result.json ({run.loss}, {run.dataset}, seed {run.seed})"


def rows_of(run: Run, split: str) -> list[Mapping[str, Any]]:
    """Return what a run measured on one part of the data, before temperature scaling.

    Raises:
        StoreError: a row lacks what every row has.
    """
    found = []
    for row in (run.result or {}).get("metrics") or ():
        try:
            if row["split"] == split and row["stage"] == "raw" and row["metric"] and row["at"]:
                found.append(row)
        except (KeyError, TypeError):
            raise StoreError(
                f"{_where(run)}: a row of metrics is {str(row)[:80]}; it needs split, at, stage "
                f"and metric. {_AGAIN}"
            ) from None
    return found


def value_of(
    run: Run, metric: str, at: At, *, split: str = "test", column: str = "value"
) -> float | None:
    """Return what a run measured; None where it did not, NaN where that is no number.

    Args:
        run: the run.
        metric: the metric.
        at: the epoch.
        split: the part of the data.
        column: `value`, or what stands beside it: `optimum`, `regret`.

    Raises:
        StoreError: text stands where a number should, or a number no metric of the name can have.
    """
    for row in rows_of(run, split):
        if (row["metric"], row["at"]) == (metric, at):
            if column not in row:
                return None if column != "value" else _refuse(run, row, "missing")
            return _checked(run, row, column)
    return None


def _checked(run: Run, row: Mapping[str, Any], column: str) -> float:
    value = row[column]
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(run, row, repr(value))
    if column == "value" and metric_row(row["metric"]).bounded and not _bounded(value):
        _refuse(run, row, repr(value))
    return float(value) if math.isfinite(value) else math.nan


def _bounded(value: float) -> bool:
    return not math.isfinite(value) or -1e-9 <= value <= 1 + 1e-9


def _refuse(run: Run, row: Mapping[str, Any], value: str) -> float:
    kind = "a number from 0 to 1" if metric_row(row["metric"]).bounded else "a number"
    raise StoreError(
        f"{_where(run)}: {row['metric']} on {row['split']} is {value}; accepted is {kind}. {_AGAIN}"
    )


def outcomes_of(
    runs: Sequence[Run],
    levels: Sequence[str],
    seeds: Sequence[int],
    metric: str,
    *,
    factor: str,
    at: At = "selected",
    split: str = "test",
) -> Outcomes:
    """Return the metric of every run and how it ended.

    A run that ended well with a metric that is no number counts as failed: what it computed cannot
    be used, and leaving it out would flatter the level.

    Raises:
        StoreError: a number was changed so that it cannot be right.
    """
    shape = len(levels), len(seeds)
    values = np.full(shape, np.nan)
    worked, failed = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
    row = {level: index for index, level in enumerate(levels)}
    column = {seed: index for index, seed in enumerate(seeds)}
    for run in runs:
        place = row[level_of(run, factor)], column[run.seed]
        failed[place] = run.status not in NOT_FAILED
        if run.status == "ok":
            value = value_of(run, metric, at, split=split)
            failed[place] = value is not None and math.isnan(value)
            worked[place] = not failed[place]
            values[place] = math.nan if value is None else value
    return Outcomes(values, worked, failed)


def check_measured(runs: Sequence[Run], metric: str, outcomes: Outcomes) -> None:
    """Refuse a metric that no run measured.

    Raises:
        StoreError: runs worked, and none has it.
    """
    worked = [run for run in runs if run.status == "ok"]
    if not worked or not np.isnan(outcomes.values).all():
        return
    if _named(worked, metric):
        return  # measured, and no number in any run: all of them failed
    accepted = _in_order([row["metric"] for run in worked for row in rows_of(run, "test")])
    raise StoreError(
        f"--metric: {metric!r} was not measured on {runs[0].dataset}; accepted: "
        f"{', '.join(accepted)}.{did_you_mean(metric, accepted)}"
    )


def _named(runs: Sequence[Run], metric: str) -> bool:
    return any(row["metric"] == metric for run in runs for row in rows_of(run, "test"))


def _in_order(names: Sequence[str]) -> list[str]:
    """Return names of metrics once, those of each output in the order of the catalogue."""
    outputs = list(dict.fromkeys(parted(name)[0] for name in names))
    catalogued = METRICS.names

    def place(name: str) -> tuple[int, int]:
        output, own = parted(name)
        return outputs.index(output), catalogued.index(own) if own in catalogued else -1

    return sorted(set(names), key=place)


def not_numbers(runs: Iterable[Run], metric: str, at: At, factor: str) -> dict[str, list[Run]]:
    """Return the runs of each level that ended well with a metric that is no number."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        value = value_of(run, metric, at) if run.status == "ok" else None
        if value is not None and math.isnan(value):
            found.setdefault(shown(factor, level_of(run, factor)), []).append(run)
    return found


def mean_of(runs: Iterable[Run], metric: str, at: At, column: str) -> float:
    """Return the mean over the runs that have it of what stands beside a metric; NaN for none.

    Args:
        runs: the runs.
        metric: the metric.
        at: the epoch.
        column: `optimum` or `regret`.
    """
    found = (value_of(run, metric, at, column=column) for run in runs if run.status == "ok")
    known = [value for value in found if value is not None and not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan

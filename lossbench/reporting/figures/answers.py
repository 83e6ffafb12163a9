"""What trained networks say of single test examples, read once for all pictures that need it."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.metrics import parted
from lossbench.comparison import Comparison
from lossbench.comparison.curves import Folders
from lossbench.comparison.predictions import Predictions, read_predictions
from lossbench.errors import LossbenchError
from lossbench.metrics.calibration import confidence
from lossbench.metrics.labels import hard_labels
from lossbench.reporting.figures.style import emphasised

Array = NDArray[Any]

MOST_LEVELS = 6
"""Levels whose answers pictures show: the baseline and the best others."""
MOST_JOBS, SEEDS = 200, 8
"""A comparison of more jobs has the answers of so many seeds of each level read."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What one network says of the test examples, which have one class each.

    Attributes:
        ids: of the examples, int [n].
        truth: their classes, int [n].
        predicted: the classes with the highest scores, int [n].
        raw: probability of the predicted class, [n]; None where the scores mean none.
        scaled: the same from scores / temperature; None where no temperature was fitted.
        positive: score of the second of two classes less that of the first, [n]; None where there
            are more.
    """

    ids: Array
    truth: Array
    predicted: Array
    raw: Array | None
    scaled: Array | None
    positive: Array | None

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each example's class is predicted."""
        return np.asarray(self.predicted == self.truth)


By = Mapping[str, Mapping[int, Answers]]
"""Answers by level and seed."""


def told_of(result: Mapping[str, Any], metric: str) -> Mapping[str, Any]:
    """Return what a result says of the classes of the output that the metric judges."""
    output = parted(metric)[0]
    if output is None:
        return result
    each = result.get("per_output") or ()
    return next((one for one in each if one["output"] == output), {})


def levels_with_values(comparison: Comparison) -> list[str]:
    """Return the levels that have a run that worked: the baseline, then the others, best first."""
    names = [row.level for row in comparison.rows if math.isfinite(row.mean)]
    return emphasised(names, comparison.baseline, len(names))


def left_out_levels(comparison: Comparison, shown: Iterable[str]) -> list[str]:
    """Return the levels with runs that worked which are not among those shown."""
    there = set(shown)
    return [name for name in levels_with_values(comparison) if name not in there]


def seeds_of(comparison: Comparison, level: str) -> list[int]:
    """Return the seeds of a level that worked and are looked at, see `MOST_JOBS`."""
    n_jobs = sum(len(jobs) for jobs in comparison.jobs.values())
    worked = [
        seed for seed, value in comparison.values.get(level, {}).items() if math.isfinite(value)
    ]
    return worked if n_jobs <= MOST_JOBS else worked[:SEEDS]


def seeds_note(comparison: Comparison) -> str:
    """Return a sentence where not all seeds are looked at; else nothing."""
    n_jobs = sum(len(jobs) for jobs in comparison.jobs.values())
    if n_jobs <= MOST_JOBS or comparison.seeds <= SEEDS:
        return ""
    return f" Only the first {SEEDS} seeds of each are looked at."


def read_answers(
    comparison: Comparison, folders: Folders, results: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[int, Answers]]:
    """Read what the networks of a comparison's first levels say of the test examples.

    Args:
        comparison: at the selected epoch, which is the one that predictions are kept of.
        folders: where the jobs lie.
        results: of each job, by its id.

    Returns:
        Answers by level, at most `MOST_LEVELS`, and seed. Jobs whose predictions are absent or
        damaged are left out, and so is all that does not have one class an example.
    """
    if comparison.at != "selected":
        return {}
    found: dict[str, dict[int, Answers]] = {}
    for level in levels_with_values(comparison)[:MOST_LEVELS]:
        for seed in seeds_of(comparison, level):
            job = comparison.jobs.get(level, {}).get(seed, "")
            if job not in results or told_of(results[job], comparison.metric).get("task") not in (
                "binary",
                "multiclass",
            ):
                continue
            try:
                read = read_predictions(folders[job], job, comparison.metric)
                one = _answers(read, results[job], comparison.metric)
            except (LossbenchError, ValueError):  # absent, damaged, or with scores that are NaN
                continue
            found.setdefault(level, {})[seed] = one
    return found


def _answers(read: Predictions, result: Mapping[str, Any], metric: str) -> Answers:
    scores = np.asarray(read.scores, np.float64)
    temperature = _temperature(result, metric)
    scaled = None
    if temperature is not None and value_of(result, metric, "ece", "temperature") is not None:
        scaled = confidence(scores / temperature)
    has_raw = value_of(result, metric, "ece", "raw") is not None
    return Answers(
        ids=read.ids,
        truth=hard_labels(read.y_true, *scores.shape).astype(np.int32),
        predicted=scores.argmax(axis=1).astype(np.int32),
        raw=confidence(scores) if has_raw else None,
        scaled=scaled,
        positive=scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else None,
    )


def _temperature(result: Mapping[str, Any], metric: str) -> float | None:
    found = result.get("temperature")
    if isinstance(found, Mapping):
        found = found.get(parted(metric)[0] or "")
    return float(found) if isinstance(found, int | float) and found > 0 else None


def value_of(result: Mapping[str, Any], judging: str, metric: str, stage: str) -> float | None:
    """Return a metric of the test at the selected epoch, of the output that is judged, or None.

    Args:
        result: of the job.
        judging: the metric that judges; of several outputs it names one.
        metric: a metric's own name.
        stage: raw or temperature.
    """
    output = parted(judging)[0]
    wanted = ("test", "selected", metric if output is None else f"{output}.{metric}", stage)
    for row in result.get("metrics") or ():
        if (row.get("split"), row.get("at"), row.get("metric"), row.get("stage")) == wanted:
            value = row.get("value")
            return float(value) if value is not None and math.isfinite(value) else None
    return None

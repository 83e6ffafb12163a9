"""How fast and how calmly each level of a factor was trained, paired by seed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench import stats, store
from lossbench.catalog.axes import AXES
from lossbench.catalog.metrics import metric_row
from lossbench.comparison.blocks import level_of, levels_of
from lossbench.comparison.curves import Curves, Folders, read_curves
from lossbench.store import Run

Array = NDArray[np.float64]

OF_CLASSES, OF_NUMBERS = 1.0, 2.0
"""Exponents of the level in the variance of batches, see `stats.Oscillation.at_equal_level`."""


@dataclass(frozen=True)
class JobConvergence:
    """How one job was trained.

    Attributes:
        job_id: the job.
        level: its level of the factor.
        seed: its seed.
        epochs_to: the first epoch that reaches the target; infinite where none does.
        seconds_to: seconds of training until its end, evaluations left out.
        examples_to: training examples seen until its end.
        alc: normalised area under the validation curve, metric units; NaN for a run that failed.
        best: best value on validation.
        best_last_gap: by how much the last epoch is worse than the best, metric units.
        training_loss: mean training loss in the second half, in the loss's own units.
        oscillation: root mean square of its distance to the trend, as a share of the trend.
        largest_spike: largest ratio of a step's loss to the median of those before.
        first_bad_step: the first step whose loss was not finite; None where there was none.
    """

    job_id: str
    level: str
    seed: int
    epochs_to: float
    seconds_to: float
    examples_to: float
    alc: float
    best: float
    best_last_gap: float
    training_loss: float
    oscillation: float
    largest_spike: float
    first_bad_step: int | None


@dataclass(frozen=True)
class Paired:
    """A level against the baseline, seed by seed.

    Attributes:
        n: seeds in which both are known.
        value: mean difference, or geometric mean of the ratios.
        ci_low: lower end of its t interval.
        ci_high: upper end.
        p_holm: two-sided p-value of the paired t-test, adjusted over the levels.
    """

    n: int = 0
    value: float = math.nan
    ci_low: float = math.nan
    ci_high: float = math.nan
    p_holm: float = math.nan


@dataclass(frozen=True)
class ConvergenceRow:
    """How one level was trained, over its seeds.

    Attributes:
        level: display name.
        runs: jobs with a result.
        reached: how many of them reached the target.
        epochs_to: median over the seeds; infinite where fewer than half reached it.
        seconds_to: likewise.
        examples_to: likewise.
        alc: mean over the seeds that worked, metric units.
        faster: difference of the areas, oriented: positive is better than the baseline.
        best_last_gap: mean over the seeds that worked, metric units.
        training_loss: geometric mean over them, in the loss's own units.
        oscillation: geometric mean over them, as a share of the trend.
        swing: ratio of the oscillation to the baseline's at equal training loss.
        largest_spike: largest over the seeds that worked.
    """

    level: str
    runs: int
    reached: int
    epochs_to: float
    seconds_to: float
    examples_to: float
    alc: float
    faster: Paired
    best_last_gap: float
    training_loss: float
    oscillation: float
    swing: Paired
    largest_spike: float


@dataclass(frozen=True)
class Convergence:
    """How the levels of a factor were trained.

    Attributes:
        metric: what chose the epochs, measured on validation.
        target: median over seeds of the best value of the baseline; NaN where that did not run.
        calm: whether oscillation can be compared: the loss is the same for all levels.
        at_equal_loss: whether its ratios are corrected for the level of the training loss.
        rows: the levels, in the order of the experiment file.
        jobs: every job with a result.
    """

    metric: str
    target: float
    calm: bool
    at_equal_loss: bool
    rows: tuple[ConvergenceRow, ...]
    jobs: tuple[JobConvergence, ...]


def converge(
    runs: Sequence[Run], factor: str, baseline: str | None, folders: Folders, alpha: float = 0.05
) -> Convergence:
    """Measure the curves of runs and compare the levels of the factor.

    Args:
        runs: the runs of a comparison, one for each level and seed.
        factor: the axis whose levels are compared.
        baseline: the level that the others are compared with; None compares nothing.
        folders: where the jobs lie.
        alpha: intervals cover 1 - alpha.
    """
    metric = runs[0].metric
    higher = bool(metric_row(metric).higher_is_better)
    done = [run for run in runs if run.result and run.status in store.FINISHED]
    curves = {run.job_id: read_curves(run.job_id, metric, folders) for run in done}
    worked = [run for run in done if run.status == "ok"]
    best = [
        _best(curves[run.job_id].values, higher)
        for run in worked
        if level_of(run, factor) == baseline
    ]
    known = [value for value in best if math.isfinite(value)]
    target = float(np.median(known)) if known else math.nan
    jobs = [_job(run, factor, curves[run.job_id], target, higher) for run in done]
    exponent = _exponent(worked)
    calm = factor != "loss"
    rows = _rows(jobs, levels_of(runs, factor), baseline, higher, exponent if calm else None, alpha)
    return Convergence(metric, target, calm, exponent == OF_CLASSES, tuple(rows), tuple(jobs))


def _best(values: Array, higher: bool) -> float:
    known = values[np.isfinite(values)]
    return float(known.max() if higher else known.min()) if len(known) else math.nan


def _exponent(worked: Sequence[Run]) -> float:
    tasks = {str((run.result or {}).get("task")) for run in worked}
    return OF_NUMBERS if tasks == {"regression"} else OF_CLASSES


def _job(run: Run, factor: str, curves: Curves, target: float, higher: bool) -> JobConvergence:
    ok = run.status == "ok"
    swing = stats.oscillation(curves.losses if ok else (), curves.averaged)
    to = [
        stats.reached_at(x, curves.values, target, higher)
        for x in (curves.epochs, curves.seconds, curves.examples)
    ]
    return JobConvergence(
        job_id=run.job_id,
        level=level_of(run, factor),
        seed=run.seed,
        epochs_to=to[0],
        seconds_to=to[1],
        examples_to=to[2],
        alc=stats.area_under(curves.epochs, curves.values) if ok else math.nan,
        best=_best(curves.values, higher),
        best_last_gap=stats.best_last_gap(curves.values, higher) if ok else math.nan,
        training_loss=swing.level,
        oscillation=swing.share,
        largest_spike=stats.largest_spike(curves.losses),
        first_bad_step=(run.result or {}).get("first_bad_step"),
    )


def _rows(
    jobs: Sequence[JobConvergence],
    levels: Sequence[str],
    baseline: str | None,
    higher: bool,
    exponent: float | None,
    alpha: float,
) -> list[ConvergenceRow]:
    """Return a row for each level; without an exponent swings are not compared."""
    of = {level: {job.seed: job for job in jobs if job.level == level} for level in levels}
    base = of.get(baseline or "", {})
    others = [level for level in levels if level != baseline]
    areas = [_differences(of[level], base, higher) for level in others]
    swings = [_log_ratios(of[level], base, exponent) for level in others]
    faster = dict(zip(others, _paired(areas, alpha), strict=True))
    swing = dict(zip(others, map(_ratio, _paired(swings, alpha)), strict=True))
    return [
        _row(level, list(of[level].values()), faster.get(level), swing.get(level))
        for level in levels
    ]


_Jobs = Mapping[int, JobConvergence]


def _differences(mine: _Jobs, base: _Jobs, higher: bool) -> Array:
    sign = 1.0 if higher else -1.0
    return _finite(sign * (mine[seed].alc - base[seed].alc) for seed in mine if seed in base)


def _log_ratios(mine: _Jobs, base: _Jobs, exponent: float | None) -> Array:
    if exponent is None:
        return np.zeros(0)
    ratios = (
        _swing(mine[seed]).at_equal_level(_swing(base[seed]), exponent)
        for seed in mine
        if seed in base
    )
    return _finite(math.log(ratio) for ratio in ratios if ratio > 0)


def _swing(job: JobConvergence) -> stats.Oscillation:
    return stats.Oscillation(job.training_loss, job.oscillation)


def _finite(values: Iterable[float]) -> Array:
    found = np.array(list(values), np.float64)
    return found[np.isfinite(found)]


def _paired(samples: Sequence[Array], alpha: float) -> list[Paired]:
    """Estimate each sample of differences; p-values from three seeds on, Holm-adjusted."""
    found = [stats.paired_difference(d, alpha) for d in samples]
    enough = [one.p_t if one.n >= stats.FEWEST_BLOCKS else math.nan for one in found]
    return [
        Paired(one.n, one.mean, one.ci_low, one.ci_high, float(p))
        for one, p in zip(found, stats.holm(enough), strict=True)
    ]


def _ratio(of_logs: Paired) -> Paired:
    value, low, high = (math.exp(v) for v in (of_logs.value, of_logs.ci_low, of_logs.ci_high))
    return Paired(of_logs.n, value, low, high, of_logs.p_holm)


def _row(
    level: str, mine: Sequence[JobConvergence], faster: Paired | None, swing: Paired | None
) -> ConvergenceRow:
    def over(how: Any, name: str) -> float:
        known = [v for job in mine if not math.isnan(v := getattr(job, name))]
        return float(how(known)) if known else math.nan

    return ConvergenceRow(
        level=level,
        runs=len(mine),
        reached=sum(math.isfinite(job.epochs_to) for job in mine),
        epochs_to=over(_median, "epochs_to"),
        seconds_to=over(_median, "seconds_to"),
        examples_to=over(_median, "examples_to"),
        alc=over(np.mean, "alc"),
        faster=faster or Paired(),
        best_last_gap=over(np.mean, "best_last_gap"),
        training_loss=over(_geometric, "training_loss"),
        oscillation=over(_geometric, "oscillation"),
        swing=swing or Paired(),
        largest_spike=over(max, "largest_spike"),
    )


def _median(values: Sequence[float]) -> float:
    """Return the median; of an even number the upper of the two, which may be infinite."""
    return sorted(values)[len(values) // 2]


def _geometric(values: Sequence[float]) -> float:
    return math.exp(float(np.mean(np.log(values)))) if min(values) > 0 else 0.0


def csv_rows(
    found: Convergence, names: Mapping[str, str], factor: str, baseline: str | None
) -> list[dict[str, Any]]:
    """Return rows of `convergence.csv`: one for each job.

    Args:
        found: how the jobs were trained.
        names: what they share, by axis.
        factor: the axis on which they differ.
        baseline: the level that set the target.
    """
    shared = {"metric": found.metric, "factor": factor, "baseline": baseline}
    return [
        {**names, factor: job.level, **shared, "target": found.target, **own}
        for job in found.jobs
        for own in ({name: getattr(job, name) for name in ("job_id", "seed", *_OF_JOB)},)
    ]


_OF_JOB = tuple(f.name for f in fields(JobConvergence) if f.name not in ("job_id", "level", "seed"))
COLUMNS = ("job_id", *AXES, "seed", "metric", "factor", "baseline", "target", *_OF_JOB)
"""Columns of `convergence.csv`."""

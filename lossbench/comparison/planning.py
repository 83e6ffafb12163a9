"""What a design can detect, before it runs: from its seeds, its levels and the spread so far."""

import bisect
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lossbench import stats, store
from lossbench.catalog.axes import AXES, FACTORS, varying
from lossbench.catalog.metrics import metric_row
from lossbench.comparison.comparing import compare
from lossbench.comparison.declared import usual_delta
from lossbench.comparison.results import Comparison, Row
from lossbench.config import Experiment
from lossbench.config.experiment import Protocol
from lossbench.errors import StoreError
from lossbench.plan import Job, Plan
from lossbench.stats.power import MOST_SEEDS, n_for_delta, power_t, sd_upper
from lossbench.stats.verdicts import fewest_seeds
from lossbench.store.experiments import read_plan

POWER = 0.8
"""Chance to detect the difference that a design is said to detect."""


@dataclass(frozen=True)
class Spread:
    """How much the paired differences of earlier runs spread over seeds.

    Attributes:
        folder: the experiment that says so.
        n: blocks that the middle level has there.
        sd: standard deviation of its differences, metric units; the median over the levels.
        low: the smallest over the levels.
        high: the largest.
        levels: how many levels were compared there.
        overlap: n_test / n_train where each seed has a test part of its own; else 0.
        baseline_mean: mean of the baseline, metric units; NaN where unknown.
    """

    folder: Path
    n: int
    sd: float
    low: float
    high: float
    levels: int
    overlap: float = 0.0
    baseline_mean: float = math.nan


@dataclass(frozen=True)
class Design:
    """One comparison that is planned, and what it can detect.

    Attributes:
        dataset: display name of the data set.
        model: display name of the network; "" where networks are compared.
        factor: what is compared.
        metric: what judges.
        bounded: whether the metric lies in [0, 1] and is shown in points.
        higher_is_better: which way is better.
        levels: levels besides the baseline, K.
        seeds: number of seeds.
        looks: numbers of seeds at which results are looked at; empty without.
        alpha: level of the tests, over the number of looks where there are several.
        delta: smallest difference that matters, metric units; NaN where it is not known before.
        delta_declared: whether the experiment file declares it.
        spread: of earlier runs; None where there are none like these.
    """

    dataset: str
    model: str
    factor: str
    metric: str
    bounded: bool
    higher_is_better: bool
    levels: int
    seeds: int
    looks: tuple[int, ...]
    alpha: float
    delta: float
    delta_declared: bool
    spread: Spread | None

    @property
    def step(self) -> float:
        """Level of Holm's first step, which the smallest p-value of the family must reach."""
        return self.alpha / self.levels

    @property
    def fewest(self) -> int:
        """Seeds from which on the exact sign-flip test can reach alpha."""
        return fewest_seeds(self.levels, self.alpha)

    def detectable(self, seeds: int | None = None) -> float:
        """Return the effect that is detected with 80 % power, in standard deviations.

        dz(n, alpha / K) sqrt(1 + n overlap)

        Args:
            seeds: number of blocks n; None means those of the design.

        Returns:
            Mean difference in standard deviations of the paired differences; NaN for fewer blocks
            than can be tested.

        Source:
            `stats.mde_dz`; for the overlap Nadeau & Bengio 2003, doi:10.1023/A:1024068626366.
        """
        n = self.seeds if seeds is None else seeds
        overlap = self.spread.overlap if self.spread else 0.0
        if n < stats.FEWEST_BLOCKS:
            return math.nan
        return stats.mde_dz(n, self.step, POWER) * math.sqrt(1 + n * overlap)

    def needed(self, *, upper: bool = False) -> int | None:
        """Return the seeds that detect delta with 80 % power.

        Args:
            upper: whether the spread is taken at its upper 80 % bound, as it is poorly known.

        Returns:
            Number of seeds, at least as many as can be tested; None where the spread or delta is
            unknown, or a million do not suffice.
        """
        spread = self.spread
        if spread is None or not self.delta > 0:
            return None
        sd = sd_upper(spread.sd, spread.n) if upper else spread.sd
        found = (
            _needed_with_overlap(self.delta / sd, self.step, spread.overlap)
            if spread.overlap
            else n_for_delta(sd, self.delta, self.step, POWER)
        )
        return None if found is None else max(found, stats.FEWEST_BLOCKS)


def _needed_with_overlap(dz: float, alpha: float, overlap: float) -> int | None:
    """Return as `stats.seeds_needed`, each further block being worth less; None for too many."""

    def power(n: int) -> float:
        return power_t(dz / math.sqrt(1 + n * overlap), n, alpha)

    if power(MOST_SEEDS) < POWER:
        return None
    return 2 + bisect.bisect_left(range(2, MOST_SEEDS), POWER, key=power)


class EarlierRuns:
    """What lies in a runs folder; every plan and every comparison is read once.

    Args:
        runs_dir: where experiments' folders lie; need not exist.
    """

    def __init__(self, runs_dir: Path) -> None:
        self._plans = list(_plans(runs_dir))
        self._compared: dict[tuple[Path, str, str], list[Comparison]] = {}

    def spread(
        self, group: Sequence[Job], factor: str, at: Literal["selected", "last"] = "selected"
    ) -> Spread | None:
        """Return how much the differences of earlier runs spread that are like planned ones.

        Runs are alike with the same data, network and metric. Of these, those count that share
        most of the other axes and the epochs with the plan; then those of the experiment changed
        last. Levels that are planned count alone where there are some.

        Args:
            group: the planned jobs that are compared with each other.
            factor: the axis whose levels are compared.
            at: the epoch that is compared.
        """
        job, levels = group[0], {job.names()[factor] for job in group}
        for folder in _candidates(self._plans, job, factor):
            compared = self._compare(folder, factor, job.metric, at)
            for one in sorted(compared, key=lambda one: -_alike(_names(one), job, factor)):
                if _matches(_names(one), job, factor):
                    found = _spread(folder, one, levels)
                    if found is not None:
                        return found
        return None

    def _compare(
        self, folder: Path, factor: str, metric: str, at: Literal["selected", "last"]
    ) -> list[Comparison]:
        key = (folder, factor, metric)
        if key not in self._compared:
            try:
                stored = [store.read_experiment(folder)]
                found = compare(stored, factor=factor, metric=metric, at=at, convergence=False)
            except StoreError:  # nothing of it can be compared; `compare` says why
                found = []
            self._compared[key] = found
        return self._compared[key]


def designs(experiment: Experiment, plan: Plan, runs_dir: Path) -> list[Design]:
    """Return what an experiment will compare, and what it can detect.

    Args:
        experiment: the experiment.
        plan: its plan.
        runs_dir: where experiments' folders lie; need not exist.

    Returns:
        One design for each data set, network and compared axis; none where nothing is compared.
    """
    jobs = [job for job in plan.jobs if not job.control]
    apart = varying(job.names() for job in jobs)
    others = tuple(factor for factor in FACTORS if factor in apart)
    found, earlier = [], EarlierRuns(runs_dir)
    for factor in ("loss",) if "loss" in apart else others:
        groups: dict[tuple[str, str, str], list[Job]] = {}
        for job in jobs:
            names = job.names() | {factor: ""}
            groups.setdefault((names["dataset"], names["model"], job.metric), []).append(job)
        for (dataset, model, _), group in groups.items():
            if len({job.names()[factor] for job in group}) > 1:
                found.append(_design(experiment, dataset, model, factor, group, earlier))
    return found


def _design(
    experiment: Experiment,
    dataset: str,
    model: str,
    factor: str,
    group: Sequence[Job],
    earlier: EarlierRuns,
) -> Design:
    protocol, metric = experiment.protocol, metric_row(group[0].metric)
    spread = earlier.spread(group, factor, protocol.at)
    looks = protocol.looks or ()
    return Design(
        dataset=dataset,
        model=model,
        factor=factor,
        metric=group[0].metric,
        bounded=metric.bounded,
        higher_is_better=bool(metric.higher_is_better),
        levels=len({job.names()[factor] for job in group}) - 1,
        seeds=len(experiment.seeds),
        looks=looks,
        alpha=protocol.alpha / max(1, len(looks)),
        delta=_delta(protocol, metric.bounded, spread),
        delta_declared=protocol.delta is not None,
        spread=spread,
    )


def _delta(protocol: Protocol, bounded: bool, spread: Spread | None) -> float:
    """Return the declared difference that matters, or that which `compare` takes instead."""
    if protocol.delta is not None:
        return protocol.delta
    return usual_delta(bounded, spread.baseline_mean if spread else math.nan)


def _spread(folder: Path, one: Comparison, levels: set[str]) -> Spread | None:
    spreading = [row for row in one.rows if row.sd > 0 and row.n >= stats.FEWEST_BLOCKS]
    rows = [row for row in spreading if row.level in levels] or spreading
    if not rows:
        return None
    rows.sort(key=lambda row: row.sd)
    middle = rows[len(rows) // 2]  # of two in the middle the larger
    return Spread(
        folder=folder,
        n=middle.n,
        sd=middle.sd,
        low=rows[0].sd,
        high=rows[-1].sd,
        levels=len(rows),
        overlap=one.overlap,
        baseline_mean=_baseline_mean(one.rows),
    )


def _baseline_mean(rows: Sequence[Row]) -> float:
    return next((row.mean for row in rows if row.verdict == "BASELINE"), math.nan)


def _names(one: Comparison) -> Mapping[str, str]:
    return one.names() | {"epochs": str(one.epochs), "metric": one.metric}


def _candidates(
    plans: Sequence[tuple[Path, list[dict[str, str]]]], job: Job, factor: str
) -> list[Path]:
    """Return the experiments that hold runs like a job, the most alike first, then the newest."""
    alike = {
        folder: max(_alike(row, job, factor) for row in fitting)
        for folder, rows in plans
        if (fitting := [row for row in rows if _matches(row, job, factor)])
    }
    return sorted(alike, key=lambda folder: -alike[folder])  # a stable sort


def _plans(runs_dir: Path) -> Iterator[tuple[Path, list[dict[str, str]]]]:
    """Yield the experiments of a folder, the newest first, and their planned jobs."""
    inside = runs_dir.iterdir() if runs_dir.is_dir() else ()
    folders = [path for path in inside if store.is_experiment(path)]
    for folder in sorted(folders, key=lambda f: (f / "plan.csv").stat().st_mtime, reverse=True):
        try:
            rows = read_plan(folder)
        except StoreError:  # a damaged folder is no evidence
            continue
        yield folder, [row for row in rows if store.is_job(row)]


def _matches(row: Mapping[str, str], job: Job, factor: str) -> bool:
    names = job.names() | {"metric": job.metric}
    return all(row[key] == names[key] for key in ("dataset", "model", "metric") if key != factor)


def _alike(row: Mapping[str, str], job: Job, factor: str) -> int:
    """Return on how many axes a run is like a job, the epochs among them."""
    names = job.names() | {"epochs": str(job.epochs)}
    return sum(row[axis] == names[axis] for axis in (*AXES, "epochs") if axis != factor)

"""What test examples add to a comparison, where predictions are read.

With one seed: whether two trained networks differ, which says nothing of the losses. With several:
a second interval, over seeds and test examples.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lossbench import stats
from lossbench.catalog.axes import shown
from lossbench.catalog.metrics import parted
from lossbench.comparison.curves import Folders
from lossbench.comparison.predictions import Predictions, by_means, read_predictions, suits
from lossbench.comparison.results import Comparison, OneSeed
from lossbench.errors import StoreError

Array = NDArray[np.float64]

DRAWS = 10_000
SLOW_DRAWS = 1_000
"""Resamples for a metric that is computed anew on each."""
_SEED = 0
_AGREES = 1e-3
_VALUES_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class _Read:
    """Predictions by level and seed; all runs of a seed have the same examples."""

    runs: Mapping[tuple[str, int], Predictions]
    seeds: tuple[int, ...]
    crossed: bool  # whether all seeds have the same examples


def with_predictions(compared: Sequence[Comparison], folders: Folders) -> list[Comparison]:
    """Add to comparisons what the test examples say.

    Args:
        compared: what `compare` returned, at the selected epoch.
        folders: where the jobs lie, see `folders_of`.

    Returns:
        The same: with one seed `one_seed` is filled, with several `crossed_low` and `crossed_high`
        of the rows. Resampling is seeded: the same runs give the same intervals.

    Raises:
        StoreError: the last epoch is compared, or predictions are absent or damaged.
    """
    return [_with(one, folders) for one in compared]


def _with(one: Comparison, folders: Folders) -> Comparison:
    if one.at != "selected":
        raise StoreError(
            "--predictions: predictions are kept of the epoch chosen on validation. Leave out "
            "--at last."
        )
    rows = [row.level for row in one.rows if math.isfinite(row.mean)]
    if one.baseline not in rows or len(rows) < 2:
        return one
    read = _read(one, rows, folders)
    if not read.runs:
        return one
    first = next(iter(read.runs.values()))
    if (why := suits(one.metric, first.task)) is not None:
        warning = f"--predictions: {one.metric} {why}; its test examples are not resampled."
        return replace(one, warnings=(*one.warnings, warning))
    one = replace(one, warnings=(*one.warnings, *_disagreements(one, read)))
    if len(read.seeds) == 1:
        return replace(one, one_seed=_one_seed(one, rows, read))
    if not read.crossed:
        warning = (
            "--predictions: each seed has test examples of its own, which cannot be crossed with "
            "the seeds; there is no second interval."
        )
        return replace(one, warnings=(*one.warnings, warning))
    return _crossed(one, rows, read)


def _read(one: Comparison, rows: Sequence[str], folders: Folders) -> _Read:
    runs: dict[tuple[str, int], Predictions] = {}
    for level in sorted(rows, key=lambda level: level != one.baseline):  # which others are held to
        for seed, value in one.values[level].items():
            if math.isfinite(value):
                job = one.jobs[level][seed]
                runs[level, seed] = read_predictions(folders[job], job, one.metric)
    by_seed: dict[int, Predictions] = {}
    for (_, seed), found in runs.items():
        other = by_seed.setdefault(seed, found)
        if not _same_examples(found, other):
            raise StoreError(
                f"--predictions: jobs {other.job_id} and {found.job_id} predict other test "
                f"examples (seed {seed}), and cannot be paired. Remove the changed job and run "
                "again."
            )
    firsts = list(by_seed.values())
    crossed = all(_same_examples(found, firsts[0]) for found in firsts)
    return _Read(runs, tuple(sorted(by_seed)), crossed)


def _same_examples(one: Predictions, other: Predictions) -> bool:
    return np.array_equal(one.ids, other.ids) and np.array_equal(one.y_true, other.y_true)


def _disagreements(one: Comparison, read: _Read) -> list[str]:
    """Return a warning for each job whose predictions do not give the metric of its result."""
    found = []
    for (level, seed), mine in read.runs.items():
        told, metric = one.values[level][seed], parted(one.metric)[1]
        if abs(mine.value(metric) - told) > max(_AGREES * abs(told), 2 / len(mine)):
            found.append(
                f"{shown(one.factor, level)}: the predictions of job {mine.job_id} give another "
                f"{one.metric} than its result has; one of the two files was changed."
            )
    return found


def _draws(one: Comparison, keys: Sequence[tuple[str, int]], read: _Read) -> Array:
    """Return the oriented metric of some runs on resamples of their examples, [draws, runs]."""
    sign = 1.0 if one.higher_is_better else -1.0
    metric = parted(one.metric)[1]
    runs = [read.runs[key] for key in keys]
    rng, n = np.random.default_rng(_SEED), len(runs[0])
    if (by := by_means(runs[0], metric)) is not None:
        at_once = max(1, _VALUES_AT_ONCE // by[0].size)
        return sign * np.hstack(
            [
                _mean_draws(runs[start : start + at_once], metric)
                for start in range(0, len(runs), at_once)
            ]
        )

    def measure(examples: NDArray[np.int64]) -> list[float]:
        return [run.value(metric, examples) for run in runs]

    return sign * stats.example_draws(measure, n, rng, SLOW_DRAWS)


def _mean_draws(runs: Sequence[Predictions], metric: str) -> Array:
    """Return a metric that is a function of means on resamples, [draws, runs]."""
    known = [found for run in runs if (found := by_means(run, metric)) is not None]
    columns, of = np.stack([table for table, _ in known], axis=1), known[0][1]
    return stats.mean_draws(columns, np.random.default_rng(_SEED), DRAWS, of=of)


def _one_seed(one: Comparison, rows: Sequence[str], read: _Read) -> tuple[OneSeed, ...]:
    baseline, (seed,) = one.baseline, read.seeds
    levels = [level for level in rows if (level, seed) in read.runs]
    if baseline not in levels:
        return ()
    drawn = _draws(one, [(level, seed) for level in levels], read)
    others = [level for level in levels if level != baseline]
    against = drawn[:, levels.index(baseline)]
    found = [
        _two_networks(one, level, read, drawn[:, levels.index(level)] - against) for level in others
    ]
    adjusted = stats.holm([two.p for two in found]).tolist()
    return tuple(replace(two, p_holm=p) for two, p in zip(found, adjusted, strict=True))


def _two_networks(one: Comparison, level: str, read: _Read, drawn: Array) -> OneSeed:
    (seed,) = read.seeds
    mine, other = read.runs[level, seed], read.runs[str(one.baseline), seed]
    sign = 1.0 if one.higher_is_better else -1.0
    low, high = stats.percentiles(drawn, one.alpha)
    right = [by_means(run, "accuracy") for run in (mine, other)] if _is_accuracy(one) else []
    columns = [found[0][:, 0] for found in right if found is not None]
    tested = stats.mcnemar(*stats.discordant(*columns), len(mine), one.alpha) if columns else None
    return OneSeed(
        level=level,
        seed=seed,
        n_examples=len(mine),
        diff=sign * (one.values[level][seed] - one.values[str(one.baseline)][seed]),
        ci_low=low,
        ci_high=high,
        only_level=tested.only_first if tested else None,
        only_baseline=tested.only_second if tested else None,
        p=tested.p_exact if tested else stats.bootstrap_p(drawn),
        p_mid=tested.p_mid if tested else math.nan,
        p_holm=math.nan,
        draws=len(drawn),
    )


def _is_accuracy(one: Comparison) -> bool:
    return parted(one.metric)[1] == "accuracy"


def _crossed(one: Comparison, rows: Sequence[str], read: _Read) -> Comparison:
    """Fill the crossed interval of each row, over the seeds that it shares with the baseline."""
    keys = list(read.runs)
    drawn = _draws(one, keys, read)
    places = {key: index for index, key in enumerate(keys)}
    intervals = {}
    for level in rows:
        seeds = [
            seed
            for seed in read.seeds
            if (level, seed) in places and (one.baseline, seed) in places
        ]
        if level == one.baseline or len(seeds) < 2:
            continue
        mine, other = (
            drawn[:, [places[str(name), seed] for seed in seeds]] for name in (level, one.baseline)
        )
        rng = np.random.default_rng(_SEED + 1)
        intervals[level] = stats.crossed_bootstrap(mine - other, rng, one.alpha)
    return replace(
        one,
        rows=tuple(
            replace(row, crossed_low=low, crossed_high=high)
            for row in one.rows
            for low, high in [intervals.get(row.level, (math.nan, math.nan))]
        ),
    )

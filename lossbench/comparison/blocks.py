"""Runs to blocks: a seed's runs started alike; one value for each level of the factor and seed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lossbench import store
from lossbench.catalog import METRICS
from lossbench.catalog.axes import plural, shown
from lossbench.catalog.metrics import parted
from lossbench.config.wording import did_you_mean
from lossbench.errors import StoreError
from lossbench.store import Run

Array = NDArray[np.float64]

MATCHED = (
    "init_sha256",
    "order_sha256",
    "split_sha256",
    "label_sha256",
    "augmentation_sha256",
)
"""Fingerprints that must agree between the runs of a block."""

CHANGED: Mapping[str, frozenset[str]] = {
    "model": frozenset({"init_sha256", "head_init_sha256"}),
    "batch_size": frozenset({"augmentation_sha256"}),  # which is that of the first batch
    "backend": frozenset({"augmentation_sha256"}),  # whose last bits are the backend's
}
"""Fingerprints that differ between levels of a factor by its nature."""


def level_of(run: Run, factor: str) -> str:
    """Return a run's level of the factor: its display name on that axis."""
    return run.names()[factor]


def levels_of(runs: Sequence[Run], factor: str) -> list[str]:
    """Return the levels of the factor in the order of the runs."""
    return list(dict.fromkeys(level_of(run, factor) for run in runs))


def of_level(runs: Sequence[Run], factor: str, level: str) -> list[Run]:
    """Return the runs of one level of the factor."""
    return [run for run in runs if level_of(run, factor) == level]


def distinct(runs: Iterable[Run], factor: str) -> list[Run]:
    """Return runs, the same job from several folders once; refuse two that claim one block."""
    kept: dict[tuple[str, int], Run] = {}
    for run in runs:
        key = (level_of(run, factor), run.seed)
        other = kept.get(key)
        if other is not None and other.job_id != run.job_id:
            raise StoreError(
                f"compare: jobs {other.job_id} and {run.job_id} both claim "
                f"{shown(factor, key[0])} on {run.dataset}, seed {run.seed}. Give one of the "
                f"folders, or label the {plural(factor)}."
            )
        if other is None or other.status not in store.FINISHED:
            kept[key] = run
    return list(kept.values())


def check_blocks(runs: Sequence[Run], factor: str) -> None:
    """Refuse to pair runs that did not start alike.

    Raises:
        StoreError: two runs of a seed differ in a fingerprint.
    """
    by_seed: dict[int, list[Run]] = {}
    for run in runs:
        if run.result and run.status in store.FINISHED:
            by_seed.setdefault(run.seed, []).append(run)
    for seed, block in by_seed.items():
        first = block[0]
        one = shown(factor, level_of(first, factor))
        for run in block[1:]:
            other = shown(factor, level_of(run, factor))
            for field in _matched(first, run, factor):
                a, b = (first.result or {}).get(field), (run.result or {}).get(field)
                if a != b:
                    raise StoreError(
                        f"compare: job {run.job_id} ({other}, {run.dataset}, seed {seed}) "
                        f"differs from job {first.job_id} ({one}) in {field}: they did not "
                        "start alike and cannot be paired. Remove the changed job and run again."
                    )


def _matched(first: Run, run: Run, factor: str) -> list[str]:
    same_head = _head(first.result or {}) == _head(run.result or {})
    matched = (*MATCHED, "head_init_sha256") if same_head else MATCHED
    return [field for field in matched if field not in CHANGED.get(factor, ())]


def _head(result: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return what a head is: its kind and its width."""
    return result.get("head"), result.get("outputs")


At = Literal["selected", "last"]
"""The epoch whose test scores are compared: the one chosen on validation, or the last."""


def overlap(runs: Sequence[Run]) -> float:
    """Return n_test / n_train where each seed has a test part of its own, the largest; else 0."""
    results = [run.result for run in runs if run.result and run.result.get("test_resampled")]
    return max((result["n_test"] / result["n_train"] for result in results), default=0.0)


def _value(run: Run, metric: str, at: At, column: str = "value") -> float:
    if run.status != "ok":
        return math.nan
    for row in (run.result or {}).get("metrics", ()):
        if (row["split"], row["at"], row["stage"], row["metric"]) == (
            "test",
            at,
            "raw",
            metric,
        ):
            return math.nan if row.get(column) is None else float(row[column])
    return math.nan


def mean_of(runs: Iterable[Run], metric: str, at: At, column: str) -> float:
    """Return the mean over the runs that have it of what stands beside a metric; NaN for none.

    Args:
        runs: the runs.
        metric: the metric.
        at: the epoch.
        column: `optimum` or `regret`.
    """
    known = [v for run in runs if not math.isnan(v := _value(run, metric, at, column))]
    return float(np.mean(known)) if known else math.nan


def values_of(
    runs: Sequence[Run],
    levels: Sequence[str],
    seeds: Sequence[int],
    metric: str,
    *,
    factor: str,
    at: At = "selected",
) -> Array:
    """Return the metric, [levels, seeds], NaN where a run failed or is missing."""
    values = np.full((len(levels), len(seeds)), np.nan)
    for run in runs:
        values[levels.index(level_of(run, factor)), seeds.index(run.seed)] = _value(run, metric, at)
    worked = [run for run in runs if run.status == "ok"]
    if worked and np.isnan(values).all():
        rows = (row for run in worked for row in (run.result or {})["metrics"])
        measured = (row["metric"] for row in rows if row["split"] == "test")
        accepted = _in_order(list(measured))
        raise StoreError(
            f"--metric: {metric!r} was not measured on {runs[0].dataset}; accepted: "
            f"{', '.join(accepted)}.{did_you_mean(metric, accepted)}"
        )
    return values


def _in_order(names: Sequence[str]) -> list[str]:
    """Return names of metrics once, those of each output in the order of the catalogue."""
    outputs = list(dict.fromkeys(parted(name)[0] for name in names))
    catalogued = METRICS.names

    def place(name: str) -> tuple[int, int]:
        output, own = parted(name)
        return outputs.index(output), catalogued.index(own)

    return sorted(set(names), key=place)


def other_heads(runs: Sequence[Run], factor: str, baseline: str | None) -> dict[str, str]:
    """Return the kind of head of each level whose output layer is not the baseline's."""
    known = [run for run in runs if run.result and "outputs" in run.result]
    heads = {level_of(run, factor): _head(run.result or {}) for run in known}
    if baseline not in heads:
        return {}
    return {
        level: str(head[0] or "other") for level, head in heads.items() if head != heads[baseline]
    }

"""Runs to blocks: the same start for every loss of a seed, one value for each loss and seed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lossbench import store
from lossbench.catalog import METRICS
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


def distinct(runs: Iterable[Run]) -> list[Run]:
    """Return runs, the same job from several folders once; refuse two that claim one block."""
    kept: dict[tuple[str, int], Run] = {}
    for run in runs:
        key = (run.loss, run.seed)
        other = kept.get(key)
        if other is not None and other.job_id != run.job_id:
            raise StoreError(
                f"compare: jobs {other.job_id} and {run.job_id} both claim {run.loss} on "
                f"{run.dataset}, seed {run.seed}. Give one of the folders, or label the losses."
            )
        if other is None or other.status not in store.FINISHED:
            kept[key] = run
    return list(kept.values())


def check_blocks(runs: Sequence[Run]) -> None:
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
        for run in block[1:]:
            for field in _matched(first, run):
                a, b = (first.result or {}).get(field), (run.result or {}).get(field)
                if a != b:
                    raise StoreError(
                        f"compare: job {run.job_id} ({run.loss}, {run.dataset}, seed {seed}) "
                        f"differs from job {first.job_id} ({first.loss}) in {field}: they did not "
                        "start alike and cannot be paired. Remove the changed job and run again."
                    )


def _matched(first: Run, run: Run) -> tuple[str, ...]:
    same_head = _head(first.result or {}) == _head(run.result or {})
    return (*MATCHED, "head_init_sha256") if same_head else MATCHED


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
    losses: Sequence[str],
    seeds: Sequence[int],
    metric: str,
    at: At = "selected",
) -> Array:
    """Return the metric, [losses, seeds], NaN where a run failed or is missing."""
    values = np.full((len(losses), len(seeds)), np.nan)
    for run in runs:
        values[losses.index(run.loss), seeds.index(run.seed)] = _value(run, metric, at)
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


def other_heads(runs: Sequence[Run], baseline: str | None) -> dict[str, str]:
    """Return the kind of head of each loss whose output layer is not the baseline's."""
    heads = {run.loss: _head(run.result) for run in runs if run.result and "outputs" in run.result}
    if baseline not in heads:
        return {}
    return {
        loss: str(head[0] or "other") for loss, head in heads.items() if head != heads[baseline]
    }

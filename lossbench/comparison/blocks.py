"""Runs to blocks: the levels of the factor, and one run for each of them and seed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lossbench import store
from lossbench.catalog.axes import plural, shown
from lossbench.errors import StoreError
from lossbench.store import Run


def level_of(run: Run, factor: str) -> str:
    """Return a run's level of the factor: its display name on that axis."""
    return str(getattr(run, factor))  # not run.names(): it is asked for often


def levels_of(runs: Sequence[Run], factor: str) -> list[str]:
    """Return the levels of the factor in the order of the runs."""
    return list(dict.fromkeys(level_of(run, factor) for run in runs))


def of_level(runs: Sequence[Run], factor: str, level: str) -> list[Run]:
    """Return the runs of one level of the factor."""
    return [run for run in runs if level_of(run, factor) == level]


def distinct(runs: Iterable[Run], factor: str) -> list[Run]:
    """Return runs, the same job from several folders once; refuse two that claim one block.

    Raises:
        StoreError: two jobs stand for one level and seed, one job stands for two seeds, or folders
            have different results of a job.
    """
    kept: dict[tuple[str, int], Run] = {}
    seeds: dict[str, int] = {}
    for run in runs:
        key = (level_of(run, factor), run.seed)
        _check_seed(run, seeds.setdefault(run.job_id, run.seed))
        other = kept.get(key)
        if other is not None:
            _check_same(run, other, factor)
        if other is None or other.status not in store.FINISHED:
            kept[key] = run
    return list(kept.values())


def _check_seed(run: Run, first: int) -> None:
    """Refuse one training for two seeds; two levels may be one, where tuning made them so."""
    if first != run.seed:
        raise StoreError(
            f"compare: plan.csv names job {run.job_id} ({run.loss}, {run.dataset}) for seed "
            f"{first} and for seed {run.seed}: one training counts once. Run the experiment "
            "again: finished jobs are kept."
        )


def _check_same(run: Run, other: Run, factor: str) -> None:
    level = shown(factor, level_of(run, factor))
    if other.job_id != run.job_id:
        raise StoreError(
            f"compare: jobs {other.job_id} and {run.job_id} both claim {level} on {run.dataset}, "
            f"seed {run.seed}. Give one of the folders, or label the {plural(factor)}."
        )
    both = run.status in store.FINISHED and other.status in store.FINISHED
    if both and _told(run) != _told(other):
        raise StoreError(
            f"compare: the folders have different results of job {run.job_id} ({level}, "
            f"{run.dataset}, seed {run.seed}). Give one of the folders."
        )


def _told(run: Run) -> tuple[object, object]:
    return run.status, (run.result or {}).get("metrics")


def head_of(result: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return what a head is: its kind and its width."""
    return result.get("head"), result.get("outputs")


def overlap(runs: Sequence[Run]) -> float:
    """Return n_test / n_train where each seed has a test part of its own, the largest; else 0."""
    results = [run.result for run in runs if run.result and run.result.get("test_resampled")]
    return max((result["n_test"] / result["n_train"] for result in results), default=0.0)


def other_heads(runs: Sequence[Run], factor: str, baseline: str | None) -> dict[str, str]:
    """Return the kind of head of each level whose output layer is not the baseline's."""
    known = [run for run in runs if run.result and "outputs" in run.result]
    heads = {level_of(run, factor): head_of(run.result or {}) for run in known}
    if baseline not in heads:
        return {}
    return {
        level: str(head[0] or "other") for level, head in heads.items() if head != heads[baseline]
    }

"""Whether runs may be paired: what a block must share, and what all of a comparison must."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lossbench import store
from lossbench.catalog.axes import plural, shown
from lossbench.comparison.blocks import head_of, level_of
from lossbench.errors import StoreError
from lossbench.store import Run

FINGERPRINTS = (
    "init_sha256",
    "order_sha256",
    "split_sha256",
    "label_sha256",
    "augmentation_sha256",
)
"""Hashes of where a run started and what it saw; alike between the runs of a block."""

TRAINING = ("epochs", "batch_size", "learning_rate", "target_scale", "dtype_policy", "device")
"""How a run was trained; alike between all runs. What a result does not have is not checked."""

PARTS = ("n_train", "n_validation", "n_test")
"""Sizes of the parts of the data; alike between the runs of a block."""

CHANGED: Mapping[str, frozenset[str]] = {
    "model": frozenset({"init_sha256", "head_init_sha256", "model"}),
    "optimizer": frozenset({"learning_rate", "optimizer"}),
    "schedule": frozenset({"schedule"}),
    "batch_size": frozenset(
        {"augmentation_sha256", "batch_size", "train.batch_size"}  # the hash is of the first batch
    ),
    "backend": frozenset(
        {"augmentation_sha256", "device", "train.backend"}  # whose last bits are the backend's
    ),
}
"""What differs between levels of a factor by its nature; of the configuration, what is under it."""


@dataclass(frozen=True)
class Mismatch:
    """Two runs that should be alike in a field and are not."""

    run: Run
    other: Run
    field: str
    value: object
    expected: object


def mismatches(
    runs: Sequence[Run], factor: str, tuned: frozenset[str] = frozenset()
) -> Iterator[Mismatch]:
    """Yield what keeps runs from being paired: first within each seed, then between seeds.

    Args:
        runs: the runs of a comparison.
        factor: the axis whose levels are compared.
        tuned: parameters that were tuned, which may differ between levels: as `learning_rate`.
    """
    by_seed: dict[int, list[Run]] = {}
    for run in runs:
        if run.result and run.status in store.FINISHED:
            by_seed.setdefault(run.seed, []).append(run)
    for block in by_seed.values():
        for run in block[1:]:
            yield from _between(block[0], run, _matched(block[0], run, factor), factor, tuned)
    firsts = [block[0] for block in by_seed.values()]
    for run in firsts[1:]:
        yield from _between(firsts[0], run, _shared(firsts[0], run), factor, tuned)


def _matched(first: Run, run: Run, factor: str) -> list[str]:
    """Return the fields that two runs of a block must share even where one has none."""
    same_head = head_of(first.result or {}) == head_of(run.result or {})
    matched = (*FINGERPRINTS, "head_init_sha256") if same_head else FINGERPRINTS
    return [field for field in (*matched, *PARTS) if field not in CHANGED.get(factor, ())]


def _shared(first: Run, run: Run) -> list[str]:
    """Return the fields of the data that runs of different seeds share where the split is fixed.

    Damage is drawn anew for each seed and may leave training images out; never those of the test.
    """
    both = [one.result or {} for one in (first, run)]
    if [result.get("split") for result in both] != ["fixed", "fixed"]:
        return []
    return ["n_test"] if any(map(_is_damaged, both)) else ["split_sha256", *PARTS]


def _is_damaged(result: Mapping[str, Any]) -> bool:
    return bool(result.get("damage"))


def _between(
    first: Run, run: Run, fields: Sequence[str], factor: str, tuned: frozenset[str]
) -> Iterator[Mismatch]:
    one, other = first.result or {}, run.result or {}
    for field in fields:
        if one.get(field) != other.get(field):
            yield Mismatch(run, first, field, other.get(field), one.get(field))
    free = CHANGED.get(factor, frozenset())
    for field in TRAINING:
        a, b = one.get(field), other.get(field)
        scaled = field == "target_scale" and "none" in (a, b)  # a loss may ask for raw targets
        if not (field in free | tuned or scaled or a is None or b is None or a == b):
            yield Mismatch(run, first, field, b, a)
    ours, theirs = one.get("config"), other.get("config")
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping) and ours != theirs:
        yield from _config(first, run, _leaves(ours), _leaves(theirs), free, tuned)
    if factor != "loss" and one.get("loss_params") != other.get("loss_params"):
        yield Mismatch(run, first, "loss_params", other["loss_params"], one["loss_params"])


def _config(
    first: Run,
    run: Run,
    ours: Mapping[str, object],
    theirs: Mapping[str, object],
    free: frozenset[str],
    tuned: frozenset[str],
) -> Iterator[Mismatch]:
    for key in {**ours, **theirs}:
        allowed = key.partition(".")[0] in free or key in free or key.rpartition(".")[2] in tuned
        said = key.rpartition(".")[2] in TRAINING or _is_place(key, theirs.get(key))
        if not allowed and not said and ours.get(key) != theirs.get(key):
            yield Mismatch(run, first, key, theirs.get(key), ours.get(key))


def _is_place(key: str, value: object) -> bool:
    """Whether a value may be the path of a user's own file, which is another in each folder."""
    return key.startswith("model.") and key != "model.name" and isinstance(value, str)


def _leaves(config: Mapping[str, Any], above: str = "") -> dict[str, object]:
    """Return every value of a configuration under its path, as `optimizer.weight_decay`."""
    found: dict[str, object] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            found |= _leaves(value, above if key == "params" else f"{above}{key}.")
        else:
            found[f"{above}{key}"] = value
    return found


def refusal(one: Mismatch, factor: str) -> str:
    """Return why two runs cannot be paired, with the run, the field and both values."""
    level, other = (shown(factor, level_of(run, factor)) for run in (one.run, one.other))
    alike = "start" if one.field in (*FINGERPRINTS, "head_init_sha256") else "train"
    alike = {"start": "did not start alike", "train": "were not trained alike"}[alike]
    if one.field in PARTS:
        alike = "did not have the same data"
    return (
        f"compare: job {one.run.job_id} ({level}, {one.run.dataset}, seed {one.run.seed}) differs "
        f"from job {one.other.job_id} ({other}, seed {one.other.seed}) in {one.field}: "
        f"{_brief(one.value)} instead of {_brief(one.expected)}; they {alike} and cannot be "
        "paired. Remove the changed job and run again, or pair them all the same with "
        "--allow-unmatched."
    )


def _brief(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 16 else f"{text[:12]}..."


def check_matched(
    runs: Sequence[Run],
    factor: str,
    tuned: frozenset[str] = frozenset(),
    *,
    allow_unmatched: bool = False,
) -> tuple[str, ...]:
    """Refuse to pair runs that are not alike, or say in which they are not.

    Args:
        runs: the runs of a comparison.
        factor: the axis whose levels are compared.
        tuned: parameters that were tuned, which may differ between levels.
        allow_unmatched: whether such runs are paired all the same.

    Returns:
        Sentences, one for each level and field in which runs differ; empty where all are alike.

    Raises:
        StoreError: two runs differ and are not allowed to.
    """
    counted: dict[tuple[str, str], list[Mismatch]] = {}
    for one in mismatches(runs, factor, tuned):
        if not allow_unmatched:
            raise StoreError(refusal(one, factor))
        counted.setdefault((level_of(one.run, factor), one.field), []).append(one)
    return tuple(_sentence(found, factor) for found in counted.values())


def _sentence(found: Sequence[Mismatch], factor: str) -> str:
    first = found[0]
    level, other = (shown(factor, level_of(run, factor)) for run in (first.run, first.other))
    more = f" ({len(found)} such pairs)" if len(found) > 1 else ""
    return (
        f"{level} differs from {other} in {first.field}{more}: {_brief(first.value)} instead of "
        f"{_brief(first.expected)} in job {first.run.job_id}, seed {first.run.seed}."
    )


def other_versions(runs: Sequence[Run], factor: str) -> Iterator[str]:
    """Yield a sentence for each library of which runs used different versions."""
    used: dict[str, dict[str, None]] = {}
    for run in runs:
        versions = (run.result or {}).get("versions")
        if isinstance(versions, Mapping):
            for name, version in versions.items():
                used.setdefault(name, {})[str(version)] = None
    for name, versions in used.items():
        if len(versions) > 1:
            yield (
                f"the {plural(factor)} were run with different versions of {name} "
                f"({', '.join(sorted(versions))}): a difference may be the library's."
            )

"""Damage as an experiment asks for it: checked, done to training and validation, counted."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.damage import DAMAGE
from lossbench.catalog.losses import CLASSIFICATION, Task
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.catalog.target_kinds import target_kinds
from lossbench.datasets import damage
from lossbench.datasets.parts import Part, Splits
from lossbench.datasets.splitting import counted, strata
from lossbench.datasets.target_values import TargetValues, target_values
from lossbench.errors import DataError

DAMAGE_SEED = 20251103
"""Goes with the run's seed into that of all damage: it differs from seed to seed, and is the same
for every loss of a seed."""

Wishes = Mapping[str, Mapping[str, Any]]
"""What is asked for, by the name of the damage."""

_UNEVEN = 1.5  # from this ratio on, accuracy flatters whoever ignores rare classes
_SUM_TOLERANCE = 1e-6  # of the rows of a transition matrix
_PARTS = ("train", "validation")


def separated(params: Mapping[str, Any]) -> tuple[dict[str, Any], Wishes]:
    """Return a data set's own parameters, and the damage that is asked for."""
    own = {key: value for key, value in params.items() if key not in DAMAGE}
    return own, {key: params[key] for key in DAMAGE if params.get(key) is not None}


def foreseen(name: str, facts: Facts, wishes: Wishes, load: Callable[[], Splits]) -> Facts:
    """Return the facts of a data set once it is damaged, whatever the seed.

    Rare classes are judged by balanced accuracy, if there are more than two; targets with outliers
    by the mean absolute error.

    Args:
        name: the name of the data set, for messages and for what classes resemble each other.
        facts: those of the data set as it is, split.
        wishes: the damage.
        load: gives the data set as it is, where its values are needed.

    Raises:
        DataError: the damage does not suit the data, or leaves a class without training images.
    """
    _check(name, wishes, facts.task, facts.n_classes, facts.soft_targets)
    posed = (facts.task, facts.n_classes)
    if "outliers" in wishes and facts.unit_targets:
        raise DataError(
            f"data set {name!r}: outliers is given, but the targets are directions, which they "
            f"would no longer be; other numbers are accepted. Leave out outliers."
        )
    if "imbalance" in wishes:
        facts = _with_rare_classes(name, facts, wishes["imbalance"])
    if "outliers" in wishes:
        facts = _with_outliers(name, facts, wishes["outliers"], load())
    return facts if (facts.task, facts.n_classes) == posed else replace(facts, optimum={})


def _with_rare_classes(name: str, facts: Facts, wish: Mapping[str, Any]) -> Facts:
    train = np.array(facts.train_counts)
    kept = _kept(name, train, wish)
    validation = np.array(facts.validation_counts)
    if wish.get("validation") != "clean":
        validation = damage.same_shares(validation, kept, train)
    uneven = wish["ratio"] > _UNEVEN and facts.n_classes > 2 and facts.metric == "accuracy"
    metric = "balanced_accuracy" if uneven else facts.metric
    return replace(facts, metric=metric, **counted(kept, validation))


def _with_outliers(name: str, facts: Facts, wish: Mapping[str, Any], splits: Splits) -> Facts:
    """Return facts that hold for every seed: any of the targets may be moved."""
    metric = "mae" if facts.metric == DEFAULT_METRIC["regression"] else facts.metric
    return replace(facts, metric=metric, **_values_with_outliers(name, splits, wish))


def _values_with_outliers(name: str, splits: Splits, wish: Mapping[str, Any]) -> TargetValues:
    """Return what values targets may take of which some, whichever, are moved.

    Args:
        name: the name of the data set, for messages.
        splits: the data set as it is.
        wish: the damage.
    """
    parts = [splits.train.targets, splits.validation.targets, splits.test.targets]
    step = wish["size"] * _spread(name, splits)
    steps = [step, -step] if wish["sides"] == "two" else [step]
    moved = [
        (getattr(splits, at).targets + step).astype(np.float32)
        for at in _parts(wish)
        for step in (steps if wish["rate"] else [])
    ]
    return target_values(*parts, *moved)


def damaged(name: str, splits: Splits, wishes: Wishes, seed: int) -> Splits:
    """Do the damage: classes made rare first, then labels made wrong; outliers.

    Training is damaged, and validation unless it is `clean`; the test part never. Every kind and
    part has its own stream of the run's seed, so that the damage is the same for every loss.

    Args:
        name: the name of the data set, for messages and for what classes resemble each other.
        splits: the data set as it is.
        wishes: the damage.
        seed: that of the run.

    Returns:
        The data set; its `damage` says what was asked and what was done.

    Raises:
        DataError: the damage does not suit the data, or leaves a class without training images.
    """
    if not wishes:
        return splits
    classes = len(splits.class_names)
    soft = splits.task in CLASSIFICATION and splits.train.targets.ndim == 2
    _check(name, wishes, splits.task, classes, soft)
    record: dict[str, Any] = {"seed": seed}
    clean, kinds = splits, splits.target_kinds
    if "outliers" in wishes:
        kinds = target_kinds(**_values_with_outliers(name, splits, wishes["outliers"]))
    for kind, do in (("imbalance", _thin), ("label_noise", _flip), ("outliers", _move)):
        if kind in wishes:
            parts, done = do(name, splits, wishes[kind], seed)
            splits = replace(splits, **parts)
            record[kind] = {"asked": dict(wishes[kind]), "done": done}
    known = splits.optimum if splits.test is clean.test else None  # of other test targets nothing
    return replace(splits, damage=record, target_kinds=kinds, optimum=known)


def _thin(
    name: str, splits: Splits, wish: Mapping[str, Any], seed: int
) -> tuple[dict[str, Any], Any]:
    """Make classes rare."""
    classes = len(splits.class_names)
    before = {
        at: np.bincount(strata(getattr(splits, at).targets, splits.task), minlength=classes)
        for at in _PARTS
    }
    kept = _kept(name, before["train"], wish)
    parts, done = {}, {}
    for at in _parts(wish):
        part = getattr(splits, at)
        counts = kept
        if at == "validation":
            counts = damage.same_shares(before[at], kept, before["train"])
        rows = damage.thinned(
            strata(part.targets, splits.task), counts, _rng(seed, "imbalance", at)
        )
        parts[at] = Part(part.images[rows], part.targets[rows], part.ids[rows])
        done[at] = {"before": before[at].tolist(), "after": counts.tolist()}
    return parts, done


def _flip(
    name: str, splits: Splits, wish: Mapping[str, Any], seed: int
) -> tuple[dict[str, Any], Any]:
    """Make labels wrong."""
    classes = len(splits.class_names)
    transition = _transition(name, wish, classes)
    parts, done = {}, {}
    for at in _parts(wish):
        part = getattr(splits, at)
        labels = damage.noisy_labels(part.targets, transition, _rng(seed, "label_noise", at))
        flips = np.bincount(part.targets[labels != part.targets], minlength=classes)
        before, after = (np.bincount(of, minlength=classes) for of in (part.targets, labels))
        if at == "train" and (lost := np.flatnonzero((after == 0) & (before > 0))).size:
            raise DataError(
                f"data set {name!r}: label_noise leaves no training image with label {lost[0]}; "
                f"every class needs one. Lower the rate, or use more images."
            )
        parts[at] = replace(part, targets=labels)
        done[at] = {
            "before": before.tolist(),
            "after": after.tolist(),
            "flipped": flips.tolist(),
            "rate": float(flips.sum() / len(labels)),
        }
    return parts, done


def _move(
    name: str, splits: Splits, wish: Mapping[str, Any], seed: int
) -> tuple[dict[str, Any], Any]:
    """Make outliers."""
    spread = _spread(name, splits)
    parts, done = {}, {}
    for at in _parts(wish):
        part = getattr(splits, at)
        signs = damage.outlier_signs(
            len(part.ids), wish["rate"], wish["sides"], _rng(seed, "outliers", at)
        )
        moved = part.targets + signs[:, np.newaxis] * wish["size"] * spread
        parts[at] = replace(part, targets=moved.astype(np.float32))
        done[at] = {
            "up": int((signs > 0).sum()),
            "down": int((signs < 0).sum()),
            "of": len(signs),
            "standard_deviations": spread.tolist(),
        }
    return parts, done


def _spread(name: str, splits: Splits) -> np.ndarray:
    """Return the standard deviation of each column of the training targets, none of them 0."""
    spread = np.asarray(splits.train.targets.astype(np.float64).std(axis=0))
    if not spread.all():
        raise DataError(
            f"data set {name!r}: outliers have sizes in standard deviations of the training "
            f"targets, but column {int((spread == 0).argmax())} is constant; targets that vary "
            f"are accepted. Leave out outliers."
        )
    return spread


def _parts(wish: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parts that are damaged."""
    return _PARTS[:1] if wish.get("validation") == "clean" else _PARTS


def _rng(seed: int, kind: str, at: str) -> np.random.Generator:
    """Return a seed's stream of one kind of damage to one part."""
    return np.random.default_rng([DAMAGE_SEED, seed, list(DAMAGE).index(kind), _PARTS.index(at)])


def _kept(name: str, counts: np.ndarray, wish: Mapping[str, Any]) -> np.ndarray:
    """Return how many training images of each class are left; refuse none."""
    kept = damage.imbalanced_counts(counts, wish["type"], wish["ratio"])
    if kept.min() < 1:
        empty = int(kept.argmin())
        raise DataError(
            f"data set {name!r}: imbalance of ratio {wish['ratio']:g} leaves class {empty} none of "
            f"its {counts[empty]} training images; every class needs one. Lower the ratio, or use "
            f"more images."
        )
    return kept


def _transition(name: str, wish: Mapping[str, Any], classes: int) -> np.ndarray:
    """Return the transition matrix of label noise, checked."""
    if wish["type"] == "matrix":
        return _given_matrix(wish["matrix"], classes, f"data set {name!r}")
    if wish["type"] == "symmetric":
        return damage.symmetric(wish["rate"], classes)
    if wish["type"] == "pair":
        return damage.pair(wish["rate"], classes)
    similar = damage.SIMILAR.get(name)
    if similar is None:
        raise DataError(
            f"data set {name!r}: asymmetric label_noise has no map of similar classes here; "
            f"{', '.join(sorted(damage.SIMILAR))} are accepted. Use type: pair, or type: matrix "
            f"with probabilities of your own."
        )
    last = max(*similar, *similar.values())
    if last >= classes:
        raise DataError(
            f"data set {name!r}: asymmetric label_noise takes classes for similar ones up to class "
            f"{last}, but training has classes 0 to {classes - 1}; all of them are needed. Use "
            f"type: pair, or hold out fewer classes."
        )
    return damage.asymmetric(wish["rate"], classes, similar)


def _given_matrix(rows: list[list[float]], classes: int, where: str) -> np.ndarray:
    """Return the user's transition matrix; refuse another size, and rows that are no shares."""
    widths = sorted({len(row) for row in rows})
    if len(rows) != classes or widths != [classes]:
        found = " or ".join(map(str, widths)) or "no"
        raise DataError(
            f"{where}: the matrix of label_noise has {len(rows)} rows of {found} numbers; "
            f"{classes} rows of {classes} are accepted, one for each true class. Complete it."
        )
    matrix = np.array(rows, dtype=np.float64)
    wrong = np.flatnonzero(np.abs(matrix.sum(axis=1) - 1) > _SUM_TOLERANCE)
    if wrong.size:
        row = int(wrong[0])
        raise DataError(
            f"{where}: row {row} (from 0) of the matrix of label_noise sums to "
            f"{matrix[row].sum():g}; rows that sum to 1 are accepted. Correct it."
        )
    return matrix


def _check(name: str, wishes: Wishes, task: Task, classes: int, soft: bool) -> None:
    """Refuse damage that does not suit the data."""
    where = f"data set {name!r}"
    for kind in wishes:
        numbers = kind == "outliers"
        fits = task == "regression" if numbers else task in CLASSIFICATION and classes > 1
        if not fits or (kind == "label_noise" and soft):
            found = "soft labels" if fits else f"those of task {task!r}"
            accepted = "numbers are" if numbers else "one class an image is"
            raise DataError(
                f"{where}: {kind} is given, but the targets are {found}; {accepted} accepted for "
                f"it. Leave out {kind}."
            )
    noise = wishes.get("label_noise")
    if noise is None:
        return
    lost = np.flatnonzero(_transition(name, noise, classes).sum(axis=0) == 0)
    if lost.size:
        raise DataError(
            f"{where}: label_noise of type {noise['type']} leaves no label of class {lost[0]}; "
            f"every class needs some. Lower the rate."
        )

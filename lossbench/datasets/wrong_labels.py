"""Labels made wrong: by one mistake that all share, and by annotators who err on their own."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from lossbench.catalog import Facts
from lossbench.datasets import annotators, damage
from lossbench.datasets.parts import Splits
from lossbench.datasets.streams import PARTS, Damaged, Wish
from lossbench.errors import DataError

_SUM_TOLERANCE = 1e-6  # of the rows of a transition matrix


def foresee_noise(wish: Wish, facts: Facts, load: Callable[[], Splits]) -> Facts:
    """Return the facts as they are; refuse noise that does not fit the classes.

    Args:
        wish: what is asked.
        facts: those of the data set before.
        load: not called.

    Raises:
        DataError: the transition matrix does not fit, or a class gets no label.
    """
    lost = np.flatnonzero(_transition(wish, facts.class_names).sum(axis=0) == 0)
    if lost.size:
        raise DataError(
            f"{wish.where}: label_noise of type {wish['type']} leaves no label of class {lost[0]}; "
            f"every class needs some. Lower the rate."
        )
    return facts


def do_noise(wish: Wish, splits: Splits, original: Splits) -> Damaged:
    """Make labels wrong.

    Args:
        wish: what is asked.
        splits: the data set.
        original: the data set before all damage.

    Raises:
        DataError: the transition matrix does not fit, or a class gets no label.
    """
    classes = len(splits.class_names)
    transition = _transition(wish, splits.class_names)
    parts, done = {}, {}
    for at in wish.parts:
        part = getattr(splits, at)
        labels = damage.noisy_labels(part.targets, transition, wish.rng(at))
        flips = np.bincount(part.targets[labels != part.targets], minlength=classes)
        before, after = (np.bincount(of, minlength=classes) for of in (part.targets, labels))
        if at == "train":
            _check_complete(wish, before, after, "Lower the rate")
        parts[at] = part.relabelled(labels)
        done[at] = {
            "before": before.tolist(),
            "after": after.tolist(),
            "flipped": flips.tolist(),
            "rate": float(flips.sum() / len(labels)),
        }
    return replace(splits, **parts), done


def foresee_votes(wish: Wish, facts: Facts, load: Callable[[], Splits]) -> Facts:
    """Return the facts of data whose labels are shares of the classes.

    Args:
        wish: what is asked.
        facts: those of the data set before.
        load: not called.
    """
    return replace(facts, soft_targets=True)


def do_votes(wish: Wish, splits: Splits, original: Splits) -> Damaged:
    """Replace labels by the votes of annotators; clean ones and those of the test by one-hot rows.

    Args:
        wish: what is asked.
        splits: the data set.
        original: the data set before all damage.

    Raises:
        DataError: a class is the majority's choice for no training image.
    """
    classes = len(splits.class_names)
    parts, done = {}, {}
    for at in (*PARTS, "test"):
        part = getattr(splits, at)
        if at not in wish.parts:
            one_hot = np.eye(classes, dtype=np.float32)[part.targets]
            parts[at] = replace(part, targets=one_hot)
            continue
        labels = part.targets
        counts = annotators.votes(labels, wish["annotators"], wish["rate"], classes, wish.rng(at))
        soft = annotators.softened(counts, wish.asked.get("temperature", 1.0))
        majority = soft.argmax(axis=1)
        before, after = (np.bincount(of, minlength=classes) for of in (labels, majority))
        if at == "train":
            _check_complete(wish, before, after, "Lower the rate, ask more annotators")
        wrong = counts.sum() - counts[np.arange(len(labels)), labels].sum()
        parts[at] = part.relabelled(soft)
        done[at] = {
            "before": before.tolist(),
            "after": after.tolist(),
            "wrong_votes": float(wrong / counts.sum()),
            "wrong_majorities": float(np.mean(majority != labels)),
        }
    return replace(splits, **parts), done


def _check_complete(wish: Wish, before: np.ndarray, after: np.ndarray, step: str) -> None:
    """Refuse a class that had training images and has none any more."""
    lost = np.flatnonzero((after == 0) & (before > 0))
    if lost.size:
        raise DataError(
            f"{wish.where}: {wish.kind} leaves no training image with label {lost[0]}; every class "
            f"needs one. {step}, or use more images."
        )


def _transition(wish: Wish, names: Sequence[str]) -> np.ndarray:
    """Return the transition matrix of label noise, checked."""
    classes = len(names)
    if wish["type"] == "matrix":
        return _given_matrix(wish["matrix"], classes, wish.where)
    if wish["type"] == "symmetric":
        return damage.symmetric(wish["rate"], classes)
    if wish["type"] == "pair":
        return damage.pair(wish["rate"], classes)
    similar = damage.SIMILAR.get(wish.dataset)
    if similar is None:
        raise DataError(
            f"{wish.where}: asymmetric label_noise has no map of similar classes here; "
            f"{', '.join(sorted(damage.SIMILAR))} are accepted. Use type: pair, or type: matrix "
            f"with probabilities of your own."
        )
    if set(names) == {f"not {names[-1]}", names[-1]}:  # one against the rest
        raise DataError(
            f"{wish.where}: asymmetric label_noise has no map of similar classes for "
            f"{' and '.join(map(repr, names))}; symmetric, pair and matrix are accepted. Choose "
            f"one of these types."
        )
    last = max(*similar, *similar.values())
    if last >= classes:
        raise DataError(
            f"{wish.where}: asymmetric label_noise takes classes for similar ones up to class "
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

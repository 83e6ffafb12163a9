"""Labels that nobody wrote down: positives recorded as absent, or examples left out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.losses import CLASSIFICATION
from lossbench.datasets import damage
from lossbench.datasets.parts import Part, Splits
from lossbench.datasets.several import strata_of
from lossbench.datasets.splitting import counted, strata
from lossbench.datasets.streams import Damaged, Wish
from lossbench.errors import DataError


def foresee(wish: Wish, facts: Facts, load: Callable[[], Splits]) -> Facts:
    """Return the facts once labels are missing: fewer examples, unless several labels may hold.

    Args:
        wish: what is asked.
        facts: those of the data set before.
        load: gives the data set as it is; called where several labels may hold together.

    Raises:
        DataError: a class or label would be left without training examples.
    """
    if facts.task == "multilabel":
        there = load().train.targets.sum(axis=0).astype(np.int64)
        _check_left(wish, there, damage.labelled_counts(there, wish["rate"]), "label")
        return facts
    train, validation = np.array(facts.train_counts), np.array(facts.validation_counts)
    kept = damage.labelled_counts(train, wish["rate"])
    _check_left(wish, train, kept, "class")
    if "validation" in wish.parts:
        validation = _kept_of_validation(wish, validation)
    return replace(facts, **counted(kept, validation))


def do(wish: Wish, splits: Splits, original: Splits) -> Damaged:
    """Take labels away.

    Args:
        wish: what is asked.
        splits: the data set.
        original: the data set before all damage.

    Raises:
        DataError: as `foresee`.
    """
    change = _forget if splits.task == "multilabel" else _leave_out
    parts: dict[str, Any] = {}
    done = {}
    for at in wish.parts:
        parts[at], before, after = change(wish, splits, at)
        done[at] = {"before": before.tolist(), "after": after.tolist()}
    return replace(splits, **parts), done


def _forget(wish: Wish, splits: Splits, at: str) -> tuple[Part, np.ndarray, np.ndarray]:
    """Record positives as absent; return the part, and how many there were and are."""
    part = getattr(splits, at)
    targets = damage.forgotten(part.targets, wish["rate"], wish.rng(at))
    before, after = (of.sum(axis=0).astype(np.int64) for of in (part.targets, targets))
    if at == "train":
        _check_left(wish, before, after, "label")
    return part.relabelled(targets), before, after


def _leave_out(wish: Wish, splits: Splits, at: str) -> tuple[Part, np.ndarray, np.ndarray]:
    """Leave examples out; return the part, and how many of each class there were and are."""
    part = getattr(splits, at)
    labels, classes = _strata(splits, part)
    before = np.bincount(labels, minlength=classes)
    if at == "train":
        after = damage.labelled_counts(before, wish["rate"])
        _check_left(wish, before, after, "class")
    else:
        after = _kept_of_validation(wish, before)
    return part.rows(damage.thinned(labels, after, wish.rng(at))), before, after


def _kept_of_validation(wish: Wish, counts: np.ndarray) -> np.ndarray:
    """Return how many of each class are left; one of each that there is, to be measured by."""
    kept = damage.labelled_counts(counts, wish["rate"])
    return np.asarray(np.maximum(kept, np.minimum(counts, 1)))


def _strata(splits: Splits, part: Part) -> tuple[np.ndarray, int]:
    """Return the class of each example by which it was split, and the number of classes."""
    if splits.outputs:
        return strata_of(part.targets, splits.outputs)
    classes = len(splits.class_names) if splits.task in CLASSIFICATION else 1
    return strata(part.targets, splits.task), classes


def _check_left(wish: Wish, before: np.ndarray, after: np.ndarray, kind: str) -> None:
    """Refuse a class or label that had training examples and has none any more."""
    empty = np.flatnonzero((after < 1) & (before > 0))
    if empty.size:
        of = f"{kind} {empty[0]} none of its {before[empty[0]]}"
        if len(before) == 1:
            of = f"none of {before[0]}"
        raise DataError(
            f"{wish.where}: missing_labels at rate {wish['rate']:g} leaves {of} training examples; "
            f"one or more must be left. Lower the rate, or use more images."
        )

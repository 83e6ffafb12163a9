"""Classes made rare: long tails, and one class against the rest at a given prevalence."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.config.wording import did_you_mean
from lossbench.datasets import damage
from lossbench.datasets.parts import Splits
from lossbench.datasets.splitting import counted, strata
from lossbench.datasets.streams import PARTS, Damaged, Wish
from lossbench.errors import DataError

_UNEVEN = 1.5  # from this ratio on, accuracy flatters whoever ignores rare classes
_SHOWN = 10


def foresee(wish: Wish, facts: Facts, load: Callable[[], Splits]) -> Facts:
    """Return the facts once classes are rare: long tails are judged by balanced accuracy.

    Args:
        wish: what is asked.
        facts: those of the data set before.
        load: not called.

    Raises:
        DataError: a class would be left without training images, or there is no such class, or
            no such prevalence.
    """
    train, validation = np.array(facts.train_counts), np.array(facts.validation_counts)
    if wish["type"] == "one_vs_rest":
        positive = _positive(wish, facts.class_names)
        names = _two_names(facts.class_names, positive)
        train, validation = (_against_rest(counts, positive) for counts in (train, validation))
        kept = _kept_of(wish, names, {"train": train, "validation": validation})
        return replace(
            facts,
            task="binary",
            n_classes=2,
            class_names=names,
            ordered=False,
            metric=DEFAULT_METRIC["binary"],
            **counted(kept.get("train", train), kept.get("validation", validation)),
        )
    kept = _kept(wish, {"train": train, "validation": validation})
    uneven = wish["ratio"] > _UNEVEN and facts.n_classes > 2 and facts.metric == "accuracy"
    metric = "balanced_accuracy" if uneven else facts.metric
    return replace(
        facts, metric=metric, **counted(kept["train"], kept.get("validation", validation))
    )


def do(wish: Wish, splits: Splits, original: Splits) -> Damaged:
    """Make classes rare; one class against the rest makes the test part binary, and no smaller.

    Args:
        wish: what is asked.
        splits: the data set.
        original: the same.

    Raises:
        DataError: as `foresee`.
    """
    if wish["type"] == "one_vs_rest":
        splits = _one_against_rest(wish, splits)
    before = {at: _counts(splits, at) for at in PARTS}
    if wish["type"] == "one_vs_rest":
        kept = _kept_of(wish, splits.class_names, before)
    else:
        kept = _kept(wish, before)
    done: dict[str, Any] = {}
    parts = {}
    for at, counts in kept.items():
        part = getattr(splits, at)
        parts[at] = part.rows(
            damage.thinned(strata(part.targets, splits.task), counts, wish.rng(at))
        )
        done[at] = {"before": before[at].tolist(), "after": counts.tolist()}
    splits = replace(splits, **parts)
    if wish["type"] == "one_vs_rest":
        done["prevalence"] = {
            at: float(np.mean(getattr(splits, at).targets)) for at in (*PARTS, "test")
        }
    return splits, done


def _counts(splits: Splits, at: str) -> np.ndarray:
    classes = strata(getattr(splits, at).targets, splits.task)
    return np.bincount(classes, minlength=len(splits.class_names))


def _kept(wish: Wish, before: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return how many images of each class are left of each damaged part; refuse none."""
    train = before["train"]
    kept = damage.imbalanced_counts(train, wish["type"], wish["ratio"])
    if kept.min() < 1:
        empty = int(kept.argmin())
        raise DataError(
            f"{wish.where}: imbalance of ratio {wish['ratio']:g} leaves class {empty} none of "
            f"its {train[empty]} training images; every class needs one. Lower the ratio, or use "
            f"more images."
        )
    others = {at: damage.same_shares(before[at], kept, train) for at in wish.parts[1:]}
    return {"train": kept, **others}


def _kept_of(
    wish: Wish, names: Sequence[str], before: dict[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return how many negatives and positives are left of each damaged part, at the prevalence.

    Only positives are taken away; one at least stays in validation.
    """
    found = {}
    for at in wish.parts:
        rest, there = map(int, before[at])
        wanted = damage.positives_kept(before[at], wish["prevalence"])
        if at == "train":
            _check_reachable(wish, names, rest, there, wanted)
        found[at] = np.array([rest, min(there, max(wanted, 1))])
    return found


def _check_reachable(wish: Wish, names: Sequence[str], rest: int, there: int, wanted: int) -> None:
    """Refuse a prevalence with more positives than there are, or none."""
    prevalence = f"{wish.where}: imbalance asks for a prevalence of {wish['prevalence']:g}"
    most = there / (rest + there)
    if wanted > there:
        raise DataError(
            f"{prevalence}, but of {rest + there} training images {there} are of class "
            f"{names[1]!r}, and only those are thinned; up to {most:.3g} is accepted. Lower "
            f"prevalence."
        )
    if wanted < 1:
        raise DataError(
            f"{prevalence}, which leaves none of {there} training images of class {names[1]!r} "
            f"beside {rest} others; {1 / (rest + 1):.2g} to {most:.3g} is accepted. Raise "
            f"prevalence, or use more images."
        )


def _positive(wish: Wish, names: Sequence[str]) -> int:
    """Return the number of the positive class; refuse one that is not there."""
    asked = wish["positive"]
    if isinstance(asked, str):
        if asked in names:
            return names.index(asked)
        shown = ", ".join(map(repr, names[:_SHOWN])) + (" ..." if len(names) > _SHOWN else "")
        hint = did_you_mean(asked, names)
        raise DataError(
            f"{wish.where}: imbalance of type one_vs_rest has no class {asked!r} to be positive; "
            f"{shown}, or a number 0 to {len(names) - 1}, are accepted."
            f"{hint or ' Choose one of them.'}"
        )
    if asked < len(names):
        return int(asked)
    raise DataError(
        f"{wish.where}: imbalance of type one_vs_rest has no class number {asked} to be positive; "
        f"0 to {len(names) - 1} are accepted. Count classes from 0."
    )


def _two_names(names: Sequence[str], positive: int) -> tuple[str, str]:
    """Return the names of negatives and positives: `not cat` and `cat`, or those of two classes."""
    other = names[1 - positive] if len(names) == 2 else f"not {names[positive]}"
    return other, names[positive]


def _against_rest(counts: np.ndarray, positive: int) -> np.ndarray:
    """Return how many negatives and positives there are."""
    return np.array([counts.sum() - counts[positive], counts[positive]])


def _one_against_rest(wish: Wish, splits: Splits) -> Splits:
    """Return the data set as the question whether it is one class; its test, too."""
    positive = _positive(wish, splits.class_names)
    parts = {
        at: replace(part, targets=(part.targets == positive).astype(np.int32))
        for at in (*PARTS, "test")
        for part in (getattr(splits, at),)
    }
    optimum = splits.optimum
    if optimum is not None and optimum.scores is not None:
        rest = np.logaddexp.reduce(np.delete(optimum.scores, positive, axis=1), axis=1)
        optimum = replace(optimum, scores=np.stack([rest, optimum.scores[:, positive]], axis=1))
    return replace(
        splits,
        **parts,
        task="binary",
        class_names=_two_names(splits.class_names, positive),
        ordered=False,
        optimum=optimum,
    )

"""Damage as an experiment asks for it: checked, done to training and validation, counted."""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from lossbench.catalog import Facts
from lossbench.catalog.damage import DAMAGE
from lossbench.catalog.losses import CLASSIFICATION, Task
from lossbench.datasets import (
    image_noise,
    missing_labels,
    noisy_targets,
    rare_classes,
    wrong_labels,
)
from lossbench.datasets.parts import Splits
from lossbench.datasets.streams import Damaged, Wish
from lossbench.errors import DataError

Wishes = Mapping[str, Mapping[str, Any]]
"""What is asked for, by the name of the damage, in the order in which it is done."""


def separated(params: Mapping[str, Any]) -> tuple[dict[str, Any], Wishes]:
    """Return a data set's own parameters, and the damage that is asked for."""
    own = {key: value for key, value in params.items() if key not in DAMAGE}
    return own, {key: params[key] for key in DAMAGE if params.get(key) is not None}


def foreseen(name: str, facts: Facts, wishes: Wishes, load: Callable[[], Splits]) -> Facts:
    """Return the facts of a data set once it is damaged, whatever the seed.

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
    load = functools.cache(load)
    for kind, asked in wishes.items():
        facts = _KINDS[kind].foresee(Wish(name, kind, asked), facts, load)
    return facts if (facts.task, facts.n_classes) == posed else replace(facts, optimum={})


def damaged(name: str, splits: Splits, wishes: Wishes, seed: int) -> Splits:
    """Do the damage, in the order of `DAMAGE`.

    First which examples there are: classes are made rare, then examples without a label are left
    out. Then what their labels say: label noise is a mistake that all annotators share, as if the
    image looked like the wrong class, and annotators err on what it left. Targets get noise, and
    then some of them become outliers. Images come last. Everything is measured in units of the
    data as they were at first.

    Training is damaged, and validation unless it is `clean`; the test part never, though one class
    against the rest makes it binary, and soft labels one-hot. Every kind and part has its own
    stream of the run's seed, so that the damage is the same for every loss.

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
    soft = splits.task in CLASSIFICATION and splits.train.targets.ndim == 2
    _check(name, wishes, splits.task, len(splits.class_names), soft)
    record: dict[str, Any] = {"seed": seed}
    original = splits
    for kind, asked in wishes.items():
        splits, done = _KINDS[kind].do(Wish(name, kind, asked, seed), splits, original)
        record[kind] = {"asked": dict(asked), "done": done}
    return replace(splits, damage=record)


def _unforeseen(wish: Wish, facts: Facts, load: Callable[[], Splits]) -> Facts:
    """Return the facts as they are."""
    return facts


def _disturb(wish: Wish, splits: Splits, original: Splits) -> Damaged:
    """Disturb images; the range of grey levels is that of the training images before damage."""
    parts, done = {}, {}
    levels = image_noise.grey_range(original.train.images)
    for at in wish.parts:
        part = getattr(splits, at)
        if wish["type"] == "blur":
            images = image_noise.blurred(part.images, wish["sigma"])
        elif wish["type"] == "gaussian":
            images = image_noise.grainy(part.images, wish["scale"], levels, wish.rng(at))
        else:
            images = image_noise.salted(part.images, wish["rate"], levels, wish.rng(at))
        parts[at] = replace(part, images=images)
        done[at] = {"of": len(images), "changed": image_noise.share_changed(images, part.images)}
    return replace(splits, **parts), done


class _Kind(NamedTuple):
    """One kind of damage.

    `fits` says whether data with a task, so many classes and soft labels or not may have it,
    `accepted` in words which may.
    """

    foresee: Callable[[Wish, Facts, Callable[[], Splits]], Facts]
    do: Callable[[Wish, Splits, Splits], Damaged]
    fits: Callable[[Task, int, bool], bool]
    accepted: str


def _any(task: Task, classes: int, soft: bool) -> bool:
    return True


def _classes(task: Task, classes: int, soft: bool) -> bool:
    return task in CLASSIFICATION and classes > 1


def _hard(task: Task, classes: int, soft: bool) -> bool:
    return _classes(task, classes, soft) and not soft


def _numbers(task: Task, classes: int, soft: bool) -> bool:
    return task == "regression"


_ONE_CLASS, _NUMBERS, _ALL = "one class an image is", "numbers are", "all are"

_KINDS: Mapping[str, _Kind] = {
    "imbalance": _Kind(rare_classes.foresee, rare_classes.do, _classes, _ONE_CLASS),
    "missing_labels": _Kind(missing_labels.foresee, missing_labels.do, _any, _ALL),
    "label_noise": _Kind(wrong_labels.foresee_noise, wrong_labels.do_noise, _hard, _ONE_CLASS),
    "soft_labels": _Kind(wrong_labels.foresee_votes, wrong_labels.do_votes, _hard, _ONE_CLASS),
    "target_noise": _Kind(noisy_targets.foresee_noise, noisy_targets.do_noise, _numbers, _NUMBERS),
    "outliers": _Kind(
        noisy_targets.foresee_outliers, noisy_targets.do_outliers, _numbers, _NUMBERS
    ),
    "image_noise": _Kind(_unforeseen, _disturb, _any, _ALL),
}


def _check(name: str, wishes: Wishes, task: Task, classes: int, soft: bool) -> None:
    """Refuse damage that does not suit the data."""
    for kind, asked in wishes.items():
        suits = _KINDS[kind].fits
        if asked.get("type") == "one_vs_rest":
            suits = _hard
        if not suits(task, classes, soft):
            found = "soft labels" if suits(task, classes, False) else f"those of task {task!r}"
            raise DataError(
                f"data set {name!r}: {kind} is given, but the targets are {found}; "
                f"{_KINDS[kind].accepted} accepted for it. Leave out {kind}."
            )

"""Data to judge embeddings by: whether images of a class find each other, new classes included."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.losses import CLASSIFICATION
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.datasets.rows import take
from lossbench.datasets.splitting import Source, whole
from lossbench.errors import DataError

Wish = Mapping[str, int] | None
"""`{"held_out_classes": ...}`, or None where embeddings are not what is judged."""


def foreseen(facts: Facts, wish: Wish, where: str) -> Facts:
    """Return what is known of data before the split, once their embeddings are to be judged.

    Args:
        facts: those of the data as they are, with `test_counts`.
        wish: how many classes are held out.
        where: how messages name the data set.

    Raises:
        DataError: images have not one class each, or too few classes are left for training or
            for the test.
    """
    if wish is None:
        return facts
    _check(facts, wish["held_out_classes"], where)
    known = facts.n_classes - wish["held_out_classes"]
    test = np.array(facts.test_counts, np.int64)
    if known < facts.n_classes:
        test = np.array(facts.test_counts if facts.n_test else facts.train_counts)
        test[:known] = 0
    if facts.n_test and test.max() < 2:
        raise DataError(
            f"{where}: no class has two test images that could find each other; two or more are "
            f"accepted. Use a larger test set."
        )
    return replace(
        facts,
        task="retrieval",
        n_classes=known,
        class_names=facts.class_names[:known],
        ordered=False,
        metric=DEFAULT_METRIC["retrieval"],
        n_test=int(test.sum()),
        test_counts=tuple(map(int, test)),
        optimum={},
        **whole(np.array(facts.train_counts[:known])),
    )


def check_pairs(facts: Facts, where: str) -> None:
    """Refuse a validation part in which no image can find another of its class.

    Args:
        facts: what is known of the data after split and damage.
        where: how messages name the data set.

    Raises:
        DataError: no class has two validation images.
    """
    if facts.task == "retrieval" and max(facts.validation_counts) < 2:
        raise DataError(
            f"{where}: no class has two validation images that could find each other; two or more "
            f"are accepted for retrieval. Use more images: a tenth of them is for validation."
        )


def held_out(source: Source, wish: Wish, where: str) -> Source:
    """Return data whose embeddings are judged on the last classes, or on those trained on.

    Training and validation lose the images of the classes that are held out, the test those of
    all others. Where the data have no test set, it is the images that training loses. Labels stay
    as they are, so that those of the test go on where those of training end.

    Args:
        source: data whose images have one class each.
        wish: how many classes are held out; at 0 no image is left out.
        where: how messages name the data set.

    Raises:
        DataError: a group has images on both sides.
    """
    if wish is None:
        return source
    known = len(source.class_names) - wish["held_out_classes"]
    posed = replace(source, task="retrieval", ordered=False, optimum=None)
    if known == len(source.class_names):
        return posed
    kept = source.targets < known
    test_images, test_targets = source.test_images, source.test_targets
    if len(test_targets) == 0:
        test_images, test_targets = source.images, source.targets
        _check_groups(source.groups, kept, where)
    new = test_targets >= known
    return replace(
        posed,
        images=take(source.images, np.flatnonzero(kept)),
        targets=source.targets[kept],
        test_images=take(test_images, np.flatnonzero(new)),
        test_targets=test_targets[new],
        class_names=source.class_names[:known],
        groups=None if source.groups is None else source.groups[kept],
    )


def _check(facts: Facts, held_out_classes: int, where: str) -> None:
    """Refuse data and numbers of classes that cannot be judged by retrieval."""
    if facts.task not in CLASSIFICATION or facts.soft_targets:
        found = "soft labels" if facts.soft_targets else f"those of task {facts.task!r}"
        raise DataError(
            f"{where}: retrieval is given, but the targets are {found}; one class an image is "
            f"accepted for it. Leave out retrieval."
        )
    most = facts.n_classes - 2
    if held_out_classes == 1 or held_out_classes > most:
        accepted = f"0 or 2 to {most}" if most >= 2 else "0"
        raise DataError(
            f"{where}: held_out_classes is {held_out_classes} of {facts.n_classes} classes; "
            f"{accepted} is accepted, for two classes or more to train on and two or more to tell "
            f"apart. Choose one of them."
        )


def _check_groups(groups: np.ndarray | None, kept: np.ndarray, where: str) -> None:
    """Refuse groups that would be in training and test."""
    if groups is None:
        return
    shared = np.intersect1d(groups[kept], groups[~kept])
    if len(shared):
        raise DataError(
            f"{where}: group {str(shared[0])!r} has images of classes to train on and of classes "
            f"held out; groups on one side are accepted. Leave out the groups, or set "
            f"held_out_classes: 0."
        )

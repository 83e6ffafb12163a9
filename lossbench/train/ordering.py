"""The order in which an epoch visits the training examples."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.losses import Batches

GROUP = 4
"""Examples of one class side by side, for losses that compare examples of one class."""

Order = NDArray[np.int32]


def epoch_order(seed: int, epoch: int, n: int) -> Order:
    """Return a random order of n training examples.

    It depends on the seed and the epoch alone: the same for every loss, and known without
    replaying earlier epochs.
    """
    entropy = np.random.SeedSequence([seed, 0x0D0E12, epoch])
    return np.random.default_rng(entropy).permutation(n).astype(np.int32)


def balanced_order(seed: int, epoch: int, labels: NDArray[np.integer]) -> Order:
    """Return as many training examples as there are, every class equally often.

    Of n examples in C classes each class gets n // C visits and chance gives the n mod C that are
    left to as many classes. A class with m examples and v visits shows each of them v // m times,
    and v mod m of them, drawn anew in every epoch, once more.

    It depends on the seed, the epoch and the labels alone: the same for every loss.

    Args:
        seed: of the job.
        epoch: counted from 1.
        labels: class of each example, int [n]; classes without any example get no visit.

    Returns:
        Indices of examples in random order, [n].
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, 0xBA1A, epoch]))
    classes = np.unique(labels)
    visits = np.full(len(classes), len(labels) // len(classes))
    visits[rng.permutation(len(classes))[: len(labels) % len(classes)]] += 1
    drawn = []
    for label, wanted in zip(classes, visits, strict=True):
        own = rng.permutation(np.flatnonzero(labels == label))
        drawn.append(np.resize(own, wanted))
    return rng.permutation(np.concatenate(drawn)).astype(np.int32)


def class_labels(targets: NDArray[Any]) -> NDArray[np.integer]:
    """Return the class of each example; of shares the class with the largest, [n]."""
    labels: NDArray[np.integer] = targets.argmax(axis=1) if targets.ndim == 2 else targets
    return labels


def order_sha256(visited: Callable[[int], Order]) -> str:
    """Return the hash of the examples that epochs 1 and 2 visit, before a loss rearranges them.

    Args:
        visited: gives those of an epoch, counted from 1.
    """
    both = np.concatenate([visited(epoch) for epoch in (1, 2)])
    return hashlib.sha256(both.astype("<i4").tobytes()).hexdigest()


def arranged(order: Order, how: Batches, labels: NDArray[np.integer] | None) -> Order:
    """Rearrange a random order as a loss needs it; every example is visited as often as before.

    Args:
        order: indices of the examples, in random order.
        how: `shuffled` leaves the order as it is.
        labels: class of each example, int [n], indexed by what `order` holds; None where
            `how` is `shuffled`.

    Returns:
        The same indices, in an order that follows from the given one.
    """
    if how == "shuffled" or labels is None:
        return order
    return grouped(order, labels) if how == "grouped" else spread(order, labels)


def grouped(order: Order, labels: NDArray[np.integer]) -> Order:
    """Bring examples of one class together, in groups of four.

    A group stands where its first example stood. What is left of a class forms a smaller group of
    two or three; a single one joins the group before, so that nobody is alone who need not be.
    """
    at = np.empty(len(order), np.int64)
    for label in np.unique(labels[order]):
        places = np.flatnonzero(labels[order] == label)
        group = np.arange(len(places)) // GROUP
        if len(places) > GROUP and len(places) % GROUP == 1:
            group[-1] -= 1
        first = np.searchsorted(group, group)  # where each example's group begins
        at[places] = places[first]
    return order[np.argsort(at, kind="stable")]


def spread(order: Order, labels: NDArray[np.integer]) -> Order:
    """Space the examples of the rarer of two classes evenly, so that batches hold both."""
    positive = labels[order] == 1
    rare = positive if positive.sum() * 2 <= len(order) else ~positive
    places = (np.arange(rare.sum()) + 0.5) * len(order) / max(rare.sum(), 1)
    found = np.full(len(order), -1, np.int32)
    found[places.astype(np.int64)] = order[rare]
    found[found < 0] = order[~rare]
    return found

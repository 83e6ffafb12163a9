"""The subset and the validation part: drawn once, from a fixed seed, the same for every run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from lossbench.catalog import Output
from lossbench.catalog.losses import CLASSIFICATION, Task
from lossbench.catalog.target_kinds import UNKNOWN, target_kinds
from lossbench.datasets.parts import Optimum, Part, Splits
from lossbench.datasets.several import strata_of
from lossbench.datasets.target_values import target_values
from lossbench.errors import DataError

SPLIT_SEED = 20160321
"""The seed of subset and validation; not the run's seed, so that all runs share one split."""

Subset = int | Mapping[str, Any] | None


@dataclass(frozen=True, eq=False)
class Source:
    """A data set before it is split.

    Attributes:
        images: training and validation images, [n, height, width, channels].
        targets: their targets, as in `Part`.
        test_images: test images; of length 0 where the data have no test set of their own.
        test_targets: their targets.
        task: the task that the targets pose.
        class_names: one name a class or label; empty for regression.
        ordered: whether the classes have an order, that of their indices.
        outputs: the outputs of data that have several; else empty.
        groups: [n], what each training or validation example belongs to (a patient, a plate), so
            that no group is on both sides of a split; None where every example is its own.
        optimum: the best possible predictions for the test examples, where they are known.
    """

    images: np.ndarray
    targets: np.ndarray
    test_images: np.ndarray
    test_targets: np.ndarray
    task: Task
    class_names: tuple[str, ...]
    ordered: bool = False
    outputs: tuple[Output, ...] = ()
    groups: np.ndarray | None = None
    optimum: Optimum | None = None


class Sizes(TypedDict):
    """Fields of `Facts` that say how large training and validation are."""

    n_train: int
    n_validation: int
    train_counts: tuple[int, ...]
    validation_counts: tuple[int, ...]


def split(source: Source, subset: Subset, where: str) -> Splits:
    """Draw the subset, then a tenth of it for validation; the test part stays whole.

    Args:
        source: the data set; classes are drawn in proportion, labels that may hold together and
            regression targets at random; of several outputs the first with classes decides.
        subset: a number of images, `{"n": ..., "balanced": ...}`, or None for all.
        where: how messages name the data set.

    Returns:
        The three parts; ids of training and validation are indices into `source.images`.

    Raises:
        DataError: the subset is larger than the data, too small, or cannot be balanced.
    """
    labels, n_strata = _strata(source)
    kept = np.arange(len(labels))
    counts = np.bincount(labels, minlength=n_strata)
    if subset is not None:
        kept = _draw(kept, labels, subset_counts(counts, subset, where))
    validation_sizes = validation_counts(np.bincount(labels[kept], minlength=n_strata), where)
    validation = _draw(kept, labels[kept], validation_sizes)
    train = np.setdiff1d(kept, validation, assume_unique=True)
    test = np.arange(len(source.test_images))
    kinds = UNKNOWN
    if source.task == "regression":
        kinds = target_kinds(**target_values(source.targets, source.test_targets))
    return Splits(
        train=_part(source.images, source.targets, train),
        validation=_part(source.images, source.targets, validation),
        test=Part(source.test_images, source.test_targets, test.astype(np.int64)),
        task=source.task,
        class_names=source.class_names,
        ordered=source.ordered,
        target_kinds=kinds,
        outputs=source.outputs,
        optimum=source.optimum,
    )


def _strata(source: Source) -> tuple[np.ndarray, int]:
    """Return the class by which each example is drawn, and the number of classes."""
    if source.outputs:
        return strata_of(source.targets, source.outputs)
    n_strata = len(source.class_names) if source.task in CLASSIFICATION else 1
    return strata(source.targets, source.task), n_strata


def whole(counts: np.ndarray) -> Sizes:
    """Return the sizes of a source: all images that are not the test's, before they are split.

    Args:
        counts: int [classes], images of each class; int [1] where there are no classes.
    """
    return counted(counts, counts[:0])


def sizes(counts: np.ndarray, subset: Subset, where: str) -> Sizes:
    """Return how many training and validation images `split` will give, of each class too.

    Args:
        counts: int [classes], images of each class; int [1] where there are no classes.
        subset: as for `split`.
        where: how messages name the data set.

    Raises:
        DataError: the subset is larger than the data, too small, or cannot be balanced.
    """
    if subset is not None:
        counts = subset_counts(counts, subset, where)
    validation = validation_counts(counts, where)
    return counted(counts - validation, validation)


def counted(train: np.ndarray, validation: np.ndarray) -> Sizes:
    """Return the sizes that counts of the classes, int [classes], add up to."""
    return {
        "n_train": int(train.sum()),
        "n_validation": int(validation.sum()),
        "train_counts": tuple(train.tolist()),
        "validation_counts": tuple(validation.tolist()),
    }


def strata(targets: np.ndarray, task: Task) -> np.ndarray:
    """Return the class by which examples are drawn: int [n]; the largest share of a soft label.

    Labels that may hold together and regression targets form one class, 0.
    """
    if task not in CLASSIFICATION:
        return np.zeros(len(targets), dtype=np.int64)
    return (targets if targets.ndim == 1 else targets.argmax(axis=1)).astype(np.int64)


def subset_counts(counts: np.ndarray, subset: int | Mapping[str, Any], where: str) -> np.ndarray:
    """Return how many images of each class a subset holds: at least two where there are two.

    Args:
        counts: int [classes], images of each class; int [1] where there are no classes.
        subset: a number of images or `{"n": ..., "balanced": ...}`.
        where: how messages name the data set.

    Raises:
        DataError: the subset is larger than the data, too small, or cannot be balanced.
    """
    n = subset if isinstance(subset, int) else int(subset["n"])
    balanced = not isinstance(subset, int) and bool(subset.get("balanced", False))
    total, classes = int(counts.sum()), len(counts)
    if not 2 * classes <= n <= total:
        raise DataError(
            f"{where}: a subset of {n} was asked for; {2 * classes} (two a class) to {total} "
            f"training and validation images are accepted. Set subset to a number between them."
        )
    if balanced:
        return _balanced(counts, n, where)
    return allocate(counts, n, np.minimum(2, counts), counts)


def _balanced(counts: np.ndarray, n: int, where: str) -> np.ndarray:
    """Return equal counts that sum to `n`, or say why there are none."""
    classes = len(counts)
    if classes == 1:
        raise DataError(
            f"{where}: a balanced subset was asked for, but the targets are no classes; balanced "
            f"is accepted where each image has one class. Write subset: {n}."
        )
    if n % classes:
        raise DataError(
            f"{where}: a balanced subset of {n} was asked for; a multiple of the {classes} "
            f"classes is accepted. Set n to {n - n % classes}."
        )
    each = n // classes
    if counts.min() < each:
        rarest = int(counts.argmin())
        raise DataError(
            f"{where}: a balanced subset of {n} needs {each} images a class, but class {rarest} "
            f"has {counts[rarest]}; up to {counts[rarest] * classes} are accepted. Lower n, or "
            f"leave out balanced."
        )
    return np.full(classes, each)


def validation_counts(counts: np.ndarray, where: str) -> np.ndarray:
    """Return how many images of each class validation takes.

    A tenth of all, a half rounded up; at least one of each class that has two, and never the
    last one.

    Args:
        counts: int [classes], images of each class; int [1] where there are no classes.
        where: how messages name the data set.

    Raises:
        DataError: no class has two images.
    """
    upper = np.maximum(counts - 1, 0)
    if not upper.any():
        raise DataError(
            f"{where}: no class has two training images, so none is left for validation; two or "
            f"more are accepted. Use more images."
        )
    total = (int(counts.sum()) + 5) // 10
    return allocate(counts, total, np.minimum(1, upper), upper)


def allocate(counts: np.ndarray, total: int, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Share `total` among classes in proportion to `counts`, within bounds.

    Largest remainders first, in whole numbers throughout; of equal ones the first class.

    Args:
        counts: int [classes], images of each class.
        total: the sum that is wanted, moved into [sum(lower), sum(upper)].
        lower: int [classes], the least of each class.
        upper: int [classes], the most of each class.

    Returns:
        int [classes], summing to `total`.
    """
    whole = int(counts.sum())
    total = min(max(total, int(lower.sum())), int(upper.sum()))
    shares = np.clip(counts * total // whole, lower, upper)
    while (missing := total - int(shares.sum())) != 0:
        step = 1 if missing > 0 else -1
        movable = shares < upper if step > 0 else shares > lower
        owed = step * (counts * total - shares * whole)
        shares[np.where(movable, owed, np.iinfo(np.int64).min).argmax()] += step
    return np.asarray(shares)


def _draw(ids: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Draw `counts[c]` of the ids of each class c; sorted."""
    from sklearn.model_selection import train_test_split

    drawn = []
    for label, count in enumerate(counts):
        members = ids[labels == label]
        if 0 < count < len(members):
            members, _ = train_test_split(
                members, train_size=int(count), random_state=SPLIT_SEED + label
            )
        drawn.append(members if count else members[:0])
    return np.asarray(np.sort(np.concatenate(drawn)))


def _part(images: np.ndarray, targets: np.ndarray, ids: np.ndarray) -> Part:
    return Part(images[ids], targets[ids], ids.astype(np.int64))

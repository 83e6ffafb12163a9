"""Training, validation and test, and the subset: one split for all runs, or one for each seed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np

from lossbench.catalog import Output
from lossbench.catalog.losses import CLASSIFICATION, Task
from lossbench.catalog.target_kinds import UNKNOWN, target_kinds
from lossbench.datasets.dividing import (
    FIXED,
    Division,
    check_groups,
    draw,
    draw_fold,
    draw_fold_of_groups,
    draw_groups,
    fold_counts,
)
from lossbench.datasets.parts import Optimum, Part, Splits
from lossbench.datasets.rows import take
from lossbench.datasets.several import strata_of
from lossbench.datasets.target_values import target_values
from lossbench.errors import DataError

FEWEST = 4
"""Images of which training, validation and test can be made: two, one and one."""

Subset = int | Mapping[str, Any] | None


@dataclass(frozen=True, eq=False)
class Source:
    """A data set before it is split.

    Attributes:
        images: training and validation images, [n, height, width, channels]; of an `np.memmap` rows
            are read when they are needed.
        targets: their targets, as in `Part`.
        test_images: test images; of length 0 where the data have no test set of their own.
        test_targets: their targets.
        task: the task that the targets pose.
        class_names: one name a class or label; empty for regression.
        ordered: whether the classes have an order, that of their indices.
        outputs: the outputs of data that have several; else empty.
        groups: [n], what each training or validation example belongs to (a patient, a plate), so
            that no group is on both sides of a split; None where every example is its own.
        test_groups: the same of the test examples, where that is known.
        content_sha256: hash of what was read, where reading again may give something else.
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
    test_groups: np.ndarray | None = None
    content_sha256: str | None = None


class Sizes(TypedDict):
    """Fields of `Facts` that say how large training and validation are."""

    n_train: int
    n_validation: int
    train_counts: tuple[int, ...]
    validation_counts: tuple[int, ...]


def split(source: Source, subset: Subset, where: str, how: Division = FIXED) -> Splits:
    """Draw the test where the data have none, then the subset, then a tenth of it for validation.

    The test of data with a test set of their own is that, whole. Else it is a fifth of all images,
    drawn before the subset, or a fold. With groups, the test and validation are whole groups; a
    subset thins the groups out.

    Args:
        source: the data set; classes are drawn in proportion, labels that may hold together and
            regression targets at random; of several outputs the first with classes decides.
        subset: a number of images, `{"n": ..., "balanced": ...}`, or None for all.
        where: how messages name the data set.
        how: whether one split serves all runs, or each seed has its own.

    Returns:
        The three parts; ids of training and validation, and of a test that is drawn, are indices
        into `source.images`, those of another test into `source.test_images`.

    Raises:
        DataError: the subset is larger than the data, too small, or cannot be balanced; folds or
            groups do not suit the data.
    """
    labels, n_strata = _strata(source.targets, source)
    has_test = len(source.test_images) > 0
    check_folds(how, has_test, where)
    test = np.arange(0) if has_test else _draw_test(source, labels, n_strata, how, where)
    kept = np.setdiff1d(np.arange(len(labels)), test, assume_unique=True)
    if subset is not None:
        counts = np.bincount(labels[kept], minlength=n_strata)
        chosen = subset_counts(counts, subset, where)
        kept = draw(kept, labels[kept], chosen, how, "subset")
    counts = validation_counts(np.bincount(labels[kept], minlength=n_strata), where)
    if source.groups is None:
        validation = draw(kept, labels[kept], counts, how, "validation")
    else:
        groups = source.groups[kept]
        validation = kept[draw_groups(labels[kept], groups, counts, how, "validation", where)]
    train = np.setdiff1d(kept, validation, assume_unique=True)
    kinds = UNKNOWN
    if source.task == "regression":
        kinds = target_kinds(**target_values(source.targets, source.test_targets))
    own_test = np.arange(len(source.test_images), dtype=np.int64)
    return Splits(
        train=_part(source.images, source.targets, train),
        validation=_part(source.images, source.targets, validation),
        test=Part(source.test_images, source.test_targets, own_test)
        if has_test
        else _part(source.images, source.targets, test),
        task=source.task,
        class_names=source.class_names,
        ordered=source.ordered,
        target_kinds=kinds,
        outputs=source.outputs,
        optimum=source.optimum if has_test else None,
        split=how.mode,
        test_resampled=not has_test and how.mode != "fixed",
    )


def _draw_test(
    source: Source, labels: np.ndarray, n_strata: int, how: Division, where: str
) -> np.ndarray:
    """Draw a fifth of all examples, or the fold of a run."""
    every = np.arange(len(labels))
    counts = np.bincount(labels, minlength=n_strata)
    if source.groups is not None:
        if how.mode == "kfold":
            return draw_fold_of_groups(labels, source.groups, how, where)
        check_groups(source.groups, 3, where)
        wanted = counts_of_test(counts, how, where)
        return draw_groups(labels, source.groups, wanted, how, "test", where)
    wanted = counts_of_test(counts, how, where)
    return (
        draw_fold(labels, how) if how.mode == "kfold" else draw(every, labels, wanted, how, "test")
    )


def check_folds(how: Division, has_test: bool, where: str) -> None:
    """Refuse folds of data that have a test set of their own.

    Raises:
        DataError: a fold would be a second test set.
    """
    if how.mode == "kfold" and has_test:
        raise DataError(
            f"{where}: split is kfold, whose folds are the test, but these data have a test set "
            f"of their own; fixed and resample are accepted. Use split: resample, which draws "
            f"validation anew for each seed."
        )


def _strata(targets: np.ndarray, about: Source | Splits) -> tuple[np.ndarray, int]:
    """Return the class by which each example is drawn, and the number of classes."""
    if about.outputs:
        return strata_of(targets, about.outputs)
    n_strata = len(about.class_names) if about.task in CLASSIFICATION else 1
    return strata(targets, about.task), n_strata


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


def sizes_of(splits: Splits) -> Sizes:
    """Return how many training and validation images there are, of each class too."""
    train, validation = (
        np.bincount(labels, minlength=n_strata)
        for labels, n_strata in (
            _strata(part.targets, splits) for part in (splits.train, splits.validation)
        )
    )
    return counted(train, validation)


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


def counts_of_test(counts: np.ndarray, how: Division, where: str) -> np.ndarray:
    """Return how many images of each class the test takes, of data without a test set.

    A fifth of all, a half rounded up; at least one of each class that has two, and never the last
    one; of folds those of the run's.

    Args:
        counts: int [classes], images of each class; int [1] where there are no classes.
        how: how runs are divided.
        where: how messages name the data set.

    Raises:
        DataError: there are too few images to make three parts.
    """
    if counts.sum() < FEWEST:
        raise DataError(
            f"{where}: there {'is' if counts.sum() == 1 else 'are'} {counts.sum()} image"
            f"{'' if counts.sum() == 1 else 's'} and no test set, so that training, validation "
            f"and test are drawn from them; {FEWEST} or more are accepted. Use more images."
        )
    if how.mode == "kfold":
        return fold_counts(counts, how, where)
    upper = np.maximum(counts - 1, 0)
    total = (2 * int(counts.sum()) + 5) // 10
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


def _part(images: np.ndarray, targets: np.ndarray, ids: np.ndarray) -> Part:
    return Part(take(images, ids), targets[ids], ids.astype(np.int64))

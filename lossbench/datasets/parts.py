"""What a data set consists of, and the fingerprints of its split and labels."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lossbench.catalog import Output
from lossbench.catalog.losses import CLASSIFICATION, Task
from lossbench.catalog.splits import Mode
from lossbench.catalog.target_kinds import UNKNOWN, TargetKinds
from lossbench.datasets.rows import take


@dataclass(frozen=True, eq=False)
class Part:
    """One of the three parts of a data set.

    Attributes:
        images: [n, height, width, channels], uint8 in 0..255, or float32 for a user's own floats;
            an array, or `Rows` of one on disk, which `np.asarray` reads.
        targets: class indices, int32 [n]; or soft labels, float32 [n, classes]; or labels that
            may hold together, 0 or 1, float32 [n, labels]; or regression targets, float32
            [n, targets]; or those of several outputs side by side, float32 [n, columns]; or the
            class of each pixel, uint8 [n, height, width].
        ids: int64 [n], index of each example in its source; those of the test part are counted
            apart from those of training and validation unless it was drawn with them.
        clean_targets: the targets before they were made wrong on purpose, class indices where they
            became soft labels; None where they are as they were.
    """

    images: np.ndarray
    targets: np.ndarray
    ids: np.ndarray
    clean_targets: np.ndarray | None = None

    def rows(self, at: np.ndarray) -> "Part":
        """Return some of the examples.

        Args:
            at: their positions, int [n].
        """
        clean = None if self.clean_targets is None else self.clean_targets[at]
        return Part(take(self.images, at), self.targets[at], self.ids[at], clean)

    def relabelled(self, targets: np.ndarray) -> "Part":
        """Return the same examples with wrong targets, and remember the first right ones.

        Args:
            targets: one for each example.
        """
        clean = self.targets if self.clean_targets is None else self.clean_targets
        return replace(self, targets=targets, clean_targets=clean)


@dataclass(frozen=True, eq=False)
class Optimum:
    """What the best possible prediction is for each test example, as synthetic data know it.

    Attributes:
        scores: logarithms of the classes' probabilities given the image, float64 [n, classes];
            for labels that may hold together and are independent given the image, their log-odds,
            [n, labels]; None for regression.
        mean: conditional mean of the targets, float64 [n, targets]; None for classes, and where
            it is infinite.
        median: conditional median of the targets, likewise; the same as the mean only where their
            distribution is symmetric with one peak.
    """

    scores: np.ndarray | None = None
    mean: np.ndarray | None = None
    median: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Splits:
    """A data set, split.

    Attributes:
        train: what networks are fitted to.
        validation: what epochs and settings are chosen by.
        test: what the comparison is made on.
        task: the task that the targets pose.
        class_names: one name a class or label; empty for regression.
        ordered: whether the classes have an order, that of their indices.
        target_kinds: what losses and metrics may ask of the regression targets.
        outputs: the outputs of data that have several, whose task is `multioutput`; else empty.
        damage: what was done to the data on purpose, asked and counted, as plain data; else empty.
        optimum: the best possible predictions for the test part, where they are known.
        split: whether one split serves all runs: fixed; or each seed has its own: resample, kfold.
        test_resampled: whether the test part is drawn anew for each seed.
    """

    train: Part
    validation: Part
    test: Part
    task: Task
    class_names: tuple[str, ...]
    ordered: bool = False
    target_kinds: TargetKinds = UNKNOWN
    damage: Mapping[str, Any] = field(default_factory=dict)
    optimum: Optimum | None = None
    outputs: tuple[Output, ...] = ()
    split: Mode = "fixed"
    test_resampled: bool = False


def targets_of(output: Output, targets: np.ndarray) -> np.ndarray:
    """Return the targets of one output as data with this output alone have them.

    Args:
        output: the output.
        targets: those of all outputs, float32 [n, columns].

    Returns:
        Class indices, int32 [n]; labels or regression targets, float32 [n, values].
    """
    first, end = output.columns
    own = targets[:, first:end]
    return own[:, 0].astype(np.int32) if output.task in CLASSIFICATION else own


def of_output(splits: Splits, output: Output) -> Splits:
    """Return the same images with the targets of one output alone.

    Args:
        splits: data with several outputs.
        output: one of them.
    """
    train, validation, test = (
        replace(part, targets=targets_of(output, part.targets), clean_targets=None)
        for part in (splits.train, splits.validation, splits.test)
    )
    return Splits(
        train=train,
        validation=validation,
        test=test,
        task=output.task,
        class_names=output.class_names,
        target_kinds=output.target_kinds,
    )


def without_test(splits: Splits) -> Splits:
    """Return a data set whose test part is empty, without what is known of the best prediction."""
    nothing = splits.test.rows(np.zeros(0, np.int64))
    return replace(splits, test=nothing, optimum=None)


def split_sha256(splits: Splits) -> str:
    """Hash which example is in which part: SHA-256 of the sorted ids of the three parts."""
    parts = (splits.train, splits.validation, splits.test)
    return _sha256(*(np.sort(part.ids).astype("<i8") for part in parts))


def label_sha256(splits: Splits) -> str:
    """Hash the training targets as networks see them: SHA-256 of them in the order of ids."""
    targets = splits.train.targets[np.argsort(splits.train.ids, kind="stable")]
    return _sha256(targets.astype(targets.dtype.newbyteorder("<")))


def _sha256(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}\0{array.dtype.str}\0".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()

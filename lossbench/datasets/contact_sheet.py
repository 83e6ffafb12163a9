"""Chooses the images of a contact sheet: a row for each class, or targets from low to high."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lossbench.datasets.parts import Splits, targets_of

ROWS, COLUMNS = 12, 10
_SEED = 20240611
_LEVELS = 6  # rows of regression targets


@dataclass(frozen=True, eq=False)
class SheetRow:
    """Images that belong together.

    Attributes:
        title: what they have in common.
        count: training images of which these are some.
        images: [k, height, width, channels], k up to 10, as the data set has them.
        masks: the class of each pixel, uint8 [k, height, width]; None without masks.
    """

    title: str
    count: int
    images: np.ndarray
    masks: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Sheet:
    """A contact sheet.

    Attributes:
        rows: the rows, from the top.
        left_out: classes or labels that have no row, since there are too many.
    """

    rows: tuple[SheetRow, ...]
    left_out: int = 0


def contact_sheet(splits: Splits) -> Sheet:
    """Choose training images at random, the same ones every time.

    A row is a class, or a label, or what a mask shows, or a sixth of the range of ranks of the
    first regression target. Of data with several outputs the first one decides.

    Args:
        splits: the data set, damage included.
    """
    targets, task, names = splits.train.targets, splits.task, splits.class_names
    if splits.outputs:
        output = splits.outputs[0]
        targets, task, names = targets_of(output, targets), output.task, output.class_names
    members = _members(np.asarray(targets), task, names)
    kept = _spread(len(members))
    rng = np.random.default_rng(_SEED)
    has_masks = task == "segmentation"
    rows = []
    for i in kept:
        title, of = members[i]
        drawn = np.sort(rng.permutation(of)[:COLUMNS])
        masks = np.asarray(targets)[drawn] if has_masks else None
        rows.append(SheetRow(title, len(of), np.asarray(splits.train.images[drawn]), masks))
    return Sheet(tuple(rows), len(members) - len(kept))


def _spread(n: int) -> list[int]:
    """Return which of n rows are shown: all, or equally spaced ones, first and last included."""
    if n <= ROWS:
        return list(range(n))
    return [int(row) for row in np.linspace(0, n - 1, ROWS).round()]


def _members(
    targets: np.ndarray, task: str, names: tuple[str, ...]
) -> list[tuple[str, np.ndarray]]:
    """Return titles and positions of the images that each row may show."""
    if task == "regression":
        return list(_levels(targets[:, 0]))
    if task == "segmentation":
        flat = targets.reshape(len(targets), -1)
        there = [(flat == k).any(axis=1) for k in range(1, len(names))]
        return [(name, np.flatnonzero(of)) for name, of in zip(names[1:], there, strict=True)]
    if task == "multilabel":
        return [(name, np.flatnonzero(targets[:, k] == 1)) for k, name in enumerate(names)]
    labels = targets if targets.ndim == 1 else targets.argmax(axis=1)
    known = names or tuple(str(k) for k in range(int(labels.max()) + 1))
    return [(name, np.flatnonzero(labels == k)) for k, name in enumerate(known)]


def _levels(values: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield equally large groups of targets, from low to high."""
    order = np.argsort(values, kind="stable")
    for group in np.array_split(order, min(_LEVELS, len(values))):
        low, high = float(values[group[0]]), float(values[group[-1]])
        yield (f"{low:.3g} to {high:.3g}" if low < high else f"{low:.3g}"), group

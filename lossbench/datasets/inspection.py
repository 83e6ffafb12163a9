"""Looks at a data set: sizes, pixels, equal images, targets. Measures; recommends nothing."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lossbench.catalog.losses import CLASSIFICATION
from lossbench.datasets.disagreement import disagreement
from lossbench.datasets.duplicates import fingerprint
from lossbench.datasets.inspected import Duplicates, Images, Inspection, Targets
from lossbench.datasets.parts import Part, Splits, of_output
from lossbench.datasets.target_summary import (
    best_scores,
    summary_of_classes,
    summary_of_labels,
    summary_of_masks,
    summary_of_values,
)

MOST_BYTES = 2 << 30
"""Pixels that are read to look for equal images: seconds, not minutes."""
MOST_SAMPLED = 2000
"""Images, and masks, of which means are taken."""
MOST_AVERAGED = 64 << 20
"""Bytes of the images of which mean and standard deviation are taken."""
MOST_IN_MEMORY = 16 << 20
"""Bytes of images that are held at a time; eight times as much as floats."""

_PARTS = ("train", "validation", "test")


def inspect(splits: Splits, most_bytes: int = MOST_BYTES) -> Inspection:
    """Measure what is to be known of a data set before losses are chosen for it.

    Of images that are too many, equally spaced ones are read; the result says how many.

    Args:
        splits: the data set, damage included.
        most_bytes: pixels that are read, in bytes.

    Returns:
        The same for the same data, whatever the machine.

    Source:
        Definitions, in the records.
    """
    parts = {name: getattr(splits, name) for name in _PARTS}
    rows = _read_rows(parts, most_bytes)
    seen = {name: _seen(part, rows[name]) for name, part in parts.items()}
    outputs = {output.name: _targets(of_output(splits, output)) for output in splits.outputs}
    return Inspection(
        sizes={name: len(part.ids) for name, part in parts.items()},
        images=_images(splits, seen),
        duplicates=_duplicates(seen),
        targets=Targets(splits.task) if outputs else _targets(splits),
        outputs=outputs,
        damage=splits.damage,
    )


@dataclass
class _Seen:
    """What reading the images of a part once found.

    Attributes:
        digests: hash of each image that is not constant.
        targets: hash of its target.
        constant: number of constant images.
        read: number of images.
        low: least value.
        high: greatest value.
    """

    digests: list[bytes]
    targets: list[bytes]
    constant: int = 0
    read: int = 0
    low: float = np.inf
    high: float = -np.inf


def _read_rows(parts: dict[str, Part], most_bytes: int) -> dict[str, np.ndarray]:
    """Return which images of each part are read: all, or equally spaced ones."""
    total = sum(len(part.ids) * _image_bytes(part) for part in parts.values())
    share = min(1.0, most_bytes / max(total, 1))
    rows = {}
    for name, part in parts.items():
        n = len(part.ids)
        rows[name] = spaced(n, n if share == 1 else max(1, int(n * share)))
    return rows


def spaced(n: int, most: int) -> np.ndarray:
    """Return at most `most` of n positions, equally spaced."""
    return np.arange(n) if n <= most else np.arange(most) * n // most


def _image_bytes(part: Part) -> int:
    return int(np.prod(part.images.shape[1:])) * part.images.dtype.itemsize


def _chunks(part: Part, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield positions and their images, so many at a time as memory should hold."""
    step = max(1, MOST_IN_MEMORY // max(1, _image_bytes(part)))
    for start in range(0, len(rows), step):
        at = rows[start : start + step]
        yield at, np.ascontiguousarray(part.images[at])


def _seen(part: Part, rows: np.ndarray) -> _Seen:
    """Read images once."""
    seen = _Seen([], [], read=len(rows))
    for at, images in _chunks(part, rows):
        flat = images.reshape(len(images), -1)
        low, high = flat.min(axis=1), flat.max(axis=1)
        seen.low, seen.high = min(seen.low, float(low.min())), max(seen.high, float(high.max()))
        seen.constant += int((low == high).sum())
        for i in np.flatnonzero(low != high):
            seen.digests.append(fingerprint(flat[i]))
            seen.targets.append(fingerprint(part.targets[at[i]]))
    return seen


def _duplicates(seen: dict[str, _Seen]) -> Duplicates:
    """Count equal images, and those whose targets differ."""
    train, validation, test = (seen[name].digests for name in _PARTS)
    in_train = set(train)
    fitted = in_train | set(validation)
    targets = defaultdict(set)
    images: dict[bytes, int] = defaultdict(int)
    for part in seen.values():
        for digest, target in zip(part.digests, part.targets, strict=True):
            targets[digest].add(target)
            images[digest] += 1
    conflicts = [digest for digest, of in targets.items() if len(of) > 1]
    return Duplicates(
        training=len(train) - len(in_train),
        validation=sum(digest in in_train for digest in validation),
        test=sum(digest in fitted for digest in test),
        within_test=len(test) - len(set(test)),
        conflicts=len(conflicts),
        conflicting=sum(images[digest] for digest in conflicts),
    )


def _images(splits: Splits, seen: dict[str, _Seen]) -> Images:
    train = splits.train.images
    most = MOST_AVERAGED // max(1, _image_bytes(splits.train))
    rows = spaced(len(train), max(1, min(MOST_SAMPLED, most)))
    sums = np.zeros(3)
    for _, images in _chunks(splits.train, rows):
        pixels = images.astype(np.float64)
        sums += pixels.size, pixels.sum(), np.square(pixels).sum()
    mean = sums[1] / sums[0]
    return Images(
        shape=tuple(train.shape[1:]),
        dtype=str(train.dtype),
        low=min(part.low for part in seen.values()),
        high=max(part.high for part in seen.values()),
        mean=float(mean),
        deviation=float(np.sqrt(max(sums[2] / sums[0] - mean**2, 0.0))),
        sampled=len(rows),
        constant={name: part.constant for name, part in seen.items()},
        read={name: part.read for name, part in seen.items()},
    )


def _targets(splits: Splits) -> Targets:
    """Return what is to be known of the targets of data with one output."""
    train, test = splits.train.targets, splits.test.targets
    names, task = splits.class_names, splits.task
    best = best_scores(splits)
    if task == "multilabel":
        return Targets(task, names, labels=summary_of_labels(train, test), optimum=best)
    if task == "regression":
        columns = tuple(summary_of_values(train[:, i], test[:, i]) for i in range(train.shape[1]))
        return Targets(task, values=columns, optimum=best)
    if train.ndim == 3:
        rows = spaced(len(train), MOST_SAMPLED)
        masks = summary_of_masks(np.asarray(train[rows]), len(names))
        return Targets(task, names, masks=masks, optimum=best)
    counts = summary_of_classes(
        {name: getattr(splits, name).targets for name in _PARTS}, len(names)
    )
    found = None
    if task in CLASSIFICATION and task != "retrieval" and train.ndim == 1:
        found = disagreement(splits.train, splits.test, len(names))
    return Targets(task, names, classes=counts, disagreement=found, optimum=best)

"""Images that are there more than once, and groups on both sides of a split."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossbench.datasets.rows import chunks
from lossbench.datasets.splitting import Source

_BYTES = 16  # of a fingerprint; by chance two of a billion images have the same once in 10^20


@dataclass(frozen=True)
class Overlap:
    """What training, with validation, shares with the test.

    Attributes:
        images: test images that are in training too; where the test is drawn from all images,
            those that have a copy in another group and so may be on both sides.
        of: images in the test, or in all.
        groups: groups that are in training and test.
        drawn: whether the test is drawn.
    """

    images: int
    of: int
    groups: int
    drawn: bool

    def sentences(self, where: str) -> list[str]:
        """Return what a user should know; nothing where nothing is shared.

        Args:
            where: how messages name the data set.
        """
        found = []
        if self.images and self.drawn:
            found.append(
                f"{where}: {self.images} of the {self.of} images have an exact copy among them, "
                f"and the test is drawn from them, so that copies may be in training and test. "
                f"Remove copies, or give them one group."
            )
        elif self.images:
            found.append(
                f"{where}: {self.images} of the {self.of} test images are in training or "
                f"validation too, so that a network may know them by heart. Remove them there."
            )
        if self.groups:
            found.append(
                f"{where}: {self.groups} group{'s are' if self.groups > 1 else ' is'} in training "
                f"or validation and in the test too. Put each on one side."
            )
        return found


def fingerprint(values: np.ndarray) -> bytes:
    """Return a hash of the bytes of an array: BLAKE2b, 16 bytes."""
    return hashlib.blake2b(values.tobytes(), digest_size=_BYTES).digest()


def fingerprints(images: Any) -> np.ndarray:
    """Return a hash of the bytes of each image; equal images have equal ones.

    Args:
        images: [n, ...], in memory or on disk; those that are compared need one type and shape.

    Returns:
        BLAKE2b, 16 bytes each, [n].

    Source:
        RFC 7693; `hashlib.blake2b`.
    """
    digests = [fingerprint(image) for some in chunks(images) for image in some]
    return np.frombuffer(b"".join(digests), dtype=f"V{_BYTES}")


def duplicates(first: Any, second: Any) -> np.ndarray:
    """Return which images of two parts are exactly equal.

    Args:
        first: images of one part, [n, height, width, channels].
        second: images of another, [m, height, width, channels], of the same type.

    Returns:
        int64 [pairs, 2]: for each image of the second part that the first has, the place of its
        first copy there, and its own place; in the order of its own.

    Source:
        Definition, by `fingerprints`.
    """
    known, at = np.unique(fingerprints(first), return_index=True)
    wanted = fingerprints(second)
    places = np.searchsorted(known, wanted).clip(max=max(len(known) - 1, 0))
    hits = np.flatnonzero(known[places] == wanted) if len(known) else np.arange(0)
    return np.column_stack([at[places[hits]] if len(known) else hits, hits]).astype(np.int64)


def repeated(images: Any) -> np.ndarray:
    """Return which images of one part are exactly equal to an earlier one.

    Args:
        images: [n, height, width, channels].

    Returns:
        int64 [pairs, 2]: the place of the first copy, and that of each later one, which rises.

    Source:
        Definition, by `fingerprints`.
    """
    pairs = duplicates(images, images)
    return np.asarray(pairs[pairs[:, 0] != pairs[:, 1]])


def overlap_of(source: Source) -> Overlap:
    """Count what training and test of a data set share, or may share once the test is drawn."""
    n_test = len(source.test_images)
    if not n_test:
        n = len(source.images)
        return Overlap(_copies(source), n, groups=0, drawn=True)
    groups = 0
    if source.groups is not None and source.test_groups is not None:
        groups = len(np.intersect1d(source.groups, source.test_groups))
    images = len(duplicates(source.images, source.test_images))
    return Overlap(images, n_test, groups, drawn=False)


def _copies(source: Source) -> int:
    """Return how many images have a copy outside their group."""
    n = len(source.images)
    _, same = np.unique(fingerprints(source.images), return_inverse=True)
    groups = np.arange(n)
    if source.groups is not None:
        _, groups = np.unique(source.groups, return_inverse=True)
    distinct = np.unique(np.column_stack([same, groups]), axis=0)[:, 0]
    return int((np.bincount(distinct)[same] > 1).sum())

"""Images that are read when they are asked for: rows of an array on disk, and parts in a row."""

import mmap
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

Images = Any
"""An array of images, or `Rows` of one."""


class Rows:
    """Some rows of an array on disk, in any order; nothing is read before it is asked for.

    `len`, `shape`, `dtype`, `ndim` and `nbytes` are those of the rows; indexing reads, and gives
    arrays; `np.asarray` reads all.

    Args:
        pool: the array, [n, ...], as `np.load(..., mmap_mode="r")` gives it, or a `Stack` of such.
        ids: int [m], which of its rows.
    """

    def __init__(self, pool: Any, ids: np.ndarray) -> None:
        self.pool = pool
        self.ids = np.asarray(ids, dtype=np.int64)
        self.dtype = pool.dtype
        self.shape = (len(self.ids), *pool.shape[1:])
        self.ndim = pool.ndim
        self.nbytes = pool.dtype.itemsize * int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, key: Any) -> np.ndarray:
        if key is Ellipsis or isinstance(key, tuple):  # would pick rows, not pixels
            raise TypeError(
                "images on disk are indexed along their first axis alone; use np.asarray"
            )
        return read(self.pool, self.ids[key])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("the rows lie on disk; an array of them is a copy")
        found = self[:]
        return found if dtype is None else found.astype(dtype, copy=False)


def take(images: Images, ids: np.ndarray) -> Images:
    """Return some images: of an array on disk without reading them, else a copy.

    Args:
        images: [n, ...], an array or `Rows`.
        ids: int [m], indices in [0, n), in any order.

    Returns:
        [m, ...]: `Rows` where the images lie on disk, else an array.
    """
    if isinstance(images, Rows):
        return Rows(images.pool, images.ids[ids])
    return Rows(images, ids) if isinstance(images, np.memmap) else images[ids]


def read(images: Images, ids: Any) -> np.ndarray:
    """Return images as an array in memory, and keep no page of the file that they came from.

    Args:
        images: [n, ...], an array or `Rows`.
        ids: an index, a slice, or int [m].
    """
    found = images[ids]
    if isinstance(images, np.memmap):
        found = np.array(found)  # a slice of a file would read only when it is looked at
        _let_go(images)
    return np.asarray(found)


def _let_go(pool: np.memmap) -> None:
    """Take the pages of a file out of this process's memory; the system's cache keeps them.

    Otherwise everything that was read once counts as memory of the process until the end.
    """
    found: Any = pool
    while isinstance(found, np.ndarray):
        found = found.base
    # In mode "c", what was written would be lost.
    if pool.mode == "r" and isinstance(found, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        found.madvise(mmap.MADV_DONTNEED)


def chunks(images: Images, size: int = 1000) -> Iterator[np.ndarray]:
    """Yield images, so many at a time, so that those on disk are never all in memory.

    Args:
        images: [n, ...], an array or `Rows`.
        size: how many at a time.
    """
    for start in range(0, len(images), size):
        yield np.asarray(images[start : start + size])


class Stack:
    """Parts of a data set one after another, read by index.

    `len`, `shape`, `dtype` and `nbytes` are those of all together.

    Args:
        parts: at least one, [n_i, ...], arrays or `Rows`, alike but for their lengths.
    """

    def __init__(self, parts: Sequence[Images]) -> None:
        self.parts = tuple(parts)
        self.ends = np.cumsum([len(part) for part in self.parts])
        self.dtype = np.result_type(*(part.dtype for part in self.parts))
        self.shape = (int(self.ends[-1]), *self.parts[0].shape[1:])
        self.ndim = len(self.shape)
        self.nbytes = self.dtype.itemsize * int(np.prod(self.shape, dtype=np.int64))

    def __len__(self) -> int:
        return int(self.ends[-1])

    def __getitem__(self, ids: np.ndarray) -> np.ndarray:
        """Return the images with these indices, int [m], counted through all parts."""
        found = np.empty((len(ids), *self.shape[1:]), self.dtype)
        of = np.searchsorted(self.ends, ids, side="right")
        for i in np.unique(of):  # of many parts only those that are asked for
            here, part = of == i, self.parts[i]
            found[here] = read(part, ids[here] - (self.ends[i] - len(part)))
        return found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("the parts lie apart; an array of them is a copy")
        found = np.empty(self.shape, dtype or self.dtype)
        for part, end in zip(self.parts, self.ends, strict=True):
            found[end - len(part) : end] = read(part, slice(None))
        return found

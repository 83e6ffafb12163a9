"""Batches for Keras on JAX and PyTorch, which take them from Python."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


class Batches(keras.utils.PyDataset):
    """The batches of an epoch, in order.

    Args:
        order: indices of examples.
        batch_size: indices of a batch; the last one may have fewer.
        read: makes of indices what the network takes.
        ahead: batches that a thread reads before they are asked for; 0 where there is nothing to
            wait for.
    """

    def __init__(
        self,
        order: NDArray[np.int32],
        batch_size: int,
        read: Callable[[NDArray[np.int32]], Any],
        ahead: int = 0,
    ) -> None:
        super().__init__(workers=1)
        self._starts = range(0, len(order), batch_size)
        self._order, self._batch_size, self._read, self._ahead = order, batch_size, read, ahead
        self._reader = ThreadPoolExecutor(1) if ahead else None
        self._coming: dict[int, Future[Any]] = {}

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> Any:
        """Return a batch as `fit` takes it: all of it is the input."""
        if self._reader is None:
            return (self._make(index),)
        for i in range(index, min(index + 1 + self._ahead, len(self))):
            if i not in self._coming:
                self._coming[i] = self._reader.submit(self._make, i)
        # Not the batch itself: Keras asks for the first one twice, to build what is not built.
        self._coming = {i: batch for i, batch in self._coming.items() if i >= index}
        return (self._coming[index].result(),)

    def _make(self, index: int) -> Any:
        start = self._starts[index]
        return self._read(self._order[start : start + self._batch_size])

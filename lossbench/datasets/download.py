"""Fetches one data set through Keras into lossbench's cache: run as a process of its own.

`python -m lossbench.datasets.download NAME` keeps TensorFlow out of the process that asks.
"""

import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.datasets.keras_npz import cache_folder
from lossbench.datasets.npz_file import KEYS

_STALL_S = 30.0  # a connection that gives nothing for so long is given up


def main(name: str) -> None:
    """Write `<name>.npz` into lossbench's cache, from Keras's own cache or the network.

    Args:
        name: one of the data sets that Keras offers, as `keras.datasets` calls it.
    """
    socket.setdefaulttimeout(_STALL_S)
    import keras

    (x_train, y_train), (x_test, y_test) = getattr(keras.datasets, name).load_data()
    arrays = dict(zip(KEYS, (x_train, y_train, x_test, y_test), strict=True))
    write_whole(cache_folder() / f"{name}.npz", arrays)


def write_whole(path: Path, arrays: dict[str, Any]) -> None:
    """Write a .npz file that appears complete or not at all.

    Args:
        path: the file; its folder is made where it is missing.
        arrays: the arrays by name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez_compressed(stream, allow_pickle=False, **arrays)
            stream.flush()
            os.fsync(stream.fileno())
        Path(beside).replace(path)
    finally:
        Path(beside).unlink(missing_ok=True)


if __name__ == "__main__":
    main(sys.argv[1])

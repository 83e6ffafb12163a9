"""Optimizers as Keras objects."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import keras

from lossbench.catalog import OPTIMIZERS


def build(entry: Mapping[str, Any]) -> keras.optimizers.Optimizer:
    """Return the Keras optimizer that a job's record names.

    Args:
        entry: its name, a key of `OPTIMIZERS`, and params.
    """
    module, name = OPTIMIZERS[entry["name"]].target.split(":")
    return getattr(import_module(module), name)(**entry["params"])

"""The losses: pure functions of labels and raw outputs, one value per example, one file a family.

Every function here takes logits (or raw regression outputs) from a linear head, never softmaxed
values, and reduces nothing over the batch. Defaults stand in the catalogue's table alone.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from lossbench.catalog import LOSSES


def function(name: str) -> Callable[..., Any]:
    """Return the function that implements the catalogued loss `name`."""
    module, attribute = LOSSES[name].target.split(":")
    found: Callable[..., Any] = getattr(import_module(f"lossbench.losses.{module}"), attribute)
    return found

"""The data sets: `describe` says what one holds, `prepare` fetches it, `load` reads it."""

import importlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from lossbench.catalog import DATASETS, Facts
from lossbench.datasets import retrieval
from lossbench.datasets.best_predictions import best_prediction
from lossbench.datasets.damaging import Wishes, damaged, foreseen, separated
from lossbench.datasets.parts import (
    Part,
    Splits,
    label_sha256,
    of_output,
    split_sha256,
    targets_of,
)
from lossbench.datasets.splitting import Source, Subset, sizes, split
from lossbench.errors import DataError

__all__ = [
    "Facts",
    "Part",
    "Splits",
    "best_prediction",
    "describe",
    "label_sha256",
    "load",
    "locate",
    "of_output",
    "prepare",
    "split_sha256",
    "targets_of",
    "varies_with_seed",
]


def describe(name: str, params: Mapping[str, Any]) -> Facts:
    """Say what a data set holds, damage included.

    Images are decoded only where damage depends on the values of targets: numbers, or labels that
    may hold together.

    Args:
        name: canonical name of the data set, a key of `DATASETS`.
        params: its parameters, as the catalogue lists them; those left out have their defaults.

    Returns:
        Sizes, shapes, task and names: the same whatever the seed.

    Raises:
        DataError: the parameters fit no data, the damage does not suit it, or the user's file is
            absent or wrong.
    """
    own, embedded, subset, wishes = _sorted(name, params)
    where = f"data set {name!r}"
    facts = retrieval.foreseen(_module(name).describe(name, **own), embedded, where)
    counts = np.array(facts.train_counts)
    facts = replace(facts, **sizes(counts, subset, where))
    facts = foreseen(name, facts, wishes, lambda: load(name, own | {"subset": subset}))
    retrieval.check_pairs(facts, where)
    return facts


def load(name: str, params: Mapping[str, Any], seed: int = 0) -> Splits:
    """Read a data set, split it and damage it as asked, the same way for the same seed.

    Args:
        name: canonical name of the data set, a key of `DATASETS`.
        params: its parameters, as the catalogue lists them; those left out have their defaults.
        seed: that of the run; decides what is damaged, and nothing where `varies_with_seed` says
            no.

    Returns:
        Training, validation and test part.

    Raises:
        DataError: the parameters fit no data, the damage does not suit it, or a file is absent or
            wrong.
    """
    own, embedded, subset, wishes = _sorted(name, params)
    where = f"data set {name!r}"
    source: Source = getattr(_module(name), _target(name)[1])(name, **own)
    source = retrieval.held_out(source, embedded, where)
    return damaged(name, split(source, subset, where), wishes, seed)


def varies_with_seed(params: Mapping[str, Any]) -> bool:
    """Return whether a data set with these parameters differs from one seed to another."""
    return bool(separated(params)[1])


def prepare(name: str, params: Mapping[str, Any]) -> None:
    """Make sure that `load` will succeed on this machine: fetch what can be downloaded.

    Called once, before workers start.

    Args:
        name: canonical name of the data set, a key of `DATASETS`.
        params: its parameters, as the catalogue lists them; those left out have their defaults.

    Raises:
        DataError: the file is absent and cannot be downloaded, or the user's file is wrong.
    """
    step = getattr(_module(name), "prepare", None)
    if step is not None:
        step(name, **_sorted(name, params)[0])


def locate(name: str) -> Path | None:
    """Return the file of a downloadable data set, or None where it is not on this machine."""
    from lossbench.datasets import keras_npz

    return keras_npz.find(name, None)


def _target(name: str) -> tuple[str, str]:
    """Return the module and the function that load a data set."""
    module, function = DATASETS[name].target.split(":")
    return module, function


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"lossbench.datasets.{_target(name)[0]}")


def _sorted(
    name: str, params: Mapping[str, Any]
) -> tuple[dict[str, Any], retrieval.Wish, Subset, Wishes]:
    """Return the parameters of a data set's own module, retrieval, the subset and the damage."""
    own, wishes = separated(_complete(name, params))
    embedded: retrieval.Wish = own.pop("retrieval", None)
    subset: Subset = own.pop("subset")
    return own, embedded, subset, wishes


def _complete(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """Add defaults; refuse what the catalogue does not list."""
    known = DATASETS[name].params
    unknown = sorted(set(params) - set(known))
    missing = sorted(
        key for key, parameter in known.items() if parameter.required and key not in params
    )
    if unknown or missing:
        fault = f"no parameter {unknown[0]!r}" if unknown else f"no value for {missing[0]!r}"
        raise DataError(
            f"data set {name!r}: {fault}; it takes {', '.join(sorted(known))}. See "
            f"`lossbench list datasets`."
        )
    defaults = {key: parameter.default for key, parameter in known.items()}
    return defaults | dict(params)

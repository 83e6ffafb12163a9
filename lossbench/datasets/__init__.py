"""The data sets: `describe` says what one holds, `prepare` fetches it, `load` reads it."""

import importlib
import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from lossbench.catalog import DATASETS, Facts
from lossbench.catalog.splits import SPLIT, SplitAs, folds_of, mode_of
from lossbench.datasets import retrieval
from lossbench.datasets.best_predictions import best_prediction
from lossbench.datasets.cache import cached
from lossbench.datasets.damaging import Wishes, damaged, foreseen, separated
from lossbench.datasets.dividing import Division
from lossbench.datasets.duplicates import Overlap, overlap_of
from lossbench.datasets.parts import (
    Part,
    Splits,
    label_sha256,
    of_output,
    split_sha256,
    targets_of,
    without_test,
)
from lossbench.datasets.splitting import (
    Source,
    Subset,
    check_folds,
    counts_of_test,
    sizes,
    sizes_of,
    split,
)
from lossbench.errors import DataError

__all__ = [
    "Facts",
    "Part",
    "Splits",
    "best_prediction",
    "describe",
    "label_sha256",
    "leaks",
    "load",
    "locate",
    "of_output",
    "prepare",
    "split_sha256",
    "targets_of",
    "varies_with_seed",
    "without_test",
]


def describe(name: str, params: Mapping[str, Any]) -> Facts:
    """Say what a data set holds, damage included.

    Images are decoded only where damage depends on the values of targets (numbers, or labels that
    may hold together), and for groups.

    Args:
        name: canonical name of the data set, a key of `DATASETS`.
        params: its parameters, as the catalogue lists them; those left out have their defaults.

    Returns:
        Sizes, shapes, task and names: the same whatever the seed, but for sizes where each seed
        has a split of its own.

    Raises:
        DataError: the parameters fit no data, the damage does not suit it, or the user's file is
            absent or wrong.
    """
    asked, where = _asked(name, params), f"data set {name!r}"
    facts = retrieval.foreseen(_module(name).describe(name, **asked.own), asked.retrieval, where)

    def undamaged() -> Splits:
        return split(_read(name, asked), asked.subset, where, _division(asked.split, 0))

    if facts.grouped:
        whole = undamaged()
        facts = replace(facts, **sizes_of(whole), n_test=len(whole.test.ids))
    else:
        facts = _counted(facts, asked.subset, _division(asked.split, 0), where)
    facts = foreseen(name, facts, asked.damage, undamaged)
    retrieval.check_pairs(facts, where)
    return facts


def _counted(facts: Facts, subset: Subset, how: Division, where: str) -> Facts:
    """Return facts with the sizes that the parts will have."""
    counts = np.array(facts.train_counts)
    check_folds(how, facts.n_test > 0, where)
    if facts.n_test:
        return replace(facts, **sizes(counts, subset, where))
    test = counts_of_test(counts, how, where)
    return replace(facts, **sizes(counts - test, subset, where), n_test=int(test.sum()))


def load(
    name: str, params: Mapping[str, Any], seed: int = 0, content_sha256: str | None = None
) -> Splits:
    """Read a data set, split it and damage it as asked, the same way for the same seed.

    Args:
        name: canonical name of the data set, a key of `DATASETS`.
        params: its parameters, as the catalogue lists them; those left out have their defaults.
        seed: that of the run; decides what is damaged and, if asked, the split, and nothing where
            `varies_with_seed` says no.
        content_sha256: what `describe` said of the content, so that a change since is found where
            data are made anew for each process.

    Returns:
        Training, validation and test part.

    Raises:
        DataError: the parameters fit no data, the damage does not suit it, or a file is absent or
            wrong.
    """
    asked = _asked(name, params)
    source = _read(name, asked)
    if content_sha256 and source.content_sha256 not in (None, content_sha256):
        raise DataError(
            f"data set {name!r}: the data differ from those that the experiment was planned with; "
            f"the same ones in every process are accepted. Make them the same each time, and run "
            f"again."
        )
    splits = split(source, asked.subset, f"data set {name!r}", _division(asked.split, seed))
    return damaged(name, splits, asked.damage, seed)


def _read(name: str, asked: "_Asked") -> Source:
    """Return a data set before it is split, without the classes that retrieval holds out."""
    return retrieval.held_out(_own(name, asked.own), asked.retrieval, f"data set {name!r}")


def _own(name: str, own: Mapping[str, Any]) -> Source:
    source: Source = getattr(_module(name), _target(name)[1])(name, **own)
    return source


def varies_with_seed(params: Mapping[str, Any]) -> bool:
    """Return whether a data set with these parameters differs from one seed to another."""
    return bool(separated(params)[1]) or mode_of(params.get("split", SPLIT.default)) != "fixed"


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
        step(name, **_asked(name, params).own)


def leaks(name: str, params: Mapping[str, Any], content_sha256: str | None) -> list[str]:
    """Say what training and test share: exact copies of images, and groups.

    Images are read for it, all of them; the answer is remembered where `cached` keeps things.
    Synthetic images, which are drawn apart, are not looked at.

    Args:
        name: canonical name of the data set, a key of `DATASETS`.
        params: its parameters, as the catalogue lists them; those left out have their defaults.
        content_sha256: what `describe` said of the content.

    Returns:
        Sentences for the user; none where nothing is shared.

    Raises:
        DataError: a file is absent or wrong.
    """
    if content_sha256 is None and DATASETS[name].file is None:
        return []
    own = _asked(name, params).own
    hashed = {key: own[key] for key in own if DATASETS[name].params[key].hashed}
    key = {"what": "overlap", "name": name, "own": hashed, "content": content_sha256}

    def count(folder: Path) -> None:
        found = overlap_of(_own(name, own))
        (folder / "overlap.json").write_text(json.dumps(asdict(found)))

    try:
        folder = cached(key, count, {"overlap": name})
        found = Overlap(**json.loads((folder / "overlap.json").read_text()))
    except (DataError, OSError):  # where nothing can be kept, it is counted each time
        found = overlap_of(_own(name, own))
    return found.sentences(f"data set {name!r}")


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


class _Asked(NamedTuple):
    """The parameters of a data set, by who needs them: its own module, or what is done to all."""

    own: dict[str, Any]
    retrieval: retrieval.Wish
    subset: Subset
    split: SplitAs
    damage: Wishes


def _asked(name: str, params: Mapping[str, Any]) -> _Asked:
    own, wishes = separated(_complete(name, params))
    embedded: retrieval.Wish = own.pop("retrieval", None)
    subset: Subset = own.pop("subset")
    split_as: SplitAs = own.pop("split")
    return _Asked(own, embedded, subset, split_as, wishes)


def _division(split_as: SplitAs, seed: int) -> Division:
    return Division(mode_of(split_as), folds_of(split_as), seed)


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

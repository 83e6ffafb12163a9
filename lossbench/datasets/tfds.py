"""A data set of tensorflow_datasets, by its name there: fetched and decoded once, then kept.

TensorFlow stays out of this process: `tfds_export`, a process of its own, does both.
"""

import importlib.metadata
import importlib.util
import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.catalog import Facts
from lossbench.datasets.cache import cached
from lossbench.datasets.npz_file import Header
from lossbench.datasets.splitting import Source
from lossbench.datasets.user_arrays import Arrays, facts_of, source_of
from lossbench.errors import DataError

REFUSED = 3
"""Exit code of the export where its last line is a message for the user."""


def describe(
    name: str,
    *,
    dataset: str,
    data_dir: str | None,
    train: str,
    test: str | None,
    image: str | None,
    target: str | None,
    image_size: int | None,
) -> Facts:
    """Say what `read` will give; fetches and decodes the data where that has not been done.

    Args:
        name: the name of the data set, for messages.
        dataset: name in tensorflow_datasets, with configuration or version if wanted.
        data_dir: where tensorflow_datasets keeps its files; None for its usual place.
        train: split for training and validation, in the notation of tensorflow_datasets.
        test: split for the test; None for the one called so, or none.
        image: the feature with the image; None for the only one.
        target: the feature to predict; None for the only class, or else the only fraction.
        image_size: side to which images are resized, in pixels; None to leave them.

    Raises:
        DataError: tensorflow_datasets is not installed, the data cannot be fetched, or are no
            images with a label.
    """
    own = _own(dataset, data_dir, train, test, image, target, image_size)
    folder, where = _decoded(name, own, fetch=True)
    arrays, about = _stored(folder)
    facts = facts_of(
        {key: Header(array.shape, array.dtype) for key, array in arrays.items()},
        arrays,
        task=None,
        ordered=False,
        content_sha256=about["sha256"],
        where=where,
    )
    return replace(facts, class_names=_names(facts.class_names, about))


def read(
    name: str,
    *,
    dataset: str,
    data_dir: str | None,
    train: str,
    test: str | None,
    image: str | None,
    target: str | None,
    image_size: int | None,
) -> Source:
    """Read images and labels of a data set of tensorflow_datasets; fetches nothing.

    Args:
        name: the name of the data set, for messages.
        dataset: name in tensorflow_datasets, with configuration or version if wanted.
        data_dir: where tensorflow_datasets keeps its files; None for its usual place.
        train: split for training and validation, in the notation of tensorflow_datasets.
        test: split for the test; None for the one called so, or none.
        image: the feature with the image; None for the only one.
        target: the feature to predict; None for the only class, or else the only fraction.
        image_size: side to which images are resized, in pixels; None to leave them.

    Returns:
        Images uint8 or float32 [n, height, width, channels], read when they are asked for; class
        indices int32 [n], or targets float32 [n, targets].

    Raises:
        DataError: the data are not on this machine, or are no images with a label.

    Source:
        https://www.tensorflow.org/datasets; each data set has a source and a licence of its own.
    """
    own = _own(dataset, data_dir, train, test, image, target, image_size)
    folder, where = _decoded(name, own, fetch=False)
    arrays, about = _stored(folder)
    source = source_of(arrays, task=None, ordered=False, where=where)
    return replace(source, class_names=_names(source.class_names, about))


def prepare(
    name: str,
    *,
    dataset: str,
    data_dir: str | None,
    train: str,
    test: str | None,
    image: str | None,
    target: str | None,
    image_size: int | None,
) -> None:
    """Fetch and decode the data where that has not been done.

    Args:
        name: the name of the data set, for messages.
        dataset: name in tensorflow_datasets, with configuration or version if wanted.
        data_dir: where tensorflow_datasets keeps its files; None for its usual place.
        train: split for training and validation, in the notation of tensorflow_datasets.
        test: split for the test; None for the one called so, or none.
        image: the feature with the image; None for the only one.
        target: the feature to predict; None for the only class, or else the only fraction.
        image_size: side to which images are resized, in pixels; None to leave them.

    Raises:
        DataError: as for `describe`.
    """
    own = _own(dataset, data_dir, train, test, image, target, image_size)
    _decoded(name, own, fetch=True)


def _own(
    dataset: str,
    data_dir: str | None,
    train: str,
    test: str | None,
    image: str | None,
    target: str | None,
    image_size: int | None,
) -> dict[str, Any]:
    """Return the parameters by name, the folder as it is found."""
    root = Path(data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets")
    return {
        "dataset": dataset,
        "data_dir": str(root.expanduser().absolute()),
        "train": train,
        "test": test,
        "image": image,
        "target": target,
        "image_size": image_size,
    }


def _names(found: tuple[str, ...], about: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names that the data give their classes."""
    names = about["class_names"]
    return tuple(names[: len(found)]) if names else found


def _stored(folder: Path) -> tuple[Arrays, dict[str, Any]]:
    arrays = {
        path.stem: np.load(path, mmap_mode="r" if path.stem[0] == "x" else None, allow_pickle=False)
        for path in sorted(folder.glob("*.npy"))
    }
    return arrays, json.loads((folder / "about.json").read_text())


def _decoded(name: str, own: Mapping[str, Any], *, fetch: bool) -> tuple[Path, str]:
    """Return the folder with decoded arrays, and how messages name the data set."""
    where = f"data set {name!r}: {own['dataset']}"
    if importlib.util.find_spec("tensorflow_datasets") is None:
        raise DataError(
            f"{where}: tensorflow_datasets is not installed; an environment that has it is "
            f'accepted. Run: pip install "lossbench[tfds]"'
        )
    if not _files(own):
        if not fetch:
            raise DataError(
                f"{where}: the data are not in {own['data_dir']} on this machine, and are "
                f"not fetched while networks train; files that `lossbench run` has put there are "
                f"accepted. Copy the folder, or set data_dir to one that all machines see."
            )
        _export({**own, "folder": None}, where, "fetching")
    key = {
        "what": "tfds",
        **own,
        "version": importlib.metadata.version("tensorflow_datasets"),
        "files": _files(own),
    }
    about = {"data": own["dataset"]}
    folder = cached(key, lambda to: _export({**own, "folder": str(to)}, where, "decoding"), about)
    return folder, where


def _files(request: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """Return which versions of a data set lie in a folder, each with a mark of its content."""
    place = Path(request["data_dir"]) / request["dataset"].partition(":")[0].partition("/")[0]
    found = [(path, path.stat()) for path in sorted(place.rglob("dataset_info.json"))]
    return [(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in found]


def _export(request: Mapping[str, Any], where: str, what: str) -> None:
    """Fetch a data set or write its arrays, in another process.

    Raises:
        DataError: that process says what is wrong, or fails.
    """
    logging.getLogger("lossbench").warning("%s: %s; this is done once.", where, what)
    done = subprocess.run(
        [sys.executable, "-m", "lossbench.datasets.tfds_export", json.dumps(request)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        check=False,
    )
    if done.returncode == 0:
        return
    last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
    if done.returncode == REFUSED:
        raise DataError(f"{where}: {last}")
    raise DataError(
        f"{where}: {what} failed ({last}); data that tensorflow_datasets can load are accepted. "
        f"Try `python -c 'import tensorflow_datasets as t; t.load({request['dataset']!r})'`."
    )

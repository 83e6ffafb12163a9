"""Features of a data set in place of its images, where nothing before them is trained."""

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from lossbench import models
from lossbench.datasets.rows import Stack
from lossbench.train import environment
from lossbench.train.features import load_features
from lossbench.train.feeding import resident_variable
from lossbench.train.loading import Data

MOST_KEPT = 2
"""Features of one data set that a worker keeps; experiments with more backbones are rare."""


def features_of(
    data: Data,
    network: keras.Model,
    note: Callable[[int, int], None],
    about: Mapping[str, Any] | None = None,
) -> Any:
    """Return what the head of a network reads instead of the images, in their order.

    Jobs of a worker that share data and backbone share the features.

    Args:
        data: the images.
        network: its backbone has the weights that it is used with.
        note: is told of how many images features are done, and how many there are.
        about: names for people, shown by `lossbench cache`.

    Returns:
        A variable on the device, float32 [n, size]; where that exceeds the memory budget of the
        data, a stack of which batches are read.
    """
    frozen = models.up_to_pooled(network)
    key = feature_key(frozen)
    name = json.dumps(key, sort_keys=True)
    if name not in data.features:
        images = data.resident.images
        note(0, len(images))
        found: Any = load_features(frozen, images, key, note=note, about=about)
        note(len(images), len(images))
        fits = found.nbytes <= data.budget_mib * 2**20
        data.features[name] = (
            resident_variable(np.asarray(found), "features") if fits else Stack([found])
        )
        while len(data.features) > MOST_KEPT:
            data.features.pop(next(iter(data.features)))
    return data.features[name]


def feature_key(frozen: keras.Model) -> dict[str, Any]:
    """Return everything besides the images that decides the features.

    Args:
        frozen: from scaled images to features: resizing, backbone and pooling.
    """
    return {
        "network": _sha256(frozen),
        "dtype_policy": keras.mixed_precision.dtype_policy().name,
        "backend": keras.backend.backend(),
        "device": environment.device(),
        "threads": os.environ.get("OMP_NUM_THREADS", ""),
        "versions": environment.versions(),
    }


def _sha256(model: keras.Model) -> str:
    """Hash what a model computes: its layers, how they are joined, and their weights."""
    digest = hashlib.sha256(_unnamed(model.get_config()).encode())
    for weight in model.get_weights():
        digest.update(f"{weight.shape}{weight.dtype.str}".encode())
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def _unnamed(config: Mapping[str, Any]) -> str:
    """Return a model's configuration as text, with layers numbered instead of named.

    Keras counts the names of unnamed layers through the life of a process. What is trained says
    nothing of how the model is used.
    """
    text = json.dumps(_without("trainable", config), sort_keys=True, default=str)
    for number, name in enumerate(dict.fromkeys(_names(config))):
        text = text.replace(json.dumps(name), f'"#{number}"')
    return text


def _without(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _without(key, v) for k, v in value.items() if k != key}
    return [_without(key, v) for v in value] if isinstance(value, list | tuple) else value


def _names(config: Any) -> Iterator[str]:
    if isinstance(config, Mapping):
        if isinstance(config.get("name"), str):
            yield config["name"]
        for value in config.values():
            yield from _names(value)
    elif isinstance(config, list | tuple):
        for value in config:
            yield from _names(value)

"""The networks: `build` makes one by its name, `draw_initial_weights` says where it starts."""

import importlib
from collections.abc import Mapping
from typing import Any

import keras

from lossbench.catalog import MODELS
from lossbench.catalog.losses import Head
from lossbench.errors import ShapeError
from lossbench.models.heads import head_layer
from lossbench.models.initial_weights import draw_initial_weights, draw_weight, fingerprint

__all__ = ["build", "draw_initial_weights", "draw_weight", "features", "fingerprint"]


def build(
    name: str,
    params: Mapping[str, Any],
    image_shape: tuple[int, int, int],
    outputs: int,
    head: Head = "classes",
) -> keras.Model:
    """Build a network of the catalogue; its last layer is linear and called "head".

    Args:
        name: canonical name of the network, a key of `MODELS`.
        params: its parameters, as the catalogue lists them.
        image_shape: height, width and channels of an image, in pixels.
        outputs: width of the head, at least 1.
        head: kind of the head; `cosine` and `coral` replace the linear layer.

    Returns:
        A functional model from scaled images, float [batch, height, width, channels], to outputs,
        float [batch, outputs]; of a network for masks, float [batch, height, width, outputs].

    Raises:
        ShapeError: the images are smaller than the network can read, or there is no output.
    """
    row = MODELS[name]
    height, width, _ = image_shape
    if row.series and row.unreadable(image_shape):
        raise ShapeError(
            f"model {name!r}: images of {height} x {width} pixels were given; it reads "
            f"{row.unreadable(image_shape)}. Choose another model."
        )
    if min(height, width) < row.smallest_image and not row.series:
        raise ShapeError(
            f"model {name!r}: images of {height} x {width} pixels are too small; it reads "
            f"{row.smallest_image} x {row.smallest_image} and larger. Choose a smaller model, or "
            f"enlarge the images."
        )
    if outputs < 1:
        raise ShapeError(
            f"model {name!r}: {outputs} outputs were asked for; a head has 1 or more. Check the "
            f"targets of the data set."
        )
    module, function = row.target.split(":")
    maker = getattr(importlib.import_module(f"lossbench.models.{module}"), function)
    model: keras.Model = maker(tuple(image_shape), outputs, **params)
    layer = head_layer(head, outputs)
    return model if layer is None else keras.Model(model.input, layer(features(model)), name=name)


def features(model: keras.Model) -> Any:
    """Return what a network's head reads, the embedding: symbolic float [batch, size]."""
    return model.get_layer("head").input

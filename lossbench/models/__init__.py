"""The networks: `build` makes one by its name, `draw_initial_weights` says where it starts."""

import importlib
from collections.abc import Mapping
from typing import Any

import keras

from lossbench.catalog import MODELS
from lossbench.catalog.losses import Head
from lossbench.catalog.models.kinds import OF_ALL
from lossbench.errors import ShapeError
from lossbench.models.backbone import backbone_of, pretrained_weights
from lossbench.models.heads import head_layer
from lossbench.models.initial_weights import draw_initial_weights, draw_weight, fingerprint
from lossbench.models.plain import plain

__all__ = [
    "backbone_of",
    "build",
    "draw_initial_weights",
    "draw_weight",
    "features",
    "fingerprint",
    "plain",
    "pretrained_weights",
]


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
    if params.get("image_size"):
        height = width = params["image_size"]
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
    own = {key: value for key, value in params.items() if key not in OF_ALL}
    model: keras.Model = maker(tuple(image_shape), outputs, **own)
    return _with_head(model, head_layer(head, outputs), params, name)


def _with_head(
    model: keras.Model, layer: keras.layers.Layer | None, params: Mapping[str, Any], name: str
) -> keras.Model:
    """Return a model with another head, dropout before it and an activation after it."""
    dropout = params.get("dropout", 0.0)
    activation = params.get("output_activation", "linear")
    if layer is None and not dropout and activation == "linear":
        return model
    if layer is None:
        own = model.get_layer("head")
        layer = type(own).from_config(own.get_config())
    x = features(model)
    if dropout:
        x = keras.layers.Dropout(dropout, name="head_dropout")(x)
    x = layer(x)
    if activation != "linear":
        x = keras.layers.Activation(activation, name="output_activation")(x)
    return keras.Model(model.input, x, name=name)


def features(model: keras.Model) -> Any:
    """Return what a network's head reads, the embedding: symbolic float [batch, size]."""
    return model.get_layer("head").input

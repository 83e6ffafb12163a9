"""The networks: `build` makes one by its name, `draw_initial_weights` says where it starts."""

import importlib
from collections.abc import Mapping
from typing import Any, Literal

import keras

from lossbench.catalog import MODELS
from lossbench.catalog.losses import Head
from lossbench.catalog.models.kinds import OF_ALL
from lossbench.errors import ShapeError
from lossbench.models.backbone import backbone_of, is_untrained, pretrained_weights
from lossbench.models.custom import check_outputs
from lossbench.models.heads import head_layer
from lossbench.models.initial_weights import (
    draw_initial_weights,
    draw_weight,
    fingerprint,
    fingerprint_of,
    reset_seed_generators,
)
from lossbench.models.plain import plain
from lossbench.models.preprocessing import preprocessing
from lossbench.models.trainable import (
    as_trained,
    changing_weights,
    on_pooled,
    set_trainable,
    up_to_pooled,
)

__all__ = [
    "as_trained",
    "backbone_of",
    "build",
    "changing_weights",
    "draw_initial_weights",
    "draw_weight",
    "features",
    "fingerprint",
    "fingerprint_of",
    "is_untrained",
    "on_pooled",
    "plain",
    "preprocessing",
    "pretrained_weights",
    "reset_seed_generators",
    "set_trainable",
    "up_to_pooled",
]


def build(
    name: str,
    params: Mapping[str, Any],
    image_shape: tuple[int, int, int],
    outputs: int,
    head: Head = "classes",
    per: Literal["image", "pixel"] = "image",
) -> keras.Model:
    """Build a network of the catalogue; its last layer is linear and called "head".

    With `output_activation: softmax` a layer called "output_activation" follows, on purpose.

    Args:
        name: canonical name of the network, a key of `MODELS`.
        params: its parameters, as the catalogue lists them; what is left out has its default.
        image_shape: height, width and channels of an image, in pixels.
        outputs: width of the head, at least 1.
        head: kind of the head; `cosine` and `coral` replace the linear layer.
        per: what the targets are of, where a network of the user's own may give outputs for both.

    Returns:
        A functional model from scaled images, float [batch, height, width, channels], to outputs,
        float [batch, outputs]; of a network for masks, float [batch, height, width, outputs].

    Raises:
        ShapeError: the images are smaller than the network can read, or there is no output.
        ModelError: the user's own function fails, or what it returns is no network of this form.
    """
    row = MODELS[name]
    params = {k: p.default for k, p in row.params.items() if not p.required} | dict(params)
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
    shared = {key for key, one in OF_ALL.items() if row.params[key] is one}
    own = {key: value for key, value in params.items() if key not in shared}
    if row.backbone:
        own["name"] = name
    model: keras.Model = maker(tuple(image_shape), outputs, **own)
    if row.per == "any":
        check_outputs(model, image_shape, outputs, per, str(params["target"]))
    around = {key: value for key, value in params.items() if key in shared}
    model = _with_head(model, head_layer(head, outputs), around, name)
    if "trainable" in params:
        set_trainable(model, params["trainable"])
    return model


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

"""How scaled images become what a backbone reads: a part of its network, and of its record."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers

from lossbench.catalog import MODELS
from lossbench.catalog.models.kinds import Reads

_IMAGENET_MEAN = (0.485, 0.456, 0.406)  # red, green, blue; of values in [0, 1]
_IMAGENET_SD = (0.229, 0.224, 0.225)
_CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red; of grey levels


def to_what_it_reads(x: Any, reads: Reads) -> Any:
    """Turn grey levels into what a backbone reads.

    The formulas are those of `preprocess_input` in `keras.applications`.

    Args:
        x: symbolic float [batch, height, width, 3], grey levels 0 to 255; where `reads` is unit,
            values in [0, 1] of any number of channels.
        reads: what the backbone reads.
    """
    if reads == "tf":
        return layers.Rescaling(1 / 127.5, -1.0, name="preprocess")(x)
    if reads == "torch":
        scale = [1 / (255 * sd) for sd in _IMAGENET_SD]
        offset = [-mean / sd for mean, sd in zip(_IMAGENET_MEAN, _IMAGENET_SD, strict=True)]
        return _by_channel(scale, offset)(x)
    if reads == "caffe":
        return _by_channel([1.0] * 3, [-mean for mean in _CAFFE_MEAN])(x[..., ::-1])
    return x


def _by_channel(scale: list[float], offset: list[float]) -> layers.Layer:
    """Return a layer that scales and moves each channel by itself."""
    own: dict[str, Any] = {"scale": scale, "offset": offset}  # lists, which the file keeps
    return layers.Rescaling(**own, name="preprocess")


def reads_of(name: str, params: Mapping[str, Any]) -> Reads:
    """Return what the backbone of a network reads."""
    given: Reads = params.get("inputs", MODELS[name].reads)
    return given


def preprocessing(
    model: keras.Model, name: str, params: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return how a network makes images fit its backbone, as plain data; None without a backbone.

    Args:
        model: the network, as `build` made it.
        name: its canonical name.
        params: its parameters.

    Returns:
        `reads`: what the backbone reads, a name of `Reads`; `image_size`: height and width in
        pixels when it reads them; `resized`: how, or null; `channels`: kept or repeated.
    """
    if not MODELS[name].backbone:
        return None
    there = {layer.name: layer for layer in model.layers}
    height, width = (there["resize"].output if "resize" in there else model.input).shape[1:3]
    return {
        "reads": reads_of(name, params),
        "image_size": [height, width],
        "resized": there["resize"].interpolation if "resize" in there else None,
        "channels": "repeated" if "repeat" in there else "kept",
    }

"""A network that was trained before, inside one that ends in a new head.

Every such network has the same layers: "resize" and "repeat" where images must be made to fit, the
"backbone", which is a network itself, "pool", and what the head reads from there on.
"""

from typing import Any

import keras
import numpy as np
from keras import layers

from lossbench.models.initial_weights import weights_by_path

_POOLS = {
    "avg": layers.GlobalAveragePooling2D,
    "max": layers.GlobalMaxPooling2D,
    "flatten": layers.Flatten,
}


def on_backbone(
    backbone: keras.Model,
    image_shape: tuple[int, int, int],
    outputs: int,
    *,
    image_size: int | None,
    pooling: str,
    name: str,
) -> keras.Model:
    """Build a network from scaled images through a backbone to a new linear head.

    Args:
        backbone: reads float images [batch, height, width, 3 or 1] with grey levels 0 to 255, and
            gives maps of features [batch, h, w, channels], or vectors [batch, size].
        image_shape: height, width and channels of an image, in pixels.
        outputs: width of the head.
        image_size: height and width to which images are resized; None leaves them.
        pooling: `avg`, `max` or `flatten`: how a map becomes one vector.
        name: of the network.

    Returns:
        A model from float [batch, height, width, channels] in [0, 1] to float [batch, outputs].
    """
    images = keras.Input(image_shape, name="images")
    x = layers.Rescaling(255.0, name="grey_levels")(images)
    if image_size is not None and image_shape[:2] != (image_size, image_size):
        x = layers.Resizing(image_size, image_size, name="resize")(x)
    if image_shape[2] == 1 and backbone.input_shape[-1] == 3:
        x = layers.Concatenate(name="repeat")([x, x, x])
    backbone.name = "backbone"
    x = backbone(x)
    if len(x.shape) == 4:
        x = _POOLS[pooling](name="pool")(x)
    else:
        x = layers.Identity(name="pool")(x)
    return keras.Model(images, layers.Dense(outputs, name="head")(x), name=name)


def backbone_of(model: keras.Model) -> keras.Model | None:
    """Return the backbone of a network, or None where it has none."""
    found = [layer for layer in model.layers if layer.name == "backbone"]
    return found[0] if found else None


def pretrained_weights(model: keras.Model) -> dict[str, np.ndarray[Any, Any]]:
    """Return copies of the weights that a network's backbone brings along, by path; {} for none."""
    backbone = backbone_of(model)
    return {} if backbone is None else weights_by_path(model, backbone)

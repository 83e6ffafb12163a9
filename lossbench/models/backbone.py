"""A network that was trained before, inside one that ends in a new head.

Every such network has the same layers: "resize" and "repeat" where images must be made to fit, the
"backbone", which is a network itself, "pool", and what the head reads from there on.
"""

from typing import Any

import keras
import numpy as np
from keras import layers

from lossbench.catalog.models.kinds import Reads
from lossbench.errors import ShapeError
from lossbench.models.initial_weights import undrawn_weights, weights_by_path
from lossbench.models.preprocessing import to_what_it_reads

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
    name: str,
    image_size: int | None = None,
    trainable: object = "none",
    pooling: str = "avg",
    reads: Reads = "grey_levels",
    untrained: bool = False,
) -> keras.Model:
    """Build a network from scaled images through a backbone to a new linear head.

    Args:
        backbone: reads float images [batch, height, width, 3 or 1], and gives maps of features
            [batch, h, w, channels], or vectors [batch, size].
        image_shape: height, width and channels of an image, in pixels.
        outputs: width of the head.
        name: of the network.
        image_size: height and width to which images are resized; None leaves them.
        trainable: what of the backbone is trained; its layers are marked accordingly.
        pooling: `avg`, `max` or `flatten`: how a map becomes one vector.
        reads: what the backbone reads; grey levels are 0 to 255.
        untrained: whether the backbone's weights are drawn like those of other networks.

    Returns:
        A model from float [batch, height, width, channels] in [0, 1] to float [batch, outputs].

    Raises:
        ShapeError: the backbone gives neither maps nor vectors.
    """
    x = images = keras.Input(image_shape, name="images")
    if reads != "unit":
        x = layers.Rescaling(255.0, name="grey_levels")(x)
    if image_size is not None and image_shape[:2] != (image_size, image_size):
        x = layers.Resizing(image_size, image_size, name="resize")(x)
    if image_shape[2] == 1 and backbone.input_shape[-1] == 3:
        x = layers.Concatenate(name="repeat")([x, x, x])
    backbone.name = "backbone"
    backbone.untrained = untrained
    x = backbone(to_what_it_reads(x, reads))
    if len(x.shape) == 4:
        x = _POOLS[pooling](name="pool")(x)
    elif len(x.shape) == 2:
        x = layers.Identity(name="pool")(x)
    else:
        raise ShapeError(
            f"model {name!r}: its backbone gives {len(x.shape)} axes; maps [batch, height, width, "
            f"channels] and vectors [batch, size] are accepted. Cut it at another layer."
        )
    backbone.trainable = trainable != "none"
    return keras.Model(images, layers.Dense(outputs, name="head")(x), name=name)


def backbone_of(model: keras.Model) -> keras.Model | None:
    """Return the backbone of a network, or None where it has none."""
    found = [layer for layer in model.layers if layer.name == "backbone"]
    return found[0] if found else None


def is_untrained(model: keras.Model) -> bool:
    """Whether a network has a backbone whose weights are drawn; a custom network's are as given."""
    return bool(getattr(backbone_of(model), "untrained", False))


def pretrained_weights(model: keras.Model) -> dict[str, np.ndarray[Any, Any]]:
    """Return copies of the weights that a network's backbone brings along, by path; {} for none.

    An untrained backbone brings along what is not drawn: constants such as a channel's mean.
    """
    backbone = backbone_of(model)
    if backbone is None:
        return {}
    if is_untrained(model):
        return undrawn_weights(model)
    return weights_by_path(model, backbone)

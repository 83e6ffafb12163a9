"""A network made of Keras's own layers alone, so that it loads without lossbench."""

from typing import Any

import keras
import numpy as np
from keras import layers

from lossbench.models.heads import Cosine, SharedSlope


def plain(
    network: keras.Model, center: np.ndarray | None = None, scale: np.ndarray | None = None
) -> keras.Model:
    """Return a network that computes the same and holds no layer of lossbench's own.

    A cosine head becomes a normalisation and a linear layer whose columns have length 1; one slope
    for all steps becomes a linear layer of equal columns. Its weights are copies there; all other
    layers are shared with the given network.

    Args:
        network: ends in the layer "head", perhaps with an activation after it.
        center: with `scale`, what is added to the outputs after they are multiplied, [outputs];
            None leaves them.
        scale: what outputs are multiplied by, [outputs].

    Returns:
        A functional model with the same input; its outputs differ from the network's by rounding
        alone.
    """
    head = network.get_layer("head")
    if not isinstance(head, Cosine | SharedSlope) and center is None:
        return network
    x = _read_out(head)
    for after in network.layers[network.layers.index(head) + 1 :]:
        x = after(x)
    if center is not None and scale is not None:
        own: dict[str, Any] = {"scale": scale.tolist(), "offset": center.tolist()}
        x = layers.Rescaling(**own, name="target_units")(x)
    return keras.Model(network.input, x, name=network.name)


def _read_out(head: keras.layers.Layer) -> Any:
    """Return the outputs of a head, symbolic, computed by layers of Keras's own."""
    if isinstance(head, Cosine):
        kernel = np.array(head.kernel)
        norms = np.sqrt(np.maximum(np.square(kernel).sum(axis=0, keepdims=True), 1e-12))
        x = layers.UnitNormalization(name="head_unit")(head.input)
        linear = layers.Dense(head.outputs, use_bias=False, name="head")
        x = linear(x)
        linear.set_weights([kernel / norms])
        return x
    if isinstance(head, SharedSlope):
        linear = layers.Dense(head.outputs, name="head")
        x = linear(head.input)
        linear.set_weights([np.tile(head.kernel, (1, head.outputs)), np.array(head.bias)])
        return x
    return head.output

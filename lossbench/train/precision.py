"""Mixed precision: arithmetic of layers in half precision, all else in single precision.

Layers are told one by one after a network is built, so that networks that were read from a file
follow, too, and no global policy can reach the next job of a process.
"""

from collections.abc import Iterator

import keras

FULL = "float32"


def apply(network: keras.Model, precision: str) -> None:
    """Let the layers of a network compute in a precision; the head, and what follows it, do not.

    Weights stay in single precision whatever layers compute in.

    Args:
        network: ends in the layer "head", or what follows it.
        precision: float32, mixed_float16 or mixed_bfloat16.

    Source:
        Micikevicius et al. 2018, arXiv:1710.03740: half-precision arithmetic with weights, sums
        and losses in single precision.
    """
    if precision == FULL:
        return
    names = [layer.name for layer in network.layers]
    from_head = names[names.index("head") :]
    for layer in _layers(network):
        layer.dtype_policy = FULL if layer.name in from_head else precision


def of(network: keras.Model) -> str:
    """Return the precision that a network's layers compute in."""
    found = {layer.dtype_policy.name for layer in _layers(network)} - {FULL}
    return found.pop() if found else FULL


def _layers(network: keras.Model) -> Iterator[keras.layers.Layer]:
    """Yield the layers of a network, those of networks inside it in their place."""
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        elif not isinstance(layer, keras.layers.InputLayer):
            yield layer

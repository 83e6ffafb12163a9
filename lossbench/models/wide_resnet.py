"""Wide residual networks: few layers, many channels."""

from typing import Any

import keras
from keras import layers

_NARROW = 16
"""Channels of the first convolution, and of the first stage at width 1."""


def build(
    image_shape: tuple[int, int, int], outputs: int, *, depth: int, width: int, dropout: float
) -> keras.Model:
    """Build a wide residual network for small images: three stages of blocks B(3, 3).

    A block normalises before it convolves; the stages have 16, 32 and 64 channels times the width,
    and the second and third halve the image.

    Args:
        image_shape: height, width and channels of an image, in pixels; at least 8 x 8.
        outputs: width of the head.
        depth: number of convolutions on the way, 6 n + 4 for n blocks a stage; shortcuts that
            convolve count as three of them.
        width: factor on the number of channels.
        dropout: share of values dropped between the two convolutions of each block.

    Returns:
        A model from float [batch, height, width, channels] to float [batch, outputs]; 2,748,890
        trainable parameters at depth 16 and width 4 for images of 32 x 32 x 3 and 10 outputs.

    Source:
        Zagoruyko & Komodakis 2016, arXiv:1605.07146, sections 2 and 2.4, table 1. Departures:
        none in the layers; the head starts as Keras starts it, with Glorot's weights and zeros.
    """
    images = keras.Input(image_shape, name="images")
    x = _conv(images, _NARROW, 3, 1, "stem_conv")
    for stage in (1, 2, 3):
        channels = _NARROW * width * 2 ** (stage - 1)
        for block in range(1, (depth - 4) // 6 + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            x = _block(x, channels, stride, dropout, f"stage_{stage}_block_{block}")
    x = _normalised(x, "last")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(images, layers.Dense(outputs, name="head")(x), name="wide_resnet")


def _block(x: Any, channels: int, stride: int, dropout: float, name: str) -> Any:
    """Add two convolutions to what went in; where the shape changes, to a 1x1 convolution of it."""
    read = _normalised(x, f"{name}_1")
    y = _conv(read, channels, 3, stride, f"{name}_1_conv")
    y = _normalised(y, f"{name}_2")
    if dropout:
        y = layers.Dropout(dropout, name=f"{name}_dropout")(y)
    y = _conv(y, channels, 3, 1, f"{name}_2_conv")
    changes = stride > 1 or x.shape[-1] != channels
    # As in the released code, a shortcut that convolves reads what is normalised already.
    shortcut = _conv(read, channels, 1, stride, f"{name}_shortcut") if changes else x
    return layers.Add(name=f"{name}_add")([y, shortcut])


def _normalised(x: Any, name: str) -> Any:
    """Apply batch normalisation, then ReLU."""
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)


def _conv(x: Any, channels: int, size: int, stride: int, name: str) -> Any:
    """Apply a convolution without bias that keeps the size, or halves it on even pixels."""
    if size > 1:
        x = layers.ZeroPadding2D(size // 2, name=f"{name}_pad")(x)
    return layers.Conv2D(
        channels,
        size,
        strides=stride,
        use_bias=False,
        kernel_initializer="he_normal",
        name=name,
    )(x)

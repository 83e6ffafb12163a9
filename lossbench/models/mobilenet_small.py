"""A small network of inverted residuals: MobileNetV2's blocks, for small images."""

from typing import Any, NamedTuple

import keras
from keras import layers


class _Stage(NamedTuple):
    expansion: int
    channels: int
    blocks: int
    stride: int


_STEM = 16
_STAGES = (_Stage(1, 16, 1, 1), _Stage(6, 24, 2, 1), _Stage(6, 32, 3, 2), _Stage(6, 64, 3, 2))
_LAST = 256


def build(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build four stages of inverted residuals with 16, 24, 32 and 64 channels, and a linear head.

    A block widens its channels sixfold, convolves each of them by itself, and narrows them again
    without an activation.

    Args:
        image_shape: height, width and channels of an image, in pixels; at least 8 x 8.
        outputs: width of the head.

    Returns:
        A model from float [batch, height, width, channels] to float [batch, outputs]; 203,658
        trainable parameters for images of 32 x 32 x 3 and 10 outputs.

    Source:
        The blocks are those of Sandler et al. 2018, arXiv:1801.04381, section 3 and figure 4.
        Departures: fewer and narrower stages (table 2 has seven, up to 320 channels); the stem and
        the second stage keep the size, so that images of 32 x 32 are halved twice and not five
        times; no dropout unless asked for.
    """
    images = keras.Input(image_shape, name="images")
    x = _normalised(_conv(images, _STEM, 3, "stem_conv"), "stem", active=True)
    for number, stage in enumerate(_STAGES, start=1):
        for block in range(1, stage.blocks + 1):
            stride = stage.stride if block == 1 else 1
            x = _block(x, stage, stride, f"stage_{number}_block_{block}")
    x = _normalised(_conv(x, _LAST, 1, "last_conv"), "last", active=True)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(images, layers.Dense(outputs, name="head")(x), name="mobilenet_small")


def _block(x: Any, stage: _Stage, stride: int, name: str) -> Any:
    """Widen, convolve each channel, narrow; add what went in where the shape is the same."""
    y = x
    if stage.expansion > 1:
        y = _conv(y, x.shape[-1] * stage.expansion, 1, f"{name}_widen")
        y = _normalised(y, f"{name}_widen", active=True)
    y = layers.ZeroPadding2D(1, name=f"{name}_pad")(y)
    y = layers.DepthwiseConv2D(
        3,
        strides=stride,
        use_bias=False,
        # Each output reads 9 values: He's variance with that fan, which Keras counts as fan_out.
        depthwise_initializer=keras.initializers.VarianceScaling(2.0, "fan_out"),
        name=f"{name}_depthwise",
    )(y)
    y = _normalised(y, f"{name}_depthwise", active=True)
    y = _normalised(_conv(y, stage.channels, 1, f"{name}_narrow"), f"{name}_narrow", active=False)
    if stride == 1 and x.shape[-1] == stage.channels:
        y = layers.Add(name=f"{name}_add")([x, y])
    return y


def _conv(x: Any, channels: int, size: int, name: str) -> Any:
    """Apply a convolution without bias that keeps the size."""
    return layers.Conv2D(
        channels, size, padding="same", use_bias=False, kernel_initializer="he_normal", name=name
    )(x)


def _normalised(x: Any, name: str, *, active: bool) -> Any:
    """Apply batch normalisation and, where asked for, ReLU cut off at 6."""
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    return layers.ReLU(max_value=6.0, name=f"{name}_relu")(x) if active else x

"""Residual networks in the form for small images."""

from typing import Any

import keras
from keras import layers

_STAGE_WIDTHS = (16, 32, 64)


def resnet20(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build the 20-layer residual network for CIFAR: three stages of 16, 32 and 64 channels.

    Args:
        image_shape: height, width and channels of an image, in pixels; at least 8 x 8.
        outputs: width of the head.

    Returns:
        A model from float [batch, height, width, channels] to float [batch, outputs]; 269,722
        trainable parameters for images of 32 x 32 x 3 and 10 outputs.

    Source:
        He et al. 2016, arXiv:1512.03385, section 4.2, with shortcuts of option A. Departures:
        none in the layers; the paper gives no epsilon and momentum of batch normalisation, which
        are 1e-5 and 0.9 here.
    """
    return _network(3, image_shape, outputs, "resnet20")


def resnet32(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build the 32-layer form of `resnet20`: five blocks a stage in place of three.

    Args:
        image_shape: height, width and channels of an image, in pixels; at least 8 x 8.
        outputs: width of the head.

    Returns:
        A model from float [batch, height, width, channels] to float [batch, outputs]; 464,154
        trainable parameters for images of 32 x 32 x 3 and 10 outputs.

    Source:
        As that of `resnet20`.
    """
    return _network(5, image_shape, outputs, "resnet32")


def resnet56(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build the 56-layer form of `resnet20`: nine blocks a stage in place of three.

    Args:
        image_shape: height, width and channels of an image, in pixels; at least 8 x 8.
        outputs: width of the head.

    Returns:
        A model from float [batch, height, width, channels] to float [batch, outputs]; 853,018
        trainable parameters for images of 32 x 32 x 3 and 10 outputs.

    Source:
        As that of `resnet20`.
    """
    return _network(9, image_shape, outputs, "resnet56")


def _network(
    blocks: int, image_shape: tuple[int, int, int], outputs: int, name: str
) -> keras.Model:
    """Build a residual network of as many blocks in each of its three stages."""
    images = keras.Input(image_shape, name="images")
    x = _normalised_conv(images, _STAGE_WIDTHS[0], 1, "stem")
    x = layers.ReLU(name="stem_relu")(x)
    for stage, width in enumerate(_STAGE_WIDTHS, start=1):
        for block in range(1, blocks + 1):
            halve = stage > 1 and block == 1
            x = _block(x, width, halve, f"stage_{stage}_block_{block}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    head = layers.Dense(outputs, kernel_initializer="he_normal", name="head")
    return keras.Model(images, head(x), name=name)


def _block(x: Any, width: int, halve: bool, name: str) -> Any:
    """Add two convolutions to what went in; `halve` halves the image and doubles the channels."""
    y = _normalised_conv(x, width, 2 if halve else 1, f"{name}_1")
    y = layers.ReLU(name=f"{name}_1_relu")(y)
    y = _normalised_conv(y, width, 1, f"{name}_2")
    shortcut = _shortcut_a(x, f"{name}_shortcut") if halve else x
    y = layers.Add(name=f"{name}_add")([y, shortcut])
    return layers.ReLU(name=f"{name}_relu")(y)


def _normalised_conv(x: Any, width: int, stride: int, name: str) -> Any:
    """Apply a 3x3 convolution without bias, then batch normalisation."""
    # Padding by one pixel on every side keeps the strided grid on even pixels, as in the paper and
    # as in the shortcut; "same" would put it on odd ones for images of even size.
    x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    x = layers.Conv2D(
        width,
        3,
        strides=stride,
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)


def _shortcut_a(x: Any, name: str) -> Any:
    """Take every second pixel and append as many channels of zeros: no parameters."""
    x = layers.AveragePooling2D(1, strides=2, padding="same", name=f"{name}_every_second")(x)
    zeros = layers.Rescaling(0.0, name=f"{name}_zeros")(x)
    return layers.Concatenate(name=f"{name}_widen")([x, zeros])

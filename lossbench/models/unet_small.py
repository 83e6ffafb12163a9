"""A small U-Net: outputs for each pixel, from the pixel's surroundings near and far."""

from typing import Any

import keras
from keras import layers

_WIDTHS = (16, 32)
_BOTTOM = 64


def build(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build a U-Net of two steps down and up, with 16, 32 and 64 channels.

    Each step has two 3x3 convolutions; max pooling halves the image on the way down, rounding up,
    and each pixel is repeated in twos on the way up. Sides that do not divide by 4 lose the
    surplus row and column there, so that images of every size come out as large as they were.

    Args:
        image_shape: height, width and channels of an image, in pixels; at least 8 x 8.
        outputs: width of the head, for each pixel.

    Returns:
        A model from float [batch, height, width, channels] to float [batch, height, width,
        outputs]; 117,985 parameters for images of one channel and 1 output.

    Source:
        Ronneberger et al. 2015, arXiv:1505.04597. Departures: two steps of 16 and 32 channels in
        place of four of 64 to 512; convolutions keep the size; repeated pixels in place of
        transposed convolutions; no dropout.
    """
    images = keras.Input(image_shape, name="images")
    x, skips = images, []
    for step, width in enumerate(_WIDTHS, start=1):
        x = _twice(x, width, f"down_{step}")
        skips.append(x)
        x = layers.MaxPooling2D(2, padding="same", name=f"down_{step}_pool")(x)
    x = _twice(x, _BOTTOM, "bottom")
    for step, skip in reversed(list(enumerate(skips, start=1))):
        x = layers.UpSampling2D(2, name=f"up_{step}_repeat")(x)
        surplus = [(0, x.shape[axis] - skip.shape[axis]) for axis in (1, 2)]
        x = layers.Cropping2D(surplus, name=f"up_{step}_crop")(x)
        x = layers.Concatenate(name=f"up_{step}_join")([skip, x])
        x = _twice(x, _WIDTHS[step - 1], f"up_{step}")
    return keras.Model(images, layers.Conv2D(outputs, 1, name="head")(x), name="unet_small")


def _twice(x: Any, width: int, name: str) -> Any:
    """Apply two 3x3 convolutions with ReLU."""
    for number in (1, 2):
        x = layers.Conv2D(
            width,
            3,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",
            name=f"{name}_conv_{number}",
        )(x)
    return x

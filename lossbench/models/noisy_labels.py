"""The two networks of the papers on noisy labels, as their released code builds them."""

from typing import Any

import keras
from keras import layers


def vgg_small(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build the 8-layer network for CIFAR: three pairs of 3x3 convolutions, a hidden layer of 256.

    The pairs have 64, 128 and 196 channels; max pooling ends each of them.

    Args:
        image_shape: height, width and channels of an image, in pixels; at least 8 x 8.
        outputs: width of the head.

    Returns:
        A model from float [batch, height, width, channels] to float [batch, outputs]; 1,639,794
        trainable parameters for images of 32 x 32 x 3 and 10 outputs.

    Source:
        Ma et al. 2020, arXiv:2006.13554, section 4.2, and their code, github.com/HanxunH/
        Active-Passive-Losses; from Wang et al. 2019, arXiv:1908.06112, section 4.1. Departures:
        biases start at 0, and not at PyTorch's small random values.
    """
    return _network((64, 128, 196), 2, 256, image_shape, outputs, "vgg_small")


def cnn4(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build the 4-layer network for MNIST: two 3x3 convolutions, a hidden layer of 128.

    The convolutions have 32 and 64 channels; max pooling follows each of them.

    Args:
        image_shape: height, width and channels of an image, in pixels; at least 4 x 4.
        outputs: width of the head.

    Returns:
        A model from float [batch, height, width, channels] to float [batch, outputs]; 422,090
        trainable parameters for images of 28 x 28 x 1 and 10 outputs.

    Source:
        Ma et al. 2020, arXiv:2006.13554, section 4.2, and their code, github.com/HanxunH/
        Active-Passive-Losses. Departures: biases start at 0, and not at PyTorch's small random
        values.
    """
    return _network((32, 64), 1, 128, image_shape, outputs, "cnn4")


def _network(
    widths: tuple[int, ...],
    repeats: int,
    hidden: int,
    image_shape: tuple[int, int, int],
    outputs: int,
    name: str,
) -> keras.Model:
    """Build blocks of convolutions that end in pooling, one hidden layer and a linear head."""
    x = images = keras.Input(image_shape, name="images")
    for block, width in enumerate(widths, start=1):
        for number in range(1, repeats + 1):
            at = f"block_{block}_conv_{number}"
            convolution = layers.Conv2D(
                width, 3, padding="same", kernel_initializer="he_uniform", name=at
            )
            x = _normalised(convolution(x), at)
        x = layers.MaxPooling2D(2, name=f"block_{block}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = _normalised(layers.Dense(hidden, name="hidden")(x), "hidden")
    return keras.Model(images, layers.Dense(outputs, name="head")(x), name=name)


def _normalised(x: Any, name: str) -> Any:
    """Apply batch normalisation with PyTorch's constants, then ReLU."""
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    return layers.ReLU(name=f"{name}_relu")(x)

"""LeNet-5, the network with which convolutions began to read digits."""

import keras
from keras import layers

_FULL_SIZE = 32
"""Height and width that the paper's network reads; smaller images get a margin."""


def build(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build LeNet-5: two 5x5 convolutions with average pooling, layers of 120 and 84, tanh.

    Images below 32 x 32 get a margin of two pixels of 0, as the paper's digits of 28 x 28 have.

    Args:
        image_shape: height, width and channels of an image, in pixels; at least 12 x 12.
        outputs: width of the head.

    Returns:
        A model from float [batch, height, width, channels] to float [batch, outputs]; 61,706
        parameters for images of 28 x 28 x 1 or 32 x 32 x 1 and 10 outputs.

    Source:
        LeCun et al. 1998, "Gradient-based learning applied to document recognition", section II.B.
        Departures: C3 reads all maps of S2 and not a table of them; subsampling has no trainable
        coefficient, bias and squashing; tanh in place of 1.7159 tanh(2/3 x); a linear head in
        place of radial basis functions; Glorot's initial weights. No ReLU and no max pooling.
    """
    images = keras.Input(image_shape, name="images")
    margin = 2 if min(image_shape[:2]) < _FULL_SIZE else 0
    x = layers.ZeroPadding2D(margin, name="margin")(images)
    x = layers.Conv2D(6, 5, activation="tanh", name="c1")(x)
    x = layers.AveragePooling2D(2, name="s2")(x)
    x = layers.Conv2D(16, 5, activation="tanh", name="c3")(x)
    x = layers.AveragePooling2D(2, name="s4")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(120, activation="tanh", name="c5")(x)
    x = layers.Dense(84, activation="tanh", name="f6")(x)
    return keras.Model(images, layers.Dense(outputs, name="head")(x), name="lenet5")

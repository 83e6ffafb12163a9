"""The network of plain vectors: two hidden layers, all connected."""

import keras
from keras import layers


def build(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build two hidden layers of 64 and a linear head; images of any shape are flattened.

    Args:
        image_shape: height, width and channels of an image; vectors have width and channels 1.
        outputs: width of the head.

    Returns:
        A model from float [batch, height, width, channels] to float [batch, outputs]; 4,545
        parameters for vectors of 4 and one output.

    Source:
        None; made for lossbench.
    """
    images = keras.Input(image_shape, name="images")
    x = layers.Flatten(name="flatten")(images)
    x = layers.Dense(64, activation="relu", name="hidden_1")(x)
    x = layers.Dense(64, activation="relu", name="hidden_2")(x)
    return keras.Model(images, layers.Dense(outputs, name="head")(x), name="mlp")

"""A small network for series: convolutions along time, and what they find on which day."""

import keras
from keras import layers


def build(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build two convolutions over 5 steps of time, a hidden layer of 64, and a linear head.

    There is no pooling: when something happened matters as much as what.

    Args:
        image_shape: length of the series, 1, and channels; at least 8 long.
        outputs: width of the head.

    Returns:
        A model from float [batch, length, 1, channels] to float [batch, outputs]; 30,193
        parameters for series of 28 x 1 x 1 and one output.

    Source:
        None; made for lossbench.
    """
    images = keras.Input(image_shape, name="images")
    x = layers.Reshape((image_shape[0], image_shape[2]), name="series")(images)
    x = layers.Conv1D(16, 5, padding="same", activation="relu", name="conv_1")(x)
    x = layers.Conv1D(16, 5, padding="same", activation="relu", name="conv_2")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(64, activation="relu", name="hidden")(x)
    return keras.Model(images, layers.Dense(outputs, name="head")(x), name="conv1d_small")

"""The tutorials' network: two convolutions with pooling and one hidden layer."""

import keras
from keras import layers


def build(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build two 3x3 convolutions with max pooling, a hidden layer of 128, and a linear head.

    Args:
        image_shape: height, width and channels of an image, in pixels; at least 10 x 10.
        outputs: width of the head.

    Returns:
        A model from float [batch, height, width, channels] to float [batch, outputs]; 225,034
        parameters for images of 28 x 28 x 1 and 10 outputs.

    Source:
        The network of the common Keras tutorials. Departures: the head is linear.
    """
    images = keras.Input(image_shape, name="images")
    x = layers.Conv2D(32, 3, activation="relu", name="conv_1")(images)
    x = layers.MaxPooling2D(2, name="pool_1")(x)
    x = layers.Conv2D(64, 3, activation="relu", name="conv_2")(x)
    x = layers.MaxPooling2D(2, name="pool_2")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(128, activation="relu", name="hidden")(x)
    return keras.Model(images, layers.Dense(outputs, name="head")(x), name="seed_cnn")

"""The smallest network that still learns: for tests and quick looks."""

import keras
from keras import layers


def build(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build two strided 3x3 convolutions, global average pooling and a linear head.

    Args:
        image_shape: height, width and channels of an image, in pixels; at least 8 x 8.
        outputs: width of the head.

    Returns:
        A model from float [batch, height, width, channels] to float [batch, outputs]; 1,418
        parameters for images of one channel and 10 outputs.

    Source:
        None; made for lossbench.
    """
    images = keras.Input(image_shape, name="images")
    x = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name="conv_1")(images)
    x = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu", name="conv_2")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(images, layers.Dense(outputs, name="head")(x), name="tiny_cnn")

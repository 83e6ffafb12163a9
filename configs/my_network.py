"""A network of one's own, for own-network.yaml: convolutions that look ever further apart."""

from keras import Input, Model, layers


def dilated(image_shape, outputs, width=16, depth=3):
    """Return a keras.Model from images of this shape to as many outputs, the last layer linear."""
    x = images = Input(image_shape)
    for step in range(depth):
        # Layers need no names: lossbench counts them itself, so that weights stay the same.
        x = layers.Conv2D(
            width,
            3,
            dilation_rate=2**step,
            padding="same",
            activation="relu",
            kernel_initializer="he_normal",  # or another that NumPy can draw: see the README
        )(x)
    x = layers.AveragePooling2D(4)(x)
    x = layers.Flatten()(x)
    return Model(images, layers.Dense(outputs)(x))  # no softmax: losses take raw outputs

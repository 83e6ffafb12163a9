"""A small network that tests train and then use as a backbone.

It has batch normalisation, dropout and a skip, reads grey levels 0 to 255 and ends in 12 maps.
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers

from lossbench import datasets


def small_backbone(channels: int = 1) -> keras.Model:
    """A functional model from [batch, height, width, channels] to a map of features."""
    images = keras.Input((None, None, channels), name="image")
    x = layers.Rescaling(1 / 255, name="scale")(images)
    x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="conv1")(x)
    x = layers.BatchNormalization(name="bn1", momentum=0.9)(x)
    x = layers.ReLU(name="relu1")(x)
    x = layers.Dropout(0.1, name="drop1")(x)
    y = layers.Conv2D(8, 3, padding="same", use_bias=False, name="conv2")(x)
    y = layers.BatchNormalization(name="bn2", momentum=0.9)(y)
    x = layers.Add(name="add")([x, y])
    x = layers.SpatialDropout2D(0.1, name="drop2")(x)
    x = layers.Conv2D(12, 3, strides=2, padding="same", name="conv3")(x)
    x = layers.ReLU(name="relu3")(x)
    return keras.Model(images, x, name="small_backbone")


def pretrain(path: Path, epochs: int = 8) -> Path:
    """Train the backbone to tell digits apart and save it without its head."""
    keras.utils.set_random_seed(7)
    part = datasets.load("mnist_mini", {"subset": 1000}).train
    backbone = small_backbone()
    x = layers.Dense(10)(layers.GlobalAveragePooling2D()(backbone.output))
    whole = keras.Model(backbone.input, x)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    whole.compile(keras.optimizers.Adam(0.01), loss)
    images = np.asarray(part.images).astype("float32")
    whole.fit(images, part.targets, batch_size=64, epochs=epochs, verbose=0)
    backbone.save(path)
    return path

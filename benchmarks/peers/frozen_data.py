"""Data, losses and network of the scripts with a frozen network."""

import os
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

IMAGE_SIZE = 96
WEIGHTS = "efficientnet_lite0_imagenet_notop.keras"


def focal(y_true, y_pred, gamma=2.0):
    """Cross-entropy in which examples that are already right count less."""
    log_p = ops.log_softmax(y_pred)
    p = ops.exp(log_p)
    return -ops.sum(y_true * (1 - p) ** gamma * log_p, axis=-1)


def brier(y_true, y_pred):
    """Squared distance of the probabilities to the one-hot label."""
    return ops.sum(ops.square(ops.softmax(y_pred) - y_true), axis=-1)


LOSSES = {
    "cross_entropy": keras.losses.CategoricalCrossentropy(from_logits=True),
    "label_smoothing": keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    "focal": focal,
    "brier": brier,
}


def load(n_images):
    """Return train, validation and test as pairs of images, 0 to 255, and one-hot labels."""
    with np.load(Path(os.environ["LOSSBENCH_DATA"]) / "cifar10-subset.npz") as file:
        x, y = file["x_train"][:n_images], file["y_train"][:n_images]
        x_test, y_test = file["x_test"], file["y_test"]
    y, y_test = (keras.utils.to_categorical(a, 10) for a in (y, y_test))
    n_train = n_images - n_images // 10
    return (x[:n_train], y[:n_train]), (x[n_train:], y[n_train:]), (x_test, y_test)


def network():
    """Return the frozen network with a new head, as the guide on transfer learning builds it."""
    backbone = keras.saving.load_model(Path(os.environ["LOSSBENCH_DATA"]) / WEIGHTS, compile=False)
    backbone.trainable = False
    images = keras.Input((32, 32, 3))
    x = layers.Resizing(IMAGE_SIZE, IMAGE_SIZE)(images)
    x = backbone(x, training=False)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(images, layers.Dense(10)(x))

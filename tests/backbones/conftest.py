"""Small networks of every kind that a `.keras` file may hold, saved once."""

from collections.abc import Callable
from pathlib import Path

import keras
import pytest
from keras import layers


@keras.saving.register_keras_serializable("theirs")
class Doubled(layers.Layer):
    """A layer of somebody's own."""

    def call(self, x):
        return 2 * x


def _features(x):
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(x)
    return layers.GlobalAveragePooling2D(name="gap")(x)


def _functional(make, shape=(None, None, 3)):
    images = keras.Input(shape, name="images")
    return keras.Model(images, make(images), name="theirs")


def _two_inputs():
    a, b = keras.Input((8, 8, 3), name="a"), keras.Input((8, 8, 3), name="b")
    return keras.Model([a, b], layers.Add(name="sum")([a, b]))


def _two_outputs():
    images = keras.Input((8, 8, 3), name="images")
    x = _features(images)
    return keras.Model(images, [layers.Dense(2, name="one")(x), layers.Dense(3, name="two")(x)])


def _shared():
    images = keras.Input((8, 8, 3), name="images")
    conv = layers.Conv2D(3, 3, padding="same", name="twice")
    return keras.Model(images, conv(conv(images)))


def _inside(activation):
    inner = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, activation=activation, name="fc")], name="inner"
    )
    return _functional(lambda x: inner(_features(x)))


def _of_cosines():
    def make(x):
        x = layers.UnitNormalization(name="head_unit")(_features(x))
        return layers.Dense(3, use_bias=False, name="head")(x)

    return _functional(make, (8, 8, 3))


MADE: dict[str, Callable[[], keras.Model]] = {
    "map": lambda: _functional(layers.Conv2D(4, 3, name="conv")),
    "vector": lambda: _functional(_features),
    "head": lambda: _functional(lambda x: layers.Dense(5, name="fc")(_features(x))),
    "scaled_head": lambda: _functional(
        lambda x: layers.Rescaling(3.0)(layers.Dense(5, name="fc")(_features(x)))
    ),
    "softmax": lambda: _functional(
        lambda x: layers.Dense(5, activation="softmax", name="fc")(_features(x))
    ),
    "late_softmax": lambda: _functional(
        lambda x: layers.Softmax(name="probabilities")(layers.Dense(5, name="fc")(_features(x)))
    ),
    "sigmoid": lambda: keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, name="conv"),
            layers.Flatten(name="flat"),
            layers.Dense(1, activation="sigmoid", name="yes"),
        ]
    ),
    "sequential": lambda: keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, name="conv"),
            layers.Flatten(name="flat"),
            layers.Dense(10, name="fc"),
        ]
    ),
    "lambda": lambda: _functional(lambda x: layers.Lambda(lambda y: 2 * y, name="trick")(x)),
    "custom": lambda: _functional(lambda x: Doubled(name="mine")(_features(x))),
    "two_inputs": _two_inputs,
    "two_outputs": _two_outputs,
    "vectors": lambda: _functional(layers.Dense(2, name="fc"), (7,)),
    "rows": lambda: _functional(layers.Reshape((36, 4), name="rows"), (12, 12, 1)),
    "many_channels": lambda: _functional(_features, (8, 8, 5)),
    "shared": _shared,
    "inside": lambda: _inside("softmax"),
    "linear_inside": lambda: _inside(None),
    "of_cosines": _of_cosines,
}


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the file of a network by its name in MADE."""
    folder = tmp_path_factory.mktemp("keras_files")

    def path(name: str) -> Path:
        file = folder / f"{name}.keras"
        if not file.exists():
            MADE[name]().save(file)
        return file

    return path

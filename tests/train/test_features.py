"""Features of a frozen network: those of the uncached network, whoever computes them and when."""

import importlib.util
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import layers

from lossbench import datasets
from lossbench.datasets.rows import Stack
from lossbench.train import features
from lossbench.train.features import image_hashes, load_features


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


@pytest.fixture(scope="module")
def images():
    """300 digits, uint8 [300, 28, 28, 1]."""
    return np.asarray(datasets.load("mnist_mini", {}).train.images)[:300]


@pytest.fixture(scope="module")
def frozen(images):
    """A network with batch normalisation and dropout that has been trained, up to its pooling."""
    keras.utils.set_random_seed(3)
    given = keras.Input((28, 28, 1))
    x = layers.Conv2D(8, 3, strides=2, use_bias=False)(given)
    x = layers.BatchNormalization()(x)
    x = layers.ReLU(max_value=6)(x)
    x = layers.Dropout(0.5)(x)
    x = layers.DepthwiseConv2D(3, use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    x = layers.GlobalAveragePooling2D()(x)
    whole = keras.Model(given, layers.Dense(1)(x))
    whole.compile(keras.optimizers.SGD(0.05), "mse")
    mean = images.mean((1, 2, 3)) / 50
    whole.fit(images / np.float32(255), mean, batch_size=50, epochs=2, verbose=0)
    return keras.Model(given, x)


def ignore(done, total):
    pass


def uncached(frozen, images):
    return frozen.predict(images.astype("float32") / 255, verbose=0)


def test_they_are_those_of_the_network_in_the_order_of_the_images(frozen, images):
    told = []
    found = load_features(
        frozen,
        Stack([images[:100], images[100:]]),
        {"key": 1},
        note=lambda *counts: told.append(counts),
    )
    expected = uncached(frozen, images)
    assert (found.shape, found.dtype) == ((300, 8), np.float32)
    np.testing.assert_allclose(np.asarray(found), expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[np.array([7, 299, 7])], expected[[7, 299, 7]], atol=1e-6)
    assert told[-1] == (300, 300)
    assert np.ptp(expected, axis=0).max() > 0.01  # they tell images apart


def test_they_are_computed_once_whatever_the_split_order_and_repetition(
    frozen, images, cache, monkeypatch
):
    first = np.asarray(load_features(frozen, Stack([images]), {"key": 1}, note=ignore))
    monkeypatch.setattr(features, "compile_forward", None)  # would be called to compute
    order = np.random.default_rng(0).permutation(300)
    twice = np.concatenate([order, order[:50]])
    again = load_features(
        frozen, Stack([images[twice[:90]], images[twice[90:]]]), {"key": 1}, note=ignore
    )
    np.testing.assert_array_equal(np.asarray(again), first[twice])
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("change", ["key", "batch_size", "pixel", "dtype"])
def test_what_changes_a_number_makes_others(change, frozen, images, cache):
    load_features(frozen, Stack([images]), {"key": 1}, note=ignore)
    key, size, other = {"key": 1}, 64, images.copy()
    if change == "key":
        key = {"key": 2}
    elif change == "batch_size":
        size = 32
    elif change == "pixel":
        other[5, 3, 3] ^= 1
    else:
        other = images / np.float32(255)
    found = load_features(frozen, Stack([other]), key, note=ignore, batch_size=size)
    assert len(list(cache.iterdir())) == 2
    if change != "pixel":
        np.testing.assert_allclose(np.asarray(found), uncached(frozen, images), atol=1e-6)


def test_without_constants_the_numbers_are_the_same(frozen, images, monkeypatch):
    """As for very large networks and on other backends."""
    monkeypatch.setattr(features, "MOST_CONSTANT_BYTES", 0)
    found = load_features(frozen, Stack([images]), {"key": 1}, note=ignore)
    np.testing.assert_allclose(np.asarray(found), uncached(frozen, images), atol=1e-6)


def test_what_cannot_be_kept_is_the_same_in_memory(frozen, images, tmp_path, monkeypatch, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "file"))
    found = load_features(frozen, Stack([images]), {"key": 1}, note=ignore)
    np.testing.assert_allclose(np.asarray(found), uncached(frozen, images), atol=1e-6)
    assert len(caplog.messages) == 1


def test_the_hash_of_an_image_is_that_of_its_bytes(images):
    hashes = image_hashes(Stack([images[:3], images[:1]]))
    assert bytes(hashes[0]) == bytes(hashes[3])
    assert len({bytes(h) for h in hashes}) == 3


ON_A_BACKEND = """
import keras
import numpy as np
from keras import layers
from lossbench.datasets.rows import Stack
from lossbench.train.features import load_features
given = keras.Input((8, 8, 1))
x = layers.BatchNormalization()(layers.Conv2D(4, 3)(given))
frozen = keras.Model(given, layers.GlobalAveragePooling2D()(x))
images = np.random.default_rng(0).integers(0, 256, (150, 8, 8, 1), dtype=np.uint8)
found = load_features(frozen, Stack([images]), {}, note=lambda *counts: None)
expected = frozen.predict(images.astype("float32") / 255, verbose=0)
np.testing.assert_allclose(np.asarray(found), expected, atol=1e-6)
print(keras.backend.backend())
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends_compute_them_too(backend, monkeypatch):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    monkeypatch.setenv("KERAS_BACKEND", backend)
    done = subprocess.run(
        [sys.executable, "-c", ON_A_BACKEND], capture_output=True, text=True, timeout=240
    )
    assert done.stdout == f"{backend}\n", done.stderr

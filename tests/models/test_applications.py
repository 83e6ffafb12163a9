"""The backbones of keras.applications: the table against the installed Keras, their inputs."""

import importlib
import inspect

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from lossbench.backbones import weights as files
from lossbench.catalog import MODELS
from lossbench.errors import DataError, ShapeError
from lossbench.models import (
    backbone_of,
    build,
    draw_initial_weights,
    preprocessing,
    pretrained_weights,
)

ROWS = {row.name: row for row in MODELS if row.weights is not None}
CHECKED_BY_HAND = {  # shape of the features of images of 96 pixels: side and channels
    "mobilenet": (3, 1024),
    "mobilenet_v2": (3, 1280),
    "mobilenet_v3_small": (3, 576),
    "efficientnet_b0": (3, 1280),
    "vgg16": (3, 512),
}
SMALL = ["mobilenet", "mobilenet_v3_small", "efficientnet_b0"]


class Asked(Exception):
    """Raised in place of fetching a file."""


def module_of(row):
    function = getattr(keras.applications, row.weights.class_name)
    return importlib.import_module(inspect.unwrap(function).__module__)


def test_every_classification_backbone_of_keras_is_there():
    offered = {name for name in dir(keras.applications) if name[0].isupper()}
    assert {row.weights.class_name for row in ROWS.values()} == offered
    assert all(MODELS.resolve(row.weights.class_name) is row for row in ROWS.values())


@pytest.mark.parametrize("name", sorted(ROWS))
def test_preprocessing_is_that_of_the_module(name):
    source = inspect.getsource(module_of(ROWS[name]).preprocess_input)
    modes = [mode for mode in ("tf", "torch", "caffe") if f'mode="{mode}"' in source]
    assert [ROWS[name].reads] == (modes or ["grey_levels"])


def check_asked(name, monkeypatch):
    """Compare a row with what Keras asks for when it builds the network for 224 pixels."""
    asked = []

    def get_file(fname=None, origin=None, *args, file_hash=None, cache_subdir=None, **others):
        asked.append((fname, origin, file_hash, cache_subdir))
        raise Asked

    row = ROWS[name]
    monkeypatch.setattr(module_of(row).file_utils, "get_file", get_file)
    make = getattr(keras.applications, row.weights.class_name)
    with pytest.raises(Asked):
        make(weights="imagenet", include_top=False, input_shape=(224, 224, 3))
    assert asked == [(row.weights.file, row.weights.url, row.weights.hash, "models")]


@pytest.mark.parametrize("name", SMALL)
def test_weights_are_those_that_keras_asks_for(name, monkeypatch):
    check_asked(name, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ROWS.keys() - SMALL))
def test_weights_of_large_networks_are_those_that_keras_asks_for(name, monkeypatch):
    check_asked(name, monkeypatch)


def check_smallest(name):
    """Build a network at its smallest size; Keras refuses the next smaller one."""
    row = ROWS[name]
    side = row.smallest_image
    model = build(name, {"weights": "none"}, (side, side, 3), 2)
    assert model.output_shape == (None, 2)
    make = getattr(keras.applications, row.weights.class_name)
    with pytest.raises(ValueError, match="at least"):
        make(weights=None, include_top=False, input_shape=(side - 1, side - 1, 3))
    with pytest.raises(ShapeError, match="too small"):
        build(name, {"weights": "none"}, (side - 1, side - 1, 3), 2)
    if name in CHECKED_BY_HAND:
        large = build(name, {"weights": "none", "image_size": 96}, (32, 32, 3), 2)
        height, channels = CHECKED_BY_HAND[name]
        assert backbone_of(large).output_shape == (None, height, height, channels)


@pytest.mark.parametrize("name", SMALL)
def test_the_smallest_image_is_that_of_keras(name):
    check_smallest(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ROWS.keys() - SMALL))
def test_the_smallest_image_of_large_networks_is_that_of_keras(name):
    check_smallest(name)
    keras.backend.clear_session()


@pytest.mark.parametrize("name", ["vgg16", "mobilenet", "densenet121", "efficientnet_b0"])
def test_a_backbone_reads_what_preprocess_input_of_keras_gives(name, monkeypatch):
    def one_layer(weights, include_top, input_shape):
        images = keras.Input(input_shape)
        return keras.Model(images, keras.layers.Identity(name="seen")(images))

    preprocess_input = module_of(ROWS[name]).preprocess_input
    monkeypatch.setattr(keras.applications, ROWS[name].weights.class_name, one_layer)
    model = build(name, {"weights": "none", "pooling": "flatten"}, (40, 40, 3), 2)
    seen = keras.Model(model.input, model.get_layer("pool").input)
    images = np.random.default_rng(0).integers(0, 256, (4, 40, 40, 3)).astype(np.float32)
    expected = preprocess_input(images.copy())
    given = keras.ops.convert_to_numpy(seen(images / 255))
    np.testing.assert_allclose(given, expected, rtol=1e-5, atol=2e-4)


def saved_weights(folder, name, side=32):
    """Write a file as the server would send it, with weights that are not those of ImageNet."""
    row = ROWS[name]
    make = getattr(keras.applications, row.weights.class_name)
    model = make(weights=None, include_top=False, input_shape=(side, side, 3))
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / row.weights.file, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return model


def test_weights_are_read_from_the_cache_of_keras_at_any_size(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    trained = saved_weights(tmp_path / "models", "mobilenet", 128)
    model = build("mobilenet", {"image_size": 40}, (28, 28, 1), 5)
    for ours, theirs in zip(backbone_of(model).get_weights(), trained.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    drawn = draw_initial_weights(model, 3, pretrained_weights(model))
    model.set_weights(drawn)
    np.testing.assert_array_equal(backbone_of(model).get_weights()[0], trained.get_weights()[0])
    assert preprocessing(model, "mobilenet", {}) == {
        "reads": "tf",
        "image_size": [40, 40],
        "resized": "bilinear",
        "channels": "repeated",
    }


def test_efficientnet_scales_its_input_as_the_weights_ask(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    saved_weights(tmp_path / "models", "efficientnet_b0")
    path = str(files.place(ROWS["efficientnet_b0"].weights))
    with pytest.raises(DataError, match="its md5 is"):
        build("efficientnet_b0", {}, (32, 32, 3), 2)
    monkeypatch.setattr(files, "check", lambda name, weights: None)
    own = module_of(ROWS["efficientnet_b0"]).file_utils
    monkeypatch.setattr(own, "get_file", lambda *args, **others: path)
    scaled = [
        sum(isinstance(layer, keras.layers.Rescaling) for layer in backbone_of(model).layers)
        for model in (
            build("efficientnet_b0", {}, (32, 32, 3), 2),
            build("efficientnet_b0", {"weights": "none"}, (32, 32, 3), 2),
        )
    ]
    assert scaled == [2, 1]


def test_weights_that_are_gone_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(ShapeError, match="there are no weights any more"):
        build("mobilenet", {}, (32, 32, 3), 2)


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "efficientnet_b0"])
def test_first_weights_of_an_untrained_backbone_follow_from_the_seed(name):
    models = [build(name, {"weights": "none"}, (32, 32, 3), 2) for _ in range(2)]
    first, again = (draw_initial_weights(m, 1, pretrained_weights(m)) for m in models)
    other = draw_initial_weights(models[0], 2, pretrained_weights(models[0]))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    kernels = [i for i, array in enumerate(first) if array.ndim == 4]
    assert len(kernels) > 20
    assert all((first[i] != other[i]).any() for i in kernels)
    models[0].set_weights(first)
    images = np.random.default_rng(0).random((2, 32, 32, 3), dtype=np.float32)
    assert np.isfinite(keras.ops.convert_to_numpy(models[0](images))).all()

"""Networks on the user's own file and on what an earlier run has kept."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from lossbench.errors import DataError, ShapeError
from lossbench.models import (
    backbone_of,
    build,
    draw_initial_weights,
    features,
    fingerprint,
    preprocessing,
    pretrained_weights,
)

IMAGES = np.random.default_rng(0).random((3, 12, 12, 3), dtype=np.float32)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A network with a head of its own, two of whose layers are called as ours are."""
    images = keras.Input((None, None, 3), name="images")
    x = layers.Conv2D(6, 3, activation="relu", name="head")(images)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dense(4, name="fc")(x)
    path = tmp_path_factory.mktemp("file") / "theirs.keras"
    model = keras.Model(images, x)
    model.save(path)
    return path


def theirs(path, layer):
    model = keras.saving.load_model(path)
    return keras.Model(model.inputs[0], model.get_layer(layer).output)


def seen_by_head(model, images=IMAGES):
    return keras.ops.convert_to_numpy(keras.Model(model.input, features(model))(images))


def test_features_are_those_of_the_file_on_grey_levels(file):
    model = build("keras_file", {"path": str(file)}, (12, 12, 3), 2)
    expected = keras.ops.convert_to_numpy(theirs(file, "pool")(IMAGES * 255))
    np.testing.assert_allclose(seen_by_head(model), expected, rtol=1e-6)
    assert preprocessing(model, "keras_file", {"path": str(file)}) == {
        "reads": "grey_levels",
        "image_size": [12, 12],
        "resized": None,
        "channels": "kept",
    }


@pytest.mark.parametrize(
    ("pooling", "pool"),
    [("avg", lambda x: x.mean((1, 2))), ("max", lambda x: x.max((1, 2)))],
)
def test_a_cut_at_a_map_is_pooled(file, pooling, pool):
    params = {"path": str(file), "cut": "norm", "inputs": "unit", "pooling": pooling}
    model = build("keras_file", params, (12, 12, 3), 2)
    expected = pool(keras.ops.convert_to_numpy(theirs(file, "norm")(IMAGES)))
    np.testing.assert_allclose(seen_by_head(model), expected, rtol=1e-5)
    assert preprocessing(model, "keras_file", params)["reads"] == "unit"


def test_a_grey_image_is_repeated_and_resized(file):
    params = {"path": str(file), "image_size": 16}
    model = build("keras_file", params, (12, 12, 1), 2)
    grey = IMAGES[..., :1]
    large = keras.ops.image.resize(np.repeat(grey, 3, axis=3) * 255, (16, 16))
    expected = keras.ops.convert_to_numpy(theirs(file, "pool")(large))
    np.testing.assert_allclose(seen_by_head(model, grey), expected, rtol=1e-4)


def test_a_layer_of_the_file_is_never_taken_for_our_head(file):
    model = build("keras_file", {"path": str(file)}, (12, 12, 3), 2)
    given = pretrained_weights(model)
    assert all(path.startswith("backbone/") for path in given)
    kernel = keras.saving.load_model(file).get_layer("head").get_weights()[0]
    starts = [draw_initial_weights(model, seed, given) for seed in (0, 1)]
    model.set_weights(starts[0])
    np.testing.assert_array_equal(backbone_of(model).get_layer("head").get_weights()[0], kernel)
    assert model.get_layer("head").kernel.shape == (6, 2)
    (backbone, head), (same, other) = (fingerprint(start, model) for start in starts)
    assert backbone == same and head != other


def test_without_its_weights_the_first_ones_follow_from_the_seed(file):
    model = build("keras_file", {"path": str(file), "weights": "none"}, (12, 12, 3), 2)
    given = pretrained_weights(model)
    assert given == {}
    assert fingerprint(draw_initial_weights(model, 0, given), model) == fingerprint(
        draw_initial_weights(model, 0, given), model
    )
    assert fingerprint(draw_initial_weights(model, 0, given), model) != fingerprint(
        draw_initial_weights(model, 1, given), model
    )


@pytest.mark.parametrize(("trainable", "count"), [("none", 2), ("all", 6)])
def test_what_is_trained_follows_the_entry(file, trainable, count):
    params = {"path": str(file), "trainable": trainable}
    assert len(build("keras_file", params, (12, 12, 3), 2).trainable_weights) == count


def test_a_sequential_model_of_one_size_is_read(tmp_path):
    path = tmp_path / "x.keras"
    model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Conv2D(2, 3, strides=2, name="conv"),
            layers.Flatten(name="flat"),
            layers.Dense(3, activation="softmax", name="fc"),
        ]
    )
    model.save(path)
    params = {"path": str(path), "cut": "flat"}
    built = build("keras_file", params, (12, 12, 3), 2)
    expected = keras.ops.convert_to_numpy(theirs(path, "flat")(IMAGES * 255))
    np.testing.assert_allclose(seen_by_head(built), expected, rtol=1e-6)
    with pytest.raises(DataError, match="ends in a softmax"):
        build("keras_file", {"path": str(path)}, (12, 12, 3), 2)


def test_a_cut_at_a_network_inside_gives_what_it_gives_there(tmp_path):
    inner = keras.Sequential([keras.Input((12, 12, 3)), layers.Flatten()], name="inner")
    images = keras.Input((12, 12, 3))
    x = inner(layers.Rescaling(2.0)(images))
    keras.Model(images, layers.Dense(2, name="fc")(x)).save(tmp_path / "x.keras")
    model = build("keras_file", {"path": str(tmp_path / "x.keras")}, (12, 12, 3), 2)
    np.testing.assert_allclose(seen_by_head(model), 510 * IMAGES.reshape(3, -1), rtol=1e-5)


def test_features_with_other_axes_are_refused(tmp_path):
    images = keras.Input((12, 12, 3))
    rows = layers.Reshape((36, 12), name="rows")(images)
    keras.Model(images, rows).save(tmp_path / "x.keras")
    with pytest.raises(ShapeError, match="its backbone gives 3 axes"):
        build("keras_file", {"path": str(tmp_path / "x.keras")}, (12, 12, 3), 2)


def test_what_the_head_of_an_earlier_network_read_are_the_features(tmp_path):
    earlier = build("seed_cnn", {}, (12, 12, 3), 4)
    earlier.save(tmp_path / "model.keras")
    model = build("earlier_run", {"run": str(tmp_path)}, (12, 12, 3), 2)
    np.testing.assert_allclose(seen_by_head(model), seen_by_head(earlier), rtol=1e-5, atol=1e-6)
    assert preprocessing(model, "earlier_run", {})["reads"] == "unit"


def test_an_earlier_network_may_itself_stand_on_a_backbone(file, tmp_path):
    earlier = build("keras_file", {"path": str(file)}, (12, 12, 3), 4)
    earlier.save(tmp_path / "model.keras")
    model = build("earlier_run", {"run": str(tmp_path)}, (12, 12, 3), 2)
    np.testing.assert_allclose(seen_by_head(model), seen_by_head(earlier), rtol=1e-5)
    paths = list(pretrained_weights(model))
    assert len(paths) == len(set(paths)) == len(backbone_of(model).weights)


@pytest.mark.skipif(
    not (
        Path(os.environ.get("LOSSBENCH_DATA") or "/nowhere")
        / "efficientnet_lite0_imagenet_notop.keras"
    ).is_file(),
    reason="LOSSBENCH_DATA has no efficientnet_lite0_imagenet_notop.keras",
)
def test_a_real_backbone_gives_its_own_features():
    path = Path(os.environ["LOSSBENCH_DATA"]) / "efficientnet_lite0_imagenet_notop.keras"
    images = np.random.default_rng(1).random((2, 32, 32, 3), dtype=np.float32)
    model = build("keras_file", {"path": str(path), "image_size": 96}, (32, 32, 3), 10)
    large = keras.ops.image.resize(images * 255, (96, 96))
    maps = keras.ops.convert_to_numpy(keras.saving.load_model(path)(large))
    assert maps.shape == (2, 3, 3, 1280)
    np.testing.assert_allclose(seen_by_head(model, images), maps.mean((1, 2)), atol=1e-4)

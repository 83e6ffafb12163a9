"""Every network of the catalogue: its head, its shapes, its smallest image."""

import keras
import numpy as np
import pytest
import scipy.special

from lossbench.catalog import MODELS
from lossbench.errors import ShapeError
from lossbench.models import build, draw_initial_weights, features, fingerprint

READY = [row.name for row in MODELS if row.ready]
DEEPER = ("resnet32", "resnet56")  # the code of resnet20, and slow to build


def shape_for(name, side=None, channels=1):
    """A shape that a network reads: of series the width is 1."""
    side = side or MODELS[name].smallest_image
    return (side, 1 if MODELS[name].series else side, channels)


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        (name, channels)
        for name in READY
        for channels in (1, 3)
        if channels < 3 or name not in DEEPER
    ],
)
def test_smallest_image_gives_outputs_per_image_or_pixel(name, channels):
    shape = shape_for(name, channels=channels)
    model = build(name, {}, shape, 7)
    images = np.random.default_rng(0).random((2, *shape), dtype=np.float32)
    outputs = keras.ops.convert_to_numpy(model(images))
    pixels = shape[:2] if MODELS[name].per == "pixel" else ()
    assert outputs.shape == (2, *pixels, 7)
    assert np.isfinite(outputs).all()


@pytest.mark.parametrize("name", READY)
def test_head_is_a_linear_layer(name):
    model = build(name, {}, shape_for(name, 12), 3)
    head = model.get_layer("head")
    assert model.layers[-1] is head
    if MODELS[name].per == "pixel":
        assert isinstance(head, keras.layers.Conv2D) and head.kernel_size == (1, 1)
    else:
        assert isinstance(head, keras.layers.Dense)
    assert head.activation is keras.activations.linear
    assert model.output_shape[-1] == 3


@pytest.mark.parametrize("name", [name for name in READY if name not in DEEPER])
def test_variables_are_called_alike_each_time(name):
    first, second = (build(name, {}, shape_for(name, 12), 2) for _ in range(2))
    assert [v.path for v in first.weights] == [v.path for v in second.weights]
    assert len({v.path for v in first.weights}) == len(first.weights)


@pytest.mark.parametrize(
    "name",
    [name for name in READY if not MODELS[name].series and MODELS[name].smallest_image > 1],
)
def test_an_image_that_is_too_small_is_refused(name):
    side = MODELS[name].smallest_image
    with pytest.raises(ShapeError, match=rf"{side - 1} x 40 pixels are too small.*{side} x {side}"):
        build(name, {}, (side - 1, 40, 1), 2)


@pytest.mark.parametrize("shape", [(7, 1, 1), (28, 28, 1), (1, 28, 1)])
def test_what_is_no_series_or_too_short_a_one_is_refused(shape):
    text = rf"{shape[0]} x {shape[1]} pixels were given; it reads series, images of width 1 and 8"
    with pytest.raises(ShapeError, match=text):
        build("conv1d_small", {}, shape, 2)


def test_a_head_without_outputs_is_refused():
    with pytest.raises(ShapeError, match="0 outputs were asked for"):
        build("tiny_cnn", {}, (8, 8, 1), 0)


def test_images_need_not_be_square():
    assert build("resnet20", {}, (9, 14, 2), 4).output_shape == (None, 4)


@pytest.mark.parametrize("shape", [(8, 9, 1), (10, 11, 1), (13, 30, 2), (16, 16, 3)])
def test_unet_gives_images_of_every_size_back_as_large_as_they_were(shape):
    model = build("unet_small", {}, shape, 2)
    assert model.output_shape == (None, *shape[:2], 2)


def test_unet_keeps_pixels_where_they_are():
    # Of a single bright pixel the outputs change around it, and not far away.
    model = build("unet_small", {}, (57, 61, 1), 1)
    model.set_weights(draw_initial_weights(model, 0))
    dark = np.zeros((1, 57, 61, 1), np.float32)
    for place in [(28, 30), (24, 35)]:
        bright = dark.copy()
        bright[(0, *place)] = 5.0
        change = np.abs(keras.ops.convert_to_numpy(model(bright) - model(dark)))[0, ..., 0]
        weight = change / change.sum()
        centre = [(weight * grid).sum() for grid in np.mgrid[:57, :61]]
        np.testing.assert_allclose(centre, place, atol=4.0)
        far = np.abs(np.mgrid[:57, :61] - np.array(place)[:, None, None]).max(axis=0) > 24
        assert far.any() and not change[far].any()


@pytest.mark.parametrize("name", ["vgg_small", "unet_small", "mobilenet_small"])
def test_dropout_and_softmax_stand_around_the_head(name):
    params = {"dropout": 0.4, "output_activation": "softmax"}
    plain, model = (build(name, one, (16, 16, 1), 3) for one in ({}, params))
    assert [layer.name for layer in model.layers[-3:]] == [
        "head_dropout",
        "head",
        "output_activation",
    ]
    assert model.get_layer("head_dropout").rate == 0.4
    weights = draw_initial_weights(model, 0)
    assert fingerprint(weights, model) == fingerprint(draw_initial_weights(plain, 0), plain)
    model.set_weights(weights)
    plain.set_weights(weights)
    images = np.random.default_rng(0).random((2, 16, 16, 1), dtype=np.float32)
    outputs = keras.ops.convert_to_numpy(model(images))
    logits = keras.ops.convert_to_numpy(plain(images)).astype(np.float64)
    np.testing.assert_allclose(outputs, scipy.special.softmax(logits, axis=-1), atol=1e-6)
    head = model.get_layer("head")
    assert features(model) is head.input, "a loss of embeddings reads what the head reads"


def test_another_head_keeps_dropout_and_softmax():
    params = {"dropout": 0.4, "output_activation": "softmax"}
    model = build("tiny_cnn", params, (8, 8, 1), 3, head="cosine")
    assert type(model.get_layer("head")).__name__ == "Cosine"
    assert model.layers[-1].name == "output_activation"


def test_the_dropout_of_wide_resnet_is_inside_its_blocks():
    model = build("wide_resnet", {"depth": 10, "width": 1, "dropout": 0.3}, (8, 8, 1), 2)
    dropped = [x for x in model.layers if isinstance(x, keras.layers.Dropout)]
    assert [x.name for x in dropped] == [f"stage_{i}_block_1_dropout" for i in (1, 2, 3)]
    assert all(x.output is model.get_layer(f"{x.name[:15]}_2_conv_pad").input for x in dropped)
    assert model.layers[-1].name == "head"


def test_what_is_left_out_of_the_parameters_has_its_default():
    given = build("wide_resnet", {"depth": 16, "width": 4, "dropout": 0.0}, (8, 8, 1), 2)
    assert build("wide_resnet", {}, (8, 8, 1), 2).count_params() == given.count_params()

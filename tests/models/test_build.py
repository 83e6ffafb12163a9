"""Every network of the catalogue: its head, its shapes, its smallest image."""

import keras
import numpy as np
import pytest

from lossbench.catalog import MODELS
from lossbench.errors import ShapeError
from lossbench.models import build


def shape_for(name, side=None, channels=1):
    """A shape that a network reads: of series the width is 1."""
    side = side or MODELS[name].smallest_image
    return (side, 1 if MODELS[name].series else side, channels)


@pytest.mark.parametrize("name", MODELS.names)
@pytest.mark.parametrize("channels", [1, 3])
def test_smallest_image_gives_one_row_of_outputs_per_image(name, channels):
    shape = shape_for(name, channels=channels)
    model = build(name, {}, shape, 7)
    images = np.random.default_rng(0).random((2, *shape), dtype=np.float32)
    outputs = keras.ops.convert_to_numpy(model(images))
    assert outputs.shape == (2, 7)
    assert np.isfinite(outputs).all()


@pytest.mark.parametrize("name", MODELS.names)
def test_head_is_a_linear_dense_layer(name):
    model = build(name, {}, shape_for(name, 12), 3)
    assert model.layers[-1] is model.get_layer("head")
    assert isinstance(model.get_layer("head"), keras.layers.Dense)
    assert model.get_layer("head").activation is keras.activations.linear
    assert model.output_shape == (None, 3)


@pytest.mark.parametrize("name", MODELS.names)
def test_variables_are_called_alike_each_time(name):
    first, second = (build(name, {}, shape_for(name, 12), 2) for _ in range(2))
    assert [v.path for v in first.weights] == [v.path for v in second.weights]
    assert len({v.path for v in first.weights}) == len(first.weights)


@pytest.mark.parametrize(
    "name", [row.name for row in MODELS if not row.series and row.smallest_image > 1]
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

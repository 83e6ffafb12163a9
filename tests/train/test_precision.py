"""Mixed precision: which layers compute in what, and what comes out."""

import keras
import numpy as np
import pytest

from lossbench import models
from lossbench.train import precision


def network(**params):
    return models.build("resnet20", params, (16, 16, 3), 4)


@pytest.mark.parametrize("name", ["mixed_float16", "mixed_bfloat16"])
def test_layers_compute_in_half_precision_and_the_head_in_single(name):
    model = network(dropout=0.5, output_activation="softmax")
    precision.apply(model, name)
    policies = {layer.name: layer.dtype_policy.name for layer in model.layers}
    assert policies["head"] == policies["output_activation"] == "float32"
    inputs = next(layer.name for layer in model.layers if "Input" in type(layer).__name__)
    others = set(policies) - {"head", "output_activation", inputs}
    assert {policies[key] for key in others} == {name} and len(others) > 10
    assert precision.of(model) == name
    assert {weight.dtype for weight in model.weights} == {"float32"}
    images = np.random.default_rng(0).random((2, 16, 16, 3), "float32")
    read = keras.Model(model.input, [models.features(model), model.output])
    features, outputs = read(images)
    assert keras.backend.standardize_dtype(features.dtype) == name.removeprefix("mixed_")
    assert keras.backend.standardize_dtype(outputs.dtype) == "float32"
    assert keras.config.dtype_policy().name == "float32", "no policy of the process"


def test_outputs_are_near_those_of_single_precision():
    images = np.random.default_rng(0).random((4, 16, 16, 3), "float32")
    found = {}
    for name in ("float32", "mixed_float16", "mixed_bfloat16"):
        keras.utils.set_random_seed(0)
        model = network()
        precision.apply(model, name)
        found[name] = np.array(model(images))
    scale = np.abs(found["float32"]).max()
    for name, eps in (("mixed_float16", 2**-10), ("mixed_bfloat16", 2**-7)):
        error = np.abs(found[name] - found["float32"]).max() / scale
        assert 0 < error < 8 * eps, "twenty layers that each round"


def test_networks_inside_a_network_follow():
    inside = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)], name="backbone")
    images = keras.Input((4,))
    model = keras.Model(images, keras.layers.Dense(2, name="head")(inside(images)))
    precision.apply(model, "mixed_bfloat16")
    assert inside.layers[-1].dtype_policy.name == "mixed_bfloat16"
    assert model.get_layer("head").dtype_policy.name == "float32"


def test_single_precision_changes_nothing():
    model = network()
    precision.apply(model, "float32")
    assert precision.of(model) == "float32"

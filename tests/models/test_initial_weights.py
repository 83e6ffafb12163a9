"""Initial weights: their distribution, and on what they depend."""

import keras
import numpy as np
import pytest

from lossbench.catalog import MODELS
from lossbench.errors import ShapeError
from lossbench.models import (
    build,
    draw_initial_weights,
    fingerprint,
    reset_seed_generators,
)

DEEPER = ("resnet32", "resnet56")  # the code of resnet20, and slow to build
READY = [row.name for row in MODELS if row.ready and row.name not in DEEPER]


def dense_model(initializer, units=400, inputs=300, **kwargs):
    images = keras.Input((inputs,), name="images")
    layer = keras.layers.Dense(units, kernel_initializer=initializer, name="wide", **kwargs)
    return keras.Model(images, layer(images), name="one_layer")


def kernel(initializer, seed=0):
    return draw_initial_weights(dense_model(initializer), seed)[0]


INITIALIZERS = [
    "glorot_uniform",
    "glorot_normal",
    "he_uniform",
    "he_normal",
    "lecun_uniform",
    "lecun_normal",
    keras.initializers.VarianceScaling(2.5, "fan_out", "untruncated_normal"),
]


@pytest.mark.parametrize(
    "initializer", INITIALIZERS, ids=lambda one: one if isinstance(one, str) else "untruncated"
)
def test_moments_and_bounds_are_those_of_keras(initializer):
    ours = kernel(initializer).ravel()
    theirs = keras.ops.convert_to_numpy(keras.initializers.get(initializer)((300, 400))).ravel()
    n = ours.size
    assert abs(ours.mean()) < 5 * ours.std() / np.sqrt(n)
    assert ours.std() == pytest.approx(theirs.std(), rel=0.012)  # 5 standard errors, n = 120,000
    kurtosis = [np.mean(x**4) / np.mean(x**2) ** 2 for x in (ours, theirs)]
    assert kurtosis[0] == pytest.approx(kurtosis[1], rel=0.05)
    if "untruncated" not in str(getattr(initializer, "distribution", "")):
        assert np.abs(ours).max() == pytest.approx(np.abs(theirs).max(), rel=0.01)


def test_bounds_of_glorot_uniform_and_he_normal_by_hand():
    assert np.abs(kernel("glorot_uniform")).max() <= np.sqrt(6 / 700)
    # Cut at two standard deviations of the uncut normal: 2 * sqrt(2 / 300) / 0.8796.
    bound = 2 * np.sqrt(2 / 300) / 0.87962566103423978
    assert 0.99 * bound < np.abs(kernel("he_normal")).max() <= bound


def test_fan_of_a_convolution_counts_its_field():
    # He normal on 3 x 3 x 32 inputs: variance 2 / 288.
    model = build("resnet20", {}, (32, 32, 3), 10)
    named = dict(zip((v.path for v in model.weights), draw_initial_weights(model, 0), strict=True))
    found = named["stage_2_block_2_1_conv/kernel"]
    assert found.shape == (3, 3, 32, 32)
    assert found.std() == pytest.approx(np.sqrt(2 / 288), rel=0.04)


def test_constants_are_constant():
    weights = draw_initial_weights(
        dense_model("ones", bias_initializer=keras.initializers.Constant(0.25)), 0
    )
    assert (weights[0] == 1).all()
    assert (weights[1] == np.float32(0.25)).all()


def test_batch_normalisation_starts_as_keras_starts_it():
    model = build("resnet20", {}, (8, 8, 1), 2)
    drawn = draw_initial_weights(model, 0)
    for variable, array in zip(model.weights, drawn, strict=True):
        if "_norm/" in variable.path or variable.path.endswith("bias"):
            np.testing.assert_array_equal(array, variable.numpy())


@pytest.mark.parametrize("name", READY)
def test_weights_fit_the_model_and_depend_on_the_seed_alone(name):
    shape = (12, 1 if MODELS[name].series else 12, 1)
    first, second = (build(name, {}, shape, 3) for _ in range(2))
    weights = draw_initial_weights(first, 5)
    first.set_weights(weights)
    assert all(array.dtype == np.float32 for array in weights)
    assert fingerprint(weights, first) == fingerprint(draw_initial_weights(second, 5), second)
    other = fingerprint(draw_initial_weights(first, 6), first)
    assert all(a != b for a, b in zip(fingerprint(weights, first), other, strict=True))


@pytest.mark.parametrize("name", READY)
def test_the_width_of_the_head_changes_nothing_else(name):
    shape = (12, 1 if MODELS[name].series else 12, 1)
    narrow, wide = (build(name, {}, shape, width) for width in (1, 2))
    ours, theirs = (fingerprint(draw_initial_weights(m, 0), m) for m in (narrow, wide))
    assert ours[0] == theirs[0]
    assert ours[1] != theirs[1]


def test_variables_of_one_shape_differ():
    model = build("resnet20", {}, (8, 8, 1), 2)
    drawn = dict(zip((v.path for v in model.weights), draw_initial_weights(model, 0), strict=True))
    first, second = (drawn[f"stage_1_block_1_{i}_conv/kernel"] for i in (1, 2))
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.1


def test_layers_inside_a_nested_model_are_found():
    inner = dense_model("he_normal")
    images = keras.Input((300,), name="outer_images")
    outer = keras.Model(images, keras.layers.Dense(2, name="head")(inner(images)), name="outer")
    assert draw_initial_weights(outer, 0)[0].std() > 0


def test_the_fingerprint_sees_names_types_and_every_value():
    model = dense_model("he_normal")
    weights = draw_initial_weights(model, 0)
    changed = [weights[0].copy(), weights[1]]
    changed[0][-1, -1] += 1e-3
    wider = [weights[0].astype(np.float64), weights[1]]
    assert len({fingerprint(w, model)[0] for w in (weights, changed, wider)}) == 3


def test_the_draw_is_the_one_that_results_were_made_with():
    # Golden: recorded when the draw was written; a change would make old runs incomparable.
    model = build("tiny_cnn", {}, (8, 8, 1), 2)
    first = draw_initial_weights(model, 0)[0].ravel()[:3]
    np.testing.assert_allclose(first, [-0.04754597, -0.10831759, -0.10901298], rtol=1e-5)


def test_another_initializer_is_refused_by_the_name_of_its_layer():
    with pytest.raises(ShapeError, match=r"wide/kernel: the initializer Identity cannot"):
        draw_initial_weights(dense_model("identity"), 0)


def test_too_few_arrays_are_refused():
    model = dense_model("ones")
    with pytest.raises(ShapeError, match="1 arrays were given for 2 variables"):
        fingerprint(draw_initial_weights(model, 0)[:1], model)


def drawn(layer, shape, seed=0):
    """The weights drawn for one layer, by the end of their path."""
    images = keras.Input(shape)
    model = keras.Model(images, layer(images))
    weights = draw_initial_weights(model, seed)
    return {v.path.split("/")[-1]: w for v, w in zip(model.weights, weights, strict=True)}


@pytest.mark.parametrize(
    ("initializer", "mean", "sd", "bounds"),
    [
        (keras.initializers.RandomNormal(0.5, 0.2), 0.5, 0.2, (-9, 9)),
        # A standard normal cut at 2 has the standard deviation 0.8796.
        (keras.initializers.TruncatedNormal(0.5, 0.2), 0.5, 0.2 * 0.8796, (0.1, 0.9)),
        (keras.initializers.RandomUniform(-1.0, 3.0), 1.0, 4 / np.sqrt(12), (-1, 3)),
    ],
)
def test_normal_and_uniform_initializers(initializer, mean, sd, bounds):
    found = kernel(initializer)
    assert found.mean() == pytest.approx(mean, abs=5 * sd / np.sqrt(found.size))
    assert found.std() == pytest.approx(sd, rel=0.012)
    assert bounds[0] <= found.min() and found.max() <= bounds[1]


@pytest.mark.parametrize("shape", [(300, 40), (40, 300)])
def test_an_orthogonal_kernel_is_orthogonal(shape):
    inputs, units = shape
    found = draw_initial_weights(dense_model("orthogonal", units, inputs), 0)[0]
    product = found.T @ found if inputs > units else found @ found.T
    np.testing.assert_allclose(product, np.eye(40), atol=1e-5)


def test_a_depthwise_kernel_is_drawn_by_its_own_initializer():
    layer = keras.layers.DepthwiseConv2D(3, depthwise_initializer="ones")
    assert (drawn(layer, (8, 8, 2))["kernel"] == 1).all()
    layer = keras.layers.SeparableConv2D(4, 3, depthwise_initializer="ones")
    found = drawn(layer, (8, 8, 2))
    assert (found["depthwise_kernel"] == 1).all()
    assert found["pointwise_kernel"].std() > 0


def test_an_lstm_starts_with_its_forget_gates_open():
    # Jozefowicz et al. 2015: a bias of 1; Keras orders gates as input, forget, cell, output.
    found = drawn(keras.layers.LSTM(3), (5, 2))
    assert found["bias"].tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    np.testing.assert_allclose(
        found["recurrent_kernel"] @ found["recurrent_kernel"].T, np.eye(3), atol=1e-6
    )


def unnamed(between=0):
    """A model of layers without names; others are made before, which moves Keras's counters."""
    for _ in range(between):
        keras.layers.Dense(1), keras.layers.MultiHeadAttention(1, 1)
    images = keras.Input((4, 6))
    x = keras.layers.Dense(6)(images)
    x = keras.layers.MultiHeadAttention(2, 3, dropout=0.5)(x, x)
    x = keras.layers.Dense(6)(keras.layers.Dropout(0.5)(x))
    return keras.Model(images, keras.layers.Dense(2, name="head")(x))


def test_names_that_keras_made_up_change_no_weight():
    first, second = unnamed(), unnamed(between=3)
    assert [v.path for v in first.weights] != [v.path for v in second.weights]
    weights = [draw_initial_weights(model, 0) for model in (first, second)]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert fingerprint(weights[0], first) == fingerprint(weights[1], second)
    dense = [w for v, w in zip(first.weights, weights[0], strict=True) if w.shape == (6, 6)]
    assert len(dense) == 2 and (dense[0] != dense[1]).any()


def test_layers_of_one_name_in_two_nested_models_are_drawn_apart():
    def inner():
        images = keras.Input((5,))
        return keras.Model(images, keras.layers.Dense(5, name="wide")(images))

    images = keras.Input((5,))
    model = keras.Model(images, inner()(inner()(images)))
    kernels = [w for w in draw_initial_weights(model, 0) if w.ndim == 2]
    assert (kernels[0] != kernels[1]).any()


def masks(model, seed):
    """What the layers that drop leave of ones, two batches after a reset."""
    reset_seed_generators(model, seed)
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    return np.array([layer(np.ones((3, 50)), training=True) for layer in layers for _ in range(2)])


def test_dropout_masks_follow_from_the_seed_and_the_name_of_the_layer():
    def model():
        images = keras.Input((50,))
        x = keras.layers.Dropout(0.5, name="early")(images)
        x = keras.layers.Dropout(0.5, name="late")(x)
        return keras.Model(images, keras.layers.Dense(2, name="head")(x))

    one, other = model(), model()
    first = masks(one, 3)
    np.testing.assert_array_equal(first, masks(one, 3))
    np.testing.assert_array_equal(first, masks(other, 3))
    assert (first != masks(one, 4)).any()
    flat = first.reshape(4, -1)
    assert len({tuple(row) for row in flat}) == 4, "each layer and each batch has its own mask"


def test_the_generators_of_layers_inside_layers_are_reset():
    first, second = unnamed(), unnamed(between=2)
    for model in (first, second):
        reset_seed_generators(model, 7)
    states = [
        [np.array(v).tolist() for v in model.variables if "seed_generator" in v.path]
        for model in (first, second)
    ]
    assert states[0] == states[1]
    assert len({tuple(state) for state in states[0]}) == 2  # of the attention and of the dropout

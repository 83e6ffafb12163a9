"""One test a property, over every loss of the catalogue.

Exceptions are named sets with a reason, never skips inside a test.
"""

import inspect
import math

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import huber as scipy_huber
from scipy.special import log_softmax, rel_entr, softmax

from lossbench import losses
from lossbench.catalog import LOSSES
from lossbench.errors import ShapeError

WRITTEN_BY_USERS = {"custom"}  # has no formula of its own; tested in test_custom.py
ROWS = [row for row in LOSSES if row.name not in WRITTEN_BY_USERS]
NAMES = [row.name for row in ROWS]
CLASS_LOSSES = [row.name for row in ROWS if row.head == "classes"]
BINARY_LOSSES = [row.name for row in ROWS if row.head == "binary"]
SUPPLIED = {"class_counts": (30, 10)}

WITH_KINKS = {"crammer_singer", "binary_hinge", "mae"}  # inputs are kept away from their kinks
NOT_SOFTMAX = {"crammer_singer"}  # scores, but shifting all of them changes nothing either


def arguments(name: str, **changes: object) -> dict[str, object]:
    row = LOSSES[name]
    params = {key: p.default for key, p in row.params.items()} | changes
    return params | {need: SUPPLIED[need] for need in row.needs}


def call(name: str, labels, outputs, dtype="float64", **changes) -> np.ndarray:
    values = losses.function(name)(
        tf.constant(labels), tf.constant(outputs, dtype), **arguments(name, **changes)
    )
    return values.numpy()


def sample(name: str, batch: int = 7, classes: int = 3, seed: int = 0):
    """Labels and outputs that suit the loss, outputs of scale 2."""
    rng = np.random.default_rng([seed, classes])
    head = LOSSES[name].head
    if head == "classes":
        return rng.integers(0, classes, batch), 2 * rng.normal(size=(batch, classes))
    if head == "binary":
        return rng.integers(0, 2, batch), 2 * rng.normal(size=(batch, 1))
    return rng.normal(size=(batch, 2)), 2 * rng.normal(size=(batch, 2))


def one_hot(labels, classes):
    return np.eye(classes)[labels]


def _bce(y, z):
    return y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)


def _crammer_singer(y, z, margin=1.0):
    own = z[np.arange(len(y)), y]
    others = np.where(one_hot(y, z.shape[1]) == 1, -np.inf, z).max(1)
    return np.maximum(0, margin + others - own)


def _focal(y, z, gamma=2.0):
    p = softmax(z, axis=1)[np.arange(len(y)), y]
    return -((1 - p) ** gamma) * np.log(p)


# Written again in NumPy and SciPy from the formulas of the papers, in float64.
REFERENCE = {
    "cross_entropy": lambda y, z: -log_softmax(z, axis=1)[np.arange(len(y)), y],
    "label_smoothing": lambda y, z: (
        -((0.9 * one_hot(y, z.shape[1]) + 0.1 / z.shape[1]) * log_softmax(z, axis=1)).sum(1)
    ),
    "focal": _focal,
    "kl": lambda y, z: rel_entr(one_hot(y, z.shape[1]), softmax(z, axis=1)).sum(1),
    "brier": lambda y, z: ((softmax(z, axis=1) - one_hot(y, z.shape[1])) ** 2).sum(1),
    "crammer_singer": _crammer_singer,
    "bce": lambda y, z: _bce(y, z[:, 0]),
    "weighted_bce": lambda y, z: np.where(y == 1, 3.0, 1.0) * _bce(y, z[:, 0]),  # 30 / 10
    "binary_hinge": lambda y, z: np.maximum(0, 1 - (2 * y - 1) * z[:, 0]),
    "mse": lambda y, z: ((z - y) ** 2).mean(1),
    "mae": lambda y, z: np.abs(z - y).mean(1),
    "huber": lambda y, z: scipy_huber(1.0, z - y).mean(1),
}


def test_every_loss_has_a_reference():
    assert set(REFERENCE) == set(NAMES)


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("name", NAMES)
def test_value_equals_the_float64_reference(name, classes):
    labels, outputs = sample(name, classes=classes)
    expected = REFERENCE[name](labels, outputs)
    np.testing.assert_allclose(call(name, labels, outputs), expected, rtol=1e-10, atol=1e-12)
    in_float32 = call(name, labels, outputs, dtype="float32")
    assert in_float32.dtype == np.float32 and in_float32.shape == (7,)
    np.testing.assert_allclose(in_float32, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_integer_column_and_one_hot_labels_agree(name):
    labels, outputs = sample(name, classes=4)
    expected = call(name, labels, outputs)
    for encoded in (
        labels[:, None],
        labels.astype("float32"),
        labels.astype("uint8"),
        one_hot(labels, 4),
        one_hot(labels, 4).astype("int32"),
    ):
        np.testing.assert_allclose(call(name, encoded, outputs), expected, rtol=1e-12)


@pytest.mark.parametrize("name", BINARY_LOSSES)
def test_binary_label_encodings_agree(name):
    labels, outputs = sample(name)
    expected = call(name, labels, outputs)
    for encoded in (labels[:, None], labels.astype(bool), one_hot(labels, 2)):
        np.testing.assert_allclose(call(name, encoded, outputs), expected, rtol=1e-12)


def value_and_gradient(name, labels, outputs, dtype):
    outputs = tf.constant(outputs, dtype)
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        value = losses.function(name)(tf.constant(labels), outputs, **arguments(name))
    return value.numpy(), tape.gradient(value, outputs).numpy()


@pytest.mark.parametrize("size", [0.0, 1e-3, 30.0, 100.0, 1e4])
@pytest.mark.parametrize("name", NAMES)
def test_value_and_gradient_are_finite_at_extremes(name, size):
    """Right, wrong and tied with all the confidence that float32 has."""
    width = sample(name)[1].shape[1]
    outputs = size * np.array([[1.0] + [-1.0] * (width - 1), [-1.0] + [1.0] * (width - 1)])
    outputs = np.concatenate([outputs, size * np.eye(2, width)])
    labels = np.zeros((4, 2)) if LOSSES[name].head == "targets" else np.array([0, 0, 1, 1])
    value, gradient = value_and_gradient(name, labels, outputs, "float32")
    assert np.isfinite(value).all(), value
    assert np.isfinite(gradient).all(), gradient


@pytest.mark.parametrize("gamma", [0.0, 0.3, 1.0, 5.0])
def test_focal_gradient_is_finite_for_every_gamma_where_p_is_one(gamma):
    outputs = tf.constant([[200.0, 0.0, 0.0], [0.0, 200.0, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        value = losses.function("focal")(tf.constant([0, 0]), outputs, gamma=gamma, alpha=None)
    assert np.isfinite(tape.gradient(value, outputs).numpy()).all()
    np.testing.assert_allclose(value.numpy()[1], 200.0, rtol=1e-5)  # wrong examples do not fade


@pytest.mark.parametrize("name", NAMES)
def test_gradient_equals_central_differences(name):
    labels, outputs = sample(name, seed=3)
    _, gradient = value_and_gradient(name, labels, outputs, "float64")
    numerical = np.zeros_like(outputs)
    step = 1e-6
    for index in np.ndindex(outputs.shape):
        ahead, behind = outputs.copy(), outputs.copy()
        ahead[index] += step
        behind[index] -= step
        slope = call(name, labels, ahead) - call(name, labels, behind)
        numerical[index] = slope[index[0]] / (2 * step)
    np.testing.assert_allclose(gradient, numerical, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_permuting_the_batch_permutes_the_values(name):
    labels, outputs = sample(name, batch=16)
    order = np.random.default_rng(1).permutation(16)
    expected = call(name, labels, outputs)[order]
    np.testing.assert_allclose(call(name, labels[order], outputs[order]), expected, rtol=1e-12)


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_permuting_the_classes_changes_nothing(name):
    labels, outputs = sample(name, classes=5)
    order = np.random.default_rng(2).permutation(5)
    renamed = np.argsort(order)[labels]
    expected = call(name, labels, outputs)
    np.testing.assert_allclose(call(name, renamed, outputs[:, order]), expected, rtol=1e-10)


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_adding_a_constant_to_all_scores_changes_nothing(name):
    labels, outputs = sample(name)
    expected = call(name, labels, outputs)
    np.testing.assert_allclose(call(name, labels, outputs + 3.7), expected, rtol=1e-9)
    _, gradient = value_and_gradient(name, labels, outputs, "float64")
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-12)


@pytest.mark.parametrize("jit", [False, True], ids=["graph", "xla"])
@pytest.mark.parametrize("name", NAMES)
def test_eager_equals_compiled(name, jit):
    labels, outputs = sample(name)
    compute = tf.function(
        lambda y, z: losses.function(name)(y, z, **arguments(name)), jit_compile=jit
    )
    compiled = compute(tf.constant(labels), tf.constant(outputs, "float32")).numpy()
    np.testing.assert_allclose(compiled, call(name, labels, outputs, "float32"), rtol=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_shapes_that_do_not_fit_are_refused(name):
    _, outputs = sample(name)
    wrong = np.zeros((7, 5))
    with pytest.raises(ShapeError, match="does not fit"):
        call(name, wrong, outputs)


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_one_output_is_refused_where_classes_are_needed(name):
    with pytest.raises(ShapeError, match="use bce"):
        call(name, np.array([0, 1]), np.zeros((2, 1)))


@pytest.mark.parametrize("name", NAMES)
def test_signature_matches_the_table_row(name):
    row = LOSSES[name]
    keywords = {
        key
        for key, parameter in inspect.signature(losses.function(name)).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    assert keywords == set(row.params) | set(row.needs)
    defaults = [
        key
        for key, parameter in inspect.signature(losses.function(name)).parameters.items()
        if parameter.default is not inspect.Parameter.empty
    ]
    assert not defaults, "defaults stand in the table alone"


@pytest.mark.parametrize("name", NAMES)
def test_docstring_has_every_section(name):
    text = inspect.getdoc(losses.function(name)) or ""
    assert "loss =" in text
    for section in ("Args:", "Returns:", "Raises:", "Source:", "Departures:"):
        assert section in text, section
    for parameter in (*LOSSES[name].params, *LOSSES[name].needs):
        assert f"    {parameter}: " in text, parameter


def test_every_public_function_has_a_row():
    from lossbench.losses import binary, cross_entropy, margin, regression

    public = {
        f"{module.__name__.rpartition('.')[2]}:{name}"
        for module in (binary, cross_entropy, margin, regression)
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
    }
    assert public == {row.target for row in ROWS}


# At z = 0 with K classes, from the closed forms: ln K, (1 - 1/K)^2 ln K, and so on.
AT_ZERO = {
    "cross_entropy": math.log(10),
    "label_smoothing": math.log(10),
    "focal": 1.8650938,
    "kl": math.log(10),
    "brier": 0.9,
    "crammer_singer": 1.0,
}


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_value_at_zero_with_ten_classes(name):
    value = call(name, np.array([3]), np.zeros((1, 10)))
    np.testing.assert_allclose(value, [AT_ZERO[name]], rtol=1e-7)

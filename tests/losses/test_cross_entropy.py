import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import brier_score_loss, log_loss

from lossbench.errors import ShapeError
from lossbench.losses import cross_entropy as family

LOGITS = np.array([[1.0, 2.0, 0.5], [0.2, -1.0, 3.0], [0.0, 0.0, 0.0]])
LABELS = np.array([1, 0, 2])


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def test_cross_entropy_of_the_tutorial():
    """(0.22314355 + 0.35667494 + 0.35667494) / 3, computed by hand."""
    p = np.array([[0.8, 0.1, 0.1], [0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])
    value = family.cross_entropy(tf.constant([0, 1, 2]), tf.constant(np.log(p)))
    assert np.mean(value) == pytest.approx(0.31216448, abs=1e-8)


def test_cross_entropy_equals_scikit_learn():
    value = family.cross_entropy(tf.constant(LABELS), tf.constant(LOGITS))
    assert np.mean(value) == pytest.approx(log_loss(LABELS, softmax(LOGITS)), rel=1e-10)


def test_brier_equals_scikit_learn():
    value = family.brier(tf.constant(LABELS), tf.constant(LOGITS))
    expected = brier_score_loss(LABELS, softmax(LOGITS), scale_by_half=False, labels=[0, 1, 2])
    assert np.mean(value) == pytest.approx(expected, rel=1e-10)


def test_cross_entropy_does_not_saturate():
    """Keras's focal loss clips here to 16.1 with gradient 0; the true value is 80."""
    logits = tf.constant([[40.0, 0.0, 0.0, -40.0]])
    with tf.GradientTape() as tape:
        tape.watch(logits)
        value = family.focal(tf.constant([3]), logits, gamma=0.0, alpha=None)
    np.testing.assert_allclose(value, [80.0], rtol=1e-6)
    np.testing.assert_allclose(tape.gradient(value, logits), [[1, 0, 0, -1]], atol=1e-6)


def test_soft_labels():
    soft = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [1 / 3, 1 / 3, 1 / 3]])
    log_p = np.log(softmax(LOGITS))
    cross = -(soft * log_p).sum(1)
    entropy = -(soft * np.log(soft)).sum(1)
    labels, logits = tf.constant(soft), tf.constant(LOGITS)
    np.testing.assert_allclose(family.cross_entropy(labels, logits), cross, rtol=1e-12)
    np.testing.assert_allclose(family.kl(labels, logits), cross - entropy, atol=1e-12)
    p = softmax(LOGITS)
    expected = -(soft * (1 - p) ** 2 * log_p).sum(1)
    found = family.focal(labels, logits, gamma=2.0, alpha=None)
    np.testing.assert_allclose(found, expected, rtol=1e-10)


@pytest.mark.parametrize("soft", [False, True])
def test_limits_are_cross_entropy(soft):
    labels = np.array([[0.7, 0.2, 0.1]] * 3) if soft else LABELS
    labels, logits = tf.constant(labels), tf.constant(LOGITS)
    expected = family.cross_entropy(labels, logits)
    found = family.focal(labels, logits, gamma=0.0, alpha=None)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    smoothed = family.label_smoothing(labels, logits, smoothing=0.0)
    np.testing.assert_allclose(smoothed, expected, rtol=1e-12)


def test_focal_alpha_weighs_classes():
    labels, logits = tf.constant(LABELS), tf.constant(LOGITS)
    plain = family.focal(labels, logits, gamma=2.0, alpha=None).numpy()
    quarter = family.focal(labels, logits, gamma=2.0, alpha=0.25)
    np.testing.assert_allclose(quarter, 0.25 * plain, rtol=1e-7)
    weighted = family.focal(labels, logits, gamma=2.0, alpha=(1.0, 2.0, 3.0))
    np.testing.assert_allclose(weighted, plain * [2.0, 1.0, 3.0], rtol=1e-7)  # labels 1, 0, 2
    with pytest.raises(ShapeError, match="2 weights do not fit 3 classes"):
        family.focal(labels, logits, gamma=2.0, alpha=(1.0, 2.0))


def test_the_complement_is_precise_where_p_is_almost_one():
    """1 - p is e^-30 there, far below what 1 - softmax can hold in float32."""
    found = family._log_complement(tf.constant([[30.0, 0.0]], "float32")).numpy()
    expected = [[-30.0, -np.log1p(np.exp(-30.0))]]
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)

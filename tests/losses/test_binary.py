import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import hinge_loss, log_loss

from lossbench.losses import binary, margin


def test_bce_of_the_tutorial():
    """(0.10536052 + 0.22314355 + 0.35667494 + 0.51082562) / 4, computed by hand."""
    p = np.array([0.1, 0.8, 0.3, 0.6])
    logits = np.log(p / (1 - p))[:, None]
    value = binary.bce(tf.constant([0, 1, 0, 1]), tf.constant(logits), label_smoothing=0.0)
    assert np.mean(value) == pytest.approx(0.29900116, abs=1e-8)
    assert np.mean(value) == pytest.approx(log_loss([0, 1, 0, 1], p), rel=1e-10)


def test_bce_smooths_towards_one_half():
    logits = tf.constant([[2.0]], "float64")
    hard = [binary.bce(tf.constant([y]), logits, label_smoothing=0.0).numpy()[0] for y in (0, 1)]
    smooth = binary.bce(tf.constant([1]), logits, label_smoothing=0.2).numpy()[0]
    assert smooth == pytest.approx(0.9 * hard[1] + 0.1 * hard[0], rel=1e-12)


def test_bce_averages_over_labels():
    logits = tf.constant([[0.0, 3.0]], "float64")
    value = binary.bce(tf.constant([[1, 0]]), logits, label_smoothing=0.0).numpy()[0]
    assert value == pytest.approx((np.log(2) + np.log1p(np.exp(3))) / 2, rel=1e-12)


def test_weighted_bce_balances_or_takes_a_number():
    labels, logits = tf.constant([1, 0]), tf.constant([[0.5], [0.5]], "float64")
    plain = binary.bce(labels, logits, label_smoothing=0.0).numpy()

    def weighted(pos_weight):
        return binary.weighted_bce(labels, logits, pos_weight=pos_weight, class_counts=(90, 10))

    np.testing.assert_allclose(weighted("balanced"), plain * [9, 1], rtol=1e-12)
    np.testing.assert_allclose(weighted(2.5), plain * [2.5, 1], rtol=1e-12)


def test_binary_hinge_equals_scikit_learn():
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, 50), rng.normal(size=50)
    value = margin.binary_hinge(tf.constant(labels), tf.constant(scores[:, None]))
    assert np.mean(value) == pytest.approx(hinge_loss(labels, scores), rel=1e-10)

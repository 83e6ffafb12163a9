import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import mean_absolute_error, mean_squared_error

from lossbench.errors import ShapeError
from lossbench.losses import regression

TRUTH = np.array([1.0, 2.0, 3.0, 4.0])
CLOSE = np.array([1.1, 1.9, 3.2, 3.7])
WITH_OUTLIER = np.array([1.1, 1.9, 5.0, 3.7])


def mean(loss, outputs, **params):
    return float(np.mean(loss(tf.constant(TRUTH), tf.constant(outputs[:, None]), **params)))


def test_the_tutorials_numbers():
    """Squared residuals .01 .01 .04 .09 (or 4 with the outlier), by hand."""
    assert mean(regression.mse, CLOSE) == pytest.approx(0.0375)
    assert mean(regression.mse, WITH_OUTLIER) == pytest.approx(1.0275)
    assert mean(regression.mae, CLOSE) == pytest.approx(0.175)
    assert mean(regression.mae, WITH_OUTLIER) == pytest.approx(0.625)
    assert mean(regression.huber, CLOSE, delta=1.0) == pytest.approx(0.01875)
    assert mean(regression.huber, WITH_OUTLIER, delta=1.0) == pytest.approx(0.38875)


def test_equal_scikit_learn():
    assert mean(regression.mse, CLOSE) == pytest.approx(mean_squared_error(TRUTH, CLOSE))
    assert mean(regression.mae, CLOSE) == pytest.approx(mean_absolute_error(TRUTH, CLOSE))


@pytest.mark.parametrize("delta", [0.1, 1.0, 7.0])
def test_huber_is_smooth_at_delta(delta):
    outputs = tf.constant([[delta - 1e-7], [delta + 1e-7]], "float64")
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        value = regression.huber(tf.constant([0.0, 0.0], "float64"), outputs, delta=delta)
    np.testing.assert_allclose(value, delta**2 / 2, rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(value, outputs), delta, rtol=1e-5)


@pytest.mark.parametrize("loss", [regression.mse, regression.mae])
def test_two_outputs_for_one_target_do_not_broadcast(loss):
    with pytest.raises(ShapeError, match=r"\(3, 1\) does not fit outputs of shape \(3, 2\)"):
        loss(tf.zeros((3, 1)), tf.zeros((3, 2)))

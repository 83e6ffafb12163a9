"""By hand, with scikit-learn as oracle for several targets."""

import math

import numpy as np
import pytest
from sklearn import metrics as oracle

from lossbench.errors import ShapeError
from lossbench.metrics import regression as r

EVERY = [r.rmse, r.mae, r.median_ae, r.ae_q90, r.ae_q99, r.r2, r.bias]

# errors 1, -1, 3, 1; sum of squares 12; y around its mean 2: 4 + 0 + 0 + 4 = 8
Y = np.array([[0.0], [2.0], [2.0], [4.0]])
F = np.array([[1.0], [1.0], [5.0], [5.0]])


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (r.rmse, math.sqrt(3)),
        (r.mae, 1.5),
        (r.median_ae, 1.0),
        # |error| sorted 1, 1, 1, 3; position 0.9 * 3 = 2.7, 0.99 * 3 = 2.97
        (r.ae_q90, 1 + 0.7 * 2),
        (r.ae_q99, 1 + 0.97 * 2),
        (r.r2, 1 - 12 / 8),
        (r.bias, 1.0),
    ],
)
def test_one_target_by_hand(metric, expected):
    assert metric(Y, F) == pytest.approx(expected, rel=1e-12)
    assert metric(Y[:, 0], F) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("metric", EVERY)
def test_several_targets_count_equally(metric):
    # the second target: exact, on another scale
    second = np.array([[10.0], [20.0], [30.0], [40.0]])
    both = metric(np.hstack([Y, second]), np.hstack([F, second]))
    assert both == pytest.approx((metric(Y, F) + metric(second, second)) / 2, rel=1e-12)


def test_equals_scikit_learn():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(50, 3))
    f = y + rng.normal(size=(50, 3)) * [0.1, 1.0, 5.0]
    assert r.rmse(y, f) == pytest.approx(oracle.root_mean_squared_error(y, f))
    assert r.r2(y, f) == pytest.approx(oracle.r2_score(y, f))
    assert r.rmse(y, f) != pytest.approx(math.sqrt(oracle.mean_squared_error(y, f)))


def test_exact_predictions():
    assert [metric(Y, Y) for metric in EVERY] == [0, 0, 0, 0, 0, 1, 0]


def test_bias_has_a_sign():
    assert r.bias(Y, Y - 2) == -2.0


def test_r2_where_it_has_no_denominator():
    constant = np.ones((3, 1))
    assert r.r2(constant, constant) == 1.0
    assert r.r2(constant, constant + 1) == 0.0
    assert math.isnan(r.r2(np.array([1.0]), np.array([2.0])))


@pytest.mark.parametrize("metric", EVERY)
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_non_finite_values_are_refused(metric, bad):
    with pytest.raises(ValueError, match="NaN or infinite"):
        metric(np.array([1.0, 2.0]), np.array([1.0, bad]))
    with pytest.raises(ValueError, match="NaN or infinite"):
        metric(np.array([1.0, bad]), np.array([1.0, 2.0]))


@pytest.mark.parametrize("metric", EVERY)
@pytest.mark.parametrize(
    ("y", "f"), [((3, 1), (2, 1)), ((3, 1), (3, 2)), ((3,), (3, 3)), ((0, 1), (0, 1)), ((), ())]
)
def test_shapes_that_do_not_fit_are_refused(metric, y, f):
    with pytest.raises(ShapeError, match="shape"):
        metric(np.zeros(y), np.zeros(f))

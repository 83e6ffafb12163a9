"""By hand, with scikit-learn as oracle for several targets."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle

from lossbench.errors import ShapeError
from lossbench.metrics import regression as r

POSITIVE = [r.poisson_deviance, r.gamma_deviance]
EVERY = [r.rmse, r.mae, r.median_ae, r.ae_q90, r.ae_q99, r.r2, r.bias, r.trimmed_rmse]

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


def test_a_tenth_of_the_squared_errors_is_left_out():
    # errors 1, 2, ..., 10, of either sign: 10 goes, and 1 + 4 + ... + 81 = 285
    errors = np.arange(1.0, 11.0) * (-1) ** np.arange(10)
    assert r.trimmed_rmse(np.zeros(10), errors) == pytest.approx(math.sqrt(285 / 9))
    assert r.trimmed_rmse(np.zeros(9), errors[:9]) == r.rmse(np.zeros(9), errors[:9])
    outlier = np.where(errors == errors[-1], 1e6, errors)
    assert r.trimmed_rmse(np.zeros(10), outlier) == r.trimmed_rmse(np.zeros(10), errors)


@pytest.mark.parametrize("n", [19, 30, 57])
def test_each_target_leaves_out_its_own_errors(n):
    errors = np.random.default_rng(0).standard_cauchy((n, 3))
    kept = [stats.trim1(errors[:, j] ** 2, 0.1, tail="right") for j in range(3)]
    expected = np.mean([math.sqrt(one.mean()) for one in kept])
    assert r.trimmed_rmse(errors, np.zeros((n, 3))) == pytest.approx(expected)


def test_exact_predictions():
    assert [metric(Y, Y) for metric in EVERY] == [0, 0, 0, 0, 0, 1, 0, 0]


def test_bias_has_a_sign():
    assert r.bias(Y, Y - 2) == -2.0


def test_r2_where_it_has_no_denominator():
    constant = np.ones((3, 1))
    assert r.r2(constant, constant) == 1.0
    assert r.r2(constant, constant + 1) == 0.0
    assert math.isnan(r.r2(np.array([1.0]), np.array([2.0])))


@pytest.mark.parametrize("metric", [*EVERY, *POSITIVE])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_non_finite_values_are_refused(metric, bad):
    with pytest.raises(ValueError, match="NaN or infinite"):
        metric(np.array([1.0, 2.0]), np.array([1.0, bad]))
    with pytest.raises(ValueError, match="NaN or infinite"):
        metric(np.array([1.0, bad]), np.array([1.0, 2.0]))


@pytest.mark.parametrize("metric", [*EVERY, *POSITIVE, r.angular_error])
@pytest.mark.parametrize(
    ("y", "f"), [((3, 1), (2, 1)), ((3, 1), (3, 2)), ((3,), (3, 3)), ((0, 1), (0, 1)), ((), ())]
)
def test_shapes_that_do_not_fit_are_refused(metric, y, f):
    with pytest.raises(ShapeError, match="shape"):
        metric(np.zeros(y), np.zeros(f))


def test_deviances_by_hand():
    # y = 2, f = 1: Poisson 2 (2 ln 2 - 1), gamma 2 (ln 1/2 + 2 - 1)
    y, f = np.array([2.0]), np.array([1.0])
    assert r.poisson_deviance(y, f) == pytest.approx(4 * math.log(2) - 2, rel=1e-12)
    assert r.gamma_deviance(y, f) == pytest.approx(2 - 2 * math.log(2), rel=1e-12)
    # y = 0: 2 f
    assert r.poisson_deviance(np.array([0.0, 0.0]), np.array([0.5, 1.5])) == 2.0


@pytest.mark.parametrize("metric", POSITIVE)
def test_deviances_average_over_examples_and_targets(metric):
    rng = np.random.default_rng(0)
    y, f = rng.uniform(0.5, 5, size=(2, 40, 3))
    oracles = {r.poisson_deviance: oracle.mean_poisson_deviance}
    expected = oracles.get(metric, oracle.mean_gamma_deviance)
    assert metric(y, f) == pytest.approx(np.mean([expected(y[:, j], f[:, j]) for j in range(3)]))
    assert metric(y, y) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("metric", POSITIVE)
@pytest.mark.parametrize("bad", [0.0, -3.0])
def test_a_prediction_that_is_not_positive_counts_as_a_millionth_of_the_mean(metric, bad):
    # the mean target is 2
    y = np.array([1.0, 3.0])
    assert metric(y, np.array([bad, 3.0])) == metric(y, np.array([2e-6, 3.0]))


def test_a_prediction_where_nothing_was_counted():
    assert r.poisson_deviance(np.zeros(2), np.array([-1.0, 0.0])) == pytest.approx(2e-6)


@pytest.mark.parametrize(("metric", "least"), [(r.poisson_deviance, -1.0), (r.gamma_deviance, 0.0)])
def test_deviances_refuse_targets_that_they_do_not_allow(metric, least):
    with pytest.raises(ValueError, match="y_true: the least target is"):
        metric(np.array([least, 1.0]), np.ones(2))


@pytest.mark.parametrize(
    ("prediction", "degrees"),
    [((3, 0), 0), ((2, 2), 45), ((0, -1), 90), ((-5, 0), 180), ((0, 0), 90), ((1e200, 1e200), 45)],
)
def test_angles_by_hand(prediction, degrees):
    y = np.array([[1.0, 0.0]])
    assert r.angular_error(y, np.array([prediction], float)) == pytest.approx(degrees)


def test_small_angles_are_kept():
    y, f = np.array([[1.0, 0.0, 0.0]]), np.array([[1.0, 1e-10, 0.0]])
    assert r.angular_error(y, f) == pytest.approx(math.degrees(1e-10), rel=1e-6)


def test_an_angle_needs_a_direction():
    with pytest.raises(ShapeError, match="two or more"):
        r.angular_error(np.ones((3, 1)), np.ones((3, 1)))
    with pytest.raises(ValueError, match="norm 0"):
        r.angular_error(np.zeros((3, 2)), np.ones((3, 2)))

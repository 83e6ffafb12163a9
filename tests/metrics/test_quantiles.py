"""By hand, with scikit-learn as oracle for several targets."""

import math

import numpy as np
import pytest
from sklearn.metrics import mean_pinball_loss

from lossbench.errors import ShapeError
from lossbench.metrics.quantiles import pinball_10, pinball_90, share_below

EVERY = [pinball_10, pinball_90, share_below]


def test_four_examples_by_hand():
    # y - f: 2, -1, 0, 4; above by 6 in all, below by 1
    y, f = np.array([3.0, 1.0, 2.0, 5.0]), np.array([1.0, 2.0, 2.0, 1.0])
    assert pinball_10(y, f) == pytest.approx((0.1 * 6 + 0.9 * 1) / 4)
    assert pinball_90(y, f) == pytest.approx((0.9 * 6 + 0.1 * 1) / 4)
    assert share_below(y, f) == 0.25, "a target that is met is not below"


@pytest.mark.parametrize(("metric", "q"), [(pinball_10, 0.1), (pinball_90, 0.9)])
def test_equals_scikit_learn(metric, q):
    y, f = np.random.default_rng(0).normal(size=(2, 50, 3))
    assert metric(y, f) == pytest.approx(mean_pinball_loss(y, f, alpha=q))


@pytest.mark.parametrize(("metric", "q"), [(pinball_10, 0.1), (pinball_90, 0.9)])
def test_the_quantile_is_the_best_prediction_and_has_its_share_below(metric, q):
    y = np.random.default_rng(0).exponential(size=1001)
    best = np.quantile(y, q)
    others = [metric(y, np.full_like(y, best + step)) for step in (-0.1, 0.1)]
    assert metric(y, np.full_like(y, best)) < min(others)
    assert share_below(y, np.full_like(y, best)) == pytest.approx(q, abs=1e-3)


def test_targets_count_equally():
    y, f = np.array([[0.0, 5.0], [0.0, 5.0]]), np.array([[1.0, 4.0], [1.0, 6.0]])
    assert share_below(y, f) == 0.75


@pytest.mark.parametrize("metric", EVERY)
def test_what_does_not_fit_is_refused(metric):
    with pytest.raises(ShapeError, match="shape"):
        metric(np.zeros((3, 1)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="NaN or infinite"):
        metric(np.array([1.0, 2.0]), np.array([1.0, math.nan]))

"""By hand, with scikit-learn as oracle."""

import math

import numpy as np
import pytest
from sklearn.metrics import recall_score

from lossbench.errors import ShapeError
from lossbench.metrics.long_tail import few_recall, many_recall, medium_recall

EVERY = [many_recall, medium_recall, few_recall]


def test_five_classes_by_hand():
    # found: 1/2 of class 0, 1 of class 1, 0 of class 2, 1/2 of class 3, 1/3 of class 4
    y = np.array([0, 0, 1, 2, 3, 3, 4, 4, 4])
    scores = np.eye(5)[[0, 1, 1, 0, 3, 0, 4, 0, 0]]
    counts = (5000, 101, 100, 20, 19)
    assert many_recall(y, scores, counts) == pytest.approx((1 / 2 + 1) / 2)
    assert medium_recall(y, scores, counts) == pytest.approx((0 + 1 / 2) / 2)
    assert few_recall(y, scores, counts) == pytest.approx(1 / 3)
    assert few_recall(np.eye(5)[y], scores, counts) == pytest.approx(1 / 3), "soft labels"


def test_equals_scikit_learn():
    rng = np.random.default_rng(0)
    y, scores = rng.integers(0, 9, 300), rng.normal(size=(300, 9))
    counts = [200, 150, 101, 100, 50, 20, 19, 5, 1]
    recalls = recall_score(y, scores.argmax(axis=1), average=None)
    for metric, at in zip(EVERY, (slice(0, 3), slice(3, 6), slice(6, 9)), strict=True):
        assert metric(y, scores, counts) == pytest.approx(recalls[at].mean())


def test_a_group_without_classes_or_examples_has_no_recall():
    y, scores = np.array([0, 1]), np.eye(3)[[0, 1]]
    assert math.isnan(medium_recall(y, scores, (500, 500, 5)))
    assert math.isnan(few_recall(y, scores, (500, 500, 5))), "no example of class 2"
    assert many_recall(y, scores, (500, 500, 5)) == 1.0


def test_classes_without_examples_do_not_count():
    assert few_recall(np.array([0, 0]), np.eye(3)[[0, 1]], (5, 5, 0)) == 0.5


@pytest.mark.parametrize("metric", EVERY)
def test_what_does_not_fit_is_refused(metric):
    with pytest.raises(ShapeError, match=r"train_counts: shape \(2,\); accepted is \(3,\)"):
        metric(np.array([0, 1]), np.eye(3)[[0, 1]], (5, 5))
    with pytest.raises(ShapeError, match="y_true"):
        metric(np.zeros(3, int), np.zeros((2, 3)), (5, 5, 5))
    with pytest.raises(ValueError, match="a label is no class"):
        metric(np.array([0, 3]), np.eye(3)[[0, 1]], (5, 5, 5))

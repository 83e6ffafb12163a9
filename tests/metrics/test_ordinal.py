"""By hand, with scikit-learn as oracle."""

import math

import numpy as np
import pytest
from sklearn import metrics as oracle

from lossbench.errors import ShapeError
from lossbench.metrics.ordinal import (
    accuracy_within_one,
    macro_mae_rank,
    mae_rank,
    quadratic_kappa,
)

EVERY = [mae_rank, quadratic_kappa, macro_mae_rank, accuracy_within_one]


def scores_of(predicted, classes):
    return np.eye(classes)[np.asarray(predicted)]


def test_four_examples_by_hand():
    # Classes 0, 0, 1, 2, predicted 0, 1, 1, 0: distances 0, 1, 0, 2.
    y, scores = np.array([0, 0, 1, 2]), scores_of([0, 1, 1, 0], 3)
    assert mae_rank(y, scores) == 0.75
    # by class: (0 + 1) / 2, 0, 2
    assert macro_mae_rank(y, scores) == pytest.approx(2.5 / 3)
    assert accuracy_within_one(y, scores) == 0.75
    # Squared distances sum to 5. By chance, with true counts 2, 1, 1 and predicted 2, 2, 0:
    # (0-1)^2 2*2/4 + (1-0)^2 1*2/4 + (2-0)^2 1*2/4 + (2-1)^2 1*2/4 = 1 + 0.5 + 2 + 0.5 = 4.
    assert quadratic_kappa(y, scores) == pytest.approx(1 - 5 / 4)


def test_kappa_equals_scikit_learn_over_all_classes():
    rng = np.random.default_rng(0)
    y = rng.choice([0, 1, 3, 4], 200)  # nobody has class 2
    predicted = np.clip(y + rng.integers(-1, 2, 200), 0, 4)
    expected = oracle.cohen_kappa_score(y, predicted, labels=range(5), weights="quadratic")
    assert quadratic_kappa(y, scores_of(predicted, 5)) == pytest.approx(expected)
    assert expected > 0.8


def test_an_absent_class_leaves_a_gap():
    # Classes 0 and 9 of ten, one of four wrong by one class: far better than wrong by nine.
    y = np.array([0, 0, 9, 9])
    near, far = scores_of([0, 1, 9, 9], 10), scores_of([0, 9, 9, 9], 10)
    assert quadratic_kappa(y, near) > 0.95
    assert quadratic_kappa(y, far) < 0.6


def test_each_class_counts_once_in_the_macro_mean():
    rng = np.random.default_rng(0)
    y = rng.choice([0, 1, 3, 4], 200, p=[0.7, 0.2, 0.07, 0.03])  # nobody has class 2
    predicted = rng.integers(0, 5, 200)
    of_class = [oracle.mean_absolute_error(y[y == c], predicted[y == c]) for c in (0, 1, 3, 4)]
    assert macro_mae_rank(y, scores_of(predicted, 5)) == pytest.approx(np.mean(of_class))
    assert macro_mae_rank(y, scores_of(y, 5)) == 0.0


def test_one_class_off_either_way_is_near_enough():
    y = np.full(5, 2)
    assert accuracy_within_one(y, scores_of(range(5), 5)) == pytest.approx(3 / 5)
    assert accuracy_within_one(np.arange(3), scores_of([1] * 3, 3)) == 1.0


def test_perfect_and_constant_predictions():
    y = np.arange(10) % 5
    assert quadratic_kappa(y, scores_of(y, 5)) == 1.0
    assert quadratic_kappa(y, scores_of([2] * 10, 5)) == pytest.approx(0)
    assert mae_rank(y, scores_of(y, 5)) == 0.0
    assert quadratic_kappa(y, scores_of(4 - y, 5)) == pytest.approx(-1)


def test_one_class_only_has_no_agreement_beyond_chance():
    assert math.isnan(quadratic_kappa(np.ones(3, int), scores_of([1, 1, 1], 3)))
    assert math.isnan(quadratic_kappa(np.ones(3, int), scores_of([1, 0, 2], 3)))


@pytest.mark.parametrize("metric", EVERY)
def test_soft_labels_count_as_their_largest_share(metric):
    y, scores = np.array([0, 1, 2, 2]), scores_of([0, 2, 1, 2], 3)
    assert metric(0.7 * np.eye(3)[y] + 0.1, scores) == metric(y, scores)


@pytest.mark.parametrize("metric", EVERY)
def test_what_does_not_fit_is_refused(metric):
    with pytest.raises(ShapeError, match="y_true"):
        metric(np.zeros(3, int), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="scores"):
        metric(np.array([0, 1]), np.array([[0, math.nan], [0, 1]]))

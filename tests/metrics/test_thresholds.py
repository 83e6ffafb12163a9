"""By hand, with scikit-learn as oracle."""

import math

import numpy as np
import pytest
from sklearn import metrics as oracle

from lossbench.errors import ShapeError
from lossbench.metrics.thresholds import fit_thresholds, micro_f1_tuned, recall_at_precision_90


def two(preference):
    return np.column_stack([np.zeros(len(preference)), preference])


def test_the_lowest_precise_threshold_by_hand():
    # from the top: nine of class 1, then class 0 (9 of 10 right), class 1 (10 of 11), class 0
    # (10 of 12): the lowest threshold with at least 0.9 is the eleventh score, 10
    preference = np.arange(20.0, 8.0, -1.0)
    y = np.array([1] * 9 + [0, 1, 0])
    (threshold,) = fit_thresholds(two(preference), y, "binary")
    assert threshold == 10.0
    assert recall_at_precision_90(y, two(preference), np.array([threshold])) == 1.0
    # elsewhere: 10 is predicted, 9.99 is not
    elsewhere = two(np.array([10.0, 9.99, 30.0, -5.0]))
    assert recall_at_precision_90(np.array([1, 1, 0, 1]), elsewhere, [threshold]) == 1 / 3


def test_it_is_the_highest_recall_that_validation_allows():
    rng = np.random.default_rng(0)
    y = (rng.random(500) < 0.3).astype(int)
    preference = rng.normal(size=500) + 3 * y
    chosen = fit_thresholds(two(preference), y, "binary")
    predictions = [preference >= t for t in preference]
    allowed = [
        oracle.recall_score(y, p) for p in predictions if oracle.precision_score(y, p) >= 0.9
    ]
    assert recall_at_precision_90(y, two(preference), chosen) == max(allowed)
    assert 0.5 < max(allowed) < 1


def test_without_a_precise_threshold_there_is_no_recall():
    y = np.array([0, 1, 0, 1])
    chosen = fit_thresholds(two([4.0, 3.0, 2.0, 1.0]), y, "binary")
    assert np.isnan(chosen).all() and chosen.shape == (1,)
    assert math.isnan(recall_at_precision_90(y, two([1.0, 2.0, 3.0, 4.0]), chosen))


def test_without_positives_there_is_none_either():
    none = np.zeros(3, int)
    assert np.isnan(fit_thresholds(two([1.0, 2.0, 3.0]), none, "binary")).all()
    assert math.isnan(recall_at_precision_90(none, two([1.0, 2.0, 3.0]), np.array([2.0])))


def test_each_label_has_its_own_threshold_by_hand():
    # label 0: scores 3, 2 right, 1 wrong, 0 right: F1 is 1/2, 4/5, 2/3, 6/7 from there on
    # label 1: 3 right, the others wrong: F1 is 1 at 3
    # label 2: no example has it
    scores = np.array([[3.0, 3.0, 3.0], [2.0, 2.0, 2.0], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    y = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 0], [1, 0, 0]])
    chosen = fit_thresholds(scores, y, "multilabel")
    assert chosen.tolist() == [0.0, 3.0, 0.0]
    # predicted: label 0 for all (TP 3, FP 1), label 1 once (TP 1), label 2 for all (FP 4)
    assert micro_f1_tuned(y, scores, chosen) == pytest.approx(2 * 4 / (2 * 4 + 5))


def test_no_other_threshold_has_a_better_f1():
    rng = np.random.default_rng(0)
    y = (rng.random((200, 4)) < [0.5, 0.2, 0.05, 0.9]).astype(np.float32)
    scores = rng.normal(size=(200, 4)) + y
    chosen = fit_thresholds(scores, y, "multilabel")
    for label in range(4):
        own, truth = scores[:, label], y[:, label]
        best = max(oracle.f1_score(truth, own >= t) for t in own)
        assert oracle.f1_score(truth, own >= chosen[label]) == pytest.approx(best)
    expected = oracle.f1_score(y, scores >= chosen, average="micro")
    assert micro_f1_tuned(y, scores, chosen) == pytest.approx(expected)
    assert expected > oracle.f1_score(y, scores >= 1.0, average="micro")


def test_no_label_and_no_prediction_has_no_f1():
    assert math.isnan(micro_f1_tuned(np.zeros((2, 2)), np.zeros((2, 2)), np.ones(2)))


@pytest.mark.parametrize("task", ["multiclass", "regression", "segmentation", "retrieval"])
def test_other_tasks_have_no_thresholds(task):
    assert fit_thresholds(np.zeros((2, 2)), np.zeros(2, int), task) is None


def test_what_does_not_fit_is_refused():
    y = np.array([0, 1])
    with pytest.raises(ShapeError, match=r"thresholds: shape \(2,\); accepted is \(1,\)"):
        recall_at_precision_90(y, two([0.0, 1.0]), np.zeros(2))
    with pytest.raises(ShapeError, match=r"thresholds: shape \(1,\); accepted is \(2,\)"):
        micro_f1_tuned(np.eye(2), np.eye(2), np.zeros(1))
    with pytest.raises(ShapeError, match="this metric is for two"):
        fit_thresholds(np.zeros((2, 3)), y, "binary")
    with pytest.raises(ValueError, match="neither 0 nor 1"):
        fit_thresholds(np.zeros((2, 2)), np.full((2, 2), 2), "multilabel")

"""Numbers: example 9.9 of the methodology, tiny cases by hand, scikit-learn as oracle."""

import math

import numpy as np
import pytest
from sklearn import metrics as oracle

from lossbench.errors import ShapeError
from lossbench.metrics import classification as c
from lossbench.metrics.decoding import probabilities

# example 9.9: p(class 0), y
P0 = np.array([0.9, 0.8, 0.7, 0.6, 0.35, 0.15, 0.45, 0.05])
Y = np.array([0, 0, 1, 0, 1, 1, 0, 1])
SCORES = np.log(np.column_stack([P0, 1 - P0]))

EVERY = [
    c.accuracy,
    c.balanced_accuracy,
    c.macro_f1,
    c.worst_class_recall,
    c.top5_accuracy,
    c.average_precision,
    c.roc_auc,
    c.recall,
    c.precision,
    c.f1,
    c.mcc,
    c.nll,
    c.brier_score,
    c.ece,
]
SHARES = [c.nll, c.brier_score]
NOT_FOR_MANY = [c.average_precision, c.roc_auc, c.recall, c.precision, c.f1, c.mcc]


def drawn(n=400, classes=6, seed=0):
    """Scores that know something about their classes, which are of unequal size."""
    rng = np.random.default_rng(seed)
    y = rng.choice(classes, n, p=np.arange(1, classes + 1) / (classes * (classes + 1) / 2))
    return y, rng.normal(size=(n, classes)) + 1.2 * np.eye(classes)[y]


def test_example_9_9():
    assert c.accuracy(Y, SCORES) == 0.75
    assert c.nll(Y, SCORES) == pytest.approx(0.435800666, rel=1e-8)
    assert c.brier_score(Y, SCORES) == pytest.approx(0.2875, rel=1e-12)
    assert c.ece(Y, SCORES, bins=5) == pytest.approx(0.075, rel=1e-12)
    assert c.ece(Y, SCORES, bins=10) == pytest.approx(0.125, rel=1e-12)


def test_four_examples_of_three_classes_by_hand():
    # predicted 0, 1, 1, 2 for classes 0, 0, 1, 2: recall 1/2, 1, 1; precision 1, 1/2, 1
    y = np.array([0, 0, 1, 2])
    scores = np.array([[3.0, 0, 0], [0, 3, 0], [0, 3, 0], [0, 0, 3]])
    assert c.accuracy(y, scores) == 0.75
    assert c.balanced_accuracy(y, scores) == pytest.approx(2.5 / 3)
    assert c.worst_class_recall(y, scores) == 0.5
    # F1 = 2 (1 * 1/2) / (3/2) = 2/3 for classes 0 and 1, 1 for class 2
    assert c.macro_f1(y, scores) == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)
    assert c.top5_accuracy(y, scores) == 1.0
    # p of the highest score is a = e^3 / (e^3 + 2); the others (1 - a) / 2
    a = math.exp(3) / (math.exp(3) + 2)
    b = (1 - a) / 2
    assert c.nll(y, scores) == pytest.approx(-(3 * math.log(a) + math.log(b)) / 4)
    right, wrong = (1 - a) ** 2 + 2 * b**2, a**2 + (1 - b) ** 2 + b**2
    assert c.brier_score(y, scores) == pytest.approx((3 * right + wrong) / 4)
    # one bin: |3/4 - a|
    assert c.ece(y, scores) == pytest.approx(abs(0.75 - a))


def test_two_classes_by_hand():
    # preferences 2, -1, 1, -2 for classes 1, 1, 0, 0: predicted 1, 0, 1, 0
    y = np.array([1, 1, 0, 0])
    scores = np.array([[0.0, 2.0], [0.0, -1.0], [0.0, 1.0], [0.0, -2.0]])
    # of the four pairs (positive, negative), 3 are in order
    assert c.roc_auc(y, scores) == 0.75
    # order 1 0 1 0: recall 1/2 at precision 1, recall 1 at precision 2/3
    assert c.average_precision(y, scores) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)
    assert c.mcc(y, scores) == 0.0
    # one of two positives is found, and one of the two that are found is one
    assert (c.recall(y, scores), c.precision(y, scores), c.f1(y, scores)) == (0.5, 0.5, 0.5)


def test_where_no_positive_is_found_precision_is_0_and_no_warning():
    y, none = np.array([0, 0, 1]), np.array([[1.0, 0.0]] * 3)
    assert (c.recall(y, none), c.precision(y, none), c.f1(y, none)) == (0.0, 0.0, 0.0)
    assert c.recall(np.zeros(3, int), none) == 0.0


def test_brier_score_of_two_classes_is_not_halved():
    # certain and wrong: (1 - 0)^2 + (0 - 1)^2 = 2
    assert c.brier_score(np.array([0]), np.array([[-1e4, 1e4]])) == 2.0


@pytest.mark.parametrize("classes", [2, 6])
def test_equals_scikit_learn(classes):
    y, scores = drawn(classes=classes)
    p, predicted = probabilities(scores), scores.argmax(axis=1)
    assert c.accuracy(y, scores) == oracle.accuracy_score(y, predicted)
    assert c.balanced_accuracy(y, scores) == pytest.approx(
        oracle.balanced_accuracy_score(y, predicted)
    )
    assert c.macro_f1(y, scores) == pytest.approx(oracle.f1_score(y, predicted, average="macro"))
    assert c.worst_class_recall(y, scores) == pytest.approx(
        oracle.recall_score(y, predicted, average=None).min()
    )
    assert c.nll(y, scores) == pytest.approx(oracle.log_loss(y, p), rel=1e-9)
    brier = oracle.brier_score_loss(y, p if classes > 2 else p[:, 1], scale_by_half=False)
    assert c.brier_score(y, scores) == pytest.approx(brier, rel=1e-9)


def test_ranking_metrics_equal_scikit_learn():
    y, scores = drawn(classes=2)
    p = probabilities(scores)[:, 1]
    assert c.average_precision(y, scores) == pytest.approx(oracle.average_precision_score(y, p))
    assert c.roc_auc(y, scores) == pytest.approx(oracle.roc_auc_score(y, p))
    assert c.mcc(y, scores) == pytest.approx(oracle.matthews_corrcoef(y, p > 0.5))
    assert c.recall(y, scores) == pytest.approx(oracle.recall_score(y, p > 0.5))
    assert c.precision(y, scores) == pytest.approx(oracle.precision_score(y, p > 0.5))
    assert c.f1(y, scores) == pytest.approx(oracle.f1_score(y, p > 0.5))


def test_top5_equals_scikit_learn_where_nothing_ties():
    y, scores = drawn(classes=25)
    expected = oracle.top_k_accuracy_score(y, scores, k=5, labels=range(25))
    assert c.top5_accuracy(y, scores) == pytest.approx(expected)


def test_equal_scores_predict_the_lowest_class():
    scores = np.zeros((3, 3))
    y = np.array([0, 1, 2])
    assert c.accuracy(y, scores) == pytest.approx(1 / 3)
    assert c.balanced_accuracy(y, scores) == pytest.approx(1 / 3)
    assert c.worst_class_recall(y, scores) == 0.0
    # of 20 equal scores the classes 0 to 4 are the five highest
    assert c.top5_accuracy(np.arange(20), np.zeros((20, 20))) == 0.25
    assert c.roc_auc(np.array([0, 1, 1]), np.zeros((3, 2))) == 0.5
    assert c.average_precision(np.array([0, 1, 1]), np.zeros((3, 2))) == pytest.approx(2 / 3)


@pytest.mark.parametrize("metric", EVERY)
def test_one_hot_shares_equal_classes(metric):
    classes = 2 if metric in NOT_FOR_MANY else 6
    y, scores = drawn(classes=classes)
    assert metric(np.eye(classes)[y], scores) == metric(y, scores)


@pytest.mark.parametrize("metric", [m for m in EVERY if m not in SHARES])
def test_soft_labels_count_as_their_largest_share(metric):
    classes = 2 if metric in NOT_FOR_MANY else 6
    y, scores = drawn(classes=classes)
    soft = 0.7 * np.eye(classes)[y] + 0.3 / classes
    assert metric(soft, scores) == metric(y, scores)


def test_of_equal_shares_the_lowest_class_counts():
    scores = np.array([[1.0, 0.0]])
    assert c.accuracy(np.array([[0.5, 0.5]]), scores) == 1.0


def test_nll_and_brier_score_read_shares_as_they_are():
    # p = (e / (e + 1), 1 / (e + 1)), shares (0.25, 0.75)
    p = math.e / (math.e + 1)
    soft, scores = np.array([[0.25, 0.75]]), np.array([[1.0, 0.0]])
    assert c.nll(soft, scores) == pytest.approx(-0.25 * math.log(p) - 0.75 * math.log(1 - p))
    assert c.brier_score(soft, scores) == pytest.approx((p - 0.25) ** 2 + (0.25 - p) ** 2)


@pytest.mark.parametrize("metric", EVERY)
@pytest.mark.parametrize("size", [1e4, -1e4, 1e300])
def test_extreme_scores_stay_finite(metric, size):
    y = np.array([0, 1, 1, 0])
    scores = size * np.array([[1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [0.0, 0.0]]) / 2
    assert math.isfinite(metric(y, scores))


def test_nll_is_clipped_at_1e_12():
    assert c.nll(np.array([0]), np.array([[-1e4, 1e4]])) == pytest.approx(12 * math.log(10))
    # above the clip the logarithm is exact: -log p = log(1 + e^25) without rounding p
    assert c.nll(np.array([0]), np.array([[0.0, 25.0]])) == pytest.approx(
        25 + math.log1p(math.exp(-25)), rel=1e-14
    )


def test_saturated_probabilities_keep_their_order():
    # softmax gives 1.0 for both of the last two
    y, scores = np.array([0, 0, 1]), np.array([[0.0, -50.0], [0.0, 50.0], [0.0, 60.0]])
    assert c.roc_auc(y, scores) == 1.0


def test_classes_absent_from_the_labels_do_not_count():
    # classes 0 and 1 are there; the third example is predicted as class 2
    y = np.array([0, 1, 1])
    scores = np.array([[1.0, 0, 0], [0, 1, 0], [0, 0, 1]])
    assert c.balanced_accuracy(y, scores) == 0.75
    assert c.worst_class_recall(y, scores) == 0.5
    # F1 of class 0 is 1, of class 1 2 * 1 / (2 + 0 + 1) = 2/3
    assert c.macro_f1(y, scores) == pytest.approx((1 + 2 / 3) / 2)


def test_one_class_only_has_no_order():
    scores = np.array([[0.0, 1.0], [0.0, 2.0]])
    for y in (np.array([1, 1]), np.array([0, 0])):
        assert math.isnan(c.average_precision(y, scores))
        assert math.isnan(c.roc_auc(y, scores))
        assert c.mcc(y, scores) == 0.0
    assert c.balanced_accuracy(np.array([1, 1]), scores) == 1.0


def test_one_example():
    y, scores = np.array([1]), np.array([[0.0, 1.0]])
    for metric in (c.accuracy, c.balanced_accuracy, c.macro_f1, c.worst_class_recall):
        assert metric(y, scores) == 1.0


@pytest.mark.parametrize("metric", EVERY)
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_non_finite_scores_are_refused(metric, bad):
    with pytest.raises(ValueError, match="scores"):
        metric(np.array([0, 1]), np.array([[0.0, bad], [0.0, 1.0]]))


@pytest.mark.parametrize("metric", EVERY)
def test_labels_that_do_not_fit_are_refused(metric):
    scores = np.array([[0.0, 1.0], [1.0, 0.0]])
    for shape in [(3,), (2, 1), (2, 3), ()]:
        with pytest.raises(ShapeError, match="y_true"):
            metric(np.zeros(shape), scores)
    for y in ([0, 2], [-1, 0], [0, 0.5], [0, math.nan], [[1, -1], [0, 1]], [[math.nan, 1], [0, 1]]):
        with pytest.raises(ValueError, match="y_true"):
            metric(np.array(y), scores)
    for shape in [(0, 2), (2, 1), (2,)]:
        with pytest.raises(ShapeError, match="scores"):
            metric(np.zeros(shape[:1], int), np.zeros(shape))


@pytest.mark.parametrize("metric", NOT_FOR_MANY)
def test_metrics_of_two_classes_refuse_more(metric):
    with pytest.raises(ShapeError, match="for two"):
        metric(np.array([0, 1]), np.zeros((2, 3)))


@pytest.mark.parametrize("metric", EVERY)
def test_the_order_of_the_examples_does_not_matter(metric):
    y, scores = drawn(classes=2 if metric in NOT_FOR_MANY else 6)
    order = np.random.default_rng(1).permutation(len(y))
    assert metric(y[order], scores[order]) == pytest.approx(metric(y, scores), rel=1e-12)

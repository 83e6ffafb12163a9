import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, matthews_corrcoef

from lossbench.datasets.parts import Optimum, Part, Splits
from lossbench.datasets.target_summary import (
    best_scores,
    summary_of_classes,
    summary_of_labels,
    summary_of_masks,
    summary_of_values,
)


def test_classes():
    found = summary_of_classes(
        {"train": np.array([0, 0, 0, 1, 2, 2]), "validation": np.array([2]), "test": np.array([1])},
        3,
    )
    assert found.counts == {"train": (3, 1, 2), "validation": (0, 0, 1), "test": (0, 1, 0)}
    assert found.ratio == 3 and found.test_ratio is None and found.soft is None


def test_soft_labels():
    train = np.array([[1, 0], [0.5, 0.5], [0.2, 0.8], [0, 1]], np.float32)
    found = summary_of_classes({"train": train, "validation": train[:1], "test": train[:2]}, 2)
    assert found.counts["train"] == (2, 2)
    assert found.soft == 0.5
    by_hand = (np.log(2) + stats.entropy([0.2, 0.8])) / 4
    assert found.entropy == pytest.approx(by_hand, rel=1e-6)


def test_labels_alone_and_together():
    rng = np.random.default_rng(0)
    a = rng.random(400) < 0.3
    b = np.where(rng.random(400) < 0.8, a, rng.random(400) < 0.3)
    c = rng.random(400) < 0.05
    train = np.stack([a, b, c], axis=1).astype(np.float32)
    found = summary_of_labels(train, train[:100])
    assert found.prevalence == pytest.approx(train.mean(axis=0))
    assert found.positives == tuple(train.sum(axis=0).astype(int))
    assert found.none == pytest.approx((train.sum(axis=1) == 0).mean())
    strongest = found.pairs[0]
    assert strongest.labels == (0, 1)
    assert strongest.correlation == pytest.approx(matthews_corrcoef(a, b))
    assert strongest.share == pytest.approx((a & b).mean())
    assert strongest.lift == pytest.approx((a & b).mean() / (a.mean() * b.mean()))


def test_labels_that_always_hold_have_no_pairs():
    found = summary_of_labels(np.array([[1, 0], [1, 1]], np.float32), np.zeros((0, 2)))
    assert found.pairs == () and found.test_prevalence == ()


def test_values_against_scipy():
    values = np.random.default_rng(0).gamma(2.0, size=500).astype(np.float32)
    found = summary_of_values(values, values[:50])
    assert found.skewness == pytest.approx(stats.skew(values.astype(float)))
    assert found.kurtosis == pytest.approx(stats.kurtosis(values.astype(float)))
    mad = stats.median_abs_deviation(values.astype(float), scale="normal")
    assert found.scale == pytest.approx(mad, rel=1e-4)
    far = np.abs(values - np.median(values)) > 3.5 * mad
    assert found.outliers == pytest.approx(far.mean()) and found.above == found.outliers
    assert found.quantiles[4] == np.median(values) and found.quantiles[-1] == values.max()
    assert sum(found.histogram) == 500 and len(found.edges) == len(found.histogram) + 1
    assert not found.whole and found.negatives == 0


def test_outliers_on_one_side_by_hand():
    values = np.array([-2, -1, -1, 0, 0, 0, 1, 1, 2, 50], np.float64)
    found = summary_of_values(values, np.array([0.0, 40.0]))
    # median 0, absolute deviations 2 1 1 0 0 0 1 1 2 50 with median 1
    assert found.scale == pytest.approx(1.4826)
    assert found.outliers == found.above == 0.1
    assert found.test_outliers == 0.5
    assert found.log_outliers is None and found.negatives == 0.3 and found.zeros == 0.3


def test_skewed_amounts_have_no_outliers_as_logarithms():
    values = np.random.default_rng(0).lognormal(1.0, 0.8, 2000)
    found = summary_of_values(values, values)
    assert found.outliers > 0.03 and found.log_outliers < 0.01


def test_where_half_of_the_targets_are_equal_the_rule_says_nothing():
    found = summary_of_values(np.array([0.0] * 6 + [1, 2, 3]), np.array([1.0]))
    assert found.outliers is None and found.above is None and found.test_outliers is None


def test_constant_targets():
    found = summary_of_values(np.full(5, 2.0), np.zeros(0))
    assert found.skewness is None and found.kurtosis is None and found.scale == 0


def test_whole_numbers_are_counted_one_by_one():
    found = summary_of_values(np.array([0, 0, 1, 3, 3, 3], float), np.zeros(1))
    assert found.whole and found.histogram == (2, 1, 0, 3)
    assert found.edges == (-0.5, 0.5, 1.5, 2.5, 3.5)


def test_masks():
    masks = np.zeros((4, 5, 5), np.uint8)
    masks[0, 0, 0] = 1
    masks[1, :, :] = 2
    found = summary_of_masks(masks, 3)
    assert found.pixels == (0.74, 0.01, 0.25) and found.images == (0.75, 0.25, 0.25)


def with_optimum(task, targets, names=(), **best):
    part = Part(np.zeros((len(targets), 8, 8, 1), np.uint8), targets, np.arange(len(targets)))
    return Splits(part, part, part, task, names, optimum=Optimum(**best))


def test_best_scores_of_classes():
    targets = np.array([0, 1, 1, 0], np.int32)
    scores = np.log([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.8, 0.2]])
    found = best_scores(with_optimum("binary", targets, ("no", "yes"), scores=scores))
    odds = scores[:, 1] - scores[:, 0]
    assert found == {
        "accuracy": 0.75,
        "average_precision": average_precision_score(targets, odds),
    }


def test_best_scores_of_numbers_and_of_nothing():
    targets = np.array([[1.0], [3.0]], np.float32)
    best = np.array([[1.0], [1.0]])
    found = best_scores(with_optimum("regression", targets, mean=best, median=best))
    assert found == {"rmse": pytest.approx(2**0.5), "mae": 1.0}
    assert best_scores(with_optimum("regression", targets)) == {}

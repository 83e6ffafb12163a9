"""Patterns under noise: class sizes, the patterns, and how far apart the classes are."""

import hashlib

import numpy as np
import pytest

from lossbench import metrics
from lossbench.catalog import METRICS
from lossbench.datasets import describe, load, split_sha256
from lossbench.datasets.synthetic_imbalanced import class_sizes, patterns
from lossbench.errors import DataError


def train_counts(splits):
    targets = np.concatenate([splits.train.targets, splits.validation.targets])
    return np.bincount(targets).tolist()


@pytest.mark.parametrize(
    ("n", "classes", "ratio", "expected"),
    [
        (110, 2, 10.0, [100, 10]),
        (2000, 2, 10.0, [1818, 182]),  # 2000 * 10 / 11 = 1818.18
        (70, 3, 4.0, [40, 20, 10]),  # weights 1, 1/2, 1/4
        (10, 4, 1.0, [3, 3, 2, 2]),
    ],
)
def test_class_sizes_by_hand(n, classes, ratio, expected):
    assert class_sizes(n, classes, ratio, "here").tolist() == expected


def test_the_rare_class_of_two_is_the_positive_one():
    splits = load("synthetic_imbalanced", {})
    assert train_counts(splits) == [1818, 182]
    assert splits.task == "binary"
    assert np.bincount(splits.test.targets).tolist() == [500, 500]


def test_test_part_is_balanced_as_far_as_it_divides():
    splits = load("synthetic_imbalanced", {"n": 300, "n_test": 11, "classes": 3})
    assert np.bincount(splits.test.targets).tolist() == [4, 4, 3]


@pytest.mark.parametrize(("classes", "side"), [(2, 16), (10, 16), (40, 8), (63, 8)])
def test_patterns_are_orthonormal_and_sum_to_0(classes, side):
    found = patterns(classes, side)
    np.testing.assert_allclose(found @ found.T, np.eye(classes), atol=1e-10)
    np.testing.assert_allclose(found.sum(axis=1), 0, atol=1e-10)


def test_patterns_are_smooth():
    # Neighbouring pixels of white noise differ by twice the power along each axis: 4 in all.
    for grid in patterns(2, 16).reshape(2, 16, 16):
        power = (grid**2).sum()
        assert (np.diff(grid, axis=0) ** 2).sum() + (np.diff(grid, axis=1) ** 2).sum() < 1.5 * power


@pytest.mark.parametrize(("contrast", "ideal"), [(0.5, 0.8413), (1.0, 0.9772)])
def test_the_best_linear_classifier_is_as_good_as_documented(contrast, ideal):
    # Phi(d' / 2) with d' = 4 * contrast; 4 standard errors of 4,000 test images.
    splits = load("synthetic_imbalanced", {"n": 50, "n_test": 4000, "contrast": contrast})
    scores = (splits.test.images.reshape(4000, -1) - 128.0) @ patterns(2, 16).T
    accuracy = (scores.argmax(axis=1) == splits.test.targets).mean()
    assert accuracy == pytest.approx(ideal, abs=4 * np.sqrt(ideal * (1 - ideal) / 4000))


def test_default_metric_depends_on_classes_and_ratio():
    def metric(**params):
        return describe("synthetic_imbalanced", params).metric

    assert metric() == "average_precision"
    assert metric(classes=5) == "balanced_accuracy"
    assert metric(classes=5, ratio=1.5) == "accuracy"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n": 50, "ratio": 100.0}, r"n = 50 leaves class 1 with 0 images .* n >= (\d+)"),
        ({"n": 30, "classes": 20, "ratio": 1.0}, r"leaves class 10 with 1 images .* n >= 40 is"),
        ({"classes": 64, "image_size": 8}, "64 classes .* fewer than 64 fit into 8 x 8 pixels"),
        ({"classes": 5, "n_test": 4}, "n_test = 4 is fewer than the 5 classes"),
        ({"n": 100, "subset": {"n": 50, "balanced": True}}, "class 1 has 9; up to 18"),
    ],
)
def test_impossible_parameters_are_refused_by_both(params, message):
    for function in (describe, load):
        with pytest.raises(DataError, match=f"data set 'synthetic_imbalanced': .*{message}"):
            function("synthetic_imbalanced", params)


@pytest.mark.parametrize(("classes", "ratio"), [(2, 100.0), (10, 50.0), (3, 1.0), (7, 3.3)])
def test_the_least_n_named_is_accepted_and_one_less_is_not(classes, ratio):
    with pytest.raises(DataError) as caught:
        class_sizes(classes, classes, ratio, "here")
    least = int(str(caught.value).split("n >= ")[1].split()[0])
    assert class_sizes(least, classes, ratio, "here").min() == 2
    with pytest.raises(DataError):
        class_sizes(least - 1, classes, ratio, "here")


def test_the_draw_is_the_one_that_results_were_made_with():
    # Golden: recorded when the draw was written; a change would make old runs incomparable.
    splits = load("synthetic_imbalanced", {"n": 100, "n_test": 20, "classes": 3})
    assert split_sha256(splits)[:16] == "963919b441fd1d70"
    assert hashlib.sha256(splits.train.images.tobytes()).hexdigest()[:16] == "d4addf022b2e1db7"
    assert splits.train.targets[:10].tolist() == [1, 0, 0, 1, 0, 0, 0, 1, 0, 0]


N = 50_000


@pytest.mark.parametrize("classes", [2, 3, 10])
@pytest.mark.parametrize("contrast", [0.25, 0.5, 1.0])
def test_the_best_predictions_attain_the_stated_accuracy(classes, contrast):
    params = {"n": 100, "n_test": N, "classes": classes, "ratio": 1.0, "image_size": 8}
    params["contrast"] = contrast
    splits, stated = load("synthetic_imbalanced", params), describe("synthetic_imbalanced", params)
    found = metrics.function(METRICS["accuracy"])(splits.test.targets, splits.optimum.scores)
    accuracy = stated.optimum["accuracy"]
    assert found == pytest.approx(accuracy, abs=4 * np.sqrt(accuracy * (1 - accuracy) / N))


def test_the_best_ranks_attain_the_stated_areas():
    params = {"n": 100, "n_test": N, "contrast": 0.4, "image_size": 8}
    splits, stated = load("synthetic_imbalanced", params), describe("synthetic_imbalanced", params)
    parts = np.array_split(np.arange(N), 25)
    for name in ("roc_auc", "average_precision"):
        area = metrics.function(METRICS[name])
        found = [area(splits.test.targets[at], splits.optimum.scores[at]) for at in parts]
        error = np.std(found, ddof=1) / np.sqrt(len(found))
        assert np.mean(found) == pytest.approx(stated.optimum[name], abs=4 * error + 0.0005), name


def test_the_best_probabilities_are_those_of_a_linear_discriminant_with_the_true_means():
    # Without clipping; the discriminant knows nothing of rounding either.
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    splits = load("synthetic_imbalanced", {"n": 50, "n_test": 300, "classes": 3, "contrast": 0.5})
    means = 128 + 64 / np.sqrt(2) * patterns(3, 16)
    # Three points a class around its mean span the pooled covariance that is asked for.
    rng = np.random.default_rng(0)
    cloud = rng.standard_normal((2000, 256))
    cloud = np.linalg.qr(cloud - cloud.mean(axis=0))[0] * 32 * np.sqrt(2000)
    known = LinearDiscriminantAnalysis(solver="lsqr", priors=np.bincount(splits.test.targets) / 300)
    known.fit(np.concatenate([mean + cloud for mean in means]), np.repeat(np.arange(3), 2000))
    found = np.exp(splits.optimum.scores)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    wanted = known.predict_proba(splits.test.images.reshape(300, -1).astype(float))
    np.testing.assert_allclose(found, wanted, atol=0.01)


def test_the_best_probabilities_are_calibrated():
    splits = load("synthetic_imbalanced", {"n": 50, "n_test": N, "contrast": 0.3, "image_size": 8})
    positive = np.exp(splits.optimum.scores[:, 1])
    for low in np.arange(0.1, 0.9, 0.1):
        at = (positive >= low) & (positive < low + 0.1)
        share, expected = splits.test.targets[at].mean(), positive[at].mean()
        assert share == pytest.approx(expected, abs=4 * 0.5 / np.sqrt(at.sum()))

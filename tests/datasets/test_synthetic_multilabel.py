"""Patterns that are there or not: how often, independently, and how well they can be seen."""

import hashlib

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from lossbench import metrics
from lossbench.catalog import METRICS
from lossbench.datasets import describe, load, split_sha256
from lossbench.datasets.synthetic_imbalanced import patterns
from lossbench.datasets.synthetic_multilabel import label_counts
from lossbench.errors import DataError


def all_labels(splits):
    return np.concatenate([splits.train.targets, splits.validation.targets])


@pytest.mark.parametrize(
    ("n", "labels", "prevalence", "ratio", "expected"),
    [
        (100, 3, 0.4, 4.0, [40, 20, 10]),  # 0.4, 0.2, 0.1
        (100, 2, 0.5, 1.0, [50, 50]),
        (2000, 5, 0.5, 5.0, [1000, 669, 447, 299, 200]),  # each 5 ** (-1/4) = 0.669 of the last
    ],
)
def test_label_counts_by_hand(n, labels, prevalence, ratio, expected):
    assert label_counts(n, labels, prevalence, ratio).tolist() == expected


def test_labels_are_there_as_often_as_asked_in_both_parts():
    splits = load("synthetic_multilabel", {"n": 400, "n_test": 200, "labels": 3, "ratio": 4.0})
    assert all_labels(splits).sum(axis=0).tolist() == [200, 100, 50]
    assert splits.test.targets.sum(axis=0).tolist() == [100, 50, 25]
    assert set(np.unique(all_labels(splits))) == {0, 1}


def test_labels_do_not_depend_on_each_other():
    found = all_labels(load("synthetic_multilabel", {"n": 4000, "n_test": 20}))
    correlation = np.corrcoef(found.T) - np.eye(5)
    assert np.abs(correlation).max() < 4 / np.sqrt(4000)
    assert found.sum(axis=1).min() == 0  # an image may show no pattern
    assert found.sum(axis=1).max() >= 4


@pytest.mark.parametrize("contrast", [0.5, 1.0])
def test_patterns_can_be_seen_as_well_as_documented(contrast):
    # Phi(d' / sqrt(2)) with d' = 4 * contrast
    params = {"n": 50, "n_test": 4000, "labels": 4, "contrast": contrast, "ratio": 2.0}
    splits = load("synthetic_multilabel", params)
    scores = (splits.test.images.reshape(4000, -1) - 128.0) @ patterns(4, 16).T
    ideal = stats.norm.cdf(4 * contrast / np.sqrt(2))
    for label in range(4):
        found = roc_auc_score(splits.test.targets[:, label], scores[:, label])
        assert found == pytest.approx(ideal, abs=0.015)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n": 10}, "n = 10 gives label 4 to 1 images .* for which 20 are enough. Raise n or"),
        ({"n_test": 9}, "n_test = 9 gives label 4 to 1 images"),
        ({"labels": 64, "image_size": 8}, "64 labels .* fewer than 64 fit into 8 x 8 pixels"),
        ({"subset": {"n": 50, "balanced": True}}, "balanced is accepted where each image has one"),
        ({"subset": 2001}, "a subset of 2001"),
    ],
)
def test_impossible_parameters_are_refused_by_both(params, message):
    for function in (describe, load):
        with pytest.raises(DataError, match=f"data set 'synthetic_multilabel': .*{message}"):
            function("synthetic_multilabel", params)


def test_the_number_of_images_that_is_named_is_enough():
    describe("synthetic_multilabel", {"n": 20, "n_test": 20})


def test_the_draw_is_the_one_that_results_were_made_with():
    # Golden: recorded when the draw was written; a change would make old runs incomparable.
    splits = load("synthetic_multilabel", {"n": 100, "n_test": 20})
    assert split_sha256(splits)[:16] == "c8eb0fd0d4443b98"
    assert hashlib.sha256(splits.train.images.tobytes()).hexdigest()[:16] == "41d6cb7fc7a62c25"
    expected = [[1, 0, 0, 0, 1], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert splits.train.targets[:3].tolist() == expected


@pytest.mark.parametrize(("contrast", "ratio"), [(0.25, 5.0), (0.5, 5.0), (1.0, 20.0)])
def test_the_best_predictions_attain_the_stated_values(contrast, ratio):
    params = {"n": 500, "n_test": 40_000, "image_size": 8, "contrast": contrast, "ratio": ratio}
    splits, stated = load("synthetic_multilabel", params), describe("synthetic_multilabel", params)
    parts = np.array_split(np.arange(40_000), 20)
    for name in ("mean_average_precision", "macro_roc_auc", "subset_accuracy", "hamming_loss"):
        metric = metrics.function(METRICS[name])
        found = [metric(splits.test.targets[at], splits.optimum.scores[at]) for at in parts]
        error = np.std(found, ddof=1) / np.sqrt(len(found))
        # Average precision of few positives is too high, by about 1 / their number.
        slack = 0.002 if name == "mean_average_precision" else 1e-9
        assert np.mean(found) == pytest.approx(stated.optimum[name], abs=4 * error + slack), name


def test_log_odds_are_those_of_all_sets_of_labels_together():
    # Three labels make eight mean images; summing their likelihoods needs no projection.
    params = {"n": 200, "n_test": 200, "labels": 3, "prevalence": 0.4, "ratio": 2.0}
    splits = load("synthetic_multilabel", params | {"contrast": 0.5})
    sets = np.array([[i >> label & 1 for label in range(3)] for i in range(8)])
    means = 128 + 64 * sets @ patterns(3, 16)
    share = splits.test.targets.mean(axis=0)
    prior = np.prod(np.where(sets == 1, share, 1 - share), axis=1)
    images = splits.test.images.reshape(200, 1, -1).astype(float)
    likely = -((images - means) ** 2).sum(axis=2) / (2 * 32**2)
    joint = prior * np.exp(likely - likely.max(axis=1, keepdims=True))
    there, absent = joint @ sets, joint @ (1 - sets)
    np.testing.assert_allclose(splits.optimum.scores, np.log(there / absent), atol=1e-4)

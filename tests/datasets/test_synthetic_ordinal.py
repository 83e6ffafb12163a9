"""Grades of a severity: their sizes, the best accuracy, and that errors miss by one grade."""

import hashlib

import numpy as np
import pytest
from scipy import stats

from lossbench import metrics
from lossbench.catalog import METRICS
from lossbench.datasets import best_prediction, describe, load, split_sha256
from lossbench.datasets.synthetic_imbalanced import patterns
from lossbench.errors import DataError


def test_grades_are_equally_frequent():
    splits = load("synthetic_ordinal", {"n": 200, "n_test": 23, "classes": 4})
    targets = np.concatenate([splits.train.targets, splits.validation.targets])
    assert np.bincount(targets).tolist() == [50] * 4
    assert np.bincount(splits.test.targets).tolist() == [6, 6, 6, 5]
    assert splits.ordered
    assert splits.class_names == ("grade 0", "grade 1", "grade 2", "grade 3")


def seen_grades(splits, contrast):
    """The grade that the projection on the pattern shows, cut where the grades are cut."""
    images = splits.test.images.reshape(len(splits.test.ids), -1) - 128.0
    severity = images @ patterns(1, 16)[0] / (128 * contrast) + 2.5
    return np.clip(np.floor(severity), 0, 4).astype(int)


@pytest.mark.parametrize(("contrast", "documented"), [(0.5, 0.69), (1.0, 0.84)])
def test_the_best_accuracy_is_as_documented(contrast, documented):
    splits = load("synthetic_ordinal", {"n": 50, "n_test": 4000, "contrast": contrast})
    d = 4 * contrast
    a = stats.norm.cdf(d) - (stats.norm.pdf(0) - stats.norm.pdf(d)) / d
    ideal = (2 * a + 3 * (2 * a - 1)) / 5
    assert ideal == pytest.approx(documented, abs=0.005)
    found = (seen_grades(splits, contrast) == splits.test.targets).mean()
    # 4 standard errors of 4,000 test images; clipping costs a little more
    assert found == pytest.approx(ideal, abs=4 * np.sqrt(ideal * (1 - ideal) / 4000) + 0.005)


def test_errors_miss_by_one_grade():
    splits = load("synthetic_ordinal", {"n": 50, "n_test": 2000})
    missed = np.abs(seen_grades(splits, 0.5) - splits.test.targets)
    assert 0.25 < (missed == 1).mean() < 0.4
    assert (missed > 1).mean() < 0.01


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n": 9}, "n = 9 leaves class 4 with 1 images"),
        ({"n_test": 4}, "n_test = 4 is fewer than the 5 grades"),
        ({"subset": {"n": 51, "balanced": True}}, "a multiple of the 5 classes"),
    ],
)
def test_impossible_parameters_are_refused_by_both(params, message):
    for function in (describe, load):
        with pytest.raises(DataError, match=f"data set 'synthetic_ordinal': .*{message}"):
            function("synthetic_ordinal", params)


def test_the_draw_is_the_one_that_results_were_made_with():
    # Golden: recorded when the draw was written; a change would make old runs incomparable.
    splits = load("synthetic_ordinal", {"n": 100, "n_test": 20})
    assert split_sha256(splits)[:16] == "6aa8d81f9f11c5c2"
    assert hashlib.sha256(splits.train.images.tobytes()).hexdigest()[:16] == "597f10d09d0202e9"
    assert splits.train.targets[:10].tolist() == [1, 3, 1, 1, 4, 0, 0, 1, 2, 0]


N = 20_000


@pytest.mark.parametrize(
    ("contrast", "classes"), [(0.25, 5), (0.5, 3), (0.5, 5), (1.0, 5), (0.5, 10), (3.0, 4)]
)
def test_the_best_predictions_attain_the_stated_values(contrast, classes):
    params = {"n": 100, "n_test": N, "contrast": contrast, "classes": classes}
    splits, stated = load("synthetic_ordinal", params), describe("synthetic_ordinal", params)
    parts = np.array_split(np.arange(N), 25)
    for name in ("accuracy", "quadratic_kappa", "mae_rank"):
        row = METRICS[name]
        best = best_prediction(splits.optimum, row.optimal, splits.test.targets)
        found = [metrics.function(row)(splits.test.targets[at], best[at]) for at in parts]
        error = np.std(found, ddof=1) / np.sqrt(len(found))
        assert np.mean(found) == pytest.approx(stated.optimum[name], abs=4 * error), name


def test_the_best_probabilities_without_clipping_are_differences_of_normal_ones():
    splits = load("synthetic_ordinal", {"n": 50, "n_test": 200, "contrast": 0.25})
    whole = ~np.isin(splits.test.images, (0, 255)).any(axis=(1, 2, 3))
    assert whole.mean() > 0.9
    seen = (splits.test.images[whole].reshape(whole.sum(), -1) - 128.0) @ patterns(1, 16)[0] / 32
    cuts = np.arange(6) - 2.5  # a grade is one deviation of the noise wide
    wanted = np.diff(stats.norm.cdf(cuts - seen[:, None]), axis=1)
    wanted /= wanted.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(splits.optimum.scores[whole]), wanted, atol=1e-5)


def test_clipped_images_tell_their_grade_nearly_as_well():
    # Twenty grades at contrast 2 reach far beyond black and white; a projection takes clipped
    # pixels at their word, the likelihood does not.
    params = {"n": 100, "n_test": 4000, "contrast": 2.0, "classes": 20}
    splits, stated = load("synthetic_ordinal", params), describe("synthetic_ordinal", params)
    clipped = np.isin(splits.test.images, (0, 255)).mean()
    assert 0.15 < clipped < 0.25
    right = (splits.optimum.scores.argmax(axis=1) == splits.test.targets).mean()
    projected = (splits.test.images.reshape(4000, -1) - 128.0) @ patterns(1, 16)[0] / 256 + 10
    naive = (np.clip(np.floor(projected), 0, 19) == splits.test.targets).mean()
    assert right > naive + 0.2
    assert right == pytest.approx(stated.optimum["accuracy"] - 0.02, abs=0.02)

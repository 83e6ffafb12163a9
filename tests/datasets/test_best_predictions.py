"""What each metric rates highest: by hand, by trying all alternatives, and against rivals."""

import itertools

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from lossbench import metrics
from lossbench.catalog import METRICS
from lossbench.datasets import Splits, best_prediction, load
from lossbench.datasets.best_predictions import best_grades, expected_kappa, median_class
from lossbench.datasets.parts import Optimum


def rows(n, classes, seed, sharpness=1.0):
    """Probabilities of n examples."""
    return np.random.default_rng(seed).dirichlet(np.full(classes, sharpness), n)


def test_median_class_by_hand():
    posterior = np.array([[0.5, 0.5, 0.0], [0.2, 0.2, 0.6], [0.49, 0.02, 0.49], [1.0, 0.0, 0.0]])
    assert median_class(posterior).tolist() == [0, 2, 1, 0]


def test_best_grades_are_the_best_of_all():
    # Five examples with four grades each: all 1,024 predictions are tried.
    posterior = rows(5, 4, seed=2)
    weights = np.array([0.1, 0.3, 0.2, 0.15, 0.25])
    every = map(np.array, itertools.product(range(4), repeat=5))
    best = max(expected_kappa(posterior, grades, weights) for grades in every)
    found = expected_kappa(posterior, best_grades(posterior, weights), weights)
    assert found == pytest.approx(best, abs=1e-12)
    assert found > expected_kappa(posterior, posterior.argmax(axis=1), weights)


def test_expected_kappa_is_the_mean_of_the_metric_over_drawn_truths():
    posterior = rows(4000, 5, seed=3)
    grades = best_grades(posterior)
    rng = np.random.default_rng(0)
    cumulated = np.cumsum(posterior, axis=1)
    found = []
    for _ in range(30):
        truth = (rng.random((4000, 1)) > cumulated).sum(axis=1)
        found.append(cohen_kappa_score(truth, grades, weights="quadratic", labels=range(5)))
    expected = expected_kappa(posterior, grades, np.full(4000, 1 / 4000))
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    assert np.mean(found) == pytest.approx(expected, abs=4 * error)


def test_grades_known_for_certain_are_kept():
    posterior = np.eye(4)[[0, 1, 2, 3, 3]]
    assert best_grades(posterior).tolist() == [0, 1, 2, 3, 3]


@pytest.mark.parametrize("posterior", [np.full((6, 3), 1 / 3), np.tile([0.1, 0.9, 0.0], (6, 1))])
def test_where_images_say_nothing_all_grades_are_alike(posterior):
    assert len(set(best_grades(posterior).tolist())) == 1


def test_balanced_divides_the_frequencies_out():
    scores = np.log([[0.9, 0.1], [0.6, 0.4]])
    truth = np.array([0, 0, 0, 1])
    found = best_prediction(Optimum(scores=scores), "balanced", truth)
    # 0.9 / (3/4) against 0.1 / (1/4); 0.6 / (3/4) against 0.4 / (1/4)
    np.testing.assert_allclose(np.exp(found), [[1.2, 0.4], [0.8, 1.6]])


def test_the_centre_is_known_only_where_mean_and_median_agree():
    mean = np.array([[1.0], [2.0]])
    same, other = Optimum(mean=mean, median=mean + 1e-13), Optimum(mean=mean, median=mean + 0.1)
    truth = mean[:, 0]
    np.testing.assert_array_equal(best_prediction(same, "centre", truth), mean)
    assert best_prediction(other, "centre", truth) is None
    assert best_prediction(Optimum(median=mean), "centre", truth) is None
    assert best_prediction(Optimum(median=mean), "mean", truth) is None
    assert best_prediction(Optimum(mean=mean), "kappa", truth) is None
    assert best_prediction(Optimum(mean=mean), "balanced", truth) is None


PROBLEMS = {
    "two classes": ("synthetic_imbalanced", {"n": 100, "contrast": 0.4}),
    "many classes": (
        "synthetic_imbalanced",
        {"n": 200, "classes": 25, "ratio": 1.0, "contrast": 0.5},
    ),
    "grades": ("synthetic_ordinal", {"n": 100, "contrast": 0.4}),
    "labels": (
        "synthetic_multilabel",
        {"n": 300, "n_test": 4000, "contrast": 0.4, "prevalence": 0.3, "ratio": 2.0},
    ),
    "skewed": (
        "synthetic_regression",
        {"n": 10, "noise": 0.7, "noise_type": "skewed", "test_noise": True},
    ),
    "skewed and positive": (
        "synthetic_regression",
        {"n": 10, "noise": 0.3, "noise_type": "skewed", "test_noise": True, "target": "positive"},
    ),
    "heavy tails": (
        "synthetic_regression",
        {"n": 10, "noise": 0.7, "noise_type": "student_t", "test_noise": True},
    ),
    "heteroscedastic": (
        "synthetic_regression",
        {"n": 10, "noise": 0.7, "noise_type": "heteroscedastic", "test_noise": True},
    ),
    "counts": ("synthetic_regression", {"n": 10, "target": "count"}),
}


def measured(splits: Splits, prediction, name):
    row = METRICS[name]
    value = metrics.function(row)(splits.test.targets, prediction)
    return value if row.higher_is_better else -value


def rivals(splits: Splits):
    """Other predictions from the same knowledge: warmer, colder, shifted, noisy."""
    optimum = splits.optimum
    rng = np.random.default_rng(5)
    if optimum.scores is not None:
        classes = splits.task != "multilabel"
        shift = np.linspace(-0.5, 0.5, optimum.scores.shape[1])
        yield 0.8 * optimum.scores
        yield 1.25 * optimum.scores
        yield optimum.scores + (shift if classes else 0.5)
        yield optimum.scores + 0.5 * rng.standard_normal(optimum.scores.shape)
        return
    for base in (optimum.mean, optimum.median):
        spread = base.std()
        yield base + 0.15 * spread
        yield base - 0.15 * spread
        yield 0.9 * base
        yield base + 0.2 * spread * np.abs(rng.standard_normal(base.shape))


@pytest.mark.parametrize("problem", PROBLEMS)
def test_no_other_prediction_is_rated_higher(problem):
    name, params = PROBLEMS[problem]
    splits = load(name, {"n_test": 10_000, "image_size": 8} | params)
    compared = 0
    for row in METRICS:
        suits = splits.task in row.tasks and (splits.ordered or not row.ordered)
        if not suits or not row.optimal or row.targets not in ("any", *splits.target_kinds):
            continue
        best = best_prediction(splits.optimum, row.optimal, splits.test.targets)
        if best is None:
            continue
        value = measured(splits, best, row.name)
        for rival in rivals(splits):
            # Luck of 10,000 examples: more for the quantile that 100 of them lie beyond.
            slack = (0.03 if row.name == "ae_q99" else 0.005) * max(1.0, abs(value))
            assert measured(splits, rival, row.name) <= value + slack, row.name
            compared += 1
    assert compared > 8


def test_mean_and_median_each_win_by_their_own_metric():
    name, params = PROBLEMS["skewed"]
    splits = load(name, {"n_test": 10_000, "image_size": 8} | params)
    mean, median = splits.optimum.mean, splits.optimum.median
    assert measured(splits, mean, "rmse") > measured(splits, median, "rmse") + 0.01
    assert measured(splits, median, "mae") > measured(splits, mean, "mae") + 0.01


def test_metrics_without_a_simple_best_prediction_say_so():
    unknown = {"macro_f1", "worst_class_recall", "mcc", "ece", "label_macro_f1", "micro_f1", "bias"}
    assert unknown <= {row.name for row in METRICS if row.optimal is None}

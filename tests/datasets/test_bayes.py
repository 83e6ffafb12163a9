"""Best possible scores of normal problems, against draws from the problems and known values."""

import numpy as np
import pytest
from scipy import integrate, stats
from sklearn import metrics

from lossbench.datasets import bayes

N = 200_000


@pytest.mark.parametrize("d", [0.5, 1.0, 2.0, 4.0, 40.0])
def test_two_patterns_are_two_normal_classes(d):
    assert bayes.accuracy_of_patterns(d, 2) == pytest.approx(stats.norm.cdf(d / 2), abs=1e-12)
    assert bayes.error_rate(d, 0.5) == pytest.approx(stats.norm.sf(d / 2), rel=1e-12)
    assert bayes.roc_auc(d) == pytest.approx(stats.norm.cdf(d / np.sqrt(2)), rel=1e-12)


@pytest.mark.parametrize(("d", "classes"), [(1.0, 3), (2.0, 4), (0.5, 5)])
def test_the_accuracy_of_patterns_is_an_orthant_of_a_normal_distribution(d, classes):
    # The differences of the right pattern to the others have variance 2, covariance 1.
    covariance = np.eye(classes - 1) + 1
    apart = stats.multivariate_normal(np.zeros(classes - 1), covariance, seed=1)
    orthant = apart.cdf(np.full(classes - 1, d / np.sqrt(2)))
    assert bayes.accuracy_of_patterns(d, classes) == pytest.approx(orthant, abs=1e-4)


@pytest.mark.parametrize("classes", [2, 3, 10, 30, 100])
@pytest.mark.parametrize("d", [1.0, 2.0, 4.0])
def test_the_accuracy_of_patterns_is_that_of_the_largest_of_normal_numbers(d, classes):
    rng = np.random.default_rng(classes)
    right = 0
    for _ in range(20):
        seen = rng.standard_normal((N // 20, classes))
        seen[:, 0] += d / np.sqrt(2)
        right += int((seen.argmax(axis=1) == 0).sum())
    accuracy = bayes.accuracy_of_patterns(d, classes)
    assert right / N == pytest.approx(accuracy, abs=4 * np.sqrt(accuracy * (1 - accuracy) / N))


@pytest.mark.parametrize("prevalence", [0.5, 0.1, 0.01])
@pytest.mark.parametrize("d", [0.5, 2.0, 4.0])
def test_average_precision_against_draws(d, prevalence):
    rng = np.random.default_rng(7)
    found = []
    for _ in range(20):
        truth = rng.random(N // 20) < prevalence
        found.append(
            metrics.average_precision_score(truth, rng.standard_normal(len(truth)) + d * truth)
        )
    error = np.std(found, ddof=1) / np.sqrt(len(found))
    # Finite samples are too high by about 1 / positives.
    slack = 2 * 20 / (N * prevalence)
    assert np.mean(found) == pytest.approx(
        bayes.average_precision(d, prevalence), abs=4 * error + slack
    )


def test_average_precision_at_the_ends():
    assert bayes.average_precision(1e-9, 0.3) == pytest.approx(0.3)
    assert bayes.average_precision(50.0, 0.3) == pytest.approx(1.0)


@pytest.mark.parametrize(("d", "prevalence"), [(1.0, 0.5), (2.0, 0.1), (0.5, 0.01)])
def test_the_least_error_is_the_smaller_of_the_two_densities(d, prevalence):
    def smaller(x):
        return min(prevalence * stats.norm.pdf(x - d), (1 - prevalence) * stats.norm.pdf(x))

    cut = d / 2 + np.log((1 - prevalence) / prevalence) / d
    error = sum(integrate.quad(smaller, *ends)[0] for ends in ((-20, cut), (cut, 30)))
    assert bayes.error_rate(d, prevalence) == pytest.approx(error, rel=1e-6)


@pytest.mark.parametrize("grades", [2, 3, 5, 10])
@pytest.mark.parametrize("d", [0.5, 2.0, 8.0])
def test_grades_against_draws(d, grades):
    rng = np.random.default_rng(grades)
    severity = rng.random(N) * grades
    seen = severity + rng.standard_normal(N) / d
    right = np.clip(np.floor(seen), 0, grades - 1) == np.floor(severity)
    accuracy = bayes.accuracy_of_grades(d, grades)
    assert right.mean() == pytest.approx(accuracy, abs=4 * np.sqrt(accuracy * (1 - accuracy) / N))
    posterior, weights = bayes.posterior_of_grades(d, grades)
    np.testing.assert_allclose(posterior.sum(axis=1), 1)
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_allclose(weights @ posterior, 1 / grades)
    assert weights @ posterior.max(axis=1) == pytest.approx(accuracy, abs=1e-5)

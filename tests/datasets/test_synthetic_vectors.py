"""Plain vectors: the best possible scores against large samples, and what is refused."""

import numpy as np
import pytest
from scipy import integrate, stats

from lossbench.datasets import describe, load, split_sha256
from lossbench.errors import DataError

LARGE = {"n": 50, "n_test": 40_000}


def bayes_accuracy(classes, contrast):
    shift = 4 * contrast / np.sqrt(2)
    return integrate.quad(
        lambda t: stats.norm.pdf(t - shift) * stats.norm.cdf(t) ** (classes - 1), -10, 20
    )[0]


@pytest.mark.parametrize(
    ("params", "classes", "contrast", "documented"),
    [
        ({"task": "binary"}, 2, 0.5, 0.841),
        ({}, 3, 0.5, 0.745),
        ({"classes": 4, "size": 9, "contrast": 0.25}, 4, 0.25, None),
    ],
)
def test_the_best_accuracy_is_as_documented(params, classes, contrast, documented):
    splits = load("synthetic_vectors", {**LARGE, **params})
    ideal = bayes_accuracy(classes, contrast)
    assert documented is None or ideal == pytest.approx(documented, abs=5e-4)
    if classes == 2:
        assert ideal == pytest.approx(stats.norm.cdf(2 * contrast))
    found = (splits.optimum.scores.argmax(axis=1) == splits.test.targets).mean()
    assert found == pytest.approx(ideal, abs=4 * np.sqrt(ideal * (1 - ideal) / 40_000))


def test_the_posterior_is_a_distribution_and_calibrated():
    splits = load("synthetic_vectors", LARGE)
    p = np.exp(splits.optimum.scores)
    assert p.sum(axis=1) == pytest.approx(np.ones(len(p)))
    for k in range(3):
        for low in np.arange(0, 1, 0.2):
            own = (p[:, k] >= low) & (p[:, k] < low + 0.2)
            hit = (splits.test.targets[own] == k).mean()
            assert hit == pytest.approx(p[own, k].mean(), abs=4 * 0.5 / np.sqrt(own.sum()))
    # and it is that of the normal densities
    x = splits.test.images[:5, :, 0, 0].astype(np.float64)
    means = 2 / np.sqrt(2) * np.eye(3, 4)
    density = np.stack([stats.multivariate_normal(m).pdf(x) for m in means], axis=1)
    assert p[:5] == pytest.approx(density / density.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("form", ["linear", "sine"])
@pytest.mark.parametrize(
    ("noise_type", "mae"), [("normal", np.sqrt(2 / np.pi)), ("exponential", np.log(2))]
)
def test_the_best_errors_are_as_documented(form, noise_type, mae):
    params = {"task": "regression", "form": form, "noise_type": noise_type, "noise": 0.4}
    splits = load("synthetic_vectors", {**LARGE, **params})
    y, best = splits.test.targets.astype(np.float64), splits.optimum
    assert np.sqrt(((y - best.mean) ** 2).mean()) == pytest.approx(0.4, rel=0.03)
    assert np.abs(y - best.median).mean() == pytest.approx(0.4 * mae, rel=0.02)
    assert (y <= best.median).mean() == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(40_000))
    assert (y - best.mean).mean() == pytest.approx(0, abs=4 * 0.4 / np.sqrt(40_000))
    above = best.mean - best.median
    assert above == pytest.approx(0 if noise_type == "normal" else 0.4 * (1 - np.log(2)))


def test_numbers_are_the_documented_function():
    for form, function in (
        ("linear", lambda t: t),
        ("sine", lambda t: np.sqrt(2) * np.sin(2 * t)),
    ):
        params = {"task": "regression", "form": form, "noise": 0.0, "size": 7, "n": 50}
        splits = load("synthetic_vectors", params)
        along = splits.test.images[:, :, 0, 0].astype(np.float64) @ np.full((7, 1), 7**-0.5)
        assert splits.test.targets == pytest.approx(function(along), abs=1e-6)
        assert splits.test.targets.std() == pytest.approx(1, abs=0.1)


def test_classes_are_equally_frequent():
    splits = load("synthetic_vectors", {"n": 50, "n_test": 31})
    targets = np.concatenate([splits.train.targets, splits.validation.targets])
    assert np.bincount(targets).tolist() == [17, 17, 16]
    assert np.bincount(splits.test.targets).tolist() == [11, 10, 10]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"classes": 5}, "5 classes need as many numbers in a vector, but size is 4"),
        ({"classes": 3, "task": "binary"}, "classes is 3, but task is 'binary'"),
        ({"classes": 3, "task": "regression"}, "classes is 3, but task is 'regression'"),
        ({"n": 5}, "n = 5 and n_test = 1000 are too few for 3 classes"),
        ({"n_test": 2}, "n_test = 2 are too few for 3 classes"),
        ({"outliers": {"rate": 0.1, "size": 5.0, "sides": "one"}}, "outliers is given, but"),
    ],
)
def test_impossible_parameters_are_refused_by_both(params, message):
    for function in (describe, load):
        with pytest.raises(DataError, match=f"data set 'synthetic_vectors': .*{message}"):
            function("synthetic_vectors", params)


def test_the_draw_is_the_one_that_results_were_made_with():
    # Golden: recorded when the draw was written; a change would make old runs incomparable.
    splits = load("synthetic_vectors", {"n": 50, "n_test": 5})
    assert split_sha256(splits)[:16] == "8dbdb3d913b491d5"
    assert splits.train.targets[:12].tolist() == [2, 2, 1, 1, 0, 2, 0, 2, 2, 0, 1, 0]
    assert splits.test.images[0].ravel() == pytest.approx(
        [-0.96092069, 2.6278794, 0.081289276, 1.3673906], rel=1e-6
    )
    numbers = load("synthetic_vectors", {"n": 50, "n_test": 4, "task": "regression"})
    assert numbers.test.targets.ravel() == pytest.approx(
        [-1.1124388, 0.78133726, -1.3147464, 0.19777264], rel=1e-6
    )

"""From what is known of the truth to the prediction that each metric rates highest."""

from collections.abc import Callable, Mapping

import numpy as np

from lossbench.catalog.metrics import Functional
from lossbench.datasets.parts import Optimum

_MOST_STEPS = 100


def best_prediction(
    optimum: Optimum, functional: Functional, targets: np.ndarray
) -> np.ndarray | None:
    """Return the prediction that a metric rates highest in expectation, in the metric's form.

    Args:
        optimum: what is known of the examples.
        functional: what the metric's best prediction is, as its row in the catalogue says.
        targets: those of the examples; of them, only how frequent each class is.

    Returns:
        Scores float64 [n, classes] or [n, labels], or predictions [n, targets]; None where it is
        not known.

    Source:
        posterior: definition; Robertson 1977 for ranks. balanced: class shares divided out.
        median_class, mean, median: Gneiting 2011, doi 10.1198/jasa.2011.r10138. kappa:
        `best_grades`. centre: of a symmetric distribution with one peak, mean and median, which
        make every quantile of the absolute error the least.
    """
    return _RULES[functional](optimum, targets)


def best_grades(posterior: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Return the grades of which quadratic kappa is highest in expectation.

    g_i = the grade nearest to c + (m_i - c) / kappa,   m_i = sum_k k p_ik,   c = mean of m

    where kappa is what these grades themselves attain: mean grades are stretched from the middle,
    since kappa charges for predictions that spread less than the truth. Found from kappa = 1
    downwards by iteration.

    Args:
        posterior: probability of each grade, float [n, grades]; rows sum to 1.
        weights: how much each row counts, float [n]; None means alike.

    Returns:
        Grades, int64 [n].

    Source:
        Dinkelbach 1967, doi 10.1287/mnsc.13.7.492, for the ratio; kappa is
        2 cov(g, y) / (var g + var y + (mean g - mean y)^2).
    """
    weights = np.full(len(posterior), 1 / len(posterior)) if weights is None else weights
    grades = np.arange(posterior.shape[1])
    mean = posterior @ grades
    centre = float(weights @ mean)
    best, kappa = np.full(len(mean), -1), 1.0
    for _ in range(_MOST_STEPS):
        found = np.rint(centre + (mean - centre) / max(kappa, 1e-9)).astype(np.int64)
        found = np.clip(found, 0, grades[-1])
        if (found == best).all():
            break
        best, kappa = found, expected_kappa(posterior, found, weights)
    return best


def expected_kappa(posterior: np.ndarray, grades: np.ndarray, weights: np.ndarray) -> float:
    """Return the quadratic kappa of grades, the truth being distributed as the posterior says.

    1 - E (g - y)^2 / (E (g - c)^2 + E (y - c)^2),   c = E y

    Args:
        posterior: probability of each grade, float [n, grades]; rows sum to 1.
        grades: predicted grades, int [n].
        weights: how much each row counts, float [n]; they sum to 1.

    Returns:
        Kappa, in [-1, 1]; 0 where neither varies.

    Source:
        Cohen 1968, in the form of Lin 1989, doi 10.2307/2532051.
    """
    every = np.arange(posterior.shape[1])
    shares = weights @ posterior
    centre = shares @ every
    apart = (posterior * (grades[:, np.newaxis] - every) ** 2).sum(axis=1) @ weights
    alone = weights @ (grades - centre) ** 2 + shares @ (every - centre) ** 2
    return float(1 - apart / alone) if alone > 0 else 0.0


def median_class(posterior: np.ndarray) -> np.ndarray:
    """Return the lowest class up to which half of the probability lies: int64 [n]."""
    return np.asarray((np.cumsum(posterior, axis=1) >= 0.5 - 1e-12).argmax(axis=1))


def _balanced(optimum: Optimum, targets: np.ndarray) -> np.ndarray | None:
    if optimum.scores is None or targets.ndim != 1:
        return None
    shares = np.bincount(targets, minlength=optimum.scores.shape[1]) / len(targets)
    return np.asarray(optimum.scores - np.log(np.where(shares > 0, shares, 1.0)))


def _chosen(
    rule: Callable[[np.ndarray], np.ndarray], scores: np.ndarray | None
) -> np.ndarray | None:
    """Return scores of which that of the chosen class is 1, all others 0."""
    if scores is None:
        return None
    from scipy import special

    return np.asarray(np.eye(scores.shape[1])[rule(special.softmax(scores, axis=1))])


def _centre(optimum: Optimum) -> np.ndarray | None:
    if optimum.mean is None or optimum.median is None:
        return None
    return optimum.mean if np.allclose(optimum.mean, optimum.median, 1e-9, 1e-12) else None


_RULES: Mapping[Functional, Callable[[Optimum, np.ndarray], np.ndarray | None]] = {
    "posterior": lambda optimum, _: optimum.scores,
    "balanced": _balanced,
    "median_class": lambda optimum, _: _chosen(median_class, optimum.scores),
    "kappa": lambda optimum, _: _chosen(best_grades, optimum.scores),
    "mean": lambda optimum, _: optimum.mean,
    "median": lambda optimum, _: optimum.median,
    "centre": lambda optimum, _: _centre(optimum),
}

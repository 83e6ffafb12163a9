"""Best possible scores of normal problems: closed forms, and integrals over one number.

d is the distance between two means in standard deviations of the noise, phi and Phi are density and
distribution function of the standard normal distribution.
"""

import math
from collections.abc import Callable

import numpy as np

_FAR = 12.0  # standard deviations; beyond lies 4e-33 of the probability

_erfc = np.frompyfunc(math.erfc, 1, 1)


def ndtr(x: np.ndarray | float) -> np.ndarray:
    """Return Phi: the share of the standard normal distribution that lies below x, float64.

    SciPy has it too, but takes longer to load than a plan to make.

    Args:
        x: numbers, of any shape.

    Source:
        erfc(-x / sqrt(2)) / 2
    """
    return np.asarray(_erfc(np.multiply(x, -math.sqrt(0.5))), np.float64) / 2


def accuracy_of_patterns(d: float, classes: int) -> float:
    """Return the best accuracy for equally frequent classes whose patterns are at right angles.

    integral of phi(x - d / sqrt(2)) Phi(x)^(classes - 1) dx;   of two classes Phi(d / 2)

    Args:
        d: distance between any two class means.
        classes: number of classes.

    Returns:
        Accuracy, in [1 / classes, 1].

    Source:
        Green & Dai 1991, Perception & Psychophysics 49:100.
    """
    own = d / np.sqrt(2)
    return _normal_mean(lambda x: ndtr(x) ** (classes - 1), own)


def roc_auc(d: float) -> float:
    """Return the best ROC AUC of two normal classes: Phi(d / sqrt(2)).

    Args:
        d: distance between their means.

    Source:
        Green & Swets 1966.
    """
    return float(ndtr(d / np.sqrt(2)))


def average_precision(d: float, prevalence: float) -> float:
    """Return the best average precision of two normal classes.

    integral of phi(x - d) pi Q(x - d) / (pi Q(x - d) + (1 - pi) Q(x)) dx,   Q = 1 - Phi

    Args:
        d: distance between their means.
        prevalence: pi, the share of positives, in (0, 1).

    Returns:
        Area under precision and recall, in [prevalence, 1].

    Source:
        Definition: mean precision at the score of a positive.
    """

    def precision(x: np.ndarray) -> np.ndarray:
        hits, false = prevalence * ndtr(d - x), (1 - prevalence) * ndtr(-x)
        return np.divide(hits, hits + false, out=np.ones(len(x)), where=hits > 0)

    return _normal_mean(precision, d)


def error_rate(d: float, prevalence: float) -> float:
    """Return the least error rate for two normal classes.

    pi Phi(t - d) + (1 - pi) Phi(-t),   t = d / 2 + log((1 - pi) / pi) / d

    Args:
        d: distance between their means, > 0.
        prevalence: pi, the share of positives, in (0, 1).

    Returns:
        Share that is wrong, in [0, min(pi, 1 - pi)].

    Source:
        Definition: the threshold at which both classes are as likely.
    """
    cut = d / 2 + math.log((1 - prevalence) / prevalence) / d
    return float(prevalence * ndtr(cut - d) + (1 - prevalence) * ndtr(-cut))


def accuracy_of_grades(d: float, grades: int) -> float:
    """Return the best accuracy for equal grades of a uniform severity under normal noise.

    (2 A + (grades - 2) (2 A - 1)) / grades,   A = Phi(d) - (phi(0) - phi(d)) / d

    Args:
        d: width of a grade, > 0.
        grades: their number, at least 2.

    Returns:
        Accuracy, in [1 / grades, 1].

    Source:
        Mean over a grade of the chance that noise crosses neither of its cuts.
    """
    peak = 1 / np.sqrt(2 * np.pi)
    stays = ndtr(d) + peak * np.expm1(-(d**2) / 2) / d
    return float((2 * stays + (grades - 2) * (2 * stays - 1)) / grades)


def posterior_of_grades(d: float, grades: int, points: int = 4001) -> tuple[np.ndarray, np.ndarray]:
    """Return the posterior of grades over a grid of what is seen, and how likely each point is.

    p_k(x) ~ Phi(x - a_k) - Phi(x - a_k - d),   a_k = d (k - grades / 2)

    Args:
        d: width of a grade, > 0.
        grades: their number.
        points: points of the grid, which reaches beyond the outer cuts.

    Returns:
        Posterior, float64 [points, grades]; and weights, float64 [points], which sum to 1.

    Source:
        Definition.
    """
    reach = d * grades / 2 + _FAR / 2
    x = np.linspace(-reach, reach, points)[:, np.newaxis]
    cuts = d * (np.arange(grades + 1) - grades / 2)
    # From the nearer tail: far out the difference of two numbers near 1 would be 0.
    near = np.where(x > 0, ndtr(cuts - x), -ndtr(x - cuts))
    joint = np.diff(near, axis=1)
    density = joint.sum(axis=1)
    return joint / density[:, np.newaxis], density / density.sum()


def _normal_mean(function: Callable[[np.ndarray], np.ndarray], mean: float) -> float:
    """Return the mean of a function of a normal number of standard deviation 1."""
    x = np.linspace(mean - _FAR, mean + _FAR, 4001)
    density = np.exp(-((x - mean) ** 2) / 2)  # smooth and 0 at both ends: a plain sum is exact
    return float((density * function(x)).sum() / density.sum())

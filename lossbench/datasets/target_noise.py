"""Noise of known mean, median and variance that synthetic targets get."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

NoiseType = Literal["normal", "student_t", "skewed", "heteroscedastic"]

_DEGREES = 3  # of freedom of Student's t: the fewest, in whole numbers, with a variance


def _standard_t(rng: np.random.Generator, n: int) -> np.ndarray:
    return np.asarray(rng.standard_t(_DEGREES, n) / np.sqrt(_DEGREES / (_DEGREES - 2)))


def _t_growth(s: np.ndarray) -> np.ndarray:
    return np.where(s > 0, np.inf, 1.0)


def _normal_growth(s: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(s**2 / 2))


def _skewed_growth(s: np.ndarray) -> np.ndarray:
    infinite = np.full(np.shape(s), np.inf)
    return np.asarray(np.divide(np.exp(-s), 1 - s, out=infinite, where=s < 1))


@dataclass(frozen=True)
class TargetNoise:
    """Noise of mean 0 and variance 1, to be multiplied.

    Attributes:
        draw: gives so many numbers.
        median: their median.
        deviation: mean absolute distance to the median.
        growth: mean of exp(s * noise) for s >= 0, infinite where it does not exist.
    """

    draw: Callable[[np.random.Generator, int], np.ndarray]
    median: float
    deviation: float
    growth: Callable[[np.ndarray], np.ndarray]


def _normal(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.standard_normal(n)


_NORMAL = TargetNoise(_normal, 0.0, float(np.sqrt(2 / np.pi)), _normal_growth)

NOISE: Mapping[NoiseType, TargetNoise] = {
    "normal": _NORMAL,
    "student_t": TargetNoise(_standard_t, 0.0, 2 / np.pi, _t_growth),
    "skewed": TargetNoise(
        lambda rng, n: rng.standard_exponential(n) - 1,
        float(np.log(2) - 1),
        float(np.log(2)),
        _skewed_growth,
    ),
    "heteroscedastic": _NORMAL,
}
"""Student's t with three degrees of freedom, divided by sqrt(3); a standard exponential number less
1. What is heteroscedastic is the factor, see `spread`."""


def spread(kind: NoiseType, noise: float, width: np.ndarray) -> np.ndarray:
    """Return the standard deviation of the noise of each target.

    noise;   for `heteroscedastic` noise exp(q) / sqrt(sinh(2) / 2)

    so that over uniform q the root of the mean square is `noise`, and the noisiest targets have
    e^2 = 7.4 times the noise of the quietest.

    Args:
        kind: of noise.
        noise: the standard deviation asked for.
        width: q, the width of each blob, float [n], in [-1, 1].

    Returns:
        float64 [n].

    Source:
        Made for lossbench.
    """
    if kind != "heteroscedastic":
        return np.full(len(width), noise, np.float64)
    return np.asarray(noise * np.exp(width) / np.sqrt(np.sinh(2) / 2))


def poisson_median(mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the median of Poisson counts, and their mean absolute distance to it.

    smallest M with F(M) >= 1/2;   E |Y - M| = sum_k |k - M| P(k)

    Args:
        mean: of the counts, float [n], at most 100.

    Returns:
        Both float64 [n].

    Source:
        Definition.
    """
    counts = np.arange(np.ceil(mean.max() + 10 * np.sqrt(mean.max())) + 10)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))])
    column = mean[:, np.newaxis]
    shares = np.exp(counts * np.log(column) - column - log_factorial)
    median = (np.cumsum(shares, axis=1) >= 0.5).argmax(axis=1).astype(np.float64)
    distance = np.abs(counts - median[:, np.newaxis])
    return median, (shares * distance).sum(axis=1)

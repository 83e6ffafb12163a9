"""How well the confidence of a classifier agrees with how often it is right."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from lossbench.catalog.losses import Task
from lossbench.metrics.decoding import probabilities
from lossbench.metrics.labels import checked_labels, checked_scores, hard_labels, shares
from lossbench.metrics.segmentation import some_pixels

Array = NDArray[np.float64]

BINS = 15
T_RANGE = (1e-3, 1e3)


def confidence(scores: NDArray[Any]) -> Array:
    """Return the probability of the predicted class.

    conf = max_k softmax(scores)_k

    Args:
        scores: decoded scores, float [n, classes].

    Returns:
        Confidence, float64 [n], in [1 / classes, 1].

    Source:
        Guo et al. 2017, arXiv:1706.04599, section 2.
    """
    return np.asarray(probabilities(checked_scores(scores)).max(axis=1), np.float64)


def correctness(y_true: NDArray[Any], scores: NDArray[Any]) -> Array:
    """Return 1 where the highest score is the class, else 0.

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes]; of equal scores the lowest class is predicted.

    Returns:
        Correctness, float64 [n], 0 or 1.

    Source:
        Definition.
    """
    table = checked_scores(scores)
    hit = table.argmax(axis=1) == hard_labels(y_true, *table.shape)
    return np.asarray(hit, np.float64)


def equal_width(conf: Array, bins: int) -> NDArray[np.int64]:
    """Return the bin of each confidence among right-closed bins of equal width on [0, 1].

    bin = ceil(conf * bins) - 1

    Args:
        conf: confidence, float [n], in [0, 1].
        bins: number of bins.

    Returns:
        Bin, int64 [n], in 0 .. bins - 1.

    Source:
        Guo et al. 2017, arXiv:1706.04599, eq. 3. Departure: a confidence within 1e-12 of an edge
        counts as on it, because softmax(log p) may miss p by a bit.
    """
    position = np.ceil(np.round(conf * bins, 12)).astype(np.int64) - 1
    return np.clip(position, 0, bins - 1)


def equal_count(conf: Array, bins: int) -> NDArray[np.int64]:
    """Return the bin of each confidence among bins that hold equally many examples, or one more.

    Stable sort by confidence, then `numpy.array_split`.

    Args:
        conf: confidence, float [n].
        bins: number of bins.

    Returns:
        Bin, int64 [n], in 0 .. bins - 1; the last bins are empty where n < bins.

    Source:
        Nixon et al. 2019, arXiv:1904.01685. Departure: bins are weighted by their counts.
    """
    assigned = np.empty(len(conf), np.int64)
    for number, members in enumerate(np.array_split(np.argsort(conf, kind="stable"), bins)):
        assigned[members] = number
    return assigned


def calibration_error(conf: Array, correct: Array, bin_of: NDArray[np.int64]) -> float:
    """Return the mean gap between confidence and accuracy over bins, weighted by their counts.

    sum_b (n_b / n) |acc_b - conf_b|

    Args:
        conf: confidence, float [n], in [0, 1].
        correct: 1 where right, else 0, float [n].
        bin_of: bin of each example, int [n].

    Returns:
        Calibration error, in [0, 1].

    Source:
        Guo et al. 2017, arXiv:1706.04599, eq. 3.
    """
    # n_b acc_b - n_b conf_b is the sum of the differences inside the bin.
    return float(np.abs(np.bincount(bin_of, weights=correct - conf)).sum() / len(conf))


def adaptive_ece(y_true: NDArray[Any], scores: NDArray[Any], bins: int = BINS) -> float:
    """Return the expected calibration error over bins of equal count.

    sum_b (n_b / n) |acc_b - conf_b|

    Args:
        y_true: classes [n] or shares [n, classes], of which the largest counts.
        scores: decoded scores, float [n, classes].
        bins: number of bins.

    Returns:
        Adaptive ECE, in [0, 1]; biased upwards, see `noise_floor`.

    Raises:
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Nixon et al. 2019, arXiv:1904.01685. Departure: bins are weighted by their counts.
    """
    conf = confidence(scores)
    return calibration_error(conf, correctness(y_true, scores), equal_count(conf, bins))


def noise_floor(
    scores: NDArray[Any], rng: np.random.Generator, bins: int = BINS, draws: int = 200
) -> float:
    """Return the ECE that a perfectly calibrated classifier with these scores would show.

    mean over draws of ECE with correctness ~ Bernoulli(confidence)

    Args:
        scores: decoded scores, float [n, classes].
        rng: source of the draws.
        bins: number of equal-width bins.
        draws: number of redrawn data sets.

    Returns:
        Mean ECE by chance alone, in [0, 1]; a difference in ECE below it means nothing.

    Raises:
        ValueError: a score is NaN or infinite.

    Source:
        Consistency resampling, Bröcker & Smith 2007, Weather and Forecasting 22:651-661.
    """
    conf = confidence(scores)
    bin_of = equal_width(conf, bins)
    redrawn = ((rng.random(len(conf)) < conf).astype(np.float64) for _ in range(draws))
    return float(np.mean([calibration_error(conf, correct, bin_of) for correct in redrawn]))


def fit_temperature(scores: NDArray[Any], y_true: NDArray[Any], task: Task = "multiclass") -> float:
    """Return the temperature at which the scores have the smallest negative log-likelihood.

    T = argmin over T of mean_i -sum_k y_ik log softmax(scores_i / T)_k,  T in [1e-3, 1e3]

    or, where several labels may hold at once, of mean_il -log sigmoid((2 y_il - 1) score_il / T).
    The objective is convex in 1 / T, so that it has one minimum. It is not clipped, unlike `nll`:
    clipping would make it flat.

    Args:
        scores: decoded scores of validation examples, float [n, classes] or [n, labels].
        y_true: classes [n] or shares [n, classes], which count as they are; for `multilabel`
            0 or 1, [n, labels].
        task: `multiclass`, `binary` or `multilabel`; or `segmentation`, where masks and scores
            have the axes height and width after n and at most 200,000 pixels are looked at.

    Returns:
        Temperature, dimensionless; 1 where no temperature changes anything: the scores of every
        example are all equal, or for `multilabel` all scores are 0.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Guo et al. 2017, arXiv:1706.04599, section 4.2.
    """
    if task == "multilabel":
        labels, table = checked_labels(y_true, scores)
        signed = np.where(labels == 1, -table, table)
        if not signed.any():
            return 1.0
        return _minimiser(lambda inverse: float(np.logaddexp(0.0, signed * inverse).mean()))
    if task == "segmentation":
        y_true, scores = some_pixels(y_true, scores)
    table = checked_scores(scores)
    target = shares(y_true, *table.shape)
    if not np.ptp(table, axis=1).any():
        return 1.0

    def negative_log_likelihood(inverse: float) -> float:
        log_p = special.log_softmax(table * inverse, axis=1)
        return float(-(target * log_p).sum(axis=1).mean())

    return _minimiser(negative_log_likelihood)


def _minimiser(objective: Callable[[float], float]) -> float:
    """Return the temperature of the allowed range for which the objective of 1 / T is least."""
    from scipy import optimize

    found = optimize.minimize_scalar(
        lambda log_t: objective(np.exp(-log_t)),
        bounds=tuple(np.log(T_RANGE)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return float(np.exp(found.x))

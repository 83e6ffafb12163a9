"""Scores of classes and labels, from outputs that mean them in one way or another."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from lossbench.errors import ShapeError

Array = NDArray[np.float64]

NORM_MIN = 1e-7
LOG_ZERO = -700.0
"""Stands for the logarithm of probability 0, so that scores stay finite."""
HALVINGS = 100


def yes_or_no(z: Array) -> Array:
    """Return (0, z) for a single output, and the outputs of several labels as they are.

    Softmax over (0, z) is (1 - sigmoid(z), sigmoid(z)), and class 1 is predicted where z > 0.

    Args:
        z: outputs, float64 [n, 1] for two classes, [n, labels] for two labels or more.

    Returns:
        Scores of two classes [n, 2], or logits of the labels [n, labels].

    Source:
        Softmax over (0, z) is the logistic function of z (Bridle 1990).
    """
    return np.concatenate([np.zeros_like(z), z], axis=1) if z.shape[1] == 1 else z


def scaled_softmax(
    z: Array, *, scale: float | None = None, temperature: float | None = None
) -> Array:
    """Return the outputs, cosines say, times the scale that the loss gives them.

    s = scale z, or z / temperature; no margin

    Args:
        z: outputs, float64 [n, classes].
        scale: factor, > 0, or None.
        temperature: divisor, > 0, or None; used where there is no scale.

    Returns:
        Scores, [n, classes].

    Raises:
        TypeError: there is neither scale nor temperature.

    Source:
        Wang et al. 2017, arXiv:1704.06369; Deng et al. 2019, arXiv:1801.07698.
    """
    if scale is not None:
        return scale * z
    if temperature is not None:
        return z / temperature
    raise TypeError("scaled_softmax: neither scale nor temperature is given")


def normalised_softmax(z: Array, *, temperature: float) -> Array:
    """Return the outputs divided by their norm and the temperature.

    s = z / (temperature max(|z|, 1e-7))

    Args:
        z: outputs, float64 [n, classes].
        temperature: divisor, > 0.

    Returns:
        Scores, [n, classes], of norm 1 / temperature.

    Source:
        Wei et al. 2022, arXiv:2205.09310, eq. 5.
    """
    norm = np.linalg.norm(z, axis=1, keepdims=True)
    return np.asarray(z / (temperature * np.maximum(norm, NORM_MIN)))


def shifted_sigmoid(z: Array, *, shift_bias: bool = False) -> Array:
    """Return the logarithm of one sigmoid per class; softmax normalises these to sum 1.

    s = log sigmoid(u),   u = z - log(classes) with shift_bias, else z

    Args:
        z: outputs, float64 [n, classes].
        shift_bias: whether the loss shifted the outputs.

    Returns:
        Scores, [n, classes], <= 0; their order is that of the outputs.

    Source:
        Beyer et al. 2020, arXiv:2006.07159; the normalisation is lossbench's own.
    """
    u = z - np.log(z.shape[1]) if shift_bias else z
    return np.asarray(-np.logaddexp(0.0, -u))


def tempered_softmax(z: Array, *, t2: float) -> Array:
    """Return the logarithm of the tempered softmax.

    p_k = exp_t(z_k - c) with c such that sum_k p_k = 1,   t = t2
    exp_t(u) = max(0, 1 + (1 - t) u)^(1 / (1 - t)),   exp_1 = exp

    Args:
        z: outputs, float64 [n, classes].
        t2: temperature of the softmax, >= 0; below 1 classes may have probability 0, above 1 the
            tails are heavy.

    Returns:
        Log-probabilities, [n, classes]; -700 for probability 0.

    Source:
        Amid et al. 2019, arXiv:1906.03361, section 3. Departure: c is found by halving an
        interval, which holds below 1 too, instead of by iterating towards a fixed point.
    """
    z = z - z.max(axis=1, keepdims=True)
    if t2 == 1:
        return np.asarray(special.log_softmax(z, axis=1))

    def log_p(c: Array) -> Array:
        with np.errstate(divide="ignore"):
            return np.asarray(np.log1p(np.maximum(-1.0, (1 - t2) * (z - c))) / (1 - t2))

    # At c = 0 the largest class alone has probability 1; at the upper end none has above 1 / K.
    low = np.zeros((len(z), 1))
    high = low + np.expm1((t2 - 1) * np.log(z.shape[1])) / (t2 - 1)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        above = np.exp(log_p(middle)).sum(axis=1, keepdims=True) > 1
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return np.asarray(np.maximum(log_p((low + high) / 2), LOG_ZERO))


def dirichlet(z: Array, *, evidence: Literal["softplus", "relu"] = "softplus") -> Array:
    """Return the logarithm of the mean of the Dirichlet distribution that the outputs describe.

    s_k = log(alpha_k / sum_j alpha_j),   alpha = 1 + evidence(z)

    Args:
        z: outputs, float64 [n, classes].
        evidence: how outputs become evidence, >= 0.

    Returns:
        Log-probabilities, [n, classes].

    Source:
        Sensoy et al. 2018, arXiv:1806.01768, eq. 2.
    """
    alpha = 1 + (np.maximum(z, 0.0) if evidence == "relu" else np.logaddexp(0.0, z))
    return np.asarray(np.log(alpha / alpha.sum(axis=1, keepdims=True)))


def coral_ranks(z: Array) -> Array:
    """Return scores of ordered classes, the highest being that of the number of steps passed.

    s_k = sum of the k largest z,   k = 0 .. K - 1

    so that the highest is class sum_j [sigmoid(z_j) > 1/2]. Outputs whose biases have the order
    that the method promises are sorted already.

    Args:
        z: outputs, float64 [n, K - 1]; sigmoid(z_j) is the chance that the class is above j.

    Returns:
        Scores, [n, K]; softmax of them are no probabilities of the method.

    Source:
        Cao et al. 2020, arXiv:1901.07884, eq. 1. The scores are lossbench's own.
    """
    return _steps(-np.sort(-z, axis=1))


def corn_ranks(z: Array) -> Array:
    """Return scores of ordered classes from chances that each hold if the step before is passed.

    P(y > j) = prod_{i <= j} sigmoid(z_i);   s_k = sum_{j < k} logit P(y > j)

    so that the highest is class sum_j [P(y > j) > 1/2].

    Args:
        z: outputs, float64 [n, K - 1]; sigmoid(z_j) is the chance that the class is above j if it
            is above j - 1.

    Returns:
        Scores, [n, K]; softmax of them are no probabilities of the method.

    Source:
        Shi et al. 2021, arXiv:2111.08851, eq. 5 and 6. The scores are lossbench's own.
    """
    log_p = np.cumsum(-np.logaddexp(0.0, -z), axis=1)
    # 1 - P without cancellation; log(1e-300) where P rounds to 1.
    log_rest = np.log(np.maximum(-np.expm1(log_p), 1e-300))
    return _steps(log_p - log_rest)


def _steps(logits: Array) -> Array:
    """Return 0 and the running sums: [n, K - 1] to [n, K]."""
    return np.concatenate([np.zeros((len(logits), 1)), np.cumsum(logits, axis=1)], axis=1)


def nearest_mean(z: Array, *, means: NDArray[Any]) -> Array:
    """Return the cosine of an embedding to the mean of each class.

    s_k = z . m_k / (|z| |m_k|)

    Args:
        z: embeddings, float64 [n, size].
        means: mean of each class over training examples, float [classes, size].

    Returns:
        Scores, [n, classes], in [-1, 1]; 0 for an embedding or a mean of norm 0.

    Raises:
        ShapeError: embeddings and means differ in size.

    Source:
        Nearest class mean: Mensink et al. 2013, with cosines.
    """
    means = np.asarray(means, np.float64)
    if means.ndim != 2 or means.shape[1] != z.shape[1]:
        raise ShapeError(
            f"outputs: {z.shape[1]} values; class means of shape {means.shape} need as many"
        )
    return unit(z) @ unit(means).T


def unit(z: Array) -> Array:
    """Return embeddings of length 1, whose products are cosines.

    s = z / max(|z|, 1e-7)

    Args:
        z: embeddings, float64 [n, size].

    Returns:
        The same directions, [n, size]; an embedding of norm 0 stays 0.

    Source:
        Definition.
    """
    return np.asarray(z / np.maximum(np.linalg.norm(z, axis=1, keepdims=True), NORM_MIN))

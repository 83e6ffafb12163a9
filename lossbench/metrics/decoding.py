"""From the outputs of a network to scores that every metric reads alike."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from lossbench.catalog.losses import Decode
from lossbench.errors import ShapeError

Array = NDArray[np.float64]


def decode(outputs: NDArray[Any], how: Decode) -> Array:
    """Turn outputs of the linear head into scores, as the loss's table row says.

    `softmax`, `margins`: the outputs z themselves, one per class
    `sigmoid`, `sign`: (0, z), so that softmax gives (1 - sigmoid(z), sigmoid(z)) and class 1 is
    predicted where z > 0
    `identity`: the outputs, one per target, in target units

    Args:
        outputs: outputs of the head, float [n, width]; width 1 for `sigmoid` and `sign`.
        how: the rule.

    Returns:
        Scores, float64: [n, classes], [n, 2] or [n, targets].

    Raises:
        ShapeError: the outputs do not have the width that the rule reads.

    Source:
        Softmax over (0, z) is the logistic function of z (Bridle 1990).
    """
    z = np.asarray(outputs, dtype=np.float64)
    if z.ndim != 2:
        raise ShapeError(f"outputs: shape {z.shape}; accepted is [n, width]")
    if how in ("softmax", "margins", "identity"):
        return z
    if z.shape[1] != 1:
        raise ShapeError(f"outputs: width {z.shape[1]}; {how} reads a single output")
    return np.concatenate([np.zeros_like(z), z], axis=1)


def probabilities(scores: NDArray[Any]) -> Array:
    """Return softmax(scores): the probabilities, where the loss's outputs mean any.

    p_k = exp(s_k) / sum_j exp(s_j)

    Args:
        scores: decoded scores, float [n, classes].

    Returns:
        Probabilities, float64 [n, classes]; each row sums to 1.

    Source:
        Bridle 1990.
    """
    return np.asarray(special.softmax(np.asarray(scores, np.float64), axis=1), np.float64)

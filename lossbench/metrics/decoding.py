"""From the outputs of a network to scores that every metric reads alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from lossbench.catalog.losses import Decode
from lossbench.errors import ShapeError
from lossbench.metrics import class_scores, target_predictions

Array = NDArray[np.float64]


def decode(outputs: NDArray[Any], how: Decode, /, **context: Any) -> Array:
    """Turn outputs of the head into scores, as the loss's table row says.

    Scores of classes are such that the highest is the prediction and, where the outputs mean
    probabilities, softmax(scores) are these. Scores of labels, several of which may hold at once,
    are their logits: a label is predicted where its score is above 0. Regression has predictions.

    Args:
        outputs: outputs of the head, float [n, width]; or [n, height, width, outputs] where each
            pixel has some.
        how: the rule. `softmax`, `margins` and `identity` change nothing; `sigmoid` and `sign`
            are `class_scores.yes_or_no`; `per_output` reads each head in its own way; the others
            are the functions of their names in `class_scores` and `target_predictions`.
        context: what the rule needs: parameters of the loss and what the runner supplies. What
            it does not need is ignored.

    Returns:
        Scores, float64: [n, classes], [n, labels] or [n, targets]; or [n, height, width, classes].

    Raises:
        ShapeError: the outputs do not have the width that the rule reads.
        TypeError: the context lacks what the rule needs.

    Source:
        The rule's function.
    """
    z = np.asarray(outputs, dtype=np.float64)
    if z.ndim not in (2, 4) or z.shape[-1] == 0:
        raise ShapeError(f"outputs: shape {z.shape}; accepted is [n, width >= 1]")
    if z.ndim == 4:
        pixels = decode(z.reshape(-1, z.shape[-1]), how, **context)
        return pixels.reshape(*z.shape[:-1], -1)
    rule, needs = _RULES[how]
    return rule(z, **{name: context[name] for name in needs if name in context})


@dataclass(frozen=True)
class Slice:
    """Outputs that belong to one head, side by side, and how they are read.

    Attributes:
        width: their number.
        decode: the rule.
        context: what the rule needs.
    """

    width: int
    decode: Decode
    context: Mapping[str, Any]


def per_output(z: Array, *, slices: Sequence[Slice]) -> Array:
    """Return the scores of every head, each read in its own way, side by side.

    Args:
        z: outputs, float64 [n, width of all heads].
        slices: what belongs to each head, in the order of the columns.

    Returns:
        Scores, [n, scores of all heads].

    Raises:
        ShapeError: the outputs are more or fewer than the heads have.

    Source:
        Definition.
    """
    ends = np.cumsum([one.width for one in slices])
    if z.shape[1] != ends[-1]:
        raise ShapeError(f"outputs: width {z.shape[1]}; {ends[-1]} for all heads are accepted")
    columns = np.split(z, ends[:-1], axis=1)
    return np.concatenate(
        [decode(own, one.decode, **one.context) for own, one in zip(columns, slices, strict=True)],
        axis=1,
    )


def unchanged(z: Array) -> Array:
    """Return the outputs: scores of classes, or predictions in target units.

    Args:
        z: outputs, float64 [n, width].

    Returns:
        The same, [n, width].

    Source:
        Definition.
    """
    return z


_RULES: Mapping[Decode, tuple[Callable[..., Array], tuple[str, ...]]] = {
    "softmax": (unchanged, ()),
    "scaled_softmax": (class_scores.scaled_softmax, ("scale", "temperature")),
    "normalised_softmax": (class_scores.normalised_softmax, ("temperature",)),
    "tempered_softmax": (class_scores.tempered_softmax, ("t2",)),
    "shifted_sigmoid": (class_scores.shifted_sigmoid, ("shift_bias",)),
    "dirichlet": (class_scores.dirichlet, ("evidence",)),
    "sigmoid": (class_scores.yes_or_no, ()),
    "margins": (unchanged, ()),
    "sign": (class_scores.yes_or_no, ()),
    "coral_ranks": (class_scores.coral_ranks, ()),
    "corn_ranks": (class_scores.corn_ranks, ()),
    "nearest_mean": (class_scores.nearest_mean, ("means",)),
    "embedding": (class_scores.unit, ()),
    "identity": (unchanged, ()),
    "location": (target_predictions.location, ("width",)),
    "exp": (target_predictions.exp, ()),
    "softplus": (target_predictions.softplus, ()),
    "median": (target_predictions.median, ("quantile",)),
    "histogram": (target_predictions.histogram, ("bins", "target_range")),
    "per_output": (per_output, ("slices",)),
}
"""Each rule's function and what it takes from the context."""


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

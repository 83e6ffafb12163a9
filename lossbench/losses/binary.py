"""Losses of one output for two classes: the log-odds of the positive class."""

from typing import Any, Literal

from keras import ops

from lossbench.losses.targets import Tensor, binary_targets


def _log_likelihoods(logits: Tensor) -> tuple[Any, Any]:
    """Return -log p and -log(1 - p) for p = sigmoid(logits), finite for any finite logit."""
    return ops.softplus(-logits), ops.softplus(logits)


def bce(labels: Tensor, logits: Tensor, *, label_smoothing: float) -> Tensor:
    """Measure how unlikely the label is under the sigmoid of the output.

    loss = -y log p - (1 - y) log(1 - p),   p = sigmoid(logits),
    y smoothed to (1 - label_smoothing) y + label_smoothing / 2

    Args:
        labels: 0, 1 or a probability of the positive class, [batch] or [batch, outputs].
        logits: log-odds of the positive class, float [batch, outputs].
        label_smoothing: share of the label that is pulled to one half, in [0, 1).

    Returns:
        Loss per example in nats, the mean over outputs, float [batch], at least 0.

    Raises:
        ShapeError: labels and logits do not fit together.

    Source:
        The Bernoulli log-likelihood. Departures: none.
    """
    targets = binary_targets(labels, logits)
    targets = (1.0 - label_smoothing) * targets + 0.5 * label_smoothing
    positive, negative = _log_likelihoods(logits)
    return ops.mean(targets * positive + (1.0 - targets) * negative, axis=-1)


def weighted_bce(
    labels: Tensor,
    logits: Tensor,
    *,
    pos_weight: float | Literal["balanced"],
    class_counts: tuple[int, ...],
) -> Tensor:
    """Measure binary cross-entropy in which a missed positive counts more.

    loss = -w y log p - (1 - y) log(1 - p),   p = sigmoid(logits)

    Args:
        labels: 0, 1 or a probability of the positive class, [batch] or [batch, outputs].
        logits: log-odds of the positive class, float [batch, outputs].
        pos_weight: weight w of the positive class, above 0; "balanced" is negatives divided by
            positives in the training data, so that both classes weigh the same.
        class_counts: training examples of the negative and of the positive class.

    Returns:
        Loss per example in nats, the mean over outputs, float [batch], at least 0.

    Raises:
        ShapeError: labels and logits do not fit together.

    Source:
        King & Zeng 2001, "Logistic regression in rare events data", eq. 8. Departures: the
        weights are 1 and w, not normalised to sum to the number of examples.
    """
    targets = binary_targets(labels, logits)
    weight = class_counts[0] / class_counts[1] if pos_weight == "balanced" else pos_weight
    positive, negative = _log_likelihoods(logits)
    return ops.mean(weight * targets * positive + (1.0 - targets) * negative, axis=-1)

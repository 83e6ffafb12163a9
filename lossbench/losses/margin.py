"""Hinge losses: they ask for a lead and are content once it is reached."""

from keras import ops

from lossbench.losses.targets import Tensor, binary_targets, class_distribution


def crammer_singer(labels: Tensor, logits: Tensor, *, margin: float) -> Tensor:
    """Measure by how much the label's score fails to lead the best other score.

    loss = max(0, margin + max_{j != y} z_j - z_y)

    Args:
        labels: class indices, int [batch] or [batch, 1]; or one-hot labels, [batch, classes].
        logits: scores z, float [batch, classes].
        margin: the lead that is asked for, in units of the scores, above 0.

    Returns:
        Loss per example in units of the scores, float [batch], at least 0.

    Raises:
        ShapeError: labels and logits do not fit together.

    Source:
        Crammer & Singer 2001, JMLR 2, eq. 3. Departures: none. Keras's CategoricalHinge
        is another loss: there the best other score is never below 0.
    """
    one_hot = class_distribution(labels, logits)
    best_other = ops.max(logits - 1e30 * one_hot, axis=-1)
    own = ops.sum(one_hot * logits, axis=-1)
    return ops.relu(margin + best_other - own)


def binary_hinge(labels: Tensor, logits: Tensor) -> Tensor:
    """Measure by how much the score fails to lie 1 on the label's side of zero.

    loss = max(0, 1 - s z),   s = +1 for the positive class and -1 for the negative

    Args:
        labels: 0 or 1, [batch] or [batch, outputs].
        logits: scores z, float [batch, outputs].

    Returns:
        Loss per example, the mean over outputs, in units of the scores, float [batch], at least 0.

    Raises:
        ShapeError: labels and logits do not fit together.

    Source:
        Cortes & Vapnik 1995, "Support-vector networks". Departures: none.
    """
    signs = 2.0 * binary_targets(labels, logits) - 1.0
    return ops.mean(ops.relu(1.0 - signs * logits), axis=-1)

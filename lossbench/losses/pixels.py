"""Losses on masks: of single pixels, or of the overlap of what is predicted and what is there."""

from collections.abc import Callable
from typing import Any

from keras import ops

from lossbench.errors import LossError, ShapeError
from lossbench.losses.targets import Tensor

Compute = Callable[[Tensor, Tensor], Tensor]
"""A loss with everything bound but labels and outputs."""


def of_pixels(loss: Compute) -> Compute:
    """Return a loss of examples as one of masks: each pixel is an example, an image their mean.

    loss_i = mean over pixels p of loss(labels_ip, outputs_ip)

    Args:
        loss: a function of (labels [batch], outputs [batch, width]), one value an example.

    Returns:
        A function of (labels [batch, height, width], outputs [batch, height, width, outputs])
        whose values are [batch].

    Raises:
        ShapeError: labels and outputs are of other shapes, when it is called.
        LossError: the loss does not give one value an example.

    Source:
        Long et al. 2015, arXiv:1411.4038, section 3: the sum over the pixels, here their mean.
    """

    def compute(labels: Tensor, outputs: Tensor) -> Tensor:
        _check(labels, outputs)
        width = outputs.shape[-1]
        pixels = ops.cast(ops.reshape(labels, (-1,)), "int32")
        values = loss(pixels, ops.reshape(outputs, (-1, width)))
        if len(values.shape) == 0:
            raise LossError(
                "a loss of single pixels gave one number for all of them; one value an example is "
                "needed. Do not reduce over the batch."
            )
        return ops.mean(ops.reshape(values, (ops.shape(outputs)[0], -1)), axis=1)

    return compute


def of_masks(loss: Compute) -> Compute:
    """Return a loss of overlap as one of masks; the background is not asked for.

    With one output its logit is that of class 1. With an output per class the loss sees, for each
    class k but the background, the log-odds of its softmax, so that sigmoid gives this softmax:

    u_k = z_k - log sum_(j != k) e^(z_j),   sigmoid(u_k) = e^(z_k) / sum_j e^(z_j)

    Args:
        loss: a function of (labels, logits), both [batch, height, width, classes - 1].

    Returns:
        A function of (labels [batch, height, width], outputs [batch, height, width, outputs]).

    Raises:
        ShapeError: labels and outputs are of other shapes, when it is called.

    Source:
        Softmax Dice without the background, as in nnU-Net (Isensee et al. 2021).
    """

    def compute(labels: Tensor, outputs: Tensor) -> Tensor:
        _check(labels, outputs)
        classes = max(2, outputs.shape[-1])
        truth = ops.one_hot(ops.cast(labels, "int32"), classes, dtype=outputs.dtype)
        logits = outputs if outputs.shape[-1] == 1 else log_odds(outputs)[..., 1:]
        return loss(truth[..., 1:], logits)

    return compute


def log_odds(scores: Tensor) -> Tensor:
    """Return the log-odds of each class against all others together, where softmax is meant.

    u_k = z_k - log sum_(j != k) e^(z_j)

    Args:
        scores: float [..., classes], with two classes or more.

    Returns:
        Log-odds, of the same shape.

    Source:
        Definition.
    """
    classes = scores.shape[-1]
    others = [
        ops.logsumexp(ops.stack([scores[..., j] for j in range(classes) if j != k], -1), axis=-1)
        for k in range(classes)
    ]
    return scores - ops.stack(others, axis=-1)


def _check(labels: Any, outputs: Any) -> None:
    """Refuse what is no mask with outputs for each of its pixels."""
    if len(outputs.shape) != 4 or tuple(labels.shape[1:]) != tuple(outputs.shape[1:-1]):
        raise ShapeError(
            f"labels: shape {tuple(labels.shape)} does not fit outputs of shape "
            f"{tuple(outputs.shape)}; masks [batch, height, width] and outputs [batch, height, "
            "width, outputs] are needed. Check the network."
        )

"""Losses of the residual r = output - target, averaged over the targets of an example."""

from keras import ops

from lossbench.losses.targets import Tensor, same_shape


def mse(labels: Tensor, outputs: Tensor) -> Tensor:
    """Measure the squared residual; its minimiser is the conditional mean.

    loss = mean over targets of r^2,   r = output - target

    Args:
        labels: targets, float [batch] or [batch, targets].
        outputs: predictions, float [batch, targets].

    Returns:
        Loss per example in squared target units, float [batch], at least 0.

    Raises:
        ShapeError: targets and outputs differ in number.

    Source:
        Legendre 1805; Gauss 1809. Departures: none.
    """
    return ops.mean(ops.square(outputs - same_shape(labels, outputs)), axis=-1)


def mae(labels: Tensor, outputs: Tensor) -> Tensor:
    """Measure the absolute residual; its minimiser is the conditional median.

    loss = mean over targets of |r|,   r = output - target

    Args:
        labels: targets, float [batch] or [batch, targets].
        outputs: predictions, float [batch, targets].

    Returns:
        Loss per example in target units, float [batch], at least 0.

    Raises:
        ShapeError: targets and outputs differ in number.

    Source:
        Laplace 1774. Departures: none.
    """
    return ops.mean(ops.abs(outputs - same_shape(labels, outputs)), axis=-1)


def huber(labels: Tensor, outputs: Tensor, *, delta: float) -> Tensor:
    """Measure small residuals squared and large ones by their size.

    loss = mean over targets of r^2 / 2 where |r| <= delta, else delta (|r| - delta / 2)

    Args:
        labels: targets, float [batch] or [batch, targets].
        outputs: predictions, float [batch, targets].
        delta: residual at which the square turns into a line, in target units, above 0.

    Returns:
        Loss per example in squared target units, float [batch], at least 0.

    Raises:
        ShapeError: targets and outputs differ in number.

    Source:
        Huber 1964, eq. 1.5 (with k = delta). Departures: none.
    """
    size = ops.abs(outputs - same_shape(labels, outputs))
    inside = ops.minimum(size, delta)  # inside^2 / 2 + delta * rest needs no branch
    return ops.mean(0.5 * ops.square(inside) + delta * (size - inside), axis=-1)

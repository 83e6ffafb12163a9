"""From a job's loss to the function that the network is trained with."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lossbench.catalog import LOSSES
from lossbench.errors import LossError
from lossbench.losses import custom, function


def make_loss(
    name: str, params: Mapping[str, Any], class_counts: Sequence[int]
) -> Callable[[Any, Any], Any]:
    """Return a loss as a function of (targets, outputs), its parameters and needs bound.

    Args:
        name: catalogued loss.
        params: all its parameters.
        class_counts: training examples per class; empty for regression.
    """
    if name == "custom":
        return _custom(params)
    supplied = {"class_counts": tuple(int(count) for count in class_counts)}
    needs = {need: supplied[need] for need in LOSSES[name].needs}
    compute = function(name)
    return lambda targets, outputs: compute(targets, outputs, **params, **needs)


def _custom(params: Mapping[str, Any]) -> Callable[[Any, Any], Any]:
    target, arguments = params["target"], params["params"]
    compute = custom.load_function(target)

    def loss(targets: Any, outputs: Any) -> Any:
        try:
            return compute(targets, outputs, **arguments)
        except Exception as error:
            raise LossError(
                f"{target}: the loss raised {type(error).__name__}: {error}. "
                "See log.txt in the job's folder."
            ) from error

    return loss


def per_example(loss: Callable[[Any, Any], Any], targets: Any, outputs: Any) -> Any:
    """Return a loss's values, [batch], or one number for a loss of the whole batch.

    Raises:
        LossError: the loss returned a shape that cannot be one value per example.
    """
    from keras import ops

    values = ops.convert_to_tensor(loss(targets, outputs))
    rank = len(values.shape)
    batch, got = outputs.shape[0], values.shape[0] if rank else None
    if rank > 2 or (rank and got != batch):
        raise LossError(
            f"the loss returned shape {tuple(values.shape)} for outputs of shape "
            f"{tuple(outputs.shape)}; [batch], [batch, d] or one number is needed. "
            "Reduce over all axes but the first."
        )
    return ops.mean(values, axis=-1) if rank == 2 else values

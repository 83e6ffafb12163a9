"""Optimizers as Keras objects, and the rate of each of their steps."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from lossbench.catalog import OPTIMIZERS
from lossbench.errors import LossbenchError
from lossbench.train import schedules


def build(
    job: Mapping[str, Any],
    steps_per_epoch: int,
    trained: Sequence[keras.Variable],
    kernels: Sequence[keras.Variable],
) -> keras.optimizers.Optimizer:
    """Return the optimizer of a job, built on what it trains; `set_rates` sets its rate.

    Args:
        job: the content of its `job.json`.
        steps_per_epoch: batches of an epoch.
        trained: all that it trains, in the order of the model.
        kernels: those of them that weight decay makes smaller.

    Raises:
        LossbenchError: the installed Keras has no such optimizer, or lacks one of its parameters.
    """
    entry = job["optimizer"]
    optimizer = _class(entry["name"], entry["params"])(**entry["params"])
    decayed = {id(kernel) for kernel in kernels}
    optimizer.exclude_from_weight_decay(var_list=[v for v in trained if id(v) not in decayed])
    if not schedules.is_plain(job["schedule"]):
        optimizer.step_rates = StepRates(optimizer, steps_per_epoch)
        optimizer.learning_rate = optimizer.step_rates
    optimizer.build(list(trained))
    if job["train"]["precision"] == "mixed_float16":
        # Built by the one that wraps it, Nadam would lose a variable of its state.
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(list(trained))
    return optimizer


def _class(name: str, params: Mapping[str, Any]) -> Any:
    """Return the class of Keras's that a row of the catalogue means."""
    module, own_name = OPTIMIZERS[name].target.split(":")
    found = getattr(import_module(module), own_name, None)
    known = inspect.signature(found.__init__).parameters if found else {}
    missing = [key for key in params if key not in known]
    if missing:
        lacks = f"has no {', '.join(missing)}" if found else "does not exist"
        raise LossbenchError(
            f"optimizer {name!r}: keras.optimizers.{own_name} {lacks} in Keras "
            f"{version('keras')}. Install a newer one: pip install --upgrade keras."
        )
    return found


class StepRates(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of every step of an epoch, read from a variable in the graph.

    Both variables are the optimizer's own, so that they are part of its state on every backend and
    of its checkpoints. Steps are counted from those that the optimizer had made when the epoch
    began, since a step whose gradients overflowed is none and a new stage starts from 0.

    Args:
        optimizer: whose rates they are.
        steps: of an epoch.
    """

    def __init__(self, optimizer: keras.optimizers.Optimizer, steps: int) -> None:
        self.rates = optimizer.add_variable((steps,), dtype="float32", name="rates")
        self.first = optimizer.add_variable((), dtype="int32", name="first_of_epoch")

    def __call__(self, step: Any) -> Any:
        """Return the rate of the step that an optimizer makes next, float32 scalar."""
        at = ops.cast(step, "int32") - ops.cast(self.first, "int32")
        return ops.take(self.rates, ops.clip(at, 0, self.rates.shape[0] - 1))

    def get_config(self) -> dict[str, Any]:
        """Return nothing: the rates of an epoch are no setting."""
        return {}


def set_rates(optimizer: keras.optimizers.Optimizer, rates: NDArray[np.float64]) -> None:
    """Set the learning rates of the epoch that begins.

    Args:
        optimizer: as `build` makes it.
        rates: of each step, [steps_per_epoch]; all the same where there is no schedule.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    steps: StepRates | None = getattr(inner, "step_rates", None)
    if steps is None:
        inner.learning_rate = float(rates[-1])
        return
    steps.rates.assign(rates.astype(np.float32))
    # A copy: on JAX the two variables would else share one array, which a step takes only once.
    steps.first.assign(np.array(ops.convert_to_numpy(inner.iterations), "int32"))


def kernels_of(network: keras.Model) -> list[keras.Variable]:
    """Return the trained weights of a network that are neither biases nor normalisation's.

    These are the arrays of more than one dimension: matrices and convolution kernels.
    """
    return [weight for weight in network.trainable_weights if len(weight.shape) > 1]


def penalty(network: keras.Model, weight: float) -> Callable[[], Any] | None:
    """Return what computes the L2 penalty of a network, or None where its weight is 0.

    penalty = weight / 2 * sum_w w^2, over the kernels that are trained

    Its gradient, weight * w, is that of the `weight_decay` of PyTorch's SGD.

    Args:
        network: whose kernels.
        weight: at least 0.
    """
    if not weight:
        return None

    def of_kernels() -> Any:
        return 0.5 * weight * sum(ops.sum(ops.square(kernel)) for kernel in kernels_of(network))

    return of_kernels

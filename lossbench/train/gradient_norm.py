"""The size of the loss's gradient on a fixed set of training examples, on every backend.

It runs beside the training and writes nothing: neither a step's buffers nor moving statistics. On
TensorFlow and JAX it is compiled once for each traced network, which the jobs that share that
network share; run eagerly it took three times as long.
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lossbench.train.feeding import IndexFed

PROBE_BATCH = 64
"""Most examples of the probe batch: one pass over them takes about half a step of 128."""


def probe_batch(n_train: int, batch_size: int) -> NDArray[np.int32]:
    """Return the examples on which gradients are compared: the same for all losses and seeds.

    They are never more than a step has, so that they need no more memory than a step does. Those of
    a smaller batch size are the first of those of a larger one.

    Args:
        n_train: number of training examples.
        batch_size: images per step.
    """
    chosen = np.random.default_rng(0x96AD).permutation(n_train)
    return chosen[: min(PROBE_BATCH, batch_size)].astype(np.int32)


def gradient_norm(fed: IndexFed, indices: NDArray[np.int32]) -> float:
    """Return the global norm of the loss's gradient.

        ||g|| = sqrt(sum over trainable weights w of the network of ||d mean loss / d w||^2)

    Weights that are frozen do not count, nor do those that the loss trains for itself, and no
    penalty on weights is in it.

    Args:
        fed: the network, as it is now; inference mode, without augmentation.
        indices: training examples, int [n].

    Returns:
        The norm in units of the loss; not finite where the gradient is not; NaN where no weight is
        trained.
    """
    weights = fed.network.trainable_variables
    if not weights:
        return float("nan")
    key = tuple(id(weight) for weight in weights)  # stages of a training change what is trained
    if key not in fed.norms:
        fed.norms[key] = _NORMS[keras.backend.backend()](fed, weights)
    return float(fed.norms[key](fed.read(indices)))


def _by_tensorflow(fed: IndexFed, weights: list[keras.Variable]) -> Callable[[Any], Any]:
    import tensorflow as tf

    def norm(batch: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = fed.loss_at(batch)
        found = tape.gradient(loss, [w.value for w in weights], unconnected_gradients="zero")
        return tf.linalg.global_norm(found)

    traced = tf.function(norm, autograph=False, reduce_retracing=True)

    def call(batch: Any) -> Any:
        return traced(tf.nest.map_structure(tf.constant, batch))  # an array would be traced anew

    return call


def _by_jax(fed: IndexFed, weights: list[keras.Variable]) -> Callable[[Any], Any]:
    import jax
    from jax import numpy as jnp

    ids = {id(weight) for weight in weights}
    others = [variable for variable in fed.variables if id(variable) not in ids]

    def loss_of(values: Any, rest: Any, batch: Any) -> Any:
        now = [*zip(weights, values, strict=True), *zip(others, rest, strict=True)]
        with keras.StatelessScope(state_mapping=now):
            return fed.loss_at(batch)

    def norm(values: Any, rest: Any, batch: Any) -> Any:
        found = jax.grad(loss_of)(values, rest, batch)
        return jnp.sqrt(sum(jnp.square(gradient).sum() for gradient in found))

    compiled = jax.jit(norm)

    def call(batch: Any) -> Any:
        return compiled([w.value for w in weights], [v.value for v in others], batch)

    return call


def _by_torch(fed: IndexFed, weights: list[keras.Variable]) -> Callable[[Any], Any]:
    import torch

    def call(batch: Any) -> Any:
        values = [weight.value for weight in weights]
        with torch.enable_grad():
            found = torch.autograd.grad(fed.loss_at(batch), values, allow_unused=True)
        return torch.nn.utils.get_total_norm([g for g in found if g is not None])

    return call


_NORMS: Mapping[str, Callable[[IndexFed, list[keras.Variable]], Callable[[Any], Any]]] = {
    "tensorflow": _by_tensorflow,
    "jax": _by_jax,
    "torch": _by_torch,
}

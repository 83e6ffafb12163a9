"""A network that is fed with indices: images stay in memory as they are, batches are gathered.

Gathering and scaling run inside the compiled graph, many steps a call, so that no Python runs
between steps; the loss of every step is kept in a buffer that is read once an epoch.
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from lossbench import models
from lossbench.losses.binding import per_example

STEPS_PER_CALL = 10
"""Steps that run in one call; more saved nothing measurable."""


class IndexFed(keras.Model):
    """A network that takes indices of examples instead of images.

    Args:
        network: reads scaled float images, ends in a linear layer.
        images: variable with all images, [n, height, width, channels]; uint8 are scaled to [0, 1]
            in the graph.
        targets: variable with all targets, [n] or [n, d].
        bind_loss: makes a function of (targets, outputs) from what changes while training: `epoch`
            (epochs finished, a scalar), the loss's own weights by name and, where asked for,
            `embeddings` (what the head read, [batch, size]) and `head_losses`.
        steps_per_epoch: length of the buffer of losses.
        own: shape and whether negative values are cut off, of each of the loss's own weights.
        with_features: whether the loss reads embeddings.
        predicts_features: whether what counts are the features before the head: they are what
            `predict` gives instead of the outputs.
        heads: number of heads whose losses are recorded, epoch by epoch; 0 for none.
        bind_heads: as `bind_loss`, for the mean loss of each head, [heads].
    """

    def __init__(
        self,
        network: keras.Model,
        images: keras.Variable,
        targets: keras.Variable,
        bind_loss: Callable[[Mapping[str, Any]], Callable[[Any, Any], Any]],
        steps_per_epoch: int,
        own: Mapping[str, tuple[tuple[int, ...], bool]] | None = None,
        with_features: bool = False,
        heads: int = 0,
        bind_heads: Callable[[Mapping[str, Any]], Callable[[Any, Any], Any]] | None = None,
        predicts_features: bool = False,
    ) -> None:
        super().__init__()
        self.network = network
        self.bind_loss = bind_loss
        self.bind_heads = bind_heads
        # Sums of the steps of this epoch, then means of the last epoch and of the one before.
        self.head_record = resident_variable(np.zeros((3, heads), "float32"), "head_record")
        self.loss_weights = {
            name: self.add_weight(
                shape=shape, name=name, constraint=keras.constraints.NonNeg() if cut else None
            )
            for name, (shape, cut) in (own or {}).items()
        }
        self.with_features = None
        if with_features:
            read = [network.outputs[0], models.features(network)]
            self.with_features = keras.Model(network.input, read)
        self.embedding = None
        if predicts_features:
            self.embedding = keras.Model(network.input, models.features(network))
        self.steps_per_epoch = steps_per_epoch
        self.images = images
        self.targets = targets
        self.step_losses = resident_variable(np.zeros(steps_per_epoch, "float32"), "step_losses")
        self.step = resident_variable(np.zeros((), "int32"), "step")
        self.epoch = resident_variable(np.zeros((), "float32"), "epoch")

    def call(self, indices: Any, training: bool = False) -> Any:
        """Return the network's outputs for the images with these indices.

        In training, for a loss that reads embeddings, outputs and embeddings. Otherwise, where
        embeddings are what counts, these alone.
        """
        images = ops.take(self.images, indices, axis=0)
        if keras.backend.standardize_dtype(self.images.dtype) == "uint8":
            images = ops.cast(images, "float32") / 255.0
        if training and self.with_features is not None:
            return self.with_features(images, training=True)
        if not training and self.embedding is not None:
            return self.embedding(images, training=False)
        return self.network(images, training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean loss of the batch with indices `x` and note it in the buffer."""
        targets = ops.take(self.targets, x, axis=0)
        changing = {"epoch": self.epoch, **self.loss_weights}
        if self.with_features is not None:
            y_pred, changing["embeddings"] = y_pred
        outputs = ops.cast(y_pred, "float32")
        if self.bind_heads is not None:
            record = ops.convert_to_tensor(self.head_record)
            history = ops.stack([record[2], record[1]])
            changing["head_losses"] = ops.where(self.epoch < 2, ops.ones_like(history), history)
            now = ops.stop_gradient(self.bind_heads(changing)(targets, outputs))
            self.head_record.assign(ops.stack([record[0] + now, record[1], record[2]]))
        losses = per_example(self.bind_loss(changing), targets, outputs)
        loss = ops.mean(losses)
        at = ops.reshape(self.step, (1, 1))
        self.step_losses.assign(ops.scatter_update(self.step_losses, at, ops.reshape(loss, (1,))))
        self.step.assign(self.step + 1)
        return loss

    def begin_epoch(self, number: int) -> None:
        """Tell losses that change with time where training is: epochs count from 1."""
        self.epoch.assign(number - 1.0)
        sums, last, _ = ops.convert_to_numpy(self.head_record)
        self.head_record.assign(np.stack([0 * sums, sums / self.steps_per_epoch, last]))

    def read_step_losses(self) -> NDArray[np.float32]:
        """Return the losses of the steps since the last reading, and start over."""
        steps = int(ops.convert_to_numpy(self.step))
        buffer = ops.convert_to_numpy(self.step_losses)
        self.step.assign(0)
        return np.array(buffer[:steps])


def batches(order: NDArray[np.int32], batch_size: int) -> Any:
    """Return batches of indices as `fit` takes them with the least overhead.

    Measured on one epoch of seed_cnn: `fit` on a dataset takes what a hand-written loop takes;
    `fit` on the bare array 7 % more, since it gathers the indices in threads of its own.

    Autotuning is off: there is nothing to tune, and where its thread missed the end of the
    iteration, which half of the epochs on a busy machine did, `fit` waited 0.9 s for it.
    """
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.from_tensor_slices(order).batch(batch_size).with_options(options)


def resident_variable(array: NDArray[Any], name: str) -> keras.Variable:
    """Return an array as a variable on the device that no optimizer touches."""
    return keras.Variable(array, trainable=False, dtype=str(array.dtype), name=name)

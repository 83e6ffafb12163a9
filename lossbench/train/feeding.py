"""A network that is fed with indices: images stay in memory as they are, batches are gathered.

Gathering and scaling run inside the compiled graph, many steps a call, so that no Python runs
between steps; the loss of every step is kept in a buffer that is read once an epoch. Images that
are too many for memory are read beside the training and come along with their indices.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from lossbench import models
from lossbench.datasets.rows import Stack
from lossbench.losses.binding import per_example
from lossbench.train import augmentation
from lossbench.train.augmentation import Draws, Steps
from lossbench.train.averaging import WeightAverage
from lossbench.train.batches import Batches
from lossbench.train.stages import Stage

STEPS_PER_CALL = 10
"""Steps that run in one call; more saved nothing measurable."""


def steps_per_call() -> int:
    """Return how many steps the backend runs in one call; Keras allows PyTorch one only."""
    return 1 if keras.backend.backend() == "torch" else STEPS_PER_CALL


BATCHES_AHEAD = 2 * STEPS_PER_CALL
"""Batches of streamed images that are read before they are needed, as far as they are small."""
BYTES_AHEAD = 64 * 2**20
"""Size above which fewer are."""


class IndexFed(keras.Model):
    """A network that takes indices of examples instead of images.

    Args:
        network: reads scaled float images, ends in a linear layer.
        images: variable with all images, [n, height, width, channels], or a stack from which they
            are read; uint8 are scaled to [0, 1] in the graph.
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
        augment: how training images are changed.
        n_train: number of training examples, which come first.
        classes: number of classes, where targets are their indices and may be mixed.
        penalty: gives what is added to the loss that is optimised, and not to the recorded one.
        scaled: whether the loss that is optimised, and not the recorded one, is multiplied by
            `loss_scale`, a variable so that another seed needs no other trace.
        average: averages the network's weights while it trains; None for no average.
        stage: the epochs that it is trained in; in those on features, `images` are what the
            network's "pool" gives, float32 [n, size], and the network runs from there on.
        before: the one of an earlier stage, whose state that outlasts an epoch is shared.
    """

    def __init__(
        self,
        network: keras.Model,
        images: keras.Variable | Stack,
        targets: keras.Variable,
        bind_loss: Callable[[Mapping[str, Any]], Callable[[Any, Any], Any]],
        steps_per_epoch: int,
        own: Mapping[str, tuple[tuple[int, ...], bool]] | None = None,
        with_features: bool = False,
        heads: int = 0,
        bind_heads: Callable[[Mapping[str, Any]], Callable[[Any, Any], Any]] | None = None,
        predicts_features: bool = False,
        augment: Steps = (),
        n_train: int = 0,
        classes: int = 0,
        penalty: Callable[[], Any] | None = None,
        scaled: bool = False,
        average: WeightAverage | None = None,
        stage: Stage | None = None,
        before: "IndexFed | None" = None,
    ) -> None:
        super().__init__()
        self.stage = stage
        # Hidden from Keras, which would hand a whole backbone through every step on features.
        self._whole = SimpleNamespace(network=network)
        run = models.on_pooled if stage is not None and stage.on_features else models.as_trained
        self.run = run(network, [network.outputs[0]])
        self.average = average
        # Listed here as well, so that JAX's steps hand on what they assign to them.
        self.average_variables = average.variables if average else []
        # Functions of a batch that give the norm of the gradient, by what is trained.
        self.norms: dict[tuple[int, ...], Callable[[Any], Any]] = {}
        self.bind_loss = bind_loss
        self.bind_heads = bind_heads
        # Sums of the steps of this epoch, then means of the last epoch and of the one before.
        self.head_record: keras.Variable = (
            resident_variable(np.zeros((3, heads), "float32"), "head_record")
            if before is None
            else before.head_record
        )
        self.loss_weights: dict[str, Any] = {
            name: self.add_weight(
                shape=shape, name=name, constraint=keras.constraints.NonNeg() if cut else None
            )
            if before is None
            else before.loss_weights[name]
            for name, (shape, cut) in (own or {}).items()
        }
        self.with_features = None
        if with_features:
            self.with_features = run(network, [network.outputs[0], models.features(network)])
        self.embedding = None
        if predicts_features:
            self.embedding = run(network, [models.features(network)])
        self.steps_per_epoch = steps_per_epoch
        self.streamed = images if isinstance(images, Stack) else None
        self.images = None if isinstance(images, Stack) else images
        self.scales = str(images.dtype) == "uint8"
        self.augment = augment
        self.mixing = augmentation.mixing(augment)
        self.n_train, self.classes = n_train, classes
        self.draw: Callable[[int], Draws] | None = None
        self.rates: Callable[[int, Sequence[float]], NDArray[np.float64]]
        self.penalty = penalty
        self.loss_scale: keras.Variable | None = None
        if scaled:
            first = np.ones((), "float32")
            self.loss_scale = (
                resident_variable(first, "loss_scale") if before is None else before.loss_scale
            )
        self.seed = 0
        columns = augment[-1].columns.stop if augment else 0
        rows = n_train if augment else 0
        self.numbers = resident_variable(np.zeros((rows, columns), "float32"), "numbers")
        self.partners = resident_variable(np.zeros(rows, "int32"), "partners")
        self.partners_now = np.zeros(rows, "int32")  # the same, where images are read
        self.targets = targets
        self.step_losses = resident_variable(np.zeros(steps_per_epoch, "float32"), "step_losses")
        self.step = resident_variable(np.zeros((), "int32"), "step")
        self.epoch = resident_variable(np.zeros((), "float32"), "epoch")

    def call(self, batch: Any, training: bool = False) -> Any:
        """Return the network's outputs for a batch, which is as `read` makes it.

        In training images are augmented, and, for a loss that reads embeddings, outputs and
        embeddings are returned. Otherwise, where embeddings are what counts, these alone.
        """
        indices, *images = batch if isinstance(batch, tuple | list) else (batch,)
        if training and self.average is not None:
            self.average.note_step(self.step)
        if training and self.augment:
            seen = self._augmented(indices, images)
        else:
            seen = self._scaled(images[0] if images else self._resident(indices))
        if training and self.with_features is not None:
            outputs, embeddings = self.with_features(seen, training=True)
            return outputs, ops.cast(embeddings, "float32")
        if not training and self.embedding is not None:
            return ops.cast(self.embedding(seen, training=False), "float32")
        return self.run(seen, training=training)

    @property
    def network(self) -> keras.Model:
        """The whole network, from scaled images to outputs, whatever of it runs."""
        network: keras.Model = self._whole.network
        return network

    @property
    def on_features(self) -> bool:
        """Whether the head alone runs, on features instead of images."""
        return self.stage is not None and self.stage.on_features

    def changing(self, variables: Sequence[Any]) -> list[int]:
        """Return where among variables of the network those are that may not be as they began."""
        run = {id(variable) for variable in self.run.variables} if self.on_features else None
        return [i for i, one in enumerate(variables) if run is None or id(one) in run]

    def seen(self, batch: Any) -> Any:
        """Return what the network reads of a batch as `read` makes it, without augmentation."""
        indices, *images = batch if isinstance(batch, tuple | list) else (batch,)
        return self._scaled(images[0] if images else self._resident(indices))

    def _resident(self, indices: Any) -> Any:
        return ops.take(self.images, indices, axis=0)

    def _scaled(self, images: Any) -> Any:
        return ops.cast(images, "float32") / 255.0 if self.scales else images

    def _augmented(self, indices: Any, images: Any) -> Any:
        """Return scaled and augmented images; those that are not given are taken from memory."""
        own, others, numbers = self._changed(indices, images)
        if self.mixing is None:
            return self._scaled(own)
        return augmentation.mixed(self.mixing, self._scaled(own), self._scaled(others), numbers)

    def _changed(self, indices: Any, images: Any) -> tuple[Any, Any, Any]:
        """Return changed images and, where examples are mixed, those of partners; numbers."""
        numbers = ops.take(self.numbers, indices, axis=0)
        own = images[0] if images else self._resident(indices)
        own = augmentation.changed(self.augment, own, numbers)
        if self.mixing is None:
            return own, own[:0], numbers
        partners = ops.take(self.partners, indices, axis=0)
        others = images[1] if images else self._resident(partners)
        of_others = ops.take(self.numbers, partners, axis=0)
        return own, augmentation.changed(self.augment, others, of_others), numbers

    def _targets_of(self, indices: Any) -> Any:
        """Return the targets of a training batch, moved and mixed as its images are."""
        targets = ops.take(self.targets, indices, axis=0)
        if not self.augment:
            return targets
        numbers = ops.take(self.numbers, indices, axis=0)
        if len(targets.shape) == 3:  # the class of each pixel
            return augmentation.changed_masks(self.augment, targets, numbers)
        if self.mixing is None:
            return targets
        others = ops.take(self.targets, ops.take(self.partners, indices, axis=0), axis=0)
        return augmentation.mixed_targets(self.mixing, targets, others, numbers, self.classes)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the mean loss of the batch `x` and note it in the buffer.

        What is returned alone is scaled, and has a penalty of the weights added.
        """
        targets = self._targets_of(x[0] if isinstance(x, tuple | list) else x)
        outputs, changing = self._changing(y_pred)
        if self.bind_heads is not None:
            record = ops.convert_to_tensor(self.head_record)
            now = ops.stop_gradient(self.bind_heads(changing)(targets, outputs))
            self.head_record.assign(ops.stack([record[0] + now, record[1], record[2]]))
        losses = per_example(self.bind_loss(changing), targets, outputs)
        loss = ops.mean(losses)
        at = ops.reshape(self.step, (1, 1))
        self.step_losses.assign(ops.scatter_update(self.step_losses, at, ops.reshape(loss, (1,))))
        self.step.assign(self.step + 1)
        if self.loss_scale is not None:
            loss = loss * self.loss_scale
        return loss if self.penalty is None else loss + self.penalty()

    def _changing(self, y_pred: Any) -> tuple[Any, dict[str, Any]]:
        """Return the outputs of a batch, and what the loss reads that changes while training."""
        changing: dict[str, Any] = {"epoch": self.epoch, **self.loss_weights}
        if self.with_features is not None:
            y_pred, changing["embeddings"] = y_pred
        if self.bind_heads is not None:
            record = ops.convert_to_tensor(self.head_record)
            history = ops.stack([record[2], record[1]])
            changing["head_losses"] = ops.where(self.epoch < 2, ops.ones_like(history), history)
        return ops.cast(y_pred, "float32"), changing

    def loss_at(self, batch: Any) -> Any:
        """Return the mean loss of training examples as they are, and leave nothing behind.

        Inference mode: no augmentation, no dropout, BatchNorm by its moving statistics. No buffer,
        head history or moving statistic is written.

        Args:
            batch: as `read` makes it.
        """
        indices = batch[0] if isinstance(batch, tuple | list) else batch
        network = self.run if self.with_features is None else self.with_features
        outputs, changing = self._changing(network(self.seen(batch), training=False))
        targets = ops.take(self.targets, indices, axis=0)
        return ops.mean(per_example(self.bind_loss(changing), targets, outputs))

    def begin_epoch(self, number: int) -> None:
        """Draw the epoch's augmentation, and tell losses where training is: epochs count from 1."""
        self.draw_epoch(number)
        self.epoch.assign(number - 1.0)
        sums, last, _ = ops.convert_to_numpy(self.head_record)
        self.head_record.assign(np.stack([0 * sums, sums / self.steps_per_epoch, last]))

    def read_step_losses(self) -> NDArray[np.float32]:
        """Return the losses of the steps since the last reading, and start over."""
        steps = int(ops.convert_to_numpy(self.step))
        buffer = ops.convert_to_numpy(self.step_losses)
        self.step.assign(0)
        return np.array(buffer[:steps])

    def draw_epoch(self, number: int) -> None:
        """Draw how an epoch, counted from 1, changes the training images."""
        if self.draw is not None:
            draws = self.draw(number)
            self.numbers.assign(draws.numbers)
            self.partners.assign(draws.partners)
            self.partners_now = draws.partners

    def augmentation_sha256(self, indices: NDArray[np.int32]) -> str:
        """Return the hash of a batch of training images in the first epoch."""
        self.draw_epoch(1)
        images = self.read(indices, training=True)
        images = images[1:] if isinstance(images, tuple) else ()
        found = self._changed(indices, images)
        return augmentation.sha256(*(np.asarray(ops.convert_to_numpy(a)) for a in found))

    def read(self, indices: NDArray[np.int32], training: bool = False) -> Any:
        """Return a batch as `call` takes it: indices, and with them images that are streamed.

        Args:
            indices: of the examples.
            training: whether images of partners are needed, too, where examples are mixed.
        """
        if self.streamed is None:
            return indices
        if not training or self.mixing is None:
            return indices, self.streamed[indices]
        return indices, self.streamed[indices], self.streamed[self.partners_now[indices]]

    def training_images(self, order: NDArray[np.int32], batch_size: int) -> Iterator[Any]:
        """Yield what the network reads of training examples, without augmentation, in batches."""
        for start in range(0, len(order), batch_size):
            yield self.seen(self.read(order[start : start + batch_size]))

    def batches(self, order: NDArray[np.int32], batch_size: int) -> Any:
        """Return the batches of an epoch that has begun, as `fit` takes them."""
        if self.streamed is None:
            return batches(order, batch_size)
        ahead = self._batches_ahead(batch_size, self.streamed)
        if keras.backend.backend() != "tensorflow":
            return Batches(order, batch_size, lambda i: self.read(i, training=True), ahead)
        return _with_images(batches(order, batch_size), self, self.streamed).prefetch(ahead)

    def _batches_ahead(self, batch_size: int, images: Stack) -> int:
        own = batch_size * images.nbytes / len(images) * (2 if self.mixing else 1)
        return max(1, min(BATCHES_AHEAD, int(BYTES_AHEAD / own)))


def batches(order: NDArray[np.int32], batch_size: int) -> Any:
    """Return batches of indices as `fit` takes them with the least overhead.

    Measured on one epoch of seed_cnn: `fit` on a dataset takes what a hand-written loop takes;
    `fit` on the bare array 7 % more, since it gathers the indices in threads of its own.

    Autotuning is off: there is nothing to tune, and where its thread missed the end of the
    iteration, which half of the epochs on a busy machine did, `fit` waited 0.9 s for it.
    """
    if keras.backend.backend() != "tensorflow":
        return Batches(order, batch_size, lambda indices: indices)
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.from_tensor_slices(order).batch(batch_size).with_options(options)


def _with_images(indices: Any, fed: IndexFed, images: Stack) -> Any:
    """Return batches of indices with the images that belong to them."""
    import tensorflow as tf

    count = 2 if fed.mixing else 1

    def read(batch: Any) -> Any:
        return fed.read(batch, training=True)[1:]

    def join(batch: Any) -> Any:
        read_ones = tf.numpy_function(read, [batch], [tf.as_dtype(images.dtype)] * count)
        for one in read_ones:
            one.set_shape((None, *images.shape[1:]))
        return ((batch, *read_ones),)  # all of it is the input; a bare tuple would hold targets

    return indices.map(join)


def resident_variable(array: NDArray[Any], name: str) -> keras.Variable:
    """Return an array as a variable on the device that no optimizer touches."""
    return keras.Variable(array, trainable=False, dtype=str(array.dtype), name=name)

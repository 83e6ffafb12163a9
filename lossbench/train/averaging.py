"""Averages of a network's weights: what is validated, chosen, tested and kept instead of them.

Training itself goes on with the weights as the optimizer leaves them. All weights of the network
that change are averaged, moving statistics of BatchNorm included; weights that a loss trains for
itself are not.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

EMA_DECAY = 0.999
"""That of Tarvainen & Valpola 2017, arXiv:1703.01780, section 3.2, and of torch's swa_utils."""

SWA_START = 0.75
"""Share of the training after which Izmailov et al. 2018 begin, arXiv:1803.05407, section 4."""

Images = Callable[[], Iterator[Any]]
"""Gives scaled training images batch by batch, [batch, height, width, channels]."""


class WeightAverage:
    """The running average of a network's weights.

    `ema`, after every step t = 0, 1, ...:

        a <- d a + (1 - d) w,   d = min(decay, (1 + t) / (10 + t)),   a = initial weights at first

    so that a short training is not judged by its first steps; with the same d the moving statistics
    of BatchNorm are averaged. `swa`, at the end of every epoch e >= start * epochs:

        a <- a + (w - a) / n,   n = 1, 2, ...

    after which `recompute_statistics` makes moving statistics that belong to the average.

    Args:
        network: whose weights are averaged.
        kind: `ema` or `swa`.
        decay: of `ema`, in (0, 1).
        start: of `swa`, share of the epochs, in [0, 1).
        epochs: passes over the training images in all.
        weights: those of the network that change at all; all of them if not given.

    Source:
        ema: Polyak & Juditsky 1992; with the growing decay, TensorFlow's
        `tf.train.ExponentialMovingAverage(decay, num_updates=t)`. swa: Izmailov et al. 2018,
        arXiv:1803.05407, algorithm 1 with a cycle of one epoch.
    """

    def __init__(
        self,
        network: keras.Model,
        kind: Literal["ema", "swa"],
        *,
        epochs: int,
        decay: float = EMA_DECAY,
        start: float = SWA_START,
        weights: Sequence[keras.Variable] | None = None,
    ) -> None:
        self.network, self.kind, self.decay = network, kind, decay
        self.first_epoch = 1 if kind == "ema" else max(1, int(np.ceil(start * epochs - 1e-9)))
        self.count = _variable(np.zeros((), "float32"), "average_count")
        self.own = list(network.weights if weights is None else weights)
        self.weights = [_variable(np.array(w), "average") for w in self.own]

    @property
    def variables(self) -> list[keras.Variable]:
        """Everything that a checkpoint must hold."""
        return [self.count, *self.weights]

    def reset(self) -> None:
        """Start over from the network's weights as they are now."""
        self.count.assign(0.0)
        for average, weight in zip(self.weights, self.own, strict=True):
            average.assign(_copied(weight))

    def note_step(self, step: Any) -> None:
        """Take in, inside the graph, what the step before in this epoch left.

        What the last step of an epoch left is taken in by `note_epoch`, since no step follows.

        Args:
            step: of this epoch, from 0; a scalar.
        """
        if self.kind != "ema":
            return
        later = ops.cast(step > 0, "float32")
        d = ops.minimum(self.decay, (1.0 + self.count) / (10.0 + self.count))
        share = later * (1.0 - d)
        for average, weight in zip(self.weights, self.own, strict=True):
            value = ops.stop_gradient(ops.convert_to_tensor(weight))
            average.assign(average + ops.cast(share, average.dtype) * (value - average))
        self.count.assign(self.count + later)

    def note_epoch(self, number: int) -> bool:
        """Take in what an epoch, counted from 1, left; return whether there is an average."""
        if number < self.first_epoch:
            return False
        count = float(ops.convert_to_numpy(self.count))
        ema = 1.0 - min(self.decay, (1.0 + count) / (10.0 + count))
        share = np.float32(ema if self.kind == "ema" else 1.0 / (count + 1.0))
        for average, weight in zip(self.weights, self.own, strict=True):
            old, new = ops.convert_to_numpy(average), ops.convert_to_numpy(weight)
            average.assign(old + share.astype(old.dtype) * (new - old))
        self.count.assign(count + 1.0)
        return True

    @property
    def is_there(self) -> bool:
        """Whether anything has been averaged."""
        return float(ops.convert_to_numpy(self.count)) > 0

    def put_in_place(self, images: Images, run: keras.Model | None = None) -> None:
        """Give the network the averaged weights, and `swa` the statistics that belong to them.

        Args:
            images: what `run` reads of the training examples.
            run: the network as it is trained, of the same layers; the network itself if not given.
        """
        for average, weight in zip(self.weights, self.own, strict=True):
            weight.assign(_copied(average))
        if self.kind == "swa":
            recompute_statistics(run or self.network, images)

    @contextlib.contextmanager
    def in_place(self, images: Images, run: keras.Model | None = None) -> Iterator[None]:
        """Give the network the averaged weights for a while, then its own back."""
        raw = [np.array(ops.convert_to_numpy(v)) for v in self.own]
        try:
            self.put_in_place(images, run)
            yield
        finally:
            for variable, value in zip(self.own, raw, strict=True):
                variable.assign(value)


def make(
    network: keras.Model,
    entry: Mapping[str, Any] | None,
    epochs: int,
    weights: Sequence[keras.Variable] | None = None,
) -> WeightAverage | None:
    """Return the average that `train.average` asks for, or None.

    Args:
        network: the network.
        entry: its type, `ema` or `swa`, and `decay` or `start`; None for no average.
        epochs: passes over the training images in all.
        weights: those of the network that change at all; all of them if not given.
    """
    if entry is None:
        return None
    kind: Literal["ema", "swa"] = entry["type"]
    return WeightAverage(
        network,
        kind,
        epochs=epochs,
        decay=entry.get("decay", EMA_DECAY),
        start=entry.get("start", SWA_START),
        weights=weights,
    )


def recompute_statistics(network: keras.Model, images: Images, *, frozen_too: bool = False) -> None:
    """Give BatchNorm the mean and variance that its inputs have with the network's weights.

        moving statistic = sum over batches of (size of batch * statistic of batch) / sum of sizes

    Layers that are frozen keep theirs unless asked for. Dropout is on, as while training; the
    states of its random generators are as before afterwards.

    Args:
        network: changed in place.
        images: gives the training images once.
        frozen_too: whether frozen layers get statistics, too; they are frozen again afterwards.

    Source:
        Izmailov et al. 2018, arXiv:1803.05407, section 3.2; torch.optim.swa_utils.update_bn, which
        weighs all batches alike.
    """
    norms = [one for one in _normalisations(network) if frozen_too or one.trainable]
    frozen = [layer for layer in norms if not layer.trainable]
    if not norms:
        return
    moving = [v for layer in norms for v in (layer.moving_mean, layer.moving_variance)]
    others = [v for v in network.non_trainable_variables if all(v is not m for m in moving)]
    before = [np.array(ops.convert_to_numpy(v)) for v in others]
    momenta = [layer.momentum for layer in norms]
    sums = [np.zeros(v.shape, np.float64) for v in moving]
    seen = 0
    try:
        for layer in norms:
            layer.momentum = 0.0  # a pass leaves the batch's own statistics
            layer.trainable = True
        for batch in images():
            network(batch, training=True)
            seen += len(batch)
            for total, variable in zip(sums, moving, strict=True):
                total += len(batch) * ops.convert_to_numpy(variable)
    finally:
        for layer, momentum in zip(norms, momenta, strict=True):
            layer.momentum = momentum
        for layer in frozen:
            layer.trainable = False
        for variable, value in zip(others, before, strict=True):
            variable.assign(value)
    for total, variable in zip(sums, moving, strict=True):
        variable.assign((total / max(seen, 1)).astype("float32"))


def _normalisations(layer: keras.Layer) -> list[keras.layers.BatchNormalization]:
    """Return the BatchNorm layers of a network, those of networks inside it too."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return [layer]
    return [norm for inner in getattr(layer, "layers", ()) for norm in _normalisations(inner)]


def _copied(variable: keras.Variable) -> NDArray[Any]:
    """Return a copy of a variable's value.

    On JAX two variables would else share one array, and a step, which takes arrays for itself,
    would take it from both.
    """
    return np.array(ops.convert_to_numpy(variable))


def _variable(array: NDArray[Any], name: str) -> keras.Variable:
    return keras.Variable(array, trainable=False, dtype=str(array.dtype), name=name)

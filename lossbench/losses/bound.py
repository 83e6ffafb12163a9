"""A loss with its parameters, called on arrays: its values and their gradient."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from lossbench.catalog import LOSSES
from lossbench.catalog.losses import Loss, Task
from lossbench.catalog.losses.kinds import PROBABILISTIC
from lossbench.config.entries import CUSTOM, KERAS, default_entry
from lossbench.config.sources import split_target
from lossbench.errors import LossError
from lossbench.losses.binding import make_loss, per_example
from lossbench.losses.sampling import Sample, as_tensors, sample
from lossbench.records import Record
from lossbench.requirements import Requirements, requirements

Array = NDArray[Any]


@dataclass(frozen=True)
class Bound:
    """A loss with its parameters.

    Attributes:
        record: the loss as plain data, `{"name": ..., "params": ...}`.
        needs: what it needs.
    """

    record: Record
    needs: Requirements

    @property
    def row(self) -> Loss:
        """The loss's row in the catalogue."""
        return LOSSES[self.record["name"]]

    @property
    def params(self) -> Mapping[str, Any]:
        """The loss's parameters, all of them."""
        found: Mapping[str, Any] = self.record["params"]
        return found

    @property
    def name(self) -> str:
        """The loss's name, or that of the function or the class that it stands for."""
        if self.record["name"] == KERAS:
            return str(self.params["class_name"])
        parts = split_target(self.params["target"]) if self.own else None
        return parts[1] if parts else str(self.record["name"])

    @property
    def own(self) -> bool:
        """Whether it is a function of the user's own, of which nothing is declared."""
        return bool(self.record["name"] == CUSTOM)

    @property
    def probabilistic(self) -> bool:
        """Whether the decoded outputs are probabilities."""
        return self.needs.decode in PROBABILISTIC

    @cached_property
    def coupled(self) -> bool:
        """Whether an example's value depends on the other examples of the batch."""
        if self.needs.batchwise:
            return True
        drawn = self.sample(8)
        half = np.arange(4)
        whole = self.values(drawn.labels, drawn.outputs, drawn.supplied)
        if whole.shape[:1] != (8,):
            return True
        supplied = supplied_of(drawn.supplied, half)
        part = self.values(drawn.labels[half], drawn.outputs[half], supplied)
        tolerance = 1e-6 if self.precision == "float64" else 1e-4
        return not np.allclose(whole[half], part, rtol=tolerance, atol=tolerance / 1000)

    @cached_property
    def precision(self) -> Literal["float64", "float32"]:
        """The most precise dtype that the loss takes; functions of users may refuse float64."""
        if not self.own:
            return "float64"
        drawn = self.sample(4)
        try:
            self.value_and_gradient(drawn.labels, drawn.outputs, drawn.supplied, "float64")
        except Exception:
            return "float32"
        return "float64"

    def sample(self, batch: int = 8, classes: int = 4, seed: int = 0) -> Sample:
        """Draw labels and outputs that suit the loss."""
        return sample(self.needs, batch, classes, seed)

    def raw(self, labels: Any, outputs: Any, supplied: Mapping[str, Any]) -> Any:
        """Return the loss's values as they come, a tensor; what is given are tensors already."""
        loss = make_loss(self.record, supplied)
        if not self.own:
            return tf.convert_to_tensor(loss(labels, outputs))
        with _floatx(keras.backend.standardize_dtype(outputs.dtype)):
            return tf.convert_to_tensor(loss(labels, outputs))

    def tensor(self, labels: Any, outputs: Any, supplied: Mapping[str, Any]) -> Any:
        """Return the loss's values as training uses them: one per example, or one number."""
        return per_example(lambda y, z: self.raw(y, z, supplied), labels, outputs)

    def values(
        self,
        labels: Array,
        outputs: Array,
        supplied: Mapping[str, Any],
        dtype: str | None = None,
    ) -> Array:
        """Return the loss's values; without a dtype, as precisely as it can."""
        dtype = dtype or self.precision
        tensor = tf.constant(outputs, dtype)
        found = self.tensor(label_tensor(labels, dtype), tensor, as_tensors(supplied, dtype))
        return np.asarray(found)

    def value_and_gradient(
        self,
        labels: Array,
        outputs: Array,
        supplied: Mapping[str, Any],
        dtype: str | None = None,
    ) -> tuple[Array, Array]:
        """Return the values and the gradient of their sum with respect to the outputs.

        Raises:
            LossError: the values do not depend on the outputs by anything differentiable.
        """
        dtype = dtype or self.precision
        tensor = tf.constant(outputs, dtype)
        with tf.GradientTape() as tape:
            tape.watch(tensor)
            found = self.tensor(label_tensor(labels, dtype), tensor, as_tensors(supplied, dtype))
        gradient = tape.gradient(found, tensor)
        if gradient is None:
            raise LossError(
                f"{self.name}: the value has no gradient with respect to the outputs. Compute it "
                "with keras.ops, without NumPy and without casting to integers."
            )
        return np.asarray(found), np.asarray(tf.convert_to_tensor(gradient))


@contextlib.contextmanager
def _floatx(dtype: str) -> Iterator[None]:
    """Let Keras make tensors of plain numbers in this dtype for a while.

    Functions of users that mix such numbers with their arguments can be called in float64 so.
    """
    before = keras.config.floatx()
    keras.config.set_floatx(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def bind(record: Record, task: Task | None = None) -> Bound:
    """Return a loss that can be called on arrays.

    Args:
        record: the loss as plain data with all its parameters.
        task: what it is for, where the loss is a function of the user's own.
    """
    return Bound(record, requirements(record, task))


def bind_default(name: str, changes: Mapping[str, Any] | None = None) -> Bound:
    """Return a loss of the catalogue with its defaults, or some parameters changed."""
    record = default_entry(name).record()
    return bind(changed(record, changes or {}))


def changed(record: Record, changes: Mapping[str, Any]) -> Record:
    """Return a loss with some parameters changed."""
    return {**record, "params": {**record["params"], **changes}}


def supplied_of(supplied: Mapping[str, Any], examples: Array) -> dict[str, Any]:
    """Return what the runner supplies for some of the examples, in that order."""
    chosen = {key: supplied[key][examples] for key in ("embeddings",) if key in supplied}
    return dict(supplied) | chosen


def label_tensor(labels: Array, dtype: str) -> Any:
    """Return labels as the training loop has them: int32, or floats of the outputs' dtype."""
    return tf.constant(labels, "int32" if np.issubdtype(labels.dtype, np.integer) else dtype)

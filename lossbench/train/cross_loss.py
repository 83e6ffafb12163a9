"""A trained network under the losses that the others of its experiment were trained with.

Information, never a ranking: a loss is best at what it optimises. Values are means over the
examples of the test, at the selected weights, of outputs that were computed anyway; penalties and
`loss_scale` are not in them. What depends on the epoch is as in the last one, whatever epoch was
selected, so that a column of the table is one function.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from lossbench.losses.binding import Compute, make_loss, per_example
from lossbench.train import backends
from lossbench.train.assembly import supplied_to
from lossbench.train.settling import Setting, settle

EXAMPLES_AT_ONCE = 1024
"""Of outputs for each pixel fewer come at once anyway."""

_NOT_SUPPLIED = {
    "embeddings": "it reads embeddings, which are not predicted",
    "kernels": "it has a penalty on weights, which is no loss of examples",
    "head_losses": "it weighs heads by how its own training went",
}


class CrossLosses:
    """Sums the losses of an experiment while the test's outputs come by.

    Whatever goes wrong with a loss becomes the reason why it has no value.

    Args:
        setting: of the job; the losses stand in its `cross_losses`.
        network: the network.
    """

    def __init__(self, setting: Setting, network: keras.Model) -> None:
        self.setting = setting
        self.sums: dict[str, float] = {}
        self.examples: dict[str, int] = {}
        self.reasons: dict[str, str] = {}
        self.bound: dict[str, tuple[Compute, NDArray[Any]]] = {}
        for record in setting.job.get("cross_losses", ()):
            name = record["display"]
            self.sums[name], self.examples[name] = 0.0, 0
            self._try(name, self._bind, record, network)

    def look(self, at: NDArray[np.int32], outputs: NDArray[Any]) -> None:
        """Add the losses of some examples.

        Args:
            at: their indices among the resident ones, [n].
            outputs: what the network gives for them, before anything is read from it, [n, ...].
        """
        for start in range(0, len(at), EXAMPLES_AT_ONCE):
            some = slice(start, start + EXAMPLES_AT_ONCE)
            for name in list(self.bound):
                self._try(name, self._add, name, at[some], outputs[some])

    def rows(self) -> list[dict[str, Any]]:
        """Return for each loss its mean per example, or None and the reason why there is none."""
        return [self._row(name) for name in self.sums]

    def _row(self, name: str) -> dict[str, Any]:
        value = self.sums[name] / max(self.examples[name], 1)
        reason = self.reasons.get(name)
        if reason is None and not math.isfinite(value):
            reason = f"the mean is {value}"
        if reason is not None:
            return {"loss": name, "value": None, "reason": reason}
        return {"loss": name, "value": value}

    def _try(self, name: str, do: Callable[..., None], *arguments: Any) -> None:
        try:
            do(*arguments)
        except Exception as error:  # an extra that must not cost a training
            self.bound.pop(name, None)
            self.reasons[name] = " ".join(f"{type(error).__name__}: {error}".split())[:300]

    def _bind(self, record: Mapping[str, Any], network: keras.Model) -> None:
        mine = self.setting
        loss = {"name": record["name"], "params": record["params"]}
        other = settle({**mine.job, "loss": loss}, mine.data.budget_mib)
        reason = _why_not(mine, other)
        if reason is not None:
            self.reasons[record["display"]] = reason
            return
        key = json.dumps([loss, mine.job["train"]], sort_keys=True)
        if key not in mine.data.losses:
            mine.data.losses[key] = _compiled(_bound(other, network))
        targets = mine.data.resident.targets
        scaled = targets if other.scaling is None else other.scaling.apply(targets)
        self.bound[record["display"]] = mine.data.losses[key], scaled

    def _add(self, name: str, at: NDArray[np.int32], outputs: NDArray[Any]) -> None:
        compute, targets = self.bound[name]
        size = EXAMPLES_AT_ONCE if backends.compiles() and self.examples[name] else len(at)
        filled = np.resize(np.arange(len(at)), size)  # another shape would be compiled anew
        values = compute(
            ops.convert_to_tensor(targets[at[filled]]),
            ops.convert_to_tensor(outputs[filled], "float32"),
        )
        if len(values.shape) == 0:
            raise ValueError("it gives one value for a whole batch")
        found = ops.convert_to_numpy(values)[: len(at)]
        self.sums[name] += float(found.sum(dtype=np.float64))
        self.examples[name] += len(at)


def _bound(setting: Setting, network: keras.Model) -> Compute:
    """Return the loss of a setting as a function of targets and outputs, [n]."""
    supplied = supplied_to(setting, network)
    if "epoch" in setting.loss.needs:
        last = float(setting.job["train"]["epochs"]) - 1.0
        supplied["epoch"] = ops.convert_to_tensor(last, "float32")
    masks = setting.splits.task == "segmentation"
    compute = make_loss(setting.job["loss"], supplied, masks)
    return lambda targets, outputs: per_example(compute, targets, outputs)


def _compiled(compute: Compute) -> Compute:
    """Return a function as a backend that compiles runs it: one program, not each operation."""
    if not backends.compiles():
        return compute
    import jax

    compiled: Compute = jax.jit(compute)
    return compiled


def _why_not(mine: Setting, other: Setting) -> str | None:
    """Return why the outputs of a network mean nothing to another loss, or None where they do."""
    if mine.splits.task == "retrieval":
        return "embeddings, and no outputs, are what is predicted"
    if _form(mine) != _form(other):
        return f"it needs other outputs: {_told(other)} instead of {_told(mine)}"
    if other.loss.weights:
        return "it has weights of its own, which were not trained with this network"
    if other.loss.batchwise:
        return "it gives one value for a whole batch"
    return next((text for need, text in _NOT_SUPPLIED.items() if need in other.loss.needs), None)


def _form(setting: Setting) -> list[tuple[Any, ...]]:
    """Return what the outputs of each head are; of regression also what they mean."""
    each = [(one.loss, one.outputs) for one in setting.heads.values()]
    return [
        (of.head, outputs, *((of.decode, of.scaled) if of.head == "targets" else ()))
        for of, outputs in each or [(setting.loss, setting.outputs)]
    ]


def _told(setting: Setting) -> str:
    forms = (
        f"{form[0]} ({form[1]}{'' if len(form) == 2 else ', read as ' + form[2]})"
        for form in _form(setting)
    )
    return ", ".join(forms)

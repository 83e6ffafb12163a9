"""A loss, whatever it is made of, to a function of labels and outputs alone."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from keras import ops

from lossbench.catalog import LOSSES
from lossbench.catalog.types import nested
from lossbench.config.entries import CUSTOM, KERAS
from lossbench.config.functions import supplied_to
from lossbench.errors import LossError
from lossbench.losses import custom, function
from lossbench.losses.pixels import of_masks, of_pixels
from lossbench.losses.weighting import each_head
from lossbench.records import HEADS, Path, Record, own_weights
from lossbench.requirements import requirements

Compute = Callable[[Any, Any], Any]
"""A function of (labels, outputs)."""


def make_loss(loss: Record, supplied: Mapping[str, Any], masks: bool = False) -> Compute:
    """Return a loss as a function of (labels, outputs), with everything else bound.

    Args:
        loss: `{"name": ..., "params": ...}` with all parameters, losses inside it likewise.
        supplied: what `requirements(loss)` asks for: needs by keyword, own weights by name. What
            is another thing for each head stands under `of_heads`: needs by keyword, by head.

        masks: whether labels are masks, [batch, height, width], and outputs those of each pixel.

    Raises:
        LossError: a loss of the user's own cannot be loaded, or something is not supplied.
    """
    return _Binder(loss, supplied, masks).bind_whole((), loss)


def make_heads(loss: Record, supplied: Mapping[str, Any]) -> Compute:
    """Return what tells the loss of each head apart, as a function of (labels, outputs).

    Args:
        loss: a loss of several heads.
        supplied: as for `make_loss`; `head_losses` and weights of the weighting are not used.

    Returns:
        A function whose value is the mean loss of each head, [heads]: what `head_losses` records.

    Raises:
        LossError: a loss of the user's own cannot be loaded, or something is not supplied.
    """
    binder = _Binder(loss, supplied)
    inside = binder.heads((HEADS,), loss["params"][HEADS])

    columns = supplied.get("head_columns")

    def compute(labels: Any, outputs: Any) -> Any:
        values = each_head(labels, outputs, inside, columns)
        return ops.stack([ops.mean(value) for value in values])

    return compute


_OF_HEADS = frozenset({"head_losses", "head_columns"})


class _Binder:
    """Binds a loss and the losses inside it to what the runner supplies."""

    def __init__(self, loss: Record, supplied: Mapping[str, Any], masks: bool = False) -> None:
        self.loss = loss
        self.supplied = supplied
        self.masks = masks
        self.names = {(path, local): own.name for path, local, own in own_weights(loss)}

    def bind_whole(self, path: Path, loss: Record) -> Compute:
        """Return a loss that is no wrapper's base: of masks, where labels are masks."""
        found, row = self.bind(path, loss), LOSSES[loss["name"]]
        if not self.masks or row.role in ("combination", "term"):
            return found
        if not requirements(loss, "segmentation").masks:
            return of_pixels(lambda labels, outputs: per_example(found, labels, outputs))
        if row.name == CUSTOM:
            return lambda labels, outputs: found(ops.cast(labels, "int32"), outputs)
        return of_masks(found)

    def bind(self, path: Path, loss: Record) -> Compute:
        """Return the loss that stands at a path as a function of (labels, outputs)."""
        row = LOSSES[loss["name"]]
        if row.name == CUSTOM:
            own = self._custom(path, loss["params"])
            return _one_value(own) if path else own
        if row.name == KERAS:
            compute: Compute = function(KERAS)(**loss["params"])
            return compute
        given = {key: self._value(path, key, value, loss) for key, value in loss["params"].items()}
        for weight in row.weights:
            name = self.names.get((path, weight.name))
            given[weight.name] = None if name is None else self._of(name)
        given |= {need: self._of(need, path) for need in row.needs - _OF_HEADS}
        if row.name == HEADS:
            is_dwa = loss["params"]["weighting"] == "dwa"
            given["head_losses"] = self._of("head_losses") if is_dwa else None
            given["head_columns"] = self.supplied.get("head_columns")
        implementation = function(row.name)
        return lambda labels, outputs: implementation(labels, outputs, **given)

    def _value(self, path: Path, key: str, value: Any, loss: Record) -> Any:
        """Return a parameter's value as the loss's function takes it."""
        row = LOSSES[loss["name"]]
        kind = nested(row.params[key].type)
        if kind is None:
            return _tuples(value)
        if kind.form == "terms":
            return tuple(
                (self.bind_whole((*path, key, str(i)), term["loss"]), term["weight"])
                for i, term in enumerate(value)
            )
        if kind.form == "heads":
            return self.heads((*path, key), value)
        base = self.bind((*path, key), value)
        return _each_example(base, row.name) if row.role == "wrapper" else base

    def heads(self, path: Path, value: Sequence[Mapping[str, Any]]) -> dict[str, Compute]:
        """Return the bound loss of each head by name."""
        return {one["head"]: self.bind((*path, one["head"]), one["loss"]) for one in value}

    def _of(self, name: str, path: Path = ()) -> Any:
        """Return what is supplied under a name to the loss that stands at a path."""
        found = self.supplied
        if path[:1] == (HEADS,) and name in found.get("of_heads", {}).get(path[1], {}):
            found = found["of_heads"][path[1]]
        if name not in found:
            raise LossError(f"{self.loss['name']}: nothing supplies {name!r} to this loss.")
        return found[name]

    def _custom(self, path: Path, params: Mapping[str, Any]) -> Compute:
        target, arguments = params["target"], params["params"]
        supply = supplied_to(target, arguments)
        at_first = {name: self._of(name, path) for name in sorted(supply.make)}
        at_each = {name: self._of(name, path) for name in sorted(supply.call)}
        compute = custom.make_custom(target, arguments, at_first)

        def loss(labels: Any, outputs: Any) -> Any:
            try:
                return compute(labels, outputs, **at_each)
            except Exception as error:
                raise LossError(
                    f"{target}: the loss raised {type(error).__name__}: {error}. "
                    "See log.txt in the job's folder."
                ) from error

        return loss


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def _one_value(loss: Compute) -> Compute:
    """Return a loss whose value has no second axis, so that others can be added to it."""
    return lambda labels, outputs: per_example(loss, labels, outputs)


def _each_example(base: Compute, wrapper: str) -> Compute:
    """Return a loss that a wrapper weighs, held to one value per example."""

    def compute(labels: Any, outputs: Any) -> Any:
        values = per_example(base, labels, outputs)
        if len(values.shape) == 0:
            raise LossError(
                f"{wrapper}: its base gives one number for the whole batch; one value per example "
                "is needed. Do not reduce over the batch."
            )
        return values

    return compute


def per_example(loss: Compute, targets: Any, outputs: Any) -> Any:
    """Return a loss's values, [batch], or one number for a loss of the whole batch.

    Of outputs for each pixel values may be given for each pixel as well; an image's are averaged.

    Raises:
        LossError: the loss returned a shape that cannot be one value per example.
    """
    values = ops.convert_to_tensor(loss(targets, outputs))
    rank = len(values.shape)
    batch, got = outputs.shape[0], values.shape[0] if rank else None
    if rank > max(2, len(outputs.shape) - 1) or (rank and got != batch):
        raise LossError(
            f"the loss returned shape {tuple(values.shape)} for outputs of shape "
            f"{tuple(outputs.shape)}; [batch], [batch, d] or one number is needed. "
            "Reduce over all axes but the first."
        )
    return ops.mean(values, axis=tuple(range(1, rank))) if rank > 1 else values

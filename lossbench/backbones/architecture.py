"""What the network in a `.keras` file reads, and which of its layers gives the features."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.backbones.archive import read_config
from lossbench.backbones.custom_code import check_no_code
from lossbench.backbones.layers import NETWORKS, Layer, Shape, ends, layers_of
from lossbench.config.wording import nearest
from lossbench.errors import DataError

_SHOWN = 5
OUR_HEAD = "head"
"""The head of every network that lossbench saves."""
OUR_UNIT_FEATURES = "head_unit"
"""What stands before it where the head was one of cosines."""


@dataclass(frozen=True)
class Architecture:
    """What of a network is used.

    Attributes:
        reads: height, width and channels of its images; height and width None where any will do.
        features: the layer whose output are the features; None is the whole network.
        left_out: of a head that is left out, its name and number of outputs; else None.
    """

    reads: tuple[int | None, int | None, int]
    features: str | None = None
    left_out: tuple[str, int] | None = None


def of_file(path: Path, where: str, cut: str | None = None) -> Architecture:
    """Say what of the network in a `.keras` file is used; nothing in the file is run.

    A network that ends in a map or a vector of features is used whole. One that ends in a linear
    layer has a head, which is left out. One that ends in a softmax or a sigmoid is refused, unless
    `cut` says which layer gives the features.

    Args:
        path: the file.
        where: what messages begin with.
        cut: the layer whose output are the features, or None.

    Raises:
        DataError: the file is damaged, holds code, or its network cannot be a backbone.
    """
    return _used(_checked(path, where), where, cut)


def of_own_model(path: Path, where: str) -> Architecture:
    """Say what is used of a model that lossbench saved: all that its head reads.

    Raises:
        DataError: the file is damaged, holds code, or is no such model.
    """
    config = _checked(path, where)
    layers = _layers(config, where)
    head = layers.get(OUR_UNIT_FEATURES) or layers.get(OUR_HEAD)
    if head is None:
        raise DataError(
            f"{where}: has no layer {OUR_HEAD!r}; a model that `execution: {{save_model: best}}` "
            f"kept is accepted. Name another file as {{name: keras_file, path: ...}}."
        )
    return _used(config, where, head.reads[0][0])


def _checked(path: Path, where: str) -> dict[str, Any]:
    try:
        config = read_config(path, where)
        check_no_code(config, where)
    except RecursionError as error:
        raise _no_network(where) from error
    return config


def _no_network(where: str) -> DataError:
    return DataError(
        f"{where}: describes no functional or sequential network of Keras 3; such a one, that has "
        f"been built, is accepted. Save it again with model.save('x.keras')."
    )


def _layers(config: Mapping[str, Any], where: str) -> dict[str, Layer]:
    if config.get("class_name") not in NETWORKS:
        raise _no_network(where)
    try:
        layers = layers_of(config["config"])
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise _no_network(where) from error
    if not layers:
        raise _no_network(where)
    return layers


def _used(config: Mapping[str, Any], where: str, cut: str | None) -> Architecture:
    layers = _layers(config, where)
    network = config["config"]
    found = {key: ends(network, layers, key) for key in ("input_layers", "output_layers")}
    for key, what in (("input_layers", "inputs"), ("output_layers", "outputs")):
        if len(found[key]) != 1 or found[key][0] not in layers:
            raise DataError(
                f"{where}: has {len(found[key])} {what}; one is accepted. Save a model with one."
            )
    reads = _image_shape(layers[found["input_layers"][0]], network, where)
    if cut is not None:
        _check_rank(_rank(_cut_layer(cut, layers, where), layers), where)
        return Architecture(reads, cut)
    last = layers[found["output_layers"][0]]
    head = _before(last, layers)
    if last.squashing or head.squashing:
        raise _squashed(last if last.squashing else head, layers, where)
    if last.kind in NETWORKS:
        _check_inner(last, layers, where)
    if head.is_linear and head.reads:
        _check_rank(_rank(layers[head.reads[0][0]], layers), where)
        return Architecture(reads, head.reads[0][0], (head.name, int(head.config["units"])))
    _check_rank(_rank(last, layers), where)
    return Architecture(reads)


def _before(layer: Layer, layers: Mapping[str, Layer]) -> Layer:
    """Return the last layer that does more than scale what it reads or pass it on."""
    while layer.changes_nothing and len(layer.reads) == 1:
        layer = layers[layer.reads[0][0]]
    return layer


def _image_shape(
    first: Layer, network: Mapping[str, Any], where: str
) -> tuple[int | None, int | None, int]:
    raw = first.config.get("batch_shape") or network.get("build_input_shape")
    if not isinstance(raw, list) or len(raw) != 4 or not isinstance(raw[3], int):
        shown = "no shape that is known" if raw is None else f"{raw[1:]} for each example"
        raise DataError(
            f"{where}: its input has {shown}; images [height, width, channels] with a known number "
            f"of channels are accepted. Save a model that reads images."
        )
    return raw[1], raw[2], raw[3]


def _cut_layer(cut: str, layers: Mapping[str, Layer], where: str) -> Layer:
    if cut not in layers:
        close = nearest(cut, layers)
        names = list(layers)
        listed = ", ".join(map(repr, names[-_SHOWN:]))
        hint = f" Did you mean {close!r}?" if close else " Choose one of these."
        raise DataError(
            f"{where}: cut: there is no layer {cut!r}; one of its {len(names)} layers is accepted, "
            f"the last of which are {listed}.{hint}"
        )
    if layers[cut].uses > 1:
        raise DataError(
            f"{where}: cut: layer {cut!r} is used {layers[cut].uses} times; one that is used once "
            f"is accepted. Cut at a layer that reads it."
        )
    return layers[cut]


def _squashed(last: Layer, layers: Mapping[str, Layer], where: str) -> DataError:
    """Return the error for a network that ends in probabilities, with where it could be cut."""
    layer = last
    while layer.kind not in ("Dense", "Conv2D") and len(layer.reads) == 1:
        layer = layers[layer.reads[0][0]]
    offer = f"cut: {layer.reads[0][0]}" if layer.reads else "cut: <the layer of the features>"
    return DataError(
        f"{where}: ends in a {last.squashing} (layer {last.name!r}), and losses here take raw "
        f"outputs; features, or a linear last layer, are accepted. Add {offer} to use what its "
        f"last linear layer reads; output_activation: softmax feeds probabilities to the losses "
        f"on purpose, for teaching."
    )


def _check_inner(last: Layer, layers: Mapping[str, Layer], where: str) -> None:
    """Refuse a network whose last layer is a network with a head, which cannot be cut off."""
    inner = layers_of(last.config)
    end = inner[ends(last.config, inner, "output_layers")[0]]
    head = _before(end, inner)
    what = end.squashing or head.squashing or ("linear layer" if head.is_linear else None)
    if what is not None:
        offer = f"Add cut: {last.reads[0][0]}" if last.reads else "Save that model by itself"
        raise DataError(
            f"{where}: ends in a {what} inside the model {last.name!r}; features, or a head that "
            f"is a layer of its own, are accepted. {offer}."
        )


def _rank(layer: Layer, layers: Mapping[str, Layer]) -> int | None:
    """Return the number of axes of a layer's output, as far as the file says."""
    shapes: list[Shape | None] = [
        shape for other in layers.values() for name, shape in other.reads if name == layer.name
    ]
    known = next((shape for shape in shapes if shape is not None), None)
    return layer.rank if known is None else len(known)


def _check_rank(rank: int | None, where: str) -> None:
    if rank not in (None, 2, 4):
        raise DataError(
            f"{where}: its features have {rank} axes; maps [batch, height, width, channels] and "
            f"vectors [batch, size] are accepted. Add cut: with the name of a layer that gives one."
        )

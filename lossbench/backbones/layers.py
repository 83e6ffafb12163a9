"""The layers of a network as its `config.json` lists them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Shape = tuple[int | None, ...]

NETWORKS = ("Functional", "Sequential", "Model")
"""Classes of layers that are networks themselves."""

_SQUASHING = {
    "softmax": "softmax",
    "sigmoid": "sigmoid",
    "logsoftmax": "log_softmax",
    "log_softmax": "log_softmax",
}
_SAME_SHAPE = frozenset(
    "Activation Add AlphaDropout BatchNormalization Concatenate Dense Dropout ELU GaussianDropout "
    "GaussianNoise GroupNormalization Identity LayerNormalization LeakyReLU Maximum Multiply PReLU "
    "ReLU Rescaling Softmax SpatialDropout2D Subtract UnitNormalization".split()
)
_MAPS = frozenset(
    "AveragePooling2D Conv2D Conv2DTranspose Cropping2D DepthwiseConv2D MaxPooling2D Resizing "
    "SeparableConv2D UpSampling2D ZeroPadding2D".split()
)
_VECTORS = frozenset(("Flatten", "GlobalAveragePooling2D", "GlobalMaxPooling2D"))


@dataclass(frozen=True)
class Layer:
    """A layer of a network.

    Attributes:
        name: its name.
        kind: its class.
        config: its parameters.
        reads: the layers whose outputs it reads, and their shapes where they are known.
        uses: how often it is called; the output of one that is called twice is two things.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    reads: tuple[tuple[str, Shape | None], ...]
    uses: int

    @property
    def squashing(self) -> str | None:
        """The name of what makes probabilities of its outputs, or None where nothing does."""
        activation = self.config.get("activation")
        named = activation if isinstance(activation, str) else ""
        return _SQUASHING.get(named) or _SQUASHING.get(self.kind.lower())

    @property
    def is_linear(self) -> bool:
        """Whether it is a layer of all inputs whose outputs are not changed any more."""
        return self.kind == "Dense" and self.config.get("activation") in (None, "linear")

    @property
    def changes_nothing(self) -> bool:
        """Whether what it gives says the same as what it reads: a head may stand before it."""
        linear = self.kind == "Activation" and self.config.get("activation") == "linear"
        return linear or self.kind in ("Dropout", "Identity", "Rescaling")

    @property
    def rank(self) -> int | None:
        """The number of axes of its output, the batch's included; None where that is not known."""
        if self.kind in _MAPS:
            return 4
        if self.kind in _VECTORS:
            return 4 if self.config.get("keepdims") else 2
        shape = self.reads[0][1] if self.reads else None
        return len(shape) if self.kind in _SAME_SHAPE and shape is not None else None


def layers_of(network: Mapping[str, Any]) -> dict[str, Layer]:
    """Return the layers of a functional or sequential network by name, in its order.

    Args:
        network: the `config` of the network.

    Raises:
        KeyError, TypeError, ValueError: this describes no such network.
    """
    if "input_layers" not in network:
        return {layer.name: layer for layer in _chain(network["layers"])}
    found = {}
    for raw in network["layers"]:
        nodes = raw["inbound_nodes"]
        reads = tuple(_tensors(nodes[0])) if nodes else ()
        name = str(raw["name"])
        found[name] = Layer(name, str(raw["class_name"]), raw["config"], reads, max(1, len(nodes)))
    return found


def _chain(layers: list[Any]) -> Iterator[Layer]:
    """Yield the layers of a sequential network, each of which reads the one before."""
    before: str | None = None
    for raw in layers:
        built = (raw.get("build_config") or {}).get("input_shape")
        shape = tuple(built) if isinstance(built, list) else None
        name = str(raw["config"]["name"])
        reads = () if before is None else ((before, shape),)
        yield Layer(name, str(raw["class_name"]), raw["config"], reads, 1)
        before = name


def _tensors(node: Any) -> Iterator[tuple[str, Shape | None]]:
    """Yield the layers, with the shapes of what they give, that a call of a layer reads."""
    if isinstance(node, list):
        for one in node:
            yield from _tensors(one)
    elif isinstance(node, dict):
        if node.get("class_name") == "__keras_tensor__":
            yield node["config"]["keras_history"][0], tuple(node["config"]["shape"])
        else:
            for one in node.values():
                yield from _tensors(one)


def ends(network: Mapping[str, Any], layers: Mapping[str, Layer], key: str) -> tuple[str, ...]:
    """Return the names of the first or last layers.

    Args:
        network: the `config` of the network.
        layers: its layers.
        key: `input_layers` or `output_layers`.
    """
    if key in network:
        return tuple(_names(network[key]))
    names = list(layers)
    return (names[0] if key == "input_layers" else names[-1],)


def _names(tensors: Any) -> Iterator[str]:
    """Yield the layers of `["a", 0, 0]`, of a list of such triples or of a mapping to them."""
    if isinstance(tensors, dict):
        tensors = list(tensors.values())
    if tensors and isinstance(tensors[0], str):
        yield tensors[0]
    else:
        for one in tensors:
            yield from _names(one)

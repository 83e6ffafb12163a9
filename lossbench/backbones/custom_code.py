"""Whether the description of a network asks for code that is not Keras's own."""

from collections.abc import Iterator
from typing import Any

from lossbench.errors import DataError

_FOREIGN = {
    "Lambda": "a Lambda, a function that is kept as code",
    "TFSMLayer": "a TFSMLayer, a program of TensorFlow in another file",
    "TorchModuleWrapper": "a TorchModuleWrapper, a pickled module of PyTorch",
    "JaxLayer": "a JaxLayer, a function of JAX",
    "FlaxLayer": "a FlaxLayer, a module of Flax",
}
_OWN = "lossbench>"
"""Objects that lossbench registers; they are code of this package and not of the file."""


def check_no_code(config: dict[str, Any], where: str) -> None:
    """Refuse a network with a layer, or anything inside one, that is not Keras's own.

    Args:
        config: the content of a `config.json`; how the model was compiled is not looked at, since
            it is not used.
        where: what messages begin with.

    Raises:
        DataError: there is such a layer.
    """
    found = next(_foreign(config, None), None)
    if found is not None:
        layer, what = found
        raise DataError(
            f"{where}: {f'layer {layer!r}' if layer else 'the model'} is or holds {what}; layers "
            f"and functions of Keras's own alone are accepted, since no code is run from a file. "
            f"Save the model without it, or cut off before it."
        )


def _foreign(node: Any, layer: str | None) -> Iterator[tuple[str | None, str]]:
    """Yield what is foreign, with the name of the innermost layer that it is in."""
    if isinstance(node, list):
        for one in node:
            yield from _foreign(one, layer)
        return
    if not isinstance(node, dict):
        return
    name = node.get("class_name")
    if isinstance(name, str):
        inside = node.get("config")
        named = node.get("name") or (inside.get("name") if isinstance(inside, dict) else None)
        layer = layer if named is None else str(named)
        what = _fault(name, node.get("module"), node.get("registered_name"), inside)
        if what is not None:
            yield layer, what
    for key, value in node.items():
        if key != "compile_config":
            yield from _foreign(value, layer)


def _fault(name: str, module: Any, registered: Any, config: Any) -> str | None:
    """Return what is foreign in a serialized object, or None."""
    if name == "__lambda__":
        return _FOREIGN["Lambda"]
    if name.startswith("__"):
        return None  # tensors, slices and the like: data
    if name in _FOREIGN:
        return _FOREIGN[name]
    if isinstance(registered, str) and ">" in registered:
        return None if registered.startswith(_OWN) else f"custom code ({registered})"
    if isinstance(module, str) and (module == "keras" or module.startswith("keras.")):
        return None
    shown = config if name == "function" and isinstance(config, str) else name
    return f"custom code ({f'{module}.' if module else ''}{shown})"

"""Static checks of a function of the user's own: its source is parsed and never executed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.config.sources import (
    Found,
    Signature,
    Unparsable,
    definitions,
    find,
    module_file,
    split_target,
)
from lossbench.config.wording import KeyPath, did_you_mean, shown

SUPPLIED = frozenset({"class_counts", "epoch", "epochs", "embeddings", "target_range", "kernels"})
"""Keywords without a default that the runner fills in."""
SUPPLIED_AT_CONSTRUCTION = frozenset({"class_counts", "epochs", "target_range"})
"""Those that are known when an object is made; the others change from batch to batch."""

ACCEPTED = "'file.py:name', the file relative to this one, or 'package.module:name'"


@dataclass(frozen=True)
class Supply:
    """What the runner has to supply to a custom loss, by keyword.

    Attributes:
        make: when an object of a class is made; nothing for a function.
        call: when the function, or the object, is called.
    """

    make: frozenset[str] = frozenset()
    call: frozenset[str] = frozenset()


def supplied_to(target: str, params: Mapping[str, Any]) -> Supply:
    """Return what the runner supplies to a custom loss that gets `params` from the file."""
    parts = split_target(target)
    try:
        found = find(*parts) if parts else None
    except (Unparsable, OSError, ValueError):
        found = None
    if found is None:
        return Supply()
    if not found.is_class:
        return Supply(call=_wanted(found.call, SUPPLIED, params))
    return Supply(
        make=_wanted(found.make, SUPPLIED_AT_CONSTRUCTION, params),
        call=_wanted(found.call, SUPPLIED, {}),
    )


def _wanted(
    signature: Signature | None, supplied: frozenset[str], params: Mapping[str, Any]
) -> frozenset[str]:
    return frozenset() if signature is None else (signature.required & supplied) - params.keys()


def check_function(
    target: str, params: Mapping[str, Any], written: str
) -> list[tuple[KeyPath, str]]:
    """Return what is wrong with a custom loss, as key paths inside its entry with texts.

    Args:
        target: `FILE.py:NAME`, the file as an absolute path, or `PACKAGE.MODULE:NAME`.
        params: what the experiment file gives as the function's arguments.
        written: the target as the experiment file has it, for messages.
    """
    found = _find(target, written)
    if not isinstance(found, Found):
        return found
    _, _, name = target.rpartition(":")
    return _check_class(name, found, params) if found.is_class else _check_call(name, found, params)


def check_data_function(
    target: str, params: Mapping[str, Any], written: str
) -> list[tuple[KeyPath, str]]:
    """Return what is wrong with a function that makes a data set, as `check_function` does."""
    found = _find(target, written)
    if not isinstance(found, Found):
        return found
    _, _, name = target.rpartition(":")
    return [] if found.make is None else _check_keywords(name, found.make, params, frozenset())


def check_model_function(
    target: str, params: Mapping[str, Any], written: str
) -> list[tuple[KeyPath, str]]:
    """Return what is wrong with a function that builds a network, as `check_function` does."""
    found = _find(target, written)
    if not isinstance(found, Found):
        return found
    _, _, name = target.rpartition(":")
    if found.is_class:
        text = (
            f"{name} is a class; accepted is a function that is called as "
            f"{name}(image_shape, outputs) and returns a keras.Model"
        )
        return [(("target",), text)]
    return _check_call(name, found, params, frozenset(), "image_shape, outputs")


def _find(target: str, written: str) -> Found | list[tuple[KeyPath, str]]:
    """Return what a target names, or what is wrong with it."""
    parts = split_target(target)
    if parts is None:
        return [(("target",), f"{shown(written)} is not allowed; {ACCEPTED}")]
    place, name = parts
    try:
        found = find(place, name)
    except Unparsable as error:
        return [(("target",), f"{written.rpartition(':')[0]!r} is not valid Python: {error}")]
    except (OSError, ValueError):
        return [(("target",), _missing(written.rpartition(":")[0], place))]
    return found or [(("target",), _no_such_name(place, name))]


def _no_such_name(place: str, name: str) -> str:
    file = place if place.endswith(".py") else module_file(place)
    names = [n for n, one in definitions(file).items() if one.callable] if file else []
    shown_as = Path(place).name
    listed = ", ".join(sorted(names)) or "none"
    text = f"no function or class {name!r} at the top level of {shown_as}; it has {listed}"
    hint = did_you_mean(name, names)
    return f"{text}.{hint}" if hint else text


def _check_call(
    name: str,
    found: Found,
    params: Mapping[str, Any],
    supplied: frozenset[str] = SUPPLIED,
    given: str = "labels, outputs",
) -> list[tuple[KeyPath, str]]:
    if found.call is None:
        return []
    return [
        *_check_leading(name, found.call, given),
        *(_check_keywords(name, found.call, params, supplied) if found.call.leading == 2 else []),
    ]


def _check_class(name: str, found: Found, params: Mapping[str, Any]) -> list[tuple[KeyPath, str]]:
    if not found.callable:
        text = f"class {name} has no __call__; its objects are called with (labels, outputs)"
        return [(("target",), text)]
    problems = []
    if found.call is not None:
        problems += _check_leading(f"{name}.__call__", found.call)
        problems += [
            (("target",), f"{name}.__call__ needs {key!r}; only (labels, outputs) are given")
            for key in found.call.keywords
            if key in found.call.required - SUPPLIED
        ]
    if found.make is not None:
        problems += _check_keywords(name, found.make, params, SUPPLIED_AT_CONSTRUCTION)
    return problems


def _check_leading(
    name: str, signature: Signature, given: str = "labels, outputs"
) -> list[tuple[KeyPath, str]]:
    if signature.leading == 2:
        return []
    called = name.removesuffix(".__call__")
    how = f"{called}({given})" if called == name else f"object({given})"
    return [(("target",), f"{name} has no two positional parameters; it is called as {how}")]


def _check_keywords(
    name: str, signature: Signature, params: Mapping[str, Any], supplied: frozenset[str]
) -> list[tuple[KeyPath, str]]:
    found: list[tuple[KeyPath, str]] = [
        (("target",), f"parameter {key!r} of {name} is positional only; it is given by keyword")
        for key in signature.unreachable
    ]
    after = " after the first two" if signature.leading else ""
    takes = ", ".join(signature.keywords) or f"none{after}"
    for key in params:
        if key in signature.taken or not (key in signature.keywords or signature.open):
            text = f"{name} takes no {key!r} from the file; it takes {takes}"
            hint = did_you_mean(key, signature.keywords)
            found.append((("params", key), f"{text}.{hint}" if hint else text))
    for key in signature.keywords:
        if key in signature.required and key not in params and key not in supplied:
            text = f"{name} needs {key!r}, which has no default; give it beside the others"
            found.append((("params",), text))
    return found


def _missing(written: str, place: str) -> str:
    if not place.endswith(".py"):
        return f"no module {written!r} is installed; {ACCEPTED}"
    path = Path(place)
    try:
        options = sorted(p.name for p in path.parent.iterdir() if p.suffix == ".py")
    except OSError:
        return f"no such file {written!r}; the path is relative to the experiment file"
    hint = did_you_mean(path.name, options)
    text = f"no such file {written!r} beside the experiment file"
    return f"{text}.{hint}" if hint else f"{text}; the path is relative to it"

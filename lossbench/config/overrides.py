"""`--set key=value` on top of what an experiment file says."""

from collections.abc import Sequence
from typing import Any

from lossbench.config.experiment import DEFAULT_OPTIMIZER, TABLES
from lossbench.config.wording import KeyPath, is_index, key_text, shown
from lossbench.config.yamlfile import Document, parse
from lossbench.errors import ConfigError, Problem

_FORM = "write key=value, as in train.epochs=5"


class _Refused(Exception):
    """An override that cannot be applied; the message says why."""


def apply(document: Document, overrides: Sequence[str]) -> None:
    """Apply overrides to the data of a document, in order; bad ones become problems.

    Args:
        document: an experiment file whose data is a mapping; changed in place.
        overrides: `key=value`, the key a dotted path such as `losses.0.gamma`.
    """
    for override in overrides:
        key, equals, text = override.partition("=")
        key = key.strip()
        try:
            if not equals:
                raise _Refused(f"no '='; {_FORM}")
            if not key or not all(key.split(".")):
                raise _Refused(f"no key before '='; {_FORM}")
            _assign(document, key, _value(text))
        except _Refused as refused:
            document.problems.add_elsewhere(Problem(f"--set {key or override}", str(refused)))


def _value(text: str) -> Any:
    try:
        document = parse(text, "")
    except ConfigError as error:
        raise _Refused(error.problems[0].text) from None
    if len(document.problems):
        raise _Refused(document.problems.ordered()[0].text)
    return document.data


def _assign(document: Document, key: str, value: Any) -> None:
    """Walk from the top to the parent of the last segment, then put `value` there."""
    segments = key.split(".")
    parent: Any = document.data
    if segments[0] == "optimizer" and len(segments) > 1 and parent.get("optimizer") is None:
        parent["optimizer"] = DEFAULT_OPTIMIZER
        document.positions.overridden(("optimizer",), key)
    path: KeyPath = ()
    step: Any
    for segment in segments[:-1]:
        step = _step(parent, segment, path)
        path = (*path, step)
        child = parent[step] if isinstance(parent, list) else parent.get(step)
        if child is None:
            child = parent[step] = {}
            document.positions.overridden(path, key)
        elif isinstance(child, str) and _is_entry(path):
            child = parent[step] = {"name": child}
        parent = child
    step = _step(parent, segments[-1], path)
    parent[step] = value
    document.positions.overridden((*path, step), key)


def _is_entry(path: KeyPath) -> bool:
    return path[0] in TABLES and (len(path) == 1 or (len(path) == 2 and isinstance(path[1], int)))


def _step(parent: Any, segment: str, path: KeyPath) -> str | int:
    """Return `segment` as a key or an index of `parent`."""
    where = key_text(path)
    number = is_index(segment)
    if isinstance(parent, list):
        if number and int(segment) < len(parent):
            return int(segment)
        accepted = f"a number from 0 to {len(parent) - 1}" if parent else "it is an empty list"
        raise _Refused(f"{where} has no item {segment!r}; {accepted}")
    if not isinstance(parent, dict):
        raise _Refused(f"{where} is {shown(parent)}, which has no {segment!r}; set {where} itself")
    if number and path and _is_entry(path):
        raise _Refused(f"{where} is one entry and not a list; leave out {segment!r}")
    return segment

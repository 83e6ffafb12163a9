"""A loss, data set, model or optimizer as an experiment names it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lossbench.catalog import Parameter, Table
from lossbench.config.functions import split_target
from lossbench.config.wording import brief

CUSTOM = "custom"
"""The row of LOSSES that stands for a function of the user's own."""


@dataclass(frozen=True)
class Entry:
    """One loss, data set, model or optimizer with all its parameters.

    Attributes:
        name: the canonical name.
        params: every parameter of its row; plain values, tuples where the type is a tuple, paths
            absolute. Not to be changed.
        label: shown instead of the name, or None.
        where: `file:line:column: losses[1]`, for messages.
    """

    name: str
    params: Mapping[str, Any]
    label: str | None = None
    where: str = field(default="", compare=False)

    def __hash__(self) -> int:
        return hash((self.name, self.label))

    def changed(self, table: Table[Any]) -> dict[str, Any]:
        """Return the parameters whose value is not the default."""
        row = table[self.name]
        return {
            key: value
            for key, value in self.params.items()
            if row.params[key].required or value != row.params[key].default
        }

    def display(self, table: Table[Any]) -> str:
        """Return the label, else the name with what differs from the defaults: `focal[gamma=1]`.

        A custom loss shows its function's name and the function's arguments.
        """
        if self.label is not None:
            return self.label
        changed = self.changed(table)
        if self.name != CUSTOM:
            known = table[self.name].params
            return bracketed(self.name, {k: value_text(v, known[k]) for k, v in changed.items()})
        parts = split_target(changed.pop("target"))
        values = changed.get("params", {})
        name = parts[1] if parts else self.name
        return bracketed(name, {key: value_text(value, None) for key, value in values.items()})


def value_text(value: Any, parameter: Parameter | None) -> str:
    """Return a value as display names show it; of a path only the last component."""
    is_path = parameter is not None and parameter.path and isinstance(value, str)
    return brief(os.path.basename(value) if is_path else value)


def bracketed(name: str, texts: Mapping[str, str]) -> str:
    """Return `name[key=text,...]`, or the bare name where there is nothing to add."""
    inside = ",".join(f"{key}={text}" for key, text in texts.items())
    return f"{name}[{inside}]" if inside else name

"""A loss, data set, model or optimizer as an experiment names it."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lossbench.catalog import LOSSES, Parameter, Table
from lossbench.catalog.types import nested
from lossbench.config.sources import split_target
from lossbench.config.wording import brief

if TYPE_CHECKING:
    from lossbench.config.experiment import Range

CUSTOM = "custom"
"""The row of LOSSES, and that of MODELS, that stands for a function of the user's own."""
KERAS = "keras"
"""The row of LOSSES that stands for a loss object of Keras."""
FUNCTION = "function"
"""The row of DATASETS that stands for a function of the user's own."""
ARGUMENTS = {CUSTOM: "params", KERAS: "config", FUNCTION: "params"}
"""The parameter that holds the arguments of what such a row stands for."""

LONGEST_DISPLAY = 60
"""Characters of the display name of a loss that is made of losses."""


@dataclass(frozen=True)
class Entry:
    """One loss, data set, model or optimizer with all its parameters.

    Attributes:
        name: the canonical name.
        params: every parameter of its row; plain values, tuples where the type is a tuple, paths
            absolute. A parameter that is made of losses holds an entry, a tuple of terms, or
            entries by name. Not to be changed.
        label: shown instead of the name, or None.
        where: `file:line:column: losses[1]`, for messages.
        tune: parameters of a loss that are tuned, with the values to try or their range; those of
            a function's arguments as `params.gamma`. `params` has the value without tuning.
    """

    name: str
    params: Mapping[str, Any]
    label: str | None = None
    where: str = field(default="", compare=False)
    tune: "Mapping[str, tuple[Any, ...] | Range]" = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.name, self.label))

    def record(self) -> dict[str, Any]:
        """Return the entry as plain data: its name and all parameters, entries inside likewise."""
        return {
            "name": self.name,
            "params": {key: plain(value) for key, value in self.params.items()},
        }

    def changed(self, table: Table[Any]) -> dict[str, Any]:
        """Return the parameters whose value is not the default."""
        row = table[self.name]
        return {
            key: value
            for key, value in self.params.items()
            if row.params[key].required or value != with_entry(row.params[key].default, row, key)
        }

    def display(self, table: Table[Any]) -> str:
        """Return the label, else the name with what differs from the defaults: `focal[gamma=1]`.

        A custom loss shows its function's name and the function's arguments, as do a data set and
        a network that a function makes; a sum its terms: `sum[mse+0.5*mae]`. What is made of losses
        and too long ends in a hash of the whole.
        """
        if self.label is not None:
            return self.label
        changed = self.changed(table)
        if self.name in ARGUMENTS:
            return self._display_of_arguments(changed, table)
        known = table[self.name].params
        text = bracketed(self.name, {k: value_text(v, known[k]) for k, v in changed.items()}, known)
        return shortened(text) if any(inner(value) for value in self.params.values()) else text

    def _display_of_arguments(self, changed: dict[str, Any], table: Table[Any]) -> str:
        values = changed.get(ARGUMENTS[self.name], {})
        texts = {key: value_text(value, None) for key, value in values.items()}
        if self.name == KERAS:
            return bracketed(f"keras.{changed['class_name']}", texts)
        parts = split_target(changed["target"])
        if table.kind != "loss":
            known, own = table[self.name].params, ("target", ARGUMENTS[self.name])
            texts |= {k: value_text(v, known[k]) for k, v in changed.items() if k not in own}
        return bracketed(parts[1] if parts else self.name, texts)


@dataclass(frozen=True)
class Term:
    """A part of a sum of losses."""

    loss: Entry
    weight: float


def default_entry(name: str) -> Entry:
    """Return a loss with its defaults."""
    row = LOSSES[name]
    return Entry(name, {k: with_entry(p.default, row, k) for k, p in row.params.items()})


def with_entry(value: Any, row: Any, key: str) -> Any:
    """Return a parameter's value, as an entry where it is the bare name of a loss."""
    kind = nested(row.params[key].type)
    is_name = kind is not None and kind.form == "entry" and isinstance(value, str)
    return default_entry(value) if is_name else value


def inner(value: Any) -> tuple[Entry, ...]:
    """Return the losses that a parameter's value is made of; none for plain values."""
    if isinstance(value, Entry):
        return (value,)
    if isinstance(value, tuple):
        return tuple(item.loss for item in value if isinstance(item, Term))
    if isinstance(value, Mapping):
        return tuple(item for item in value.values() if isinstance(item, Entry))
    return ()


def walk(entry: Entry) -> Iterator[Entry]:
    """Yield an entry and all losses that it is made of, the outer before the inner."""
    yield entry
    for value in entry.params.values():
        for one in inner(value):
            yield from walk(one)


def plain(value: Any) -> Any:
    """Return an entry, or the value of a parameter, as plain data; labels are left out.

    Heads become a list, since their order means something and that of JSON's keys does not.
    """
    if isinstance(value, Entry):
        return value.record()
    if isinstance(value, Term):
        return {"loss": plain(value.loss), "weight": value.weight}
    if isinstance(value, Mapping) and inner(value):
        return [{"head": name, "loss": plain(loss)} for name, loss in value.items()]
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def value_text(value: Any, parameter: Parameter | None) -> str:
    """Return a value as display names show it: mappings shortened, of a path the last component."""
    if isinstance(value, Entry):
        return value.display(LOSSES)
    if inner(value):
        return _terms_text(value) if isinstance(value, tuple) else _heads_text(value)
    if parameter is not None and isinstance(value, Mapping):
        return shortened(brief(value))
    is_path = parameter is not None and parameter.path and isinstance(value, str)
    return brief(os.path.basename(value) if is_path else value)


def _terms_text(terms: tuple[Term, ...]) -> str:
    """Return `mse+0.5*mae-0.1*huber`."""
    texts = []
    for term in terms:
        sign = "-" if term.weight < 0 else "+"
        factor = "" if abs(term.weight) == 1 else f"{brief(abs(term.weight))}*"
        texts.append(f"{sign}{factor}{term.loss.display(LOSSES)}")
    return "".join(texts).removeprefix("+")


def _heads_text(heads: Mapping[str, Entry]) -> str:
    return ",".join(f"{name}={loss.display(LOSSES)}" for name, loss in heads.items())


def bracketed(
    name: str, texts: Mapping[str, str], params: Mapping[str, Parameter] | None = None
) -> str:
    """Return `name[key=text,...]`, or the bare name where there is nothing to add.

    Terms and heads say themselves what they are and stand without their parameter's name.
    """
    bare = {
        key
        for key in params or {}
        if (kind := nested((params or {})[key].type)) and kind.form != "entry"
    }
    inside = ",".join(text if key in bare else f"{key}={text}" for key, text in texts.items())
    return f"{name}[{inside}]" if inside else name


def shortened(text: str) -> str:
    """Return text of at most 60 characters that still differs wherever the whole text does."""
    if len(text) <= LONGEST_DISPLAY:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:6]
    return f"{text[: LONGEST_DISPLAY - len(digest) - 1]}~{digest}"

"""The entries of an experiment file: names resolved, grids expanded, parameters checked."""

import itertools
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lossbench.catalog import Ambiguous, Row, Table, UnknownName
from lossbench.catalog.damage import MEANT_FOR
from lossbench.catalog.losses.keras_classes import KERAS_CLASSES
from lossbench.catalog.types import nested
from lossbench.config.entries import (
    ARGUMENTS,
    CUSTOM,
    FUNCTION,
    KERAS,
    Entry,
    bracketed,
    value_text,
)
from lossbench.config.fields import check, described
from lossbench.config.functions import (
    check_data_function,
    check_function,
    check_model_function,
)
from lossbench.config.keras_objects import check_keras, without_defaults
from lossbench.config.nesting import Choice, Place, made_of_losses, may_stand
from lossbench.config.positions import Problems
from lossbench.config.sources import in_file
from lossbench.config.tuning import own_space, report_at_odds
from lossbench.config.wording import KeyPath, did_you_mean, key_text, shown

LISTS = {
    "loss": "losses",
    "data set": "datasets",
    "model": "models",
    "optimizer": "optimizers",
    "schedule": "schedules",
    "metric": "metrics",
    "augmentation": "augmentations",
}
"""What `lossbench list` calls the rows of each kind."""

MOST_EXPANSIONS = 1000
LONGEST_LABEL = 60
_FEW_NAMES = 8
MANY = 6  # parameters; of more, messages give the names alone

_CHECKS = {
    "loss": check_function,
    "data set": check_data_function,
    "model": check_model_function,
}
"""What looks at a function of the user's own, by the kind of table that it stands for a row of."""

_Axes = dict[tuple[str, ...], list[Choice]]
_Combination = dict[tuple[str, ...], Choice]


@dataclass(frozen=True)
class Parser:
    """Parses the entries of one table.

    Attributes:
        table: the table that names resolve in.
        problems: where mistakes are reported.
        folder: the folder of the experiment file, which relative paths start from.
    """

    table: Table[Any]
    problems: Problems
    folder: str

    def entries(self, raw: Any, path: KeyPath) -> tuple[Entry, ...]:
        """Return the valid entries of a list of entries, or of one entry."""
        if isinstance(raw, list):
            if not raw:
                self.problems.add(path, f"an empty list; {self._accepted()}, or a list of them")
            items = [((*path, i), item) for i, item in enumerate(raw)]
        else:
            items = [(path, raw)]
        return self._distinct(
            [(at, entry) for at, item in items for entry in self.entry(item, Place(at))]
        )

    def resolve(self, name: str, path: KeyPath) -> Any:
        """Return the row that `name` means, or None after reporting that there is none."""
        kind = self.table.kind
        try:
            return self.table.resolve(name)
        except Ambiguous as error:
            self.problems.add(path, f"{kind} {name!r} has several meanings; write {error.meanings}")
        except UnknownName as error:
            names = self.table.names
            accepted = f"it is one of {', '.join(sorted(names))}"
            if len(names) > _FEW_NAMES:
                accepted = f"`lossbench list {LISTS[kind]}` shows all"
            hint = f" Did you mean {error.nearest!r}?" if error.nearest else ""
            self.problems.add(
                path, f"no {kind} {shown(name)}; {accepted}{'.' + hint if hint else ''}"
            )
        return None

    def _accepted(self) -> str:
        article = "an" if self.table.kind[0] in "aeiou" else "a"
        return f"the name of {article} {self.table.kind}, or a mapping of name and parameters"

    def entry(self, raw: Any, place: Place) -> list[Entry]:
        """Return the valid entries that one entry of the file stands for."""
        before, path = len(self.problems), place.path
        row, given = self._named(raw, path)
        if row is None or not may_stand(self, row, raw, place):
            return []
        label = self._label(given, path)
        known, tuned = own_space(self, row, self._known(row, given, path), place)
        axes = self._axes(row, known, place)
        if self.problems.touches(since=before):
            # Values are still checked, so that all mistakes show at once.
            self._expand(row, axes, path, None)
            return []
        found = self._expand(row, axes, path, label)
        for one in found if tuned else ():
            report_at_odds(row, one.params, tuned, path, self.problems)
        return [replace(one, tune=tuned) for one in found] if tuned else found

    def _named(self, raw: Any, path: KeyPath) -> tuple[Row | None, dict[str, Any]]:
        """Return the row that an entry names and the other keys of the entry."""
        if isinstance(raw, str):
            return self.resolve(raw, path), {}
        if not isinstance(raw, dict):
            self.problems.add(path, f"{shown(raw)} is not allowed; {self._accepted()}")
            return None, {}
        if "name" not in raw:
            self.problems.add(path, f"no 'name' is given; {self._accepted()}{self._nested(raw)}")
            return None, {}
        name, at = raw["name"], (*path, "name")
        if not isinstance(name, str):
            self.problems.add(at, f"{shown(name)} is not allowed; {self._accepted()}")
            return None, {}
        return self.resolve(name, at), {key: raw[key] for key in raw if key != "name"}

    def _nested(self, raw: dict[str, Any]) -> str:
        """Return a hint for `focal: {gamma: 1}`, which means `{name: focal, gamma: 1}`."""
        key = next(iter(raw), "")
        try:
            name = self.table.resolve(key).name if len(raw) == 1 else None
        except (UnknownName, Ambiguous):
            name = None
        return f". Did you mean {{name: {name}, ...}}?" if name else ""

    def _label(self, given: dict[str, Any], path: KeyPath) -> str | None:
        """Take the label out of an entry's keys."""
        if "label" not in given:
            return None
        label = given.pop("label")
        if isinstance(label, str) and _is_label(label):
            return label
        accepted = f"printable text of 1 to {LONGEST_LABEL} characters"
        self.problems.add((*path, "label"), f"{shown(label)} is not allowed; {accepted}")
        return None

    def _known(self, row: Row, given: dict[str, Any], path: KeyPath) -> dict[str, Any]:
        """Return the parameters that the row has, after reporting others and missing ones."""
        kind = f"{self.table.kind} {row.name!r}"
        for key in given:
            if key not in row.params:
                hint = "" if key in MEANT_FOR else did_you_mean(key, [*row.params, "label"])
                meant = f", which is for {MEANT_FOR[key]}" if key in MEANT_FOR else ""
                text = f"{kind} has no parameter {key!r}{meant}; {_takes(row)}"
                text += f".{hint}" if hint else ""
                self.problems.add((*path, key), text, at_key=True)
        for key, parameter in row.params.items():
            if parameter.required and key not in given:
                self.problems.add(path, f"{kind} needs {key!r} ({parameter.accepts})")
        return {key: value for key, value in given.items() if key in row.params}

    def _axes(self, row: Row, given: dict[str, Any], place: Place) -> _Axes:
        """Return the values that each parameter takes; several where the file gives a grid."""
        axes: _Axes = {}
        for key, value in given.items():
            path, kind = (*place.path, key), nested(row.params[key].type)
            inner = value if key == ARGUMENTS.get(row.name) else None
            if kind is not None:
                axes[(key,)] = made_of_losses(self, value, path, kind, place)
            elif isinstance(inner, dict) and inner:
                for name, item in inner.items():
                    axes[key, name] = self.choices(item, (*path, name))
            else:
                axes[(key,)] = self.choices(value, path)
        return axes

    def few(self, options: Iterable[Sequence[Any]], path: KeyPath) -> bool:
        """Return whether there are not too many combinations, after reporting that there are."""
        count = math.prod(map(len, options))
        if count > MOST_EXPANSIONS:
            self.problems.add(path, f"grids make {count:,} entries; at most {MOST_EXPANSIONS:,}")
        return count <= MOST_EXPANSIONS

    def choices(self, value: Any, path: KeyPath) -> list[Choice]:
        """Return a value, or the values of a grid, and where each stands."""
        if not (isinstance(value, dict) and list(value) == ["grid"]):
            return [Choice(path, value)]
        at, items = (*path, "grid"), value["grid"]
        if not isinstance(items, list) or not items:
            self.problems.add(at, f"{shown(items)} is not allowed; a list of one or more values")
            return []
        choices: list[Choice] = []
        seen: dict[str, int] = {}
        for i, item in enumerate(items):
            if isinstance(item, dict) and list(item) == ["grid"]:
                self.problems.add((*at, i), "a grid inside a grid; one list of values")
            elif (first := seen.setdefault(_canonical(item), i)) != i:
                text = f"{shown(item)} is given twice; first as {key_text((*at, first))}"
                self.problems.add((*at, i), text)
            else:
                choices.append(Choice((*at, i), item))
        return choices

    def _expand(self, row: Row, axes: _Axes, path: KeyPath, label: str | None) -> list[Entry]:
        """Return one entry per combination of the axes, leaving out those with a wrong value."""
        if not all(axes.values()):
            axes = {key: choices for key, choices in axes.items() if choices}
        if not self.few(axes.values(), path):
            return []
        varying = [key for key, choices in axes.items() if len(choices) > 1]
        found = []
        for chosen in itertools.product(*axes.values()):
            combination = dict(zip(axes, chosen, strict=True))
            params = self._checked(row, combination, path)
            if params is not None:
                shown_as = self._expanded_label(label, row, varying, params, path)
                where = self.problems.positions.where(path)
                found.append(Entry(row.name, params, shown_as, where))
        return found

    def _expanded_label(
        self,
        label: str | None,
        row: Row,
        varying: Sequence[tuple[str, ...]],
        params: Mapping[str, Any],
        path: KeyPath,
    ) -> str | None:
        if label is None or not varying:
            return label
        texts = {key[-1]: _text_at(row, params, key) for key in varying}
        text = bracketed(label, texts)
        if not _is_label(text):
            accepted = f"at most {LONGEST_LABEL} printable characters with the values of the grid"
            self.problems.add((*path, "label"), f"becomes {text!r}; {accepted}")
        return text

    def _checked(self, row: Row, combination: _Combination, path: KeyPath) -> dict[str, Any] | None:
        """Return the complete parameters of one combination, or None if one of them is wrong."""
        raw: dict[str, Any] = {}
        for key, choice in combination.items():
            holder = raw.setdefault(key[0], {}) if len(key) == 2 else raw
            holder[key[-1]] = choice.value
        params, wrong = check(row.params, raw)
        for name in wrong & raw.keys():
            choice = combination.get((name,), Choice((*path, name), raw[name]))
            text = f"{shown(choice.value)} is not allowed; {row.params[name].accepts}"
            self.problems.add(choice.path, text)
        for name, value in params.items():
            if row.params[name].path and isinstance(value, str):
                found = self._in_data(value) if row.params[name].in_data else None
                absolute = self._absolute(value) if _is_path(row, value) else value
                params[name] = found or absolute
        if not self._check_arguments(row, raw, combination, path) or wrong:
            return None
        at_odds = row.refused(params) if row.refused else None
        if at_odds is not None:
            name, text = at_odds
            self.problems.add(combination.get((name,), Choice((*path, name), None)).path, text)
            return None
        if row.name == KERAS:
            params["config"] = without_defaults(params["class_name"], params["config"])
        return params

    def _check_arguments(
        self, row: Row, raw: Mapping[str, Any], combination: _Combination, path: KeyPath
    ) -> bool:
        """Report what is wrong with a named function or Keras loss; return if nothing is."""
        if row.name not in ARGUMENTS:
            return True
        key = "class_name" if row.name == KERAS else "target"
        name, arguments = raw.get(key), raw.get(ARGUMENTS[row.name], {})
        if not isinstance(name, str) or not isinstance(arguments, dict):
            return False
        if row.name == KERAS:
            found = check_keras(name, arguments)
        else:
            target = self._absolute(name) if _is_path(row, name) else name
            found = _CHECKS[self.table.kind](target, arguments, name)
        known = KERAS_CLASSES[name].params if row.name == KERAS and name in KERAS_CLASSES else {}
        for inner, text in found:
            unknown = len(inner) > 1 and inner[-1] not in known
            choice = combination.get(tuple(map(str, inner)))
            at = choice.path if choice and not unknown else (*path, *inner)
            self.problems.add(at, text, at_key=unknown)
        return not found

    def _absolute(self, path: str) -> str:
        return os.path.abspath(os.path.join(self.folder, os.path.expanduser(path)))

    def _in_data(self, path: str) -> str | None:
        """Return a file in `$LOSSBENCH_DATA` that is not beside the experiment file, or None."""
        data = os.environ.get("LOSSBENCH_DATA")
        if not data or os.path.exists(self._absolute(path)):
            return None
        there = os.path.abspath(os.path.join(os.path.expanduser(data), os.path.expanduser(path)))
        return there if os.path.isfile(there) else None

    def _distinct(self, found: Sequence[tuple[KeyPath, Entry]]) -> tuple[Entry, ...]:
        """Return the entries that differ from all before them, in content and in display name."""
        kept: list[Entry] = []
        same: dict[tuple[str, str], KeyPath] = {}
        names: dict[str, KeyPath] = {}
        for path, entry in found:
            display = entry.display(self.table)
            content = (entry.name, _canonical(entry.record()["params"]))
            if content in same:
                text = f"{display!r} is the same as {key_text(same[content])}; each stands once"
                self.problems.add(path, text)
            elif display in names:
                text = f"shown as {display!r} like {key_text(names[display])}; names must differ"
                self.problems.add(path, f"{text}. Give one of them another label.")
            else:
                names[display] = same[content] = path
                kept.append(entry)
        return tuple(kept)


def _is_path(row: Row, value: str) -> bool:
    """Return whether a value of a path parameter is one: a function may be in a module."""
    return row.name not in (CUSTOM, FUNCTION) or in_file(value)


def _is_label(text: str) -> bool:
    return bool(text.strip()) and text.isprintable() and len(text) <= LONGEST_LABEL


def _text_at(row: Row, params: Mapping[str, Any], key: tuple[str, ...]) -> str:
    if len(key) == 1:
        return value_text(params[key[0]], row.params[key[0]])
    return value_text(params[key[0]][key[1]], None)


def _canonical(value: Any) -> str:
    """Return text that is equal for equal values: `1` and `1.0` are, `1` and `true` are not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_canonical, value))}]"
    if isinstance(value, Mapping):
        items = sorted((key, _canonical(item)) for key, item in value.items())
        return json.dumps(items)
    return json.dumps(value)


def _takes(row: Row) -> str:
    """Return which parameters a row has; of many only their names."""
    if not row.params:
        return "it takes none"
    names = ", ".join(row.params)
    return f"it takes {described(row.params) if len(row.params) <= MANY else names}"

"""A table of named rows that finds a row by name or alias and explains a name that it lacks."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

REQUIRED: Any = object()
"""Stands where a parameter has no default."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an entry.

    Attributes:
        type: a type for pydantic, with bounds from `annotated_types`.
        accepts: the same in words, for messages and `lossbench list`.
        default: the value when the file gives none; `REQUIRED` where it must.
        help: what it does, in a few words, with its unit where it has one.
        origin: where the default comes from: a publication with its section, released code, or
            "project default".
        hashed: whether the value can change a number, and so belongs to a job's identity.
        path: whether it is a path, or starts with one, relative to the experiment file.
        in_data: whether a relative path that is not there is looked for in `$LOSSBENCH_DATA`.
    """

    type: Any
    accepts: str
    default: Any = REQUIRED
    help: str = ""
    origin: str = "project default"
    hashed: bool = True
    path: bool = False
    in_data: bool = False

    @property
    def required(self) -> bool:
        """Whether the experiment file must give the value."""
        return self.default is REQUIRED


@dataclass(frozen=True, kw_only=True)
class Row:
    """What every table's rows share.

    Attributes:
        name: the canonical name, as tables and pictures show it.
        target: `module:function` inside the package that implements the table; a module with a
            dot in its name is one of another package.
        params: the parameters that an experiment file may give.
        aliases: other names that mean the same.
        refused: finds what is wrong with values that are each right, from all of them by name: the
            parameter at fault, and what is wrong and accepted; or None.
    """

    name: str
    target: str
    params: Mapping[str, Parameter]
    aliases: tuple[str, ...] = ()
    refused: Callable[[Mapping[str, Any]], tuple[str, str] | None] | None = None


R = TypeVar("R", bound=Row)


class UnknownName(KeyError):
    """No row has this name; `nearest` is the most similar one, or None."""

    def __init__(self, name: str, nearest: str | None) -> None:
        self.name = name
        self.nearest = nearest
        super().__init__(name)


class Ambiguous(KeyError):
    """The name is used for several things; `meanings` says which."""

    def __init__(self, name: str, meanings: str) -> None:
        self.name = name
        self.meanings = meanings
        super().__init__(name)


def folded(name: str) -> str:
    """Return the form in which names are compared: `Cross-Entropy Loss` is `crossentropy`."""
    return re.sub(r"[\W_]+", "", name.casefold()).removesuffix("loss")


class Table(Generic[R]):
    """Rows by name; a name given twice is an error when the table is made.

    Args:
        kind: what a row is called in messages: "loss", "data set".
        rows: the rows, in the order in which they are listed.
        ambiguous: names that are refused, with their likely meanings.
        more: gives further rows, none of which has one of the names that it is called with, in
            their folded form. It is called when a name is asked for that no other row has, or all.
    """

    def __init__(
        self,
        kind: str,
        *rows: R,
        ambiguous: Mapping[str, str] | None = None,
        more: Callable[[frozenset[str]], Iterable[R]] | None = None,
    ) -> None:
        self.kind = kind
        self._rows: dict[str, R] = {}
        self._ambiguous = {folded(name): text for name, text in (ambiguous or {}).items()}
        self._names: dict[str, str] = {}
        self._more = more
        for row in rows:
            self._add(row)

    def _add(self, row: R) -> None:
        for name in dict.fromkeys(folded(n) for n in (row.name, *row.aliases)):
            if name in self._names or name in self._ambiguous:
                raise ValueError(f"{self.kind} name {name!r} of {row.name!r} is already taken")
            self._names[name] = row.name
        self._rows[row.name] = row

    def _complete(self) -> None:
        more, self._more = self._more, None
        for row in more(frozenset({*self._names, *self._ambiguous})) if more else ():
            self._add(row)

    def __getitem__(self, name: str) -> R:
        if name not in self._rows:
            self._complete()
        return self._rows[name]

    def __contains__(self, name: object) -> bool:
        if name not in self._rows:
            self._complete()
        return name in self._rows

    def __iter__(self) -> Iterator[R]:
        self._complete()
        return iter(self._rows.values())

    def __len__(self) -> int:
        self._complete()
        return len(self._rows)

    @property
    def names(self) -> list[str]:
        """The canonical names, in the table's order."""
        self._complete()
        return list(self._rows)

    def resolve(self, name: str) -> R:
        """Return the row that `name` means, by canonical name or alias, in any spelling.

        Raises:
            UnknownName: no row has the name.
            Ambiguous: the name means several things.
        """
        key = folded(name)
        if key in self._ambiguous:
            raise Ambiguous(name, self._ambiguous[key])
        if key not in self._names:
            self._complete()
        if key in self._names:
            return self._rows[self._names[key]]
        raise UnknownName(name, self.nearest(name))

    def nearest(self, name: str) -> str | None:
        """Return the canonical name most similar to `name`, or None where nothing is similar."""
        self._complete()
        telling = [n for n in self._names if len(n) > 3]  # "ce" resembles too much
        close = difflib.get_close_matches(folded(name), telling, n=1, cutoff=0.6)
        return self._names[close[0]] if close else None

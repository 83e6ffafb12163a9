"""Where each value of an experiment file was written, and the list of what is wrong with it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from lossbench.config.wording import KeyPath, is_index, key_text
from lossbench.errors import Problem

Spot = tuple[int, int]
"""Line and column, both from 1."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value was written.

    Attributes:
        value: line and column of the value.
        key: line and column of its key; those of the value for an item of a list.
        override: the key of the `--set` that gave the value, or nothing.
    """

    value: Spot
    key: Spot
    override: str = ""


@dataclass
class Positions:
    """The places of all values of one experiment file.

    Attributes:
        file: the file's path as the user gave it.
        places: the place of each key path; a value that came through a merge key has none and is
            located at the nearest key above it.
        lines: whether the file has lines; what was given as a mapping has none.
    """

    file: str
    places: dict[KeyPath, Place] = field(default_factory=dict)
    lines: bool = True

    def where(self, path: KeyPath, *, at_key: bool = False) -> str:
        """Return `file:line:column: key path`, or `--set key` for a value given there.

        Args:
            path: the key path of the value.
            at_key: point at the value's key instead of the value.
        """
        known = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in self.places), ())
        place = self.places.get(known, Place((1, 1), (1, 1)))
        text = key_text(path)
        if place.override:
            same = text == key_text(tuple(_segments(place.override)))
            return f"--set {place.override}" + ("" if same or not text else f": {text}")
        return self.at(place.key if at_key and known == path else place.value, path)

    def at(self, spot: Spot, path: KeyPath) -> str:
        """Return `file:line:column: key path` for a line and column that are known."""
        text = key_text(path)
        line = f":{spot[0]}:{spot[1]}" if self.lines else ""
        return f"{self.file}{line}" + (f": {text}" if text else "")

    def overridden(self, path: KeyPath, override: str) -> None:
        """Record that `--set override` replaced what stood at `path`."""
        for known in [known for known in self.places if known[: len(path)] == path]:
            del self.places[known]
        self.places[path] = Place((1, 1), (1, 1), override)


def _segments(override: str) -> list[str | int]:
    return [int(part) if is_index(part) else part for part in override.split(".")]


class Problems:
    """Collects problems; what lies below a value that was already refused is not reported again.

    Args:
        positions: where the values were written.
    """

    def __init__(self, positions: Positions) -> None:
        self.positions = positions
        self._found: dict[Problem, None] = {}
        self._refused: set[KeyPath] = set()

    def add(self, path: KeyPath, text: str, *, at_key: bool = False) -> None:
        """Report `text` about the value at `path`."""
        if not any(path[:n] in self._refused for n in range(len(path) + 1)):
            self._found[Problem(self.positions.where(path, at_key=at_key), text)] = None

    def add_at(self, spot: Spot, path: KeyPath, text: str) -> None:
        """Report `text` at a line and column, naming `path`."""
        self._found[Problem(self.positions.at(spot, path), text)] = None

    def add_elsewhere(self, problem: Problem) -> None:
        """Report a problem that does not stand in the file."""
        self._found[problem] = None

    def refuse(self, path: KeyPath) -> None:
        """Report nothing more about the value at `path` or below it."""
        self._refused.add(path)

    def touches(self, *, since: int) -> bool:
        """Return whether problems were reported after `since` of them."""
        return len(self._found) > since

    def __len__(self) -> int:
        return len(self._found)

    def ordered(self) -> tuple[Problem, ...]:
        """Return the problems by line."""
        return in_order(self._found)


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems by line and column, those of `--set` last; otherwise as they came."""

    def line(problem: Problem) -> tuple[float, float]:
        found = re.search(r":(\d+):(\d+)(?:: |$)", problem.where)
        return (int(found[1]), int(found[2])) if found else (float("inf"), 0)

    return tuple(sorted(problems, key=line))

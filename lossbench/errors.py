"""Every error that lossbench shows to its user, with its exit code.

LossbenchError            1
├── ConfigError           2   the experiment file or the command line is wrong; holds all problems
├── DataError             2   a data set cannot be found or read
├── StoreError            2   a run folder cannot be read or written
├── StrictError           3   what `--strict` or `--fail-on` makes an error
├── ShapeError            1   a loss was given, or returned, arrays that do not fit
├── LossError             1   the user's own loss cannot be loaded or failed
└── ModelError            1   the user's own network cannot be loaded, or is none that can be used

A message reads `where: what is wrong; what is accepted. One next step.`
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class LossbenchError(Exception):
    """A mistake or a condition that the user can act on; shown without a traceback."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in an experiment file: `where` is `file:line:column: key` or `--set key`."""

    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


class ConfigError(LossbenchError):
    """All mistakes of one experiment file or command line."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: Sequence[Problem] = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class DataError(LossbenchError):
    """A data set cannot be found, read or split as asked."""

    exit_code = 2


class StoreError(LossbenchError):
    """A run folder cannot be read or written."""

    exit_code = 2


class StrictError(LossbenchError):
    """What `--strict` or `--fail-on` makes an error."""

    exit_code = 3


class ShapeError(LossbenchError):
    """Arrays whose shapes do not fit together."""


class LossError(LossbenchError):
    """A loss of the user's own that cannot be loaded, or that failed."""


class ModelError(LossbenchError):
    """A network of the user's own that cannot be loaded, or is none that can be used."""

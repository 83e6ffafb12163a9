"""What `inspect`, `recommend` and `init` share: data sets as named, and a look at one."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lossbench.catalog import Facts
    from lossbench.config import Entry
    from lossbench.datasets import Splits
    from lossbench.datasets.inspected import Inspection


@dataclass(frozen=True, eq=False)
class Look:
    """A data set and what looking at it found.

    Attributes:
        name: how it is named.
        facts: what it says of itself.
        splits: the data, damage included.
        seen: what was measured.
    """

    name: str
    facts: "Facts"
    splits: "Splits"
    seen: "Inspection"


def look(entry: "Entry", name: str | None = None) -> Look:
    """Read a data set, as the first seed sees it, and measure it.

    Args:
        entry: the data set.
        name: how it is named; None means as tables name it.
    """
    from lossbench import datasets
    from lossbench.catalog import DATASETS
    from lossbench.datasets.inspection import inspect

    facts = datasets.describe(entry.name, entry.params)
    datasets.prepare(entry.name, entry.params)
    splits = datasets.load(entry.name, entry.params)
    return Look(name or entry.display(DATASETS), facts, splits, inspect(splits))


def of_experiment(path: Path, overrides: Sequence[str]) -> tuple[tuple["Entry", ...], int]:
    """Return the data sets of an experiment file, and how many mistakes the rest of it has.

    Raises:
        ConfigError: there is no such file, or its data sets are wrong.
    """
    from lossbench import config
    from lossbench.errors import ConfigError

    draft = config.load(path, overrides)
    at_data = [
        problem
        for problem in draft.problems
        if problem.where.removeprefix("--set ").rpartition(": ")[2].startswith("dataset")
    ]
    if at_data or not draft.experiment.datasets:
        raise ConfigError(at_data or draft.problems)
    return draft.experiment.datasets, len(draft.problems)


def print_text(text: str) -> None:
    """Print text; a character that the output's encoding lacks becomes a question mark."""
    import typer

    encoding = sys.stdout.encoding or "utf-8"
    typer.echo(text.encode(encoding, "replace").decode(encoding), nl=False)


def plain_output() -> bool:
    """Return whether the output has no block characters."""
    try:
        "█…".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return os.environ.get("TERM") == "dumb"

"""A data set as the command line names it: a name, `name[key=value]`, or the user's own file."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lossbench.catalog import DATASETS, UnknownName
from lossbench.config.entries import Entry
from lossbench.config.overrides import apply
from lossbench.config.parsing import Parser
from lossbench.config.positions import Positions, Problems
from lossbench.config.yamlfile import Document, parse
from lossbench.errors import ConfigError, Problem

EXPERIMENTS = (".yaml", ".yml")
TABLES = (".csv", ".tsv", ".parquet")
_ENTRY = "dataset"
_KEY = re.compile(r"(^|[,{])\s*(\w+)\s*=")


def is_experiment(text: str) -> bool:
    """Return whether an argument names an experiment file and no data set."""
    return Path(text).suffix.lower() in EXPERIMENTS


def dataset_entry(text: str, assignments: Sequence[str] = ()) -> Entry:
    """Return a data set with its parameters.

    Args:
        text: `mnist_mini`, `mnist_mini[subset=500]` as tables show it, or the path of a .npz file,
            a folder or a table of paths.
        assignments: `key=value` texts that add or replace parameters.

    Raises:
        ConfigError: there is no such data set, or a parameter is wrong.
    """
    problems = Problems(Positions(""))
    raw = dataset_data(text)
    document = Document({_ENTRY: raw}, problems.positions, problems)
    apply(document, [f"{_ENTRY}.{assignment}" for assignment in assignments])
    _raise(problems, text)
    found = Parser(DATASETS, problems, os.getcwd()).entries(document.data[_ENTRY], (_ENTRY,))
    _raise(problems, text)
    if len(found) != 1:
        raise ConfigError([Problem(text, "a grid of values; one value each is needed here")])
    return found[0]


def dataset_data(text: str) -> str | dict[str, Any]:
    """Return a data set as an experiment file has it.

    Raises:
        ConfigError: what stands in brackets cannot be read.
    """
    bracketed = re.fullmatch(r"(\w+)\[(.*)\]", text.strip(), re.DOTALL)
    if bracketed:
        name, inside = bracketed.groups()
        return {"name": name, **_parameters(inside, text)}
    own = own_files(text)
    return own if own is not None else text.strip()


def own_files(text: str) -> dict[str, Any] | None:
    """Return the entry of the user's own file or folder, or None where the text names none."""
    path = Path(text).expanduser()
    suffix = path.suffix.lower()
    if suffix == ".npz":
        return {"name": "npz", "path": text}
    if suffix in TABLES:
        return _entry_of("csv", text)
    if os.sep in text or path.is_dir():
        inside = ("images", "masks")
        masks = any(all((at / name).is_dir() for name in inside) for at in (path, path / "train"))
        return _entry_of("image_masks" if masks else "image_folder", text)
    return None


def _entry_of(name: str, path: str) -> dict[str, Any] | None:
    """Return the entry of a file or folder, or None where the catalogue has no such data set."""
    try:
        return {"name": DATASETS.resolve(name).name, "path": path}
    except UnknownName:
        return None


def _parameters(inside: str, text: str) -> dict[str, Any]:
    """Read `subset=500,label_noise={type=symmetric,rate=0.4}`: YAML with `=` for `: `."""
    try:
        document = parse("{" + _KEY.sub(r"\1\2: ", inside) + "}", "")
        data = None if len(document.problems) else document.data
    except ConfigError:
        data = None
    if not isinstance(data, dict) or "=" not in inside:
        accepted = "name[key=value,key=value], as in mnist_mini[subset=500]"
        raise ConfigError([Problem(text, f"cannot be read; {accepted}. Or use --set key=value.")])
    return data


def _raise(problems: Problems, text: str) -> None:
    """Raise what is wrong, in the words of the command line instead of those of a file."""
    found = problems.ordered()
    if found:
        raise ConfigError(Problem(_where(problem.where, text), problem.text) for problem in found)


def _where(where: str, text: str) -> str:
    key = where.removeprefix("--set ").rpartition(": ")[2]
    key = key.removeprefix(_ENTRY).removeprefix(".")
    return f"--set {key}" if where.startswith("--set ") else f"{text}: {key}" if key else text

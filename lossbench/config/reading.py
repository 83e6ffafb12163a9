"""An experiment file to text, with a next step for each way in which that fails."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lossbench.config.positions import Positions, Problems
from lossbench.config.wording import KeyPath, nearest, shown
from lossbench.config.yamlfile import Document, parse
from lossbench.errors import ConfigError, Problem

_ACCEPTED = "an experiment file is YAML text"


def read(path: str | os.PathLike[str]) -> Document:
    """Read and parse an experiment file.

    Raises:
        ConfigError: the file cannot be read, is empty, or is not one YAML mapping.
    """
    file = os.fspath(path)
    document = parse(_text(file), file)
    if document.data is None and not len(document.problems):
        raise _refusal(file, "empty; an experiment file names at least dataset, model and losses")
    if not isinstance(document.data, dict):
        text = "not a mapping; an experiment file is lines of 'key: value', such as 'model: x'"
        document.problems.add((), text)
        raise ConfigError(document.problems.ordered())
    return document


GIVEN = "experiment"
"""Stands for the file in messages, and is its name, where an experiment was given as a mapping."""


def given(data: Mapping[str, Any]) -> Document:
    """Return an experiment that was given as a mapping, as if it stood in a file.

    Args:
        data: mappings, lists, text, numbers, booleans and None in the notation of a file; paths,
            tuples and NumPy's numbers are taken for the like.
    """
    positions = Positions(GIVEN, lines=False)
    problems = Problems(positions)
    return Document(_plain(data, (), problems), positions, problems)


def _plain(value: Any, path: KeyPath, problems: Problems) -> Any:
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                problems.add(path, f"key {shown(key)} is not text; write it in quotes")
        named = {key: item for key, item in value.items() if isinstance(key, str)}
        return {key: _plain(item, (*path, key), problems) for key, item in named.items()}
    if isinstance(value, list | tuple | range):
        return [_plain(item, (*path, i), problems) for i, item in enumerate(value)]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist"):  # of NumPy: a number, or an array of them
        return value.tolist()
    if value is None or isinstance(value, str | bool | int | float):
        return value
    accepted = "text, numbers, true or false, lists and mappings"
    advice = "A function of your own stands in a file: {name: custom, target: my_losses.py:mine}."
    problems.add(path, f"{shown(value)} is not allowed; {accepted}. {advice}")
    problems.refuse(path)
    return None


def _text(file: str) -> str:
    try:
        return Path(file).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = f"byte {error.start} is not UTF-8; {_ACCEPTED}. Save it as UTF-8."
    except IsADirectoryError:
        inside = _experiments(Path(file))
        listed = f". It holds {', '.join(inside[:5])}." if inside else ""
        text = f"a folder; give one experiment file{listed}"
    except FileNotFoundError:
        text = _missing(Path(file))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        text = f"cannot be read ({reason}); {_ACCEPTED}. Check the path and its permissions."
    raise _refusal(file, text)


def _missing(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"no such file; there is no folder {str(folder)!r} either"
    found = nearest(path.name, _experiments(folder))
    if found:
        return f"no such file. Did you mean {str(folder / found)!r}?"
    return "no such file; give the path of an experiment file, such as 'configs/mine.yaml'"


def _experiments(folder: Path) -> list[str]:
    try:
        return sorted(p.name for p in folder.iterdir() if p.suffix in (".yaml", ".yml"))
    except OSError:
        return []


def _refusal(file: str, text: str) -> ConfigError:
    return ConfigError([Problem(file, text)])

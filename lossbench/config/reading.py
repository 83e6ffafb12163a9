"""An experiment file to text, with a next step for each way in which that fails."""

import os
from pathlib import Path

from lossbench.config.wording import nearest
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

"""Runs the user's own Python: a file or an installed module that an experiment names."""

import hashlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from lossbench.errors import LossbenchError

Kind = type[LossbenchError]


def load(target: str, kind: Kind) -> Callable[..., Any]:
    """Return the user's function or class; this executes its file.

    Args:
        target: `path/to/file.py:name` or `package.module:name`.
        kind: the error that is raised.

    Raises:
        LossbenchError: of that kind: the file cannot be run, the module cannot be imported, or it
            lacks the name.
    """
    place, _, name = target.rpartition(":")
    is_file = place.endswith(".py")
    module = _run_file(target, place, kind) if is_file else _import(target, place, kind)
    found = getattr(module, name, None)
    if not callable(found):
        where = "file" if is_file else "module"
        raise kind(
            f"{target}: the {where} has no function or class {name!r}. Check the name after ':'."
        )
    loaded: Callable[..., Any] = found
    return loaded


def _import(target: str, name: str, kind: Kind) -> Any:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise kind(
            f"{target}: the module cannot be imported: {type(error).__name__}: {error}. "
            f"Try `python -c 'import {name}'`."
        ) from error


def _run_file(target: str, file: str, kind: Kind) -> Any:
    try:
        stat = os.stat(file)
    except OSError:
        stat = None
    return _module(target, file, stat and stat.st_mtime_ns, stat and stat.st_size, kind)  # type: ignore[arg-type]


@lru_cache(maxsize=32)
def _module(target: str, file: str, mtime: int | None, size: int | None, kind: Kind) -> Any:
    """Return a file's module; the file is executed once until it changes."""
    path = Path(file)
    unique = hashlib.sha256(os.path.abspath(file).encode()).hexdigest()[:8]
    spec = importlib.util.spec_from_file_location(f"lossbench_custom_{path.stem}_{unique}", path)
    if spec is None or spec.loader is None:
        raise kind(f"{target}: this is no Python file; FILE.py:NAME is needed.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses and Keras look a class's module up
    sys.path.insert(0, str(path.parent))  # so that the file can import its neighbours
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[spec.name]
        raise kind(
            f"{target}: the file cannot be run: {type(error).__name__}: {error}. "
            f"Try `python {path.name}`."
        ) from error
    finally:
        sys.path.remove(str(path.parent))
    return module

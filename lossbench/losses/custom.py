"""A loss that the user wrote: a function in a Python file that the experiment file names."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lossbench.errors import LossError


def load_function(target: str) -> Callable[..., Any]:
    """Use the user's own function, from a Python file that the experiment names.

    Args:
        target: `path/to/file.py:function`; this executes the file.

    Returns:
        The function, called as `function(labels, outputs, **params)`.

    Raises:
        LossError: the file cannot be run or lacks the function.
    """
    file_name, _, name = target.rpartition(":")
    path = Path(file_name)
    spec = importlib.util.spec_from_file_location(f"lossbench_custom_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise LossError(f"{target}: this is no Python file; FILE.py:FUNCTION is needed.")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent))  # so that the file can import its neighbours
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise LossError(
            f"{target}: the file cannot be run: {type(error).__name__}: {error}. "
            f"Try `python {path.name}`."
        ) from error
    finally:
        sys.path.remove(str(path.parent))
    function = getattr(module, name, None)
    if not callable(function):
        raise LossError(f"{target}: the file has no function {name!r}. Check the name after ':'.")
    loaded: Callable[..., Any] = function
    return loaded

"""The user's own arrays, returned by a Python function of theirs."""

import contextlib
import hashlib
import json
import os
import sys
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.losses import Task
from lossbench.config.sources import source_file
from lossbench.datasets.npz_file import KEYS, Header, wanted
from lossbench.datasets.splitting import Source
from lossbench.datasets.user_arrays import Arrays, facts_of, source_of
from lossbench.errors import DataError
from lossbench.own_code import load

_ACCEPTED = (
    f"a dict of arrays named {', '.join(KEYS)} as in an npz file, (x_train, y_train), or "
    f"((x_train, y_train), (x_test, y_test))"
)

_last: dict[str, Arrays] = {}
"""What the last call returned, by the call: `describe` and `read` of one process share it."""


def describe(
    name: str, *, target: str, params: Mapping[str, Any], task: Task | None, ordered: bool
) -> Facts:
    """Say what `read` will give; calls the function.

    Args:
        name: the name of the data set, for messages.
        target: `path/to/file.py:name` or `package.module:name`.
        params: the function's arguments.
        task: the task that the user names, or None.
        ordered: whether the classes have an order, that of their numbers.

    Raises:
        DataError: the function fails, or what it returns is wrong.
    """
    where, arrays = _where(name, target), _arrays(name, target, params)
    return facts_of(
        {key: Header(array.shape, array.dtype) for key, array in arrays.items()},
        arrays,
        task=task,
        ordered=ordered,
        content_sha256=_sha256(arrays),
        where=where,
    )


def read(
    name: str, *, target: str, params: Mapping[str, Any], task: Task | None, ordered: bool
) -> Source:
    """Call the user's function; what it returns is read as the arrays of an npz file are.

    It runs in each process that trains, so it must return the same arrays each time. Their hash is
    part of the job's identity; the source text is not.

    Args:
        name: the name of the data set, for messages.
        target: `path/to/file.py:name` or `package.module:name`; this executes it.
        params: the function's arguments.
        task: the task that the user names, or None.
        ordered: whether the classes have an order, that of their numbers.

    Returns:
        Images [n, height, width, channels]: whole numbers as uint8, floats as float32.

    Raises:
        DataError: the function fails, or what it returns is wrong.

    Source:
        The user.
    """
    arrays = _arrays(name, target, params)
    source = source_of(arrays, task=task, ordered=ordered, where=_where(name, target))
    return replace(source, content_sha256=_sha256(arrays))


def prepare(
    name: str, *, target: str, params: Mapping[str, Any], task: Task | None, ordered: bool
) -> None:
    """Call the function once more, so that one which returns other arrays each time is found.

    Args:
        name: the name of the data set, for messages.
        target: `path/to/file.py:name` or `package.module:name`.
        params: the function's arguments.
        task: the task that the user names, or None.
        ordered: whether the classes have an order, that of their numbers.

    Raises:
        DataError: the function fails, what it returns is wrong, or differs from before.
    """
    before = _sha256(_arrays(name, target, params))
    if _sha256(_call(name, target, params)) != before:
        raise DataError(
            f"{_where(name, target)}: the function returned other arrays when it was called "
            f"again; the same ones each time are accepted. Draw random numbers from a generator "
            f"with a fixed seed, as numpy.random.default_rng(0) is."
        )
    read(name, target=target, params=params, task=task, ordered=ordered)


def _where(name: str, target: str) -> str:
    return f"data set {name!r}: {target}"


def _arrays(name: str, target: str, params: Mapping[str, Any]) -> Arrays:
    """Return what the function returns, from the last call if that was the same."""
    file = source_file(target)
    stat = os.stat(file) if file and os.path.isfile(file) else None
    version = (stat.st_mtime_ns, stat.st_size) if stat else None
    call = json.dumps([target, dict(params), version], sort_keys=True)
    if call not in _last:
        arrays = _call(name, target, params)
        _last.clear()
        _last[call] = arrays
    return _last[call]


def _call(name: str, target: str, params: Mapping[str, Any]) -> Arrays:
    function, where = load(target, DataError), _where(name, target)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # our own output may be read by a machine
            returned = function(**params)
    except (Exception, SystemExit) as error:
        raise DataError(
            f"{where}: the function failed{_line(error, target)} with {type(error).__name__}: "
            f"{error}. Correct it, or its params."
        ) from error
    return _named(returned, where)


def _line(error: BaseException, target: str) -> str:
    """Return at which line of the user's file an error arose."""
    file = source_file(target)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if file and frame.filename == file]
    return f" at {Path(file).name}:{lines[-1]}" if file and lines else ""


def _named(returned: Any, where: str) -> Arrays:
    """Return the arrays that are read, by the names that they have in a file."""
    if isinstance(returned, Mapping):
        named = {str(key): value for key, value in returned.items()}
    elif isinstance(returned, tuple | list):
        named = _from_tuple(tuple(returned), where)
    else:
        raise DataError(
            f"{where}: the function returned {type(returned).__name__}; {_ACCEPTED} is accepted. "
            f"Return one of them."
        )
    keys = wanted(list(named), where, "the function returned")
    return {key: _array(named[key], key, where) for key in keys}


def _from_tuple(parts: tuple[Any, ...], where: str) -> dict[str, Any]:
    """Name the arrays of a tuple, flat or in the pairs that Keras returns."""
    if len(parts) == 2 and all(isinstance(part, tuple) for part in parts):
        parts = tuple(array for part in parts for array in part)
    if len(parts) not in (2, 4):
        raise DataError(
            f"{where}: the function returned a tuple of {len(parts)}; {_ACCEPTED} is accepted. "
            f"Return one of them."
        )
    return dict(zip(KEYS, parts, strict=False))


def _array(value: Any, key: str, where: str) -> np.ndarray:
    try:
        array = np.asarray(value)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{where}: {key} is no array: {error}; a NumPy array, or what becomes one, is "
            f"accepted. Give all examples one shape."
        ) from error
    if array.dtype.hasobject:
        raise DataError(
            f"{where}: {key} holds Python objects; plain arrays of numbers or strings are "
            f"accepted. Convert it, as with numpy.array({key}).astype(str)."
        )
    return array


def _sha256(arrays: Arrays) -> str:
    digest = hashlib.sha256()
    for key in sorted(arrays):
        array = arrays[key]
        digest.update(f"{key}\0{array.shape}\0{array.dtype.str}\0".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()

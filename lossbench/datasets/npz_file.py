"""Reading .npz files: only plain arrays, with messages that say what is wrong with the file."""

import difflib
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lossbench.errors import DataError

KEYS = ("x_train", "y_train", "x_test", "y_test")
"""The arrays of a data file, named as Keras names them."""
GROUPS = ("group_train", "group_test")
"""What examples belong to, so that no group is on both sides of a split."""
_OUTPUTS = ("y_train_", "y_test_")
"""What the names of arrays begin with that hold one of several outputs."""


@dataclass(frozen=True)
class Header:
    """What an array is, without its values."""

    shape: tuple[int, ...]
    dtype: np.dtype


def read_headers(path: Path, where: str) -> dict[str, Header]:
    """Read shape and type of the arrays of a data file, not their values.

    Args:
        path: the file.
        where: how messages name the file.

    Returns:
        One header for each of the `wanted` arrays.

    Raises:
        DataError: there is no such file, or it is no sound .npz file with these arrays.
    """
    _check_zip(path, where)
    with _readable(where), zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
        keys = wanted(names, where)
        return {key: _read_header(archive, key, where) for key in keys}


def output_names(keys: Iterable[str]) -> tuple[str, ...]:
    """Return the outputs whose arrays have these names, in their order; none for `KEYS`."""
    found = (
        key.removeprefix(prefix) for key in keys for prefix in _OUTPUTS if key.startswith(prefix)
    )
    return tuple(dict.fromkeys(name for name in found if name))


def wanted(names: Sequence[str], where: str, holder: str = "the file holds") -> tuple[str, ...]:
    """Return which of the arrays that have these names are read.

    Args:
        names: the names that are there.
        where: how messages name the file.
        holder: how messages introduce the names.

    Returns:
        `KEYS`, or x_train and y_train where there is no test set; in a file without y_train that
        has labels of several outputs, y_train_<name> and y_test_<name> in their place; and
        `GROUPS`, those that are there.

    Raises:
        DataError: one is missing, or a name is likely meant for another.
    """
    outputs = output_names(names) if "y_train" not in names else ()
    others = (name for name in names if "_train" not in name)
    has_test = any("test" in name.casefold() for name in others)
    parts = ("train", "test") if has_test else ("train",)
    if outputs:
        labels = tuple(f"y_{part}_{name}" for name in outputs for part in parts)
        keys = (*(f"x_{part}" for part in parts), *labels)
    else:
        keys = tuple(f"{axis}_{part}" for part in parts for axis in "xy")
    _check_names(names, keys, where, holder)
    for name in names:
        if "group" in name.casefold() and name not in (*GROUPS, *keys):
            raise DataError(
                f"{where}: the array {name!r} is not read; group_train and group_test are "
                f"accepted for what examples belong to. Rename it."
            )
    return (*keys, *(key for key in GROUPS if key in names))


def read_arrays(path: Path, where: str, keys: Sequence[str] = KEYS) -> dict[str, np.ndarray]:
    """Read arrays of a data file; pickled objects are never unpacked.

    Args:
        path: the file.
        where: how messages name the file.
        keys: names of the arrays that are wanted.

    Returns:
        One array for each of the names.

    Raises:
        DataError: there is no such file, or it is no sound .npz file with these arrays.
    """
    _check_zip(path, where)
    with _readable(where), np.load(path, allow_pickle=False) as archive:
        _check_names(archive.files, keys, where)
        for key in keys:
            _check_plain(_read_header(archive.zip, key, where).dtype, key, where)
        return {key: archive[key] for key in keys}


def _check_zip(path: Path, where: str) -> None:
    """Refuse a path that leads to no .npz file."""
    if not path.is_file():
        raise DataError(
            f"{where}: there is no such file; a .npz file with {', '.join(KEYS)} is accepted, "
            f"beside the experiment file or in {_data_folder()}. Check the path."
        )
    if not zipfile.is_zipfile(path):
        raise DataError(
            f"{where}: this is no .npz file, or a truncated one; a file written by "
            f"numpy.savez(file, {', '.join(f'{key}=...' for key in KEYS)}) is accepted. Write or "
            f"copy it again."
        )


def _data_folder() -> str:
    """Return the folder where relative paths are looked for, too, as messages name it."""
    folder = os.environ.get("LOSSBENCH_DATA")
    return f"{folder} (LOSSBENCH_DATA)" if folder else "the folder that LOSSBENCH_DATA names"


@contextmanager
def _readable(where: str) -> Iterator[None]:
    """Turn what NumPy and zipfile raise on a damaged file into one kind of error."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, RuntimeError) as error:
        raise DataError(
            f"{where}: the file is damaged ({error}); a sound .npz file is accepted. Write or "
            f"copy it again."
        ) from error


def _read_header(archive: zipfile.ZipFile, key: str, where: str) -> Header:
    """Read the first bytes of one array."""
    with archive.open(f"{key}.npy") as stream:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
        else:
            raise DataError(
                f"{where}: {key} is stored in format {version}; plain arrays of numbers or "
                f"strings are accepted. Save it with numpy.savez."
            )
    _check_plain(dtype, key, where)
    return Header(shape, dtype)


def _check_plain(dtype: np.dtype, key: str, where: str) -> None:
    """Refuse arrays that hold Python objects: to read them would run code."""
    if dtype.hasobject:
        raise DataError(
            f"{where}: {key} holds pickled Python objects, which are never read; plain arrays of "
            f"numbers or strings are accepted. Convert it, as with {key}.astype(str)."
        )


def _check_names(
    present: Sequence[str],
    wanted: Sequence[str],
    where: str,
    holder: str = "the file holds",
) -> None:
    """Name the arrays that are missing, with the most similar one that is there."""
    missing = [key for key in wanted if key not in present]
    if not missing:
        return
    folded = {name.casefold(): name for name in present if name not in wanted}
    near = difflib.get_close_matches(missing[0], folded, n=1)
    hint = f"Rename {folded[near[0]]!r} to {missing[0]!r}." if near else "Add what is missing."
    raise DataError(
        f"{where}: {', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing; "
        f"{', '.join(wanted)} are accepted, {holder} "
        f"{', '.join(sorted(present)) or 'nothing'}. {hint}"
    )

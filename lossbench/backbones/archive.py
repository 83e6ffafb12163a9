"""What a `.keras` file says of the network in it, read without Keras and without running any of it.

Such a file is a zip with `config.json` (the architecture), `metadata.json` and `model.weights.h5`.
"""

import json
import zipfile
import zlib
from pathlib import Path
from typing import Any

from lossbench.errors import DataError

_CONFIG = "config.json"
_METADATA = "metadata.json"
_WEIGHTS = ("model.weights.h5", "model.weights.json")  # the second lists the parts of large ones
_HDF5 = b"\x89HDF\r\n\x1a\n"
_MIB = 2**20
_LARGEST_CONFIG = 64 * _MIB  # that of the largest network of keras.applications takes one
_MOST_GROWTH = 20  # Keras does not compress; float weights that are compressed grow twofold
_ALWAYS_ALLOWED = 256 * _MIB


def read_config(path: Path, where: str) -> dict[str, Any]:
    """Return the architecture that a `.keras` file holds, after checking that the file is whole.

    Args:
        path: the file.
        where: what messages begin with.

    Returns:
        The content of its `config.json`; nothing in it has been looked at.

    Raises:
        DataError: the file is damaged, no file of Keras, or would unpack to absurd sizes.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive, path, where)
            broken = archive.testzip()
            if broken is not None:
                raise _damaged(where, f"the content of {broken} is not what was written")
            _check_weights(archive, where)
            config = json.loads(archive.read(_CONFIG))
    except OSError as error:
        raise DataError(
            f"{where}: cannot be read ({error.strerror or error}); a file that can be opened is "
            f"accepted. Check its permissions."
        ) from error
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        ValueError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise _unreadable(path, where, error) from error
    if not isinstance(config, dict) or not isinstance(config.get("config"), dict):
        raise _damaged(where, f"{_CONFIG} describes no network")
    return config


def _check_members(archive: zipfile.ZipFile, path: Path, where: str) -> None:
    """Refuse what is no file of Keras, and what would fill the memory or the disk."""
    names = set(archive.namelist())
    missing = [name for name in (_CONFIG, _METADATA) if name not in names]
    if not names & set(_WEIGHTS):
        missing.append(_WEIGHTS[0])
    if missing:
        raise DataError(
            f"{where}: holds no {' and no '.join(missing)}; a file that model.save('x.keras') of "
            f"Keras 3 wrote is accepted. Save the model again."
        )
    outside = [n for n in names if Path(n).is_absolute() or ".." in Path(n).parts or "\\" in n]
    if outside:
        raise DataError(
            f"{where}: names a file outside itself ({sorted(outside)[0]!r}); a file that Keras "
            f"wrote is accepted. Do not use this one."
        )
    config, total = archive.getinfo(_CONFIG).file_size, sum(i.file_size for i in archive.filelist)
    most = max(_ALWAYS_ALLOWED, _MOST_GROWTH * path.stat().st_size)
    if config > _LARGEST_CONFIG or total > most:
        size, limit = (config, _LARGEST_CONFIG) if config > _LARGEST_CONFIG else (total, most)
        what = _CONFIG if config > _LARGEST_CONFIG else "the file"
        raise DataError(
            f"{where}: {what} would unpack to {size / _MIB:,.0f} MiB; at most "
            f"{limit / _MIB:,.0f} MiB is accepted. Do not use this file."
        )


def _check_weights(archive: zipfile.ZipFile, where: str) -> None:
    if _WEIGHTS[0] in archive.namelist():
        with archive.open(_WEIGHTS[0]) as weights:
            if weights.read(len(_HDF5)) != _HDF5:
                raise _damaged(where, f"{_WEIGHTS[0]} is no HDF5 file")


def _unreadable(path: Path, where: str, error: Exception) -> DataError:
    """Return the error for what no zip reader opens: another format, or a damaged file."""
    if isinstance(error, RecursionError):
        return _damaged(where, f"{_CONFIG} is nested too deeply")
    with path.open("rb") as file:
        first = file.read(8)
    if first == _HDF5:
        return DataError(
            f"{where}: is a file of weights or a model in the old .h5 format; a .keras file is "
            f"accepted. Load it with Keras and save it with model.save('x.keras')."
        )
    if not first.startswith(b"PK"):
        return DataError(
            f"{where}: is no .keras file; what model.save('x.keras') of Keras 3 wrote is "
            f"accepted. Save the model again."
        )
    return _damaged(where, str(error).rstrip(".") or type(error).__name__)


def _damaged(where: str, fault: str) -> DataError:
    return DataError(
        f"{where}: is damaged ({fault}); a whole .keras file is accepted. Copy or save it again."
    )

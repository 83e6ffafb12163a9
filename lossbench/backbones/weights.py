"""The weights of the networks in keras.applications: on this machine, or fetched once."""

import contextlib
import hashlib
import os
import shutil
import tempfile
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

from lossbench.catalog.models.kinds import Weights
from lossbench.errors import DataError

_STALL_S = 30.0  # a connection that gives nothing for so long is given up
_CHUNK = 2**20
_HDF5 = b"\x89HDF\r\n\x1a\n"


def folder() -> Path:
    """Return where Keras keeps the weights that it fetches, and looks for them."""
    home = os.environ.get("KERAS_HOME")
    if home:
        return Path(home).expanduser() / "models"
    own = Path("~").expanduser()  # as Keras does it, which must find the file, too
    return (own if os.access(own, os.W_OK) else Path("/tmp")) / ".keras" / "models"


def place(weights: Weights) -> Path:
    """Return where the file of weights belongs."""
    return folder() / weights.file


def prepare(name: str, weights: Weights) -> None:
    """Make sure that the right file of weights is on this machine, fetching it where it is absent.

    Args:
        name: the network's, for messages.
        weights: what is looked for.

    Raises:
        DataError: the file is absent and cannot be fetched, or it is another one.
    """
    path = place(weights)
    if path.is_file():
        check(name, weights)
        return
    try:
        _fetch(weights, path)
    except (OSError, HTTPException) as error:
        if isinstance(error, HTTPError):
            error.close()  # it holds the connection
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise DataError(
            f"model {name!r}: its ImageNet weights {weights.file} are not on this machine and "
            f"could not be fetched ({reason}); the file at {weights.url} is accepted in "
            f"{path.parent}. Put it there, or run once with a network."
        ) from error


def check(name: str, weights: Weights) -> None:
    """Refuse a file of weights that is not the one that Keras asks for.

    Raises:
        DataError: it is damaged or another one.
    """
    path = place(weights)
    fault = _fault(path, weights)
    if fault is not None:
        raise DataError(
            f"model {name!r}: {path}: is not the file of weights that Keras asks for ({fault}); "
            f"the one at {weights.url} is accepted. Remove this file, and put the right one there "
            f"or run once with a network."
        )


def _fault(path: Path, weights: Weights) -> str | None:
    """Return why a file is not that of the weights, or None."""
    with path.open("rb") as file:
        if weights.hash is None:
            return None if file.read(len(_HDF5)) == _HDF5 else "it is no HDF5 file"
        kind = "md5" if len(weights.hash) == 32 else "sha256"
        found = hashlib.file_digest(file, kind).hexdigest()
    return None if found == weights.hash else f"its {kind} is {found}, not {weights.hash}"


def _fetch(weights: Weights, path: Path) -> None:
    """Download a file that appears whole and right, or not at all.

    Raises:
        OSError: the network, the server or the disk failed, or sent something else.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            with urllib.request.urlopen(weights.url, timeout=_STALL_S) as answer:
                shutil.copyfileobj(answer, file, _CHUNK)
                missing = getattr(answer, "length", None)  # bytes that were announced
            file.flush()
            os.fsync(file.fileno())
        fault = f"{missing} bytes are missing" if missing else _fault(beside, weights)
        if fault is not None:
            raise OSError(f"what was sent is something else: {fault}")
        beside.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            beside.unlink()

"""What is made once and kept: folders below `$LOSSBENCH_CACHE`, each whole or not there at all."""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lossbench.errors import DataError

_FORMAT = 1  # of the folders; another number makes all of them anew
_MANIFEST = "manifest.json"
_END = 1 << 20  # bytes at either end of a file that are hashed
_LEFTOVER_S = 3600.0  # makers write all the time; who has not for so long is dead
_TRIES = 5


def root() -> Path:
    """Return the folder of everything that lossbench keeps for later."""
    return Path(os.environ.get("LOSSBENCH_CACHE") or "~/.cache/lossbench").expanduser()


def cached(key: Mapping[str, Any], make: Callable[[Path], None]) -> Path:
    """Return a folder that `make` has filled, now or earlier, in this process or another.

    It is filled under another name and renamed, so that a process that is killed leaves nothing
    that could be taken for complete. Of two processes that fill it at once the slower one discards
    its own. A folder is checked before it is returned: every file must have the size and the
    SHA-256 of its first and last MiB that were noted when it was made; of a file of 2 MiB or less
    that is every byte. One that fails is made again, and a warning is logged.

    Args:
        key: what the content follows from, as plain data: hashes of files and parameters. Equal
            keys mean equal content.
        make: is given an empty folder, and writes files into it, no folders. An `OSError` that it
            raises is taken for a failure to write.

    Raises:
        DataError: the folder cannot be written, as on a full disk; nothing of it is left behind.
    """
    content = json.dumps({"format": _FORMAT, **key}, sort_keys=True)
    folder = root() / "decoded" / hashlib.sha256(content.encode()).hexdigest()[:32]
    fault = _fault(folder)
    if fault is None:
        return folder
    if folder.exists():
        logging.getLogger("lossbench").warning(
            "%s: this cached folder is damaged (%s); it is made again.", folder, fault
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder.parent)
        with _beside(folder) as beside:
            make(beside)
            _seal(beside, key)
            _publish(beside, folder)
    except OSError as error:
        raise DataError(
            f"{folder.parent}: decoded data cannot be kept here: {error.strerror or error}; a "
            f"folder that can be written, with room for the images, is accepted. Free space, or "
            f"set LOSSBENCH_CACHE to a folder elsewhere."
        ) from error
    return folder


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Make a folder beside another one, and remove what is left of it."""
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _seal(folder: Path, key: Mapping[str, Any]) -> None:
    """Bring all files to the disk, then note what they are."""
    files = {}
    for path in sorted(folder.iterdir()):
        _sync(path)
        files[path.name] = _fingerprint(path)
    manifest = folder / _MANIFEST
    manifest.write_text(json.dumps({"key": key, "files": files}, indent=1))
    _sync(manifest)
    _sync(folder)


def _publish(beside: Path, folder: Path) -> None:
    """Give a folder its name, unless another process has been faster; replace a damaged one."""
    for _ in range(_TRIES):
        try:
            os.rename(beside, folder)
        except OSError:
            if not folder.exists():
                raise
        else:
            _sync(folder.parent)
            return
        if _fault(folder) is None:
            return
        with _beside(folder) as aside, contextlib.suppress(FileNotFoundError):
            os.rename(folder, aside / "damaged")
    raise OSError(f"{folder.name} is replaced again and again by another process")


def _fault(folder: Path) -> str | None:
    """Return why a folder is not whole, or None."""
    try:
        files = json.loads((folder / _MANIFEST).read_bytes())["files"]
        for name, noted in files.items():
            if _fingerprint(folder / name) != noted:
                return f"{name} has changed"
    except FileNotFoundError as error:
        return f"{Path(str(error.filename)).name} is missing"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return f"{_MANIFEST} cannot be read"
    return None


def _fingerprint(path: Path) -> dict[str, Any]:
    """Return size and hash of both ends of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        digest.update(file.read(_END))
        if size > _END:
            file.seek(max(_END, size - _END))
            digest.update(file.read(_END))
    return {"bytes": size, "sha256_of_ends": digest.hexdigest()}


def _sync(path: Path) -> None:
    """Bring a file or a folder to the disk; folders where the system can."""
    if path.is_file():
        with path.open("rb+") as file:
            os.fsync(file.fileno())
    elif os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # whole already; some file systems cannot do more
                os.fsync(handle)
        finally:
            os.close(handle)


def _remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed have left, once nobody has written to it for long."""
    for leftover in folder.glob(".*"):
        with contextlib.suppress(OSError):
            touched = max(path.stat().st_mtime for path in (leftover, *leftover.iterdir()))
            if time.time() - touched > _LEFTOVER_S:
                shutil.rmtree(leftover, ignore_errors=True)

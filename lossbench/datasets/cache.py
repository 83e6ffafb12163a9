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

from lossbench.caching import MANIFEST, fingerprint, limit_bytes, make_room, root, sync, use
from lossbench.errors import DataError

_FORMAT = 1  # of the folders; another number makes all of them anew
_LEFTOVER_S = 3600.0  # makers write all the time; who has not for so long is dead
_TRIES = 5


def cached(
    key: Mapping[str, Any],
    make: Callable[[Path], None],
    about: Mapping[str, Any] | None = None,
) -> Path:
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
        about: the same for people, shown by `lossbench cache`; changes nothing.

    Raises:
        DataError: the folder cannot be written, as on a full disk; nothing of it is left behind.
    """
    content = json.dumps({"format": _FORMAT, **key}, sort_keys=True)
    folder = root() / "decoded" / hashlib.sha256(content.encode()).hexdigest()[:32]
    in_use = use(folder)  # first: what is in use is not removed
    fault = _fault(folder) or (None if in_use else f"{MANIFEST} cannot be opened")
    if fault is None:
        return folder
    if folder.exists():
        logging.getLogger("lossbench").warning(
            "%s: this cached folder is damaged (%s); it is made again.", folder, fault
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(folder.parent)
        make_room(0)
        with _beside(folder) as beside:
            make(beside)
            _seal(beside, key, about or {})
            _publish(beside, folder)
        _keep_within_limit(folder)
    except OSError as error:
        raise DataError(
            f"{folder.parent}: decoded data cannot be kept here: {error.strerror or error}; a "
            f"folder that can be written, with room for the images, is accepted. Free space, or "
            f"set LOSSBENCH_CACHE to a folder elsewhere."
        ) from error
    return folder


def _keep_within_limit(folder: Path) -> None:
    """Make room for a folder that has just been made, and say where there is none."""
    use(folder)
    if not make_room(0):
        logging.getLogger("lossbench").warning(
            "%s: what is in use here takes more than LOSSBENCH_CACHE_LIMIT allows, %.3g GiB.",
            root(),
            limit_bytes() / 2**30,
        )


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Make a folder beside another one, and remove what is left of it."""
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _seal(folder: Path, key: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Bring all files to the disk, then note what they are."""
    files = {}
    for path in sorted(folder.iterdir()):
        sync(path)
        files[path.name] = fingerprint(path)
    manifest = folder / MANIFEST
    manifest.write_text(json.dumps({"key": key, "about": about, "files": files}, indent=1))
    sync(manifest)
    sync(folder)


def _publish(beside: Path, folder: Path) -> None:
    """Give a folder its name, unless another process has been faster; replace a damaged one."""
    for _ in range(_TRIES):
        try:
            os.rename(beside, folder)
        except OSError:
            if not folder.exists():
                raise
        else:
            sync(folder.parent)
            return
        if _fault(folder) is None:
            return
        with _beside(folder) as aside, contextlib.suppress(FileNotFoundError):
            os.rename(folder, aside / "damaged")
    raise OSError(f"{folder.name} is replaced again and again by another process")


def _fault(folder: Path) -> str | None:
    """Return why a folder is not whole, or None."""
    try:
        files = json.loads((folder / MANIFEST).read_bytes())["files"]
        for name, noted in files.items():
            if fingerprint(folder / name) != noted:
                return f"{name} has changed"
    except FileNotFoundError as error:
        return f"{Path(str(error.filename)).name} is missing"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return f"{MANIFEST} cannot be read"
    return None


def _remove_leftovers(folder: Path) -> None:
    """Remove what processes that were killed have left, once nobody has written to it for long."""
    for leftover in folder.glob(".*"):
        with contextlib.suppress(OSError):
            touched = max(path.stat().st_mtime for path in (leftover, *leftover.iterdir()))
            if time.time() - touched > _LEFTOVER_S:
                shutil.rmtree(leftover, ignore_errors=True)

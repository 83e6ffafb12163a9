"""What the cache holds, who uses it, and the removal of what was used longest ago.

Who uses a folder holds a shared lock on its manifest until its process ends, however that ends;
who removes one takes the lock alone first. Where a file system knows no locks, what was used on
the last day is left alone.
"""

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lossbench.caching.folders import MANIFEST, limit_bytes, root

try:
    import fcntl
except ImportError:  # Windows, which refuses to remove what is open
    fcntl = None  # type: ignore[assignment]

KINDS = ("features", "decoded")

_UNLOCKED_S = 86_400.0  # without locks, what was used within this time may be in use
_held: dict[Path, int] = {}


@dataclass(frozen=True)
class Kept:
    """A folder of the cache.

    Attributes:
        kind: "features" or "decoded".
        path: the folder.
        size: bytes on disk; of one in the making what it will be.
        used: when it was last used, seconds since 1970.
        images: how many images it is of, where that is known.
        about: what the manifest says for people.
        is_complete: whether nothing of it remains to be made.
    """

    kind: str
    path: Path
    size: int
    used: float
    images: int | None
    about: Mapping[str, Any] = field(compare=False)
    is_complete: bool

    @property
    def in_use(self) -> bool:
        """Whether a living process uses it."""
        handle = _lock_alone(self.path / MANIFEST, self.used)
        if handle is not None:
            os.close(handle)
        return handle is None


def use(folder: Path) -> bool:
    """Take a folder into use until this process ends, and note the time.

    Returns:
        False where it is not there, or is being removed.
    """
    path = folder / MANIFEST
    held = _held.get(folder)
    try:
        if held is None or not _is_same(held, path):
            handle = os.open(path, os.O_RDONLY)
            _share(handle)
            if not _is_same(handle, path):
                os.close(handle)
                return False
            _held[folder] = handle
            if held is not None:
                os.close(held)
    except OSError:
        return False
    with contextlib.suppress(OSError):  # a cache that may only be read
        os.utime(path)
    return True


def kept(kinds: Iterable[str] = KINDS) -> list[Kept]:
    """Return what the cache holds, what was used last first."""
    found = []
    for kind in kinds:
        place = root() / kind
        if not place.is_dir():
            continue
        for path in place.iterdir():
            with contextlib.suppress(OSError, ValueError):
                if not path.name.startswith(".") and path.is_dir():
                    found.append(_read(kind, path))
    return sorted(found, key=lambda one: one.used, reverse=True)


def make_room(needed: int) -> bool:
    """Remove what was used longest ago until `needed` bytes more keep within the limit.

    Returns:
        Whether they do; what is in use is never removed.

    Raises:
        DataError: the limit is no size.
    """
    limit = limit_bytes()
    found = kept()
    total = sum(one.size for one in found)
    for one in reversed(found):
        if total + needed <= limit:
            break
        if remove(one):
            total -= one.size
    return total + needed <= limit


def remove(one: Kept) -> bool:
    """Remove a folder of the cache; False where it is used, or cannot be removed."""
    handle = _lock_alone(one.path / MANIFEST, one.used)
    if handle is None:
        return False
    try:
        aside = Path(tempfile.mkdtemp(prefix=".removed.", dir=one.path.parent))
    except OSError:
        os.close(handle)
        return False
    try:
        os.rename(one.path, aside / "it")  # at once for everybody else
        return True
    except OSError:
        return False
    finally:
        os.close(handle)
        shutil.rmtree(aside, ignore_errors=True)


def size_of(folder: Path) -> int:
    """Return the bytes of all files in a folder, those that vanish meanwhile left out."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def _read(kind: str, path: Path) -> Kept:
    manifest = path / MANIFEST
    try:
        used, content = manifest.stat().st_mtime, json.loads(manifest.read_bytes())
    except (FileNotFoundError, ValueError):  # damaged: whoever wants it makes it anew
        used, content = path.stat().st_mtime, {}
    content = content if isinstance(content, dict) else {}
    key, about = (_mapping(content.get(name)) for name in ("key", "about"))
    images = content.get("images", key.get("sound"))
    declared = content.get("bytes")
    complete = kind != "features" or (path / "complete").exists()
    size = size_of(path)
    if not complete and isinstance(declared, int):
        size = max(size, declared)
    return Kept(
        kind, path, size, used, images if isinstance(images, int) else None, about, complete
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _share(handle: int) -> None:
    """Take a shared lock, where there are locks; nobody holds one alone for long."""
    if fcntl is not None:
        with contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_SH)


def _lock_alone(path: Path, used: float) -> int | None:
    """Return a handle that holds the lock alone; None where somebody uses the folder.

    A folder without a manifest is of no use to anybody.
    """
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return None  # not ours to remove
    try:
        if fcntl is None:
            raise OSError("no locks")
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:
        if time.time() - used < _UNLOCKED_S:
            os.close(handle)
            return None
    return handle


def _is_same(handle: int, path: Path) -> bool:
    """Whether a file is still the one that was opened."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False

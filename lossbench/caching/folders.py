"""Where the cache lies, how large it may grow, and files that reach the disk whole."""

import contextlib
import hashlib
import math
import os
from pathlib import Path
from typing import Any

from lossbench.errors import DataError

MANIFEST = "manifest.json"
"""What a folder of the cache holds; it is made last, or with the folder."""

LIMIT_GIB = 20.0
"""How large the cache grows unless LOSSBENCH_CACHE_LIMIT says otherwise."""

_END = 1 << 20  # bytes at either end of a file that are hashed


def root() -> Path:
    """Return the folder of everything that lossbench keeps for later."""
    return Path(os.environ.get("LOSSBENCH_CACHE") or "~/.cache/lossbench").expanduser()


def limit_bytes() -> int:
    """Return how many bytes of decoded data and features are kept at most.

    Raises:
        DataError: LOSSBENCH_CACHE_LIMIT is no size.
    """
    text = os.environ.get("LOSSBENCH_CACHE_LIMIT", "").strip()
    try:
        gib = float(text) if text else LIMIT_GIB
    except ValueError:
        gib = math.nan
    if not 0 < gib < math.inf:
        raise DataError(
            f"LOSSBENCH_CACHE_LIMIT: {text!r} is no size; a number of GiB above 0 is accepted. "
            f"Leave it out for {LIMIT_GIB:g} GiB."
        )
    return int(gib * 2**30)


def fingerprint(path: Path) -> dict[str, Any]:
    """Return size and hash of both ends of a file; of 2 MiB or less that is every byte."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        digest.update(file.read(_END))
        if size > _END:
            file.seek(max(_END, size - _END))
            digest.update(file.read(_END))
    return {"bytes": size, "sha256_of_ends": digest.hexdigest()}


def sync(path: Path) -> None:
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

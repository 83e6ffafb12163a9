"""Files that appear whole or not at all."""

import contextlib
import csv
import io
import json
import math
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lossbench.errors import StoreError


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file so that it appears whole or not at all: write beside, fsync, rename.

    A process that is killed in between leaves the old file as it was and a hidden one beside it,
    `.<name>.<8 characters>`, which `lossbench clean` removes.

    Raises:
        StoreError: the file cannot be written; nothing of it is left behind.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(beside, 0o644)
            os.replace(beside, path)
            _sync_folder(path.parent)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(beside)
            raise
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written: {error.strerror or error}. "
            "Free space, change the permissions, or choose another place with --runs-dir."
        ) from error


def _sync_folder(folder: Path) -> None:
    """Make a new name in a folder outlast a loss of power, where the system can."""
    if os.name != "posix":
        return
    with contextlib.suppress(OSError):  # the file is there and whole; some systems cannot do more
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write a mapping as JSON; numbers that are not finite become null."""
    write_whole(path, json.dumps(finite(data), indent=1, allow_nan=False) + "\n")


def finite(value: Any) -> Any:
    """Return a value with every number that is not finite made None, at any depth."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return value


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV with full precision; a missing or null value is an empty cell."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()

"""What the cache holds, as text at 80 columns and as JSON."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lossbench.caching import Kept

SCHEMA = 1
WIDTH = 80


def cache_text(folder: Path, found: Sequence[Kept], limit: int) -> str:
    """Return what the cache holds for people, what was used last first.

    Args:
        folder: the cache.
        found: what lies in it.
        limit: how many bytes are kept at most.
    """
    total = sum(one.size for one in found)
    lines = [f"{folder}: {file_size(total)} of at most {file_size(limit)}"]
    if found:
        lines.append(f"  {'kind':<9}{'size':>10}{'images':>9}  {'last used':<13}what")
    lines += [_line(one) for one in found]
    return "\n".join(lines) + "\n"


def cache_json(folder: Path, found: Sequence[Kept], limit: int) -> str:
    """Return what the cache holds as JSON text."""
    data = {
        "schema": SCHEMA,
        "folder": str(folder),
        "bytes": sum(one.size for one in found),
        "limit_bytes": limit,
        "kept": [_record(one) for one in found],
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def file_size(size: float) -> str:
    """Return a number of bytes in the unit that suits: 5.2 KiB, 19.6 MiB, 1.5 GiB."""
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GiB"


def age(seconds: float) -> str:
    """Return how long ago something was, in one unit: 12 min ago."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return "now"


def _line(one: Kept) -> str:
    images = "" if one.images is None else str(one.images)
    when = "in use" if one.in_use else age(time.time() - one.used)
    head = f"  {one.kind:<9}{file_size(one.size):>10}{images:>9}  {when:<13}"
    what = _what(one)
    room = WIDTH - len(head)
    return head + (what if len(what) <= room else f"...{what[3 - room :]}")


def _what(one: Kept) -> str:
    names = ", ".join(str(value) for value in one.about.values()) or one.path.name
    return names if one.is_complete else f"{names} (incomplete)"


def _record(one: Kept) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "folder": str(one.path),
        "about": dict(one.about),
        "images": one.images,
        "bytes": one.size,
        "last_used": one.used,
        "in_use": one.in_use,
        "complete": one.is_complete,
    }

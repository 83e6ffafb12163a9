"""Who a process is, so that another process can tell later whether it has ended."""

import functools
import os
import platform
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_ENDED = frozenset("ZXx")
"""States of /proc/<pid>/stat in which a process is over, though not yet forgotten."""


def identity() -> dict[str, Any]:
    """Return what tells this process apart from every other, on this machine and elsewhere."""
    pid = os.getpid()
    state = _state(pid)
    return {
        "host": platform.node() or "unknown",
        "host_id": _host_id(),
        "namespace": _namespace(),
        "pid": pid,
        "process_started": state[1] if state else None,
    }


def has_ended(process: Mapping[str, Any]) -> bool:
    """Whether a process is known to have ended; False where this cannot be told from here.

    Args:
        process: its `identity`, as it stated it; of another host or container nothing is known.
    """
    pid = process.get("pid")
    same_place = (process.get("host_id"), process.get("namespace")) == (_host_id(), _namespace())
    if not same_place or not isinstance(pid, int) or pid <= 0 or os.name != "posix":
        return False
    try:
        os.kill(pid, 0)  # sends nothing; /proc alone may hide the processes of other users
    except ProcessLookupError:
        return True
    except OSError:
        pass
    state = _state(pid)
    if state is None:
        return False
    started = process.get("process_started")
    return state[0] in _ENDED or (started is not None and started != state[1])


@functools.cache
def _host_id() -> str:
    """Return the machine since its last start: pids mean something only until the next."""
    try:
        boot = _BOOT_ID.read_text().strip()
    except OSError:
        boot = f"{uuid.getnode():x}"  # random where there is no hardware address: never alike
    return f"{platform.node()} {boot}"


def _namespace() -> str | None:
    """Return the namespace in which pids count: containers on one machine have their own."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return None


def _state(pid: int) -> tuple[str, int] | None:
    """Return the state and the start, in ticks since boot, of a process; None without /proc."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        fields = text.rpartition(")")[2].split()  # the name before may hold spaces and brackets
        return fields[0], int(fields[19])
    except (OSError, IndexError, ValueError):
        return None

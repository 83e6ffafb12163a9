"""One worker for each job: a lease that any file system keeps, network ones included.

A lease is a file `lease.<k>` in the job's folder that names the process holding it. It comes
whole and to one process only, since a link never replaces a file. The holder touches it every
few seconds. The lease of a process that has ended is left where it lies, and whoever first makes
`lease.<k+1>` has taken over. Nothing is locked and no clock but the file system's own is asked,
so a crash at any moment leaves no more than a dead lease.
"""

import contextlib
import json
import os
import re
import secrets
import tempfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lossbench.errors import StoreError
from lossbench.store import processes
from lossbench.store.experiments import FINISHED, read_result

REFRESH_S = 5.0
"""How often a holder touches its lease."""

DEAD_AFTER_S = 60.0
"""A lease that nobody has touched for so long is dead, wherever its process is."""

_TRIES = 8
_NAME = re.compile(r"lease\.([1-9]\d{0,8})")


@dataclass(frozen=True)
class Holder:
    """The process that holds a job.

    Attributes:
        host: name of its machine.
        pid: its number there.
        since: when it began by its own clock, ISO 8601.
    """

    host: str
    pid: int
    since: str


@dataclass(frozen=True)
class _Found:
    """A lease as read from disk; `content` is empty where it cannot be read."""

    generation: int
    path: Path
    content: Mapping[str, Any]
    touched: float


class Lease:
    """The right to work on a job, kept alive by a thread until it is released.

    Attributes:
        path: the lease's file.
        generation: its number; higher than that of every lease before it.
    """

    def __init__(self, path: Path, generation: int, nonce: str, below: Iterable[int] = ()) -> None:
        self.path, self.generation = path, generation
        self._nonce, self._below = nonce, tuple(below)
        self._released = threading.Event()
        threading.Thread(target=self._keep_alive, name=path.name, daemon=True).start()

    def held(self) -> bool:
        """Whether the job is still ours: nobody has taken it over while we were suspended."""
        if not _is_there(self.path, self.generation, self._nonce):
            return False
        living, _ = _look(self.path.parent, besides=self.generation)
        return all(other.generation < self.generation for other in living)

    def release(self) -> None:
        """Give the job back; harmless when it was taken over, or given back, before.

        Ours goes last, and of the others only those that were dead when we came: nobody else
        removes them, so that none of their numbers can have been used again.
        """
        self._released.set()
        if not _is_there(self.path, self.generation, self._nonce):
            return
        for generation in (*self._below, self.generation):
            with contextlib.suppress(OSError):
                _path(self.path.parent, generation).unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def _keep_alive(self) -> None:
        while not self._released.wait(REFRESH_S):
            with contextlib.suppress(OSError, MemoryError):  # either may pass; the next beat tries
                if self.held():
                    os.utime(self.path)  # to the file system's own time


def claim(job_folder: Path, attempt: int | None = None) -> Lease | None:
    """Take a job, or return None where somebody works on it or it is finished.

    Args:
        job_folder: the job's folder.
        attempt: where given, a result of this attempt or a later one counts as finished whatever
            its status, so that two runs side by side do not both repeat a job that fails.

    Raises:
        StoreError: the folder is not there or cannot be written.
    """
    lease = acquire(job_folder)
    if lease is not None and _is_done(job_folder, attempt):
        lease.release()
        return None
    return lease


def holder(job_folder: Path) -> Holder | None:
    """Return the living process that holds a job, or None where nobody does."""
    living, _ = _look(job_folder)
    if not living:
        return None
    content = max(living, key=lambda found: found.generation).content
    pid = content.get("pid")
    return Holder(
        host=str(content.get("host", "unknown")),
        pid=pid if isinstance(pid, int) else 0,
        since=str(content.get("since", "")),
    )


def acquire(job_folder: Path) -> Lease | None:
    """Take a job's folder, finished or not; None where a living process holds it.

    Raises:
        StoreError: the folder is not there or cannot be written.
    """
    for _ in range(_TRIES):
        living, dead = _look(job_folder)
        if living:
            return None
        generation = max((found.generation for found in dead), default=0) + 1
        nonce = _create(job_folder, generation)
        if nonce is None:
            continue  # another was faster; the next look shows who
        # Others may have come and gone since the first look, and one may hold a lower number.
        # Of two that create and then look, one at least sees the other.
        living, dead = _look(job_folder, besides=generation)
        path = _path(job_folder, generation)
        ours = _is_there(path, generation, nonce)  # asked last: it may be gone after a suspension
        if ours and not living:
            return Lease(path, generation, nonce, [found.generation for found in dead])
        if ours:
            with contextlib.suppress(OSError):
                path.unlink()
    return None


def dead_leases(job_folder: Path) -> list[Path]:
    """Return the leases that nobody alive holds."""
    return [found.path for found in _look(job_folder)[1]]


def clock(folder: Path) -> float | None:
    """Return the time by the file system's own clock; None where it cannot be written."""
    try:
        handle, path = tempfile.mkstemp(prefix=".clock.", dir=folder)
    except OSError:
        return None
    try:
        return os.fstat(handle).st_mtime
    finally:
        os.close(handle)
        with contextlib.suppress(OSError):
            os.unlink(path)


def _is_done(folder: Path, attempt: int | None) -> bool:
    try:
        result = read_result(folder)
    except StoreError:
        return False
    if result is None:
        return False
    if result.get("status") in FINISHED:
        return True
    attempts = result.get("attempts")
    return attempt is not None and isinstance(attempts, int) and attempts >= attempt


def _path(folder: Path, generation: int) -> Path:
    return folder / f"lease.{generation}"


def _look(folder: Path, besides: int = 0) -> tuple[list[_Found], list[_Found]]:
    """Return the living and the dead leases of a job, the oldest first."""
    try:
        names = os.listdir(folder)
    except OSError:
        return [], []
    numbers = sorted(int(match[1]) for match in map(_NAME.fullmatch, names) if match)
    read = (_read(_path(folder, number), number) for number in numbers if number != besides)
    leases = [found for found in read if found]
    suspects = [found for found in leases if not processes.has_ended(found.content)]
    now = clock(folder) if suspects else None  # asked last: then none was touched after it
    living = [s for s in suspects if now is None or now - s.touched <= DEAD_AFTER_S]
    return living, [found for found in leases if found not in living]


def _read(path: Path, generation: int) -> _Found | None:
    """Read a lease; None where it has gone.

    It is opened before it is asked for its age: a network file system may answer a plain question
    for the age from a copy that is a minute old, but looks anew when a file is opened.
    """
    try:
        with path.open("rb") as file:
            touched = os.fstat(file.fileno()).st_mtime
            content = json.loads(file.read())
    except FileNotFoundError:
        return None
    except ValueError:
        content = {}
    except OSError:
        try:
            touched, content = path.lstat().st_mtime, {}
        except OSError:
            return None
    return _Found(generation, path, content if isinstance(content, dict) else {}, touched)


def _is_there(path: Path, generation: int, nonce: str) -> bool:
    found = _read(path, generation)
    return found is not None and found.content.get("nonce") == nonce


def _create(folder: Path, generation: int) -> str | None:
    """Create a lease whole and return its nonce, or None where its number is taken."""
    path, nonce = _path(folder, generation), secrets.token_hex(8)
    about = {"nonce": nonce, "since": datetime.now(UTC).isoformat(timespec="seconds")}
    content = json.dumps(processes.identity() | about).encode()
    try:
        handle, beside = tempfile.mkstemp(prefix=".lease.", dir=folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(beside, 0o644)
            _publish(Path(beside), path, content)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(beside)
    except FileExistsError:
        # A network file system that loses an answer asks again, and then refuses its own link.
        if not _is_there(path, generation, nonce):
            return None
    except OSError as error:
        raise StoreError(
            f"{folder}: this job cannot be taken: {error.strerror or error}. "
            "Free space, change the permissions, or choose another place with --runs-dir."
        ) from error
    return nonce


def _publish(beside: Path, path: Path, content: bytes) -> None:
    """Give a written file its name unless that is taken.

    Raises:
        FileExistsError: it is.
    """
    try:
        os.link(beside, path)
    except FileExistsError:
        raise
    except OSError:  # no links here: created empty, then filled, which readers bear
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
        except BaseException:
            with contextlib.suppress(OSError):
                path.unlink()
            raise

"""What an experiment's folder holds that no current plan needs, and its removal.

No symbolic link is followed and nothing outside the folder is looked at. In the folder of a job
that somebody works on nothing is touched: whatever is removed there is removed under a lease.
"""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lossbench.errors import StoreError
from lossbench.store.experiments import (
    FINISHED,
    is_job,
    read_plan,
    read_result,
    read_trials,
)
from lossbench.store.leases import acquire, claim, clock, dead_leases, holder
from lossbench.store.sealing import verify

Kind = Literal["job", "write", "lease", "progress", "checkpoint", "damaged"]

WRITE_DEAD_AFTER_S = 3600.0
"""A write that has not ended for so long never will."""

_WRITE = re.compile(r"\.((.+\.(json|csv|npz|yaml|keras|html))|lease|clock)\.[a-z0-9_]{8}")


@dataclass(frozen=True)
class Leftover:
    """Something that no current plan needs.

    Attributes:
        kind: "job" of an earlier plan, "write" that never ended, "lease" of a dead process,
            "progress" of a job that nobody works on, "checkpoint" of a finished job, result of
            a "damaged" job, without which it is done again.
        path: the file or folder.
        job: the folder of its job; None for a file beside the tables.
        size: bytes, all files inside together.
    """

    kind: Kind
    path: Path
    job: Path | None
    size: int


def leftovers(folder: Path, *, damaged: bool = False) -> list[Leftover]:
    """Return what an experiment's folder holds without need.

    Jobs count as needless where neither the plan nor the table of trials names them; a plan without
    any job, as there is while tuning goes on, says nothing.

    Args:
        folder: the experiment's folder.
        damaged: also the results of jobs whose files are not what was written.

    Raises:
        StoreError: the plan cannot be read, so that nobody can say what is needed.
    """
    planned = {row["job_id"] for row in read_plan(folder) if is_job(row)}
    if planned:
        planned |= {row["job_id"] for row in read_trials(folder)}
    found = list(_unended_writes(folder, None))
    for entry in _scan(folder / "jobs"):
        place = Path(entry.path)
        if not entry.is_dir(follow_symlinks=False) or holder(place):
            continue
        if planned and entry.name not in planned and _is_job(place):
            found.append(Leftover("job", place, place, _size(place)))
            continue
        found += _needless_files(place)
        if damaged and verify(place):
            path = place / "result.json"
            found.append(Leftover("damaged", path, place, _size(path)))
    return found


def remove(leftover: Leftover) -> bool:
    """Remove a leftover; False where somebody has begun to work on its job.

    Raises:
        StoreError: the folder cannot be written.
    """
    if not os.path.lexists(leftover.path):
        return True
    if leftover.job is None:
        _delete(leftover.path)
        return True
    lease = acquire(leftover.job)
    if lease is None:
        return False
    with lease:  # releasing it takes the dead ones away
        if leftover.kind == "job":
            _delete(leftover.path / "result.json")  # first: what is half removed is unfinished
            for entry in _scan(leftover.path):
                if not entry.name.startswith("lease."):
                    _delete(Path(entry.path))
        elif leftover.kind != "lease":
            _delete(leftover.path)
    if leftover.kind == "job":
        with contextlib.suppress(OSError):  # not empty: somebody came in between
            leftover.path.rmdir()
    return True


def forget_failure(job_folder: Path) -> None:
    """Remove the result of a job that failed or cannot be read, so that it runs again.

    The result of a finished job stays, also where another process finishes it at this moment.

    Raises:
        StoreError: the folder cannot be written.
    """
    path = job_folder / "result.json"
    if not path.is_file():
        return
    lease = claim(job_folder)
    if lease is not None:
        with lease:
            _delete(path)


def _needless_files(place: Path) -> Iterator[Leftover]:
    for path in dead_leases(place):
        yield Leftover("lease", path, place, _size(path))
    yield from _unended_writes(place, place)
    finished = _is_finished(place)
    for entry in _scan(place):
        path = Path(entry.path)
        if entry.is_symlink():
            continue
        if entry.name in ("progress.json", "progress.tmp"):
            yield Leftover("progress", path, place, _size(path))
        elif finished and entry.name.startswith("checkpoint"):
            yield Leftover("checkpoint", path, place, _size(path))


def _unended_writes(folder: Path, job: Path | None) -> Iterator[Leftover]:
    suspects = [
        entry
        for entry in _scan(folder)
        if _WRITE.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
    ]
    now = clock(folder) if suspects else None
    for entry in suspects:
        with contextlib.suppress(OSError):  # it has ended now
            about = entry.stat(follow_symlinks=False)
            if now is not None and now - about.st_mtime > WRITE_DEAD_AFTER_S:
                yield Leftover("write", Path(entry.path), job, about.st_size)


def _is_job(place: Path) -> bool:
    """Whether a folder is a job's; what a user put beside the jobs is left alone."""
    return any(
        entry.name in ("job.json", "result.json") and entry.is_file(follow_symlinks=False)
        for entry in _scan(place)
    )


def _is_finished(place: Path) -> bool:
    try:
        result = read_result(place)
    except StoreError:
        return False
    return result is not None and result.get("status") in FINISHED


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    """Return what a folder holds, sorted; nothing where it is no folder of its own."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _size(path: Path) -> int:
    try:
        own = path.lstat().st_size if not path.is_dir() or path.is_symlink() else 0
    except OSError:
        return 0
    return own + sum(_size(Path(entry.path)) for entry in _scan(path))


def _delete(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be removed: {error.strerror or error}. Check its permissions."
        ) from error

"""Which job comes next and what becomes of it: the promises that all executors keep.

A job goes to the worker that ran its like before. One that died, ran too long or out of memory
runs again as often as the limits allow; an error is not repeated, since it would come again. Once
the stop file exists nothing starts, and what runs is awaited.
"""

import bisect
import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from lossbench import store
from lossbench.config.experiment import EXECUTION

POLL_S = 0.2
"""How often `idle` is called and the stop file looked for."""

REPEATED = frozenset({"killed", "timeout", "oom"})
"""Statuses of which a second attempt may come to something better."""

MAX_LOST = 3
"""How often a job goes back at no cost when its machine is lost."""


@dataclass(frozen=True)
class Work:
    """One job to run.

    Attributes:
        folder: the job's folder, with its `job.json`.
        key: jobs of equal key reuse a traced network inside a worker.
    """

    folder: Path
    key: str


@dataclass(frozen=True)
class Limits:
    """What a job may take.

    Attributes:
        timeout_s: seconds after which a job's worker is killed; None means no limit.
        retries: how often a job that ended in killed, timeout or oom runs again.
        checkpoint_every_s: seconds between checkpoints of a running job.
        memory_mib: resident memory above which a worker is replaced before its next job; None
            means its share of half the machine's memory, at least 2 GiB.
        memory_budget_mib: images that take more are read while training.
        save_model: which of a job's networks is kept: none, best or last.
        tensorboard: whether jobs write their curves for TensorBoard, too.
    """

    timeout_s: float | None = None
    retries: int = 0
    checkpoint_every_s: float = 60.0
    memory_mib: float | None = None
    memory_budget_mib: float = EXECUTION["memory_budget"].default
    save_model: str = EXECUTION["save_model"].default
    tensorboard: bool = EXECUTION["tensorboard"].default


@dataclass(frozen=True, order=True)
class Task:
    """One attempt at a job.

    Attributes:
        place: the job's place in the given order.
        work: the job.
        attempt: counts from 1.
        lost: how often the machine was lost under it.
    """

    place: int
    work: Work
    attempt: int = 1
    lost: int = 0


@dataclass(frozen=True)
class Ending:
    """How an attempt ended.

    Attributes:
        kind: "returned" with a result; "recycled" before it began, since its worker is to be
            replaced; "lost" with its machine; otherwise the status of the job.
        result: what the worker returned.
        message: for the user, where there is no result.
        process: host and pid of the process that ended, where its lease may still look alive
            from here, as that of another machine does for a while.
    """

    kind: Literal["returned", "recycled", "lost", "killed", "timeout", "oom"]
    result: dict[str, Any] | None = None
    message: str = ""
    process: tuple[str, int] | None = None


class Crew(Protocol):
    """The workers of one executor, numbered from 0."""

    def free(self) -> Sequence[int]:
        """Return the workers that could begin a job now."""

    def begin(self, worker: int, task: Task) -> None:
        """Let a free worker begin a job."""

    def wait(self, seconds: float) -> Sequence[tuple[int, Ending]]:
        """Return the jobs that have ended, as soon as there is one or the time is over."""


def choose(pending: Sequence[str], last: str | None, in_use: Collection[str]) -> int:
    """Return which pending job a free worker takes.

    The next of the key that it ran last, whose traced network it keeps; else the first of a key
    that no other worker is working on; else the first.

    Args:
        pending: keys of the pending jobs, in order; at least one.
        last: the key that the worker ran last.
        in_use: keys that other workers are working on.
    """
    if last in pending:
        return pending.index(last)
    unused = (i for i, key in enumerate(pending) if key not in in_use)
    return next(unused, 0)


class Board:
    """The jobs of one run: which wait, which run, and what becomes of those that end."""

    def __init__(self, work: Sequence[Work], limits: Limits, stop: Path) -> None:
        self._pending = [Task(place, item) for place, item in enumerate(work)]
        self._running: dict[int, Task] = {}
        self._last: dict[int, str] = {}
        self._limits, self._stop = limits, stop

    @property
    def finished(self) -> bool:
        """Whether nothing runs and nothing will start."""
        return not self._running and (not self._pending or self._stop.exists())

    def take(self, worker: int) -> Task | None:
        """Give a free worker its next job, or None where there is none for it now."""
        if not self._pending or self._stop.exists():
            return None
        ready = [task for task in self._pending if _is_ready(task)]
        if not ready:
            return None
        in_use = {task.work.key for task in self._running.values()}
        keys = [task.work.key for task in ready]
        task = ready[choose(keys, self._last.get(worker), in_use)]
        self._pending.remove(task)
        self._running[worker] = task
        self._last[worker] = task.work.key
        return task

    def settle(self, worker: int, ending: Ending) -> dict[str, Any] | None:
        """Return the result of the job that a worker has ended, or None if it will run again.

        Raises:
            StoreError: a job without a result ended, and that cannot be written to its folder.
        """
        task = self._running.pop(worker)
        if ending.kind != "returned":
            del self._last[worker]  # the process is another one now
        again = self._again(task, ending)
        if again:
            bisect.insort(self._pending, again)
            return None
        if ending.result is not None:
            return ending.result
        status = "killed" if ending.kind == "lost" else ending.kind
        folder, attempt = task.work.folder, task.attempt
        return record_failure(folder, status, ending.message, attempt, ending.process)

    def _again(self, task: Task, ending: Ending) -> Task | None:
        if ending.kind == "recycled":
            return task
        if ending.kind == "lost" and task.lost < MAX_LOST:
            return replace(task, lost=task.lost + 1)
        status = ending.result["status"] if ending.result else ending.kind
        left = task.attempt <= self._limits.retries and not self._stop.exists()
        return replace(task, attempt=task.attempt + 1) if status in REPEATED and left else None


def _is_ready(task: Task) -> bool:
    """Whether a job can begin: an earlier attempt's lease may outlive its process for a while."""
    is_new = task.attempt == 1 and not task.lost
    return is_new or store.holder(task.work.folder) is None


def drive(board: Board, crew: Crew, idle: Callable[[], None]) -> Iterator[dict[str, Any]]:
    """Run all jobs of a board and yield their results in completion order.

    Args:
        board: the jobs.
        crew: who runs them.
        idle: called several times a second.

    Raises:
        StoreError: a job's folder cannot be written.
    """
    ended: list[dict[str, Any]] = []
    idled_at = time.monotonic()
    while True:
        for worker in crew.free():
            task = board.take(worker)
            if task is not None:
                crew.begin(worker, task)
        yield from ended  # now that every worker has its next job
        if board.finished:
            return
        settled = [board.settle(worker, ending) for worker, ending in crew.wait(POLL_S)]
        ended = [result for result in settled if result is not None]
        if time.monotonic() >= idled_at + POLL_S:
            idled_at = time.monotonic()
            idle()


def record_failure(
    folder: Path, status: str, message: str, attempt: int, process: tuple[str, int] | None = None
) -> dict[str, Any]:
    """Write the result of a job that could not write its own, and return it.

    Where another process has taken the job over meanwhile, or has finished it, nothing is written
    and the status is "claimed".

    Args:
        folder: the job's folder.
        status: how the attempt ended.
        message: the same for the user.
        attempt: its number.
        process: host and pid of the process that is known to have ended, whatever its lease says.

    Raises:
        StoreError: the folder cannot be written.
    """
    result = {
        "schema": 1,
        "job_id": folder.name,
        "status": status,
        "message": message,
        "attempts": attempt,
    }
    lease = store.claim(folder, attempt)
    if lease is None and not _is_held_by(folder, process):
        return {"job_id": folder.name, "status": "claimed"}
    with lease or contextlib.nullcontext():
        with contextlib.suppress(OSError):  # it is a courtesy
            (folder / "progress.json").unlink()
        return store.write_result(folder, result)


def _is_held_by(folder: Path, process: tuple[str, int] | None) -> bool:
    holder = store.holder(folder)
    return holder is not None and (holder.host, holder.pid) == process

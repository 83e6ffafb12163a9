"""Jobs on this machine: long-lived worker processes that load the backend once."""

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, spawn
from multiprocessing.context import SpawnProcess
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from lossbench.errors import LossbenchError
from lossbench.executors.board import Board, Ending, Limits, Task, Work, drive
from lossbench.executors.machine import default_memory_mib, find_gpus, gpu_for
from lossbench.executors.worker import is_outgrown, prepare, run_task

OUTGROWN = 83
"""Exit code of a worker that holds too much memory to begin another job."""

MAX_FALSE_STARTS = 3
"""How many workers in a row may end before they begin a job."""


def run_jobs(
    work: Sequence[Work],
    *,
    workers: int,
    threads: int,
    limits: Limits,
    stop: Path,
    idle: Callable[[], None],
    backend: str = "tensorflow",
) -> Iterator[dict[str, Any]]:
    """Run jobs in worker processes and yield each result once it is written.

    A worker that dies or runs too long costs its own job only. When the iterator is closed, or an
    exception ends it, the workers are killed; what they ran has no result and may run again.

    Args:
        work: the jobs; those of equal key keep their order.
        workers: processes side by side.
        threads: threads in each; fixed for an experiment, since it changes the last bits.
        limits: what a job may take.
        stop: when this file appears, running jobs write a checkpoint and no other starts.
        idle: called several times a second, to show progress.
        backend: what Keras computes with in every worker.

    Yields:
        Results in completion order, those with status "interrupted" or "claimed" included, which
        are written nowhere.

    Raises:
        StoreError: a job's folder cannot be written.
        LossbenchError: worker processes cannot start.
    """
    if not work:
        return
    crew = _Crew(max(1, min(workers, len(work))), threads, limits, stop, backend)
    try:
        yield from drive(Board(work, limits, stop), crew, idle)
    finally:
        crew.kill()


class _Crew:
    """Worker processes, each in a pool of its own, so that each can be given a job by name."""

    def __init__(
        self, workers: int, threads: int, limits: Limits, stop: Path, backend: str
    ) -> None:
        memory = limits.memory_mib or default_memory_mib(workers)
        gpus = find_gpus()
        self._timeout_s = limits.timeout_s
        self._settings = (limits, threads, stop, memory)
        self._members = [_Member(threads, backend, gpu_for(i, gpus)) for i in range(workers)]
        self._ended: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        self._false_starts = 0

    def free(self) -> list[int]:
        return [i for i, member in enumerate(self._members) if member.future is None]

    def begin(self, worker: int, task: Task) -> None:
        args = (task, *self._settings)
        future = self._members[worker].begin(_run_task, args, self._timeout_s)
        future.add_done_callback(lambda future: self._ended.put((worker, future)))

    def wait(self, seconds: float) -> list[tuple[int, Ending]]:
        endings = self._find_silent_ends()
        with contextlib.suppress(queue.Empty):
            worker, future = self._ended.get(timeout=0 if endings else seconds)
            while True:
                member = self._members[worker]
                if member.future is future:  # not one of a pool that was given up
                    member.future = None
                    endings.append((worker, self._ending_of(future)))
                worker, future = self._ended.get_nowait()
        return endings

    def _find_silent_ends(self) -> list[tuple[int, Ending]]:
        """Find jobs whose worker has gone without a word from its pool."""
        found = []
        for i, member in enumerate(self._members):
            if member.future is None or member.future.done():
                continue
            if member.exited_cleanly():  # pebble reports other exit codes only
                found.append((i, _killed(0)))
            elif member.is_broken():
                found.append((i, self._false_start()))
            else:
                continue
            member.give_up()
        return found

    def _ending_of(self, future: Any) -> Ending:
        error = future.exception()
        if isinstance(error, BrokenProcessPool):
            return self._false_start()
        self._false_starts = 0
        if error is None:
            return Ending("returned", future.result())
        if isinstance(error, TimeoutError):
            return Ending("timeout", message=f"took longer than {self._timeout_s:g} s; see log.txt")
        if isinstance(error, ProcessExpired):
            recycled = error.exitcode == OUTGROWN
            return Ending("recycled") if recycled else _killed(error.exitcode)
        raise error

    def _false_start(self) -> Ending:
        self._false_starts += 1
        if self._false_starts < MAX_FALSE_STARTS:
            return Ending("recycled")
        raise LossbenchError(
            f"workers: {MAX_FALSE_STARTS} processes in a row ended before they could begin a job; "
            "what they printed says why. `lossbench doctor` shows what is missing."
        )

    def kill(self) -> None:
        """End all workers at once, whatever they do."""
        for member in self._members:
            member.kill()
        for member in self._members:
            member.join()


class _Member:
    """One worker: a pool of one process, which pebble starts anew when it ends.

    Attributes:
        future: of the job that it works on; None while it is free.
    """

    def __init__(self, threads: int, backend: str, gpu: str | None) -> None:
        self.future: Any = None
        self._start_args = (threads, backend, gpu)
        self._processes = _Processes()
        self._pool: Any = None

    def begin(self, function: Callable[..., Any], args: Sequence[Any], limit: float | None) -> Any:
        if self._pool is not None and not self._pool.active:
            self.give_up()
        if self._pool is None:
            self._pool = ProcessPool(
                max_workers=1,
                context=self._processes,
                initializer=_start,
                initargs=self._start_args,
            )
        self._processes.forget_ended()
        try:
            self.future = self._pool.schedule(function, args=args, timeout=limit)
        except RuntimeError as error:  # the process could not be started, or has just ended
            self.future = Future()
            self.future.set_exception(BrokenProcessPool(str(error)))
        return self.future

    def exited_cleanly(self) -> bool:
        return any(process.exitcode == 0 for process in self._processes.started())

    def is_broken(self) -> bool:
        return not self._pool.active

    def give_up(self) -> None:
        """Let go of the pool and of the job; the next job gets a new pool."""
        self.kill()
        self.join()
        self._pool = self.future = None

    def kill(self) -> None:
        if self._pool is not None:
            self._pool.stop()
            for process in self._processes.started():
                process.kill()

    def join(self) -> None:
        if self._pool is not None:
            self._pool.join()


class _Worker(SpawnProcess):
    """A process that does not import the module that the user started.

    Python imports it anew in what it spawns: a script that runs an experiment without asking
    `if __name__ == "__main__"` would run it again in every worker. Workers need nothing of it.
    """

    @staticmethod
    def _Popen(process_obj: BaseProcess) -> Any:
        here = threading.get_ident()

        def without_main(name: str) -> dict[str, Any]:
            found = usual(name)
            if threading.get_ident() != here:  # somebody else's process, meanwhile
                return found
            return {key: value for key, value in found.items() if not key.startswith("init_main")}

        with _starting:
            usual = spawn.get_preparation_data
            spawn.get_preparation_data = without_main
            try:
                return SpawnProcess._Popen(process_obj)
            finally:
                spawn.get_preparation_data = usual


_starting = threading.Lock()


class _Processes:
    """The multiprocessing context of a pool: spawns its processes and remembers them."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.Pipe, self.RLock = context.Pipe, context.RLock
        self.get_start_method = context.get_start_method
        self._known: list[SpawnProcess] = []

    def Process(self, *args: Any, **kwargs: Any) -> SpawnProcess:
        process = _Worker(*args, **kwargs)
        self._known.append(process)
        return process

    def started(self) -> list[SpawnProcess]:
        return [process for process in self._known if process.pid is not None]

    def forget_ended(self) -> None:
        self._known = [p for p in self._known if p.pid is None or p.exitcode is None]


def _start(threads: int, backend: str, gpu: str | None) -> None:
    """Prepare a worker process."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # sent to the whole group, it is for the parent
    threading.Thread(target=_end_with_parent, daemon=True).start()
    prepare(threads, backend, gpu)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _run_task(
    task: Task, limits: Limits, threads: int, stop: Path, memory_mib: float
) -> dict[str, Any]:
    if is_outgrown(memory_mib):
        os._exit(OUTGROWN)
    return run_task(task, limits, threads, stop)


def _killed(code: int) -> Ending:
    if code >= 0:
        return Ending("killed", message=f"its process ended with exit code {code}; see log.txt")
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    why = "; the system does that when memory runs out" if name == "SIGKILL" else "; see log.txt"
    return Ending("killed", message=f"its process was ended by {name}{why}")

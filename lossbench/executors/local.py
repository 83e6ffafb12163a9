"""Jobs on this machine: long-lived worker processes that load TensorFlow once."""

import multiprocessing
import os
import queue
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pebble import ProcessExpired, ProcessPool

from lossbench import store


def cpu_count() -> int:
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_jobs(
    folders: Sequence[Path],
    *,
    workers: int,
    threads: int,
    idle: Callable[[], None] = lambda: None,
) -> Iterator[dict[str, Any]]:
    """Run jobs in worker processes and yield each result as it is written.

    Args:
        folders: job folders, each with its `job.json`.
        workers: processes side by side.
        threads: threads in each; fixed for an experiment, since it changes the last bits.
        idle: called several times a second while jobs run, to show progress.

    Yields:
        Results in completion order. A worker that dies costs its own job, with status "killed".
    """
    done: queue.Queue[tuple[Path, Any]] = queue.Queue()
    pool = ProcessPool(
        max_workers=workers,
        context=multiprocessing.get_context("spawn"),
        initializer=_start_worker,
        initargs=[threads],
    )
    try:
        for folder in folders:
            future = pool.schedule(_work, args=[folder, threads])
            future.add_done_callback(lambda f, folder=folder: done.put((folder, f)))
        left = len(folders)
        while left:
            try:
                folder, future = done.get(timeout=0.2)
            except queue.Empty:
                idle()
                continue
            left -= 1
            yield _outcome(folder, future)
        pool.close()
    finally:
        pool.stop()  # after an interrupt running jobs end here; their folders have no result
        pool.join()


def _start_worker(threads: int) -> None:
    from lossbench.train import environment

    environment.set_up(threads)


def _work(folder: Path, threads: int) -> dict[str, Any]:
    from lossbench.train.job import run_job

    return run_job(folder, threads)


def _outcome(folder: Path, future: Any) -> dict[str, Any]:
    error = future.exception()
    if error is None:
        result: dict[str, Any] = future.result()
        return result
    killed = isinstance(error, ProcessExpired)
    text = f"the worker ended with exit code {error.exitcode}" if killed else f"{error}"
    result = {
        "schema": 1,
        "job_id": folder.name,
        "status": "killed" if killed else "error",
        "message": text,
    }
    (folder / "progress.json").unlink(missing_ok=True)
    store.write_json(folder / "result.json", result)
    return result

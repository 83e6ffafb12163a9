"""What happens inside a worker process; the only place of the executors that needs Keras."""

import os
from pathlib import Path
from typing import Any

from lossbench.errors import StoreError
from lossbench.executors.board import Limits, Task, record_failure
from lossbench.executors.machine import resident_mib

_begun = 0
"""How many jobs this process has begun."""


def prepare(threads: int, backend: str = "tensorflow", gpu: str | None = None) -> None:
    """Load a backend into this process with so many threads and, where given, one GPU only."""
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = gpu
    from lossbench.train import environment

    environment.set_up(threads, backend)


def is_outgrown(memory_mib: float) -> bool:
    """Whether this process holds more than it should; never before its first job."""
    return _begun > 0 and resident_mib() > memory_mib


def run_task(task: Task, limits: Limits, threads: int, stop: Path) -> dict[str, Any]:
    """Run one attempt at a job and return its result, whatever happens.

    Raises:
        StoreError: the job's folder cannot be written.
    """
    from lossbench.train.job import run_job

    global _begun
    _begun += 1
    folder = task.work.folder
    try:
        return run_job(
            folder,
            threads=threads,
            attempt=task.attempt,
            checkpoint_every_s=limits.checkpoint_every_s,
            stop=stop,
            memory_budget_mib=limits.memory_budget_mib,
            save_model=limits.save_model,
            tensorboard=limits.tensorboard,
        )
    except StoreError:
        raise  # a full disk says nothing about the job: it ends the run, and the job stays open
    except BaseException as error:  # SystemExit too: a loss may call sys.exit
        message = f"{type(error).__name__}: {error}"
        return record_failure(folder, "error", " ".join(message.split())[:500], task.attempt)

"""Jobs on a Ray cluster: long-lived actors that load the backend once."""

import contextlib
import logging
import os
import platform
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from lossbench.errors import LossbenchError
from lossbench.executors.board import MAX_LOST, POLL_S, Board, Ending, Limits, Task, Work, drive
from lossbench.executors.machine import default_memory_mib, default_workers
from lossbench.executors.worker import is_outgrown, prepare, run_task

START_LIMIT_S = 900.0
"""How long a run waits for its first worker: a cluster may have to start machines for it."""

KNOCK_LIMIT_S = 10.0
"""How long a cluster may take to answer."""

MAX_FALSE_STARTS = 3
"""How many workers in a row may end before they are ready."""


def run_jobs(
    work: Sequence[Work],
    *,
    workers: int,
    threads: int,
    limits: Limits,
    stop: Path,
    idle: Callable[[], None],
    address: str | None = None,
    backend: str = "tensorflow",
) -> Iterator[dict[str, Any]]:
    """Run jobs on a Ray cluster and yield each result once it is written.

    Job folders and the stop file lie where every machine sees them under the same path, and
    lossbench is installed on every machine. A worker that dies or runs too long costs its own job
    only; a machine that is lost costs nothing but time. When the iterator is closed, or an
    exception ends it, the workers are killed; what they ran has no result and may run again.

    Args:
        work: the jobs; those of equal key keep their order.
        workers: actors side by side; those for which there is no room wait for some.
        threads: CPUs of each; fixed for an experiment, since it changes the last bits.
        limits: what a job may take.
        stop: when this file appears, running jobs write a checkpoint and no other starts.
        idle: called several times a second, to show progress.
        address: of a running cluster; None means RAY_ADDRESS or, without it, this machine alone.
        backend: what Keras computes with in every worker; installed on every machine.

    Yields:
        Results in completion order, those with status "interrupted" or "claimed" included, which
        are written nowhere.

    Raises:
        StoreError: a job's folder cannot be written.
        LossbenchError: Ray is not installed, the cluster cannot be reached or is lost, or workers
            cannot start.
    """
    ray = _import_ray()
    if not work:
        return
    workers = max(1, min(workers, len(work)))
    # Workers on a cluster start in a folder of their own.
    work = [replace(one, folder=one.folder.absolute()) for one in work]
    stop = stop.absolute()
    with contextlib.ExitStack() as stack:
        if not ray.is_initialized():
            stack.enter_context(_connected(ray, address, workers * threads, idle))
        crew = _Crew(ray, workers, threads, limits, stop, backend)
        stack.callback(crew.kill)
        try:
            yield from drive(Board(work, limits, stop), crew, idle)
        except ray.exceptions.RayError as error:
            raise LossbenchError(f"Ray: {_in_short(error)}. Is the cluster still there?") from error


def _import_ray() -> ModuleType:
    # Ray's own lines about dead workers would land in the midst of what is printed.
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".*")
    try:
        import ray
    except ImportError as error:
        raise LossbenchError(
            'Ray is not installed; it runs jobs on several machines: pip install "lossbench[ray]".'
        ) from error
    return ray


@contextlib.contextmanager
def _connected(
    ray: ModuleType, address: str | None, cpus: int, idle: Callable[[], None]
) -> Iterator[None]:
    """Join a cluster for a while, or start one on this machine with so many CPUs.

    In a thread, since `ray.init` would take SIGTERM for itself and cannot be interrupted. The
    thread stays, since the processes of a cluster end with the thread that started them.
    """
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    own = {"num_cpus": cpus, "include_dashboard": False} if address == "local" else {}
    errors: list[BaseException] = []
    ready, over = threading.Event(), threading.Event()

    def connect() -> None:
        try:
            _knock(address)
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **own)
        except BaseException as error:
            errors.append(error)
        ready.set()
        over.wait()

    threading.Thread(target=connect, name="ray.init", daemon=True).start()
    try:
        while not ready.wait(POLL_S):
            idle()
        if errors:
            raise LossbenchError(
                f"Ray: cannot reach {address!r}: {_in_short(errors[0])}. `ray status` on its first "
                "machine shows whether it runs; if it asks for a token, set RAY_AUTH_MODE=token."
            ) from errors[0]
        yield
    finally:
        ready.wait(KNOCK_LIMIT_S)  # after an interrupt, for what is about to start
        if ray.is_initialized():
            ray.shutdown()
        over.set()


def _knock(address: str) -> None:
    """Ask whether anybody listens at `host:port`: Ray itself keeps trying for minutes.

    Raises:
        OSError: nobody does.
    """
    host, _, port = address.rpartition(":")
    if port.isdigit() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), KNOCK_LIMIT_S).close()


def gpu_share(gpus: float, workers: int) -> float:
    """Return the share of a GPU that each worker asks for, such that all of them find room."""
    if gpus < 1:
        return 0.0
    side_by_side = -(-workers // int(gpus))
    return int(10_000 / side_by_side) / 10_000  # Ray counts in ten-thousandths


class RemoteWorker:
    """A worker process on some machine of the cluster."""

    def __init__(
        self, limits: Limits, threads: int, stop: Path, backend: str, data: str | None
    ) -> None:
        self._limits, self._threads, self._stop = limits, threads, stop
        if data is not None:  # a cluster has the environment of whoever started it
            os.environ["LOSSBENCH_DATA"] = data
        self._memory_mib = limits.memory_mib or default_memory_mib(default_workers(threads))
        prepare(threads, backend)

    def where(self) -> tuple[str, tuple[str, int]]:
        """Return the id of the machine in the cluster; its name and this process's number."""
        import ray

        return ray.get_runtime_context().get_node_id(), (platform.node(), os.getpid())

    def run(self, task: Task) -> dict[str, Any] | None:
        """Run one attempt at a job; None where this process is to be replaced before."""
        if is_outgrown(self._memory_mib):
            return None
        return run_task(task, self._limits, self._threads, self._stop)


@dataclass
class _Member:
    """One worker.

    Attributes:
        actor: its handle.
        ref: what it is asked for: where it is, or a result; None while it is free.
        node: its machine's id; None until it is ready.
        process: its machine's name and its number there, as leases name it.
        deadline: when its job has taken too long, by the monotonic clock.
    """

    actor: Any
    ref: Any
    node: str | None = None
    process: tuple[str, int] = ("unknown", 0)
    deadline: float | None = None


class _Crew:
    """Actors, each replaced when it dies."""

    def __init__(
        self,
        ray: ModuleType,
        workers: int,
        threads: int,
        limits: Limits,
        stop: Path,
        backend: str,
    ) -> None:
        self._ray, self._limits, self._threads = ray, limits, threads
        data = os.environ.get("LOSSBENCH_DATA")
        self._start_args = (limits, threads, stop, backend, data and os.path.abspath(data))
        share = gpu_share(ray.cluster_resources().get("GPU", 0), workers)
        self._actor_class = ray.remote(RemoteWorker).options(
            num_cpus=threads, num_gpus=share, scheduling_strategy="SPREAD"
        )
        self._false_starts = 0
        self._alive_at = time.monotonic()
        self._members = [self._hire() for _ in range(workers)]

    def _hire(self) -> _Member:
        actor = self._actor_class.remote(*self._start_args)
        return _Member(actor, actor.where.remote())

    def _replace(self, worker: int) -> None:
        self._ray.kill(self._members[worker].actor)
        self._members[worker] = self._hire()

    def free(self) -> list[int]:
        return [i for i, member in enumerate(self._members) if member.ref is None]

    def begin(self, worker: int, task: Task) -> None:
        member, limit = self._members[worker], self._limits.timeout_s
        member.ref = member.actor.run.remote(task)
        member.deadline = None if limit is None else time.monotonic() + limit

    def wait(self, seconds: float) -> list[tuple[int, Ending]]:
        refs = {member.ref: i for i, member in enumerate(self._members) if member.ref is not None}
        if not refs:
            time.sleep(seconds)
            return []
        ready, others = self._ray.wait(list(refs), num_returns=1, timeout=seconds)
        if ready and others:
            ready += self._ray.wait(others, num_returns=len(others), timeout=0)[0]
        endings = [(refs[ref], self._ending_of(refs[ref])) for ref in ready]
        endings += [(i, self._give_up(i)) for i in self._late()]
        self._check_start()
        return [(i, ending) for i, ending in endings if ending is not None]

    def _ending_of(self, worker: int) -> Ending | None:
        """Return how a job ended; None where no job ran and the worker was only starting."""
        member, errors = self._members[worker], self._ray.exceptions
        try:
            answer = self._ray.get(member.ref)
        except errors.RayTaskError as error:  # an exception of ours, the store's
            raise error.cause from None
        except errors.OutOfMemoryError:
            text = f"Ray ended its process on {member.process[0]}: memory ran out there"
            ending = Ending("oom", message=text, process=member.process)
        except errors.RayActorError as error:
            ending = self._death_of(member, error)
        else:
            member.ref = member.deadline = None
            if member.node is None:
                member.node, member.process = answer
                self._false_starts = 0
                return None
            if answer is not None:
                return Ending("returned", answer)
            ending = Ending("recycled")
        self._replace(worker)
        return None if member.node is None else ending

    def _death_of(self, member: _Member, error: Exception) -> Ending:
        if self._is_lost(member, error):
            text = f"its machine was lost {MAX_LOST + 1} times, at last {member.process[0]}"
            return Ending("lost", message=text, process=member.process)
        if member.node is None:
            self._false_starts += 1
            if self._false_starts >= MAX_FALSE_STARTS:
                raise LossbenchError(
                    f"Ray: {MAX_FALSE_STARTS} workers in a row ended before they were ready: "
                    f"{_in_short(error)}. lossbench must be installed on every machine."
                ) from error
        text = f"its process on {member.process[0]} ended, as when memory runs out; see log.txt"
        return Ending("killed", message=text, process=member.process)

    def _is_lost(self, member: _Member, error: Exception) -> bool:
        """Whether an actor has gone with its machine, of whose end the cluster hears late."""
        if isinstance(error, self._ray.exceptions.ActorUnavailableError):
            return True  # a process that dies alone is reported as dead
        alive = {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}
        known_dead = member.node is not None and member.node not in alive
        return known_dead or "its node has died" in str(error)

    def _late(self) -> list[int]:
        now = time.monotonic()
        return [i for i, m in enumerate(self._members) if m.deadline and now > m.deadline]

    def _give_up(self, worker: int) -> Ending:
        process, limit = self._members[worker].process, f"{self._limits.timeout_s:g}"
        self._replace(worker)
        text = f"took longer than {limit} s; see log.txt"
        return Ending("timeout", message=text, process=process)

    def _check_start(self) -> None:
        """Give up when nobody has been able to work for long."""
        now = time.monotonic()
        if any(member.node is not None for member in self._members):
            self._alive_at = now
        if now - self._alive_at > START_LIMIT_S:
            raise LossbenchError(
                f"Ray: no worker could start within {START_LIMIT_S:g} s; each needs "
                f"{self._threads} CPUs of one machine, and the cluster has "
                f"{self._ray.cluster_resources().get('CPU', 0):g}. `ray status` shows more."
            )

    def kill(self) -> None:
        """End all workers at once, whatever they do."""
        for member in self._members:
            with contextlib.suppress(self._ray.exceptions.RayError):  # of a cluster that is gone
                self._ray.kill(member.actor)


def _in_short(error: BaseException) -> str:
    """Return what an error of Ray's comes to; its texts are pages of advice."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[-1] if lines else type(error).__name__).rstrip(".")[:300]

"""The worker's surroundings: threads and determinism before Keras loads, and what ran."""

import contextlib
import math
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from lossbench.catalog.backends import BACKENDS
from lossbench.train import backends


def set_up(threads: int, backend: str = "tensorflow") -> None:
    """Prepare Keras's backend in this process: threads, determinism, memory growth.

    Must be called before anything else uses Keras. The number of threads changes the last bits of
    results, so it is fixed for an experiment and recorded.

    Args:
        threads: threads inside one operation, and operations at once.
        backend: tensorflow, jax or torch.
    """
    with _quiet():  # TensorFlow and JAX greet on standard error, whatever their log level
        backends.prepare(backend, threads)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let nothing through to standard error for a while, not even from C++."""
    sys.stderr.flush()
    saved = os.dup(2)
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(saved, 2)
        os.close(saved)


def device() -> str:
    """Return the kind of device that trains: "CPU", or the GPU's name."""
    return backends.device()


def versions() -> dict[str, str]:
    """Return the versions of what can change a number."""
    names = ("lossbench", "keras", *BACKENDS[backends.current()].packages, "numpy")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


STATUS = Path("/proc/self/status")
"""Where Linux tells what this process holds; VmHWM is the most since it was last forgotten."""


def forget_peak_memory() -> None:
    """Let the peak count from now on, where the system can: on Linux."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_mib() -> float:
    """Return the largest memory that this process has held, in MiB; NaN on Windows.

    On Linux since `forget_peak_memory`, and without what the process that started it held, which
    `ru_maxrss` counts; elsewhere since its start.
    """
    found = _from_status("VmHWM")
    if not math.isnan(found):
        return found
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024.0 if sys.platform == "linux" else 1024.0**2)


def load_per_cpu() -> float | None:
    """Return how many processes a CPU has had to serve in the last minute; None on Windows."""
    if not hasattr(os, "getloadavg"):
        return None
    return round(os.getloadavg()[0] / (os.cpu_count() or 1), 2)


def resident_mib() -> float:
    """Return the memory that this process holds now, in MiB; NaN elsewhere than on Linux."""
    return _from_status("VmRSS")


def _from_status(key: str) -> float:
    """Return a size that Linux tells of this process, in MiB; NaN where it does not."""
    try:
        lines = STATUS.read_text().splitlines()
    except OSError:
        return float("nan")
    found = [line.split()[1] for line in lines if line.startswith(f"{key}:")]
    return int(found[0]) / 1024.0 if found else float("nan")

"""What this machine has: CPUs, memory, GPUs, and how they are shared among workers."""

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
"""Where Linux shows what a container may use."""

LEAST_MEMORY_MIB = 2048.0
"""A worker holds a backend, a data set and a network: never replace it below this."""


def cpu_count(cgroup: Path = CGROUP) -> int:
    """Return how many CPUs this process may use, by affinity and by the container's quota."""
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    words = _read(cgroup / "cpu.max").split()
    if len(words) == 2 and words[0].isdigit() and words[1].isdigit():
        count = min(count, math.ceil(int(words[0]) / int(words[1])))
    return max(count, 1)


def default_layout(cpus: int) -> tuple[int, int]:
    """Return how many workers, and with how many threads each, suit so many CPUs.

    Two workers of one thread do 1.3 to 1.5 times the work of one worker of two threads: the
    networks are small.
    """
    return max(cpus, 1), 1


def default_workers(threads: int) -> int:
    """Return how many workers of so many threads keep this machine's CPUs busy, at least one."""
    return max(1, cpu_count() // threads)


def default_memory_mib(workers: int, cgroup: Path = CGROUP) -> float:
    """Return the memory above which one of several workers is replaced."""
    return max(memory_mib(cgroup) / 2 / max(workers, 1), LEAST_MEMORY_MIB)


def memory_mib(cgroup: Path = CGROUP) -> float:
    """Return the memory of this machine or container; infinite where it cannot be known."""
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (AttributeError, ValueError, OSError):  # not POSIX
        return math.inf
    limit = _read(cgroup / "memory.max").strip()
    return min(total, int(limit) / 2**20) if limit.isdigit() else total


def resident_mib() -> float:
    """Return the memory that this process holds now; elsewhere than on Linux, its largest yet."""
    fields = _read(Path("/proc/self/statm")).split()
    if len(fields) > 1:
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    try:
        import resource
    except ImportError:  # Windows: workers are not replaced
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def find_gpus(environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the NVIDIA GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    visible = environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        names = [name.strip() for name in visible.split(",")]
        end = next((i for i, name in enumerate(names) if name in ("", "-1")), len(names))
        return names[:end]  # CUDA, too, ignores what follows an invalid name
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    try:
        listed = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [str(i) for i in range(sum(line.startswith("GPU ") for line in listed.splitlines()))]


def gpu_for(worker: int, gpus: Sequence[str]) -> str | None:
    """Return the GPU of a worker where there are several to share out; None leaves all as it is."""
    return gpus[worker % len(gpus)] if len(gpus) > 1 else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""

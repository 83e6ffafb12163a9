"""The machine, the versions, and how many floating-point operations there are to do."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def describe() -> list[str]:
    """Return the machine and the versions as lines of Markdown."""
    names = ("lossbench", "tensorflow", "keras", "numpy", "scipy", "pandas")
    versions = ", ".join(f"{name} {_version(name)}" for name in names)
    load = f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"
    return [
        f"- processor: {_cpu_model()}, {cpu_count()} CPUs; memory {_memory_gib()}",
        f"- {platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"{versions}",
        f"- load of the last minute when it began: {load}",
    ]


def cpu_count() -> int:
    """Return how many CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"


def _cpu_model() -> str:
    """Return the processor's name; some virtual machines give only family and model numbers."""
    found: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            key, _, value = line.partition(":")
            found.setdefault(key.strip(), value.strip())
    except OSError:
        return platform.processor() or "unknown"
    name = found.get("model name", "unknown")
    return f"{name} (family {found.get('cpu family', '?')}, model {found.get('model', '?')})"


def _memory_gib() -> str:
    try:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    except (AttributeError, ValueError, OSError):
        return "unknown"
    return f"{total:.0f} GiB"


def seed_cnn_forward_flops(side: int = 28, channels: int = 1, classes: int = 10) -> int:
    """Return the floating-point operations of seed_cnn for one image, forward.

    A multiplication and an addition count as two; biases, activations and pooling are left out.
    """
    conv_1 = side - 2
    pool_1 = conv_1 // 2
    conv_2 = pool_1 - 2
    pool_2 = conv_2 // 2
    multiplications = (
        conv_1**2 * 32 * 9 * channels
        + conv_2**2 * 64 * 9 * 32
        + pool_2**2 * 64 * 128
        + 128 * classes
    )
    return 2 * multiplications


def seed_cnn_training_flops() -> int:
    """Return the operations of one training step for one image: three times forward.

    Backward computes the gradient by the weights and the gradient by the inputs, each as large as
    forward; that the first layer needs no gradient by its inputs is neglected (2.5 %).
    """
    return 3 * seed_cnn_forward_flops()

"""The worker's surroundings: threads and determinism before TensorFlow starts, and what ran."""

import contextlib
import math
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path


def set_up(threads: int) -> None:
    """Prepare TensorFlow in this process: threads, determinism, memory growth.

    Must be called before anything else uses TensorFlow. The number of threads changes the last
    bits of results, so it is fixed for an experiment and recorded.

    Args:
        threads: threads inside one operation, and operations at once.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["OMP_NUM_THREADS"] = str(threads)
    with _quiet():  # TensorFlow greets on standard error, whatever its log level
        import tensorflow as tf

        tf.config.list_physical_devices()

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)


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
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "CPU"
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU"))


def versions() -> dict[str, str]:
    """Return the versions of what can change a number."""
    found = {name: version(name) for name in ("lossbench", "keras", "tensorflow", "numpy")}
    return {"python": platform.python_version(), **found}


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

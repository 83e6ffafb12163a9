"""What Keras computes with: TensorFlow, JAX or PyTorch, prepared before Keras loads.

A process has one of them. What they differ in stands here and in `batches.py`: how threads are
limited and results made reproducible, what the device is called, and how memory runs out.
"""

import contextlib
import os
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np


def prepare(backend: str, threads: int) -> None:
    """Choose the backend of this process and make it reproducible.

    Must be called before anything else uses Keras or the backend.

    Args:
        backend: tensorflow, jax or torch.
        threads: threads inside one operation, and operations at once.
    """
    os.environ["KERAS_BACKEND"] = backend
    os.environ["OMP_NUM_THREADS"] = str(threads)
    _PREPARE[backend](threads)


def _tensorflow(threads: int) -> None:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    tf.config.experimental.enable_op_determinism()
    for gpu in gpus:
        tf.config.experimental.set_memory_growth(gpu, True)


def _jax(threads: int) -> None:
    # The size of XLA's pools of threads on a CPU. Its flag xla_cpu_multi_thread_eigen=false left
    # work on as many threads as there are processors (jaxlib 0.10.2).
    os.environ["NPROC"] = str(threads)
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # workers may share a GPU
    flags = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    import jax

    jax.devices()


def _torch(threads: int) -> None:
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # else cuBLAS may vary
    import torch

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(threads)
    torch.use_deterministic_algorithms(True)
    # That would also fill memory before it is written, for programs that read it unwritten.
    torch.utils.deterministic.fill_uninitialized_memory = False


_PREPARE: Mapping[str, Callable[[int], None]] = {
    "tensorflow": _tensorflow,
    "jax": _jax,
    "torch": _torch,
}


def current() -> str:
    """Return the backend of this process."""
    import keras

    return str(keras.backend.backend())


def device() -> str:
    """Return the kind of device that trains: "CPU", or the GPU's name."""
    return _DEVICE[current()]()


def _tensorflow_device() -> str:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return "CPU"
    return str(tf.config.experimental.get_device_details(gpus[0]).get("device_name", "GPU"))


def _jax_device() -> str:
    import jax

    first = jax.devices()[0]
    return "CPU" if first.platform == "cpu" else str(first.device_kind)


def _torch_device() -> str:
    import torch
    from keras.src.backend.torch.core import get_device  # what Keras chose; nothing public says it

    kind = str(get_device()).partition(":")[0]
    return torch.cuda.get_device_name(0) if kind == "cuda" else kind.upper()


_DEVICE: Mapping[str, Callable[[], str]] = {
    "tensorflow": _tensorflow_device,
    "jax": _jax_device,
    "torch": _torch_device,
}


def compiles() -> bool:
    """Whether Keras compiles steps with XLA (on JAX), which is slow and no use elsewhere.

    With TensorFlow XLA's convolutions took three times as long on a CPU; PyTorch's compiler needs
    one for C++ and longer than a small training takes.
    """
    return current() == "jax"


def seed(number: int) -> None:
    """Start all generators of random numbers anew: of Python, NumPy and the backend."""
    if current() == "tensorflow":
        import keras

        keras.utils.set_random_seed(number)
        return
    # Keras's own function loads TensorFlow on every backend: 2.5 s and 450 MiB for each worker.
    random.seed(number)
    np.random.seed(number)
    if current() == "torch":
        import torch

        torch.manual_seed(number)


def seed_epoch(number: int, epoch: int) -> None:
    """Let what layers draw in an epoch follow from the seed alone, whatever was drawn before.

    Keras's layers keep the state of their generators in variables, except on PyTorch: there
    `Dropout` without a seed of its own draws from the global generator, which no checkpoint holds.
    `fit` draws from it as well, once more where it builds the network: call this after that.

    Args:
        number: the job's seed.
        epoch: counts from 1.
    """
    if current() == "torch":
        import torch

        torch.manual_seed(int(np.random.SeedSequence([number, epoch]).generate_state(1)[0]))


def drawing_apart(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that may draw random numbers, and moves nothing that others draw.

    On PyTorch a loss and the layers of a network share the global generator; elsewhere Keras's
    layers have their own.
    """
    if current() != "torch":
        return function
    import torch

    def apart(*arguments: Any) -> Any:
        with torch.random.fork_rng():
            return function(*arguments)

    return apart


@contextlib.contextmanager
def building() -> Iterator[None]:
    """Build a network without delay.

    Keras draws initial weights, which are replaced afterwards. On JAX a program is compiled for
    each shape of them; unoptimised that takes a third of the time.
    """
    if current() != "jax":
        yield
        return
    import jax

    before = jax.config.read("jax_disable_most_optimizations")
    jax.config.update("jax_disable_most_optimizations", True)
    try:
        yield
    finally:
        jax.config.update("jax_disable_most_optimizations", before)


_OUT_OF_MEMORY = ("ResourceExhaustedError", "OutOfMemoryError")
"""Exceptions of TensorFlow, and of PyTorch on a GPU."""

_SAYS_OUT_OF_MEMORY = ("Out of memory", "DefaultCPUAllocator: can't allocate memory")
"""What JAX says, and PyTorch on a CPU, in a RuntimeError."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception of Python or of a backend says that memory ran out."""
    if isinstance(error, MemoryError) or type(error).__name__ in _OUT_OF_MEMORY:
        return True
    return isinstance(error, RuntimeError) and any(t in str(error) for t in _SAYS_OUT_OF_MEMORY)

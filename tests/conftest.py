"""Shared by all tests: TensorFlow quiet and single-threaded, real data where it is there."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with real MNIST; skips where it is absent."""
    folder = Path(os.environ.get("LOSSBENCH_DATA", "/nonexistent"))
    if not (folder / "mnist.npz").is_file():
        pytest.skip("LOSSBENCH_DATA names no folder with mnist.npz")
    return folder

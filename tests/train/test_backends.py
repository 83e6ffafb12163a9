"""Training on JAX and PyTorch: the promises that hold on TensorFlow, and the same numbers."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lossbench.catalog.backends import BACKENDS
from lossbench.train import backends, environment
from tests.train import on_backend

TOLERANCE = 1e-4
"""Of losses and weights after 50 steps, relative to the largest. Backends add in other orders: the
last bits differ, and more as training goes on. Measured: losses 8e-7, weights 2e-5."""

LOOSE = {"embedding head, class-balanced batches": 0.02}
"""Triplet chooses the nearest of the negatives that are far enough: the last bits decide which."""

ROOT = Path(__file__).parents[2]


def ask(backend, folder, what):
    """Let a process of its own, with one backend, do something; skips where it is missing."""
    if not all(map(importlib.util.find_spec, BACKENDS[backend].packages)):
        pytest.skip(f"{backend} is not installed: {BACKENDS[backend].install}")
    done = subprocess.run(
        [sys.executable, "-m", "tests.train.on_backend", backend, folder, what],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def on_tensorflow(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tensorflow")
    return folder, on_backend.fifty_steps(folder)


@pytest.fixture(scope="module", params=["jax", "torch"])
def basics(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    return request.param, folder, ask(request.param, folder, "basics")


def test_fifty_steps_of_cross_entropy_agree_with_tensorflow(basics, on_tensorflow):
    _, folder, answers = basics
    reference, expected = on_tensorflow
    assert len(expected["steps"]) == 50 and expected["steps"][-1] < 0.9 * expected["steps"][0]
    np.testing.assert_allclose(answers["fifty"]["steps"], expected["steps"], rtol=TOLERANCE)
    with np.load(folder / "weights.npz") as found, np.load(reference / "weights.npz") as wanted:
        for name in wanted.files:
            limit = TOLERANCE * np.abs(wanted[name]).max()
            np.testing.assert_allclose(found[name], wanted[name], rtol=0, atol=limit)


def test_a_job_gives_identical_numbers_with_a_network_that_another_seed_has_trained(basics):
    _, _, answers = basics
    assert answers["fifty"]["again"] == answers["fifty"]["steps"]


def test_interrupted_it_goes_on_bit_identically(basics):
    _, _, answers = basics
    assert answers["interrupted"] == {"first": "interrupted", "identical": True}


def test_stages_averages_and_schedules_work_together(basics):
    _, _, answers = basics
    assert answers["fine_tuned"] == {"status": "ok", "message": None, "identical": True}


def test_one_thread_means_one(basics):
    _, _, answers = basics
    assert answers["processor_share"] < 1.3


def test_what_ran_is_recorded(basics):
    backend, _, answers = basics
    result = answers["result"]
    assert result["backend"] == backend
    assert set(BACKENDS[backend].packages) < set(result["versions"])
    assert "tensorflow" not in result["versions"]
    assert result["device"] and result["threads"] == 1


def test_tensorflow_is_not_loaded_beside_it(basics):
    """It would take 450 MiB and two seconds of each worker."""
    _, _, answers = basics
    assert "tensorflow" not in answers["loaded"]


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_running_out_of_memory_is_noticed(basics):
    _, _, answers = basics
    assert answers["out_of_memory"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_a_loss_of_each_family_trains_as_on_tensorflow(backend, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    found = ask(backend, tmp_path / "there", "families")
    expected = on_backend.families(tmp_path / "here")
    assert found["streamed"] and expected["streamed"]
    for name, family in expected["families"].items():
        assert family["status"] == "ok", (name, family)
        assert found["families"][name]["status"] == "ok", (name, found["families"][name])
        steps = found["families"][name]["steps"]
        tolerance = LOOSE.get(name, TOLERANCE)
        np.testing.assert_allclose(steps, family["steps"], rtol=tolerance, err_msg=name)


def test_this_process_is_on_tensorflow():
    assert backends.current() == "tensorflow" and not backends.compiles()
    assert list(environment.versions()) == ["python", "lossbench", "keras", "tensorflow", "numpy"]


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (MemoryError(), True),
        (type("ResourceExhaustedError", (Exception,), {})("OOM when allocating tensor"), True),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory."), True),
        (RuntimeError("INTERNAL: Error: Out of memory allocating 4000000000000 bytes."), True),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 4"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to"), True),
        (RuntimeError("shapes do not match"), False),
        (ValueError("Out of memory is what this loss says"), False),
    ],
)
def test_what_counts_as_running_out_of_memory(error, is_it):
    assert backends.is_out_of_memory(error) == is_it

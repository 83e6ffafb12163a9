"""How CPUs, memory and GPUs are shared out."""

import math
import os

import pytest

from lossbench.executors import machine


def test_cpu_count_is_what_this_process_may_use(tmp_path):
    assert 1 <= machine.cpu_count(tmp_path) <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("quota", "cpus"),
    [("100000 100000", 1), ("50000 100000", 1), ("150000 100000", 2), ("max 100000", 64), ("", 64)],
)
def test_a_containers_quota_bounds_the_cpus(tmp_path, monkeypatch, quota, cpus):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    (tmp_path / "cpu.max").write_text(quota + "\n")
    assert machine.cpu_count(tmp_path) == cpus


def test_by_default_each_cpu_has_a_worker_of_one_thread():
    assert machine.default_layout(8) == (8, 1)
    assert machine.default_layout(1) == machine.default_layout(0) == (1, 1)


def test_workers_share_half_of_the_memory_but_have_enough_each(tmp_path):
    (tmp_path / "memory.max").write_text(f"{32 * 2**30}\n")
    total = machine.memory_mib(tmp_path)
    assert 0 < total <= 32 * 1024
    assert machine.default_memory_mib(1, tmp_path) == max(total / 2, 2048)
    assert machine.default_memory_mib(1000, tmp_path) == 2048


def test_memory_without_a_limit_is_the_machines(tmp_path):
    (tmp_path / "memory.max").write_text("max\n")
    assert machine.memory_mib(tmp_path) == machine.memory_mib(tmp_path / "nothing") > 0


def test_resident_memory_grows_with_what_is_held():
    before = machine.resident_mib()
    held = b"x" * (64 * 2**20)
    grown = machine.resident_mib() - before
    del held
    assert math.isclose(grown, 64, abs_tol=16)


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        ("0,1,3", ["0", "1", "3"]),
        ("GPU-8f2a, GPU-93bc", ["GPU-8f2a", "GPU-93bc"]),
        ("0,-1,2", ["0"]),
        ("", []),
        ("-1", []),
    ],
)
def test_visible_gpus_are_read_as_cuda_reads_them(visible, found):
    assert machine.find_gpus({"CUDA_VISIBLE_DEVICES": visible}) == found


def test_otherwise_the_driver_names_the_gpus(tmp_path, monkeypatch):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        "#!/bin/sh\necho 'GPU 0: A100 (UUID: x)'\necho '  MIG 1g'\necho 'GPU 1: A100'\n"
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert machine.find_gpus({}) == ["0", "1"]
    tool.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n")
    assert machine.find_gpus({}) == []


def test_several_gpus_are_dealt_out_and_one_is_shared():
    assert [machine.gpu_for(i, ["a", "b"]) for i in range(5)] == ["a", "b", "a", "b", "a"]
    assert [machine.gpu_for(i, ["a"]) for i in range(2)] == [None, None]
    assert machine.gpu_for(0, []) is None

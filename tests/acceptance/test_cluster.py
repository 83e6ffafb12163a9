"""The smoke experiment on Ray, started as a user starts it."""

import importlib.util

import pytest


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")
def test_ray_gives_the_numbers_of_local_workers(lossbench, configs, undisturbed):
    out, _ = lossbench("run", configs / "smoke.yaml", "--executor", "ray", "--workers", 2)
    assert "4 trained now" in out
    folder = lossbench.cwd / "runs" / "smoke"
    for table in ("metrics.csv", "confusion.csv", "plan.csv"):
        assert (folder / table).read_text() == (undisturbed / table).read_text(), table


def test_an_address_where_nothing_is(lossbench, configs):
    pytest.importorskip("ray")
    args = ("--executor", "ray", "--address", "127.0.0.1:1")
    _, err = lossbench("run", configs / "smoke.yaml", *args, code=1)
    assert "cannot reach '127.0.0.1:1'" in err

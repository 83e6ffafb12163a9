"""The file of a downloaded data set appears whole or not at all."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from lossbench.datasets.download import main, write_whole


def test_an_interrupted_write_leaves_nothing(tmp_path, monkeypatch):
    def stop(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez_compressed", stop)
    with pytest.raises(OSError, match="disk full"):
        write_whole(tmp_path / "data" / "mnist.npz", {"x_train": np.zeros(3)})
    assert not list((tmp_path / "data").iterdir())


def test_what_keras_gives_is_written_into_the_cache(tmp_path, monkeypatch):
    x, y = np.arange(8, dtype=np.uint8).reshape(2, 2, 2), np.array([[0], [1]])
    digits = SimpleNamespace(load_data=lambda: ((x, y), (x + 1, y)))
    keras = SimpleNamespace(datasets=SimpleNamespace(mnist=digits))
    monkeypatch.setitem(sys.modules, "keras", keras)
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path))
    main("mnist")
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["mnist.npz"]
    with np.load(tmp_path / "data" / "mnist.npz") as arrays:
        assert set(arrays.files) == {"x_train", "y_train", "x_test", "y_test"}
        np.testing.assert_array_equal(arrays["x_test"], x + 1)

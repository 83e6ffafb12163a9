"""Downloadable data: where it is looked for, what is refused, and being without a network."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from lossbench.datasets import describe, load, prepare, split_sha256
from lossbench.datasets.keras_npz import places
from lossbench.errors import DataError


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """No data on this machine: every place is an empty folder."""
    monkeypatch.delenv("LOSSBENCH_DATA", raising=False)
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


def cifar10(**changes):
    """Arrays of the shapes and class counts of CIFAR-10, all black."""
    arrays = {
        "x_train": np.zeros((50_000, 32, 32, 3), np.uint8),
        "y_train": np.repeat(np.arange(10, dtype=np.uint8), 5000)[:, np.newaxis],
        "x_test": np.zeros((10_000, 32, 32, 3), np.uint8),
        "y_test": np.repeat(np.arange(10, dtype=np.uint8), 1000)[:, np.newaxis],
    }
    return arrays | changes


def write(folder, name, arrays):
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / f"{name}.npz", **arrays)
    return folder


def empty_file(folder, name):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.npz").touch()


real = pytest.mark.skipif(
    not (Path(os.environ.get("LOSSBENCH_DATA") or "/nowhere") / "mnist.npz").is_file(),
    reason="mnist.npz is not in LOSSBENCH_DATA",
)
REAL_FOLDER = os.environ.get("LOSSBENCH_DATA", "")


def test_places_in_order(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_DATA", str(tmp_path / "env"))
    assert places("cifar10", str(tmp_path / "given")) == [
        tmp_path / "given" / "cifar10.npz",
        tmp_path / "env" / "cifar10.npz",
        tmp_path / "cache" / "data" / "cifar10.npz",
        tmp_path / "keras" / "datasets" / "cifar10.npz",
    ]


def test_places_without_variables_lie_at_home(monkeypatch):
    monkeypatch.delenv("LOSSBENCH_CACHE")
    monkeypatch.delenv("KERAS_HOME")
    assert places("mnist", None) == [
        Path.home() / ".cache" / "lossbench" / "data" / "mnist.npz",
        Path.home() / ".keras" / "datasets" / "mnist.npz",
    ]


@pytest.mark.parametrize(
    ("name", "n", "shape", "classes"),
    [
        ("mnist", 60_000, (28, 28, 1), 10),
        ("fashion_mnist", 60_000, (28, 28, 1), 10),
        ("cifar10", 50_000, (32, 32, 3), 10),
        ("cifar100", 50_000, (32, 32, 3), 100),
    ],
)
def test_describe_needs_no_file(name, n, shape, classes):
    facts = describe(name, {})
    assert (facts.n_train, facts.n_validation, facts.n_test) == (n * 9 // 10, n // 10, 10_000)
    assert (facts.image_shape, facts.n_classes) == (shape, classes)
    assert len(set(facts.class_names)) == classes
    assert facts.needs_download
    assert describe(name, {"subset": 1000}).n_train == 900


def test_cifar100_names_are_in_the_order_of_its_labels():
    # The fine labels are numbered in alphabetical order.
    names = describe("cifar100", {}).class_names
    assert list(names) == sorted(names)


def test_a_file_that_is_there_needs_no_download_and_is_not_opened(tmp_path):
    empty_file(tmp_path / "given", "mnist")
    assert not describe("mnist", {"data_dir": str(tmp_path / "given")}).needs_download
    prepare("mnist", {"data_dir": str(tmp_path / "given")})


def test_the_first_place_wins(tmp_path, monkeypatch):
    empty_file(tmp_path / "cache" / "data", "mnist")
    empty_file(tmp_path / "env", "mnist")
    monkeypatch.setenv("LOSSBENCH_DATA", str(tmp_path / "env"))
    with pytest.raises(DataError, match=r"env/mnist.npz: this is no .npz file"):
        load("mnist", {})


def test_cifar10_labels_of_keras_are_flattened(tmp_path):
    arrays = cifar10()
    arrays["x_train"][:, 0, 0, 0] = np.arange(50_000) % 251
    folder = write(tmp_path / "data", "cifar10", arrays)
    splits = load("cifar10", {"data_dir": str(folder), "subset": 1000})
    assert np.bincount(splits.train.targets).tolist() == [90] * 10
    assert splits.train.images.shape == (900, 32, 32, 3)
    np.testing.assert_array_equal(splits.train.images[:, 0, 0, 0], splits.train.ids % 251)
    assert len(splits.test.ids) == 10_000
    assert splits.class_names[0] == "airplane"


def short(n):
    return np.zeros((n, 32, 32, 3), np.uint8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x_train": short(100)}, r"x_train is uint8 \[100, 32, 32, 3\]; uint8 \[50000, 32"),
        ({"x_test": short(9)}, r"x_test is uint8 \[9, 32"),
        ({"x_test": np.zeros((10_000, 32, 32, 3))}, "x_test is float64"),
        ({"y_test": np.zeros(10_000)}, "y_test is float64"),
        ({"y_train": np.zeros(5, int)}, r"y_train is int64 \[5\]; whole numbers \[50000\]"),
        ({"y_test": np.full(10_000, 10)}, "y_test reach from 10 to 10; 0 to 9 is accepted"),
        ({"y_test": np.full(10_000, -1)}, "y_test reach from -1"),
        ({"y_train": np.zeros(50_000, int)}, "class 0 has 50000 training images; 5000 is"),
    ],
)
def test_another_file_under_the_right_name_is_refused(tmp_path, changes, message):
    black = np.broadcast_to(np.uint8(0), (50_000, 32, 32, 3))  # checked before it is read
    folder = write(tmp_path / "data", "cifar10", cifar10(x_train=black) | changes)
    with pytest.raises(DataError, match=f"cifar10.npz: this is not cifar10: .*{message}"):
        load("cifar10", {"data_dir": str(folder)})


def test_a_subset_file_is_not_cifar10(tmp_path):
    empty_file(tmp_path / "data", "cifar10-subset")
    assert describe("cifar10", {"data_dir": str(tmp_path / "data")}).needs_download


def test_missing_arrays_are_named(tmp_path):
    folder = write(tmp_path / "data", "mnist", {"x_train": np.zeros(3), "y_train": np.zeros(3)})
    with pytest.raises(DataError, match=r"x_test, y_test are missing"):
        load("mnist", {"data_dir": str(folder)})


def test_load_names_every_place(tmp_path):
    with pytest.raises(DataError) as caught:
        load("cifar100", {"data_dir": str(tmp_path / "given")})
    text = str(caught.value)
    for place in ("given", "cache/data", "keras/datasets"):
        assert str(tmp_path / place / "cifar100.npz") in text
    assert "Set data_dir or LOSSBENCH_DATA" in text


def test_without_a_network_there_is_one_clear_error_soon(tmp_path, monkeypatch):
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    begun = time.monotonic()
    with pytest.raises(DataError) as caught:
        prepare("cifar10", {})
    assert time.monotonic() - begun < 60
    text = str(caught.value)
    assert "cifar10.npz is not on this machine and could not be downloaded (" in text
    assert "Connection refused" in text
    assert str(tmp_path / "cache" / "data" / "cifar10.npz") in text
    assert "or run once with a network." in text
    assert "\n" not in text
    assert not list(tmp_path.glob("cache/data/*"))


@real
def test_real_mnist():
    splits = load("mnist", {"data_dir": REAL_FOLDER})
    facts = describe("mnist", {"data_dir": REAL_FOLDER})
    assert not facts.needs_download
    assert (len(splits.train.ids), len(splits.validation.ids)) == (54_000, 6_000)
    assert splits.train.images.shape == (54_000, 28, 28, 1)
    # 0.1307 is the well-known mean of MNIST's training images; 980 zeros are in its test part.
    assert splits.train.images.mean() / 255 == pytest.approx(0.1307, abs=5e-4)
    assert np.bincount(splits.test.targets)[0] == 980
    assert np.bincount(splits.test.targets).tolist() == list(facts.test_counts)
    assert split_sha256(splits)[:16] == "d9bfc3e3bda87221"


@real
def test_real_mnist_subset():
    splits = load("mnist", {"data_dir": REAL_FOLDER, "subset": {"n": 1000, "balanced": True}})
    assert np.bincount(splits.train.targets).tolist() == [90] * 10
    assert len(splits.test.ids) == 10_000

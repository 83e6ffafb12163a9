"""Exact copies of images within and between parts, and groups on both sides."""

import numpy as np
import pytest

from lossbench.catalog import DATASETS
from lossbench.datasets import describe, leaks
from lossbench.datasets.duplicates import Overlap, duplicates, fingerprints, overlap_of, repeated
from lossbench.datasets.mnist_mini import read
from lossbench.datasets.splitting import Source

RNG = np.random.default_rng(0)


def images(n, dtype=np.uint8):
    return RNG.integers(0, 256, (n, 3, 3, 2)).astype(dtype)


def test_pairs_are_those_that_comparing_all_with_all_finds():
    tiny = np.random.default_rng(1).integers(0, 2, (60, 2, 2, 1)).astype(np.uint8)  # 16 kinds
    first, second = tiny[:40], tiny[40:]
    flat = [list(map(tuple, part.reshape(len(part), -1))) for part in (first, second)]
    expected = [[flat[0].index(one), i] for i, one in enumerate(flat[1]) if one in flat[0]]
    assert duplicates(first, second).tolist() == expected
    own = [[flat[0].index(one), i] for i, one in enumerate(flat[0]) if flat[0].index(one) < i]
    assert repeated(first).tolist() == own


def test_nothing_is_shared_by_different_images_or_empty_parts():
    assert duplicates(images(50), images(50)).shape == (0, 2)
    assert repeated(images(50)).shape == (0, 2)
    assert duplicates(images(0), images(5)).shape == duplicates(images(5), images(0)).shape
    almost = images(2, np.float32)
    almost[1] = almost[0]
    almost[1, 0, 0, 0] = np.nextafter(almost[0, 0, 0, 0], np.float32(300))
    assert repeated(almost).shape == (0, 2)


def test_fingerprints_of_images_on_disk_are_the_same(tmp_path):
    found = images(1500)  # more than are looked at together
    np.save(tmp_path / "x.npy", found)
    stored = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert (fingerprints(stored) == fingerprints(found)).all()
    assert (fingerprints(found[:, :, ::-1]) == fingerprints(found[:, :, ::-1].copy())).all()


def source(train, test, groups=None, test_groups=None):
    return Source(
        images=train,
        targets=np.zeros(len(train), np.int32),
        test_images=test,
        test_targets=np.zeros(len(test), np.int32),
        task="multiclass",
        class_names=("a", "b"),
        groups=groups,
        test_groups=test_groups,
    )


def test_test_images_in_training_and_groups_on_both_sides_are_counted():
    train, test = images(20), images(8)
    test[[2, 5]] = train[[7, 7]]
    found = overlap_of(source(train, test, np.arange(20), np.arange(15, 23)))
    assert found == Overlap(images=2, of=8, groups=5, drawn=False)
    first, second = found.sentences("here")
    assert first.startswith("here: 2 of the 8 test images are in training or validation too")
    assert second.startswith("here: 5 groups are in training or validation and in the test too")
    assert overlap_of(source(train, images(8), np.arange(20))).sentences("here") == []


def test_copies_count_where_the_test_is_drawn_unless_they_share_a_group():
    train = images(20)
    train[[3, 4]] = train[2]
    train[11] = train[10]
    assert overlap_of(source(train, train[:0])) == Overlap(5, 20, groups=0, drawn=True)
    groups = np.char.add("p", np.arange(20).astype(str))
    groups[11] = groups[10]
    groups[3] = groups[2]
    found = overlap_of(source(train, train[:0], groups))
    assert found.images == 3
    assert "3 of the 20 images have an exact copy among them" in found.sentences("here")[0]


def test_the_digits_inside_the_package_are_all_different():
    digits = read("mnist_mini")
    assert overlap_of(digits).images == len(repeated(digits.images)) == 0


@pytest.fixture
def leaky(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))
    train, test = images(20), images(6)
    test[0] = train[0]
    labels = {"y_train": np.arange(20) % 2, "y_test": np.arange(6) % 2}
    np.savez(tmp_path / "mine.npz", x_train=train, x_test=test, **labels)
    return {"path": str(tmp_path / "mine.npz")}


def test_leaks_are_said_and_remembered_until_the_file_changes(leaky, monkeypatch):
    content = describe("npz", leaky).content_sha256
    first = leaks("npz", leaky, content)
    assert [text.partition(" test")[0] for text in first] == ["data set 'npz': 1 of the 6"]
    monkeypatch.setattr("lossbench.datasets._own", None)  # not read again
    assert leaks("npz", leaky | {"subset": 10}, content) == first
    with pytest.raises(TypeError):
        leaks("npz", leaky, "another content")


def test_leaks_are_said_where_nothing_can_be_kept(leaky, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "file"))
    assert len(leaks("npz", leaky, "content")) == 1


def test_synthetic_images_are_not_looked_at(monkeypatch):
    monkeypatch.setattr("lossbench.datasets._own", None)
    for row in DATASETS:
        if row.name.startswith(("synthetic", "digit", "mnist_mini")):
            assert leaks(row.name, {}, None) == []

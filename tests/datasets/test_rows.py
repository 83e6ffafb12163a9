"""Rows of arrays on disk: what NumPy gives, without keeping what was read."""

import subprocess
import sys

import numpy as np
import pytest

from lossbench.datasets.damaging import damaged
from lossbench.datasets.rows import Rows, Stack, read, take
from lossbench.datasets.splitting import Source, split

IMAGES = np.random.default_rng(0).integers(0, 256, (60, 4, 5, 3)).astype(np.uint8)


@pytest.fixture
def on_disk(tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    return np.load(tmp_path / "images.npy", mmap_mode="r", allow_pickle=False)


def test_pixels_are_not_picked_from_images_on_disk(tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, np.zeros((3, 2, 2, 1), np.uint8))
    rows = Rows(np.load(path, mmap_mode="r"), np.array([0, 2]))
    for key in (..., (slice(None), 0)):
        with pytest.raises(TypeError, match="first axis"):
            rows[key]


def test_rows_look_like_the_array_of_them(on_disk):
    ids = np.array([7, 3, 3, 59])
    rows = take(on_disk, ids)
    assert isinstance(rows, Rows)
    expected = IMAGES[ids]
    assert (len(rows), rows.shape, rows.dtype, rows.ndim, rows.nbytes) == (
        len(expected),
        expected.shape,
        expected.dtype,
        expected.ndim,
        expected.nbytes,
    )
    np.testing.assert_array_equal(np.asarray(rows), expected)
    assert np.asarray(rows, dtype=np.float32).dtype == np.float32
    for key in (0, -1, slice(1, 3), [2, 0], np.array([True, False, False, True])):
        found = rows[key]
        assert type(found) is np.ndarray, key
        np.testing.assert_array_equal(found, expected[key])
    np.testing.assert_array_equal(list(rows), expected)
    with pytest.raises(IndexError):
        rows[4]


def test_rows_of_rows_are_rows_of_the_file(on_disk):
    twice = take(take(on_disk, np.arange(10, 40)), np.array([5, 0]))
    assert isinstance(twice, Rows) and twice.pool is on_disk
    np.testing.assert_array_equal(np.asarray(twice), IMAGES[[15, 10]])


def test_an_array_in_memory_is_taken_at_once():
    found = take(IMAGES, np.array([1, 0]))
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, IMAGES[[1, 0]])


def test_an_array_of_rows_is_never_a_view(on_disk):
    for lazy in (take(on_disk, np.arange(3)), Stack([on_disk])):
        with pytest.raises(ValueError, match="is a copy"):
            np.array(lazy, copy=False)


def test_reading_leaves_what_was_written_into_a_private_copy(tmp_path):
    """Pages of mode "c" hold changes that stand nowhere else."""
    np.save(tmp_path / "images.npy", IMAGES)
    private = np.load(tmp_path / "images.npy", mmap_mode="c", allow_pickle=False)
    private[0] = 9
    read(private, np.arange(5))
    assert (private[0] == 9).all()


def test_a_stack_is_the_parts_one_after_another(on_disk):
    parts = [take(on_disk, np.arange(20, 40)), IMAGES[:7], on_disk]
    stack = Stack(parts)
    whole = np.concatenate([np.asarray(part) for part in parts])
    assert (len(stack), stack.shape, stack.nbytes) == (len(whole), whole.shape, whole.nbytes)
    ids = np.random.default_rng(1).integers(0, len(whole), 200)
    np.testing.assert_array_equal(stack[ids], whole[ids])
    np.testing.assert_array_equal(stack[np.arange(26, 28)], whole[26:28])
    np.testing.assert_array_equal(np.asarray(stack), whole)
    assert stack[np.zeros(0, int)].shape == (0, 4, 5, 3)


def test_a_set_on_disk_is_split_and_damaged_as_one_in_memory(on_disk):
    def parts(images):
        targets = (np.arange(60) % 2).astype(np.int32)
        source = Source(images, targets, images[:8], targets[:8], "binary", ("no", "yes"))
        wishes = {"imbalance": {"type": "step", "ratio": 3.0}}
        found = damaged("x", split(source, 40, "x"), wishes, seed=1)
        return found.train, found.validation, found.test

    for lazy, plain in zip(parts(on_disk), parts(IMAGES), strict=True):
        np.testing.assert_array_equal(lazy.ids, plain.ids)
        np.testing.assert_array_equal(np.asarray(lazy.images), plain.images)
    train, validation, _ = parts(on_disk)
    assert isinstance(train.images, Rows) and isinstance(validation.images, Rows)


READER = """
import sys
from pathlib import Path
import numpy as np
from lossbench.datasets.rows import Stack, take
images = np.load(sys.argv[1], mmap_mode="r", allow_pickle=False)
order = np.random.default_rng(0).permutation(len(images))
stack = Stack([take(images, order[:40000]), images[:100]])
total = 0
for start in range(0, len(stack), 128):
    total += int(stack[np.arange(start, min(start + 128, len(stack)))][:, 0, 0].sum())
status = Path("/proc/self/status").read_text()  # getrusage counts the parent's memory, too
print(total, status.partition("VmHWM:")[2].split()[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_what_was_read_does_not_stay_in_memory(tmp_path):
    """A file of 1.6 GB, with holes, through a process that may hold a small part of it."""
    path = tmp_path / "images.npy"
    images = np.lib.format.open_memmap(path, "w+", np.uint8, (40_000, 200, 200))
    images[::1000, 0, 0] = 1
    images.flush()
    del images
    done = subprocess.run(
        [sys.executable, "-c", READER, str(path)], capture_output=True, text=True, check=True
    )
    total, peak_kib = map(int, done.stdout.split())
    assert total == 40 + 1, "all of it was read, and the first hundred twice"
    assert peak_kib < 200 * 1024

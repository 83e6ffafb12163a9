"""Grain, dead pixels and blur: sizes in their units, types that stay, draws that stay."""

import numpy as np
import pytest
from scipy import ndimage, stats

from lossbench.datasets import image_noise, rows

GREY = np.full((40, 20, 20, 3), 100, np.uint8)
BYTES = (0.0, 255.0)


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_range_is_that_of_bytes_or_of_the_floats():
    assert image_noise.grey_range(GREY) == (0.0, 255.0)
    assert image_noise.grey_range(np.array([-2.0, 0.5, 3.0], np.float32)) == (-2.0, 3.0)


def test_grain_is_normal_with_its_share_of_the_range():
    found = image_noise.grainy(GREY.astype(np.float32), 0.05, BYTES, rng())
    assert found.dtype == np.float32
    added = (found - 100).ravel() / (0.05 * 255)
    assert stats.kstest(added, "norm").pvalue > 0.001
    as_bytes = image_noise.grainy(GREY, 0.05, BYTES, rng())
    assert as_bytes.dtype == np.uint8
    np.testing.assert_array_equal(as_bytes, np.rint(found))


def test_grain_stays_in_the_range_and_does_not_wrap():
    dark = image_noise.grainy(np.zeros_like(GREY), 0.2, BYTES, rng())
    assert (dark == 0).mean() == pytest.approx(0.5, abs=0.02)
    assert dark.max() < 255
    floats = image_noise.grainy(np.zeros((5, 4, 4, 1), np.float32), 3.0, (-1.0, 1.0), rng())
    assert (floats.min(), floats.max()) == (-1.0, 1.0)


def test_salt_and_pepper_hit_their_share_of_whole_pixels():
    found = image_noise.salted(GREY, 0.2, BYTES, rng())
    assert found.dtype == np.uint8
    assert (found == found[..., :1]).all(), "all channels of a pixel together"
    n = GREY[..., 0].size
    black, white = (int((found[..., 0] == level).sum()) for level in (0, 255))
    assert stats.binomtest(black + white, n, 0.2).pvalue > 0.001
    assert stats.binomtest(black, black + white, 0.5).pvalue > 0.001
    assert set(np.unique(found)) == {0, 100, 255}


def test_salt_and_pepper_of_floats_are_their_extremes_and_rates_may_be_0_or_1():
    images = np.linspace(-1, 2, 300, dtype=np.float32).reshape(3, 10, 10, 1)
    np.testing.assert_array_equal(image_noise.salted(images, 0.0, (-1.0, 2.0), rng()), images)
    assert set(np.unique(image_noise.salted(images, 1.0, (-1.0, 2.0), rng()))) == {-1.0, 2.0}


def test_pixels_hit_at_a_low_rate_are_hit_at_a_higher_one():
    few, many = (image_noise.salted(GREY, rate, BYTES, rng()) for rate in (0.1, 0.4))
    hit = few != 100
    np.testing.assert_array_equal(many[hit], few[hit])


def test_blur_is_that_of_scipy_within_each_image_and_channel():
    images = rng().integers(0, 256, (3, 12, 12, 2)).astype(np.uint8)
    found = image_noise.blurred(images, 1.5)
    assert found.dtype == np.uint8
    alone = ndimage.gaussian_filter(images[1, :, :, 0].astype(np.float32), 1.5)
    np.testing.assert_array_equal(found[1, :, :, 0], np.rint(alone))


def test_blur_spreads_a_point_by_its_sigma():
    point = np.zeros((1, 61, 61, 1), np.float32)
    point[0, 30, 30] = 1
    across = image_noise.blurred(point, 3.0)[0, :, :, 0].sum(axis=0)
    assert across.sum() == pytest.approx(1, rel=1e-5)
    spread = np.sqrt((across * (np.arange(61) - 30) ** 2).sum())
    assert spread == pytest.approx(3.0, rel=0.02)  # scipy cuts off at 4 sigma


def test_images_on_disk_and_more_than_a_chunk_are_the_same(tmp_path, monkeypatch):
    np.save(tmp_path / "x.npy", GREY)
    on_disk = np.load(tmp_path / "x.npy", mmap_mode="r")
    whole = image_noise.grainy(GREY, 0.1, BYTES, rng())
    np.testing.assert_array_equal(image_noise.grainy(on_disk, 0.1, BYTES, rng()), whole)
    monkeypatch.setattr(image_noise, "chunks", lambda images: rows.chunks(images, 7))
    assert image_noise.grainy(GREY, 0.1, BYTES, rng()).shape == GREY.shape
    np.testing.assert_array_equal(image_noise.blurred(GREY, 2.0), GREY)

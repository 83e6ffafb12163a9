import numpy as np

from lossbench.reporting.figures.thumbnails import LONGEST, shown_pixels


def test_small_grey_images_stay_as_they_are_in_three_channels():
    images = np.arange(2 * 6 * 4, dtype=np.uint8).reshape(2, 6, 4, 1)
    shown = shown_pixels(images)
    assert shown.shape == (2, 6, 4, 3)
    assert np.array_equal(shown[..., 0], images[..., 0])
    assert np.array_equal(shown[..., 0], shown[..., 2])


def test_large_images_are_averaged_over_squares():
    image = np.zeros((1, 2 * LONGEST, LONGEST + 1, 3), np.uint8)
    image[0, :2, :2] = [[[200, 0, 0], [0, 0, 0]], [[200, 0, 0], [0, 0, 8]]]
    shown = shown_pixels(image)
    assert shown.shape == (1, LONGEST, LONGEST // 2, 3)
    assert shown[0, 0, 0].tolist() == [100, 0, 2]


def test_floats_are_stretched_to_the_range_of_the_images_and_constant_ones_are_black():
    images = np.array([-1.0, 0.0, 1.0, 3.0], np.float32).reshape(1, 2, 2, 1)
    assert shown_pixels(images)[0, ..., 0].tolist() == [[0, 64], [128, 255]]
    assert not shown_pixels(np.full((1, 5, 5, 2), 7.0, np.float32)).any()

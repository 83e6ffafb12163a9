"""Boundary metrics: by hand, by brute force over all pairs of pixels, and with empty masks."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.distance import cdist

from lossbench.metrics import boundaries


def scores_of(masks, classes=2):
    return np.eye(classes)[np.asarray(masks)]


def square(top, left, side=5, size=12, k=1):
    mask = np.zeros((1, size, size), int)
    mask[0, top : top + side, left : left + side] = k
    return mask


def outline(region):
    """Pixels of a region without its erosion by a cross; beyond the image is outside."""
    inside = ndimage.binary_erosion(region, ndimage.generate_binary_structure(2, 1))
    return np.argwhere(region & ~inside)


def test_boundary_is_the_region_without_its_erosion():
    rng = np.random.default_rng(0)
    regions = rng.random((20, 8, 11)) < 0.7
    for region, found in zip(regions, boundaries.boundary(regions), strict=True):
        np.testing.assert_array_equal(np.argwhere(found), outline(region))


def test_a_shifted_square_by_hand():
    truth, guess = square(2, 2), square(2, 5)
    # Shifted by 3 to the right: the farthest pixels of both outlines are 3 pixels apart; the 5
    # pixels of the outermost columns and those beside them lie so far off.
    assert boundaries.hd95(truth, scores_of(guess)) == 3.0
    assert boundaries.hd95(truth, scores_of(truth)) == 0.0
    assert boundaries.boundary_f1(truth, scores_of(truth)) == 1.0
    one_off = square(2, 3)
    assert boundaries.hd95(truth, scores_of(one_off)) == 1.0
    assert boundaries.boundary_f1(truth, scores_of(one_off)) == 1.0  # within the tolerance


def brute_force(truth, guess, classes):
    """Both metrics from all distances between outline pixels."""
    allowed = max(1.0, 0.0075 * np.hypot(*truth.shape[1:]))
    f1, distance = [], []
    for mask, found in zip(truth, guess, strict=True):
        of_image = []
        for k in range(1, classes):
            p, t = outline(found == k), outline(mask == k)
            if not len(p) and not len(t):
                continue
            if not len(p) or not len(t):
                of_image.append((0.0, np.hypot(*mask.shape)))
                continue
            all_pairs = cdist(p, t)
            there, back = all_pairs.min(axis=1), all_pairs.min(axis=0)
            precision, recall = (there <= allowed).mean(), (back <= allowed).mean()
            both = precision + recall
            of_image.append(
                (
                    2 * precision * recall / both if both else 0.0,
                    max(np.percentile(there, 95), np.percentile(back, 95)),
                )
            )
        f1.append(np.mean([a for a, _ in of_image]) if of_image else 1.0)
        distance.append(np.mean([b for _, b in of_image]) if of_image else 0.0)
    return np.mean(f1), np.mean(distance)


@pytest.mark.parametrize("classes", [2, 4])
def test_distances_agree_with_brute_force(classes):
    rng = np.random.default_rng(1)
    blobs = ndimage.gaussian_filter(rng.normal(size=(2, 15, 20, 24)), (0, 0, 2, 2))
    truth, guess = np.digitize(5 * blobs, [0.8, 1.2, 1.6][: classes - 1])
    guess[:2] = 0
    truth[1:3] = 0
    f1, distance = brute_force(truth, guess, classes)
    assert boundaries.boundary_f1(truth, scores_of(guess, classes)) == pytest.approx(f1)
    assert boundaries.hd95(truth, scores_of(guess, classes)) == pytest.approx(distance)


def test_empty_masks():
    full, empty = square(2, 2), np.zeros((1, 12, 12), int)
    diagonal = np.hypot(12, 12)
    for truth, guess in ((full, empty), (empty, full)):
        assert boundaries.hd95(truth, scores_of(guess)) == pytest.approx(diagonal)
        assert boundaries.boundary_f1(truth, scores_of(guess)) == 0.0
    assert boundaries.hd95(empty, scores_of(empty)) == 0.0
    assert boundaries.boundary_f1(empty, scores_of(empty)) == 1.0


def test_the_tolerance_grows_with_the_image():
    assert boundaries.tolerance(32, 32) == 1.0
    assert boundaries.tolerance(300, 400) == pytest.approx(3.75)

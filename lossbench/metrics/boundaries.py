"""Metrics of masks that look at the boundaries of regions, image by image.

A boundary is made of the pixels of a region that have a neighbour outside it, beside, above or
below; what lies beyond the image is outside. Distances are between pixel centres, in pixels.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import spatial

from lossbench.metrics.segmentation import chunks, mean_over_present

Array = NDArray[np.float64]

PERCENTILE = 95
TOLERANCE_SHARE = 0.0075
"""Of the image's diagonal: how far a boundary pixel may be off."""


def tolerance(height: int, width: int) -> float:
    """Return how far a boundary pixel may be off: 0.75 % of the diagonal, at least 1 pixel.

    Args:
        height: of the image, in pixels.
        width: likewise.

    Source:
        Csurka et al. 2013, "What is a good evaluation measure for semantic segmentation?",
        section 3. Departure: at least a pixel, without which small images would allow nothing.
    """
    return max(1.0, TOLERANCE_SHARE * float(np.hypot(height, width)))


def boundary_f1(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the mean over images of how well boundaries agree, within a tolerance.

    F1 = 2 P R / (P + R),   P: share of the predicted boundary within the tolerance of the true one,
    R: share of the true boundary within the tolerance of the predicted one

    Classes and empty images count as for `dice_score`; a class in one mask alone has 0.

    Args:
        y_true: class of each pixel, int [n, height, width].
        scores: decoded scores, float [n, height, width, classes]; the highest one decides.

    Returns:
        Boundary F1, in [0, 1].

    Raises:
        ShapeError: masks and scores do not fit together.
        ValueError: a score is NaN or infinite, or a pixel's class is none of the classes.

    Source:
        Csurka et al. 2013, section 3, with the tolerance of `tolerance`.
    """
    allowed = tolerance(*np.shape(y_true)[1:]) + 1e-9

    def agreement(there: Array, back: Array) -> float:
        precision, recall = (float((d <= allowed).mean()) for d in (there, back))
        return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

    values, present = _by_image(y_true, scores, agreement, alone=0.0)
    return mean_over_present(values, present, 1.0)


def hd95(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the mean over images of the 95th percentile of the boundaries' distance.

    max(q95 of d(p, T) over p in P, q95 of d(t, P) over t in T),   P, T: the boundaries

    Classes count as for `dice_score`. Where a class is in one mask alone there is no distance, and
    the image's diagonal stands for it; where no class is in either mask it is 0.

    Args:
        y_true: class of each pixel, int [n, height, width].
        scores: decoded scores, float [n, height, width, classes]; the highest one decides.

    Returns:
        Distance in pixels, at least 0.

    Raises:
        ShapeError: masks and scores do not fit together.
        ValueError: a score is NaN or infinite, or a pixel's class is none of the classes.

    Source:
        Huttenlocher et al. 1993, with a percentile of each direction in place of its maximum, as
        in MONAI. The rule for an empty mask is own.
    """
    diagonal = float(np.hypot(*np.shape(y_true)[1:]))

    def distance(there: Array, back: Array) -> float:
        return float(max(np.percentile(there, PERCENTILE), np.percentile(back, PERCENTILE)))

    values, present = _by_image(y_true, scores, distance, alone=diagonal)
    return mean_over_present(values, present, 0.0)


def _by_image(
    y_true: NDArray[Any], scores: NDArray[Any], rule: Any, alone: float
) -> tuple[Array, NDArray[np.bool_]]:
    """Return a rule's value for each image and class, and where the class is in either mask.

    Args:
        y_true: as for `hd95`.
        scores: as for `hd95`.
        rule: of the distances from the predicted boundary to the true one, and back.
        alone: the value where the class is in one mask alone.
    """
    shape = (len(y_true), np.shape(scores)[-1] - 1)
    values, present = np.zeros(shape), np.zeros(shape, bool)
    for image, k, predicted, true in _outlines(y_true, scores):
        present[image, k - 1] = True
        if len(predicted) and len(true):
            there = spatial.cKDTree(true).query(predicted)[0]
            values[image, k - 1] = rule(there, spatial.cKDTree(predicted).query(true)[0])
        else:
            values[image, k - 1] = alone
    return values, present


def _outlines(
    y_true: NDArray[Any], scores: NDArray[Any]
) -> Iterator[tuple[int, int, NDArray[Any], NDArray[Any]]]:
    """Yield image, class, and the places of the predicted and the true boundary, [points, 2]."""
    first = 0
    for masks, table in chunks(y_true, scores):
        predicted = table.argmax(axis=-1)
        for k in range(1, table.shape[-1]):
            guessed, true = boundary(predicted == k), boundary(masks == k)
            for i in np.flatnonzero((guessed | true).any(axis=(1, 2))):
                yield first + int(i), k, np.argwhere(guessed[i]), np.argwhere(true[i])
        first += len(masks)


def boundary(regions: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels of regions that have a neighbour outside.

    Args:
        regions: [n, height, width].

    Returns:
        Boundaries, [n, height, width].

    Source:
        Region without its erosion by a cross, `scipy.ndimage.binary_erosion`.
    """
    wide = np.pad(regions, ((0, 0), (1, 1), (1, 1)))
    inside = wide[:, :-2, 1:-1] & wide[:, 2:, 1:-1] & wide[:, 1:-1, :-2] & wide[:, 1:-1, 2:]
    return np.asarray(regions & ~inside)

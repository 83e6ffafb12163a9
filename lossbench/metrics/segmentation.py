"""Metrics of masks: how well predicted and true regions agree, image by image.

An image is the unit: each has one value, and the mean of images is reported. The background,
class 0, is left out of overlap measures, since it is large and easy. Where neither mask of an image
has any other class, nothing could be missed or invented, and the image counts as perfect.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from lossbench.errors import ShapeError

Array = NDArray[np.float64]
Counts = NDArray[np.int64]

P_MIN = 1e-12
_PIXELS_AT_ONCE = 2**20  # bounds the memory of what is computed in double precision
_TEMPERATURE_PIXELS = 200_000
_TOUCHING = np.zeros((3, 3, 3), np.int64)
_TOUCHING[1] = 1  # neighbours in the same image, diagonal ones included


def chunks(
    truth: NDArray[Any], scores: NDArray[Any]
) -> Iterator[tuple[NDArray[np.int64], NDArray[Any]]]:
    """Yield masks and scores of a few images at a time, or refuse them.

    Args:
        truth: class of each pixel, int [n, height, width].
        scores: decoded scores, float [n, height, width, classes]; n >= 1, classes >= 2.

    Yields:
        Masks, int64 [images, height, width], and their scores.

    Raises:
        ShapeError: masks and scores do not fit together, or there is no image.
        ValueError: a score is NaN or infinite, or a pixel's class is none of the classes.
    """
    masks, table = np.asarray(truth), np.asarray(scores)
    if table.ndim != 4 or table.shape[-1] < 2 or 0 in table.shape or masks.shape != table.shape[:3]:
        raise ShapeError(
            f"scores: shape {table.shape} for masks {masks.shape}; accepted are masks [n, height, "
            "width] and scores [n, height, width, classes >= 2]"
        )
    step = max(1, _PIXELS_AT_ONCE // int(np.prod(table.shape[1:])))
    for start in range(0, len(masks), step):
        some = masks[start : start + step].astype(np.int64)
        if some.min() < 0 or some.max() >= table.shape[-1]:
            raise ValueError(
                f"y_true: a pixel's class is none; accepted are 0 to {table.shape[-1] - 1}"
            )
        if not np.isfinite(table[start : start + step]).all():
            raise ValueError("scores: NaN or infinite; accepted are finite numbers")
        yield some, table[start : start + step]


def predicted_masks(scores: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the class with the highest score for each pixel, of equal ones the lowest.

    Args:
        scores: decoded scores, float [n, height, width, classes].

    Returns:
        Masks, uint8 [n, height, width].

    Source:
        Definition.
    """
    return np.asarray(np.argmax(scores, axis=-1), np.uint8)


def image_confusions(truth: NDArray[Any], scores: NDArray[Any]) -> Counts:
    """Return the number of pixels of each true and predicted class, for each image.

    Args:
        truth: class of each pixel, int [n, height, width].
        scores: decoded scores, float [n, height, width, classes].

    Returns:
        Counts, int64 [n, true classes, predicted classes].

    Raises:
        ShapeError: masks and scores do not fit together.
        ValueError: a score is NaN or infinite, or a pixel's class is none of the classes.

    Source:
        Definition; the sum over images is `sklearn.metrics.confusion_matrix` of all pixels.
    """
    classes, found = np.shape(scores)[-1], []
    for masks, table in chunks(truth, scores):
        pairs = masks * classes + table.argmax(axis=-1)
        image = np.arange(len(masks))[:, np.newaxis, np.newaxis] * classes**2
        counts = np.bincount((pairs + image).ravel(), minlength=len(masks) * classes**2)
        found.append(counts.reshape(-1, classes, classes))
    return np.concatenate(found)


def _parts(counts: Counts) -> tuple[Counts, Counts]:
    """Return pixels in both masks and the sum of both masks' pixels: int64 [n, classes - 1]."""
    hits = np.diagonal(counts, axis1=1, axis2=2)
    both = counts.sum(axis=1) + counts.sum(axis=2)
    return hits[:, 1:], both[:, 1:]


def mean_over_present(values: Array, present: NDArray[np.bool_], empty: float) -> float:
    """Return the mean over images of the mean over the classes that are there.

    Args:
        values: one value for each image and class but the background, float [n, classes - 1].
        present: whether the class is in the true or the predicted mask, [n, classes - 1].
        empty: the value of an image with no class in either mask.

    Returns:
        The mean.

    Source:
        Own definition for more than two classes: a class that is in neither mask does not count,
        as otherwise the many absent ones would hide the errors of the present ones.
    """
    number = present.sum(axis=1)
    total = np.where(present, values, 0.0).sum(axis=1)
    return float(np.where(number > 0, total / np.maximum(number, 1), empty).mean())


def dice_of(counts: Counts) -> float:
    """Return the mean Dice of images whose confusions are given, int64 [n, classes, classes]."""
    hits, both = _parts(counts)
    return mean_over_present(2 * hits / np.maximum(both, 1), both > 0, 1.0)


def dice_score(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the mean over images of the Dice coefficient of predicted and true region.

    mean_i mean_k 2 |P_ik and T_ik| / (|P_ik| + |T_ik|), over classes k but the background that are
    in either mask of image i; 1 where none is

    Args:
        y_true: class of each pixel, int [n, height, width].
        scores: decoded scores, float [n, height, width, classes]; the highest one decides.

    Returns:
        Dice coefficient, in [0, 1].

    Raises:
        ShapeError: masks and scores do not fit together.
        ValueError: a score is NaN or infinite, or a pixel's class is none of the classes.

    Source:
        Dice 1945; of one image it is `sklearn.metrics.f1_score` of its pixels.
    """
    return dice_of(image_confusions(y_true, scores))


def mean_iou(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the mean over images of intersection over union of predicted and true region.

    mean_i mean_k |P_ik and T_ik| / |P_ik or T_ik|, over the classes as for `dice_score`

    Args:
        y_true: class of each pixel, int [n, height, width].
        scores: decoded scores, float [n, height, width, classes]; the highest one decides.

    Returns:
        Intersection over union, in [0, 1].

    Raises:
        ShapeError: masks and scores do not fit together.
        ValueError: a score is NaN or infinite, or a pixel's class is none of the classes.

    Source:
        Jaccard 1901; of one image it is `sklearn.metrics.jaccard_score` of its pixels.
    """
    hits, both = _parts(image_confusions(y_true, scores))
    return mean_over_present(hits / np.maximum(both - hits, 1), both > 0, 1.0)


def pixel_accuracy(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the share of pixels whose highest score is their class.

    mean over pixels of [argmax_k s_k = y]

    Args:
        y_true: class of each pixel, int [n, height, width].
        scores: decoded scores, float [n, height, width, classes].

    Returns:
        Accuracy, in [0, 1]; a mask of background alone has the background's share.

    Raises:
        ShapeError: masks and scores do not fit together.
        ValueError: a score is NaN or infinite, or a pixel's class is none of the classes.

    Source:
        Definition.
    """
    counts = image_confusions(y_true, scores)
    return float(np.trace(counts.sum(axis=0)) / counts.sum())


def missed_objects(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the share of objects of which not one pixel is found.

    An object is a connected region of one class but the background, neighbours across a corner
    included. It is missed where no pixel of it is predicted to have its class.

    Args:
        y_true: class of each pixel, int [n, height, width].
        scores: decoded scores, float [n, height, width, classes]; the highest one decides.

    Returns:
        Missed objects of all images over all objects, in [0, 1]; NaN where there are none.

    Raises:
        ShapeError: masks and scores do not fit together.
        ValueError: a score is NaN or infinite, or a pixel's class is none of the classes.

    Source:
        Own definition; objects are those of `scipy.ndimage.label`.
    """
    objects = touched = 0
    for masks, table in chunks(y_true, scores):
        predicted = table.argmax(axis=-1)
        for k in range(1, table.shape[-1]):
            labels, number = ndimage.label(masks == k, structure=_TOUCHING)
            objects += number
            touched += len(np.unique(labels[(predicted == k) & (labels > 0)]))
    return (objects - touched) / objects if objects else float("nan")


def pixel_nll(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the mean negative log-probability of a pixel's class.

    mean over pixels of -log p_y,   p = softmax(scores), clipped to [1e-12, 1]

    Args:
        y_true: class of each pixel, int [n, height, width].
        scores: decoded scores, float [n, height, width, classes].

    Returns:
        NLL in nats, in [0, 27.7].

    Raises:
        ShapeError: masks and scores do not fit together.
        ValueError: a score is NaN or infinite, or a pixel's class is none of the classes.

    Source:
        Good 1952.
    """
    total = 0.0
    for masks, table in chunks(y_true, scores):
        log_p = special.log_softmax(table.astype(np.float64), axis=-1)
        own = np.take_along_axis(log_p, masks[..., np.newaxis], axis=-1)
        total -= float(np.maximum(own, np.log(P_MIN)).sum())
    return total / np.size(y_true)


def pixel_brier_score(y_true: NDArray[Any], scores: NDArray[Any]) -> float:
    """Return the mean squared distance between a pixel's probabilities and its class.

    mean over pixels of sum_k (p_k - [y = k])^2,   p = softmax(scores)

    Args:
        y_true: class of each pixel, int [n, height, width].
        scores: decoded scores, float [n, height, width, classes].

    Returns:
        Brier score, in [0, 2], also for two classes (not halved).

    Raises:
        ShapeError: masks and scores do not fit together.
        ValueError: a score is NaN or infinite, or a pixel's class is none of the classes.

    Source:
        Brier 1950, eq. 2.
    """
    total = 0.0
    for masks, table in chunks(y_true, scores):
        p = special.softmax(table.astype(np.float64), axis=-1)
        own = np.take_along_axis(p, masks[..., np.newaxis], axis=-1)
        total += float((p**2).sum() + (1 - 2 * own).sum())
    return total / np.size(y_true)


def some_pixels(truth: NDArray[Any], scores: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return classes [m] and scores [m, classes] of at most 200,000 pixels, evenly spread.

    So many settle a temperature to three digits, and all of them would take minutes.

    Args:
        truth: class of each pixel, int [n, height, width].
        scores: decoded scores, float [n, height, width, classes].
    """
    step = -(-np.size(truth) // _TEMPERATURE_PIXELS)
    pixels = np.reshape(scores, (-1, np.shape(scores)[-1]))
    return np.ravel(truth)[::step].astype(np.int64), pixels[::step]


def pixel_confusion(truth: NDArray[Any], scores: NDArray[Any]) -> Counts:
    """Return pixels by true class (rows) and predicted class (columns), of all images.

    Args:
        truth: class of each pixel, int [n, height, width].
        scores: decoded scores, float [n, height, width, classes].
    """
    return np.asarray(image_confusions(truth, scores).sum(axis=0))


def per_class(truth: NDArray[Any], scores: NDArray[Any]) -> list[dict[str, Any]]:
    """Return what there is to say of each class by itself, the background included.

    Args:
        truth: class of each pixel, int [n, height, width].
        scores: decoded scores, float [n, height, width, classes].

    Returns:
        Two rows per class, like those of `per_class.csv`: `iou` of the pixels of all images
        together, with the number of true pixels as `support`; and `image_dice`, the mean over the
        images that have the class in either mask, with the number of these as `support`. The value
        is None where there are none.

    Raises:
        ShapeError: masks and scores do not fit together.
        ValueError: a score is NaN or infinite, or a pixel's class is none of the classes.

    Source:
        `sklearn.metrics.jaccard_score` and `f1_score`, per class.
    """
    counts, rows = image_confusions(truth, scores), []
    for k in range(counts.shape[-1]):
        hits, true = counts[:, k, k], counts[:, k, :].sum(axis=1)
        both = true + counts[:, :, k].sum(axis=1)
        union, there = int((both - hits).sum()), both > 0
        iou = float(hits.sum() / union) if union else None
        dice = float((2 * hits[there] / both[there]).mean()) if there.any() else None
        rows += [
            {"class_id": k, "support": int(true.sum()), "metric": "iou", "value": iou},
            {"class_id": k, "support": int(there.sum()), "metric": "image_dice", "value": dice},
        ]
    return rows


def best_constant_dice(truth: NDArray[Any], classes: int) -> float:
    """Return the best mean Dice of giving every pixel of every image the same class.

    Args:
        truth: class of each pixel, int [n, height, width].
        classes: number of classes, the background included.

    Returns:
        Dice, in [0, 1]; for the background it is the share of images that have nothing else.

    Source:
        Own definition.
    """
    masks = np.asarray(truth)
    sizes = np.stack([(masks == k).sum(axis=(1, 2)) for k in range(classes)], axis=1)
    found = []
    for k in range(classes):
        counts = np.zeros((len(masks), classes, classes), np.int64)
        counts[:, :, k] = sizes
        found.append(dice_of(counts))
    return max(found)

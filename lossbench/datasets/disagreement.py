"""How often a simple classifier disagrees with the labels, and what that says of wrong labels."""

import warnings
from typing import Any

import numpy as np

from lossbench.datasets.inspected import Disagreement
from lossbench.datasets.parts import Part

MOST = 2000
"""Images of each part that are looked at."""
MOST_CLASSES = 50
_SIDE = 14  # pixels to which images are made smaller
_DENSE = 4 * _SIDE
_FOLDS = 5
_SEED = 20190517
_FEW = 100  # images; of fewer nothing is said
_TOO_MANY_ERRORS = 0.4  # on test; beyond, the estimate was off by 0.1 and more on photographs
_UNEVEN = 20.0  # largest class by smallest; beyond, errors of rare classes are guesses


def disagreement(train: Part, test: Part, n_classes: int) -> Disagreement | None:
    """Estimate roughly how many training labels are wrong, training no network.

    A logistic regression on images of at most 14 x 14 pixels learns four fifths of a sample and
    predicts the rest, in turn; and the test part. With d the share of training labels that it
    misses, e that of test labels, and K classes

    noise = (d - e) / (1 - e - e / (K - 1))

    which holds for labels made wrong at random, each other class as likely, where the labels of
    the test part are right. Noise that both parts share does not show, and of a class that is
    always taken for the same other one too little does: the classifier learns it. d bounds noise
    at random from above but for chance: it holds the overlap of the classes, too.

    Args:
        train: the training part; labels are class indices.
        test: the test part, which may be empty.
        n_classes: number of classes.

    Returns:
        Shares in [0, 1]; None where there are too few images or too many classes to say anything.
        `noise` is None where classes are very uneven or the classifier misses more than 0.4 of
        the test.

    Source:
        d = (1 - e) r + e (1 - r / (K - 1)) solved for the rate r; as in Angluin & Laird 1988,
        doi 10.1007/BF00116829, for two classes.
    """
    rows, labels = _sample(train)
    counts = np.bincount(labels, minlength=n_classes)
    present = int((counts > 0).sum())
    if len(labels) < _FEW or not 2 <= present <= MOST_CLASSES or counts.max() < _FOLDS:
        return None
    pixels = _small(train.images, rows)
    if not pixels.std(axis=0).any():
        return None
    test_rows, test_labels = _sample(test)
    test_pixels = _small(test.images, test_rows) if len(test_rows) else pixels[:0]
    missed, test_missed = _missed(pixels, labels, test_pixels, test_labels)
    d = float(missed.mean())
    if not len(test_rows):
        return Disagreement(d, None, None, None, len(labels), "there is no test part to compare")
    e = _weighted(test_missed, test_labels, counts)
    noise, error = _noise(d, e, len(labels), len(test_labels), present)
    reason = _reason(e, counts)
    if reason:
        noise = error = None
    return Disagreement(d, e, noise, error, len(labels), reason)


def _reason(e: float, counts: np.ndarray) -> str:
    """Return why the noise cannot be told, or nothing."""
    if counts.min() == 0 or counts.max() / counts.min() > _UNEVEN:
        return "classes are too uneven for the estimate"
    if e > _TOO_MANY_ERRORS:
        return f"a simple classifier is wrong on {100 * e:.0f} % of the test images"
    return ""


def _noise(d: float, e: float, n: int, m: int, classes: int) -> tuple[float | None, float | None]:
    slope = 1 - e - e / (classes - 1)
    if slope <= 0:  # no better than chance
        return None, None
    error = np.sqrt(d * (1 - d) / n + e * (1 - e) / m) / slope
    return float(np.clip((d - e) / slope, 0, 1)), float(error)


def _sample(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Return positions of a random sample, rising, and their labels."""
    drawn = np.random.default_rng(_SEED).permutation(len(part.ids))[:MOST]
    rows = np.sort(drawn)
    return rows, np.asarray(part.targets)[rows].astype(np.int64)


def _small(images: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return images as rows of numbers: means of blocks, at most 14 along each side."""
    chosen = [_blocks(images[rows[i : i + 100]]) for i in range(0, len(rows), 100)]
    return np.concatenate(chosen)


def _blocks(images: np.ndarray) -> np.ndarray:
    # Of large images every second, third, ... pixel is enough.
    images = images[:, :: max(1, images.shape[1] // _DENSE), :: max(1, images.shape[2] // _DENSE)]
    n, height, width, channels = images.shape
    down, across = -(-height // _SIDE), -(-width // _SIDE)
    rows, columns = height // down, width // across
    cut = images[:, : rows * down, : columns * across].astype(np.float32)
    blocks = cut.reshape(n, rows, down, columns, across, channels).mean(axis=(2, 4))
    return np.asarray(blocks.reshape(n, -1))


def _missed(
    pixels: np.ndarray, labels: np.ndarray, test_pixels: np.ndarray, test_labels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which labels the classifier misses, and how often each test label, in [0, 1]."""
    from sklearn.model_selection import StratifiedKFold
    from threadpoolctl import threadpool_limits

    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED)
    missed = np.zeros(len(labels), bool)
    test_missed = np.zeros(len(test_labels))
    # Of products so small several threads only wait for each other; one gives one result.
    with threadpool_limits(1), warnings.catch_warnings():
        # A class with fewer examples than folds, and a fit that ends before it converges, are fine.
        warnings.simplefilter("ignore", UserWarning)
        for fit, held in folds.split(pixels, labels):
            classifier = _classifier().fit(pixels[fit], labels[fit])
            missed[held] = classifier.predict(pixels[held]) != labels[held]
            if len(test_labels):
                test_missed += (classifier.predict(test_pixels) != test_labels) / _FOLDS
    return missed, test_missed


def _classifier() -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=200))


def _weighted(missed: np.ndarray, labels: np.ndarray, counts: np.ndarray) -> float:
    """Return the mean over test images, classes weighted as in training."""
    of_class = np.bincount(labels, minlength=len(counts))
    sums = np.bincount(labels, weights=missed, minlength=len(counts))
    there = (of_class > 0) & (counts > 0)
    return float(np.average(sums[there] / of_class[there], weights=counts[there]))

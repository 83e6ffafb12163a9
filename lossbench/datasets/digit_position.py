"""Digits somewhere on a larger canvas: what they are, and where; two outputs of two kinds."""

import numpy as np

from lossbench.catalog import Facts
from lossbench.datasets import mnist_mini
from lossbench.datasets.class_names import DIGITS
from lossbench.datasets.labels import Labels
from lossbench.datasets.several import Joined, join, strata_of
from lossbench.datasets.splitting import Source, whole

_SEED = 20180527
_CANVAS, _DIGIT = 40, 28  # pixels
_PLACES = _CANVAS - _DIGIT + 1


def describe(name: str, *, noise: float) -> Facts:
    """Say what `read` will give.

    Args:
        name: the name of the data set, for messages.
        noise: as for `read`.
    """
    _, digits, _, test_digits = mnist_mini.digits()
    joined, _, _ = _targets(digits, test_digits, noise)
    labels, n_strata = strata_of(joined.train, joined.outputs)
    counts = np.bincount(labels, minlength=n_strata)
    return Facts(
        task="multioutput",
        image_shape=(_CANVAS, _CANVAS, 1),
        n_classes=0,
        n_targets=0,
        **whole(counts),
        n_test=len(joined.test),
        soft_targets=False,
        class_names=(),
        metric=joined.metric,
        outputs=joined.outputs,
    )


def read(name: str, *, noise: float) -> Source:
    """Put each digit of `mnist_mini` at a random place on a black canvas of 40 x 40 pixels.

    Both corners of the digit's square are whole numbers, uniform on 0..12. Output `digit` is its
    class; output `position` is the centre of the square, across from the left and down from the
    top, counted from the middle of the first pixel: 13.5 to 25.5. MNIST centres digits in their
    square by the mass of their ink.

    Args:
        name: the name of the data set, for messages.
        noise: standard deviation of Gaussian noise on training and validation positions, in
            pixels; those of the test are exact.

    Returns:
        Images uint8 [n, 40, 40, 1] and targets float32 [n, 3]: class index, across, down.

    Source:
        Made for lossbench from MNIST, Yann LeCun, Corinna Cortes, Christopher J. C. Burges;
        CC BY-SA 3.0.
    """
    images, digits, test_images, test_digits = mnist_mini.digits()
    joined, corners, test_corners = _targets(digits, test_digits, noise)
    return Source(
        images=_placed(images, corners),
        targets=joined.train,
        test_images=_placed(test_images, test_corners),
        test_targets=joined.test,
        task="multioutput",
        class_names=(),
        outputs=joined.outputs,
    )


def _targets(
    digits: np.ndarray, test_digits: np.ndarray, noise: float
) -> tuple[Joined, np.ndarray, np.ndarray]:
    """Return all targets, and the upper left corners of the digits: across and down, [n, 2]."""
    place, test_place, error = map(np.random.default_rng, np.random.SeedSequence(_SEED).spawn(3))
    corners = place.integers(0, _PLACES, (len(digits), 2))
    test_corners = test_place.integers(0, _PLACES, (len(test_digits), 2))
    centre = (_DIGIT - 1) / 2
    train = corners + centre + noise * error.standard_normal(corners.shape)
    position = (train.astype(np.float32), (test_corners + centre).astype(np.float32))
    joined = join(
        {
            "digit": Labels("multiclass", digits, test_digits, DIGITS),
            "position": Labels("regression", *position, class_names=()),
        }
    )
    return joined, corners, test_corners


def _placed(images: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Return images on black canvases, uint8 [n, 40, 40, 1]."""
    canvas = np.zeros((len(images), _CANVAS, _CANVAS, 1), np.uint8)
    for one, image, (across, down) in zip(canvas, images, corners, strict=True):
        one[down : down + _DIGIT, across : across + _DIGIT] = image
    return canvas

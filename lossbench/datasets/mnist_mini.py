"""6,000 digits of MNIST that travel inside the package."""

from importlib import resources

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.datasets.class_names import DIGITS
from lossbench.datasets.splitting import Source, whole

_FILE = "mnist_mini.npz"
_CLASS_NAMES = DIGITS
_TRAIN_PER_CLASS, _TEST_PER_CLASS = 500, 100


def describe(name: str) -> Facts:
    """Say what `read` will give.

    Args:
        name: the name of the data set, for messages.
    """
    counts = np.full(len(_CLASS_NAMES), _TRAIN_PER_CLASS)
    return Facts(
        task="multiclass",
        image_shape=(28, 28, 1),
        n_classes=len(_CLASS_NAMES),
        n_targets=0,
        **whole(counts),
        n_test=_TEST_PER_CLASS * len(_CLASS_NAMES),
        soft_targets=False,
        class_names=_CLASS_NAMES,
        metric=DEFAULT_METRIC["multiclass"],
        test_counts=(_TEST_PER_CLASS,) * len(_CLASS_NAMES),
    )


def read(name: str) -> Source:
    """Read the digits: 5,000 for training and validation, 1,000 for the test, class-balanced.

    Args:
        name: the name of the data set, for messages.

    Returns:
        Images uint8 [n, 28, 28, 1] and class indices int32 [n].

    Source:
        MNIST, Yann LeCun, Corinna Cortes, Christopher J. C. Burges; CC BY-SA 3.0.
    """
    images, targets, test_images, test_targets = digits()
    return Source(
        images=images,
        targets=targets,
        test_images=test_images,
        test_targets=test_targets,
        task="multiclass",
        class_names=_CLASS_NAMES,
    )


def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return images, uint8 [n, 28, 28, 1], and classes, int32 [n]; then those of the test."""
    file = resources.files("lossbench.datasets").joinpath(_FILE)
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
        return (
            arrays["x_train"][..., np.newaxis],
            arrays["y_train"].astype(np.int32),
            arrays["x_test"][..., np.newaxis],
            arrays["y_test"].astype(np.int32),
        )

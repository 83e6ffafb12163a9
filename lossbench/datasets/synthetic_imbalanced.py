"""A smooth pattern per class under noise, with as much imbalance as is asked for."""

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.losses import Task
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.datasets import bayes
from lossbench.datasets.grey_levels import log_likelihood
from lossbench.datasets.parts import Optimum
from lossbench.datasets.splitting import Source, whole
from lossbench.errors import DataError

_SEED = 19360915
_GROUND, _PIXEL_NOISE = 128.0, 32.0  # grey levels
_DISTANCE = 4.0  # between two class means at contrast 1, in standard deviations of the noise
_SMOOTH_MODES = 24  # patterns are mixed from so many of the slowest waves, or more for many classes
_IMBALANCED = 1.5  # from this ratio on, accuracy flatters whoever ignores rare classes
_CHUNK = 1000  # images drawn at a time, to bound memory


def patterns(classes: int, image_size: int) -> np.ndarray:
    """Return the pattern of each class: smooth, of unit norm, at right angles to each other.

    Each is a Gaussian random field: independent normal weights on the slowest cosine waves (24,
    or two a class if that is more; never the constant one), then made orthonormal.

    Args:
        classes: number of classes, below image_size ** 2.
        image_size: height and width, in pixels.

    Returns:
        float64 [classes, image_size ** 2]; rows are orthonormal and sum to 0.

    Source:
        Made for lossbench.
    """
    modes = min(max(_SMOOTH_MODES, 2 * classes), image_size**2 - 1)
    seed = np.random.SeedSequence([_SEED, classes, image_size])
    weights = np.random.default_rng(seed).standard_normal((modes, classes))
    mixing, triangle = np.linalg.qr(weights)
    mixing = mixing * np.sign(np.diag(triangle))  # the factorisation leaves the signs open
    return np.asarray((_slow_waves(image_size, modes) @ mixing).T)


def class_sizes(n: int, classes: int, ratio: float, where: str) -> np.ndarray:
    """Return how many images each class has, falling geometrically from first to last.

    size of class c = n * w_c / sum(w),   w_c = ratio ** (-c / (classes - 1))

    rounded so that they sum to n (largest remainders first).

    Args:
        n: number of images.
        classes: number of classes, at least 2.
        ratio: largest size divided by the smallest, before rounding; at least 1.
        where: how messages name the data set.

    Returns:
        int64 [classes].

    Raises:
        DataError: a class would have fewer than 2 images.
    """
    found = _geometric(n, classes, ratio)
    if found.min() < 2:
        raise DataError(
            f"{where}: n = {n} leaves class {int(found.argmin())} with {found.min()} images at "
            f"ratio {ratio:g}; every class needs 2, so n >= {_least_n(classes, ratio)} is "
            f"accepted. Raise n or lower ratio."
        )
    return found


def describe(
    name: str,
    *,
    n: int,
    n_test: int,
    classes: int,
    ratio: float,
    image_size: int,
    contrast: float,
) -> Facts:
    """Say what `read` will give; more than two unequal classes are judged by balanced accuracy.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation images.
        n_test: number of test images.
        classes: number of classes.
        ratio: largest class size divided by the smallest.
        image_size: height and width, in pixels.
        contrast: as for `read`.

    Raises:
        DataError: there are too few images or pixels for so many classes.
    """
    where = f"data set {name!r}"
    _check(n_test, classes, image_size, where)
    counts = class_sizes(n, classes, ratio, where)
    task = _task(classes)
    uneven = classes > 2 and ratio > _IMBALANCED
    return Facts(
        task=task,
        image_shape=(image_size, image_size, 1),
        n_classes=classes,
        n_targets=0,
        **whole(counts),
        n_test=n_test,
        soft_targets=False,
        class_names=_class_names(classes),
        metric="balanced_accuracy" if uneven else DEFAULT_METRIC[task],
        optimum=_best_scores(_DISTANCE * contrast, classes),
        test_counts=tuple(map(int, _geometric(n_test, classes, 1.0))),
    )


def read(
    name: str,
    *,
    n: int,
    n_test: int,
    classes: int,
    ratio: float,
    image_size: int,
    contrast: float,
) -> Source:
    """Draw images of patterns under noise; sizes fall geometrically, the test is balanced.

    image = 128 + (4 * contrast * 32 / sqrt(2)) * pattern + 32 * standard normal noise

    rounded and clipped to 0..255. So the means of any two classes lie d' = 4 * contrast standard
    deviations of the noise apart, and the best possible accuracy for two equally frequent classes
    is Phi(d' / 2): 0.977 at contrast 1, 0.841 at 0.5. Of two classes the second, the positive one,
    is the rare one.

    The best predictions are the probabilities of the classes given the image where they are as
    frequent as in the test. What a network loses because training shows other frequencies is part
    of its regret.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation images.
        n_test: number of test images; the first classes have one more where it does not divide.
        classes: number of classes.
        ratio: largest class size divided by the smallest.
        image_size: height and width, in pixels.
        contrast: distance between classes over noise, in units of 4 standard deviations.

    Returns:
        Images uint8 [n, image_size, image_size, 1] and class indices int32 [n].

    Raises:
        DataError: there are too few images or pixels for so many classes.

    Source:
        Made for lossbench.
    """
    where = f"data set {name!r}"
    _check(n_test, classes, image_size, where)
    means = _DISTANCE * contrast * _PIXEL_NOISE / np.sqrt(2) * patterns(classes, image_size)
    train, test = np.random.SeedSequence(_SEED).spawn(2)
    images, labels = _examples(class_sizes(n, classes, ratio, where), means, train)
    test_images, test_labels = _examples(_geometric(n_test, classes, 1.0), means, test)
    return Source(
        images=images.reshape(-1, image_size, image_size, 1),
        targets=labels,
        test_images=test_images.reshape(-1, image_size, image_size, 1),
        test_targets=test_labels,
        task=_task(classes),
        class_names=_class_names(classes),
        optimum=Optimum(scores=_log_posterior(test_images, means, np.bincount(test_labels))),
    )


def _check(n_test: int, classes: int, image_size: int, where: str) -> None:
    """Refuse what cannot be drawn."""
    if classes >= image_size**2:
        raise DataError(
            f"{where}: {classes} classes need as many independent patterns; fewer than "
            f"{image_size**2} fit into {image_size} x {image_size} pixels. Raise image_size."
        )
    if n_test < classes:
        raise DataError(
            f"{where}: n_test = {n_test} is fewer than the {classes} classes; one test image a "
            f"class or more is accepted. Raise n_test."
        )


def _examples(
    counts: np.ndarray, means: np.ndarray, seed: np.random.SeedSequence
) -> tuple[np.ndarray, np.ndarray]:
    """Draw images, uint8 [n, pixels], in random order of classes, and labels, int32 [n]."""
    order, grain = (np.random.default_rng(child) for child in seed.spawn(2))
    labels = order.permutation(np.repeat(np.arange(len(counts)), counts))
    chunks = []
    for start in range(0, len(labels), _CHUNK):
        clean = _GROUND + means[labels[start : start + _CHUNK]]
        grey = clean + _PIXEL_NOISE * grain.standard_normal(clean.shape)
        chunks.append(np.clip(np.rint(grey), 0, 255).astype(np.uint8))
    return np.concatenate(chunks), labels.astype(np.int32)


def _log_posterior(images: np.ndarray, means: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the logarithms of the classes' probabilities: float64 [n, classes]."""
    from scipy import special

    likely = log_likelihood(images, _GROUND + means, _PIXEL_NOISE)
    return np.asarray(special.log_softmax(likely + np.log(counts), axis=1))


def _best_scores(d: float, classes: int) -> dict[str, float]:
    """Return the best possible values of metrics on balanced classes, but for the clipping."""
    accuracy = bayes.accuracy_of_patterns(d, classes)
    found = {"accuracy": accuracy, "balanced_accuracy": accuracy}
    if classes == 2:
        found["average_precision"] = bayes.average_precision(d, 0.5)
        found["roc_auc"] = bayes.roc_auc(d)
    return found


def _slow_waves(side: int, modes: int) -> np.ndarray:
    """Return the slowest two-dimensional cosine waves without the constant: [side ** 2, modes]."""
    steps = np.arange(side)
    waves = np.cos(np.pi * np.outer(steps + 0.5, steps) / side)
    waves /= np.linalg.norm(waves, axis=0)
    down, across = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
    slowest = np.argsort(down**2 + across**2, kind="stable")[1 : modes + 1]
    columns = waves[:, None, down[slowest]] * waves[None, :, across[slowest]]
    return np.asarray(columns.reshape(side**2, modes))


def _geometric(n: int, classes: int, ratio: float) -> np.ndarray:
    """Return sizes that sum to `n`, in geometric proportion."""
    weights = ratio ** (-np.arange(classes) / (classes - 1))
    exact = n * weights / weights.sum()
    found = np.floor(exact + 1e-9).astype(np.int64)  # 1e-9: whole sizes stay whole
    order = np.argsort(found - exact, kind="stable")
    found[order[: n - int(found.sum())]] += 1
    return np.asarray(found)


def _least_n(classes: int, ratio: float) -> int:
    """Return the least number of images that gives every class two."""
    weights = ratio ** (-np.arange(classes) / (classes - 1))
    least = max(2 * classes, int(np.floor(weights.sum() / weights.min())))
    while _geometric(least, classes, ratio).min() < 2:
        least += 1
    return least


def _task(classes: int) -> Task:
    return "binary" if classes == 2 else "multiclass"


def _class_names(classes: int) -> tuple[str, ...]:
    return tuple(f"pattern {index}" for index in range(classes))

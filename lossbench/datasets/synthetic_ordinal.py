"""A pattern that grows with a hidden severity, cut into grades: classes that have an order."""

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.metrics import ORDERED_METRIC
from lossbench.datasets import bayes
from lossbench.datasets.best_predictions import best_grades, expected_kappa, median_class
from lossbench.datasets.grey_levels import log_likelihood
from lossbench.datasets.parts import Optimum
from lossbench.datasets.splitting import Source, whole
from lossbench.datasets.synthetic_imbalanced import class_sizes, patterns
from lossbench.errors import DataError

_SEED = 19320401
_GROUND, _PIXEL_NOISE = 128.0, 32.0  # grey levels
_DISTANCE = 4.0  # width of a grade at contrast 1, in standard deviations of the noise
_CHUNK = 1000  # images drawn at a time, to bound memory


def describe(
    name: str,
    *,
    n: int,
    n_test: int,
    classes: int,
    image_size: int,
    contrast: float,
) -> Facts:
    """Say what `read` will give.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation images.
        n_test: number of test images.
        classes: number of grades.
        image_size: height and width, in pixels.
        contrast: as for `read`.

    Raises:
        DataError: there are too few images for so many grades.
    """
    where = f"data set {name!r}"
    _check(n_test, classes, where)
    return Facts(
        task="multiclass",
        image_shape=(image_size, image_size, 1),
        n_classes=classes,
        n_targets=0,
        **whole(class_sizes(n, classes, 1.0, where)),
        n_test=n_test,
        soft_targets=False,
        class_names=_class_names(classes),
        metric=ORDERED_METRIC,
        ordered=True,
        optimum=_best_scores(_DISTANCE * contrast, classes),
    )


def read(
    name: str,
    *,
    n: int,
    n_test: int,
    classes: int,
    image_size: int,
    contrast: float,
) -> Source:
    """Draw images of one pattern that grows with a severity, whose whole part is the grade.

    image = 128 + 128 * contrast * (severity - classes / 2) * pattern + 32 * standard normal noise

    rounded and clipped to 0..255. Severity is uniform on [0, classes), so that a grade is
    d' = 4 * contrast standard deviations of the noise wide and cases near a cut look like the
    grade beyond it. But for the clipping the best possible accuracy is

    (2 A + (classes - 2) (2 A - 1)) / classes,   A = Phi(d') - (phi(0) - phi(d')) / d'

    For five grades that is 0.84 at contrast 1 and 0.69 at 0.5, where nearly all errors miss by one
    grade. Clipping costs nothing to speak of up to ten grades at contrast 2, and two points for
    twenty, where it hits a fifth of the pixels. The best predictions for the test images, the
    probabilities of the grades given the image, count with it.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation images; grades are equally frequent, the first ones
            have one more where it does not divide.
        n_test: number of test images, likewise.
        classes: number of grades.
        image_size: height and width, in pixels.
        contrast: width of a grade over noise, in units of 4 standard deviations.

    Returns:
        Images uint8 [n, image_size, image_size, 1] and grades, int32 [n], the least severe first.

    Raises:
        DataError: there are too few images for so many grades.

    Source:
        Made for lossbench.
    """
    where = f"data set {name!r}"
    _check(n_test, classes, where)
    step = _DISTANCE * contrast * _PIXEL_NOISE * patterns(1, image_size)[0]
    train, test = np.random.SeedSequence(_SEED).spawn(2)
    images, grades = _examples(class_sizes(n, classes, 1.0, where), step, train)
    counts = np.bincount(np.arange(n_test) % classes)
    test_images, test_grades = _examples(counts, step, test)
    return Source(
        images=images.reshape(-1, image_size, image_size, 1),
        targets=grades,
        test_images=test_images.reshape(-1, image_size, image_size, 1),
        test_targets=test_grades,
        task="multiclass",
        class_names=_class_names(classes),
        ordered=True,
        optimum=Optimum(scores=_log_posterior(test_images, step, np.bincount(test_grades))),
    )


def _check(n_test: int, classes: int, where: str) -> None:
    """Refuse a test part without some grade."""
    if n_test < classes:
        raise DataError(
            f"{where}: n_test = {n_test} is fewer than the {classes} grades; one test image a "
            f"grade or more is accepted. Raise n_test."
        )


def _examples(
    counts: np.ndarray, step: np.ndarray, seed: np.random.SeedSequence
) -> tuple[np.ndarray, np.ndarray]:
    """Draw images, uint8 [n, pixels], in random order of grades, and grades, int32 [n]."""
    order, within, grain = (np.random.default_rng(child) for child in seed.spawn(3))
    grades = order.permutation(np.repeat(np.arange(len(counts)), counts))
    severity = grades + within.random(len(grades)) - len(counts) / 2
    chunks = []
    for start in range(0, len(grades), _CHUNK):
        clean = _GROUND + np.outer(severity[start : start + _CHUNK], step)
        grey = clean + _PIXEL_NOISE * grain.standard_normal(clean.shape)
        chunks.append(np.clip(np.rint(grey), 0, 255).astype(np.uint8))
    return np.concatenate(chunks), grades.astype(np.int32)


def _log_posterior(images: np.ndarray, step: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the logarithms of the grades' probabilities: float64 [n, classes].

    The likelihood is integrated over the severities of a grade, at Gauss-Legendre points so dense
    that the noise spans several.
    """
    from scipy import special

    classes, d = len(counts), float(np.linalg.norm(step)) / _PIXEL_NOISE
    nodes, weights = np.polynomial.legendre.leggauss(16 + int(4 * d))
    severity = np.arange(classes)[:, np.newaxis] + (nodes + 1) / 2 - classes / 2
    means = _GROUND + np.outer(severity.ravel(), step)
    likely = log_likelihood(images, means, _PIXEL_NOISE).reshape(-1, *severity.shape)
    joint = special.logsumexp(likely, axis=2, b=weights / 2) + np.log(counts)
    return np.asarray(special.log_softmax(joint, axis=1))


def _best_scores(d: float, classes: int) -> dict[str, float]:
    """Return the best possible values of metrics on equally frequent grades, but for clipping."""
    posterior, weights = bayes.posterior_of_grades(d, classes)
    apart = np.abs(median_class(posterior)[:, np.newaxis] - np.arange(classes))
    return {
        "accuracy": bayes.accuracy_of_grades(d, classes),
        "quadratic_kappa": expected_kappa(posterior, best_grades(posterior, weights), weights),
        "mae_rank": float(weights @ (posterior * apart).sum(axis=1)),
    }


def _class_names(classes: int) -> tuple[str, ...]:
    return tuple(f"grade {index}" for index in range(classes))

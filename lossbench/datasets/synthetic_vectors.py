"""Plain vectors: Gaussian classes, or a number that is a known function of them under noise."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.losses import Task
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.datasets.parts import Optimum
from lossbench.datasets.splitting import Source, whole
from lossbench.datasets.target_values import target_values
from lossbench.errors import DataError

Form = Literal["linear", "sine"]
Noise = Literal["normal", "exponential"]

_SEED = 18090430
_DISTANCE = 4.0  # between means of classes at contrast 1, in standard deviations
_CLASSES = 3  # where the experiment names no number


def describe(
    name: str,
    *,
    n: int,
    n_test: int,
    size: int,
    task: Task,
    classes: int | None,
    contrast: float,
    form: Form,
    noise: float,
    noise_type: Noise,
) -> Facts:
    """Say what `read` will give.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation vectors.
        n_test: number of test vectors.
        size: numbers in a vector.
        task: as for `read`.
        classes: as for `read`.
        contrast: as for `read`.
        form: as for `read`.
        noise: as for `read`.
        noise_type: as for `read`.

    Raises:
        DataError: classes are given for another task, are more than the numbers in a vector, or
            there are too few vectors for them.
    """
    k = _n_classes(task, classes, size, f"data set {name!r}")
    _check(n, n_test, k, f"data set {name!r}")
    facts = Facts(
        task=task,
        image_shape=(size, 1, 1),
        n_classes=k,
        n_targets=0 if k else 1,
        **whole(np.bincount(np.arange(n) % max(k, 1), minlength=max(k, 1))),
        n_test=n_test,
        soft_targets=False,
        class_names=_class_names(k),
        metric=DEFAULT_METRIC[task],
    )
    if k:
        return facts
    drawn = (_numbers(*one, size, form, noise, noise_type) for one in _parts(n, n_test))
    return replace(facts, **target_values(*(one.targets for one in drawn)))


def read(
    name: str,
    *,
    n: int,
    n_test: int,
    size: int,
    task: Task,
    classes: int | None,
    contrast: float,
    form: Form,
    noise: float,
    noise_type: Noise,
) -> Source:
    """Draw vectors and classes, or vectors and numbers.

    Classes: of class k, vectors are normal with mean 4 contrast / sqrt(2) e_k and standard
    deviation 1 along every axis, so that any two means lie d' = 4 contrast apart. The posterior is
    softmax_k(4 contrast / sqrt(2) x_k), a linear function of the vector; the best possible accuracy
    is

    integral of phi(t - d' / sqrt(2)) Phi(t)^(classes - 1) dt,

    for two classes Phi(d' / 2): 0.841 at contrast 0.5, for three 0.745.

    Numbers: vectors x are standard normal, w is (1, ..., 1) / sqrt(size), and

    linear: y = w x + noise e
    sine: y = sqrt(2) sin(2 w x) + noise e

    where e is standard normal, or exponential with mean and standard deviation 1: then the
    conditional mean lies noise above the function, the median noise log 2. The best root mean
    squared error is noise; the best mean absolute error sqrt(2 / pi) noise, exponential log 2
    noise.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation vectors; classes are equally frequent, the first ones
            have one more where it does not divide.
        n_test: number of test vectors, likewise.
        size: numbers in a vector.
        task: multiclass, binary or regression.
        classes: number of classes for `multiclass`; None is 3, and what other tasks have.
        contrast: distance between means of classes, in units of 4 standard deviations.
        form: what numbers are of the vector.
        noise: standard deviation of e in the number.
        noise_type: its distribution.

    Returns:
        Vectors float32 [n, size, 1, 1], and class indices int32 [n] or numbers float32 [n, 1].

    Raises:
        DataError: classes are given for another task, are more than the numbers in a vector, or
            there are too few vectors for them.

    Source:
        Made for lossbench.
    """
    k = _n_classes(task, classes, size, f"data set {name!r}")
    _check(n, n_test, k, f"data set {name!r}")
    drawn = [
        _classes(*one, size, k, contrast) if k else _numbers(*one, size, form, noise, noise_type)
        for one in _parts(n, n_test)
    ]
    train, test = drawn
    return Source(
        images=train.vectors[..., np.newaxis, np.newaxis],
        targets=train.targets,
        test_images=test.vectors[..., np.newaxis, np.newaxis],
        test_targets=test.targets,
        task=task,
        class_names=_class_names(k),
        optimum=test.optimum,
    )


class _Drawn(NamedTuple):
    """Vectors, float32 [n, size], their targets, and what is known of these."""

    vectors: np.ndarray
    targets: np.ndarray
    optimum: Optimum


def _parts(n: int, n_test: int) -> Iterator[tuple[int, np.random.SeedSequence]]:
    """Return number and seed of training and test."""
    return zip((n, n_test), np.random.SeedSequence(_SEED).spawn(2), strict=True)


def _n_classes(task: Task, classes: int | None, size: int, where: str) -> int:
    """Return the number of classes, 0 for regression; refuse one that does not suit."""
    if classes is not None and task != "multiclass":
        raise DataError(
            f"{where}: classes is {classes}, but task is {task!r}; a number of classes is accepted "
            f"for 'multiclass'. Leave out classes."
        )
    found = {"multiclass": classes or _CLASSES, "binary": 2}.get(task, 0)
    if found > size:
        raise DataError(
            f"{where}: {found} classes need as many numbers in a vector, but size is {size}; "
            f"size >= {found} is accepted. Raise size."
        )
    return found


def _check(n: int, n_test: int, classes: int, where: str) -> None:
    """Refuse numbers of vectors that leave a class without some."""
    if n < 2 * classes or n_test < classes:
        raise DataError(
            f"{where}: n = {n} and n_test = {n_test} are too few for {classes} classes; two "
            f"vectors a class or more, and one in the test, are accepted. Raise them."
        )


def _classes(
    n: int, seed: np.random.SeedSequence, size: int, classes: int, contrast: float
) -> _Drawn:
    """Draw vectors of classes."""
    order, grain = map(np.random.default_rng, seed.spawn(2))
    labels = order.permutation(np.arange(n) % classes).astype(np.int32)
    far = _DISTANCE * contrast / np.sqrt(2)
    vectors = grain.standard_normal((n, size))
    vectors[np.arange(n), labels] += far
    vectors = vectors.astype(np.float32)
    scores = far * vectors[:, :classes].astype(np.float64)
    return _Drawn(vectors, labels, Optimum(scores=_log_softmax(scores)))


def _log_softmax(scores: np.ndarray) -> np.ndarray:
    return np.asarray(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))


def _numbers(
    n: int, seed: np.random.SeedSequence, size: int, form: Form, noise: float, noise_type: Noise
) -> _Drawn:
    """Draw vectors and a number for each."""
    place, grain = map(np.random.default_rng, seed.spawn(2))
    vectors = place.standard_normal((n, size)).astype(np.float32)
    along = vectors.astype(np.float64).sum(axis=1, keepdims=True) / np.sqrt(size)
    f = along if form == "linear" else np.sqrt(2) * np.sin(2 * along)
    if noise_type == "normal":
        error, mean, median = grain.standard_normal((n, 1)), 0.0, 0.0
    else:
        error, mean, median = grain.standard_exponential((n, 1)), 1.0, float(np.log(2))
    best = Optimum(mean=f + noise * mean, median=f + noise * median)
    return _Drawn(vectors, (f + noise * error).astype(np.float32), best)


def _class_names(classes: int) -> tuple[str, ...]:
    return tuple(f"class {index}" for index in range(classes))

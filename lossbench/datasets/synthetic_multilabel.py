"""Several patterns under noise, each there or not: labels that may hold together."""

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.datasets import bayes
from lossbench.datasets.parts import Optimum
from lossbench.datasets.splitting import Source, whole
from lossbench.datasets.synthetic_imbalanced import patterns
from lossbench.errors import DataError

_SEED = 19470718
_GROUND, _PIXEL_NOISE = 128.0, 32.0  # grey levels
_DISTANCE = 4.0  # between with and without a pattern at contrast 1, in deviations of the noise
_CHUNK = 1000  # images drawn at a time, to bound memory


def label_counts(n: int, labels: int, prevalence: float, ratio: float) -> np.ndarray:
    """Return how many of n images have each label, falling geometrically from first to last.

    count of label l = round(n * prevalence * ratio ** (-l / (labels - 1)))

    Args:
        n: number of images.
        labels: number of labels, at least 2.
        prevalence: share of images that have the first label.
        ratio: prevalence of the first label divided by that of the last; at least 1.

    Returns:
        int64 [labels].

    Source:
        Made for lossbench.
    """
    shares = prevalence * ratio ** (-np.arange(labels) / (labels - 1))
    return np.asarray(np.rint(n * shares), dtype=np.int64)


def describe(
    name: str,
    *,
    n: int,
    n_test: int,
    labels: int,
    prevalence: float,
    ratio: float,
    image_size: int,
    contrast: float,
) -> Facts:
    """Say what `read` will give.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation images.
        n_test: number of test images.
        labels: number of labels.
        prevalence: as for `read`.
        ratio: as for `read`.
        image_size: height and width, in pixels.
        contrast: as for `read`.

    Raises:
        DataError: there are too few images or pixels for such labels.
    """
    where = f"data set {name!r}"
    _check(n, n_test, labels, prevalence, ratio, image_size, where)
    return Facts(
        task="multilabel",
        image_shape=(image_size, image_size, 1),
        n_classes=labels,
        n_targets=0,
        **whole(np.array([n])),
        n_test=n_test,
        soft_targets=False,
        class_names=_label_names(labels),
        metric=DEFAULT_METRIC["multilabel"],
        optimum=_best_scores(
            _DISTANCE * contrast, label_counts(n_test, labels, prevalence, ratio) / n_test
        ),
    )


def read(
    name: str,
    *,
    n: int,
    n_test: int,
    labels: int,
    prevalence: float,
    ratio: float,
    image_size: int,
    contrast: float,
) -> Source:
    """Draw images in which each pattern is there or not, whatever the others are, under noise.

    image = 128 + 128 * contrast * (sum of the patterns there) + 32 * standard normal noise

    rounded and clipped to 0..255; patterns have norm 1 and lie at right angles. So the means with
    and without a pattern are d' = 4 * contrast standard deviations of the noise apart, and its
    best possible ROC AUC is Phi(d' / sqrt(2)): 0.998 at contrast 1, 0.921 at 0.5. Training and
    test have the same prevalences, met exactly and not only on average.

    The best predictions are the log-odds of each label, from its prevalence and from how much of
    its pattern the image holds. They are exact but for rounding and clipping.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation images.
        n_test: number of test images.
        labels: number of labels.
        prevalence: share of images that have the first, most frequent label, at most 1/2.
        ratio: prevalence of the first label divided by that of the last; those between fall
            geometrically.
        image_size: height and width, in pixels.
        contrast: distance between with and without over noise, in units of 4 standard deviations.

    Returns:
        Images uint8 [n, image_size, image_size, 1] and labels 0 or 1, float32 [n, labels].

    Raises:
        DataError: there are too few images or pixels for such labels.

    Source:
        Made for lossbench.
    """
    where = f"data set {name!r}"
    _check(n, n_test, labels, prevalence, ratio, image_size, where)
    steps = _DISTANCE * contrast * _PIXEL_NOISE * patterns(labels, image_size)
    train, test = np.random.SeedSequence(_SEED).spawn(2)
    images, there = _examples(n, label_counts(n, labels, prevalence, ratio), steps, train)
    test_images, test_there = _examples(
        n_test, label_counts(n_test, labels, prevalence, ratio), steps, test
    )
    return Source(
        images=images.reshape(-1, image_size, image_size, 1),
        targets=there,
        test_images=test_images.reshape(-1, image_size, image_size, 1),
        test_targets=test_there,
        task="multilabel",
        class_names=_label_names(labels),
        optimum=Optimum(
            scores=_log_odds(test_images, steps, test_there.mean(axis=0, dtype=np.float64))
        ),
    )


def _check(
    n: int,
    n_test: int,
    labels: int,
    prevalence: float,
    ratio: float,
    image_size: int,
    where: str,
) -> None:
    """Refuse what cannot be drawn."""
    if labels >= image_size**2:
        raise DataError(
            f"{where}: {labels} labels need as many independent patterns; fewer than "
            f"{image_size**2} fit into {image_size} x {image_size} pixels. Raise image_size."
        )
    for key, size in (("n", n), ("n_test", n_test)):
        rarest = int(label_counts(size, labels, prevalence, ratio)[-1])
        if rarest < 2:
            least = int(np.ceil(2 * ratio / prevalence))
            raise DataError(
                f"{where}: {key} = {size} gives label {labels - 1} to {rarest} images at "
                f"prevalence {prevalence:g} and ratio {ratio:g}; every label needs 2, for which "
                f"{least} are enough. Raise {key} or lower ratio."
            )


def _examples(
    n: int, counts: np.ndarray, steps: np.ndarray, seed: np.random.SeedSequence
) -> tuple[np.ndarray, np.ndarray]:
    """Draw images, uint8 [n, pixels], and their labels, float32 [n, labels]."""
    which, grain = (np.random.default_rng(child) for child in seed.spawn(2))
    there = np.zeros((n, len(counts)), dtype=np.float32)
    for label, count in enumerate(counts):
        there[which.permutation(n)[:count], label] = 1
    chunks = []
    for start in range(0, n, _CHUNK):
        clean = _GROUND + there[start : start + _CHUNK].astype(np.float64) @ steps
        grey = clean + _PIXEL_NOISE * grain.standard_normal(clean.shape)
        chunks.append(np.clip(np.rint(grey), 0, 255).astype(np.uint8))
    return np.concatenate(chunks), there


def _log_odds(images: np.ndarray, steps: np.ndarray, prevalence: np.ndarray) -> np.ndarray:
    """Return the log-odds of each label: float64 [n, labels].

    Patterns at right angles make the projections on them independent, so that each label is a
    problem of its own.
    """
    power = (steps**2).sum(axis=1)
    along = (images.astype(np.float64) - _GROUND) @ steps.T
    evidence = (along - power / 2) / _PIXEL_NOISE**2
    return np.asarray(evidence + np.log(prevalence) - np.log1p(-prevalence))


def _best_scores(d: float, prevalence: np.ndarray) -> dict[str, float]:
    """Return the best possible values of metrics, but for the clipping."""
    errors = np.array([bayes.error_rate(d, share) for share in prevalence])
    precisions = [bayes.average_precision(d, share) for share in prevalence]
    return {
        "mean_average_precision": float(np.mean(precisions)),
        "macro_roc_auc": bayes.roc_auc(d),
        "subset_accuracy": float(np.prod(1 - errors)),
        "hamming_loss": float(errors.mean()),
    }


def _label_names(labels: int) -> tuple[str, ...]:
    return tuple(f"pattern {index}" for index in range(labels))

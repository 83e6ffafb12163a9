"""Targets in a few numbers: counts, prevalences, distributions, the best possible scores."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from lossbench.catalog.losses import CLASSIFICATION
from lossbench.datasets.inspected import Classes, LabelSet, Masks, Together, Values
from lossbench.datasets.parts import Splits

QUANTILES = (0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0)
OUTLYING = 3.5
"""Robust deviations from the median from which on a value is called an outlier; of normal values
0.05 % lie so far."""
_MAD_TO_DEVIATION = 1.4826  # of a normal distribution
_INTERVALS = 16
_PAIRS = 5
_MOST_PAIRED = 64  # labels; of more no pairs are looked at
_CERTAIN = 0.999  # a share from which on a soft label is a class


def summary_of_classes(targets: Mapping[str, np.ndarray], n_classes: int) -> Classes:
    """Count the images of each class; a soft label counts for its likeliest class.

    Args:
        targets: by part, class indices int [n] or shares of the classes float [n, classes].
        n_classes: number of classes.

    Source:
        Definition.
    """
    train = targets["train"]
    shares = train.astype(np.float64) if train.ndim == 2 else None
    counts = {
        part: np.bincount(of if of.ndim == 1 else of.argmax(axis=1), minlength=n_classes)
        for part, of in targets.items()
    }
    soft = entropy = None
    if shares is not None:
        from scipy.special import entr

        soft = float((shares.max(axis=1) < _CERTAIN).mean())
        entropy = float(entr(shares).sum(axis=1).mean())
    return Classes(
        counts={part: tuple(of.tolist()) for part, of in counts.items()},
        ratio=_ratio(counts["train"]),
        test_ratio=_ratio(counts["test"]),
        soft=soft,
        entropy=entropy,
    )


def _ratio(counts: np.ndarray) -> float | None:
    return float(counts.max() / counts.min()) if len(counts) and counts.min() else None


def summary_of_labels(train: np.ndarray, test: np.ndarray) -> LabelSet:
    """Say how often labels hold, alone and together.

    Args:
        train: training labels, 0 or 1, float [n, labels].
        test: test labels.

    Source:
        phi: Yule 1912; lift: Brin et al. 1997, doi 10.1145/253262.253325.
    """
    share = train.mean(axis=0, dtype=np.float64)
    held = train.sum(axis=1)
    return LabelSet(
        prevalence=tuple(share.tolist()),
        positives=tuple(train.sum(axis=0, dtype=np.int64).tolist()),
        test_prevalence=tuple(test.mean(axis=0, dtype=np.float64).tolist()) if len(test) else (),
        mean=float(held.mean()),
        none=float((held == 0).mean()),
        pairs=_pairs(train.astype(np.float64), share),
    )


def _pairs(labels: np.ndarray, share: np.ndarray) -> tuple[Together, ...]:
    """Return the pairs that correlate most; labels that never or always hold have none."""
    if len(share) > _MOST_PAIRED:
        return ()
    both = labels.T @ labels / len(labels)
    found = []
    for i, j in combinations(range(len(share)), 2):
        spread = share[i] * (1 - share[i]) * share[j] * (1 - share[j])
        if spread > 0:
            alone = share[i] * share[j]
            correlation = float((both[i, j] - alone) / np.sqrt(spread))
            found.append(
                Together((i, j), float(both[i, j]), float(both[i, j] / alone), correlation)
            )
    return tuple(sorted(found, key=lambda pair: -abs(pair.correlation))[:_PAIRS])


def summary_of_values(train: np.ndarray, test: np.ndarray) -> Values:
    """Describe the distribution of one column of targets.

    An outlier lies more than 3.5 times 1.4826 MAD from the median, where MAD is the median of the
    distances to the median. Where half of the targets are equal the rule says nothing.

    Args:
        train: training targets, [n].
        test: test targets, [n].

    Source:
        Iglewicz & Hoaglin 1993, How to detect and handle outliers (the threshold 3.5).
    """
    from scipy.stats import kurtosis, skew

    values = train.astype(np.float64)
    varies = bool(values.min() < values.max())
    median, scale = _centre(values)
    far = _far(values, median, scale)
    above = None if far is None else float((far & (values > median)).mean())
    logs = None if values.min() < 0 else np.log1p(values)
    far_logs = None if logs is None else _far(logs, *_centre(logs))
    far_test = _far(test.astype(np.float64), median, scale) if len(test) else None
    whole = bool((values == np.rint(values)).all())
    histogram, edges = np.histogram(values, _edges(values) if whole else _INTERVALS)
    return Values(
        mean=float(values.mean()),
        deviation=float(values.std()),
        quantiles=tuple(np.quantile(values, QUANTILES).tolist()),
        skewness=float(skew(values)) if varies else None,
        kurtosis=float(kurtosis(values)) if varies else None,
        scale=scale,
        outliers=None if far is None else float(far.mean()),
        above=above,
        log_outliers=None if far_logs is None else float(far_logs.mean()),
        test_outliers=None if far_test is None else float(far_test.mean()),
        zeros=float((values == 0).mean()),
        negatives=float((values < 0).mean()),
        whole=whole,
        histogram=tuple(histogram.tolist()),
        edges=tuple(edges.tolist()),
    )


def _edges(values: np.ndarray) -> np.ndarray:
    """Return ends of intervals that each hold equally many whole numbers."""
    low, high = float(values.min()), float(values.max())
    wide = max(1.0, float(np.ceil((high - low + 1) / _INTERVALS)))
    return np.asarray(np.arange(low - 0.5, high + wide, wide))


def _centre(values: np.ndarray) -> tuple[float, float]:
    """Return median and robust deviation."""
    median = float(np.median(values))
    return median, _MAD_TO_DEVIATION * float(np.median(np.abs(values - median)))


def _far(values: np.ndarray, median: float, scale: float) -> np.ndarray | None:
    return np.abs(values - median) > OUTLYING * scale if scale > 0 else None


def summary_of_masks(masks: np.ndarray, n_classes: int) -> Masks:
    """Say how much of the images each class covers.

    Args:
        masks: the class of each pixel, uint8 [n, height, width].
        n_classes: number of classes, the background included.

    Source:
        Definition.
    """
    by_image = np.stack([np.bincount(mask.ravel(), minlength=n_classes) for mask in masks])
    pixels = by_image.sum(axis=0) / by_image.sum()
    return Masks(
        pixels=tuple(pixels.tolist()),
        images=tuple((by_image > 0).mean(axis=0).tolist()),
        sampled=len(masks),
    )


def best_scores(splits: Splits) -> dict[str, float]:
    """Return what the best possible predictions score on test, by metric; nothing if unknown.

    Args:
        splits: the data set.

    Source:
        Definition; average precision by scikit-learn.
    """
    from sklearn.metrics import average_precision_score

    best, targets = splits.optimum, splits.test.targets
    if best is None or not len(targets):
        return {}
    found: dict[str, float] = {}
    if best.scores is not None and splits.task in CLASSIFICATION and targets.ndim == 1:
        found["accuracy"] = float((best.scores.argmax(axis=1) == targets).mean())
        if splits.task == "binary":
            odds = best.scores[:, 1] - best.scores[:, 0]
            found["average_precision"] = float(average_precision_score(targets, odds))
    if best.scores is not None and splits.task == "multilabel":
        found["mean_average_precision"] = float(average_precision_score(targets, best.scores))
    if best.mean is not None:
        found["rmse"] = float(np.sqrt(np.square(targets - best.mean).mean()))
    if best.median is not None:
        found["mae"] = float(np.abs(targets - best.median).mean())
    return found

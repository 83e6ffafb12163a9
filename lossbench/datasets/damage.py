"""Rare classes, wrong and missing labels, noise on targets: functions of arrays and a generator."""

from collections.abc import Mapping

import numpy as np

SIMILAR: Mapping[str, Mapping[int, int]] = {
    "mnist": {2: 7, 3: 8, 5: 6, 6: 5, 7: 1},
    "mnist_mini": {2: 7, 3: 8, 5: 6, 6: 5, 7: 1},
    "cifar10": {9: 1, 2: 0, 3: 5, 5: 3, 4: 7},
}
"""What each class is taken for under asymmetric noise, by data set; in CIFAR-10 truck for
automobile, bird for airplane, cat and dog for each other, deer for horse. Patrini et al. 2017."""


def symmetric(rate: float, classes: int) -> np.ndarray:
    """Return the transition matrix of labels that become any other class, each as likely.

    T_ij = rate / (classes - 1) for i != j,   T_ii = 1 - rate

    Args:
        rate: share of the labels that become wrong, in [0, 1].
        classes: number of classes, at least 2.

    Returns:
        float64 [classes, classes]; rows, the true classes, sum to 1.

    Source:
        van Rooyen, Menon & Williamson, NeurIPS 2015. Departures: in some code a label may become
        itself, which makes the share that is wrong rate * (classes - 1) / classes.
    """
    same = np.eye(classes)
    return np.asarray((1 - rate) * same + rate / (classes - 1) * (1 - same))


def asymmetric(rate: float, classes: int, similar: Mapping[int, int]) -> np.ndarray:
    """Return the transition matrix of labels that become one similar class; others stay right.

    Args:
        rate: share of the labels of the classes in `similar` that become wrong, in [0, 1].
        classes: number of classes.
        similar: what a class is taken for.

    Returns:
        float64 [classes, classes]; rows, the true classes, sum to 1.

    Source:
        Patrini et al., CVPR 2017, section 5.
    """
    matrix = np.eye(classes)
    for true, wrong in similar.items():
        matrix[true, true] -= rate
        matrix[true, wrong] += rate
    return matrix


def pair(rate: float, classes: int) -> np.ndarray:
    """Return the transition matrix of labels that become the next class, the last one the first.

    Args:
        rate: share of the labels that become wrong, in [0, 1].
        classes: number of classes, at least 2.

    Returns:
        float64 [classes, classes]; rows, the true classes, sum to 1.

    Source:
        Han et al., NeurIPS 2018 (co-teaching), section 4.
    """
    return asymmetric(rate, classes, {k: (k + 1) % classes for k in range(classes)})


def noisy_labels(
    labels: np.ndarray, transition: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw labels anew by a transition matrix, each on its own.

    What is drawn for an example does not depend on the rate: labels that are wrong at a low rate
    are wrong at a higher one too.

    Args:
        labels: class indices, int [n].
        transition: probability of each label given the true class, float [classes, classes].
        rng: the generator; 2 n numbers are drawn.

    Returns:
        Class indices as `labels`, [n]. A label that is drawn to be wrong is never its own class.

    Source:
        Definition.
    """
    whether, which = rng.random((2, len(labels)))
    noisy = labels.copy()
    for true, row in enumerate(transition):
        others = np.flatnonzero((row > 0) & (np.arange(len(row)) != true))
        if not len(others):
            continue
        reached = np.cumsum(row[others])
        at = np.flatnonzero((labels == true) & (whether < reached[-1]))
        place = np.searchsorted(reached, which[at] * reached[-1], side="right")
        noisy[at] = others[np.minimum(place, len(others) - 1)]  # rounding may reach the end
    return noisy


def imbalanced_counts(counts: np.ndarray, kind: str, ratio: float) -> np.ndarray:
    """Return how many examples of each class are kept, the later classes fewer.

    n_k = n_max * w_k, rounded,   n_max = min_k counts_k / w_k

    exponential: w_k = ratio^(-k / (K - 1))
    step: w_k = 1 for the first half of the K classes (rounded down), 1 / ratio for the rest

    Args:
        counts: examples of each class, int [classes], classes >= 2.
        kind: exponential or step.
        ratio: largest class size divided by the smallest, before rounding; at least 1.

    Returns:
        int64 [classes], at most `counts`; 0 where nothing is left of a class.

    Source:
        Cao et al., NeurIPS 2019, section 4. Departures: rounded and not cut; where classes differ
        before, n_max is the largest that every class can meet, so that the ratio is as asked.
    """
    k = np.arange(len(counts))
    if kind == "exponential":
        weights = ratio ** (-k / (len(counts) - 1))
    else:
        weights = np.where(k < len(counts) // 2, 1.0, 1 / ratio)
    most = float((counts / weights).min())
    rounded = np.floor(most * weights + 0.5 + 1e-9)  # a half upwards, whatever the last bit
    return np.asarray(np.minimum(rounded.astype(np.int64), counts))


def positives_kept(counts: np.ndarray, prevalence: float) -> int:
    """Return how many positives make up a share of the examples if all others stay.

    n_+ = n_- * prevalence / (1 - prevalence), rounded

    Args:
        counts: negatives and positives, int [2].
        prevalence: share of the positives, in (0, 1).

    Returns:
        The number, which may be more than there are.

    Source:
        Definition.
    """
    exact = float(counts[0]) * prevalence / (1 - prevalence)
    return int(np.floor(exact + 0.5 + 1e-9))  # a half upwards, whatever the last bit


def labelled_counts(counts: np.ndarray, rate: float) -> np.ndarray:
    """Return how many of each class are left where a share of them has no label.

    n_k - n_k * rate, rounded up in favour of those left

    Args:
        counts: examples of each class, int [classes].
        rate: share without a label, in [0, 1].

    Returns:
        int64 [classes].

    Source:
        Definition.
    """
    return np.asarray(np.floor(counts * (1 - rate) + 0.5 + 1e-9).astype(np.int64))


def forgotten(labels: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Draw positive labels to write down as absent: so large a share of those of each label.

    Args:
        labels: 0 or 1, [n, labels].
        rate: share of the positives, in [0, 1]; rounded as by `labelled_counts`.
        rng: the generator. What is absent at a low rate is absent at a higher one too.

    Returns:
        As `labels`, with fewer ones.

    Source:
        Cole et al., CVPR 2021 (arXiv:2106.09708), where unknown labels are assumed to be negative.
    """
    found = labels.copy()
    for label, column in enumerate(labels.T):
        there = rng.permutation(np.flatnonzero(column > 0.5))
        kept = int(labelled_counts(np.array([len(there)]), rate)[0])
        found[there[: len(there) - kept], label] = 0
    return found


def same_shares(counts: np.ndarray, kept: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Return how many examples another part keeps: the same shares, but one of each class it has.

    Args:
        counts: examples of each class in the other part, int [classes].
        kept: examples that are kept of the first part, int [classes].
        of: examples that the first part had, int [classes].

    Returns:
        int64 [classes].

    Source:
        Definition.
    """
    rounded = np.floor(counts * kept / np.maximum(of, 1) + 0.5)
    return np.asarray(np.maximum(rounded.astype(np.int64), np.minimum(counts, 1)))


def thinned(strata: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw so many examples of each class; those kept at a high ratio are kept at a low one too.

    Args:
        strata: class of each example, int [n].
        counts: how many are kept, int [classes].
        rng: the generator.

    Returns:
        Positions of the examples that are kept, int64, rising.

    Source:
        Definition.
    """
    kept = [
        rng.permutation(np.flatnonzero(strata == label))[:count]
        for label, count in enumerate(counts)
    ]
    return np.sort(np.concatenate(kept)).astype(np.int64)


def outlier_signs(n: int, rate: float, sides: str, rng: np.random.Generator) -> np.ndarray:
    """Draw which targets become outliers, and on which side.

    Args:
        n: number of examples.
        rate: share of them; exactly `round(rate * n)` are drawn.
        sides: one (upwards) or two (either way, as likely).
        rng: the generator.

    Returns:
        -1, 0 or 1, int64 [n].

    Source:
        Definition.
    """
    signs = np.zeros(n, np.int64)
    hit = rng.permutation(n)[: round(rate * n)]
    either = rng.choice([-1, 1], size=n)
    signs[hit] = 1 if sides == "one" else either[hit]
    return signs


def growing(targets: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Return by how much more noise a target gets, the more the larger it is; 1 on average.

    w(y) = max(0, (y - min) / (mean - min)),   minimum and mean of the training targets

    Args:
        targets: float [n, targets].
        training: those of the training part, float [m, targets], no column constant.

    Returns:
        float64 [n, targets]; over the training targets the mean of each column is 1.

    Source:
        Definition: a standard deviation that is linear in the target.
    """
    values = training.astype(np.float64)
    low = values.min(axis=0)
    return np.asarray(np.maximum(targets - low, 0) / (values.mean(axis=0) - low))


def target_noise(
    kind: str, shape: tuple[int, ...], df: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw noise of scale 1.

    Args:
        kind: student_t, or anything else for standard normal.
        shape: that of the targets.
        df: degrees of freedom of Student's t; for df > 2 its standard deviation is
            sqrt(df / (df - 2)), else infinite.
        rng: the generator.

    Returns:
        float64 of that shape.

    Source:
        `numpy.random.Generator`.
    """
    if kind == "student_t":
        return np.asarray(rng.standard_t(df, shape))
    return rng.standard_normal(shape)

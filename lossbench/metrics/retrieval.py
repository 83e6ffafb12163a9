"""Metrics of embeddings: how well each image finds the others of its class among all images.

Every image is a query against all others. Nearness is the cosine of two embeddings; of equally
near ones those that come first in the data count as nearer. Images whose class no other image has
cannot find any: they are looked through but ask nothing, and do not count in the means.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.errors import ShapeError
from lossbench.metrics.labels import checked_scores

Array = NDArray[np.float64]

_AT_ONCE = 4_000_000  # cosines in memory: 32 MB
_STARTS = 3  # of k-means; the best of them counts
_SAME_PLACE = 1e-6  # mean squared distance from the mean below which embeddings are one point


def map_at_r(y_true: NDArray[Any], embeddings: NDArray[Any]) -> float:
    """Return the mean average precision among the R nearest images (MAP@R).

    mean over queries of 1/R sum_{i=1..R} P(i) [the i-th nearest is of the query's class]
    R = images of the query's class without the query; P(i) = share of the class among the i nearest

    Args:
        y_true: class of each image, int [n].
        embeddings: float [n, size], of any length.

    Returns:
        MAP@R, in [0, 1]; NaN where no class has two images.

    Raises:
        ShapeError: labels and embeddings do not fit together.
        ValueError: an embedding is NaN or infinite.

    Source:
        Musgrave et al. 2020, arXiv:2003.08505, section 3.2.
    """
    return _found(y_true, embeddings)["map_at_r"]


def r_precision(y_true: NDArray[Any], embeddings: NDArray[Any]) -> float:
    """Return the share of the own class among the R nearest images.

    mean over queries of r / R,   r = images of the query's class among the R nearest
    R = images of the query's class without the query

    Args:
        y_true: class of each image, int [n].
        embeddings: float [n, size], of any length.

    Returns:
        R-precision, in [0, 1]; NaN where no class has two images.

    Raises:
        ShapeError: labels and embeddings do not fit together.
        ValueError: an embedding is NaN or infinite.

    Source:
        Musgrave et al. 2020, arXiv:2003.08505, section 3.2.
    """
    return _found(y_true, embeddings)["r_precision"]


def recall_at_1(y_true: NDArray[Any], embeddings: NDArray[Any]) -> float:
    """Return the share of images whose nearest other image is of their class (precision at 1).

    mean over queries of [the nearest is of the query's class]

    Args:
        y_true: class of each image, int [n].
        embeddings: float [n, size], of any length.

    Returns:
        Recall at 1, in [0, 1]; NaN where no class has two images.

    Raises:
        ShapeError: labels and embeddings do not fit together.
        ValueError: an embedding is NaN or infinite.

    Source:
        Jegou et al. 2011, doi 10.1109/TPAMI.2010.57; Song et al. 2016, arXiv:1511.06452.
    """
    return _found(y_true, embeddings)["recall_at_1"]


def recall_at_5(y_true: NDArray[Any], embeddings: NDArray[Any]) -> float:
    """Return the share of images with one of their class among the five nearest other images.

    mean over queries of [one of the 5 nearest is of the query's class]

    Args:
        y_true: class of each image, int [n].
        embeddings: float [n, size], of any length.

    Returns:
        Recall at 5, in [0, 1]; NaN where no class has two images.

    Raises:
        ShapeError: labels and embeddings do not fit together.
        ValueError: an embedding is NaN or infinite.

    Source:
        Jegou et al. 2011, doi 10.1109/TPAMI.2010.57; Song et al. 2016, arXiv:1511.06452.
    """
    return _found(y_true, embeddings)["recall_at_5"]


def nmi(y_true: NDArray[Any], embeddings: NDArray[Any]) -> float:
    """Return the normalised mutual information of the classes and of as many k-means clusters.

    2 I(classes; clusters) / (H(classes) + H(clusters)),   clusters of embeddings of length 1

    Args:
        y_true: class of each image, int [n].
        embeddings: float [n, size], of any length.

    Returns:
        NMI, in [0, 1]; the best of three starts of k-means from a fixed seed. Chance is above 0,
        the more so the smaller the clusters.

    Raises:
        ShapeError: labels and embeddings do not fit together.
        ValueError: an embedding is NaN or infinite.

    Source:
        Manning et al. 2008, section 16.3; `sklearn.metrics.normalized_mutual_info_score`.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import normalized_mutual_info_score

    labels, unit = _checked(y_true, embeddings)
    means = KMeans(len(np.unique(labels)), n_init=_STARTS, random_state=0)
    with warnings.catch_warnings(category=ConvergenceWarning, action="ignore"):
        clusters = means.fit_predict(unit)  # fewer than asked for where embeddings are alike
    return float(normalized_mutual_info_score(labels, clusters))


def measured(
    names: Sequence[str], y_true: NDArray[Any], embeddings: NDArray[Any]
) -> Mapping[str, float]:
    """Compute several of these metrics, of which neighbours are looked for once.

    Args:
        names: the metrics.
        y_true: class of each image, int [n].
        embeddings: float [n, size], of any length.

    Raises:
        ShapeError: labels and embeddings do not fit together.
        ValueError: an embedding is NaN or infinite.
    """
    found = _found(y_true, embeddings)
    return {name: found[name] if name in found else nmi(y_true, embeddings) for name in names}


def says_nothing(classes: NDArray[Any], embeddings: NDArray[Any]) -> bool:
    """Return whether embeddings are one point, or no nearer within a class than by chance.

    One point: the mean squared distance of the unit embeddings from their mean is <= 1e-6. By
    chance: R-precision is at most mean R / (n - 1), that of images in random order.

    Args:
        classes: class of each image, int [n].
        embeddings: float [n, size], of any length.

    Raises:
        ShapeError: labels and embeddings do not fit together.
        ValueError: an embedding is NaN or infinite.

    Source:
        Own definition.
    """
    labels, unit = _checked(classes, embeddings)
    if 1 - float(np.sum(unit.mean(axis=0) ** 2)) <= _SAME_PLACE or not unit.any():
        return True
    others = _others(labels)
    chance = float(others[others > 0].mean()) / (len(labels) - 1) if others.any() else 0.0
    return r_precision(classes, embeddings) <= chance  # NaN says nothing


def _checked(y_true: NDArray[Any], embeddings: NDArray[Any]) -> tuple[NDArray[np.int64], Array]:
    """Return classes counted from 0 and embeddings of length 1; those of length 0 stay."""
    table = checked_scores(embeddings)
    if np.shape(y_true) != (len(table),):
        raise ShapeError(
            f"y_true: shape {np.shape(y_true)}; one class for each of {len(table)} embeddings is "
            f"accepted"
        )
    _, labels = np.unique(y_true, return_inverse=True)
    norms = np.linalg.norm(table, axis=1, keepdims=True)
    return labels, table / np.where(norms > 0, norms, 1.0)


def _others(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each image how many others are of its class: its R."""
    return np.asarray(np.bincount(labels)[labels] - 1)


def _found(y_true: NDArray[Any], embeddings: NDArray[Any]) -> dict[str, float]:
    """Return the means over queries of all metrics that look at neighbours."""
    labels, unit = _checked(y_true, embeddings)
    r = _others(labels)
    if not r.any():
        return dict.fromkeys(_NEIGHBOURLY, float("nan"))
    each: dict[str, list[NDArray[Any]]] = {name: [] for name in _NEIGHBOURLY}
    for rows, hits in _hits(labels, unit, depth=int(max(r.max(), 5))):
        asked = r[rows] > 0
        hits, whole = hits[asked], r[rows][asked, np.newaxis]
        rank = np.arange(1, hits.shape[1] + 1)
        within = hits & (rank <= whole)
        precision = np.cumsum(hits, axis=1) / rank
        each["map_at_r"].append((precision * within).sum(axis=1) / whole[:, 0])
        each["r_precision"].append(within.sum(axis=1) / whole[:, 0])
        each["recall_at_1"].append(np.any(hits[:, :1], axis=1))
        each["recall_at_5"].append(np.any(hits[:, :5], axis=1))
    return {name: float(np.concatenate(parts).mean()) for name, parts in each.items()}


_NEIGHBOURLY = ("map_at_r", "r_precision", "recall_at_1", "recall_at_5")


def _hits(
    labels: NDArray[np.int64], unit: Array, depth: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.bool_]]]:
    """Yield some images, and whether their nearest others, nearest first, are of their class.

    Only the nearest are sorted: for classes of a tenth of the images a third of the time.
    """
    n = len(labels)
    depth = min(depth, n - 1)
    for rows in np.array_split(np.arange(n), -(-n * n // _AT_ONCE)):
        distance = -(unit[rows] @ unit.T)
        distance[np.arange(len(rows)), rows] = np.inf
        nearest = np.argpartition(distance, depth - 1, axis=1)[:, :depth]
        nearest = np.sort(nearest, axis=1)
        order = np.argsort(np.take_along_axis(distance, nearest, axis=1), axis=1, kind="stable")
        nearest = np.take_along_axis(nearest, order, axis=1)
        yield rows, labels[nearest] == labels[rows, np.newaxis]

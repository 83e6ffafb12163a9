"""Images of one soft blob whose place and width determine the target."""

from collections.abc import Iterator

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.datasets.parts import Splits
from lossbench.datasets.splitting import Source, Subset, sizes, split

_SEED = 19090101
_CENTRE = (0.2, 0.8)  # of the image side, along both axes
_WIDTH = (0.08, 0.20)  # standard deviation of the blob, of the image side
_GROUND, _PEAK, _PIXEL_NOISE = 40.0, 180.0, 12.0  # grey levels
_CHUNK = 1000  # images drawn at a time, to bound memory


def target(u: np.ndarray, v: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Return the exact target of a blob.

    f = sin(pi s / 2) + cos(pi t) / sqrt(2) + (3 / 2) s q

    where s, t and q are u, v and r moved to [-1, 1]. Over the range of the blobs, f has mean 0
    and variance 1/2 + 1/4 + 1/4 = 1.

    Args:
        u: centre across, float [n], as a share of the image side, in [0.2, 0.8].
        v: centre down, float [n], as a share of the image side, in [0.2, 0.8].
        r: width (standard deviation), float [n], as a share of the image side, in [0.08, 0.2].

    Returns:
        float [n], without unit.

    Source:
        Made for lossbench.
    """
    s, t, q = _centred(u, _CENTRE), _centred(v, _CENTRE), _centred(r, _WIDTH)
    return np.asarray(np.sin(np.pi * s / 2) + np.cos(np.pi * t) / np.sqrt(2) + 1.5 * s * q)


def describe(
    name: str,
    *,
    n: int,
    n_test: int,
    image_size: int,
    noise: float,
    outlier_rate: float,
    outlier_size: float,
    subset: Subset,
) -> Facts:
    """Say what `load` will give; with outliers the default metric is the mean absolute error.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation images.
        n_test: number of test images.
        image_size: height and width, in pixels.
        noise: as for `load`.
        outlier_rate: as for `load`.
        outlier_size: as for `load`.
        subset: a number of images, or None for all.

    Raises:
        DataError: the subset does not fit.
    """
    n_train, n_validation = sizes(np.array([n]), subset, f"data set {name!r}")
    return Facts(
        task="regression",
        image_shape=(image_size, image_size, 1),
        n_classes=0,
        n_targets=1,
        n_train=n_train,
        n_validation=n_validation,
        n_test=n_test,
        soft_targets=False,
        class_names=(),
        metric="mae" if outlier_rate > 0 else DEFAULT_METRIC["regression"],
    )


def load(
    name: str,
    *,
    n: int,
    n_test: int,
    image_size: int,
    noise: float,
    outlier_rate: float,
    outlier_size: float,
    subset: Subset,
) -> Splits:
    """Draw blobs with known targets; damage those of training and validation, not of the test.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation images.
        n_test: number of test images, whose targets are exact.
        image_size: height and width, in pixels.
        noise: standard deviation of Gaussian noise on training and validation targets.
        outlier_rate: share of training and validation targets that are damaged besides; exactly
            `round(outlier_rate * n)` of them.
        outlier_size: what is added to a damaged target.
        subset: a number of images, drawn after the damage, or None for all.

    Returns:
        Images uint8 [n, image_size, image_size, 1] and targets float32 [n, 1].

    Raises:
        DataError: the subset does not fit.

    Source:
        Made for lossbench.
    """
    # One stream for each thing drawn, so that changing one parameter leaves the others' draws.
    train, test, noisy, damaged = np.random.SeedSequence(_SEED).spawn(4)
    images, exact = _blobs(n, image_size, train)
    test_images, test_exact = _blobs(n_test, image_size, test)
    targets = exact + noise * np.random.default_rng(noisy).standard_normal(n)
    hit = np.random.default_rng(damaged).permutation(n)[: round(outlier_rate * n)]
    targets[hit] += outlier_size
    source = Source(
        images=images,
        targets=targets.astype(np.float32)[:, np.newaxis],
        test_images=test_images,
        test_targets=test_exact.astype(np.float32)[:, np.newaxis],
        task="regression",
        class_names=(),
    )
    return split(source, subset, f"data set {name!r}")


def _blobs(n: int, side: int, seed: np.random.SeedSequence) -> tuple[np.ndarray, np.ndarray]:
    """Draw `n` images, uint8 [n, side, side, 1], and their exact targets, float64 [n]."""
    place, grain = (np.random.default_rng(child) for child in seed.spawn(2))
    low, high = np.transpose([_CENTRE, _CENTRE, _WIDTH])
    drawn = place.uniform(low, high, size=(n, 3))
    chunks = [_picture(part, side, grain) for part in _chunks(drawn)]
    return np.concatenate(chunks)[..., np.newaxis], target(*drawn.T)


def _picture(drawn: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """Draw one image for each row (u, v, r): uint8 [n, side, side]."""
    pixels = (np.arange(side) + 0.5) / side
    u, v, r = (column[:, np.newaxis] for column in drawn.T)
    across = np.exp(-((pixels - u) ** 2) / (2 * r**2))
    down = np.exp(-((pixels - v) ** 2) / (2 * r**2))
    clean = _GROUND + _PEAK * down[:, :, np.newaxis] * across[:, np.newaxis, :]
    grey = clean + _PIXEL_NOISE * rng.standard_normal(clean.shape)
    return np.asarray(np.clip(np.rint(grey), 0, 255), dtype=np.uint8)


def _chunks(rows: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the rows, so many at a time."""
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _centred(values: np.ndarray, bounds: tuple[float, float]) -> np.ndarray:
    """Move values from between the bounds to between -1 and 1."""
    low, high = bounds
    return np.asarray(2 * (values - low) / (high - low) - 1)

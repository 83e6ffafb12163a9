"""Images of one soft blob whose place and width determine the target."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.datasets.parts import Optimum
from lossbench.datasets.splitting import Source, whole
from lossbench.datasets.target_noise import NOISE, NoiseType, poisson_median, spread
from lossbench.datasets.target_values import target_values
from lossbench.errors import DataError

Kind = Literal["position", "count", "positive", "direction"]

_SEED = 19090101
_CENTRE = (0.2, 0.8)  # of the image side, along both axes
_WIDTH = (0.08, 0.20)  # standard deviation of the blob, of the image side
_GROUND, _PEAK, _PIXEL_NOISE = 40.0, 180.0, 12.0  # grey levels
_CHUNK = 1000  # images drawn at a time, to bound memory
_POINTS = 12  # of the quadrature over places and widths, along each


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


def expected(f: np.ndarray) -> np.ndarray:
    """Return what a count or a positive target is drawn around.

    m = exp(1 + f / 2)

    Args:
        f: exact target of the blob, float [n], as from `target`, in [-3.21, 3.21].

    Returns:
        float [n], in [0.54, 13.6], without unit.

    Source:
        Made for lossbench.
    """
    return np.asarray(np.exp(1 + f / 2))


def describe(
    name: str,
    *,
    n: int,
    n_test: int,
    target: Kind,
    image_size: int,
    noise: float,
    outlier_rate: float,
    outlier_size: float,
    noise_type: NoiseType,
    test_noise: bool,
) -> Facts:
    """Say what `read` will give; with outliers the default metric is the mean absolute error.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation images.
        n_test: number of test images.
        target: as for `read`; directions are judged by their angle.
        image_size: height and width, in pixels.
        noise: as for `read`.
        outlier_rate: as for `read`.
        outlier_size: as for `read`.
        noise_type: as for `read`.
        test_noise: as for `read`.

    Raises:
        DataError: noise on the test is asked for where it has no known best prediction.
    """
    seeds, noises = _seeds(), _noises(name, target, noise, noise_type, test_noise)
    targets = _damaged_targets(
        _blobs(n, seeds.place), target, noises[0], outlier_rate, outlier_size, seeds
    )
    test_blobs = _blobs(n_test, seeds.test_place)
    test_targets = _test_targets(test_blobs, target, noises[1], seeds)
    metric = "mae" if outlier_rate > 0 else DEFAULT_METRIC["regression"]
    return Facts(
        task="regression",
        image_shape=(image_size, image_size, 1),
        n_classes=0,
        n_targets=2 if target == "direction" else 1,
        **whole(np.array([n])),
        n_test=n_test,
        soft_targets=False,
        class_names=(),
        metric="angular_error" if target == "direction" else metric,
        **target_values(targets, test_targets),
        optimum=_best_scores(target, noises[1]),
    )


def read(
    name: str,
    *,
    n: int,
    n_test: int,
    target: Kind,
    image_size: int,
    noise: float,
    outlier_rate: float,
    outlier_size: float,
    noise_type: NoiseType,
    test_noise: bool,
) -> Source:
    """Draw blobs with known targets; damage those of training and validation, not of the test.

    Where the target is a number, f stands for the known function `target` of the blob:

    position: f
    count: drawn from Poisson(exp(1 + f / 2)), the test's too
    positive: exp(1 + f / 2)
    direction: (cos a, sin a), a the angle at which the blob lies from the image's middle

    All noise types have mean 0 and the standard deviation `noise`, so that on noisy test positions
    no prediction has a smaller RMSE than f, for which it is `noise`. The median differs from f
    where noise is skewed: it is f - 0.307 noise, and gives the smallest mean absolute error.

    normal: standard normal
    student_t: Student's t with 3 degrees of freedom / sqrt(3)
    skewed: standard exponential - 1
    heteroscedastic: normal, its standard deviation exp(q) / sqrt(sinh(2) / 2), q being the width of
    the blob moved to [-1, 1]: 0.27 for the narrowest and 2.0 for the widest

    The best predictions are those of an observer who sees the blob itself. The noise of the pixels
    hides it from a network by so little that its RMSE for f can be as low as 0.02 * 28 / image_size
    (Cramer-Rao bound), which noise on the targets soon outweighs.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation images.
        n_test: number of test images, whose targets are not damaged.
        target: what is predicted.
        image_size: height and width, in pixels.
        noise: standard deviation of the noise on training and validation targets: on f for
            `position`, on the logarithm for `count` (of the Poisson mean) and `positive`, on the
            angle for `direction`, in radians.
        outlier_rate: share of training and validation targets that are damaged besides; exactly
            `round(outlier_rate * n)` of them.
        outlier_size: what is added to a damaged target: to a count rounded up to a whole number,
            to the angle of a direction in radians.
        noise_type: distribution of the noise.
        test_noise: whether test targets have such noise, too; for `position` and `positive`.

    Returns:
        Images uint8 [n, image_size, image_size, 1] and targets float32 [n, 1], for directions
        [n, 2].

    Raises:
        DataError: noise on the test is asked for where it has no known best prediction.

    Source:
        Made for lossbench.
    """
    seeds, noises = _seeds(), _noises(name, target, noise, noise_type, test_noise)
    blobs, test_blobs = _blobs(n, seeds.place), _blobs(n_test, seeds.test_place)
    test_targets = _test_targets(test_blobs, target, noises[1], seeds)
    return Source(
        images=_pictures(blobs, image_size, seeds.grain),
        targets=_damaged_targets(blobs, target, noises[0], outlier_rate, outlier_size, seeds),
        test_images=_pictures(test_blobs, image_size, seeds.test_grain),
        test_targets=test_targets,
        task="regression",
        class_names=(),
        optimum=_optimum(test_blobs, target, noises[1], test_targets),
    )


class _Seeds(NamedTuple):
    """One stream for each thing drawn: changing one parameter leaves the others' draws."""

    place: np.random.SeedSequence
    grain: np.random.SeedSequence
    test_place: np.random.SeedSequence
    test_grain: np.random.SeedSequence
    noise: np.random.SeedSequence
    damage: np.random.SeedSequence
    counts: np.random.SeedSequence
    test_counts: np.random.SeedSequence
    test_noise: np.random.SeedSequence


def _seeds() -> _Seeds:
    train, test, *others = np.random.SeedSequence(_SEED).spawn(7)
    return _Seeds(*train.spawn(2), *test.spawn(2), *others)


class _Noise(NamedTuple):
    """Noise on targets; of size 0 it is none."""

    kind: NoiseType
    size: float

    def spread(self, blobs: np.ndarray) -> np.ndarray:
        """Return the standard deviation of each target's noise: float64 [n]."""
        return spread(self.kind, self.size, _centred(blobs[:, 2], _WIDTH))

    def drawn(self, blobs: np.ndarray, seed: np.random.SeedSequence) -> np.ndarray:
        """Draw the noise of each target: float64 [n]."""
        draw = NOISE[self.kind].draw
        return np.asarray(self.spread(blobs) * draw(np.random.default_rng(seed), len(blobs)))


def _noises(
    name: str, target: Kind, noise: float, noise_type: NoiseType, test_noise: bool
) -> tuple[_Noise, _Noise]:
    """Return the noise of training and validation, and that of the test."""
    if test_noise and target not in ("position", "positive"):
        why = "counts vary by themselves" if target == "count" else "directions have no median"
        raise DataError(
            f"data set {name!r}: test_noise is given for target {target!r}; position and positive "
            f"are accepted for it, since {why}. Leave out test_noise."
        )
    return _Noise(noise_type, noise), _Noise(noise_type, noise if test_noise else 0.0)


def _blobs(n: int, seed: np.random.SeedSequence) -> np.ndarray:
    """Draw centre across, centre down and width of `n` blobs: float64 [n, 3]."""
    low, high = np.transpose([_CENTRE, _CENTRE, _WIDTH])
    return np.random.default_rng(seed).uniform(low, high, size=(n, 3))


def _damaged_targets(
    blobs: np.ndarray,
    kind: Kind,
    noise: _Noise,
    outlier_rate: float,
    outlier_size: float,
    seeds: _Seeds,
) -> np.ndarray:
    """Return targets of training and validation, noisy and some of them damaged, float32."""
    n = len(blobs)
    hit = np.random.default_rng(seeds.damage).permutation(n)[: round(outlier_rate * n)]
    added = np.zeros(n)
    added[hit] = outlier_size
    return _targets(blobs, kind, noise.drawn(blobs, seeds.noise), added, seeds.counts)


def _test_targets(blobs: np.ndarray, kind: Kind, noise: _Noise, seeds: _Seeds) -> np.ndarray:
    """Return targets of the test, float32."""
    error = noise.drawn(blobs, seeds.test_noise)
    return _targets(blobs, kind, error, np.zeros(len(blobs)), seeds.test_counts)


def _targets(
    blobs: np.ndarray,
    kind: Kind,
    error: np.ndarray,
    added: np.ndarray,
    counts: np.random.SeedSequence,
) -> np.ndarray:
    """Return targets of one kind, float32 [n, targets]."""
    if kind == "direction":
        across, down = blobs[:, 0] - np.mean(_CENTRE), blobs[:, 1] - np.mean(_CENTRE)
        angle = np.arctan2(down, across) + error + added
        return np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float32)
    f = target(*blobs.T)
    if kind == "position":
        values = f + error + added
    elif kind == "count":
        mean = expected(f) * np.exp(error)
        values = np.random.default_rng(counts).poisson(mean) + np.ceil(added)
    else:
        values = expected(f) * np.exp(error) + added
    return np.asarray(values[:, np.newaxis], dtype=np.float32)


class _Truth(NamedTuple):
    """What is known of the targets of blobs: each float64 [n], infinite where it does not exist."""

    mean: np.ndarray
    median: np.ndarray
    variance: np.ndarray
    deviation: np.ndarray | None  # mean absolute distance to the median, where it is known


def _truth(blobs: np.ndarray, kind: Kind, noise: _Noise) -> _Truth:
    """Return the conditional mean, median and spread of numbers; counts have no noise besides."""
    f, size, error = target(*blobs.T), noise.spread(blobs), NOISE[noise.kind]
    if kind == "position":
        return _Truth(f, f + size * error.median, size**2, size * error.deviation)
    m = expected(f)
    if kind == "count":
        median, deviation = poisson_median(m)
        return _Truth(m, median, m, deviation)
    first, second = error.growth(size), error.growth(2 * size)
    known = np.where(np.isfinite(second), first, 0.0)
    return _Truth(
        mean=m * first,
        median=m * np.exp(size * error.median),
        variance=m**2 * (second - known**2),
        deviation=None if noise.size else np.zeros(len(m)),
    )


def _optimum(blobs: np.ndarray, kind: Kind, noise: _Noise, targets: np.ndarray) -> Optimum:
    """Return the best predictions of the test's targets."""
    if kind != "count" and not noise.size:
        exact = targets.astype(np.float64)
        return Optimum(mean=exact, median=exact)
    mean, median, *_ = (values[:, np.newaxis] for values in _truth(blobs, kind, noise)[:2])
    return Optimum(mean=mean if np.isfinite(mean).all() else None, median=median)


def _best_scores(kind: Kind, noise: _Noise) -> dict[str, float]:
    """Return the best possible values of metrics, in the mean over all blobs.

    Exact targets have none: an error of 0 is only for who sees the blob itself.
    """
    if kind != "count" and not noise.size:
        return {}
    points, weights = np.polynomial.legendre.leggauss(_POINTS)
    places = np.stack([axis.ravel() for axis in np.meshgrid(*[points] * 3)], axis=1)
    weight = np.prod([axis.ravel() / 2 for axis in np.meshgrid(*[weights] * 3)], axis=0)
    low, high = np.transpose([_CENTRE, _CENTRE, _WIDTH])
    truth = _truth(low + (high - low) * (places + 1) / 2, kind, noise)
    squared, found = float(weight @ truth.variance), {}
    if np.isfinite(squared):
        signal = float(weight @ (truth.mean - weight @ truth.mean) ** 2)
        found = {"rmse": float(np.sqrt(squared)), "r2": signal / (signal + squared)}
    return found if truth.deviation is None else found | {"mae": float(weight @ truth.deviation)}


def _pictures(blobs: np.ndarray, side: int, seed: np.random.SeedSequence) -> np.ndarray:
    """Draw one image for each blob, uint8 [n, side, side, 1]."""
    grain = np.random.default_rng(seed)
    chunks = [_picture(part, side, grain) for part in _chunks(blobs)]
    return np.concatenate(chunks)[..., np.newaxis]


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

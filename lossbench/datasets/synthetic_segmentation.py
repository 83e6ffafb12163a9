"""One object or none under noise: masks whose best possible prediction is known pixel by pixel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.datasets.parts import Optimum
from lossbench.datasets.splitting import Source, whole
from lossbench.errors import DataError

_SEED = 20150518
_GROUND, _PIXEL_NOISE = 112.0, 32.0  # grey levels
_LEVELS = 256
_CHUNK = 64  # images whose places are weighed at once, to bound memory
_P_MIN = 1e-12
KINDS = ("disk", "square", "cross", "ring")
"""What objects look like; class 1 is the first of them."""


@dataclass(frozen=True, eq=False)
class Shape:
    """What an object of one kind and one size covers: bool [side, side]."""

    kind: int
    cover: np.ndarray


def describe(
    name: str,
    *,
    n: int,
    n_test: int,
    classes: int,
    image_size: int,
    contrast: float,
    radius: int,
    empty: float,
) -> Facts:
    """Say what `read` will give.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation images.
        n_test: number of test images.
        classes: number of classes, the background included.
        image_size: height and width, in pixels.
        contrast: as for `read`.
        radius: as for `read`.
        empty: as for `read`.

    Raises:
        DataError: there are too few images with an object, or objects are too large.
    """
    _check(name, n, n_test, classes, image_size, radius, empty)
    return Facts(
        task="segmentation",
        image_shape=(image_size, image_size, 1),
        n_classes=classes,
        n_targets=0,
        **whole(np.array([n])),
        n_test=n_test,
        soft_targets=False,
        class_names=_class_names(classes),
        metric=DEFAULT_METRIC["segmentation"],
    )


def read(
    name: str,
    *,
    n: int,
    n_test: int,
    classes: int,
    image_size: int,
    contrast: float,
    radius: int,
    empty: float,
) -> Source:
    """Draw images with one object of some kind, size and place each, or none, under noise.

    grey = 112 + 32 * (contrast * [pixel belongs to the object] + standard normal noise)

    rounded and clipped to 0..255. Kinds are equally frequent, the first ones have one more where
    it does not divide; the radius is radius - 1, radius or radius + 1, and the place any where the
    object lies inside the image, all equally likely. There are finitely many objects, so that
    `optimum.scores` holds the logarithm of each pixel's class probabilities given the image, down
    to 1e-12: the sum over all objects that cover the pixel, each weighted by its likelihood. No
    network has a smaller expected negative log-probability or more pixels right; the mask of the
    largest expected Dice is another one, larger where nothing is certain.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation images.
        n_test: number of test images, drawn alike.
        classes: number of classes: the background, then disk, square, cross, ring.
        image_size: height and width, in pixels.
        contrast: how much brighter an object is, in standard deviations of a pixel's noise.
        radius: half the width of an object of middle size, in pixels, less the middle one.
        empty: share of images without an object.

    Returns:
        Images uint8 [n, image_size, image_size, 1] and masks, uint8 [n, image_size, image_size].

    Raises:
        DataError: there are too few images with an object, or objects are too large.

    Source:
        Made for lossbench.
    """
    _check(name, n, n_test, classes, image_size, radius, empty)
    found = shapes(classes, radius)
    train, test = np.random.SeedSequence(_SEED).spawn(2)
    images, masks = _examples(n, found, image_size, contrast, empty, train)
    test_images, test_masks = _examples(n_test, found, image_size, contrast, empty, test)
    share = round(n_test * empty) / n_test
    chances = np.concatenate(list(posterior(test_images, found, classes, contrast, share)))
    return Source(
        images=images[..., np.newaxis],
        targets=masks,
        test_images=test_images[..., np.newaxis],
        test_targets=test_masks,
        task="segmentation",
        class_names=_class_names(classes),
        optimum=Optimum(scores=np.log(np.clip(chances, _P_MIN, 1.0))),
    )


def shapes(classes: int, radius: int) -> list[Shape]:
    """Return every kind of object in every size.

    Args:
        classes: number of classes, the background included.
        radius: that of the middle size, in pixels.
    """
    return [
        Shape(kind, _cover(KINDS[kind - 1], size))
        for kind in range(1, classes)
        for size in (radius - 1, radius, radius + 1)
    ]


def _cover(kind: str, radius: int) -> np.ndarray:
    """Return what an object covers, bool [2 radius + 1, 2 radius + 1]."""
    steps = np.arange(-radius, radius + 1)
    squared = steps[:, np.newaxis] ** 2 + steps**2
    disk = squared <= radius * (radius + 1)
    if kind == "square":
        return np.ones_like(disk)
    if kind == "cross":
        middle = np.abs(steps) <= radius // 3
        return np.asarray(middle[:, np.newaxis] | middle)
    inner = radius // 2
    return np.asarray(disk & (squared > inner * (inner + 1))) if kind == "ring" else disk


def _examples(
    n: int,
    found: Sequence[Shape],
    image_size: int,
    contrast: float,
    empty: float,
    seed: np.random.SeedSequence,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw images and masks, both uint8 [n, image_size, image_size]."""
    order, places, grain = (np.random.default_rng(child) for child in seed.spawn(3))
    kinds = max(shape.kind for shape in found)
    with_object = n - round(n * empty)
    drawn = np.concatenate([np.arange(with_object) % kinds + 1, np.zeros(n - with_object, int)])
    masks = np.zeros((n, image_size, image_size), np.uint8)
    for mask, kind in zip(masks, order.permutation(drawn), strict=True):
        sizes = [shape.cover for shape in found if shape.kind == kind]
        if sizes:
            cover = sizes[places.integers(len(sizes))]
            top, left = places.integers(image_size - len(cover) + 1, size=2)
            mask[top : top + len(cover), left : left + len(cover)][cover] = kind
    grey = (masks > 0) * contrast + grain.standard_normal(masks.shape)
    images = np.clip(np.rint(_GROUND + _PIXEL_NOISE * grey), 0, 255).astype(np.uint8)
    return images, masks


def posterior(
    images: np.ndarray, found: Sequence[Shape], classes: int, contrast: float, empty: float
) -> Iterator[np.ndarray]:
    """Yield the class probabilities of each pixel given its image, a few images at a time.

    P(pixel has class k | image) = sum of P(object | image) over objects of kind k that cover it

    Args:
        images: uint8 [n, size, size].
        found: every kind of object in every size, as many of each kind.
        classes: number of classes, the background included.
        contrast: as for `read`.
        empty: share of images without an object.

    Yields:
        Probabilities, float64 [images, size, size, classes].

    Source:
        Bayes' rule, the likelihood being that of the rounded and clipped grey levels. Sums over
        places are convolutions.
    """
    from scipy import signal

    ratio = log_likelihood_ratio(contrast)
    for start in range(0, len(images), _CHUNK):
        evidence = ratio[images[start : start + _CHUNK]]
        weights = _object_weights(evidence, found, empty)
        chances = np.zeros((*evidence.shape, classes))
        for shape, weight in zip(found, weights, strict=True):
            spread = signal.fftconvolve(weight, shape.cover[np.newaxis].astype(float), axes=(1, 2))
            chances[..., shape.kind] += np.maximum(spread, 0.0)
        chances[..., 0] = np.maximum(1.0 - chances[..., 1:].sum(axis=-1), 0.0)
        yield chances


def _object_weights(evidence: np.ndarray, found: Sequence[Shape], empty: float) -> list[np.ndarray]:
    """Return P(object | image) of each shape at each place: [images, places, places] each."""
    from scipy import signal, special

    logs = []
    for shape in found:
        turned = shape.cover[np.newaxis, ::-1, ::-1].astype(float)
        fit = signal.fftconvolve(evidence, turned, mode="valid", axes=(1, 2))
        logs.append(fit + _log((1.0 - empty) / len(found) / fit[0].size))
    flat = [each.reshape(len(evidence), -1) for each in logs]
    nothing = np.full((len(evidence), 1), _log(empty))
    total = special.logsumexp(np.concatenate([nothing, *flat], axis=1), axis=1)
    return [np.exp(each - total[:, np.newaxis, np.newaxis]) for each in logs]


def log_likelihood_ratio(contrast: float) -> np.ndarray:
    """Return how much each grey level speaks for an object: log P(g | object) / P(g | ground).

    P(g | m) = Phi((g + 1/2 - m) / 32) - Phi((g - 1/2 - m) / 32), the first and the last level with
    all that lies beyond

    Args:
        contrast: as for `read`.

    Returns:
        Float64 [256].

    Source:
        Definition of rounding and clipping.
    """
    edges = np.arange(_LEVELS + 1) - 0.5
    edges[0], edges[-1] = -np.inf, np.inf
    ground, there = (
        _log_mass((edges - _GROUND) / _PIXEL_NOISE - shift) for shift in (0.0, contrast)
    )
    return np.asarray(there - ground)


def _log_mass(edges: np.ndarray) -> np.ndarray:
    """Return the logarithm of the normal probability between neighbouring edges."""
    from scipy import special

    # Beyond the middle the tail on the other side is used, where nothing cancels.
    low, high = edges[:-1], edges[1:]
    mirrored = low > 0
    low, high = np.where(mirrored, -high, low), np.where(mirrored, -low, high)
    upper, lower = special.log_ndtr(high), special.log_ndtr(low)
    return np.asarray(upper + np.log1p(-np.exp(lower - upper)))


def _log(value: float) -> float:
    return float(np.log(value)) if value > 0 else -np.inf


def _check(
    name: str, n: int, n_test: int, classes: int, image_size: int, radius: int, empty: float
) -> None:
    """Refuse what cannot be drawn."""
    where, kinds = f"data set {name!r}", classes - 1
    most = (image_size - 3) // 2
    if radius > most:
        raise DataError(
            f"{where}: objects of radius {radius} + 1 do not fit into {image_size} x {image_size} "
            f"pixels; up to {most} is accepted. Lower radius, or raise image_size."
        )
    for key, count in (("n", n), ("n_test", n_test)):
        with_object = count - round(count * empty)
        least = (10 if key == "n" else 1) * kinds  # validation leaves some of each to training
        if with_object < least:
            raise DataError(
                f"{where}: {key} = {count} gives {with_object} images with an object for {kinds} "
                f"kinds; {least} or more are accepted. Raise {key}, or lower empty."
            )


def _class_names(classes: int) -> tuple[str, ...]:
    return ("background", *KINDS[: classes - 1])

"""Random changes of training images that depend on the seed, the epoch and the example alone.

NumPy draws, before an epoch, one row of numbers for each training example; the graph looks up the
rows of a batch and changes its images. So every loss, on every backend and in batches of any size,
sees the same images, and an epoch can be made again without those before it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from lossbench.catalog.augmentations import AUGMENTATIONS

Tensor = Any
Columns = NDArray[np.float64]
_STREAM = 0xA06


@dataclass(frozen=True)
class Step:
    """One augmentation and its columns among the numbers that are drawn.

    Attributes:
        name: a row of AUGMENTATIONS.
        params: its parameters.
        columns: its columns.
    """

    name: str
    params: Mapping[str, Any]
    columns: slice

    @property
    def mixes(self) -> bool:
        """Whether it mixes two examples."""
        return AUGMENTATIONS[self.name].mixes


Steps = tuple[Step, ...]


@dataclass(frozen=True)
class Draws:
    """What is drawn for an epoch.

    Attributes:
        numbers: float32 [n, columns], one row for each training example.
        partners: int32 [n], the example that each is mixed with; a permutation.
    """

    numbers: NDArray[np.float32]
    partners: NDArray[np.int32]


def steps_of(entries: Sequence[Mapping[str, Any]]) -> Steps:
    """Lay out the columns of augmentations.

    Args:
        entries: `{"name": ..., "params": ...}` each, in the order in which they are done.
    """
    found, end = [], 0
    for entry in entries:
        first, end = end, end + _WIDTH[entry["name"]]
        found.append(Step(entry["name"], entry["params"], slice(first, end)))
    return tuple(found)


def mixing(steps: Steps) -> Step | None:
    """Return the step that mixes examples, which is the last one; None where there is none."""
    return next((step for step in steps if step.mixes), None)


def draw(steps: Steps, seed: int, epoch: int, n: int, shape: tuple[int, int]) -> Draws:
    """Draw what happens to every training example in an epoch.

    Each augmentation has its own stream of Philox numbers, so that adding one changes no other.

    Args:
        steps: the augmentations.
        seed: that of the run.
        epoch: counts from 1.
        n: number of training examples.
        shape: height and width of the images, in pixels.

    Source:
        Salmon et al. 2011 (Philox), through numpy.random.
    """
    columns = [_draw_one(step, _rng(seed, epoch, step.name), n, shape) for step in steps]
    partners = _rng(seed, epoch, "partners").permutation(n).astype(np.int32)
    return Draws(np.concatenate(columns, axis=1).astype(np.float32), partners)


def _rng(seed: int, epoch: int, name: str) -> np.random.Generator:
    entropy = np.random.SeedSequence([seed, _STREAM, epoch, *name.encode()])
    return np.random.Generator(np.random.Philox(entropy))


def _draw_one(step: Step, rng: np.random.Generator, n: int, shape: tuple[int, int]) -> Columns:
    module, _, function = AUGMENTATIONS[step.name].target.partition(":")
    drawn: Columns = getattr(import_module(f"lossbench.train.{module}"), function)(
        rng, n, shape, **step.params
    )
    return drawn


_WIDTH = {"flip": 1, "crop": 2, "shift": 2, "cutout": 2, "mixup": 1, "cutmix": 5}


def draw_flip(rng: np.random.Generator, n: int, shape: tuple[int, int]) -> Columns:
    """Return 1 for images that are mirrored, else 0, with probability 1/2 each, [n, 1]."""
    return rng.integers(0, 2, (n, 1)).astype(np.float64)


def draw_crop(rng: np.random.Generator, n: int, shape: tuple[int, int], padding: int) -> Columns:
    """Return how far down and right the crop lies, each in [-padding, padding], [n, 2]."""
    return rng.integers(-padding, padding + 1, (n, 2)).astype(np.float64)


def draw_shift(rng: np.random.Generator, n: int, shape: tuple[int, int], pixels: int) -> Columns:
    """Return how far down and right images move, each in [-pixels, pixels], [n, 2]."""
    return rng.integers(-pixels, pixels + 1, (n, 2)).astype(np.float64)


def draw_cutout(rng: np.random.Generator, n: int, shape: tuple[int, int], size: int) -> Columns:
    """Return the first row and column of the square, which may lie outside the image, [n, 2]."""
    centres = [rng.integers(0, side, n) for side in shape]
    return np.stack(centres, axis=1).astype(np.float64) - size // 2


def draw_mixup(rng: np.random.Generator, n: int, shape: tuple[int, int], alpha: float) -> Columns:
    """Return the weight of the example itself, Beta(alpha, alpha), [n, 1]."""
    return rng.beta(alpha, alpha, (n, 1))


def draw_cutmix(rng: np.random.Generator, n: int, shape: tuple[int, int], alpha: float) -> Columns:
    """Return the rectangle (first row and column, and those after the last), and what is left.

    Its sides are sqrt(1 - Beta(alpha, alpha)) times those of the image, in whole pixels; its centre
    lies anywhere, and the image cuts it off.

    Returns:
        [n, 5]; the last column is the share of the image that stays, the weight of its label.
    """
    share = np.sqrt(1.0 - rng.beta(alpha, alpha, n))
    edges, sides = [], []
    for side in shape:
        centre, length = rng.integers(0, side, n), np.floor(share * side).astype(np.int64)
        first = np.clip(centre - length // 2, 0, side)
        end = np.clip(centre - length // 2 + length, 0, side)
        edges.append((first, end))
        sides.append(end - first)
    left = 1.0 - sides[0] * sides[1] / (shape[0] * shape[1])
    (top, bottom), (first, end) = edges
    return np.stack([top, first, bottom, end, left], axis=1)


@dataclass(frozen=True)
class _Origin:
    """Where each pixel of changed images comes from.

    Attributes:
        y: rows, int [batch, height].
        x: columns, int [batch, width].
        inside: whether the pixel comes from the image at all, [batch, height, width].
        hidden: whether a cutout covers it, likewise; None where there is none.
    """

    y: Tensor
    x: Tensor
    inside: Tensor
    hidden: Tensor | None


def _origins(steps: Steps, numbers: Tensor, height: int, width: int) -> _Origin:
    """Follow every pixel back through the steps, from the last to the first."""
    zeros = ops.zeros_like(numbers[:, :1], dtype="int32")
    y = zeros + ops.arange(height, dtype="int32")
    x = zeros + ops.arange(width, dtype="int32")
    inside_y, inside_x, hidden = y >= 0, x >= 0, None
    for step in reversed(steps):
        drawn = ops.cast(numbers[:, step.columns], "int32")
        if step.name == "flip":
            x = ops.where(drawn == 1, width - 1 - x, x)
        elif step.name == "crop":
            y, x = y + drawn[:, :1], x + drawn[:, 1:]
            inside_y = ops.logical_and(inside_y, _within(y, 0, height))
            inside_x = ops.logical_and(inside_x, _within(x, 0, width))
            y, x = ops.clip(y, 0, height - 1), ops.clip(x, 0, width - 1)
        elif step.name == "shift":
            y = _reflected(y - drawn[:, :1], height)
            x = _reflected(x - drawn[:, 1:], width)
        elif step.name == "cutout":
            side = step.params["size"]
            hole = _box(
                _within(y, drawn[:, :1], drawn[:, :1] + side),
                _within(x, drawn[:, 1:], drawn[:, 1:] + side),
            )
            hidden = hole if hidden is None else ops.logical_or(hidden, hole)
    return _Origin(y, x, _box(inside_y, inside_x), hidden)


def _within(at: Tensor, first: Any, end: Any) -> Tensor:
    return ops.logical_and(at >= first, at < end)


def _box(rows: Tensor, columns: Tensor) -> Tensor:
    return ops.logical_and(rows[:, :, None], columns[:, None, :])


def _reflected(at: Tensor, side: int) -> Tensor:
    """Return indices in [0, side) for those up to side - 1 outside of it; edges stand once."""
    at = ops.abs(at)
    return ops.where(at > side - 1, 2 * (side - 1) - at, at)


def _gathered(images: Tensor, origin: _Origin) -> Tensor:
    """Return images whose pixels are those of other places, [batch, height, width, channels]."""
    _, height, width, channels = images.shape
    batch = ops.shape(images)[0]
    rows = ops.arange(batch, dtype="int32")[:, None] * height + origin.y
    places = rows[:, :, None] * width + origin.x[:, None, :]
    return ops.take(ops.reshape(images, (-1, channels)), places, axis=0)


def changed(steps: Steps, images: Tensor, numbers: Tensor) -> Tensor:
    """Return images after every step that changes one image at a time.

    Args:
        steps: the augmentations.
        images: [batch, height, width, channels], of any type.
        numbers: what was drawn for these examples, float32 [batch, columns].

    Returns:
        Images of the same shape and type; 0 where nothing of the image is.
    """
    if not any(not step.mixes for step in steps):
        return images
    origin = _origins(steps, numbers, *images.shape[1:3])
    seen = origin.inside
    if origin.hidden is not None:
        seen = ops.logical_and(seen, ops.logical_not(origin.hidden))
    return _gathered(images, origin) * ops.cast(seen[..., None], images.dtype)


def changed_masks(steps: Steps, masks: Tensor, numbers: Tensor) -> Tensor:
    """Move the classes of pixels as `changed` moves the pixels; cutout hides no class.

    Args:
        steps: the augmentations.
        masks: class of each pixel, [batch, height, width].
        numbers: what was drawn for these examples, float32 [batch, columns].

    Returns:
        Masks of the same shape and type; class 0, the background, where nothing of the image is.
    """
    if not any(not step.mixes for step in steps):
        return masks
    origin = _origins(steps, numbers, *masks.shape[1:3])
    moved = _gathered(masks[..., None], origin)[..., 0]
    return moved * ops.cast(origin.inside, masks.dtype)


def mixed(step: Step, images: Tensor, others: Tensor, numbers: Tensor) -> Tensor:
    """Mix images with those of their partners, each already changed by its own numbers.

    Args:
        step: mixup or cutmix.
        images: float [batch, height, width, channels].
        others: those of the partners, likewise.
        numbers: what was drawn for these examples, float32 [batch, columns].
    """
    drawn = numbers[:, step.columns]
    if step.name == "mixup":
        weight = ops.cast(drawn, images.dtype)[:, :, None, None]
        return weight * images + (1.0 - weight) * others
    _, height, width, _ = images.shape
    top, first, bottom, end = (ops.cast(drawn[:, i : i + 1], "int32") for i in range(4))
    rows = _within(ops.arange(height, dtype="int32")[None], top, bottom)
    columns = _within(ops.arange(width, dtype="int32")[None], first, end)
    return ops.where(_box(rows, columns)[..., None], others, images)


def mixed_targets(
    step: Step, targets: Tensor, others: Tensor, numbers: Tensor, classes: int
) -> Tensor:
    """Mix targets with those of their partners, with the weights of the images.

    Args:
        step: mixup or cutmix.
        targets: class indices, int [batch]; or float [batch, d]: distributions, labels that may
            hold together, regression targets.
        others: those of the partners, likewise.
        numbers: what was drawn for these examples, float32 [batch, columns].
        classes: number of classes, where targets are indices.

    Returns:
        float32 [batch, classes] or [batch, d].
    """
    if len(targets.shape) == 1:
        targets, others = (ops.one_hot(t, classes, dtype="float32") for t in (targets, others))
    weight = numbers[:, step.columns][:, -1:]
    return weight * targets + (1.0 - weight) * others


def sha256(images: NDArray[Any], others: NDArray[Any], numbers: NDArray[np.float32]) -> str:
    """Hash what a batch is made of: exact, and so the same on every device.

    Args:
        images: the batch after the changes of single images, before it is scaled and mixed.
        others: those of the partners, likewise; empty where nothing is mixed.
        numbers: what was drawn for the batch, float32 [batch, columns].
    """
    digest = hashlib.sha256()
    for array in (images, others, numbers):
        digest.update(f"{array.shape}\0{array.dtype.str}\0".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()

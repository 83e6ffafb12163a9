"""Images of test examples, read from the data set where that is cheap and needs no framework."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lossbench import store
from lossbench.catalog import DATASETS
from lossbench.errors import LossbenchError

if TYPE_CHECKING:
    from lossbench.datasets import Part

MOST_BYTES = 256 * 2**20
"""Of pixels that are read, decoded, for a few images of them."""
LONGEST = 48
"""Pixels along the longer side of an image that is shown."""

_SOURCES = frozenset(
    {
        *("keras_npz", "mnist_mini", "user_npz", "image_folder", "image_table", "image_masks"),
        *("synthetic_imbalanced", "synthetic_multilabel", "synthetic_ordinal"),
        *("synthetic_segmentation", "digit_position"),
    }
)
"""Modules of data sets with images; the others run the user's code, need a framework, or hold no
images that one can look at."""


def test_images(
    experiment: Path,
    job_id: str,
    result: Mapping[str, Any],
    ids: NDArray[Any],
    truth: NDArray[Any] | None = None,
) -> NDArray[Any] | None:
    """Return the images of some test examples of a job, or None where they cannot be had.

    Args:
        experiment: the experiment's folder.
        job_id: the job.
        result: its result.
        ids: of the examples, [n].
        truth: their targets as the job saw them, [n, ...]: where the data have others now, they
            have changed, and there is no image. None where the data have several outputs.

    Returns:
        Pixels, [n, height, width, channels].
    """
    shape = result.get("image_shape") or ()
    n = sum(int(result.get(f"n_{part}") or 0) for part in ("train", "validation", "test"))
    if len(shape) != 3 or min(shape[:2]) < 4 or n * int(np.prod(shape)) > MOST_BYTES:
        return None
    job = store.read_job(store.job_folder(experiment, job_id)) or {}
    entry = job.get("dataset") or {}
    content = (job.get("content") or {}).get("data_sha256")
    params = json.dumps(entry.get("params") or {}, sort_keys=True)
    try:
        if DATASETS[entry["name"]].target.split(":")[0] not in _SOURCES:
            return None
        part = _test_part(entry["name"], params, int(job.get("seed") or 0), content)
        return _images_of(part, ids, truth)
    except (LossbenchError, OSError, ValueError, TypeError, KeyError, MemoryError):
        return None


@functools.lru_cache(maxsize=1)
def _test_part(name: str, params: str, seed: int, content: str | None) -> "Part":
    from lossbench import datasets

    return datasets.load(name, json.loads(params), seed, content).test


def _images_of(part: "Part", ids: NDArray[Any], truth: NDArray[Any] | None) -> NDArray[Any] | None:
    order = np.argsort(part.ids, kind="stable")
    at = order[np.minimum(np.searchsorted(part.ids[order], ids), len(order) - 1)]
    if not np.array_equal(part.ids[at], ids):
        return None
    if truth is not None:
        now = np.asarray(part.targets)[at]
        hard = now.argmax(axis=-1) if now.ndim == truth.ndim + 1 else now  # shares of classes
        if not np.array_equal(hard, truth):
            return None
    return np.asarray(part.images[at])


def shown_pixels(images: NDArray[Any]) -> NDArray[np.uint8]:
    """Return images as they are shown: small, of 8 bits, in colours where there are three.

    Args:
        images: [n, height, width, channels], uint8, or floats in any range, which is stretched to
            that of these images.

    Returns:
        [n, height, width, 3], the longer side up to `LONGEST` or a little more; larger images are
        averaged over squares of pixels.
    """
    pixels = np.asarray(images, np.float64)
    if images.dtype != np.uint8:
        low, high = pixels.min(initial=np.inf), pixels.max(initial=-np.inf)
        pixels = 255 * (pixels - low) / (high - low) if high > low else np.zeros_like(pixels)
    step = max(1, max(pixels.shape[1:3]) // LONGEST)
    if pixels.shape[3] != 3:
        pixels = np.repeat(pixels[..., :1], 3, axis=3)
    n, height, width = (
        size - size % s for size, s in zip(pixels.shape, (1, step, step), strict=False)
    )
    blocks = pixels[:, :height, :width].reshape(n, height // step, step, width // step, step, 3)
    return np.asarray(np.round(blocks.mean(axis=(2, 4))), np.uint8)

"""Noise on images: grain, dead pixels, blur; a chunk at a time, in the images' own type."""

from collections.abc import Callable

import numpy as np

from lossbench.datasets.rows import chunks

Range = tuple[float, float]
"""The darkest and the brightest grey level."""


def grey_range(images: np.ndarray) -> Range:
    """Return the range of grey levels: 0 to 255 of uint8, else what the images span.

    Args:
        images: [n, height, width, channels].

    Source:
        Definition.
    """
    if images.dtype == np.uint8:
        return 0.0, 255.0
    spans = [(float(chunk.min()), float(chunk.max())) for chunk in chunks(images)]
    return min(low for low, _ in spans), max(high for _, high in spans)


def grainy(images: np.ndarray, scale: float, levels: Range, rng: np.random.Generator) -> np.ndarray:
    """Add Gaussian noise to every value, and cut off what leaves the range.

    x' = min(max(x + scale * (high - low) * z, low), high),   z standard normal

    Args:
        images: [n, height, width, channels], uint8 or float32.
        scale: standard deviation as a share of the range, > 0.
        levels: the range (low, high).
        rng: the generator.

    Returns:
        Images of the same shape and type; uint8 are rounded.

    Source:
        Definition.
    """
    low, high = levels

    def grain(chunk: np.ndarray) -> np.ndarray:
        noise = rng.standard_normal(chunk.shape, dtype=np.float32)
        return np.asarray(np.clip(chunk + scale * (high - low) * noise, low, high))

    return _changed(images, grain)


def salted(images: np.ndarray, rate: float, levels: Range, rng: np.random.Generator) -> np.ndarray:
    """Make a share of the pixels black or white, all channels of a pixel together.

    Pixels that are hit at a low rate are hit at a higher one too, in the same colour.

    Args:
        images: [n, height, width, channels], uint8 or float32.
        rate: probability that a pixel is hit, in [0, 1].
        levels: black and white.
        rng: the generator.

    Returns:
        Images of the same shape and type.

    Source:
        Gonzalez & Woods, Digital Image Processing, section 5.2 (impulse noise).
    """
    black, white = levels

    def salt(chunk: np.ndarray) -> np.ndarray:
        whether, which = rng.random((2, *chunk.shape[:3], 1), dtype=np.float32)
        extreme = np.where(which < 0.5, np.float32(black), np.float32(white))
        return np.where(whether < rate, extreme, chunk)

    return _changed(images, salt)


def blurred(images: np.ndarray, sigma: float) -> np.ndarray:
    """Blur each channel of each image by a Gaussian, mirrored at the border.

    Args:
        images: [n, height, width, channels], uint8 or float32.
        sigma: standard deviation of the Gaussian, in pixels, > 0.

    Returns:
        Images of the same shape and type; uint8 are rounded.

    Source:
        `scipy.ndimage.gaussian_filter`.
    """
    from scipy.ndimage import gaussian_filter

    return _changed(images, lambda chunk: gaussian_filter(chunk, (0, sigma, sigma, 0)))


def share_changed(images: np.ndarray, before: np.ndarray) -> float:
    """Return the share of the values that differ from what they were.

    Args:
        images: [n, height, width, channels].
        before: of the same shape.

    Source:
        Definition.
    """
    pairs = zip(chunks(images), chunks(before), strict=True)
    return sum(int((now != then).sum()) for now, then in pairs) / int(np.prod(images.shape))


def _changed(images: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Return images changed chunk by chunk: float32 in, any number out."""
    found = np.empty(images.shape, images.dtype)
    end = 0
    for chunk in chunks(images):
        start, end = end, end + len(chunk)
        new = change(chunk.astype(np.float32))
        found[start:end] = np.rint(new) if images.dtype == np.uint8 else new
    return found

"""How likely an image is whose pixels are normal, rounded and clipped to 0..255."""

import numpy as np

_CHUNK = 5000  # images at a time, to bound memory


def log_likelihood(images: np.ndarray, means: np.ndarray, noise: float) -> np.ndarray:
    """Return the logarithm of the likelihood of each image for each mean, but for a constant.

    sum over pixels of log Phi((1/2 - m) / noise)          where the pixel is 0
                       log Phi((m - 254 1/2) / noise)      where it is 255
                       -(x - m)^2 / (2 noise^2)            elsewhere

    The term x^2, which no mean changes, is left out.

    Args:
        images: uint8 [n, pixels].
        means: the mean image of each hypothesis in grey levels, float [means, pixels].
        noise: standard deviation of a pixel, in grey levels.

    Returns:
        float64 [n, means].

    Source:
        Likelihood of censored normal values (Tobin 1958). Departure: values between are read as if
        they had not been rounded, which adds 1/12 of a squared grey level to their variance.
    """
    from scipy import special

    black = special.log_ndtr((0.5 - means) / noise).T
    white = special.log_ndtr((means - 254.5) / noise).T
    chunks = []
    for start in range(0, len(images), _CHUNK):
        part = images[start : start + _CHUNK]
        between = ((part > 0) & (part < 255)).astype(np.float64)
        found = (between * part) @ means.T - between @ (means**2).T / 2
        found /= noise**2
        found += (part == 0).astype(np.float64) @ black + (part == 255).astype(np.float64) @ white
        chunks.append(found)
    return np.concatenate(chunks)

"""The likelihood of images, against the probability of every whole grey level."""

import numpy as np
from scipy import special, stats

from lossbench.datasets.grey_levels import log_likelihood

NOISE = 32.0


def drawn(means, n, seed):
    rng = np.random.default_rng(seed)
    return np.clip(np.rint(means + NOISE * rng.standard_normal((n, len(means)))), 0, 255)


def exact(images, means):
    """Sum over pixels of the logarithm of the chance of just this whole number."""
    upper = np.where(images == 255, np.inf, images + 0.5)[:, np.newaxis]
    lower = np.where(images == 0, -np.inf, images - 0.5)[:, np.newaxis]
    chance = stats.norm.cdf(upper, means, NOISE) - stats.norm.cdf(lower, means, NOISE)
    return np.log(chance).sum(axis=2)


def test_differences_between_means_are_those_of_whole_grey_levels():
    # The third mean is clipped in every other pixel.
    rng = np.random.default_rng(1)
    means = 128 + rng.uniform(-20, 20, (3, 40))
    means[2] += np.resize([130.0, -130.0], 40)
    for k, mean in enumerate(means):
        images = drawn(mean, 50, seed=k)
        found = log_likelihood(images.astype(np.uint8), means, NOISE)
        wanted = exact(images, means)
        # Means far away have chances that are 0 in the plain form; those are left out.
        near = np.isfinite(wanted).all(axis=1)
        posterior = special.softmax(found, axis=1)
        np.testing.assert_allclose(
            posterior[near], special.softmax(wanted[near], axis=1), atol=0.002
        )
        if k < 2:
            assert near.mean() > 0.5
        np.testing.assert_allclose(
            (found[:, 0] - found[:, 1])[near], (wanted[:, 0] - wanted[:, 1])[near], atol=0.02
        )


def test_without_clipping_it_is_the_projection_on_the_difference():
    means = np.array([[100.0, 130.0], [120.0, 140.0]])
    images = np.array([[90, 150], [128, 128]], np.uint8)
    found = log_likelihood(images, means, NOISE)
    step = means[1] - means[0]
    wanted = (images - means.mean(axis=0)) @ step / NOISE**2
    np.testing.assert_allclose(found[:, 1] - found[:, 0], wanted)


def test_chunks_change_nothing():
    means = 128 + np.random.default_rng(0).uniform(-9, 9, (2, 4))
    images = drawn(means[0], 5001, seed=3).astype(np.uint8)
    alone = log_likelihood(images[-1:], means, NOISE)
    np.testing.assert_allclose(log_likelihood(images, means, NOISE)[-1:], alone)

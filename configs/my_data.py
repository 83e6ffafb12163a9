"""The data of own-function.yaml: the images of patients, several of each."""

import numpy as np


def patients(n=40, images=12, contrast=25.0, seed=0):
    """Return grey images of healthy and sick patients, each with a texture of their own.

    A network that has seen other images of a patient knows the texture, and with it the answer. So
    no patient may be in training and in the test: `group_train` says whose each image is.
    """
    rng = np.random.default_rng(seed)  # a fixed seed: the same images each time
    whose = np.repeat(np.arange(n), images)
    sick = whose % 2
    texture = 40 * rng.standard_normal((n, 16, 16))[whose]
    row, column = np.mgrid[:16, :16] - 7.5
    spot = contrast * np.exp(-(row**2 + column**2) / 18)
    noise = 20 * rng.standard_normal((len(whose), 16, 16))
    grey = 100 + texture + sick[:, None, None] * spot + noise
    return {
        "x_train": np.clip(grey, 0, 255).astype(np.uint8),
        "y_train": sick,
        "group_train": whose,  # without x_test and y_test, the test is drawn: see split
    }

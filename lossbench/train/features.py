"""What a frozen backbone makes of images: computed once, kept, and read by every job after that."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lossbench.datasets.rows import Rows, Stack
from lossbench.store.feature_store import load_chunks

BATCH = 64
"""Images that pass through the network at once; 64 was fastest, with one thread and with two."""

MOST_CONSTANT_BYTES = 2**29
"""Weights that take more are not written into the graph."""

_READ_AT_ONCE = 1024

Forward = Callable[[NDArray[np.float32]], Any]
"""Maps scaled images, [batch, height, width, channels], to features, [batch, size]."""


def load_features(
    frozen: keras.Model,
    images: Stack,
    key: Mapping[str, Any],
    *,
    note: Callable[[int, int], None],
    batch_size: int = BATCH,
    about: Mapping[str, Any] | None = None,
) -> Rows:
    """Return what a network makes of images, from the cache as far as it is there.

    Features belong to the content of an image: other splits, orders and repetitions of the same
    images find the same ones. All batches have one shape, so that no number depends on which
    process computes what.

    Args:
        frozen: maps scaled images, float [batch, height, width, channels] in [0, 1], to features,
            float [batch, size]; is run as in inference.
        images: uint8 [n, height, width, channels], which are scaled, or float, which are not.
        key: whatever decides the numbers besides the images and the batch size, as plain data.
        note: is told for how many of the distinct images there are features, and how many there
            are; what it raises ends the computing.
        batch_size: images that pass through the network at once.
        about: names for people, shown by `lossbench cache`; change nothing.

    Returns:
        float32 [n, size] in the order of `images`, read from disk when it is asked for;
        `np.asarray` reads all.

    Raises:
        DataError: LOSSBENCH_CACHE_LIMIT is no size.
    """
    hashes = image_hashes(images)
    distinct, first, order = np.unique(hashes, return_index=True, return_inverse=True)
    key = {
        **key,
        "image": [str(images.dtype), *images.shape[1:]],
        "batch_size": batch_size,
    }
    forward: Forward | None = None

    def compute(start: int, stop: int) -> NDArray[np.float32]:
        nonlocal forward
        forward = forward or compile_forward(frozen, batch_size)
        return _in_batches(forward, images[first[start:stop]], batch_size)

    size = int(frozen.output_shape[-1])
    about = about or {"network": frozen.name}
    chunks = load_chunks(key, [bytes(h) for h in distinct], size, compute, note, about=about)
    return Rows(Stack(chunks), order)


def image_hashes(images: Stack) -> NDArray[np.void]:
    """Return a hash of the content of each image, 16 bytes."""
    found = np.empty(len(images), "V16")
    for start in range(0, len(images), _READ_AT_ONCE):
        ids = np.arange(start, min(start + _READ_AT_ONCE, len(images)))
        for i, image in zip(ids, np.ascontiguousarray(images[ids]), strict=True):
            found[i] = hashlib.blake2b(image, digest_size=16).digest()
    return found


def compile_forward(frozen: keras.Model, batch_size: int) -> Forward:
    """Return a function that runs a network on batches of one size, as fast as the backend can.

    On TensorFlow weights become constants of the graph: batch normalisation is then folded into
    the convolutions before it, and these joined with their activations, which makes EfficientNet
    1.4 times as fast.
    """
    weights = sum(int(np.prod(w.shape)) for w in frozen.weights) * 4
    if keras.backend.backend() != "tensorflow" or weights > MOST_CONSTANT_BYTES:
        return frozen.predict_on_batch
    import tensorflow as tf

    trained, others = (
        [keras.ops.convert_to_numpy(v) for v in variables]
        for variables in (frozen.trainable_variables, frozen.non_trainable_variables)
    )

    def run(batch: Any) -> Any:
        return frozen.stateless_call(trained, others, batch, training=False)[0]

    shape = (batch_size, *frozen.input_shape[1:])
    return tf.function(run, input_signature=[tf.TensorSpec(shape, "float32")])


def _in_batches(forward: Forward, images: NDArray[Any], batch_size: int) -> NDArray[np.float32]:
    """Return the features of images; the last batch is filled up with zeros."""
    found = []
    for start in range(0, len(images), batch_size):
        batch = images[start : start + batch_size]
        scaled = batch.astype(np.float32)
        if batch.dtype == np.uint8:
            scaled /= np.float32(255.0)
        filled = np.zeros((batch_size, *scaled.shape[1:]), np.float32)
        filled[: len(scaled)] = scaled
        features = keras.ops.convert_to_numpy(forward(filled))
        found.append(features[: len(scaled)].astype(np.float32))
    return np.concatenate(found)

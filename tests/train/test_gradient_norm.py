"""The gradient norm, against finite differences and between backends."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from scipy.special import softmax

from lossbench.train import assembly, gradient_norm, settling
from lossbench.train.gradient_norm import probe_batch
from tests.train.test_job import run

TEXT = """
dataset: {name: mnist_mini, subset: 128}
model: tiny_cnn
losses: [LOSS]
seeds: [3]
train: {epochs: 1, batch_size: 32}
"""


def network(tmp_path, loss="cross_entropy", *overrides):
    folder, result = run(tmp_path, *overrides, text=TEXT.replace("LOSS", loss))
    assert result["status"] == "ok", result
    setting = settling.settle(json.loads((folder / "job.json").read_text()))
    fed, _ = assembly.assemble(setting)
    fed.begin_epoch(1)
    return fed, setting


def test_the_probe_is_the_same_for_all_and_no_larger_than_a_step():
    large, small = probe_batch(1000, 128), probe_batch(1000, 16)
    assert len(large) == 64 == len(set(large)) and len(small) == 16
    np.testing.assert_array_equal(large[:16], small)
    assert sorted(probe_batch(10, 128)) == list(range(10))


def test_it_is_that_of_a_plain_script(tmp_path):
    import tensorflow as tf

    fed, setting = network(tmp_path)
    indices = probe_batch(setting.n_train, 32)
    images = setting.splits.train.images[indices].astype("float32") / 255
    labels = setting.splits.train.targets[indices]
    with tf.GradientTape() as tape:
        outputs = fed.network(images, training=False)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, outputs)
        loss = tf.reduce_mean(losses)
    gradients = tape.gradient(loss, [w.value for w in fed.network.trainable_variables])
    flat = np.concatenate([np.ravel(g) for g in gradients]).astype(float)
    found = gradient_norm.gradient_norm(fed, indices)
    assert found == pytest.approx(np.sqrt(flat @ flat), rel=1e-5)


@pytest.mark.parametrize("loss", ["cross_entropy", "center_loss"])
def test_it_leaves_nothing_behind(tmp_path, loss):
    fed, setting = network(tmp_path, loss)
    before = [np.array(v) for v in fed.variables]
    norm = gradient_norm.gradient_norm(fed, probe_batch(setting.n_train, 32))
    assert np.isfinite(norm) and norm > 0
    after = [np.array(v) for v in fed.variables]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)


def test_frozen_weights_do_not_count(tmp_path):
    fed, setting = network(tmp_path)
    indices = probe_batch(setting.n_train, 32)
    whole = gradient_norm.gradient_norm(fed, indices)
    head = fed.network.get_layer("head")
    try:
        for layer in fed.network.layers:
            layer.trainable = layer is head
        of_head = gradient_norm.gradient_norm(fed, indices)
        assert of_head < whole
        images = setting.splits.train.images[indices].astype("float32") / 255
        read = np.array(keras.Model(fed.network.input, head.input)(images)).astype(float)
        p = softmax(np.array(fed.network(images)).astype(float), axis=1)
        p[np.arange(len(p)), setting.splits.train.targets[indices]] -= 1
        by_hand = np.hypot(np.linalg.norm(read.T @ p), np.linalg.norm(p.sum(axis=0))) / len(p)
        assert of_head == pytest.approx(by_hand, rel=1e-5)
        head.trainable = False
        assert np.isnan(gradient_norm.gradient_norm(fed, indices))
    finally:
        assembly._kept.clear()


SCRIPT = """
import sys
import keras, numpy as np
from keras import ops
from lossbench.losses.binding import per_example
from lossbench.train.feeding import IndexFed, resident_variable
from lossbench.train.gradient_norm import gradient_norm

rng = np.random.default_rng(0)
images = rng.integers(0, 256, size=(20, 8, 8, 1)).astype("uint8")
labels = rng.integers(0, 3, size=20).astype("int32")
inputs = keras.Input((8, 8, 1))
x = keras.layers.Conv2D(4, 3, activation="relu")(inputs)
x = keras.layers.BatchNormalization()(x)
x = keras.layers.Dropout(0.5)(keras.layers.Flatten()(x))
network = keras.Model(inputs, keras.layers.Dense(3, name="head")(x))
network.set_weights([
    np.abs(rng.normal(size=w.shape)).astype("float32") * 0.3 for w in network.get_weights()
])
loss = lambda changing: lambda y, z: keras.losses.sparse_categorical_crossentropy(
    y, z, from_logits=True)
fed = IndexFed(network, resident_variable(images, "images"), resident_variable(labels, "labels"),
               loss, 2, n_train=20)
indices = np.arange(12, dtype="int32")
first = gradient_norm(fed, indices)
head = [w * 2 for w in network.layers[-1].get_weights()]
network.layers[-1].set_weights(head)
print("norms", first, gradient_norm(fed, indices))
"""


@pytest.mark.slow
def test_backends_agree():
    """On the same weights and images, and again after the weights have changed."""
    found = {}
    for backend in ("tensorflow", "jax", "torch"):
        pytest.importorskip(backend)
        environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        line = next(text for text in done.stdout.splitlines() if text.startswith("norms"))
        found[backend] = [float(word) for word in line.split()[1:]]
    assert found["tensorflow"][0] != found["tensorflow"][1]
    for backend, norms in found.items():
        assert norms == pytest.approx(found["tensorflow"], rel=1e-4), backend

"""Averaged weights, against NumPy, TensorFlow's moving average and torch's swa_utils."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import ops

from lossbench.train import assembly, averaging, settling
from lossbench.train.averaging import WeightAverage, recompute_statistics
from lossbench.train.loop import State, Validation, train_epochs
from tests.train.test_job import numbers, run

EXPERIMENT = """
dataset: {name: mnist_mini, subset: 200}
model: tiny_cnn
losses: [cross_entropy]
optimizer: {name: adam, learning_rate: 0.01}
seeds: [3]
train: {epochs: 4, batch_size: 32}
"""


class Shift(keras.layers.Layer):
    """Adds a weight to its input."""

    def build(self, shape):
        self.shift = self.add_weight(shape=(), initializer="zeros")

    def call(self, x):
        return x + self.shift


def small():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), Shift()])


def fill(network, rng):
    network.set_weights([rng.normal(size=w.shape).astype("float32") for w in network.weights])


def after_steps(average, network, epochs, steps, rng):
    """Let weights change as steps would, and the average take note as `IndexFed` lets it."""
    seen = []
    for number in range(1, epochs + 1):
        for step in range(steps):
            average.note_step(ops.convert_to_tensor(step, "int32"))
            fill(network, rng)
            seen.append([w.copy() for w in network.get_weights()])
        average.note_epoch(number)
    return seen


@pytest.mark.parametrize("decay", [0.5, 0.999])
def test_ema_is_that_of_tensorflow(decay):
    import tensorflow as tf

    network, rng = small(), np.random.default_rng(0)
    average = WeightAverage(network, "ema", epochs=3, decay=decay)
    start = network.get_weights()
    seen = after_steps(average, network, 3, 5, rng)
    for i, first in enumerate(start):
        variable, updates = tf.Variable(first), tf.Variable(0.0)
        theirs = tf.train.ExponentialMovingAverage(decay, num_updates=updates)
        theirs.apply([variable])  # makes the copy
        for t, weights in enumerate(seen):
            updates.assign(t)
            variable.assign(weights[i])
            theirs.apply([variable])
        expected = theirs.average(variable).numpy()
        np.testing.assert_allclose(average.weights[i], expected, rtol=1e-5, atol=1e-6)


def test_ema_of_a_constant_decay_is_that_of_torch():
    """From the step at which the decay has grown to its limit, rule for rule."""
    torch = pytest.importorskip("torch")
    from torch.optim.swa_utils import get_ema_multi_avg_fn

    network, rng = small(), np.random.default_rng(1)
    average = WeightAverage(network, "ema", epochs=1, decay=0.5)
    average.count.assign(8.0)  # (1 + 8) / (10 + 8)
    fill(network, rng)
    average.note_epoch(1)
    theirs = [torch.tensor(np.array(w)) for w in average.weights]
    for number in range(2, 8):
        fill(network, rng)
        average.note_epoch(number)
        now = [torch.tensor(w) for w in network.get_weights()]
        get_ema_multi_avg_fn(0.5)(theirs, now, None)
    for ours, other in zip(average.weights, theirs, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("start", "epochs", "first"),
    [(0.75, 10, 8), (0.75, 4, 3), (0.0, 4, 1), (0.1, 30, 3), (0.99, 2, 2), (0.75, 1, 1)],
)
def test_swa_is_the_mean_of_the_ends_of_the_later_epochs(start, epochs, first):
    torch = pytest.importorskip("torch")
    from torch.optim.swa_utils import AveragedModel

    network, rng = small(), np.random.default_rng(2)
    average = WeightAverage(network, "swa", epochs=epochs, start=start)
    theirs = torch.nn.ParameterList([torch.tensor(w) for w in network.get_weights()])
    averaged, ends = AveragedModel(theirs), []
    for number in range(1, epochs + 1):
        fill(network, rng)
        assert average.note_epoch(number) == (number >= first)
        ends.append(network.get_weights())
        if number >= first:
            for parameter, weight in zip(theirs, network.get_weights(), strict=True):
                parameter.data = torch.tensor(weight)
            averaged.update_parameters(theirs)
    for i, (ours, other) in enumerate(zip(average.weights, averaged.module, strict=True)):
        mean = np.mean([end[i] for end in ends[first - 1 :]], axis=0)
        np.testing.assert_allclose(ours, mean, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(ours, other.detach(), rtol=1e-5, atol=1e-6)


def recorded(tmp_path, monkeypatch, average):
    """Train with an average; returns raw weights after every step, and those that were judged."""
    folder, _ = run(tmp_path, f"train.average={average}", text=EXPERIMENT)
    setting = settling.settle(json.loads((folder / "job.json").read_text()))
    assembly._kept.clear()
    fed, _ = assembly.assemble(setting)
    fed.compile(optimizer=fed.optimizer, steps_per_execution=1, jit_compile=False)
    raw, judged = [fed.network.get_weights()], []

    class Note(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raw.append(fed.network.get_weights())

    fit = fed.fit
    monkeypatch.setattr(
        fed, "fit", lambda *a, callbacks, **k: fit(*a, callbacks=[*callbacks, Note()], **k)
    )

    def validate():
        judged.append(fed.network.get_weights())
        return Validation(np.zeros(1), float(len(judged)), ())

    state = State()
    train_epochs(
        fed,
        state,
        order=setting.order,
        epochs=4,
        batch_size=32,
        higher_is_better=True,
        validate=validate,
        on_steps=lambda step: None,
        on_epoch=lambda state: None,
    )
    assembly._kept.clear()
    return raw, judged, state


@pytest.mark.parametrize("average", ["{type: ema, decay: 0.8}", "{type: swa, start: 0.5}"])
def test_what_is_judged_is_the_average_of_what_was_trained(tmp_path, monkeypatch, average):
    """The raw weights are those of a run without average; the judged ones NumPy's mean of them."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "averaged").mkdir()
    plain, judged_plain, _ = recorded(tmp_path / "plain", monkeypatch, "null")
    raw, judged, state = recorded(tmp_path / "averaged", monkeypatch, average)
    assert len(raw) == len(plain) == 1 + 4 * 6
    for a, b in zip(plain, raw, strict=True):
        for x, y in zip(a, b, strict=True):
            np.testing.assert_array_equal(x, y)
    ends = [plain[6 * e] for e in range(1, 5)]
    for found, end in zip(judged_plain, ends, strict=True):
        np.testing.assert_array_equal(found[0], end[0])
    for e in range(1, 5):
        for i in range(len(plain[0])):
            if "swa" in average:
                expected = np.mean([end[i] for end in ends[1:e]], axis=0) if e > 1 else ends[0][i]
            else:
                expected = plain[0][i].astype(float)
                for t, weights in enumerate(plain[1 : 1 + 6 * e]):
                    d = min(0.8, (1 + t) / (10 + t))
                    expected = d * expected + (1 - d) * weights[i]
            np.testing.assert_allclose(judged[e - 1][i], expected, rtol=1e-4, atol=1e-6)
    for kept, wanted in zip(state.best_weights, judged[-1], strict=True):
        np.testing.assert_array_equal(kept, wanted)


def test_swa_forgets_what_was_best_before_there_was_an_average(tmp_path, monkeypatch):
    """A raw network that was better is not chosen: an average is what was asked for."""
    assert averaging.make(small(), {"type": "swa", "start": 0.75}, 4).first_epoch == 3
    folder, result = run(
        tmp_path, "train.average={type: swa, start: 0.75}", "train.epochs=4", text=EXPERIMENT
    )
    assert result["status"] == "ok" and result["selected_epoch"] >= 3
    assert folder.is_dir()


def with_norm():
    inputs = keras.Input((4, 4, 2))
    x = keras.layers.Conv2D(3, 3)(inputs)
    x = keras.layers.BatchNormalization(name="trained")(x)
    x = keras.layers.Dropout(0.5, seed=1)(x)
    inner = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.BatchNormalization()])
    x = keras.layers.BatchNormalization(name="frozen", trainable=False)(inner(x))
    return keras.Model(inputs, keras.layers.Flatten()(x))


def test_statistics_are_recomputed_as_torch_does():
    """torch.optim.swa_utils.update_bn on the same convolution; batches are of one size."""
    torch = pytest.importorskip("torch")
    from torch.optim.swa_utils import update_bn

    rng = np.random.default_rng(3)
    images = rng.normal(2, 3, size=(40, 4, 4, 2)).astype("float32")
    network = with_norm()
    conv, norm = network.layers[1], network.get_layer("trained")
    theirs = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.BatchNorm2d(3))
    kernel, bias = conv.get_weights()
    theirs[0].weight.data = torch.tensor(kernel.transpose(3, 2, 0, 1).copy())
    theirs[0].bias.data = torch.tensor(bias)
    batches = np.split(images, 4)
    update_bn([torch.tensor(b.transpose(0, 3, 1, 2).copy()) for b in batches], theirs)
    frozen = network.get_layer("frozen").get_weights()
    seeds = [np.array(v) for v in network.non_trainable_variables if "seed" in v.path]
    recompute_statistics(network, lambda: iter(batches))
    np.testing.assert_allclose(norm.moving_mean, theirs[1].running_mean, rtol=1e-5)
    pixels = 10 * 4  # torch keeps the unbiased variance, Keras the biased one
    unbiased = np.array(norm.moving_variance) * pixels / (pixels - 1)
    np.testing.assert_allclose(unbiased, theirs[1].running_var, rtol=1e-4)
    assert norm.momentum == 0.99
    for a, b in zip(frozen, network.get_layer("frozen").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert len(seeds) > 0
    after = [np.array(v) for v in network.non_trainable_variables if "seed" in v.path]
    assert all((a == b).all() for a, b in zip(seeds, after, strict=True))


def test_batches_count_by_their_size():
    network = with_norm()
    images = np.random.default_rng(4).normal(size=(5, 4, 4, 2)).astype("float32")
    recompute_statistics(network, lambda: iter([images[:4], images[4:]]))
    seen = ops.convert_to_numpy(network.layers[1](images))
    found = np.array(network.get_layer("trained").moving_mean)
    np.testing.assert_allclose(found, seen.mean(axis=(0, 1, 2)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("average", ["{type: ema, decay: 0.9}", "{type: swa, start: 0.4}"])
def test_interrupted_it_goes_on_bit_identically(tmp_path, stop_after, average):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    setting = f"train.average={average}", "train.epochs=5"
    whole = numbers(*run(tmp_path / "a", *setting, text=EXPERIMENT))
    stop = tmp_path / "stop"
    stop_after(stop, 3)
    _, result = run(tmp_path / "b", *setting, text=EXPERIMENT, stop=stop)
    assert result["status"] == "interrupted"
    stop.unlink()
    assembly._kept.clear()
    folder, result = run(tmp_path / "b", *setting, text=EXPERIMENT)
    assert numbers(folder, result) == whole


@pytest.mark.slow
@pytest.mark.parametrize("average", ["{type: ema}", "{type: swa, start: 0.4}"])
def test_a_network_with_batch_normalisation_is_tested_with_matching_statistics(tmp_path, average):
    """The average of a network that has learned is not thrown off by foreign statistics."""
    text = EXPERIMENT.replace("tiny_cnn", "resnet20").replace("subset: 200", "subset: 600")
    folder, result = run(tmp_path, f"train.average={average}", "train.epochs=5", text=text)
    assert result["status"] == "ok", (folder / "log.txt").read_text()
    gaps = {
        m["at"]: m["value"]
        for m in result["metrics"]
        if (m["metric"], m["split"], m["stage"]) == ("accuracy", "test", "raw")
    }
    assert gaps["last"] > 0.3, gaps


SCRIPT = """
import keras
import numpy as np
from lossbench.train.averaging import WeightAverage
from lossbench.train.feeding import IndexFed, resident_variable

keras.utils.set_random_seed(0)
rng = np.random.default_rng(0)
images = resident_variable(rng.integers(0, 256, size=(24, 8, 8, 1)).astype("uint8"), "images")
labels = resident_variable(rng.integers(0, 3, size=24).astype("int32"), "labels")
inputs = keras.Input((8, 8, 1))
x = keras.layers.BatchNormalization()(keras.layers.Conv2D(4, 3, activation="relu")(inputs))
network = keras.Model(inputs, keras.layers.Dense(3, name="head")(keras.layers.Flatten()(x)))
average = WeightAverage(network, "ema", epochs=2, decay=0.8)
loss = lambda changing: lambda y, z: keras.losses.sparse_categorical_crossentropy(
    y, z, from_logits=True)
fed = IndexFed(network, images, labels, loss, 3, n_train=24, average=average)
fed.compile(optimizer=keras.optimizers.Adam(0.01), jit_compile=False)
average.reset()
raw = [network.get_weights()]

class Note(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if keras.backend.backend() == "jax":
            self.model.jax_state_sync()
        raw.append([np.array(w) for w in network.get_weights()])

for epoch in (1, 2):
    fed.begin_epoch(epoch)
    order = np.arange(24, dtype="int32")
    fed.fit(order, batch_size=8, shuffle=False, verbose=0, callbacks=[Note()])
    fed.read_step_losses()
    average.note_epoch(epoch)
assert len(raw) == 7
for i, found in enumerate(average.weights):
    expected = raw[0][i].astype(float)
    for t, weights in enumerate(raw[1:]):
        d = min(0.8, (1 + t) / (10 + t))
        expected = d * expected + (1 - d) * weights[i]
    found = keras.ops.convert_to_numpy(found)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert np.abs(found - raw[-1][i]).max() > 1e-4
"""


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_ema_inside_the_graph_is_that_of_numpy_on_every_backend(backend):
    """With BatchNorm, whose moving statistics are averaged alike."""
    pytest.importorskip(backend)
    environment = os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]

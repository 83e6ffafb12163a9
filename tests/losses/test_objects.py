"""Losses in a plain Keras script: compile, fit, save, load."""

import subprocess
import sys

import keras
import numpy as np
import pytest

import lossbench
from lossbench import losses
from lossbench.catalog import LOSSES
from lossbench.errors import LossError
from lossbench.losses.objects import ONLY_IN_THE_RUNNER
from tests.losses.cases import arguments, call, sample

RUNNER_ONLY = {
    row.name
    for row in LOSSES
    if row.role == "loss" and (row.weights or set(ONLY_IN_THE_RUNNER) & row.needs)
}
NAMES = [
    row.name
    for row in LOSSES
    if row.role == "loss" and row.name not in {"custom", "keras"} | RUNNER_ONLY
]


def given(name, drawn):
    return {k: v for k, v in drawn.supplied.items() if k != "epoch"}


@pytest.mark.parametrize("name", NAMES)
def test_the_object_computes_what_the_function_does(name):
    drawn = sample(name)
    found = lossbench.loss(name, reduction=None, **given(name, drawn))
    if found.epoch is not None:
        found.epoch.assign(drawn.supplied["epoch"])
    expected = call(name, drawn.labels, drawn.outputs, arguments(name, drawn), "float32")
    values = found(drawn.labels, drawn.outputs.astype("float32"))
    np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_the_object_survives_its_config(name):
    drawn = sample(name)
    first = lossbench.loss(name, **given(name, drawn))
    second = keras.losses.deserialize(keras.losses.serialize(first))
    labels, outputs = drawn.labels, drawn.outputs.astype("float32")
    assert float(second(labels, outputs)) == float(first(labels, outputs))


@pytest.mark.parametrize("name", sorted(RUNNER_ONLY))
def test_what_only_the_runner_can_supply_is_refused(name):
    with pytest.raises(LossError, match="only the runner"):
        lossbench.loss(name)


def test_fit_save_and_load(tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
    model.compile("adam", loss=lossbench.loss("gce", q=0.5))
    x, y = np.random.default_rng(0).normal(size=(32, 3)), np.arange(32) % 4
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=3, verbose=0)
    after = model.evaluate(x, y, verbose=0)
    assert after < before
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.loss.entry == {"name": "gce", "q": 0.5}
    assert loaded.evaluate(x, y, verbose=0) == pytest.approx(after, rel=1e-6)


def test_a_loss_that_changes_with_time_follows_the_epoch():
    keras.utils.set_random_seed(0)
    drw = lossbench.loss("drw", start=2, beta=0.9, class_counts=(90, 10), epochs=4)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.SGD(0.0), loss=drw)
    x, y = np.random.default_rng(0).normal(size=(32, 3)), np.ones(32)
    fitted = model.fit(x, y, epochs=4, verbose=0, callbacks=[drw.callback()])
    first, second, third, fourth = fitted.history["loss"]
    assert first == pytest.approx(second) and third == pytest.approx(fourth)
    assert third > 1.2 * second  # the rare class counts more from the switch on


def test_nested_losses_are_mappings():
    drawn = sample("focal")
    cb = lossbench.loss(
        "class_balanced", beta=0.0, base={"name": "focal", "gamma": 1.0}, class_counts=(5, 3, 2)
    )
    expected = losses.function("focal")(drawn.labels, drawn.outputs, gamma=1.0, alpha=None)
    found = cb(drawn.labels, drawn.outputs.astype("float32"))
    assert float(found) == pytest.approx(float(np.mean(expected)), rel=1e-5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: lossbench.loss("focall"), "Did you mean 'focal'"),
        (lambda: lossbench.loss("gce", q=2.0), "2.0 is not allowed"),
        (lambda: lossbench.loss("gce", p=0.5), "has no parameter 'p'"),
        (lambda: lossbench.loss("weighted_ce"), "needs class_counts"),
        (lambda: lossbench.loss("mse", epochs=3), "does not need epochs"),
        (lambda: lossbench.loss("gce", q={"grid": [0.1, 0.2]}), "one value"),
    ],
)
def test_mistakes_say_what_is_accepted(make, message):
    with pytest.raises(LossError, match=message):
        make()


def test_weights_of_examples_are_refused_for_a_loss_of_the_whole_batch():
    loss = lossbench.loss("pairwise_auc")
    with pytest.raises(LossError, match="whole batch"):
        loss(np.array([0.0, 1.0]), np.zeros((2, 1), "float32"), sample_weight=np.ones(2))


def test_importing_lossbench_loads_no_framework():
    code = "import sys, lossbench; print('keras' in sys.modules, 'tensorflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends(backend, tmp_path):
    pytest.importorskip(backend, reason=f"pip install {backend}")
    code = f"""
import os
os.environ["KERAS_BACKEND"] = {backend!r}
import keras, numpy as np, lossbench
keras.utils.set_random_seed(0)
model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)])
model.compile("adam", loss=lossbench.loss("gce", q=0.5))
x, y = np.random.default_rng(0).normal(size=(32, 3)).astype("float32"), np.arange(32) % 4
model.fit(x, y, epochs=2, verbose=0)
path = {str(tmp_path / "model.keras")!r}
model.save(path)
a, b = (m.evaluate(x, y, verbose=0) for m in (model, keras.models.load_model(path)))
assert abs(a - b) < 1e-6 and np.isfinite(a), (a, b)
"""
    subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

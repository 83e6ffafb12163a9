"""Optimizers against the signatures and the steps of the installed Keras, and against PyTorch."""

import inspect
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from lossbench.catalog import OPTIMIZERS
from lossbench.errors import LossbenchError
from lossbench.train import optimizing

NO_METHODS = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"}
LEFT_OUT = {"ScheduleFreeAdamW"}
"""See the table's docstring."""
NOT_TAKEN = {
    *("self", "name", "kwargs"),
    *("use_ema", "ema_momentum", "ema_overwrite_frequency"),  # train.average
    *("loss_scale_factor", "gradient_accumulation_steps"),
    *("exclude_layers", "exclude_embeddings"),  # by names of layers, which networks do not promise
}


def class_of(row):
    return getattr(keras.optimizers, row.target.partition(":")[2])


def test_every_optimizer_of_keras_has_a_row():
    classes = {
        name
        for name, value in vars(keras.optimizers).items()
        if inspect.isclass(value) and issubclass(value, keras.optimizers.Optimizer)
    }
    rows = {row.target.partition(":")[2] for row in OPTIMIZERS}
    assert rows == classes - NO_METHODS - LEFT_OUT


@pytest.mark.parametrize("name", OPTIMIZERS.names)
def test_parameters_and_defaults_are_those_of_keras(name):
    signature = inspect.signature(class_of(OPTIMIZERS[name]).__init__).parameters
    theirs = {key: p.default for key, p in signature.items() if key not in NOT_TAKEN}
    assert {key: p.default for key, p in OPTIMIZERS[name].params.items()} == theirs


def job(name="sgd", schedule=None, precision="float32", **params):
    defaults = {key: p.default for key, p in OPTIMIZERS[name].params.items()}
    assert params.keys() <= defaults.keys()
    return {
        "optimizer": {"name": name, "params": {**defaults, **params}},
        "schedule": schedule or {"name": "constant", "params": {"warmup": 0.0}},
        "train": {"precision": precision},
    }


COSINE = {"name": "cosine", "params": {"final": 0.0, "warmup": 0.0}}


def network(seed=0):
    """Two inputs, three hidden units with normalisation, one output."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(3, activation="tanh", bias_initializer="ones"),
            layers.BatchNormalization(beta_initializer="ones"),
            layers.Dense(1, bias_initializer="ones"),
        ]
    )


def built(of, model, steps=5):
    kernels = optimizing.kernels_of(model)
    return optimizing.build(of, steps, model.trainable_variables, kernels)


X = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def train(model, optimizer, epochs=2, steps=5, rates=lambda epoch: 0.01):
    """Train on the same batch, with a rate for every epoch."""
    model.compile(optimizer, "mse")
    for epoch in range(epochs):
        optimizing.set_rates(optimizer, np.broadcast_to(rates(epoch), steps).astype(float))
        for _ in range(steps):
            model.train_on_batch(X, Y)
    return [np.array(weight) for weight in model.weights]


def same(one, other, **tolerance):
    return all(np.allclose(a, b, **tolerance) for a, b in zip(one, other, strict=True))


def test_kernels_are_neither_biases_nor_normalisation():
    names = [kernel.path.rpartition("/")[2] for kernel in optimizing.kernels_of(network())]
    assert names == ["kernel", "kernel"]


@pytest.mark.parametrize("name", [n for n in OPTIMIZERS.names if n != "ftrl"])
def test_weight_decay_takes_a_share_of_kernels_alone(name):
    """With gradients of zero a step does nothing but decay; of ftrl it forgets the weights."""
    decay = {"weight_decay": 0.5}
    if name == "muon":
        decay["adam_weight_decay"] = 0.5
    model = network()
    before = [np.array(weight) for weight in model.trainable_variables]
    optimizer = built(job(name, **decay), model)
    optimizing.set_rates(optimizer, np.full(5, 0.1))
    optimizer.apply([keras.ops.zeros_like(v) for v in model.trainable_variables])
    for old, variable in zip(before, model.trainable_variables, strict=True):
        share = 1 - 0.1 * 0.5 if old.ndim > 1 else 1.0
        np.testing.assert_allclose(np.array(variable), share * old, rtol=1e-6, err_msg=name)


def test_sgd_with_everything_equals_a_plain_fit_of_keras():
    """Twenty steps with momentum, Nesterov, decay and clipping."""
    given = {"momentum": 0.9, "nesterov": True, "weight_decay": 0.02, "global_clipnorm": 0.3}
    ours = train(first := network(), built(job(**given), first), epochs=4)
    second = network()
    optimizer = keras.optimizers.SGD(0.01, **given)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    second.compile(optimizer, "mse")
    second.fit(X, Y, batch_size=8, epochs=20, shuffle=False, verbose=0)
    theirs = [np.array(weight) for weight in second.weights]
    assert same(ours, theirs, rtol=1e-5, atol=1e-7)
    bare = train(third := network(), built(job(momentum=0.9, nesterov=True), third), epochs=4)
    assert not same(ours, bare, rtol=1e-3)


@pytest.mark.parametrize("clip", ["clipnorm", "global_clipnorm", "clipvalue"])
def test_clipping_cuts_what_it_says(clip):
    model = network()
    optimizer = built(job(**{clip: 0.5}), model)
    optimizing.set_rates(optimizer, np.full(5, 1.0))
    before = [np.array(v) for v in model.trainable_variables]
    optimizer.apply([keras.ops.full(v.shape, 3.0) for v in model.trainable_variables])
    moved = [b - np.array(v) for b, v in zip(before, model.trainable_variables, strict=True)]
    whole = np.concatenate([m.ravel() for m in moved])
    if clip == "clipvalue":
        np.testing.assert_allclose(whole, 0.5, rtol=1e-5)
    elif clip == "clipnorm":
        np.testing.assert_allclose([np.linalg.norm(m) for m in moved], 0.5, rtol=1e-5)
    else:
        np.testing.assert_allclose(np.linalg.norm(whole), 0.5, rtol=1e-5)


def test_decoupled_decay_of_adamw_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    start = np.array([[1.0, -2.0, 0.5]], "float32")
    gradients = np.random.default_rng(1).normal(size=(6, 1, 3)).astype("float32")
    parameter = torch.nn.Parameter(torch.tensor(start))
    oracle = torch.optim.AdamW([parameter], lr=0.01, weight_decay=0.1, eps=1e-7)
    variable = keras.Variable(start)
    ours = optimizing.build(
        job("adamw", weight_decay=0.1, learning_rate=0.01), 6, [variable], [variable]
    )
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient)
        oracle.step()
        ours.apply([keras.ops.convert_to_tensor(gradient)])
    np.testing.assert_allclose(np.array(variable), parameter.detach().numpy(), rtol=1e-4)


def step(model, optimizer, rates):
    """Take a step along drawn gradients for each rate, epochs of them; return the weights."""
    rng = np.random.default_rng(3)
    for epoch in np.atleast_2d(rates):
        optimizing.set_rates(optimizer, epoch)
        for _ in epoch:
            drawn = [rng.normal(size=v.shape) for v in model.trainable_variables]
            optimizer.apply([keras.ops.cast(g, "float32") for g in drawn])
    return [np.array(weight) for weight in model.trainable_variables]


RATES = np.linspace(0.05, 0.01, 10).reshape(2, 5)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
@pytest.mark.parametrize("name", OPTIMIZERS.names)
def test_its_whole_state_is_in_its_variables(name, precision):
    """Reset as the next job resets it, an optimizer does the same again."""
    model = network()
    weights = model.get_weights()
    optimizer = built(job(name, COSINE, precision), model)
    start = [np.array(variable) for variable in optimizer.variables]
    first = step(model, optimizer, RATES)
    model.set_weights(weights)
    for variable, value in zip(optimizer.variables, start, strict=True):
        variable.assign(value)
    assert same(first, step(model, optimizer, RATES), rtol=0, atol=0)


@pytest.mark.parametrize("name", OPTIMIZERS.names)
def test_a_schedule_does_what_rates_that_are_assigned_do(name):
    scheduled, assigned, constant = network(), network(), network()
    found = step(scheduled, built(job(name, COSINE), scheduled), RATES)
    expected = step(assigned, built(job(name), assigned), RATES.reshape(10, 1))
    assert same(found, expected, rtol=1e-6)
    assert not same(found, step(constant, built(job(name), constant), RATES * 0 + 0.05), rtol=1e-4)


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_a_schedule_sets_the_rate_of_every_step_without_tracing_again(precision, monkeypatch):
    one, other, traced = network(), network(), []
    real = optimizing.StepRates.__call__
    monkeypatch.setattr(
        optimizing.StepRates, "__call__", lambda self, at: traced.append(at) or real(self, at)
    )
    scheduled = built(job("adam", COSINE, precision), one)
    train(one, scheduled, 1, 5, lambda epoch: RATES[epoch])
    calls = len(traced)
    optimizing.set_rates(scheduled, RATES[1])
    for _ in range(5):
        one.train_on_batch(X, Y)
    assert 0 < len(traced) == calls
    found = [np.array(weight) for weight in one.weights]
    assert float(scheduled.learning_rate) == pytest.approx(RATES[-1, -1], rel=1e-6)
    assigned = built(job("adam", None, precision), other)
    other.compile(assigned, "mse")
    for rate in RATES.ravel():
        optimizing.set_rates(assigned, np.array([rate]))
        other.train_on_batch(X, Y)
    expected = [np.array(weight) for weight in other.weights]
    assert same(found, expected, rtol=1e-5, atol=1e-7)


def test_a_skipped_step_does_not_shift_the_rates_of_the_next_epoch():
    """A step whose gradients overflowed is not counted by the optimizer."""
    model = network()
    optimizer = built(job("sgd", COSINE, "mixed_float16"), model)
    optimizing.set_rates(optimizer, np.array([5.0, 4.0, 3.0, 2.0, 1.0]))
    finite = [keras.ops.zeros_like(v) for v in model.trainable_variables]
    optimizer.apply([keras.ops.full(v.shape, np.inf) for v in model.trainable_variables])
    assert float(optimizer.learning_rate) == 5.0
    for _ in range(4):
        optimizer.apply(finite)
    optimizing.set_rates(optimizer, np.array([50.0, 40.0, 30.0, 20.0, 10.0]))
    assert float(optimizer.learning_rate) == 50.0


def test_an_older_keras_without_a_parameter_is_named(monkeypatch):
    older = SimpleNamespace(__init__=lambda self, learning_rate=0.1: None)
    monkeypatch.setattr(keras.optimizers, "SGD", older)
    with pytest.raises(
        LossbenchError, match=r"'sgd': keras\.optimizers\.SGD has no momentum, nest"
    ):
        built(job(), network())
    monkeypatch.delattr(keras.optimizers, "SGD")
    with pytest.raises(LossbenchError, match=r"does not exist in Keras .* Install a newer one"):
        built(job(), network())

"""Schedules against PyTorch's and Keras's own, step by step."""

import keras
import numpy as np
import pytest

from lossbench.catalog import SCHEDULES
from lossbench.train.schedules import Point, factors, is_plain

EPOCHS, STEPS = 10, 7
TOTAL = EPOCHS * STEPS


def record(name, **params):
    defaults = {key: p.default for key, p in SCHEDULES[name].params.items()}
    assert params.keys() <= defaults.keys()
    return {"name": name, "params": {**defaults, **params}}


def whole(schedule, epochs=EPOCHS, steps=STEPS):
    """Factors of all steps of a run."""
    each = [factors(schedule, Point(epochs, steps, epoch)) for epoch in range(1, epochs + 1)]
    assert all(one.shape == (steps,) for one in each)
    return np.concatenate(each)


def by_torch(make, total=TOTAL):
    """The rates that a scheduler of PyTorch's gives each step, from a rate of 1."""
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler, found = make(torch.optim.lr_scheduler, optimizer), []
    for _ in range(total):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return found


def test_constant_is_one_and_plain():
    assert whole(record("constant")).tolist() == [1.0] * TOTAL
    assert is_plain(record("constant"))
    assert not is_plain(record("constant", warmup=0.5)) and not is_plain(record("cosine"))


@pytest.mark.parametrize("warmup", [2, 0.2, 2.0])
def test_warm_up_rises_evenly_from_zero(warmup):
    found = whole(record("constant", warmup=warmup))
    np.testing.assert_allclose(found[:14], np.arange(14) / 14)
    assert found[14:].tolist() == [1.0] * (TOTAL - 14)


def test_step_is_multi_step_of_pytorch():
    found = whole(record("step", epochs=(4, 0.8), factor=0.2))
    expected = by_torch(lambda s, o: s.MultiStepLR(o, [4 * STEPS, 8 * STEPS], gamma=0.2))
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_step_falls_within_an_epoch_and_after_a_warm_up():
    found = whole(record("step", epochs=(2.5,), factor=0.5, warmup=1), steps=4)
    expected = [0, 0.25, 0.5, 0.75, *[1.0] * 6, *[0.5] * 30]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("final", [0.0, 0.1])
def test_cosine_is_cosine_annealing_of_pytorch(final):
    found = whole(record("cosine", final=final))
    expected = by_torch(lambda s, o: s.CosineAnnealingLR(o, T_max=TOTAL, eta_min=final))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("warmup", [1, 3])
def test_cosine_with_warm_up_is_cosine_decay_of_keras(warmup):
    oracle = keras.optimizers.schedules.CosineDecay(
        0.0, TOTAL - warmup * STEPS, alpha=0.05, warmup_target=1.0, warmup_steps=warmup * STEPS
    )
    found = whole(record("cosine", final=0.05, warmup=warmup))
    np.testing.assert_allclose(found, [float(oracle(t)) for t in range(TOTAL)], rtol=2e-6)


@pytest.mark.parametrize(("epochs", "steps"), [(10, 7), (3, 4), (1, 2), (2, 1)])
@pytest.mark.parametrize("peak_at", [0.3, 0.45])
def test_one_cycle_is_that_of_pytorch(epochs, steps, peak_at):
    found = whole(record("one_cycle", peak_at=peak_at), epochs, steps)
    expected = by_torch(
        lambda s, o: s.OneCycleLR(
            o, max_lr=1.0, total_steps=epochs * steps, pct_start=peak_at, cycle_momentum=False
        ),
        epochs * steps - 1,
    )
    np.testing.assert_allclose(found[:-1], expected, rtol=1e-9)
    assert found[-1] == pytest.approx(4e-6, rel=1e-6), "PyTorch's final_div_factor of its start"


def test_one_cycle_of_ten_steps():
    """As PyTorch 2.13's OneCycleLR(max_lr=1, total_steps=10) printed it."""
    expected = [0.04, 0.52, 1.0, 0.950485, 0.811746, 0.611262, 0.388742, 0.188258, 0.0495194, 4e-6]
    np.testing.assert_allclose(whole(record("one_cycle"), 5, 2), expected, rtol=2e-6)


def test_one_cycle_of_one_step_is_finite():
    assert np.isfinite(whole(record("one_cycle"), 1, 1)).all()


METRICS = [0.1, 0.5, 0.5, 0.50005, 0.4, 0.6, 0.3, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.7]


def after_each(schedule, seen, rate=1.0):
    """The factor of the epoch that follows each metric that was seen."""
    epochs = len(seen) + 1
    found = [
        factors(schedule, Point(epochs, 3, n + 1, seen[:n], rate)) for n in range(1, len(seen) + 1)
    ]
    assert all(len(set(one)) == 1 for one in found)
    return [float(one[0]) for one in found]


def plateau(**params):
    return record("reduce_on_plateau", **params)


@pytest.mark.parametrize(("patience", "min_rate"), [(1, 0.0), (2, 0.0), (3, 0.03)])
def test_reduce_on_plateau_is_that_of_pytorch_an_epoch_earlier(patience, min_rate):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, "max", 0.25, patience - 1, threshold=1e-4, threshold_mode="abs", min_lr=min_rate
    )
    expected = []
    for value in METRICS:
        scheduler.step(value)
        expected.append(optimizer.param_groups[0]["lr"])
    found = after_each(plateau(factor=0.25, patience=patience, min_rate=min_rate), METRICS)
    np.testing.assert_allclose(found, expected)
    assert len(set(found)) > 1


def test_reduce_on_plateau_is_that_of_keras():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.5), "mse")
    oracle = keras.callbacks.ReduceLROnPlateau(
        "val_metric", factor=0.25, patience=2, mode="max", min_delta=1e-4, min_lr=0.01
    )
    oracle.set_model(model)
    oracle.on_train_begin()
    expected = []
    for epoch, value in enumerate(METRICS):
        oracle.on_epoch_end(epoch, {"val_metric": value})
        expected.append(float(model.optimizer.learning_rate))
    found = after_each(plateau(factor=0.25, patience=2, min_rate=0.01), METRICS, rate=0.5)
    np.testing.assert_allclose(0.5 * np.array(found), expected, rtol=1e-6)


def test_on_a_plateau_the_rate_never_rises_to_its_least():
    found = after_each(plateau(patience=1, min_rate=5.0), [0.5, 0.4, 0.3], rate=0.1)
    assert found == [1.0, 1.0, 1.0]


def test_a_metric_of_nan_is_never_better():
    assert after_each(plateau(patience=2), [0.5, np.nan, np.nan]) == [1.0, 1.0, 0.1]


def test_every_schedule_has_a_function_and_starts_finite():
    for row in SCHEDULES:
        found = factors(record(row.name), Point(4, 5, 1))
        assert np.isfinite(found).all() and (found >= 0).all() and (found <= 1).all()

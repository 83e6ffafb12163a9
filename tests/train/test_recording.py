import time

import numpy as np
import pandas as pd
import pytest

from lossbench.train import environment, loop
from lossbench.train.recording import (
    SPIKE_WINDOW,
    loss_spikes,
    margins,
    of_run,
    step_blocks,
    train_validation_gap,
)


def test_short_trainings_have_a_row_for_each_step():
    losses = np.array([2.5, 1.25, np.nan], "float32")
    found = step_blocks(losses)
    assert list(found) == ["step", "loss"] and found["step"] == [1, 2, 3]
    assert found["loss"][:2] == [2.5, 1.25] and np.isnan(found["loss"][2])
    assert step_blocks(np.zeros(0, "float32")) == {"step": [], "loss": []}
    assert len(step_blocks(np.zeros(10_000, "float32"))["step"]) == 10_000


@pytest.mark.parametrize("n", [10_001, 25_000, 100_000])
def test_long_trainings_are_thinned_as_pandas_groups_them(n):
    losses = np.random.default_rng(0).normal(size=n).astype("float32")
    found = step_blocks(losses)
    k = -(-n // 10_000)
    groups = pd.Series(losses.astype(float)).groupby(np.arange(n) // k)
    assert list(found) == ["step", "loss", "loss_min", "loss_max"]
    assert len(found["step"]) <= 10_000 and found["step"][0] == k and found["step"][-1] == n
    np.testing.assert_allclose(found["loss"], groups.mean(), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(found["loss_min"], groups.min())
    np.testing.assert_array_equal(found["loss_max"], groups.max())


def test_a_part_of_a_long_training_is_thinned_as_the_whole():
    found = step_blocks(np.arange(7, dtype="float32"), planned=30_000)
    assert found["step"] == [3, 6, 7] and found["loss"] == [1.0, 4.0, 6.0]


def slow_spikes(losses):
    """The definition, word for word, by pandas."""
    count = 0
    for t, loss in enumerate(losses):
        before = pd.Series(losses[max(0, t - SPIKE_WINDOW) : t].astype(float))
        before = before[np.isfinite(before)]
        if not np.isfinite(loss):
            count += 1
        elif t >= 10 and len(before):
            low, middle, high = before.quantile([0.25, 0.5, 0.75])
            count += bool(loss - middle > max(abs(middle), 6 * (high - low) / 1.349))
    return count


@pytest.mark.parametrize("offset", [0.0, 1.0, -5.0])
def test_spikes_are_those_of_the_definition(offset):
    rng = np.random.default_rng(1)
    losses = offset + np.exp(-np.arange(400) / 100) + 0.1 * rng.normal(size=400)
    losses[rng.integers(0, 400, 25)] += rng.uniform(0, 12, 25)
    losses[[30, 200]] = np.nan, np.inf
    expected = slow_spikes(losses.astype("float32"))
    assert loss_spikes(losses.astype("float32")) == expected >= 3


def test_a_smooth_descent_has_no_spikes_and_one_jump_is_one():
    losses = np.exp(-np.arange(300) / 50).astype("float32")
    assert loss_spikes(losses) == 0 == loss_spikes(losses[:5]) == loss_spikes(losses[:0])
    losses[150] = 3
    assert loss_spikes(losses) == 1
    assert loss_spikes(np.full(5, np.nan, "float32")) == 5


def test_a_hundred_thousand_steps_take_less_than_two_seconds():
    losses = np.random.default_rng(2).normal(size=100_000).astype("float32")
    started = time.process_time()
    loss_spikes(losses)
    step_blocks(losses)
    assert time.process_time() - started < 2


def test_margins_of_two_classes_are_those_of_the_logistic_curve():
    """p - (1 - p) = tanh(z / 2T) for scores (0, z)."""
    rng = np.random.default_rng(3)
    z = rng.normal(size=400) * 3
    labels = (rng.uniform(size=400) < 1 / (1 + np.exp(-z / 2))).astype(int)
    scores = np.stack([np.zeros(400), z], axis=1)
    found = margins(scores, labels)
    np.testing.assert_array_equal(found > 0, (z > 0) == (labels == 1))
    signed = np.where(labels == 1, z, -z)
    temperatures = signed / 2 / np.arctanh(found)
    np.testing.assert_allclose(temperatures, temperatures[0], rtol=1e-6)
    assert 1.4 < temperatures[0] < 2.8, "labels were drawn at 2"


def test_margins_do_not_depend_on_the_scale_of_scores_and_read_shares():
    rng = np.random.default_rng(4)
    scores = rng.normal(size=(300, 4))
    labels = (scores + rng.normal(size=(300, 4))).argmax(axis=1)
    shares = np.full((300, 4), 0.1)
    shares[np.arange(300), labels] = 0.7
    np.testing.assert_allclose(margins(100 * scores, labels), margins(scores, labels), rtol=1e-4)
    np.testing.assert_array_equal(margins(scores, shares), margins(scores, labels))


def rows(name, values, split="validation"):
    return [{"metric": name, "split": split, "value": value} for value in values]


@pytest.mark.parametrize(("better", "gap"), [(True, 0.25), (False, 0.5)])
def test_what_a_run_comes_to(better, gap):
    epochs = rows("accuracy", [0.25, 1.0, np.nan, 0.75]) + rows(
        "gradient_norm", [1.0, 8.0, 2.0], "train"
    )
    epochs += rows("accuracy", [9.0], "train")
    found = of_run(epochs, np.ones(4, "float32"), "accuracy", higher_is_better=better)
    assert found == {"gradient_norm_max_ratio": 4.0, "loss_spikes": 0, "best_last_gap": gap}
    nothing = of_run([], np.zeros(0, "float32"), "accuracy", higher_is_better=better)
    assert nothing == {"gradient_norm_max_ratio": None, "loss_spikes": 0, "best_last_gap": None}


def test_the_gap_is_positive_where_training_is_better():
    both = [
        {"split": split, "at": at, "stage": stage, "metric": "rmse", "value": value}
        for split, at, stage, value in (
            ("train", "selected", "raw", 1.0),
            ("validation", "selected", "raw", 1.5),
            ("validation", "last", "raw", 7.0),
        )
    ]
    assert train_validation_gap(both, "rmse", higher_is_better=False) == 0.5
    assert train_validation_gap(both, "rmse", higher_is_better=True) == -0.5
    assert train_validation_gap(both[1:], "rmse", higher_is_better=True) is None


@pytest.mark.parametrize(
    ("calls", "median"),
    [
        ([(9.0, 10), (0.02, 10), (0.04, 10), (0.06, 10)], 4.0),
        ([(9.0, 5), (8.0, 5), (0.02, 5), (0.03, 5)], 5.0),
        ([(9.0, 4), (0.008, 4)], 2.0),
        ([(9.0, 4)], np.nan),
        ([], np.nan),
    ],
)
def test_the_first_ten_steps_are_not_timed(calls, median):
    assert loop.step_ms_median(calls) == pytest.approx(median, nan_ok=True)


@pytest.mark.skipif(not environment.STATUS.exists(), reason="only Linux tells and forgets")
def test_the_peak_is_that_of_the_job():
    environment.forget_peak_memory()
    before = environment.peak_memory_mib()
    assert before == pytest.approx(environment.resident_mib(), rel=0.05)
    much = np.ones(2**24)  # 128 MiB
    assert environment.peak_memory_mib() > before + 100
    del much
    environment.forget_peak_memory()
    assert environment.peak_memory_mib() < before + 60


def test_where_the_system_tells_nothing_the_peak_is_that_of_the_process(monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "STATUS", tmp_path / "none")
    assert environment.peak_memory_mib() > 50
    assert np.isnan(environment.resident_mib())

"""Numbers: curves whose answers are known in closed form; oracles: scipy, scikit-learn."""

import math

import numpy as np
import pytest
from scipy.signal import savgol_filter
from sklearn.metrics import auc

from lossbench.stats.convergence import (
    Oscillation,
    area_under,
    best_last_gap,
    largest_spike,
    oscillation,
    reached_at,
    smooth,
    window,
)

EPOCHS = [1.0, 2.0, 3.0, 4.0]


def test_the_first_value_that_reaches_the_target_counts():
    values = [0.5, 0.8, 0.7, 0.9]
    assert reached_at(EPOCHS, values, 0.75, True) == 2.0
    assert reached_at(EPOCHS, values, 0.8, True) == 2.0, "reaching it is enough"
    assert reached_at([100, 200, 300, 400], values, 0.9, True) == 400.0
    assert reached_at(EPOCHS, [3.0, 2.0, 1.0, 4.0], 2.0, False) == 2.0


def test_a_target_that_is_not_reached_is_infinitely_far():
    assert reached_at(EPOCHS, [0.1, 0.2, 0.3, 0.4], 0.5, True) == math.inf
    assert reached_at([], [], 0.5, True) == math.inf
    assert reached_at([1.0, 2.0], [math.nan, 0.9], 0.5, True) == 2.0, "NaN reaches nothing"
    assert math.isnan(reached_at([1.0], [1.0], math.nan, True))


@pytest.mark.parametrize(
    ("x", "values", "message"),
    [
        ([1.0, 2.0], [1.0], "1 for 2 of x"),
        ([1.0, 1.0], [1.0, 2.0], "does not rise"),
        ([[1.0]], [1.0], r"shape \(1, 1\)"),
    ],
)
def test_curves_that_are_none_are_refused(x, values, message):
    with pytest.raises(ValueError, match=message):
        reached_at(x, values, 0.5, True)
    with pytest.raises(ValueError, match=message):
        area_under(x, values)


def test_the_area_is_the_mean_over_the_epochs():
    assert area_under([1, 2, 3], [0.0, 1.0, 1.0]) == pytest.approx(0.75)
    assert area_under([1, 5], [0.2, 0.4]) == pytest.approx(0.3)
    assert area_under([3], [0.7]) == 0.7
    assert math.isnan(area_under([], []))
    assert math.isnan(area_under([1, 2], [0.5, math.nan]))


def test_the_area_equals_that_of_scikit_learn():
    rng = np.random.default_rng(1)
    x, values = np.cumsum(rng.uniform(0.1, 2, 20)), rng.normal(size=20)
    assert area_under(x, values) == pytest.approx(auc(x, values) / (x[-1] - x[0]))


def test_an_earlier_rise_has_the_larger_area():
    assert area_under(EPOCHS, [0.8, 0.9, 0.9, 0.9]) > area_under(EPOCHS, [0.1, 0.2, 0.5, 0.9])


def test_the_gap_is_what_was_lost_after_the_best():
    assert best_last_gap([0.5, 0.9, 0.7], True) == pytest.approx(0.2)
    assert best_last_gap([3.0, 1.0, 1.5], False) == pytest.approx(0.5)
    assert best_last_gap([0.5, 0.9], True) == 0.0
    assert best_last_gap([math.nan, 0.9, 0.8], True) == pytest.approx(0.1)
    assert math.isnan(best_last_gap([0.9, math.nan], True))
    assert math.isnan(best_last_gap([], True))


def test_the_trend_is_a_moving_mean_over_a_tenth():
    rng = np.random.default_rng(2)
    losses = rng.normal(1, 0.1, 200)
    assert (window(200), window(1000), window(20), window(3)) == (21, 101, 3, 3)
    found, oracle = smooth(losses), savgol_filter(losses, 21, polyorder=1)
    inside = ~np.isnan(found)
    assert inside.sum() == 200 - 20 and not inside[9] and inside[10]
    assert found[inside] == pytest.approx(oracle[inside])
    assert np.isnan(smooth([1.0, 2.0])).all()


def test_independent_noise_on_a_level_gives_the_coefficient_of_variation():
    """Normal noise of standard deviation 0.3 on a level of 2: 0.15, whatever the trend's window."""
    shares = []
    for seed in range(40):
        noise = np.random.default_rng(seed).normal(0, 0.3, 400)
        shares.append(oscillation(2 + noise).share)
    assert np.mean(shares) == pytest.approx(0.15, rel=0.02)
    assert oscillation(2 + noise).level == pytest.approx(2, abs=0.05)


def test_a_sine_shorter_than_the_window_gives_its_root_mean_square():
    """Period 10 in a window of 101: what the mean leaves is 1 % of the wave."""
    steps = np.arange(1000)
    losses = 1 + 0.2 * np.sin(2 * np.pi * steps / 10)
    assert oscillation(losses).share == pytest.approx(0.2 / math.sqrt(2), rel=0.02)
    alternating = 1 + 0.2 * (-1.0) ** steps
    assert oscillation(alternating).share == pytest.approx(0.2, rel=0.02)


def test_a_swing_longer_than_the_window_is_trend():
    slow = 1 + 0.2 * np.sin(2 * np.pi * np.arange(1000) / 1000)
    assert oscillation(slow).share < 0.005


def test_smooth_descent_is_no_oscillation_and_the_first_half_does_not_count():
    steps = np.arange(1000)
    descent = 2 * np.exp(-steps / 300) + 0.1
    assert oscillation(descent).share < 0.01
    wild = np.where(steps < 400, descent + (-1.0) ** steps, descent)
    assert oscillation(wild) == oscillation(descent)


def test_a_loss_times_a_constant_oscillates_alike():
    rng = np.random.default_rng(3)
    losses = rng.gamma(4, 0.1, 300)
    one, ten = oscillation(losses), oscillation(10 * losses)
    assert ten.share == pytest.approx(one.share) and ten.level == pytest.approx(10 * one.level)


def test_means_of_several_steps_tell_the_share_of_one():
    rng = np.random.default_rng(4)
    losses = rng.normal(1, 0.2, 40_000)
    thinned = losses.reshape(-1, 4).mean(axis=1)
    whole = oscillation(losses).share
    assert oscillation(thinned, averaged=4).share == pytest.approx(whole, rel=0.03)
    with pytest.raises(ValueError, match="averaged: 0"):
        oscillation(losses, averaged=0)


@pytest.mark.parametrize(
    "losses",
    [[], [1.0] * 19, [1.0] * 30 + [math.nan], [1.0] * 30 + [math.inf], [-1.0] * 40, [0.0] * 40],
)
def test_what_has_no_oscillation(losses):
    found = oscillation(losses)
    assert math.isnan(found.share) and math.isnan(found.level)


def misfits(level, batch, steps, rng):
    """Batch losses of a calm training: a share of the examples costs 1, the rest nothing."""
    return rng.binomial(batch, level, steps) / batch


def test_calm_trainings_at_two_levels_are_equal_at_equal_loss():
    """The count of misfits in a batch is nearly Poisson: variance / mean is the same at each."""
    rng = np.random.default_rng(5)
    high = oscillation(misfits(0.2, 64, 20_000, rng))
    low = oscillation(misfits(0.02, 64, 20_000, rng))
    assert low.share / high.share == pytest.approx(math.sqrt(10 * 0.98 / 0.8), rel=0.05)
    assert low.at_equal_level(high, 1.0) == pytest.approx(math.sqrt(0.98 / 0.8), rel=0.05)


def test_errors_of_numbers_swing_with_their_level():
    """Mean squares of normal errors: variance goes like the square of the level."""
    rng = np.random.default_rng(6)
    squares = rng.normal(size=(20_000, 32)) ** 2
    large, small = oscillation(squares.mean(axis=1)), oscillation(0.01 * squares.mean(axis=1))
    assert large.share == pytest.approx(math.sqrt(2 / 32), rel=0.03)
    assert small.at_equal_level(large, 2.0) == pytest.approx(1.0)


def test_without_a_swing_there_is_no_ratio():
    some, none = Oscillation(1.0, 0.1), Oscillation(1.0, 0.0)
    assert none.at_equal_level(some, 1.0) == 0.0
    assert math.isnan(some.at_equal_level(none, 1.0))
    assert math.isnan(some.at_equal_level(Oscillation(math.nan, math.nan), 1.0))


def descent(rate, momentum, seed):
    """Batch losses of logistic regression by SGD on two noisy clouds."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, 2000)
    inputs = np.c_[rng.normal(size=(2000, 8)) + 0.7 * labels[:, None], np.ones(2000)]
    weights, velocity, losses = np.zeros(9), np.zeros(9), []
    for _ in range(600):
        batch = rng.choice(2000, 16, replace=False)
        x, y = inputs[batch], labels[batch]
        logits = x @ weights
        losses.append(np.logaddexp(0, np.where(y == 1, -logits, logits)).mean())
        gradient = x.T @ (1 / (1 + np.exp(-logits)) - y) / 16
        velocity = momentum * velocity - rate * gradient
        weights = weights + velocity
    return oscillation(losses)


def test_sgd_with_too_high_a_rate_or_momentum_oscillates_and_a_calm_one_does_not():
    for seed in range(5):
        calm = descent(0.05, 0.9, seed)
        slow = descent(0.1, 0.0, seed)
        fast, heavy = descent(5.0, 0.0, seed), descent(0.5, 0.97, seed)
        assert 0.8 < slow.at_equal_level(calm, 1.0) < 1.25
        assert fast.at_equal_level(calm, 1.0) > 1.5
        assert heavy.at_equal_level(calm, 1.0) > 1.5


def test_the_largest_spike_is_seen_against_the_steps_before():
    losses = np.full(60, 2.0)
    losses[40] = 10.0
    assert largest_spike(losses) == pytest.approx(5.0)
    assert largest_spike(np.linspace(2, 1, 60)) < 1.0, "no step rose"
    assert largest_spike([*losses, math.inf]) == math.inf
    assert math.isnan(largest_spike([1.0] * 25))
    assert math.isnan(largest_spike([1.0] * 40 + [math.nan]))
    assert math.isnan(largest_spike([-1.0] * 40))

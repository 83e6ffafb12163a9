"""Numbers: example 9.8 of the methodology; oracle: the mean over all sets of trials."""

import itertools
import math

import numpy as np
import pytest

from lossbench.stats import expected_best, expected_best_plug_in, width_in_decades

SCORES = [0.70, 0.74, 0.78, 0.80, 0.81]


def test_the_worked_example():
    expected = [0.766, 0.794, 0.804, 0.808, 0.81]
    assert expected_best(SCORES) == pytest.approx(expected, rel=1e-12)
    plug_in = [0.766, 0.7884, 0.79768, 0.802224, 0.804746]
    assert expected_best_plug_in(SCORES) == pytest.approx(plug_in, abs=5e-7)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_mean_over_all_sets_and_the_plug_in_over_all_sequences(seed):
    values = np.round(np.random.default_rng(seed).normal(size=6), 1)  # with ties
    for m in range(1, 7):
        sets = np.mean([max(some) for some in itertools.combinations(values, m)])
        assert expected_best(values, m) == pytest.approx(sets)
        sequences = np.mean([max(some) for some in itertools.product(values, repeat=m)])
        assert expected_best_plug_in(values, m) == pytest.approx(sequences)


def test_the_mean_over_all_sets_of_a_sample_is_right_on_average_and_the_plug_in_too_low():
    rng = np.random.default_rng(0)
    samples = rng.uniform(size=(20_000, 5))
    # the maximum of m uniform numbers is m / (m + 1) on average
    means = np.mean([expected_best(sample) for sample in samples[:4000]], axis=0)
    assert means == pytest.approx([1 / 2, 2 / 3, 3 / 4, 4 / 5, 5 / 6], abs=0.01)
    low = np.mean([expected_best_plug_in(sample) for sample in samples[:4000]], axis=0)
    assert (low[1:] < means[1:] - 0.01).all()


def test_several_counts_at_once_in_any_order():
    assert expected_best(SCORES, [5, 1, 2]) == pytest.approx([0.81, 0.766, 0.794])
    assert expected_best(SCORES[::-1], 2) == pytest.approx(0.794), "the order of trials is none"


def test_lower_may_be_better():
    assert expected_best([3.0, 1.0, 2.0], higher_is_better=False) == pytest.approx([2, 4 / 3, 1])
    assert expected_best_plug_in([3.0, 1.0], 2, higher_is_better=False) == pytest.approx(1.5)


@pytest.mark.parametrize("failed", [math.nan, -math.inf, math.inf])
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_a_failed_trial_counts_as_the_worst_that_worked(failed, higher_is_better):
    worst = 0.7 if higher_is_better else 0.9
    for curve in (expected_best, expected_best_plug_in):
        found = curve([0.8, failed, 0.7, 0.9], higher_is_better=higher_is_better)
        same = curve([0.8, worst, 0.7, 0.9], higher_is_better=higher_is_better)
        assert found == pytest.approx(same)
        assert np.isnan(curve([math.nan, failed])).all()


def test_thousands_of_trials_neither_overflow_nor_lose_digits():
    curve = expected_best(np.arange(1, 2001), [1, 2, 1000, 2000])
    # of the numbers 1 to n the expected largest of m is m (n + 1) / (m + 1)
    assert curve == pytest.approx([m * 2001 / (m + 1) for m in (1, 2, 1000, 2000)], rel=1e-12)


@pytest.mark.parametrize("m", [0, 6, [1, 6], 1.5, [-1]])
def test_counts_that_cannot_be_are_refused(m):
    with pytest.raises(
        ValueError, match="m: accepted are whole numbers from 1 to the number of tr"
    ):
        expected_best(SCORES, m)


@pytest.mark.parametrize("values", [[], [[0.1, 0.2]], 0.3])
def test_values_that_are_no_list_are_refused(values):
    with pytest.raises(ValueError, match="accepted is one value per trial"):
        expected_best(values)


RATES = [1e-4, 1e-3, 1e-2, 1e-1]


@pytest.mark.parametrize(
    ("values", "delta", "width", "at_end"),
    [
        ([0.80, 0.90, 0.895, 0.70], 0.005, 1.0, False),
        ([0.80, 0.90, 0.894, 0.70], 0.005, 0.0, False),
        ([0.80, 0.90, 0.80, 0.90], 0.005, 0.0, False),  # the first best; 0.1 is not next to it
        ([0.898, 0.90, 0.899, 0.70], 0.005, 2.0, True),
        ([0.80, 0.81, 0.82, 0.90], 0.005, 0.0, True),
        ([0.80, 0.90, math.nan, 0.90], 0.005, 0.0, False),
        ([math.nan, 0.90, 0.90, math.nan], 0.0, 1.0, False),
    ],
)
def test_the_width_is_that_of_the_rates_around_the_best(values, delta, width, at_end):
    found, end = width_in_decades(RATES, values, delta)
    assert (found, end) == (pytest.approx(width), at_end)
    turned = width_in_decades(
        RATES[::-1], [-v for v in values[::-1]], delta, higher_is_better=False
    )
    if values.count(0.90) == 1:
        assert turned == (pytest.approx(width), at_end), "in any order, lower is better"


def test_where_all_failed_there_is_no_width():
    width, end = width_in_decades(RATES, [math.nan] * 4, 0.01)
    assert math.isnan(width)
    assert not end


@pytest.mark.parametrize("rates", [[1e-3], [1e-3, 1e-3], [0.0, 1e-3]])
def test_rates_that_cannot_be_are_refused(rates):
    with pytest.raises(ValueError, match="rates: accepted are positive numbers, each once"):
        width_in_decades(rates, [0.5, 0.6], 0.01)

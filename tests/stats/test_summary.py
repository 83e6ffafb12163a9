"""Numbers: by hand, Welch's test of scipy and statsmodels, simulation with known truth."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.weightstats import ttost_paired

from lossbench.stats.paired import beyond_delta_p, paired_difference, tost_p
from lossbench.stats.summary import (
    iqm,
    mean_score,
    median_score,
    normalised,
    stratified,
    stratified_bootstrap,
)


def drawn(seed, sizes):
    rng = np.random.default_rng(seed)
    return [rng.normal(0.3, rng.uniform(0.5, 2), n) for n in sizes]


@pytest.mark.parametrize("seed", range(5))
def test_two_data_sets_are_welch(seed):
    """The mean of two means is half the difference of one and the other mirrored."""
    a, b = drawn(seed, (5, 9))
    oracle = stats.ttest_ind(a, -b, equal_var=False)
    found = stratified([a, b])
    interval = oracle.confidence_interval(0.95)
    assert found.df == pytest.approx(oracle.df, rel=1e-9)
    assert found.p_t == pytest.approx(oracle.pvalue, rel=1e-9)
    assert (2 * found.ci_low, 2 * found.ci_high) == pytest.approx((interval.low, interval.high))


def test_one_data_set_is_the_paired_comparison():
    (d,) = drawn(1, (6,))
    found, expected = stratified([d], 0.1), paired_difference(d, 0.1)
    assert (found.mean, found.se, found.df, found.p_t) == pytest.approx(
        (expected.mean, expected.se, 5, expected.p_t)
    )
    assert (found.ci_low, found.ci_high) == pytest.approx((expected.ci_low, expected.ci_high))
    for delta in (0.1, 0.5, 2.0):
        assert found.p_tost(delta) == pytest.approx(tost_p(d, delta))
        assert found.p_tost(delta) == pytest.approx(ttost_paired(d, 0 * d, -delta, delta)[0])
        assert found.p_beyond(delta) == pytest.approx(beyond_delta_p(d, delta))
        assert stratified([-d]).p_beyond(delta) == pytest.approx(found.p_beyond(delta))


def test_coverage():
    """True means 1, -1 and 3 with unlike spreads: the interval holds 1 as often as promised."""
    rng, held = np.random.default_rng(0), 0
    for _ in range(4000):
        ds = [rng.normal(m, s, n) for m, s, n in ((1, 1, 4), (-1, 3, 5), (3, 0.5, 8))]
        found = stratified(ds)
        held += found.ci_low <= 1 <= found.ci_high
    assert held / 4000 == pytest.approx(0.95, abs=4 * math.sqrt(0.05 * 0.95 / 4000))


def test_nothing_spreads():
    found = stratified([[0.1, 0.1], [0.3, 0.3]])
    assert (found.mean, found.se, found.ci_low, found.ci_high) == pytest.approx((0.2, 0, 0.2, 0.2))
    assert (found.p_t, found.p_tost(0.3), found.p_beyond(0.1)) == (0.0, 0.0, 0.0)
    assert (found.p_tost(0.1), found.p_beyond(0.3)) == (1.0, 1.0)
    assert stratified([[0.0, 0.0]] * 2).p_t == 1.0


def test_a_data_set_that_does_not_spread_adds_no_variance():
    a = [0.1, 0.3, 0.2]
    found = stratified([a, [0.5] * 4])
    assert found.se == pytest.approx(paired_difference(a).se / 2)
    assert found.df == pytest.approx(2)


def test_tiny_spreads_do_not_vanish():
    found = stratified([[1e-100, 3e-100], [2e-100, 3e-100]])
    assert found.df > 1


@pytest.mark.parametrize("other", [[], [0.1]])
def test_without_two_differences_there_is_no_interval(other):
    found = stratified([[0.1, 0.2, 0.3], other])
    gone = (found.se, found.df, found.ci_low, found.ci_high, found.p_t, found.p_tost(0.1))
    assert all(map(math.isnan, gone))
    assert found.means[0] == pytest.approx(0.2)


def test_mistakes_are_refused():
    with pytest.raises(ValueError, match="differences: none"):
        stratified([])
    with pytest.raises(ValueError, match="NaN or infinite"):
        stratified([[0.1, math.nan]])


def test_normalised():
    assert normalised([0.1, 0.55, 1.0, 0.0], 0.1) == pytest.approx([0, 0.5, 1, -1 / 9])
    assert normalised(5.0, 10.0, 0.0) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="chance, best"):
        normalised([0.1], 1.0)


def test_iqm_leaves_out_a_quarter_on_either_side():
    assert iqm([[100.0, 1.0], [2.0, -50.0]]) == 1.5


def test_bootstrap_draws_within_data_sets_from_the_generator_it_is_given():
    values = np.random.default_rng(1).normal(size=(5, 3)) + np.array([0, 10, 20])
    first = stratified_bootstrap(values, mean_score, np.random.default_rng(7), draws=500)
    assert first == stratified_bootstrap(values, mean_score, np.random.default_rng(7), draws=500)
    assert first != stratified_bootstrap(values, mean_score, np.random.default_rng(8), draws=500)
    # were data sets mixed, the mean would vary by several units
    assert first[0] < mean_score(values) < first[1]
    assert first[1] - first[0] < 2
    # the variance of the draws is known: sum of the plug-in variances of the means over 9
    draws = [
        stratified_bootstrap(values, mean_score, np.random.default_rng(i), draws=1)[0]
        for i in range(3000)
    ]
    assert np.std(draws) == pytest.approx(math.sqrt((values.var(axis=0) / 5).sum() / 9), rel=0.05)
    constant = np.ones((4, 2))
    assert stratified_bootstrap(constant, median_score, np.random.default_rng(0)) == (1.0, 1.0)
    with pytest.raises(ValueError, match="values: shape"):
        stratified_bootstrap([1.0, 2.0], iqm, np.random.default_rng(0))

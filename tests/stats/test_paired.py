"""Numbers: worked examples 9.1 to 9.3 and 9.13 of the methodology; scipy, statsmodels."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import ttost_paired

from lossbench.stats.paired import (
    Proportion,
    all_equal,
    beyond_delta_p,
    completion,
    d_av,
    g_z,
    paired_difference,
    pairing_gain,
    probability_of_improvement,
    sign_flip_p,
    tost_p,
    wilson,
)

BASELINE = np.array([0.9120, 0.9084, 0.9151, 0.9052, 0.9103, 0.9075, 0.9139, 0.9098])
NEW = np.array([0.9168, 0.9121, 0.9170, 0.9136, 0.9098, 0.9129, 0.9172, 0.9151])
D = NEW - BASELINE
ROWS_9_3 = {
    "equivalent": [0.0006, -0.0011, 0.0009, 0.0002, -0.0007, 0.0013, -0.0004, 0.0005],
    "negligible": [0.0006, 0.0009, 0.0004, 0.0011, 0.0007, 0.0008, 0.0010, 0.0005],
    "inconclusive": [0.012, -0.009, 0.004, 0.015, -0.006],
    "worse": [-0.021, -0.018, -0.025, -0.019, -0.022, -0.020],
}


def close(value, rel=1e-6, abs=0.0):
    return pytest.approx(value, rel=rel, abs=abs)


def test_paired_difference_of_example_9_1():
    found = paired_difference(D, 0.05)
    assert found.n == 8
    assert found.mean == close(0.0040375)
    assert found.sd == close(0.00264247584)
    assert found.se == close(0.000934256293)
    assert found.mean / found.se == close(4.32161927)
    assert found.p_t == close(0.00347329355)
    assert (found.ci_low, found.ci_high) == close((0.00182833491, 0.00624666509))
    wider = paired_difference(D, 0.10)
    # the methodology prints 0.00226746780, which is not as far from the mean as the upper end
    assert (wider.ci_low, wider.ci_high) == close((0.00226747802, 0.00580752198))


def test_tests_and_effect_sizes_of_example_9_1():
    assert sign_flip_p(D) == close(4 / 256)
    assert tost_p(D, 0.005) == close(0.168588754)
    assert beyond_delta_p(D, 0.002) == close(0.0327777884)
    assert g_z(D) == close(1.35710578)
    assert D.mean() / D.std(ddof=1) == close(1.52792315)
    assert d_av(NEW, BASELINE) == close(1.34198464)
    assert pairing_gain(NEW, BASELINE) == close(2.59261438)
    found = probability_of_improvement(D)
    assert (found.n, found.value) == (8, 0.875)
    assert (found.ci_low, found.ci_high) == close((0.52911182, 0.97758251), rel=1e-7)


def test_leave_one_out_of_example_9_1():
    assert max(paired_difference(np.delete(D, i)).p_t for i in range(8)) == close(0.0108074180)


def test_five_seeds_of_example_9_2():
    five = D[:5]
    found = paired_difference(five)
    assert found.mean / found.se == close(2.46276261)
    assert found.p_t == close(0.0694847976)
    assert (found.ci_low, found.ci_high) == close((-0.00046617, 0.00778617), rel=0, abs=5e-9)
    assert sign_flip_p(five) == close(0.125)
    assert sign_flip_p(np.abs(five)) == close(0.0625)


@pytest.mark.parametrize(
    ("row", "mean", "p_t", "p_tost", "p_beyond"),
    [
        ("equivalent", 0.0001625, 0.596101, 0.000206598, 0.999793),
        ("negligible", 0.00075, 5.47504e-5, 9.12898e-7, 0.999999),
        ("inconclusive", 0.0032, 0.537243, 0.593543, 0.406457),
        ("worse", -0.0208333, 5.05012e-6, 0.999996, 4.15907e-6),
    ],
)
def test_rows_of_example_9_3(row, mean, p_t, p_tost, p_beyond):
    # printed with 6 digits: 2e-6 relative covers their rounding
    d = ROWS_9_3[row]
    assert paired_difference(d).mean == close(mean, rel=2e-6)
    assert paired_difference(d).p_t == close(p_t, rel=2e-6)
    assert tost_p(d, 0.002) == close(p_tost, rel=2e-6)
    assert beyond_delta_p(d, 0.002) == close(p_beyond, rel=2e-6)


def test_further_numbers_of_example_9_3():
    assert tost_p(ROWS_9_3["equivalent"], 0.0005) == close(0.143391852)
    found = paired_difference(ROWS_9_3["inconclusive"])
    assert (found.ci_low, found.ci_high) == close((-0.00998154, 0.01638154), rel=0, abs=5e-9)
    assert sign_flip_p(ROWS_9_3["worse"]) == close(0.03125)


def test_completion_of_example_9_13():
    found = completion(4, 5)
    assert found.value == 0.8
    assert (found.ci_low, found.ci_high) == close((0.37553463, 0.96377589), rel=1e-7)


@pytest.mark.parametrize("n", [2, 3, 5, 12])
@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])
def test_paired_difference_equals_scipy(n, alpha):
    rng = np.random.default_rng(n)
    a, b = rng.normal(0.9, 0.01, n), rng.normal(0.89, 0.01, n)
    oracle = stats.ttest_rel(a, b)
    interval = oracle.confidence_interval(1 - alpha)
    found = paired_difference(a - b, alpha)
    assert found.p_t == close(oracle.pvalue, rel=1e-9)
    assert (found.ci_low, found.ci_high) == close((interval.low, interval.high), rel=1e-9)


@pytest.mark.parametrize("delta", [0.0, 0.001, 0.005, 0.02])
def test_tost_equals_statsmodels(delta):
    assert tost_p(D, delta) == close(ttost_paired(NEW, BASELINE, -delta, delta)[0], rel=1e-9)


@pytest.mark.parametrize("sign", [1, -1])
def test_beyond_delta_is_the_one_sided_t_test_in_the_direction_of_the_mean(sign):
    alternative = "greater" if sign == 1 else "less"
    oracle = stats.ttest_1samp(sign * D, sign * 0.002, alternative=alternative).pvalue
    assert beyond_delta_p(sign * D, 0.002) == close(oracle, rel=1e-9)


def test_tost_below_alpha_is_the_narrower_interval_inside_delta():
    for delta in (0.0057, 0.0059):
        interval = paired_difference(D, 0.10)
        assert (tost_p(D, delta) <= 0.05) == (interval.ci_high < delta)


@pytest.mark.parametrize("n", [2, 3, 7, 12])
def test_exact_sign_flip_equals_enumeration(n):
    d = np.random.default_rng(n).normal(0.5, 1, n)
    signs = np.array(np.meshgrid(*[[-1, 1]] * n)).reshape(n, -1)
    enumerated = np.mean(np.abs(d @ signs) >= abs(d.sum()) - 1e-12)
    assert sign_flip_p(d) == close(enumerated, rel=1e-12)


def test_sign_flip_is_exact_where_enumeration_is_cheap():
    assert sign_flip_p(np.arange(1.0, 16.0)) == close(2 / 2**15, rel=1e-12)
    assert sign_flip_p(np.arange(1.0, 17.0)) == close(2 / 2**16, rel=1e-12)


def test_sign_flip_beyond_draws_from_the_generator_it_is_given():
    d = np.random.default_rng(1).normal(0.4, 1, 20)
    first = sign_flip_p(d, np.random.default_rng(7))
    assert first == sign_flip_p(d, np.random.default_rng(7))
    assert first == pytest.approx(paired_difference(d).p_t, abs=0.02)
    with pytest.raises(ValueError, match="rng"):
        sign_flip_p(d)


@pytest.mark.parametrize(("k", "n"), [(0, 4), (1, 4), (7, 8), (8, 8), (50, 100)])
@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_wilson_equals_scipy_and_statsmodels(k, n, alpha):
    found = wilson(k, n, alpha)
    interval = stats.binomtest(k, n).proportion_ci(1 - alpha, method="wilson")
    assert (found.ci_low, found.ci_high) == close((interval.low, interval.high), 1e-9, 1e-12)
    low, high = proportion_confint(k, n, alpha, method="wilson")
    assert (found.ci_low, found.ci_high) == close((low, high), 1e-9, 1e-12)


def test_ties_are_half_wins_and_failed_runs_lose():
    # a win, a loss, a tie, the loss failed, the baseline failed: (2 + 1/2) of 5
    found = probability_of_improvement([0.1, -0.1, 0.0, -math.inf, math.inf])
    assert (found.n, found.value) == (5, 0.5)


def test_g_z_is_hedges_correction_times_d_z():
    # J(7) = 0.888202908 (9.1); J(2) = gamma(1) / gamma(1/2) = 1 / sqrt(pi)
    assert g_z(D) / (D.mean() / D.std(ddof=1)) == close(0.888202908)
    assert g_z([1.0, 2.0, 3.0]) == close(2 / math.sqrt(math.pi), rel=1e-12)


def test_pairing_gain_is_one_for_uncorrelated_values():
    # a and b orthogonal: var(a - b) = var a + var b
    assert pairing_gain([1, -1, 1, -1], [1, 1, -1, -1]) == close(1.0)
    assert pairing_gain([1, 2, 4], [2, 3, 5]) == math.inf
    assert math.isnan(pairing_gain([1, 1, 1], [2, 2, 2]))


def test_no_difference_and_one_difference_have_no_interval():
    none, one = paired_difference([]), paired_difference([0.3])
    assert (none.n, one.n, one.mean) == (0, 1, 0.3)
    assert math.isnan(none.mean)
    for found in (none, one):
        gone = (found.sd, found.se, found.ci_low, found.ci_high, found.p_t)
        assert all(math.isnan(value) for value in gone)
    for d in ([], [0.3]):
        assert math.isnan(tost_p(d, 0.1))
        assert math.isnan(beyond_delta_p(d, 0.1))
        assert math.isnan(g_z(d))
        assert math.isnan(d_av(d, d))
        assert math.isnan(pairing_gain(d, d))
    assert math.isnan(sign_flip_p([]))
    assert sign_flip_p([0.3]) == 1.0
    for found in (probability_of_improvement([]), completion(0, 0)):
        assert found.n == 0
        assert math.isnan(found.value)
        assert math.isnan(found.ci_low)
        assert math.isnan(found.ci_high)


def test_two_differences_have_one_degree_of_freedom():
    # mean 2, sd sqrt 2, se 1: t = 2 on 1 df, p = 1 - (2/pi) atan 2, half-width tan(0.475 pi)
    found = paired_difference([1.0, 3.0])
    assert found.p_t == close(1 - 2 / math.pi * math.atan(2))
    assert found.ci_high - found.mean == close(math.tan(0.475 * math.pi))
    assert math.isnan(g_z([1.0, 3.0]))


@pytest.mark.parametrize("value", [0.01, -0.01])
def test_equal_differences_answer_from_the_mean(value):
    found = paired_difference([value] * 5)
    assert (found.sd, found.ci_low, found.ci_high) == (0.0, found.mean, found.mean)
    assert found.p_t == 0.0
    assert (tost_p([value] * 5, 0.02), tost_p([value] * 5, 0.005)) == (0.0, 1.0)
    assert (beyond_delta_p([value] * 5, 0.02), beyond_delta_p([value] * 5, 0.005)) == (1.0, 0.0)
    assert sign_flip_p([value] * 5) == close(0.0625)
    assert math.isnan(g_z([value] * 5))


def test_identical_runs():
    zero = [0.0] * 8
    assert paired_difference(zero).p_t == 1.0
    assert (tost_p(zero, 0.001), beyond_delta_p(zero, 0.001), sign_flip_p(zero)) == (0, 1, 1)
    assert probability_of_improvement(zero).value == 0.5


def test_rounding_does_not_make_equal_differences_unequal():
    a, b = np.array([0.11, 0.32, 0.93]), np.array([0.10, 0.31, 0.92])
    assert np.ptp(a - b) > 0
    assert all_equal(a - b)
    assert not all_equal([0.01, 0.01 + 1e-9])
    assert not all_equal([0.01])
    assert not all_equal([])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_non_finite_differences_are_refused(bad):
    d = [0.1, bad, 0.2]
    calls = [
        paired_difference,
        sign_flip_p,
        g_z,
        all_equal,
        lambda x: tost_p(x, 0.1),
        lambda x: beyond_delta_p(x, 0.1),
        lambda x: d_av(x, [1, 2, 3]),
        lambda x: pairing_gain([1, 2, 3], x),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="NaN or infinite"):
            call(d)


def test_other_mistakes_are_refused():
    with pytest.raises(ValueError, match="NaN or infinite"):
        probability_of_improvement([0.1, math.nan])
    with pytest.raises(ValueError, match="shape"):
        paired_difference([[0.1, 0.2]])
    with pytest.raises(ValueError, match="pairs"):
        d_av([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="delta"):
        tost_p(D, -0.1)
    with pytest.raises(ValueError, match="delta"):
        beyond_delta_p(D, math.nan)
    for k in (-1, 6):
        with pytest.raises(ValueError, match="count"):
            completion(k, 5)


def test_results_are_plain_values():
    assert type(paired_difference(D).mean) is float
    assert completion(5, 5) == Proportion(5, 1.0, completion(5, 5).ci_low, 1.0)


@pytest.mark.parametrize("n", [3, 5, 8])
def test_t_interval_covers_as_promised(n):
    draws = np.random.default_rng(n).normal(1.0, 2.0, (20_000, n))
    # the half-width per unit of se, from the function; the rest vectorised
    one = paired_difference(draws[0])
    width = (one.ci_high - one.mean) / one.se
    se = draws.std(axis=1, ddof=1) / np.sqrt(n)
    covered = np.abs(draws.mean(axis=1) - 1.0) <= width * se
    assert 0.944 <= covered.mean() <= 0.956


def correlated(n, rho, draws, seed=0):
    """Standard normal differences of which any two have the same correlation."""
    shared, own = np.random.default_rng(seed).standard_normal((2, draws, n))
    return math.sqrt(rho) * shared[:, :1] + math.sqrt(1 - rho) * own


def test_overlap_by_hand():
    """d = [1, 2, 3], a test of a quarter of the training part: se^2 = 1 (1/3 + 1/4)."""
    found = paired_difference([1.0, 2.0, 3.0], overlap=0.25)
    assert found.se == close(math.sqrt(7 / 12))
    half = 4.302652729911275 * math.sqrt(7 / 12)  # t(0.975, 2), from a table
    assert (found.ci_low, found.ci_high) == close((2 - half, 2 + half))
    at_zero = stats.t.sf(2 / math.sqrt(7 / 12), 2)
    assert found.p_t == close(2 * at_zero)
    assert beyond_delta_p([1.0, 2.0, 3.0], 0.0, overlap=0.25) == close(at_zero)
    assert tost_p([-1.0, 0.0, 1.0], 2.0, overlap=0.25) == close(at_zero)


@pytest.mark.parametrize(("n", "share"), [(5, 0.25), (10, 0.25), (8, 0.5)])
def test_overlap_gives_the_level_that_it_promises(n, share):
    """Differences that correlate by n_test / (n_test + n_train), as Nadeau & Bengio suppose."""
    d = correlated(n, share / (1 + share), draws=4000)
    corrected = np.mean([paired_difference(row, overlap=share).p_t <= 0.05 for row in d])
    plain = np.mean([paired_difference(row).p_t <= 0.05 for row in d])
    assert corrected == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 4000))
    assert plain > 0.12
    beyond = np.mean([beyond_delta_p(row, 0.0, overlap=share) <= 0.05 for row in d])
    assert beyond == pytest.approx(0.10, abs=4 * math.sqrt(0.1 * 0.9 / 4000))  # either side


@pytest.mark.parametrize("overlap", [-0.1, math.nan, math.inf])
def test_an_overlap_that_is_none_is_refused(overlap):
    for ask in (
        lambda: paired_difference(D, overlap=overlap),
        lambda: tost_p(D, 0.1, overlap),
        lambda: beyond_delta_p(D, 0.1, overlap),
    ):
        with pytest.raises(ValueError, match=r"overlap: .*; accepted is a finite number >= 0"):
            ask()

"""Numbers: by hand, exact enumeration, statsmodels; what is random is seeded."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar as mcnemar_oracle

from lossbench.stats.per_example import (
    bootstrap_p,
    crossed_bootstrap,
    discordant,
    example_draws,
    mcnemar,
    mean_draws,
    paired_bootstrap,
    percentiles,
    resamples,
)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (5, 5), (3, 9), (30, 12), (0, 8), (200, 250)])
def test_mcnemar_equals_statsmodels(b, c):
    found = mcnemar(b, c, 1000)
    oracle = mcnemar_oracle([[500, b], [c, 500 - b - c]], exact=True)
    assert found.p_exact == pytest.approx(min(1.0, oracle.pvalue), rel=1e-9)
    assert mcnemar(c, b, 1000).p_exact == pytest.approx(found.p_exact)
    assert mcnemar(c, b, 1000).difference == -found.difference


@pytest.mark.parametrize(("b", "c"), [(4, 4), (1, 6), (10, 3)])
def test_mid_p_counts_half_of_what_was_observed(b, c):
    """2 (P(B < min) + P(B = min) / 2), which is 1 - P(B = b) / 2 for b = c."""
    m, least = b + c, min(b, c)
    chances = [math.comb(m, i) / 2**m for i in range(m + 1)]
    expected = 2 * (sum(chances[:least]) + chances[least] / 2)
    if b == c:
        expected = 1 - chances[least] / 2
    assert mcnemar(b, c, 50).p_mid == pytest.approx(expected, rel=1e-9)


def test_interval_of_mcnemar_is_that_of_a_mean():
    """Wald's interval from the values 1, -1 and 0 of the examples, without correcting for n."""
    d = np.repeat([1, -1, 0], [30, 11, 159])
    half = stats.norm.ppf(0.95) * d.std() / math.sqrt(200)
    found = mcnemar(30, 11, 200, alpha=0.1)
    assert (found.ci_low, found.ci_high) == pytest.approx((d.mean() - half, d.mean() + half))


def test_discordant():
    assert discordant([1, 1, 0, 0, 1], [1, 0, 1, 0, 0]) == (2, 1)
    with pytest.raises(ValueError, match="same examples"):
        discordant([True], [True, False])


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(ValueError, match="counts within n"):
        mcnemar(*counts)


def test_the_same_seed_gives_the_same_interval():
    a, b = rng(1).random(200), rng(2).random(200)
    first = paired_bootstrap(a, b, rng(3), draws=300)
    assert first == paired_bootstrap(a, b, rng(3), draws=300)
    assert first != paired_bootstrap(a, b, rng(4), draws=300)


def test_global_generators_are_left_alone():
    np.random.seed(5)
    before = np.random.get_state()[1].copy()
    paired_bootstrap(np.arange(9.0), np.ones(9), rng(), draws=20)
    crossed_bootstrap(rng().random((20, 4)), rng())
    assert (np.random.get_state()[1] == before).all()


def test_bootstrap_of_a_mean_has_its_known_spread():
    """Resampled means vary with variance var / n, n in the denominator of var."""
    values = rng().exponential(size=150)
    draws = mean_draws(values, rng(1), 8000)
    assert draws.mean() == pytest.approx(
        values.mean(), abs=4 * values.std() / math.sqrt(150 * 8000)
    )
    assert draws.std() == pytest.approx(values.std() / math.sqrt(150), rel=0.03)


def test_interval_is_near_that_of_the_normal_distribution():
    a, b = rng(1).normal(0.2, 1, 2000), rng(2).normal(0, 1, 2000)
    d = a - b
    half = 1.959964 * d.std() / math.sqrt(2000)
    low, high = paired_bootstrap(a, b, rng(3))
    assert (low, high) == pytest.approx((d.mean() - half, d.mean() + half), abs=0.004)


def test_both_networks_stand_on_the_same_resample():
    """A network against itself plus a constant: resampling takes nothing away from that."""
    a = rng().normal(size=100)
    assert paired_bootstrap(a + 0.1, a, rng(1), draws=200) == pytest.approx((0.1, 0.1))


@pytest.mark.parametrize("clusters", [None, [0, 0, 0, 1, 2, 2]])
def test_means_and_any_other_metric_are_drawn_alike(clusters):
    values = rng().random((6, 2, 3))
    means = mean_draws(values, rng(1), 50, clusters)
    assert means.shape == (50, 2, 3)
    expected = example_draws(lambda some: values[some].mean(axis=0), 6, rng(1), 50, clusters)
    np.testing.assert_allclose(means, expected, rtol=1e-12)


def test_a_function_of_means_is_taken_of_each_draw():
    values = rng().random((7, 2))
    ratio = mean_draws(values, rng(1), 40, of=lambda means: means[:, 0] / means[:, 1])
    expected = example_draws(lambda i: values[i, 0].sum() / values[i, 1].sum(), 7, rng(1), 40)
    np.testing.assert_allclose(ratio, expected, rtol=1e-12)


def test_draws_do_not_depend_on_how_many_are_made_at_a_time(monkeypatch):
    values = rng().random((50, 3))
    whole = mean_draws(values, rng(1), 30)
    monkeypatch.setattr("lossbench.stats.per_example._AT_ONCE", 120)
    np.testing.assert_allclose(mean_draws(values, rng(1), 30), whole, rtol=1e-12)


def test_clusters_are_drawn_as_a_whole():
    clusters = ["a", "b", "a", "c", "b", "a"]
    for drawn in resamples(6, rng(), 50, clusters):
        counts = np.bincount(drawn, minlength=6)
        assert counts[0] == counts[2] == counts[5]
        assert counts[1] == counts[4]
        assert counts[0] + counts[1] + counts[3] == 3


def test_clusters_widen_the_interval_of_examples_that_agree():
    """100 patients with 9 images each, all alike: the mean varies as one of 100 does."""
    values, who = np.repeat(rng().normal(size=100), 9), np.repeat(np.arange(100), 9)
    single = mean_draws(values, rng(1), 3000).std()
    clustered = mean_draws(values, rng(1), 3000, who).std()
    assert clustered / single == pytest.approx(3, rel=0.1)


def test_percentiles_leave_out_draws_without_a_value():
    assert percentiles([math.nan, *range(101)], 0.1) == pytest.approx((5, 95))
    assert all(map(math.isnan, percentiles([math.nan])))


def test_bootstrap_p_value_meets_the_interval():
    assert bootstrap_p([1.0] * 99) == pytest.approx(2 / 100)
    assert bootstrap_p([-1.0, 1.0, 0.0]) == 1.0
    assert math.isnan(bootstrap_p([math.nan]))
    for shift in (1.8, 1.9, 2.0, 2.1):
        draws = rng().normal(shift, 1, 20_000)
        low, _ = percentiles(draws)
        assert (bootstrap_p(draws) <= 0.05) == (low > 0)
        assert bootstrap_p(-draws) == bootstrap_p(draws)
        assert bootstrap_p(draws) == pytest.approx(2 * stats.norm.sf(shift), abs=0.005)


def test_crossed_bootstrap_of_one_seed_has_no_interval():
    assert all(map(math.isnan, crossed_bootstrap(np.zeros((10, 1)), rng())))
    with pytest.raises(ValueError, match="draws, seeds"):
        crossed_bootstrap(np.zeros(10), rng())


def crossed_spread(d, draws=6000):
    """Standard deviation of the crossed draws of d, [seeds, examples], from its interval."""
    low, high = crossed_bootstrap(mean_draws(d.T, rng(1), draws), rng(2), alpha=0.3173)
    return (high - low) / 2


def test_crossed_bootstrap_is_deterministic():
    drawn = mean_draws(rng().random((30, 5)), rng(1), 100)
    assert crossed_bootstrap(drawn, rng(2)) == crossed_bootstrap(drawn, rng(2))
    assert crossed_bootstrap(drawn, rng(2)) != crossed_bootstrap(drawn, rng(3))


def test_crossed_bootstrap_adds_both_sources():
    """d_se = seed_s + example_e: variances of a mean of 6 seeds and of 400 examples, with n."""
    seed, example = rng(3).normal(0, 0.1, (6, 1)), rng(4).normal(0, 2, 400)
    expected = math.sqrt(seed.var() / 6 + example.var() / 400)
    assert crossed_spread(seed + example) == pytest.approx(expected, rel=0.04)
    assert crossed_spread(seed + 0 * example) == pytest.approx(seed.std() / 6**0.5, rel=0.06)
    assert crossed_spread(0 * seed + example) == pytest.approx(example.std() / 20, rel=0.04)


def test_crossed_bootstrap_counts_noise_of_neither_three_times():
    noise = rng(5).normal(size=(40, 400))
    assert crossed_spread(noise, 3000) ** 2 * 40 * 400 == pytest.approx(3, rel=0.15)


def test_what_fits_nothing_is_refused():
    with pytest.raises(ValueError, match="same ones"):
        paired_bootstrap([1.0, 2.0], [1.0], rng())
    with pytest.raises(ValueError, match="one example or more"):
        list(resamples(0, rng()))
    with pytest.raises(ValueError, match="clusters: shape"):
        list(resamples(3, rng(), clusters=[1, 2]))

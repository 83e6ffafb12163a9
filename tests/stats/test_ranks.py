"""Numbers: worked out by hand; oracles: scipy, scikit-posthocs. Random tables are seeded."""

import itertools
import math

import numpy as np
import pytest
import scikit_posthocs
from scipy import stats

from lossbench.stats.multiplicity import holm
from lossbench.stats.ranks import (
    friedman,
    friedman_of_ranks,
    least_wilcoxon_p,
    mean_ranks,
    nemenyi_cd,
    nemenyi_p,
    wilcoxon_p,
    wilcoxon_pairs,
)


def drawn(seed, ties=False):
    rng = np.random.default_rng(seed)
    n, k = rng.integers(3, 15), rng.integers(3, 7)
    table = rng.normal(size=(n, k)) + rng.normal(size=(n, 1))
    return np.round(table, 0) if ties else table


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(20))
def test_friedman_equals_scipy(seed, ties):
    scores = drawn(seed, ties)
    oracle = stats.friedmanchisquare(*scores.T)
    found = friedman(scores)
    assert found.chi2 == pytest.approx(oracle.statistic, rel=1e-9)
    assert found.p_chi2 == pytest.approx(oracle.pvalue, rel=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_iman_davenport_is_the_analysis_of_variance_of_the_ranks(seed):
    """F of a two-way table of ranks without ties, data sets as blocks."""
    scores = drawn(seed)
    n, k = scores.shape
    ranks = stats.rankdata(-scores, axis=1)
    between = n * ((ranks.mean(axis=0) - (k + 1) / 2) ** 2).sum() / (k - 1)
    rest = ((ranks - ranks.mean(axis=0)) ** 2).sum() / ((k - 1) * (n - 1))
    found = friedman(scores)
    assert found.f == pytest.approx(between / rest, rel=1e-9)
    assert found.p_f == pytest.approx(stats.f.sf(between / rest, k - 1, (k - 1) * (n - 1)))


@pytest.mark.parametrize("seed", range(5))
def test_nemenyi_equals_scikit_posthocs(seed):
    scores = drawn(seed)
    oracle = scikit_posthocs.posthoc_nemenyi_friedman(-scores).to_numpy()
    np.testing.assert_allclose(nemenyi_p(mean_ranks(scores), len(scores)), oracle, atol=1e-9)


@pytest.mark.parametrize(("k", "n", "alpha"), [(3, 6, 0.05), (5, 10, 0.1), (8, 20, 0.01)])
def test_ranks_that_differ_by_the_critical_difference_have_p_alpha(k, n, alpha):
    ranks = np.zeros(k)
    ranks[0] = nemenyi_cd(k, n, alpha)
    assert nemenyi_p(ranks, n)[0, 1] == pytest.approx(alpha, rel=1e-6)


def test_equal_scores_share_their_rank_even_where_rounding_parts_them():
    assert mean_ranks([[0.3, 0.1 + 0.2, 0.1]]).tolist() == [1.5, 1.5, 3.0]


def test_all_data_sets_alike():
    found = friedman([[3.0, 2.0, 1.0]] * 6)
    assert found.mean_ranks == (1.0, 2.0, 3.0)
    assert (found.chi2, found.f, found.p_f) == (pytest.approx(12.0), math.inf, 0.0)


def test_nothing_to_rank():
    found = friedman([[0.5, 0.5, 0.5]] * 4)
    assert math.isnan(found.chi2)
    assert (found.p_chi2, found.p_f) == (1.0, 1.0)


@pytest.mark.parametrize("n", [3, 5, 8])
def test_wilcoxon_equals_enumeration(n):
    d = np.random.default_rng(n).normal(0.4, 1, n)
    ranks = stats.rankdata(np.abs(d))
    sums = [ranks[list(signs)].sum() for signs in itertools.product([False, True], repeat=n)]
    w = min(ranks[d > 0].sum(), ranks[d < 0].sum())
    assert wilcoxon_p(d) == (n, w, pytest.approx(min(1, 2 * np.mean(np.array(sums) <= w))))


def test_data_sets_without_a_difference_are_dropped():
    assert wilcoxon_p([0.0, 0.1, 0.2, 0.3]) == (3, 0.0, pytest.approx(0.25))
    assert wilcoxon_p([0.0, 0.0]) == (0, 0.0, 1.0)


def test_rounding_makes_no_difference_of_none():
    scores = np.array([[0.3, 0.1 + 0.2]] * 6)
    assert scores[0, 0] != scores[0, 1]
    assert [pair.n for pair in wilcoxon_pairs(scores)] == [0]


@pytest.mark.parametrize("seed", range(5))
def test_pairs_equal_scipy_and_are_adjusted_over_all(seed):
    scores = drawn(seed)
    found = wilcoxon_pairs(scores)
    expected = [
        stats.wilcoxon(a, b, method="exact").pvalue for a, b in itertools.combinations(scores.T, 2)
    ]
    assert [pair.p for pair in found] == pytest.approx(expected, rel=1e-9)
    assert [pair.p_holm for pair in found] == pytest.approx(holm(expected), rel=1e-9)


@pytest.mark.parametrize("n", [5, 6, 9])
def test_smallest_p_value(n):
    assert least_wilcoxon_p(n) == pytest.approx(wilcoxon_p(np.arange(1.0, n + 1))[2])


def test_the_verdict_on_a_pair_does_not_depend_on_the_other_losses():
    scores = drawn(3)
    assert wilcoxon_pairs(scores)[0].p == wilcoxon_pairs(scores[:, :2])[0].p


@pytest.mark.parametrize("scores", [[1.0, 2.0], [[1.0], [2.0]], [[1.0, math.nan]], np.ones((0, 3))])
def test_what_is_no_table_of_scores_is_refused(scores):
    for ask in (friedman, mean_ranks, wilcoxon_pairs):
        with pytest.raises(ValueError, match="scores: "):
            ask(scores)


def test_other_mistakes_are_refused():
    with pytest.raises(ValueError, match="ranks: 1"):
        friedman_of_ranks([1.0], 5)
    with pytest.raises(ValueError, match="finite differences"):
        wilcoxon_p([0.1, math.inf])

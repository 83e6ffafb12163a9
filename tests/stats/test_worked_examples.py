"""Section 9 of the methodology, in order and number by number.

Expected values are those printed there, from other software than what is tested. Where digits are
few, the tolerance is half of the last one. 9.8, the expected best of m trials, stands beside the
tuning curve.
"""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from lossbench.metrics.calibration import adaptive_ece, confidence, correctness, fit_temperature
from lossbench.metrics.classification import brier_score, ece, nll
from lossbench.stats.convergence import area_under, reached_at
from lossbench.stats.effects import cliffs_delta, noether_n, unpaired_improvement
from lossbench.stats.families import family_verdicts, left_out_verdicts
from lossbench.stats.multiplicity import holm
from lossbench.stats.paired import (
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
)
from lossbench.stats.per_example import mcnemar
from lossbench.stats.power import mde_dz, n_for_delta, sd_upper
from lossbench.stats.profiles import performance_profile, profile_score, ratios
from lossbench.stats.ranks import (
    friedman,
    friedman_of_ranks,
    mean_ranks,
    nemenyi_cd,
    nemenyi_p,
    wilcoxon_p,
    wilcoxon_pairs,
)
from lossbench.stats.summary import iqm, mean_score, median_score, stratified
from lossbench.stats.variance import variance_shares
from lossbench.stats.verdicts import fewest_seeds, flags

BASELINE = np.array([0.9120, 0.9084, 0.9151, 0.9052, 0.9103, 0.9075, 0.9139, 0.9098])
NEW = np.array([0.9168, 0.9121, 0.9170, 0.9136, 0.9098, 0.9129, 0.9172, 0.9151])
D = NEW - BASELINE


def near(value, digits=None, rel=1e-6):
    """`value` to 1e-6, or to half a unit of so many decimals."""
    if digits is None:
        return pytest.approx(value, rel=rel)
    return pytest.approx(value, rel=0, abs=0.5000001 * 10.0**-digits)


def judged(d, delta=0.002):
    """Verdict and flags of one loss against the baseline."""
    d = np.asarray(d, dtype=float)
    code = family_verdicts([d], delta)[0]
    p_t, p_flip, left_out = paired_difference(d).p_t, sign_flip_p(d), left_out_verdicts([d], delta)
    return code, flags(len(d), 1, code, p_t, p_flip, all_equal(d), left_out[0])


class TestPairedComparison:
    """9.1, n = 8."""

    def test_differences(self):
        assert [0.0048, 0.0037, 0.0019, 0.0084, -0.0005, 0.0054, 0.0033, 0.0053] == near(list(D))

    def test_mean_and_t_test(self):
        found = paired_difference(D)
        assert found.mean == near(0.0040375)
        assert found.sd == near(0.00264247584)
        assert found.se == near(0.000934256293)
        assert found.mean / found.se == near(4.32161927)
        assert found.p_t == near(0.00347329355)
        assert (found.ci_low, found.ci_high) == near((0.00182833491, 0.00624666509))

    def test_90_percent_interval(self):
        found = paired_difference(D, 0.10)
        assert found.ci_high == near(0.00580752198)
        # printed as 0.00226746780, which is not as far from the mean as the upper end
        assert found.ci_low == near(2 * 0.0040375 - 0.00580752198)
        assert found.ci_low == pytest.approx(0.00226746780, rel=1e-5)

    def test_an_unpaired_test_would_see_less(self):
        welch = scipy_stats.ttest_ind(NEW, BASELINE, equal_var=False).pvalue
        assert welch == near(0.01834428)
        assert paired_difference(D).p_t < welch / 5

    def test_exact_tests(self):
        assert sign_flip_p(D) == near(0.015625)
        assert sign_flip_p(D) * 2**8 == near(4)
        assert wilcoxon_p(D) == (8, 1.0, near(0.015625))

    def test_effect_sizes(self):
        d_z = D.mean() / D.std(ddof=1)
        assert d_z == near(1.52792315)
        assert g_z(D) / d_z == near(0.888202908)
        assert g_z(D) == near(1.35710578)
        assert d_av(NEW, BASELINE) == near(1.34198464)
        assert np.corrcoef(NEW, BASELINE)[0, 1] == near(0.62814091)
        assert pairing_gain(NEW, BASELINE) == near(2.59261438)

    def test_probability_of_improvement(self):
        found = probability_of_improvement(D)
        assert (found.n * found.value, found.n, found.value) == (7, 8, 0.875)
        assert (found.ci_low, found.ci_high) == near((0.52911182, 0.97758251), rel=1e-7)
        assert unpaired_improvement(NEW, BASELINE) == near(0.828125)
        assert cliffs_delta(NEW, BASELINE) == near(0.65625)

    def test_delta(self):
        assert tost_p(D, 0.005) == near(0.168588754)
        assert beyond_delta_p(D, 0.002) == near(0.0327777884)

    def test_overlapping_blocks(self):
        found = paired_difference(D, overlap=0.2)
        assert found.mean / found.se == near(2.6801545)
        assert found.p_t == near(0.03153220)

    def test_planning(self):
        sd = paired_difference(D).sd
        assert mde_dz(8) * sd == near(0.00305479371)
        assert [n_for_delta(sd, delta) for delta in (0.002, 0.003, 0.005)] == [16, 9, 5]
        assert sd_upper(sd, 8) == near(0.00357599)
        upper = sd_upper(sd, 8)
        assert [n_for_delta(upper, delta) for delta in (0.002, 0.003, 0.005)] == [28, 14, 7]

    def test_leave_one_out(self):
        left_out = [paired_difference(np.delete(D, i)).p_t for i in range(8)]
        assert max(left_out) == near(0.0108074180)

    def test_verdict(self):
        assert judged(D) == ("CLEARLY_BETTER", ())


class TestFiveSeeds:
    """9.2, the first five of 9.1."""

    def test_numbers(self):
        found = paired_difference(D[:5])
        assert found.mean / found.se == near(2.46276261)
        assert found.p_t == near(0.0694847976)
        assert (found.ci_low, found.ci_high) == near((-0.00046617, 0.00778617), digits=8)
        assert sign_flip_p(D[:5]) == near(0.125)
        assert wilcoxon_p(D[:5])[2] == near(0.125)

    def test_floor_of_the_exact_tests(self):
        same_sign = np.abs(D[:5])
        assert sign_flip_p(same_sign) == near(0.0625)
        assert wilcoxon_p(same_sign)[2] == near(0.0625)

    def test_verdict(self):
        assert judged(D[:5]) == ("INCONCLUSIVE", ("FEW_SEEDS",))


EQUIVALENT = [0.0006, -0.0011, 0.0009, 0.0002, -0.0007, 0.0013, -0.0004, 0.0005]
NEGLIGIBLE = [0.0006, 0.0009, 0.0004, 0.0011, 0.0007, 0.0008, 0.0010, 0.0005]
SPREAD = [0.012, -0.009, 0.004, 0.015, -0.006]
WORSE = [-0.021, -0.018, -0.025, -0.019, -0.022, -0.020]


class TestVerdicts:
    """9.3, delta 0.002."""

    @pytest.mark.parametrize(
        ("d", "mean", "p_t", "p_tost", "p_beyond", "answer"),
        [
            (EQUIVALENT, 0.0001625, 0.596101, 0.000206598, 0.999793, ("EQUIVALENT", ())),
            (NEGLIGIBLE, 0.00075, 5.47504e-5, 9.12898e-7, 0.999999, ("BETTER_NEGLIGIBLE", ())),
            (SPREAD, 0.0032, 0.537243, 0.593543, 0.406457, ("INCONCLUSIVE", ("FEW_SEEDS",))),
            (WORSE, -0.0208333, 5.05012e-6, 0.999996, 4.15907e-6, ("CLEARLY_WORSE", ())),
        ],
    )
    def test_rows(self, d, mean, p_t, p_tost, p_beyond, answer):
        # printed with 6 digits
        assert paired_difference(d).mean == near(mean, rel=2e-6)
        assert paired_difference(d).p_t == near(p_t, rel=2e-6)
        assert tost_p(d, 0.002) == near(p_tost, rel=2e-6)
        assert beyond_delta_p(d, 0.002) == near(p_beyond, rel=2e-6)
        assert judged(d) == answer

    def test_a_smaller_delta(self):
        assert tost_p(EQUIVALENT, 0.0005) == near(0.143391852)
        assert judged(EQUIVALENT, 0.0005) == ("INCONCLUSIVE", ())

    def test_interval_and_sign_flip(self):
        found = paired_difference(SPREAD)
        assert (found.ci_low, found.ci_high) == near((-0.00998154, 0.01638154), digits=8)
        assert sign_flip_p(WORSE) == near(0.03125)


def test_holm():
    """9.4."""
    assert holm([0.012, 0.030, 0.004, 0.40]) == near([0.036, 0.06, 0.016, 0.40])


def test_friedman_as_published():
    """9.5, Demsar 2006: four losses on 14 data sets."""
    found = friedman_of_ranks([3.143, 2.000, 2.893, 1.964], 14)
    assert found.chi2 == near(9.28363)
    assert found.f == near(3.68889, digits=5)
    assert found.p_f == near(0.01976776, digits=8)
    unit = math.sqrt(4 * 5 / (6 * 14))
    assert nemenyi_cd(4, 14) / unit == near(2.56903177)
    assert nemenyi_cd(4, 14) == near(1.25355915)
    assert nemenyi_cd(4, 14, 0.10) / unit == near(2.29134150)
    assert nemenyi_cd(4, 14, 0.10) == near(1.11806017)


class TestSixDatasets:
    """9.6, four losses."""

    SCORES = np.array(
        [
            [0.81, 0.83, 0.80, 0.79],
            [0.92, 0.93, 0.90, 0.91],
            [0.70, 0.74, 0.69, 0.71],
            [0.66, 0.68, 0.67, 0.64],
            [0.88, 0.89, 0.86, 0.85],
            [0.95, 0.955, 0.94, 0.945],
        ]
    )
    PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))

    def test_friedman(self):
        assert mean_ranks(self.SCORES) == near([2.33333, 1, 3.33333, 3.33333], digits=5)
        found = friedman(self.SCORES)
        assert found.mean_ranks == near((2.33333, 1, 3.33333, 3.33333), digits=5)
        assert found.chi2 == near(13.2)
        assert found.p_chi2 == near(0.00422346, digits=8)
        assert found.f == near(13.75)
        assert found.p_f == near(0.000140354, digits=9)

    def test_nemenyi(self):
        assert nemenyi_cd(4, 6) == near(1.91484323)
        p = nemenyi_p(mean_ranks(self.SCORES), 6)
        expected = [0.27863888, 0.53628697, 0.53628697, 0.00945263, 0.00945263, 1]
        assert [p[i, j] for i, j in self.PAIRS] == near(expected, digits=8)

    def test_wilcoxon(self):
        found = wilcoxon_pairs(self.SCORES)
        assert tuple((pair.first, pair.second) for pair in found) == self.PAIRS
        assert [pair.p for pair in found] == near(
            [0.03125, 0.15625, 0.15625, 0.03125, 0.03125, 0.84375]
        )
        assert [pair.p_holm for pair in found] == near(
            [0.1875, 0.46875, 0.46875, 0.1875, 0.1875, 0.84375]
        )


def test_mcnemar():
    """9.7."""
    found = mcnemar(25, 12, 1000)
    assert found.p_exact == near(0.0470310274)
    assert found.p_mid == near(0.0335524396)
    assert found.difference == near(0.013)
    assert (found.ci_low, found.ci_high) == near((0.00110526, 0.02489474), digits=8)


class TestCalibration:
    """9.9, two classes."""

    P = np.array([0.9, 0.8, 0.7, 0.6, 0.35, 0.15, 0.45, 0.05])
    Y = np.array([0, 0, 1, 0, 1, 1, 0, 1])
    SCORES = np.log(np.column_stack([P, 1 - P]))

    def test_accuracy(self):
        assert correctness(self.Y, self.SCORES).mean() == near(0.75)

    def test_proper_scores(self):
        assert nll(self.Y, self.SCORES) == near(0.435800666)
        assert brier_score(self.Y, self.SCORES) == near(0.2875)
        assert brier_score(self.Y, self.SCORES) / 2 == near(0.14375)

    def test_bins(self):
        assert ece(self.Y, self.SCORES, 5) == near(0.075)
        assert ece(self.Y, self.SCORES, 10) == near(0.125)
        assert adaptive_ece(self.Y, self.SCORES, 4) == near(0.125)
        assert confidence(self.SCORES) == near([0.9, 0.8, 0.7, 0.6, 0.65, 0.85, 0.55, 0.95])

    def test_temperature(self):
        found = fit_temperature(self.SCORES, self.Y)
        assert found == near(0.701942, rel=1e-4)
        assert nll(self.Y, self.SCORES / found) == near(0.421960584)


def test_variance_shares():
    """9.10, three losses, four seeds."""
    found = variance_shares(
        [[0.90, 0.91, 0.89, 0.92], [0.91, 0.93, 0.90, 0.93], [0.88, 0.90, 0.88, 0.90]]
    )
    assert found.ss_level == near(0.001516667, digits=9)
    assert found.ss_block == near(0.001491667, digits=9)
    assert found.ss_rest == near(0.0000833333, digits=10)
    assert found.ss_level + found.ss_block + found.ss_rest == near(0.003091667, digits=9)
    assert (found.level, found.block, found.rest) == near((0.490566, 0.482480, 0.026954), digits=6)
    assert found.var_level == near(0.000186111, digits=9)
    assert found.var_block == near(0.000161111, digits=9)
    assert found.var_rest == near(0.0000138889, digits=10)
    assert found.f == near(54.6)
    assert found.p == near(0.000141285, digits=9)


class TestSpeed:
    """9.11."""

    TIMES = ((10, 20, 30), (12, 18, math.inf), (20, 40, 33))

    def test_one_curve(self):
        epochs, curve = range(6), [0.10, 0.50, 0.65, 0.72, 0.75, 0.76]
        assert reached_at(epochs, curve, 0.70, higher_is_better=True) == 3
        assert area_under(epochs, curve) == near(0.61)

    def test_ratios(self):
        assert ratios(self.TIMES) == near(
            np.array([[1, 1.1111, 1], [1.2, 1, math.inf], [2, 2.2222, 1.1]]), digits=4
        )

    def test_profiles(self):
        expected = [
            [0.667, 1, 1, 1, 1],
            [0.333, 0.667, 0.667, 0.667, 0.667],
            [0, 0.333, 0.333, 0.667, 1],
        ]
        assert performance_profile(self.TIMES, [1, 1.2, 1.5, 2, 4]) == near(
            np.array(expected), digits=3
        )
        assert profile_score(self.TIMES, 4) == near([0.987654, 0.644444, 0.741975], digits=6)


def test_aggregates():
    """9.12, four runs of three tasks."""
    values = [[0.2, 0.5, 0.9], [0.3, 0.6, 0.8], [0.25, 0.55, 0.1], [0.4, 0.65, 0.85]]
    assert iqm(values) == near(0.5)
    assert mean_score(values) == near(0.508333, digits=6)
    assert median_score(values) == near(0.575)


class TestOthers:
    """9.13, and the tables that it names."""

    def test_completion(self):
        found = completion(4, 5)
        assert (found.ci_low, found.ci_high) == near((0.37553463, 0.96377589), rel=1e-7)

    def test_noether(self):
        assert noether_n() == near(28.8591, digits=4)
        assert math.ceil(noether_n()) == 29

    @pytest.mark.parametrize(
        ("alpha", "power", "row"),
        [
            (0.05, 0.8, "3.264 2.128 1.682 1.435 1.273 1.156 0.996 0.889 0.778 0.660 0.529"),
            (0.05, 0.9, "3.923 2.507 1.966 1.670 1.479 1.342 1.155 1.029 0.901 0.764 0.612"),
            (0.05 / 3, 0.8, "5.667 3.124 2.292 1.877 1.624 1.450 1.223 1.078 0.933 0.784 0.622"),
        ],
    )
    def test_detectable_effects_of_section_4_5(self, alpha, power, row):
        n = (3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30)
        assert " ".join(f"{mde_dz(i, alpha, power):.3f}" for i in n) == row

    @pytest.mark.parametrize(
        ("losses", "n"), [(1, 6), (2, 7), (3, 7), (4, 8), (5, 8), (6, 8), (7, 9), (12, 9)]
    )
    def test_seeds_needed_of_section_4_1(self, losses, n):
        assert fewest_seeds(losses) == n
        # from there on, and no earlier, the smallest exact p-value passes the first step of Holm
        all_won = np.arange(1.0, n + 1)
        assert sign_flip_p(all_won) * losses <= 0.05 < sign_flip_p(all_won[:-1]) * losses


class TestFewDatasets:
    """9.14, three data sets."""

    DIFFERENCES = (
        [0.004, 0.006, 0.003, 0.007],
        [0.010, 0.002, 0.006, 0.008],
        [-0.001, 0.001, 0.000, 0.002],
    )

    def test_summary(self):
        found = stratified(self.DIFFERENCES)
        assert found.means == near((0.005, 0.0065, 0.0005))
        assert found.mean == near(0.004)
        assert found.se == near(0.000680413817)
        assert found.df == near(5.55555556)
        assert found.mean / found.se == near(5.87877538)
        assert found.p_t == near(0.00140815698)
        assert (found.ci_low, found.ci_high) == near((0.00230226, 0.00569774), digits=8)

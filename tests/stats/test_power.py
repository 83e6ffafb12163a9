"""Numbers: table 4.5 and example 9.1 of the methodology; oracle: statsmodels."""

import math

import numpy as np
import pytest
from statsmodels.stats.power import TTestPower

from lossbench.stats.power import mde_dz, n_for_delta, power_t, sd_upper, seeds_needed

SD = 0.00264247584  # example 9.1, n = 8
N = [3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30]
TABLE = {
    (0.05, 0.8): [3.264, 2.128, 1.682, 1.435, 1.273, 1.156, 0.996, 0.889, 0.778, 0.660, 0.529],
    (0.05, 0.9): [3.923, 2.507, 1.966, 1.670, 1.479, 1.342, 1.155, 1.029, 0.901, 0.764, 0.612],
    (0.05 / 3, 0.8): [5.667, 3.124, 2.292, 1.877, 1.624, 1.450, 1.223, 1.078, 0.933, 0.784, 0.622],
}


@pytest.mark.parametrize(("alpha", "power"), TABLE)
def test_detectable_effects_of_the_table(alpha, power):
    found = [mde_dz(n, alpha, power) for n in N]
    assert found == pytest.approx(TABLE[alpha, power], rel=0, abs=5.1e-4)


def test_numbers_of_example_9_1():
    assert mde_dz(8) * SD == pytest.approx(0.00305479371, rel=1e-6)
    assert [n_for_delta(SD, delta) for delta in (0.002, 0.003, 0.005)] == [16, 9, 5]
    upper = sd_upper(SD, 8)
    assert upper == pytest.approx(0.00357599, rel=1e-6)
    assert [n_for_delta(upper, delta) for delta in (0.002, 0.003, 0.005)] == [28, 14, 7]


@pytest.mark.parametrize("n", [2, 3, 8, 30])
@pytest.mark.parametrize("dz", [0.0, 0.3, 1.0, -1.0, 1.5])
def test_power_equals_statsmodels(dz, n):
    assert power_t(dz, n) == pytest.approx(TTestPower().power(dz, n, 0.05), rel=1e-6)


@pytest.mark.parametrize("n", [3, 8, 30])
def test_detectable_effect_equals_statsmodels(n):
    oracle = TTestPower().solve_power(None, n, 0.05, 0.8)
    assert mde_dz(n) == pytest.approx(oracle, rel=1e-6)


@pytest.mark.parametrize("dz", [0.15, 0.5, 1.0, 3.0])
def test_seeds_needed_is_the_first_count_that_suffices(dz):
    n = seeds_needed(dz)
    assert power_t(dz, n) >= 0.8 > power_t(dz, n - 1)
    assert seeds_needed(-dz) == n


def test_seeds_of_the_sentence_in_section_5():
    # "about 224 seeds would be needed to detect 0.20": third row of example 9.3
    sd = float(np.std([0.012, -0.009, 0.004, 0.015, -0.006], ddof=1))
    assert n_for_delta(sd, 0.002) == 224
    assert mde_dz(5) * sd == pytest.approx(0.018, abs=5e-4)


def test_power_lies_between_alpha_and_one():
    assert power_t(0.0, 5) == pytest.approx(0.05, rel=1e-9)
    assert power_t(1e3, 5) == 1.0
    assert power_t(1e6, 50) == 1.0


def test_without_two_pairs_nothing_can_be_detected():
    for n in (0, 1):
        assert math.isnan(power_t(1.0, n))
        assert math.isnan(mde_dz(n))
        assert math.isnan(sd_upper(1.0, n))
    assert mde_dz(2) == pytest.approx(TTestPower().solve_power(None, 2, 0.05, 0.8), rel=1e-3)


def test_effects_without_a_number_of_seeds():
    assert seeds_needed(0.0) is None
    assert seeds_needed(1e-5) is None
    assert n_for_delta(0.0, 0.1) == 2
    assert seeds_needed(math.inf) == 2
    assert n_for_delta(math.inf, 0.1) is None


@pytest.mark.parametrize("sd, delta", [(-1.0, 0.1), (math.nan, 0.1), (1.0, 0.0), (1.0, math.nan)])
def test_impossible_spreads_and_deltas_are_refused(sd, delta):
    with pytest.raises(ValueError, match="sd, delta"):
        n_for_delta(sd, delta)


def test_impossible_powers_are_refused():
    with pytest.raises(ValueError, match="power"):
        mde_dz(5, 0.05, 1.0)
    with pytest.raises(ValueError, match="power"):
        seeds_needed(0.5, 0.05, 0.04)
    with pytest.raises(ValueError, match="dz"):
        seeds_needed(math.nan)

"""Random data against statsmodels and scipy: what every verdict rests on."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_paired

from lossbench.stats.multiplicity import holm
from lossbench.stats.paired import beyond_delta_p, paired_difference, sign_flip_p, tost_p
from lossbench.stats.power import n_for_delta, power_t


@pytest.fixture(params=range(25))
def rng(request):
    return np.random.default_rng(request.param)


def test_holm(rng):
    p = rng.random(rng.integers(1, 40)) ** rng.integers(1, 6)
    p[rng.random(len(p)) < 0.2] = p[0]
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], rel=1e-12)


def test_paired_tests(rng):
    n, scale = rng.integers(3, 20), 10.0 ** rng.integers(-6, 4)
    a, b = rng.normal(0, scale, (2, n))
    d, delta = a - b, scale * rng.uniform(0, 2)
    assert paired_difference(d).p_t == pytest.approx(stats.ttest_rel(a, b).pvalue, rel=1e-7)
    assert tost_p(d, delta) == pytest.approx(ttost_paired(a, b, -delta, delta)[0], rel=1e-7)
    side = 1 if d.mean() >= 0 else -1
    beyond = stats.ttest_1samp(side * d, delta, alternative="greater").pvalue
    assert beyond_delta_p(d, delta) == pytest.approx(beyond, rel=1e-7)


def test_sign_flip(rng):
    d = rng.normal(0.5, 1, rng.integers(2, 9))
    signs = 1 - 2 * ((np.arange(2 ** len(d))[:, None] >> np.arange(len(d))) & 1)
    sums = np.abs((signs * d).sum(axis=1))
    assert sign_flip_p(d) == pytest.approx(np.mean(sums >= sums[0] * (1 - 1e-12)))


def test_power(rng):
    dz, n, alpha = rng.uniform(0.05, 2), int(rng.integers(3, 40)), rng.choice([0.01, 0.05, 0.1])
    oracle = TTestPower().power(dz, n, alpha, alternative="two-sided")
    assert power_t(dz, n, alpha) == pytest.approx(oracle, rel=1e-6)
    sd, delta = rng.uniform(0.5, 2), rng.uniform(0.5, 2)
    needed = TTestPower().solve_power(delta / sd, None, 0.05, 0.8)
    assert n_for_delta(sd, delta) == int(np.ceil(np.asarray(needed).item()))

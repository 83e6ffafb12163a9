"""Numbers: by hand; oracles: scipy, and a simulation of Noether's design."""

import math

import numpy as np
import pytest
from scipy import stats

from lossbench.stats.effects import (
    cliffs_delta,
    failures_p,
    noether_n,
    relative_error_reduction,
    unpaired_improvement,
)


@pytest.mark.parametrize("seed", range(10))
def test_unpaired_improvement_equals_mann_whitney(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 6, rng.integers(1, 9)), rng.integers(0, 5, rng.integers(1, 9))
    u = stats.mannwhitneyu(a, b).statistic / (len(a) * len(b))
    assert unpaired_improvement(a, b) == pytest.approx(u, rel=1e-12)
    assert unpaired_improvement(b, a) == pytest.approx(1 - u)
    assert cliffs_delta(a, b) == pytest.approx(2 * u - 1)


def test_without_runs_there_is_no_chance():
    assert math.isnan(unpaired_improvement([], [1.0]))
    assert math.isnan(cliffs_delta([1.0], []))
    with pytest.raises(ValueError, match="NaN or infinite"):
        cliffs_delta([1.0], [math.nan])


@pytest.mark.parametrize(
    ("loss", "baseline", "expected"), [(0.08, 0.10, 0.2), (0.15, 0.10, -0.5), (0.0, 0.1, 1.0)]
)
def test_relative_error_reduction(loss, baseline, expected):
    assert relative_error_reduction(loss, baseline) == pytest.approx(expected)


@pytest.mark.parametrize("errors", [(0.1, 0.0), (0.0, 0.0), (math.nan, 0.1), (0.1, math.nan)])
def test_without_an_error_none_can_be_gone(errors):
    assert math.isnan(relative_error_reduction(*errors))


def test_noether_gives_the_power_it_promises():
    """Two samples of 29, normal, P(a > b) = 0.75: shift sqrt 2 z(0.75)."""
    n, rng = math.ceil(noether_n()), np.random.default_rng(0)
    shift = math.sqrt(2) * stats.norm.ppf(0.75)
    a, b = rng.normal(shift, 1, (2000, n)), rng.normal(0, 1, (2000, n))
    p = stats.mannwhitneyu(a, b, alternative="greater", axis=1, method="asymptotic").pvalue
    assert np.mean(p <= 0.05) == pytest.approx(0.95, abs=0.03)


@pytest.mark.parametrize("gamma", [0.5, 0.3, 1.1, math.nan])
def test_noether_refuses_what_is_no_improvement(gamma):
    with pytest.raises(ValueError, match="gamma"):
        noether_n(gamma)


@pytest.mark.parametrize(
    ("mine", "other", "p"),
    [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (6, 0, 0.03125), (7, 1, 18 / 256)],
)
def test_failures(mine, other, p):
    # 18 of 256: 2 (1 + 8) patterns of 8 coins with at most one on a side
    assert failures_p(mine, other) == pytest.approx(p)
    assert failures_p(other, mine) == pytest.approx(p)

"""Numbers: by hand, and an integral by the trapezoid rule."""

import math

import numpy as np
import pytest

from lossbench.stats.profiles import performance_profile, profile_score, quality_profile, ratios


def test_score_is_the_area_under_the_profile():
    rng = np.random.default_rng(0)
    times = rng.uniform(1, 6, (4, 7))
    times[1, 2] = times[3, 3] = math.inf
    taus = np.linspace(1, 4, 30_001)
    area = np.trapezoid(performance_profile(times, taus), taus, axis=1) / 3
    assert profile_score(times) == pytest.approx(area, abs=1e-4)


def test_a_data_set_where_nobody_arrives_counts_for_nobody():
    times = [[2.0, math.inf], [4.0, math.inf]]
    assert ratios(times).tolist() == [[1.0, math.inf], [2.0, math.inf]]
    assert performance_profile(times, [1.0, 1e9]).tolist() == [[0.5, 0.5], [0.0, 0.5]]
    assert profile_score(times) == pytest.approx([0.5, 1 / 3])


def test_rounding_does_not_move_a_ratio_past_its_factor():
    assert performance_profile([[0.3], [0.1 + 0.2]], [1.0]).tolist() == [[1.0], [1.0]]


def test_quality_counts_runs_above_and_failed_ones_never():
    found = quality_profile([[0.5, 0.7, math.nan, 0.9]], [0.0, 0.5, 0.8, 1.0])
    assert found.tolist() == [[0.75, 0.5, 0.25, 0.0]]
    assert quality_profile([0.2, 0.4], [0.3]).tolist() == [0.5]


@pytest.mark.parametrize("times", [[1.0, 2.0], [[0.0, 1.0]], [[math.nan]], [[-1.0]], []])
def test_what_is_no_time_is_refused(times):
    with pytest.raises(ValueError, match="times: "):
        performance_profile(times, [1.0])


def test_a_largest_ratio_of_one_is_refused():
    with pytest.raises(ValueError, match="r_max"):
        profile_score([[1.0]], 1.0)

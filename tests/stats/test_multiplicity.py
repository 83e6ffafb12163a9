import math

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from lossbench.stats.multiplicity import holm


def test_holm_of_example_9_4():
    assert holm([0.012, 0.030, 0.004, 0.40]) == pytest.approx([0.036, 0.06, 0.016, 0.40], rel=1e-9)


@pytest.mark.parametrize("m", [1, 2, 5, 30])
def test_holm_equals_statsmodels(m):
    p = np.random.default_rng(m).random(m) ** 3
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], rel=1e-12)


def test_holm_with_ties_and_extremes():
    p = [0.0, 0.02, 0.02, 1.0]
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1], rel=1e-12)


def test_holm_keeps_nan_and_leaves_it_out_of_the_family():
    # m = 2: 2 * 0.01 and 1 * 0.03
    found = holm([math.nan, 0.03, math.nan, 0.01])
    assert found[[1, 3]] == pytest.approx([0.03, 0.02])
    assert np.isnan(found[[0, 2]]).all()
    assert np.isnan(holm([math.nan])).all()


def test_holm_of_nothing_is_nothing():
    assert holm([]).shape == (0,)


@pytest.mark.parametrize("p", [[-0.1], [1.1], 0.1, [math.inf], [[0.2], [1.1]]])
def test_holm_refuses_what_is_no_p_value(p):
    with pytest.raises(ValueError, match="p: "):
        holm(p)


def test_holm_leaves_its_argument_alone():
    p = np.array([0.3, 0.1])
    holm(p)
    assert p.tolist() == [0.3, 0.1]


def test_each_row_is_a_family_of_its_own():
    p = np.random.default_rng(0).random((3, 4, 5))
    p[0, 1, 2:] = p[2, 3] = math.nan
    rows = [[holm(row).tolist() for row in table] for table in p]
    np.testing.assert_array_equal(holm(p), rows)
    assert holm(np.zeros((4, 0))).shape == (4, 0)

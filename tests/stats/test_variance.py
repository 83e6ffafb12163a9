"""Numbers: by hand; oracle: the analysis of variance of statsmodels."""

import math

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from lossbench.stats.variance import interaction, variance_shares


def frame(table):
    k, n = table.shape
    level, block = np.divmod(np.arange(k * n), n)
    return pd.DataFrame({"level": level, "block": block, "value": table.ravel()})


@pytest.mark.parametrize(("k", "n"), [(2, 2), (3, 5), (6, 8)])
def test_shares_equal_statsmodels(k, n):
    table = np.random.default_rng(k).normal(size=(k, n)) + np.arange(k)[:, None]
    oracle = anova_lm(ols("value ~ C(level) + C(block)", frame(table)).fit())
    found = variance_shares(table)
    assert (found.ss_level, found.ss_block, found.ss_rest) == pytest.approx(
        tuple(oracle["sum_sq"]), rel=1e-9
    )
    assert found.f == pytest.approx(oracle.loc["C(level)", "F"], rel=1e-9)
    assert found.p == pytest.approx(oracle.loc["C(level)", "PR(>F)"], rel=1e-9)
    assert found.level + found.block + found.rest == pytest.approx(1)


def test_components_are_without_bias():
    """Levels with variance 4, blocks 1, noise 0.25; estimates over many tables."""
    rng, found = np.random.default_rng(0), []
    for _ in range(3000):
        level, block, noise = rng.normal(0, 2, (5, 1)), rng.normal(0, 1, 8), rng.normal(size=(5, 8))
        one = variance_shares(level + block + noise / 2)
        found.append((one.var_level, one.var_block, one.var_rest))
    assert np.mean(found, axis=0) == pytest.approx((4, 1, 0.25), rel=0.06)


def test_blocks_that_are_not_complete_are_left_out():
    table = np.array([[0.9, 0.8, math.nan, 0.7], [0.95, 0.83, 0.9, 0.76]])
    assert variance_shares(table) == variance_shares(np.delete(table, 2, axis=1))


def test_levels_alone_and_nothing_at_all():
    found = variance_shares([[0.1 + 0.2] * 4, [0.4] * 4])
    assert (found.level, found.block, found.rest) == (1.0, 0.0, 0.0)
    assert (found.f, found.p) == (math.inf, 0.0)
    equal = variance_shares([[0.3, 0.1 + 0.2], [0.3, 0.3]])
    assert math.isnan(equal.level)
    assert math.isnan(equal.f)


@pytest.mark.parametrize("values", [[[0.1, 0.2]], [[0.1], [0.2]], np.ones((0, 3))])
def test_too_few_to_take_apart(values):
    assert math.isnan(variance_shares(values).level)


@pytest.mark.parametrize("values", [[0.1, 0.2], [[0.1, math.inf], [0.1, 0.2]]])
def test_what_is_no_table_is_refused(values):
    with pytest.raises(ValueError, match="values: "):
        variance_shares(values)


def tables(datasets=3, k=4, n=5, seed=0, depends=1.0):
    rng = np.random.default_rng(seed)
    common, own = rng.normal(size=(k, 1)), rng.normal(size=(datasets, k, 1))
    noise = rng.normal(0, 0.3, (datasets, k, n)) + rng.normal(size=(datasets, 1, n))
    return list(common + depends * own + noise + 10 * np.arange(datasets)[:, None, None])


@pytest.mark.parametrize("seed", range(4))
def test_interaction_equals_statsmodels(seed):
    drawn = tables(seed=seed)
    data = pd.concat([frame(table).assign(dataset=i) for i, table in enumerate(drawn)])
    model = "value ~ C(dataset) + C(dataset):C(block) + C(level) + C(dataset):C(level)"
    oracle = anova_lm(ols(model, data).fit())
    found = interaction(drawn)
    assert found.f == pytest.approx(oracle.loc["C(dataset):C(level)", "F"], rel=1e-6)
    assert found.p == pytest.approx(oracle.loc["C(dataset):C(level)", "PR(>F)"], rel=1e-6)
    ss = oracle["sum_sq"]
    share = ss["C(level)"] / (ss["C(level)"] + ss["C(dataset):C(level)"])
    assert (found.level, found.interaction) == pytest.approx((share, 1 - share), rel=1e-6)


def test_large_where_the_best_level_depends_on_the_data_set():
    swapped = [
        np.array([[1.0, 1.1, 1.2], [2.0, 2.1, 2.3]]),
        np.array([[2.0, 2.2, 2.1], [1, 1, 1.2]]),
    ]
    assert interaction(swapped).large
    assert not interaction([swapped[0], swapped[0] + 5]).large
    # detectable, but small beside what is common to both
    scaled = [swapped[0], swapped[0] * [[1.0], [1.5]]]
    assert interaction(scaled).p < 0.05
    assert not interaction([table * [[1.0], [9.0]] for table in scaled]).large


def test_interaction_is_seldom_called_large_without_one():
    found = [interaction(tables(seed=seed, depends=0.0)) for seed in range(1000)]
    assert np.mean([one.p <= 0.05 for one in found]) == pytest.approx(0.05, abs=0.028)


def test_blocks_may_differ_in_number_and_lack_values():
    drawn = tables()
    drawn[1] = drawn[1][:, :3]
    drawn[2][0, 0] = math.nan
    shorter = [drawn[0], drawn[1], drawn[2][:, 1:]]
    assert interaction(drawn) == interaction(shorter)
    assert math.isfinite(interaction(drawn).p)


@pytest.mark.parametrize(
    "few", [[], [np.ones((2, 3))], [np.ones((2, 1))] * 2, [np.ones((1, 3))] * 2]
)
def test_too_few_for_an_interaction(few):
    found = interaction(few)
    assert math.isnan(found.p)
    assert not found.large


def test_other_levels_on_other_data_sets_are_refused():
    with pytest.raises(ValueError, match="same levels"):
        interaction([np.ones((2, 3)), np.ones((3, 3))])

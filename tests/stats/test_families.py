"""Oracles: scipy's t-tests and permutation test, statsmodels's Holm, loss by loss."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from lossbench.stats import paired
from lossbench.stats.families import family, family_verdicts, left_out_verdicts
from lossbench.stats.multiplicity import holm
from lossbench.stats.sign_flips import sign_flips
from lossbench.stats.verdicts import verdict

D = [0.0048, 0.0037, 0.0019, 0.0084, -0.0005, 0.0054, 0.0033, 0.0053]
NUMBERS = ("mean", "sd", "se", "ci_low", "ci_high", "ci90_low", "ci90_high", "p_t")
ADJUSTED = ("p_holm", "p_tost", "p_beyond", "p_sign_flip")


def drawn(seed, shape, lost=0.15):
    """Differences on the scale of the deltas below, some of them lost, ties among them."""
    rng = np.random.default_rng(seed)
    d = rng.normal(rng.normal(0, 1, (*shape[:-1], 1)), 1, shape).round(1)
    d[rng.random(shape) < lost] = np.nan
    return d


def by_scipy(table, delta, alpha):
    """The numbers of one family from scipy and statsmodels, by name, [losses]."""
    rows = []
    for row in table:
        d = row[~np.isnan(row)]
        two = stats.ttest_1samp(d, 0)
        narrow, wide = (two.confidence_interval(1 - a) for a in (2 * alpha, alpha))
        side = 1 if d.mean() >= 0 else -1
        tost = (
            stats.ttest_1samp(d, -delta, alternative="greater").pvalue,
            stats.ttest_1samp(d, delta, alternative="less").pvalue,
        )
        flips = stats.permutation_test((d,), np.mean, permutation_type="samples", vectorized=True)
        rows.append(
            {
                "n": len(d),
                "mean": d.mean(),
                "sd": d.std(ddof=1),
                "se": stats.sem(d),
                "ci_low": wide.low,
                "ci_high": wide.high,
                "ci90_low": narrow.low,
                "ci90_high": narrow.high,
                "p_t": two.pvalue,
                "p_tost": max(tost),
                "p_beyond": stats.ttest_1samp(side * d, delta, alternative="greater").pvalue,
                "p_sign_flip": flips.pvalue,
            }
        )
    found = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    found["p_holm"] = found["p_t"]
    testable = found["n"] >= 3
    for name in ADJUSTED:
        p, found[name] = found[name], np.full(len(table), np.nan)
        if testable.any():
            found[name][testable] = multipletests(p[testable], method="holm")[1]
    return found


@pytest.mark.parametrize(("blocks", "losses"), [(5, 1), (5, 4), (8, 3), (11, 5)])
def test_every_number_equals_scipy_and_statsmodels(blocks, losses, monkeypatch):
    monkeypatch.setattr("gc.collect", lambda: 0)  # which statsmodels does for each family
    tables = drawn(blocks, (20, losses, blocks))
    enough = ((~np.isnan(tables)).sum(axis=-1) > 1).all(axis=-1)
    tables = tables[enough]
    found = family(tables, 0.8, 0.1)
    assert len(tables) > 10 and found.mean.shape == tables.shape[:2]
    for index, table in enumerate(tables):
        for name, oracle in by_scipy(table, 0.8, 0.1).items():
            mine = getattr(found, name)[index]
            assert mine == pytest.approx(oracle, rel=1e-9, abs=1e-12, nan_ok=True), name


def test_every_number_equals_those_of_the_functions_for_one_loss():
    tables = drawn(3, (2, 30, 4, 6), lost=0.4)
    tables[0, 0] = [[0.7] * 6, [0.0] * 6, [-0.7] * 3 + [np.nan] * 3, [np.nan] * 6]
    delta = np.array([0.2, 0.7, 1.5, 0.0])
    found = family(tables, delta, 0.1)
    assert (found.n == 0).any() and (found.n == 1).any() and (found.n == 2).any()
    for at in np.ndindex(2, 30):
        rows = [row[~np.isnan(row)] for row in tables[at]]
        enough = [len(d) >= 3 for d in rows]
        p = {"p_holm": [], "p_tost": [], "p_beyond": [], "p_sign_flip": []}
        for d, bound, index in zip(rows, delta, np.ndindex(4), strict=True):
            one = paired.paired_difference(d, 0.1)
            for name in ("n", "mean", "sd", "se", "ci_low", "ci_high", "p_t"):
                mine = getattr(found, name)[*at, *index]
                assert mine == pytest.approx(getattr(one, name), rel=1e-12, nan_ok=True)
            p["p_holm"].append(one.p_t)
            p["p_tost"].append(paired.tost_p(d, bound))
            p["p_beyond"].append(paired.beyond_delta_p(d, bound))
            p["p_sign_flip"].append(paired.sign_flip_p(d))
        adjusted = {k: holm(np.where(enough, v, np.nan)) for k, v in p.items()}
        for name, values in adjusted.items():
            mine = getattr(found, name)[at]
            assert mine == pytest.approx(values, rel=1e-12, nan_ok=True), name
        columns = zip(*list(adjusted.values())[:3], strict=True)
        codes = [
            verdict(len(d), d.mean() if len(d) else math.nan, *row, 0.1)
            for d, row in zip(rows, columns, strict=True)
        ]
        assert found.verdict[at].tolist() == codes == family_verdicts(rows, delta, 0.1)


def test_the_example_9_1_in_a_family_of_its_own():
    found = family([D], 0.002)
    assert found.verdict.tolist() == ["CLEARLY_BETTER"]
    # the methodology prints a lower end of 0.00226746780, not as far from the mean as the upper
    assert found.ci90_low == pytest.approx([0.00226747802]) and found.p_sign_flip == [0.015625]
    assert found.ci90_high == pytest.approx([0.00580752198])
    assert found.p_beyond == pytest.approx([0.0327777884])


def test_one_family_does_not_change_another():
    tables = drawn(5, (6, 3, 8))
    together, alone = family(tables, 0.5), [family(table, 0.5) for table in tables]
    for name in (*NUMBERS, *ADJUSTED, "n", "equal", "verdict"):
        assert np.array_equal(
            getattr(together, name),
            [getattr(one, name) for one in alone],
            equal_nan=name not in ("n", "equal", "verdict"),
        )


def test_the_order_of_the_blocks_and_where_they_are_lost_does_not_matter():
    table = drawn(6, (1, 4, 9), lost=0.3)
    order = np.random.default_rng(0).permutation(9)
    one, other = family(table, 0.5), family(table[..., order], 0.5)
    for name in (*NUMBERS, *ADJUSTED):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-9, nan_ok=True)


def test_an_unknown_delta_leaves_the_difference_to_be_judged():
    found = family([D, np.negative(D)], math.nan)
    assert found.verdict.tolist() == ["BETTER", "WORSE"]
    assert np.isnan(found.p_tost).all() and np.isnan(found.p_beyond).all()
    same = family([[0.1] * 4], math.nan)
    assert same.verdict.tolist() == ["BETTER"] and np.isnan(same.p_tost).all()


def test_overlapping_blocks_widen_intervals_and_leave_no_sign_flip_test():
    plain, widened = family([D], 0.002), family([D], 0.002, overlap=0.25)
    assert widened.se / plain.se == pytest.approx([math.sqrt(3)])  # sqrt((1/8 + 1/4) / (1/8))
    assert np.isnan(widened.p_sign_flip).all()
    assert widened.p_t[0] == paired.paired_difference(D, overlap=0.25).p_t


def test_blocks_left_out_by_hand_for_many_families():
    tables = drawn(7, (4, 3, 6))
    without = left_out_verdicts(tables, 0.5)
    assert without.shape == tables.shape
    for at in np.ndindex(4):
        for block in range(6):
            rest = np.delete(tables[at], block, axis=1)
            lost = np.isnan(tables[at][:, block])
            codes = family_verdicts([row[~np.isnan(row)] for row in rest], 0.5)
            assert without[at][:, block].tolist() == np.where(lost, "NO_DATA", codes).tolist()


def test_no_loss_and_no_block():
    assert family(np.zeros((0, 4)), 0.1).verdict.shape == (0,)
    assert left_out_verdicts(np.zeros((0, 4)), 0.1).shape == (0, 4)
    empty = family(np.zeros((2, 0)), 0.1)
    assert empty.verdict.tolist() == ["NO_DATA"] * 2 and np.isnan(empty.mean).all()
    assert left_out_verdicts(np.zeros((2, 0)), 0.1).shape == (2, 0)


@pytest.mark.parametrize(
    ("table", "delta", "message"),
    [
        ([0.1, 0.2, 0.3], 0.1, r"table: shape \(3,\)"),
        ([[0.1, math.inf, 0.3]], 0.1, "table: infinite"),
        ([[0.1, 0.2, 0.3]], -0.1, "delta: -0.1; accepted are finite numbers >= 0"),
        ([[0.1, 0.2, 0.3]], math.inf, "delta: inf"),
    ],
)
def test_what_is_no_family_is_refused(table, delta, message):
    for judge in (family, left_out_verdicts):
        with pytest.raises(ValueError, match=message):
            judge(table, delta)


@pytest.mark.parametrize("overlap", [-0.1, math.nan])
def test_an_overlap_that_is_none_is_refused(overlap):
    with pytest.raises(ValueError, match="overlap"):
        family([D], 0.1, overlap=overlap)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 12])
def test_sign_flips_equal_scipy(n):
    rng = np.random.default_rng(n)
    d = rng.normal(0.3, 1, (6, n)).round(1)
    oracle = [
        1.0
        if n == 1  # which the oracle refuses
        else stats.permutation_test(
            (row,), np.mean, permutation_type="samples", vectorized=True
        ).pvalue
        for row in d
    ]
    assert sign_flips(d) == pytest.approx(oracle, rel=1e-12)


def test_sums_that_differ_by_rounding_are_ties():
    # 0.1 + 0.2 - 0.3 is 5.6e-17: every pattern is as extreme
    assert sign_flips([0.1, 0.2, -0.3]) == 1.0
    assert sign_flips([1e8, 1e-3, 1e-3]) == 0.25, "and others are none"


def test_sixteen_blocks_are_exact_and_seventeen_are_drawn():
    d = np.random.default_rng(0).normal(0.5, 1, (3, 17))
    sixteen = np.where(np.arange(17) == 4, np.nan, d)
    exact = sign_flips(sixteen)
    assert (exact * 2**15 % 1 == 0).all()
    with pytest.raises(ValueError, match="rng: None; more than 16"):
        family(d, 0.1)
    one, again = (sign_flips(d, np.random.default_rng(1)) for _ in range(2))
    assert one.tolist() == again.tolist()
    p_t = stats.ttest_1samp(d, 0, axis=1).pvalue
    assert one == pytest.approx(p_t, abs=0.02)
    assert sign_flips(np.ones(40), np.random.default_rng(0)) == 1 / 100_000


def test_many_rows_are_flipped_in_parts():
    d = np.random.default_rng(2).normal(size=(20_000, 10))  # 10 million sums: three parts
    found = sign_flips(d)
    some = [0, 8191, 8192, 19_999]
    assert found[some].tolist() == [float(sign_flips(d[i])) for i in some]
    assert (found <= 0.05).mean() == pytest.approx(0.05, abs=0.006)

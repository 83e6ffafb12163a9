"""Verdicts of the worked examples 9.1 to 9.3 of the methodology, and the order of its section 5."""

import math

import numpy as np
import pytest

from lossbench.stats.families import family_verdicts, left_out_verdicts
from lossbench.stats.paired import all_equal, paired_difference, sign_flip_p
from lossbench.stats.verdicts import (
    ANSWERS,
    WORDS,
    fewest_seeds,
    flags,
    verdict,
)

D = np.array([0.0048, 0.0037, 0.0019, 0.0084, -0.0005, 0.0054, 0.0033, 0.0053])
EQUIVALENT = [0.0006, -0.0011, 0.0009, 0.0002, -0.0007, 0.0013, -0.0004, 0.0005]
NEGLIGIBLE = [0.0006, 0.0009, 0.0004, 0.0011, 0.0007, 0.0008, 0.0010, 0.0005]
SPREAD = [0.012, -0.009, 0.004, 0.015, -0.006]
WORSE = [-0.021, -0.018, -0.025, -0.019, -0.022, -0.020]


def judged(d, delta=0.002):
    """The verdict and the flags of a family of one loss."""
    d = np.asarray(d, dtype=float)
    code = family_verdicts([d], delta)[0]
    left_out = left_out_verdicts([d], delta)[0]
    p_t, p_flip = paired_difference(d).p_t, sign_flip_p(d)
    return code, flags(len(d), 1, code, p_t, p_flip, all_equal(d), left_out)


@pytest.mark.parametrize(
    ("d", "delta", "expected"),
    [
        (D, 0.002, ("CLEARLY_BETTER", ())),
        (D[:5], 0.002, ("INCONCLUSIVE", ("FEW_SEEDS",))),
        (EQUIVALENT, 0.002, ("EQUIVALENT", ())),
        (EQUIVALENT, 0.0005, ("INCONCLUSIVE", ())),
        (NEGLIGIBLE, 0.002, ("BETTER_NEGLIGIBLE", ())),
        (SPREAD, 0.002, ("INCONCLUSIVE", ("FEW_SEEDS",))),
        (WORSE, 0.002, ("CLEARLY_WORSE", ())),
        (-D, 0.002, ("CLEARLY_WORSE", ())),
        (np.negative(NEGLIGIBLE), 0.002, ("WORSE_NEGLIGIBLE", ())),
        (D, 0.0035, ("BETTER", ())),
    ],
)
def test_verdicts_of_the_examples(d, delta, expected):
    assert judged(d, delta) == expected


@pytest.mark.parametrize(
    ("n", "mean", "p", "expected"),
    [
        (2, 0.1, (0.0, 1.0, 0.0), "NO_DATA"),
        (0, math.nan, (math.nan, math.nan, math.nan), "NO_DATA"),
        (3, 0.1, (0.05, 0.05, 0.05), "BETTER_NEGLIGIBLE"),
        (3, -0.1, (0.05, 0.05, 1.0), "WORSE_NEGLIGIBLE"),
        (3, 0.1, (0.05, 0.06, 0.05), "CLEARLY_BETTER"),
        (3, -0.1, (0.05, 0.06, 0.05), "CLEARLY_WORSE"),
        (3, 0.1, (0.05, 0.06, 0.06), "BETTER"),
        (3, -0.1, (0.05, 0.06, 0.06), "WORSE"),
        (3, 0.1, (0.06, 0.05, 0.06), "EQUIVALENT"),
        (3, 0.1, (0.06, 0.06, 0.05), "INCONCLUSIVE"),
        (3, 0.1, (math.nan, math.nan, math.nan), "INCONCLUSIVE"),
    ],
)
def test_order_of_the_verdicts(n, mean, p, expected):
    assert verdict(n, mean, *p, alpha=0.05) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, "EQUIVALENT"),
        (0.001, "BETTER_NEGLIGIBLE"),
        (-0.001, "WORSE_NEGLIGIBLE"),
        (0.01, "CLEARLY_BETTER"),
        (-0.01, "CLEARLY_WORSE"),
    ],
)
def test_equal_differences_are_judged_by_their_mean(value, expected):
    assert judged([value] * 8) == (expected, ("IDENTICAL",))
    assert judged([value] * 3) == (expected, ("FEW_SEEDS", "IDENTICAL"))


def test_every_code_has_words_and_an_answer():
    assert list(WORDS) == list(ANSWERS)
    assert all(word and word == word.strip() for word in WORDS.values())


def test_each_test_is_adjusted_over_the_family():
    # D alone: p_t 0.0035, p_beyond 0.0328; among three: p_beyond 0.0983, above 0.05
    noise = [0.010, -0.012, 0.008, -0.009, 0.011, -0.010, 0.009, -0.006]
    assert family_verdicts([D, noise, SPREAD], 0.002) == ["BETTER", "INCONCLUSIVE", "INCONCLUSIVE"]


def test_losses_without_data_do_not_count_in_the_family():
    assert family_verdicts([D, [0.1, 0.2], []], 0.002) == ["CLEARLY_BETTER", "NO_DATA", "NO_DATA"]
    assert family_verdicts([], 0.002) == []


def test_each_loss_may_have_its_own_delta():
    assert family_verdicts([EQUIVALENT, EQUIVALENT], [0.002, 0.0005]) == [
        "EQUIVALENT",
        "INCONCLUSIVE",
    ]


def test_blocks_are_left_out_for_all_losses_at_once():
    table = np.array([D, np.where(np.arange(8) < 4, EQUIVALENT, np.nan)])
    without = left_out_verdicts(table, 0.002)
    assert without.shape == (2, 8) and set(without[1, 4:]) == {"NO_DATA"}
    rest = [np.delete(D, 1), np.delete(EQUIVALENT, 1)[:3]]
    assert [codes[1] for codes in without] == family_verdicts(rest, 0.002)


@pytest.mark.parametrize(("losses", "n"), [(1, 6), (2, 7), (3, 7), (4, 8), (6, 8), (7, 9), (12, 9)])
def test_fewest_seeds_of_section_4_1(losses, n):
    assert fewest_seeds(losses, 0.05) == n


def test_fragile_where_the_sign_flip_test_disagrees():
    assert flags(8, 1, "BETTER", 0.04, 0.06, False) == ("FRAGILE",)
    assert flags(8, 1, "EQUIVALENT", 0.06, 0.04, False) == ("FRAGILE",)
    assert flags(8, 1, "BETTER", 0.04, 0.05, False) == ()
    # with 5 seeds the sign-flip test cannot reach 0.05: no disagreement
    assert flags(5, 1, "BETTER", 0.04, 0.0625, False) == ("FEW_SEEDS",)


def test_fragile_where_one_block_decides():
    assert flags(8, 1, "BETTER", 0.01, 0.01, False, ["BETTER", "INCONCLUSIVE"]) == ("FRAGILE",)
    assert flags(8, 1, "CLEARLY_BETTER", 0.01, 0.01, False, ["BETTER"] * 8) == ()
    assert flags(8, 1, "EQUIVALENT", 0.9, 0.9, False, ["INCONCLUSIVE"]) == ("FRAGILE",)
    assert flags(3, 1, "BETTER", 0.01, 0.25, False, ["NO_DATA"] * 3) == ("FEW_SEEDS",)


@pytest.mark.parametrize("code", ["INCONCLUSIVE", "NO_DATA"])
def test_what_claims_nothing_is_not_fragile(code):
    assert flags(8, 1, code, 0.06, 0.04, False, ["BETTER"]) == ()


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_non_finite_differences_are_refused(bad):
    with pytest.raises(ValueError, match="NaN or infinite"):
        family_verdicts([[0.1, bad, 0.2]], 0.002)

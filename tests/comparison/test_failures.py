"""Failed runs: counted, never averaged away, and never first."""

import math

import numpy as np
import pytest

from lossbench.comparison.failures import signs
from tests.comparison.scores import BASE, NEW, compare, each, row

NAN = math.nan


def test_a_failed_run_loses_two_failed_are_a_tie_and_a_missing_one_says_nothing():
    nan, yes, no = NAN, True, False
    found = signs(
        np.array([0.9, nan, 0.9, nan, nan, 0.8]),
        np.array([0.8, 0.8, nan, nan, 0.8, 0.8]),
        np.array([no, yes, no, yes, no, no]),
        np.array([no, no, yes, yes, no, no]),
    )
    np.testing.assert_array_equal(found, [1, -1, 1, 0, nan, 0])


def test_failures_are_an_outcome_of_their_own(make_runs):
    scores = {"cross_entropy": [*BASE[:7], NAN], "focal": [NAN, NAN, *NEW[2:7], NAN]}
    (found,) = compare(make_runs(scores))
    new = row(found, "focal")
    assert (new.failed, new.done, new.n) == (3, 5, 5)
    assert (new.failed_alone, new.baseline_failed_alone) == (2, 0)
    assert new.p_failures == 0.5, "2 / 2^2"
    ahead = np.greater(NEW[2:7], BASE[2:7]).sum()
    assert (new.wins, new.blocks) == (ahead, 7), "the block in which both failed counts for none"
    assert new.pi == pytest.approx((ahead + 0.5) / 8), "and as a tie for the probability"
    assert new.flags.count("FAILURES") == 1


def test_completion_has_the_interval_of_the_methodology(make_runs):
    """Section 9.13: 4 of 5."""
    (found,) = compare(make_runs({"cross_entropy": BASE[:5], "focal": [*NEW[:4], NAN]}))
    new = row(found, "focal")
    assert (new.completion_low, new.completion_high) == pytest.approx((0.37553463, 0.96377589))


def test_what_fails_often_is_never_listed_first(make_runs):
    often = {"cross_entropy": BASE, "focal": [*NEW[:7], NAN], "brier": np.subtract(BASE, 0.1)}
    (found,) = compare(make_runs(often))
    assert row(found, "focal").mean > row(found, "cross_entropy").mean
    assert [r.level for r in found.rows] == ["cross_entropy", "focal", "brier"]
    rarely = {"cross_entropy": BASE * 2, "focal": [*(NEW * 2)[:15], NAN]}
    (found,) = compare(make_runs(rarely, name="rarely"))
    assert [r.level for r in found.rows] == ["focal", "cross_entropy"], "1 of 16 is below 10 %"


def test_the_best_mean_is_sought_among_those_that_work(make_runs):
    (found,) = compare(make_runs({"cross_entropy": BASE, "focal": [*NEW[:7], NAN]}), against="best")
    assert found.baseline == "cross_entropy"


def test_an_unfinished_run_does_not_lose_its_block(make_runs):
    (found,) = compare(make_runs({"cross_entropy": BASE, "focal": [*NEW[:6], NAN, None]}))
    new = row(found, "focal")
    assert (new.blocks, new.failed, new.done) == (7, 1, 6)
    assert {"FAILURES", "INCOMPLETE"} <= set(new.flags)


@pytest.mark.parametrize(
    ("metric", "constant"), [("accuracy", 0.6), ("balanced_accuracy", 1 / 3), ("mcc", 0.0)]
)
def test_a_failed_run_counts_as_a_constant_predictor_in_the_mean_of_all(
    make_runs, metric, constant
):
    told = {"confusion": [[5, 1, 0], [1, 2, 0], [0, 0, 1]]}
    scores = {
        "cross_entropy": each([0.8, 0.8], **told),
        "focal": [{"value": 0.9} | told, NAN],
    }
    (found,) = compare(make_runs(scores, metric=metric))
    assert row(found, "focal").mean_itt == pytest.approx((0.9 + constant) / 2)
    assert row(found, "cross_entropy").mean_itt == pytest.approx(0.8)


def test_without_a_known_constant_the_mean_of_all_is_unknown(make_runs):
    (found,) = compare(make_runs({"mse": [1.0, 1.1], "mae": [0.9, NAN]}, metric="rmse"))
    assert math.isnan(row(found, "mae").mean_itt)
    assert row(found, "mse").mean_itt == pytest.approx(1.05)


def test_a_metric_that_is_no_number_is_a_failed_run(make_runs):
    broken = {"metrics": [{"split": "test", "at": "selected", "stage": "raw"}]}
    broken["metrics"][0] |= {"metric": "accuracy", "value": None}
    (found,) = compare(make_runs({"cross_entropy": BASE, "focal": [*NEW[:7], broken]}))
    new = row(found, "focal")
    assert (new.done, new.failed, new.n) == (7, 1, 7) and "FAILURES" in new.flags
    assert new.mean == pytest.approx(np.mean(NEW[:7]))
    said = "focal: accuracy is not a number in 1 runs that ended with ok (job made-mnist_mini-"
    assert any(text.startswith(said) for text in found.warnings)
    (found,) = compare(make_runs({"cross_entropy": [broken] * 3}, name="all"))
    assert (found.rows[0].failed, found.rows[0].done) == (3, 0)


def test_a_run_without_the_metric_is_said_and_no_failure(make_runs):
    other = {"split": "test", "at": "selected", "stage": "raw", "metric": "mcc", "value": 0.5}
    scores = {"cross_entropy": BASE, "focal": [*NEW[:7], {"metrics": [other]}]}
    (found,) = compare(make_runs(scores))
    new = row(found, "focal")
    assert (new.failed, new.n) == (0, 7)
    said = "focal: accuracy is not measured in 1 of 8 runs"
    assert any(text.startswith(said) for text in found.warnings)

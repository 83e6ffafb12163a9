"""Every number of a row, from the worked examples 9.1 and 9.10 of the methodology."""

import math

import numpy as np
import pytest

from lossbench.comparison.effects import shares_of
from tests.comparison.scores import BASE, NEW, compare, row


@pytest.fixture
def worked(make_runs):
    (found,) = compare(make_runs({"cross_entropy": BASE, "focal": NEW}, protocol={"delta": 0.002}))
    return found


def test_sizes_of_the_worked_example(worked):
    new = row(worked, "focal")
    assert new.sd == pytest.approx(0.00264247584)
    assert new.ci90_high == pytest.approx(0.00580752198)
    assert (new.ci90_low + new.ci90_high) / 2 == pytest.approx(0.0040375)
    assert new.p_sign_flip == 0.015625
    assert new.g_z == pytest.approx(1.35710578)
    assert new.d_av == pytest.approx(1.34198464)
    assert (new.corr, new.pairing_gain) == pytest.approx((0.62814091, 2.59261438))
    assert (new.pi, new.pi_low, new.pi_high) == pytest.approx((0.875, 0.52911182, 0.97758251))
    assert (new.n_for_delta, new.n_for_delta_upper) == (16, 28)
    error = 1 - np.mean(BASE)
    assert new.error_reduction == pytest.approx((error - (1 - np.mean(NEW))) / error)
    assert (new.verdict_last, new.verdict_validation) == ("", ""), "neither is recorded here"


def test_the_baseline_has_no_difference(worked):
    base = row(worked, "cross_entropy")
    for name in ("sd", "g_z", "d_av", "corr", "pi", "p_sign_flip", "p_failures"):
        assert math.isnan(getattr(base, name)), name
    assert base.n_for_delta is None


def test_variance_shares_of_the_worked_example():
    table = np.array([[0.90, 0.91, 0.89, 0.92], [0.91, 0.93, 0.90, 0.93], [0.88, 0.90, 0.88, 0.90]])
    found = shares_of(table)
    shares = (found.level, found.seed, found.rest)
    assert shares == pytest.approx((0.490566, 0.482480, 0.026954), abs=1e-6)
    lost = np.column_stack([table, [0.9, math.nan, 0.9]])
    assert shares_of(lost) == found, "a seed in which a level failed is left out"
    assert shares_of(table[:1]) is None and shares_of(table[:, :1]) is None
    assert shares_of(np.full((2, 3), 0.5)) is None, "nothing varies"


def test_errors_that_are_lower_are_better_are_reduced_likewise(make_runs):
    scores = {"cross_entropy": [0.2, 0.3, 0.4], "focal": [0.1, 0.15, 0.2]}
    (found,) = compare(make_runs(scores, metric="ece"))
    assert row(found, "focal").error_reduction == pytest.approx(0.5)
    (found,) = compare(make_runs(scores, name="nll", metric="nll"))
    assert math.isnan(row(found, "focal").error_reduction), "an unbounded metric has no share"


def test_the_best_mean_and_what_cannot_be_told_from_it_are_bold(make_runs):
    close = np.add(NEW, [0.001, -0.001] * 4)
    far = np.subtract(BASE, 0.2)
    scores = {"cross_entropy": NEW, "focal": close, "brier": far, "poly1": [math.nan] * 8}
    (found,) = compare(make_runs(scores))
    assert {r.level: r.bold for r in found.rows} == {
        "cross_entropy": True,
        "focal": True,
        "brier": False,
        "poly1": False,
    }


def test_against_the_best_every_level_is_compared_with_it_and_that_is_exploratory(make_runs):
    folder = make_runs({"cross_entropy": BASE, "focal": NEW, "brier": np.subtract(BASE, 0.1)})
    (found,) = compare(folder, against="best")
    assert (found.baseline, found.against) == ("focal", "best")
    assert row(found, "focal").verdict == "BASELINE"
    assert row(found, "cross_entropy").diff == pytest.approx(-0.0040375)
    assert "EXPLORATORY" in found.flags
    assert any("compared with the best mean" in text for text in found.exploratory)


def test_step_times_are_compared_on_equal_devices_alone(make_runs):
    scores = {
        "cross_entropy": each_step(10.0, "CPU"),
        "focal": each_step(15.0, "CPU"),
    }
    (found,) = compare(make_runs(scores))
    new = row(found, "focal")
    assert (new.step_ms, new.step_ratio, new.params) == (15.0, 1.5, 100)
    scores["focal"] = each_step(15.0, "H100")
    (found,) = compare(make_runs(scores, name="two"), allow_unmatched=True)
    assert math.isnan(row(found, "focal").step_ratio)


def each_step(ms, device):
    more = {"step_ms_median": ms, "device": device, "trainable_params": 100}
    return [{"value": value} | more for value in BASE[:3]]


def test_cross_losses_are_means_over_seeds_by_trained_and_evaluated_loss(make_runs):
    def told(value, ce, focal):
        rows = [{"loss": "cross_entropy", "value": ce}, {"loss": "focal", "value": focal}]
        return {"value": value, "cross_loss": rows}

    scores = {
        "cross_entropy": [told(0.9, 1.0, 0.5), told(0.8, 2.0, None)],
        "focal": [told(0.9, 3.0, 0.1), math.nan],
    }
    (found,) = compare(make_runs(scores))
    assert found.cross_loss == {
        "cross_entropy": {"cross_entropy": 1.5, "focal": 0.5},
        "focal": {"cross_entropy": 3.0, "focal": 0.1},
    }

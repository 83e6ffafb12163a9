"""What a design can detect: numbers of methodology 4.1, 4.5 and 9.1 from runs on disk."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats as scipy_stats
from statsmodels.stats.power import TTestPower

from lossbench import runner
from lossbench.comparison.planning import Design, EarlierRuns, Spread, designs

BASELINE = [0.9120, 0.9084, 0.9151, 0.9052, 0.9103, 0.9075, 0.9139, 0.9098]  # example 9.1
NEW = [0.9168, 0.9121, 0.9170, 0.9136, 0.9098, 0.9129, 0.9172, 0.9151]
SD = 0.00264247584
CONFIG = "name: made\ndataset: mnist_mini\nmodel: seed_cnn\nseeds: 8\ntrain: {epochs: 3}\n"


@pytest.fixture
def plan(tmp_path):
    """Plans an experiment with some losses; the runs folder is that of `make_runs`."""

    def make(losses="[cross_entropy, focal]", more="", **changes):
        path = tmp_path / "made.yaml"
        path.write_text(f"{CONFIG}losses: {losses}\n{more}")
        checked = runner.check(path, [f"{key}={value}" for key, value in changes.items()])
        return designs(checked.experiment, checked.plan, tmp_path / "runs")

    return make


def test_without_earlier_runs_it_is_in_units_of_the_spread(plan):
    (one,) = plan()
    assert one.detectable() == pytest.approx(1.156, abs=5e-4), "table 4.5, n 8"
    assert one.spread is None and one.needed() is None and one.needed(upper=True) is None
    assert (one.levels, one.seeds, one.alpha, one.fewest) == (1, 8, 0.05, 6)
    assert one.delta == 0.005 and not one.delta_declared and one.bounded
    three = "[cross_entropy, focal, brier, gce]"
    (many,) = plan(three)
    assert many.detectable() == pytest.approx(1.450, abs=5e-4), "third row of table 4.5"
    assert many.fewest == 7


def test_numbers_of_example_9_1(plan, make_runs):
    make_runs({"cross_entropy": BASELINE, "focal": NEW}, name="earlier")
    (one,) = plan(**{"protocol.delta": 0.002})
    assert one.spread.sd == pytest.approx(SD, rel=1e-6) and one.spread.n == 8
    assert one.detectable() * one.spread.sd == pytest.approx(0.00305479371, rel=1e-6)
    assert (one.needed(), one.needed(upper=True)) == (16, 28)
    (one,) = plan(**{"protocol.delta": 0.003})
    assert (one.needed(), one.needed(upper=True)) == (9, 14)
    assert one.spread.folder.name == "earlier"


@pytest.mark.parametrize("losses", [1, 3, 4, 6, 7, 12])
def test_fewest_seeds_of_the_exact_test(losses):
    expected = {1: 6, 3: 7, 4: 8, 6: 8, 7: 9, 12: 9}[losses]  # methodology 4.1
    assert _design(levels=losses).fewest == expected


def _design(**changes):
    usual = Design(
        dataset="d",
        model="m",
        factor="loss",
        metric="accuracy",
        bounded=True,
        higher_is_better=True,
        levels=1,
        seeds=8,
        looks=(),
        alpha=0.05,
        delta=0.005,
        delta_declared=True,
        spread=None,
    )
    return replace(usual, **changes)


def test_looks_share_alpha(plan):
    (one,) = plan(more="protocol: {looks: [5, 8]}\n")
    assert one.alpha == 0.025 and one.looks == (5, 8) and one.fewest == 7
    oracle = TTestPower().solve_power(nobs=8, alpha=0.025, power=0.8)
    assert one.detectable() == pytest.approx(oracle, rel=1e-5)  # as exact as its root is
    oracle = TTestPower().solve_power(nobs=5, alpha=0.025, power=0.8)
    assert one.detectable(5) == pytest.approx(oracle, rel=1e-5)  # as exact as its root is


@pytest.mark.parametrize("seeds", [1, 2])
def test_too_few_seeds_detect_nothing(plan, seeds):
    (one,) = plan(**{"seeds": seeds})
    assert math.isnan(one.detectable())


def test_of_several_losses_the_middle_spread_counts_and_the_ends_are_told(plan, make_runs):
    rng = np.random.default_rng(0)
    scores = {"cross_entropy": [0.9] * 8}
    for name, sd in (("focal", 0.01), ("brier", 0.002), ("gce", 0.03), ("nce", 0.1)):
        noise = scipy_stats.zscore(rng.normal(size=8), ddof=1)
        scores[name] = list(0.4 + sd * noise)
    make_runs(scores, name="earlier")
    (one,) = plan("[cross_entropy, focal, brier, gce]")
    ends = (one.spread.low, one.spread.sd, one.spread.high)
    assert ends == pytest.approx((0.002, 0.01, 0.03)), "nce is not planned"
    assert one.spread.levels == 3
    (other,) = plan("[cross_entropy, sce]")
    assert other.spread.levels == 4 and other.spread.sd == pytest.approx(0.03), "the larger middle"


def test_what_has_no_spread_or_too_few_blocks_says_nothing(plan, make_runs):
    make_runs({"cross_entropy": [0.9] * 8, "focal": [0.9] * 8}, name="identical")
    make_runs({"cross_entropy": [0.9, 0.8], "focal": [0.8, 0.9]}, name="two")
    make_runs({"cross_entropy": [0.9, 0.8, None], "focal": [0.8, 0.9, math.nan]}, name="failed")
    make_runs({"cross_entropy": [None] * 8, "focal": [None] * 8}, name="begun")
    assert plan()[0].spread is None


def test_only_runs_with_the_same_data_network_and_metric_count(plan, make_runs):
    scores = {"cross_entropy": BASELINE, "focal": NEW}
    make_runs(scores, name="data", dataset="mnist")
    make_runs(scores, name="network", model="tiny_cnn")
    make_runs(scores, name="metric", metric="macro_f1")
    assert plan()[0].spread is None


def test_the_runs_most_like_the_plan_count_first(plan, make_runs):
    wide = [value + 0.01 * (-1) ** i for i, value in enumerate(NEW)]
    make_runs({"cross_entropy": BASELINE, "focal": NEW}, name="alike")
    make_runs({"cross_entropy": BASELINE, "focal": wide}, name="newer", epochs="30")
    make_runs({"cross_entropy": BASELINE, "focal": wide}, name="newest", optimizer="sgd")
    assert plan()[0].spread.sd == pytest.approx(SD, rel=1e-6)
    (one,) = plan(**{"train.epochs": 30})
    assert one.spread.folder.name == "newer" and one.spread.sd > 3 * SD


def test_folders_that_cannot_be_compared_are_left_out(plan, make_runs, tmp_path):
    other_start = {"init_sha256": "other", "value": 0.9}
    make_runs({"cross_entropy": BASELINE, "focal": [other_start] * 8}, name="unmatched")
    broken = make_runs({"cross_entropy": BASELINE, "focal": NEW}, name="broken")
    (broken / "plan.csv").write_text("damaged\n")
    (tmp_path / "runs" / "stranger").mkdir()
    assert plan()[0].spread is None
    make_runs({"cross_entropy": BASELINE, "focal": NEW}, name="sound")
    assert plan()[0].spread.folder.name == "sound"


def test_the_default_delta_of_an_error_is_a_share_of_the_baseline(tmp_path, make_runs):
    path = tmp_path / "made.yaml"
    path.write_text(
        "dataset: synthetic_regression\nmodel: tiny_cnn\nlosses: [mse, mae]\nseeds: 5\n"
    )
    checked = runner.check(path)
    (one,) = designs(checked.experiment, checked.plan, tmp_path / "runs")
    assert one.metric == "rmse" and math.isnan(one.delta) and one.needed() is None
    make_runs(
        {"mse": [2.0, 2.2, 1.8], "mae": [2.1, 2.1, 1.9]},
        metric="rmse",
        dataset="synthetic_regression",
        model="tiny_cnn",
    )
    (one,) = designs(checked.experiment, checked.plan, tmp_path / "runs")
    assert one.delta == pytest.approx(0.02) and not one.delta_declared
    assert one.spread.baseline_mean == pytest.approx(2.0)
    assert one.spread.sd == pytest.approx(np.std([0.1, -0.1, 0.1], ddof=1))


def test_another_factor_and_data_sets_have_designs_of_their_own(plan):
    optimizers = "optimizer: [adam, sgd, rmsprop]\n"
    (one,) = plan("[cross_entropy]", optimizers)
    assert (one.factor, one.levels, one.model) == ("optimizer", 2, "seed_cnn")
    both = plan(more="", **{"model": "[seed_cnn, tiny_cnn]"})
    assert [(d.model, d.levels) for d in both] == [("seed_cnn", 1), ("tiny_cnn", 1)]
    assert plan("[cross_entropy]") == [], "one loss alone is compared with nothing"


def test_head_controls_are_no_further_losses(plan):
    (one,) = plan("[cross_entropy, arcface]")
    assert one.levels == 1


def test_where_tests_overlap_seeds_are_worth_less():
    spread = Spread(None, n=8, sd=SD, low=SD, high=SD, levels=1, overlap=0.25)
    one = _design(spread=spread, delta=0.005)
    assert one.detectable() == pytest.approx(1.1560346 * math.sqrt(1 + 8 / 4), rel=1e-6)
    n = one.needed()
    power = [TTestPower().power(0.005 / SD / math.sqrt(1 + k / 4), k, 0.05) for k in (n - 1, n)]
    assert power[0] < 0.8 <= power[1]
    assert replace(one, delta=0.0005).needed() is None, "no number of seeds is enough"


def test_a_large_delta_still_needs_what_can_be_tested():
    spread = Spread(None, n=8, sd=SD, low=SD, high=SD, levels=1)
    assert _design(spread=spread, delta=0.5).needed() == 3


def test_no_folder_is_no_evidence(plan, tmp_path):
    assert plan()[0].spread is None
    assert EarlierRuns(tmp_path / "nowhere").spread([_job(tmp_path)], "loss") is None


def _job(tmp_path):
    path = tmp_path / "made.yaml"
    path.write_text(f"{CONFIG}losses: [cross_entropy]\n")
    return runner.check(path).plan.jobs[0]

"""Several data sets to one answer. Numbers: 9.6 and 9.14 of the methodology, and by hand."""

import json
import math

import numpy as np
import pytest

from lossbench import comparison, store
from lossbench.reporting.machine import as_json
from lossbench.reporting.terminal import as_text

BASE = [0.90, 0.91, 0.89, 0.92]
D_9_14 = (
    [0.004, 0.006, 0.003, 0.007],
    [0.010, 0.002, 0.006, 0.008],
    [-0.001, 0.001, 0.000, 0.002],
)
SCORES_9_6 = [
    [0.81, 0.83, 0.80, 0.79],
    [0.92, 0.93, 0.90, 0.91],
    [0.70, 0.74, 0.69, 0.71],
    [0.66, 0.68, 0.67, 0.64],
    [0.88, 0.89, 0.86, 0.85],
    [0.95, 0.955, 0.94, 0.945],
]
LOSSES = ("cross_entropy", "focal", "poly1", "mae_softmax")


def plus(d, base=BASE):
    return [a + b for a, b in zip(base, d, strict=True)]


@pytest.fixture
def sum_up(make_runs):
    """Makes a folder for each data set and sums up: scores by data set, loss and seed."""

    def ask(scores, metrics=None, protocol=None, **options):
        for i, (dataset, own) in enumerate(scores.items()):
            metric = (metrics or {}).get(dataset, "accuracy")
            place = make_runs(own, name=f"e{i}", dataset=dataset, metric=metric, protocol=protocol)
        stored = [store.read_experiment(f) for f in store.find_experiments([place.parent])]
        compared = comparison.compare(stored, **options)
        return compared, comparison.across_datasets(compared)

    return ask


def three(d=D_9_14):
    return {
        name: {"cross_entropy": BASE, "focal": plus(own)}
        for name, own in zip(("one", "two", "three"), d, strict=True)
    }


def row(found, level):
    return next(row for row in found.rows if row.level == level)


def test_three_data_sets_of_example_9_14(sum_up):
    _, (found,) = sum_up(three(), protocol={"delta": 0.003})
    focal = row(found, "focal")
    by_name = dict(zip(found.datasets, focal.diffs, strict=True))
    assert by_name == pytest.approx({"one": 0.005, "two": 0.0065, "three": 0.0005})
    assert focal.mean == pytest.approx(0.004)
    assert focal.df == pytest.approx(5.55555556, rel=1e-6)
    assert focal.p == pytest.approx(0.00140815698, rel=1e-6)
    assert (focal.ci_low, focal.ci_high) == pytest.approx((0.00230226, 0.00569774), abs=5e-9)
    assert (focal.verdict, focal.n) == ("BETTER", (4, 4, 4))
    assert (found.scale, found.delta, found.friedman, found.pairs) == ("points", 0.003, None, ())
    assert row(found, "cross_entropy").verdict == "BASELINE"
    assert math.isnan(row(found, "cross_entropy").mean_rank)


def test_the_text_names_the_data_sets_and_says_that_it_speaks_of_no_others(sum_up):
    compared, across = sum_up(three(), protocol={"delta": 0.003})
    text = as_text(compared, across=across)
    assert text.index("across 3 data sets: one, two, three") > text.rindex("paired seeds")
    assert "this speaks of these data sets alone" in " ".join(text.split())
    assert "+0.40 [+0.23,+0.57]       3/3 0.0014 BETTER" in text
    assert "of the variation between losses" in text


def test_json_has_every_number(sum_up):
    compared, across = sum_up(three())
    (told,) = json.loads(as_json(compared, across=across))["across"]
    assert told["baseline"] == "cross_entropy"
    assert told["rows"][0]["level"] == "focal"
    assert told["rows"][0]["mean"] == pytest.approx(0.004)
    assert told["rows"][1]["mean"] is None
    assert 0 <= told["interaction"]["interaction"] <= 1
    assert len(told["taus"]) == len(told["rows"][0]["profile"])


def test_one_data_set_has_no_summary(sum_up):
    compared, across = sum_up({"one": {"cross_entropy": BASE, "focal": BASE}})
    assert across == []
    assert "across" not in as_text(compared, across=across)


def test_holm_over_the_losses(sum_up):
    scores = three()
    for own in scores.values():
        own["poly1"] = plus([0.001, -0.002, 0.002, 0.0])
    _, (found,) = sum_up(scores)
    assert row(found, "focal").p_holm == pytest.approx(2 * 0.00140815698, rel=1e-6)


def test_six_data_sets_of_example_9_6(sum_up):
    """Two seeds about each score: ranks are those of the means over seeds."""
    scores = {
        f"data{i}": {
            loss: [value - 0.001, value + 0.001] for loss, value in zip(LOSSES, own, strict=True)
        }
        for i, own in enumerate(SCORES_9_6)
    }
    compared, (found,) = sum_up(scores)
    ranks = {one.level: one.mean_rank for one in found.rows}
    expected = (2.33333, 1, 3.33333, 3.33333)
    assert ranks == pytest.approx(dict(zip(LOSSES, expected, strict=True)), abs=5e-6)
    assert found.friedman.chi2 == pytest.approx(13.2)
    assert found.friedman.p_f == pytest.approx(0.000140354, abs=5e-10)
    assert len(found.pairs) == 6
    assert sorted(pair.p_holm for pair in found.pairs) == pytest.approx(
        [0.1875, 0.1875, 0.1875, 0.46875, 0.46875, 0.84375]
    )
    assert {pair.better for pair in found.pairs[:1]} == {"focal"}
    assert not found.can_reject
    text = " ".join(as_text(compared, across=[found]).split())
    assert "Friedman over 6 data sets: chi2 13.20, p 0.0042; F 13.75, p <0.001." in text
    assert (
        "Wilcoxon signed-rank, Holm over 6 pairs: with 6 data sets its smallest p-value is 0.19, "
        "above 0.05: it cannot tell any two apart, which says nothing of whether they differ."
    ) in text


def test_pairs_that_can_be_told_apart_are_named(sum_up):
    rng = np.random.default_rng(0)
    scores = {}
    for i in range(8):
        base = rng.uniform(0.6, 0.9) + rng.normal(0, 0.003, 3)
        scores[f"data{i}"] = {"cross_entropy": base, "focal": base + 0.01, "poly1": base - 0.01}
    compared, (found,) = sum_up(scores)
    assert found.can_reject
    text = " ".join(as_text(compared, across=[found]).split())
    assert "focal above cross_entropy (p 0.023); cross_entropy above poly1 (p 0.023)" in text


def test_variants_of_one_data_set_are_not_ranked_as_six(sum_up):
    scores = {
        f"mnist_mini[subset={i}00]": {"cross_entropy": BASE, "focal": plus([0.01] * 4)}
        for i in range(1, 8)
    }
    _, (found,) = sum_up(scores)
    assert (found.friedman, found.pairs) == (None, ())
    assert found.warnings[0].startswith("7 data sets are variants of 1: ")


def test_unlike_metrics_are_summed_up_as_shares_of_the_error(sum_up):
    """Accuracy 0.90 to 0.92, error 0.10 to 0.08; rmse 5 to 4: each time a fifth is gone."""
    scores = {
        "digits": {"cross_entropy": [0.90] * 3, "focal": [0.91, 0.92, 0.93]},
        "rates": {"cross_entropy": [5.0] * 3, "focal": [4.1, 4.0, 3.9]},
    }
    compared, (found,) = sum_up(scores, {"rates": "mae"}, baseline="cross_entropy")
    assert found.scale == "error_reduction"
    focal = row(found, "focal")
    assert focal.diffs == pytest.approx((0.2, 0.2))
    assert focal.mean == pytest.approx(0.2)
    assert math.isnan(found.delta)
    assert focal.verdict == "BETTER"
    text = " ".join(as_text(compared, across=[found]).split())
    assert "mean difference in percent of the baseline's error" in text
    assert "accuracy, mae on test" in text


def test_one_metric_in_other_units_is_summed_up_as_shares_of_the_error(sum_up):
    """A tenth less of errors in metres and in grams; the default delta is 1 % of each."""
    scores = {
        "metres": {"mse": [0.2, 0.22, 0.21], "huber": [0.18, 0.199, 0.1885]},
        "grams": {"mse": [200, 220, 210], "huber": [180, 199, 188.5]},
    }
    _, (found,) = sum_up(scores, {"metres": "rmse", "grams": "rmse"}, baseline="mse")
    huber = row(found, "huber")
    assert found.scale == "error_reduction"
    assert found.delta == pytest.approx(0.01)
    assert huber.diffs[0] == pytest.approx(huber.diffs[1])
    assert huber.mean == pytest.approx(62.5 / 630)
    assert huber.verdict == "CLEARLY_BETTER"


def test_a_baseline_without_errors_leaves_its_data_set_out(sum_up):
    scores = {
        "a": {"cross_entropy": [5.0, 5.1, 5.2], "focal": [4.0, 4.1, 4.3]},
        "b": {"cross_entropy": [2.0, 2.1, 2.2], "focal": [1.0, 1.1, 1.3]},
        "perfect": {"cross_entropy": [0.0] * 3, "focal": [1.0] * 3},
    }
    _, (found,) = sum_up(scores, dict.fromkeys(scores, "mae"), baseline="cross_entropy")
    assert found.datasets == ("a", "b")
    assert found.warnings[0].startswith("perfect: the baseline makes no error")


def test_a_verdict_that_depends_on_the_data_set_is_put_below_the_others(sum_up):
    scores = {
        "one": {"cross_entropy": BASE, "focal": plus([0.02, 0.021, 0.019, 0.02])},
        "two": {"cross_entropy": BASE, "focal": plus([-0.02, -0.019, -0.02, -0.021])},
    }
    compared, (found,) = sum_up(scores)
    assert found.interaction.large
    assert row(found, "focal").verdict == "EQUIVALENT"
    assert set(row(found, "focal").verdicts) == {"CLEARLY_BETTER", "CLEARLY_WORSE"}
    text = " ".join(as_text(compared, across=[found]).split())
    assert "which loss is best depends on the data set" in text
    assert "The verdicts on each data set above go before this one." in text


def test_a_loss_that_lacks_a_data_set_is_left_out_and_named(sum_up):
    scores = three()
    scores["two"]["poly1"] = BASE
    scores["one"]["cross_entropy"] = [*BASE[:3], math.nan]
    _, (found,) = sum_up(scores)
    assert [one.level for one in found.rows] == ["focal", "cross_entropy"]
    assert found.warnings == (
        "poly1: not on every data set, and left out here.",
        "cross_entropy: some runs failed or are missing; means leave them out.",
    )
    assert dict(zip(found.datasets, row(found, "focal").n, strict=True))["one"] == 3


def test_other_baselines_are_not_mixed(make_runs):
    first = make_runs({"cross_entropy": BASE, "focal": BASE}, name="a", dataset="a")
    second = make_runs(
        {"cross_entropy": BASE, "focal": BASE},
        name="b",
        dataset="b",
        protocol={"baseline": "focal"},
    )
    compared = comparison.compare([store.read_experiment(f) for f in (first, second)])
    assert comparison.across_datasets(compared) == []


def test_one_seed_for_each_data_set_is_not_testable(sum_up):
    scores = {name: {"cross_entropy": [0.9], "focal": [0.91]} for name in ("a", "b")}
    _, (found,) = sum_up(scores)
    focal = row(found, "focal")
    assert (focal.verdict, focal.mean) == ("NO_DATA", pytest.approx(0.01))
    assert math.isnan(focal.p_holm)


def test_identical_losses_are_equivalent(sum_up):
    _, (found,) = sum_up(three([[0.0] * 4] * 3))
    assert row(found, "focal").verdict == "EQUIVALENT"
    assert not found.interaction.large


def test_profiles_count_failed_runs_as_never_above(sum_up):
    scores = {name: {"cross_entropy": [0.5, 0.7], "focal": [0.6, math.nan]} for name in "ab"}
    _, (found,) = sum_up(scores)
    assert found.taus[0] == pytest.approx(0.5)
    assert found.taus[-1] == pytest.approx(0.7)
    # above 0.5 and above 0.7: one of two runs of each, and none
    assert [one.profile[0] for one in found.rows] == [0.5, 0.5]
    assert [one.profile[-1] for one in found.rows] == [0.0, 0.0]


def test_another_factor_is_summed_up_too(make_runs):
    for name in ("a", "b"):
        place = make_runs(
            {"adam": BASE, "sgd": plus([-0.01, -0.012, -0.011, -0.01])},
            name=name,
            dataset=name,
            factor="optimizer",
        )
    stored = [store.read_experiment(f) for f in store.find_experiments([place.parent])]
    (found,) = comparison.across_datasets(comparison.compare(stored, factor="optimizer"))
    assert (found.factor, found.baseline) == ("optimizer", "adam")
    assert row(found, "sgd").verdict == "CLEARLY_WORSE"

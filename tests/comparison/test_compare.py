import csv
import io
import json
import math
import time

import numpy as np
import pytest

from lossbench import comparison, store
from lossbench.errors import StoreError

BASE = [0.9120, 0.9084, 0.9151, 0.9052, 0.9103, 0.9075, 0.9139, 0.9098]
NEW = [0.9168, 0.9121, 0.9170, 0.9136, 0.9098, 0.9129, 0.9172, 0.9151]


def compare(*folders, **options):
    return comparison.compare([store.read_experiment(f) for f in folders], **options)


def row(compared, loss):
    return next(r for r in compared.rows if r.level == loss)


def test_the_worked_example_of_the_methodology(make_runs):
    """Section 9.1: eight pairs, delta 0.002, one loss: clearly better."""
    (found,) = compare(
        make_runs({"cross_entropy": BASE, "focal": NEW}, protocol={"delta": 0.002, "alpha": 0.05})
    )
    assert (found.baseline, found.delta, found.delta_declared) == ("cross_entropy", 0.002, True)
    new = row(found, "focal")
    assert new.diff == pytest.approx(0.0040375)
    assert (new.ci_low, new.ci_high) == pytest.approx((0.00182833491, 0.00624666509))
    assert new.p == new.p_holm == pytest.approx(0.00347329355)
    assert new.p_beyond == pytest.approx(0.0327777884)
    assert (new.wins, new.blocks, new.n, new.done) == (7, 8, 8, 8)
    assert new.mde == pytest.approx(0.00305479371)
    assert new.verdict == "CLEARLY_BETTER"
    assert new.flags == ()
    assert [r.level for r in found.rows] == ["focal", "cross_entropy"], "best mean first"
    assert row(found, "cross_entropy").verdict == "BASELINE"


def test_lower_is_better_turns_differences_around(make_runs):
    (found,) = compare(make_runs({"mse": [1.0, 1.1, 1.2], "mae": [0.5, 0.7, 0.7]}, metric="rmse"))
    assert row(found, "mae").diff == pytest.approx(np.mean([0.5, 0.4, 0.5]))
    assert row(found, "mae").mean == pytest.approx(np.mean([0.5, 0.7, 0.7]))
    assert [r.level for r in found.rows] == ["mae", "mse"]
    assert found.delta == pytest.approx(0.01 * 1.1), "1 % of the baseline"
    assert not found.delta_declared


def test_the_last_epoch_is_compared_where_that_is_asked(make_runs):
    folder = make_runs({"cross_entropy": BASE, "focal": NEW})
    for path in folder.glob("jobs/*focal*/result.json"):
        result = json.loads(path.read_text())
        last = {**result["metrics"][0], "at": "last", "value": 0.5}
        path.write_text(json.dumps(result | {"metrics": [*result["metrics"], last]}))
    (selected,), (last,) = compare(folder), compare(folder, at="last")
    assert (selected.at, last.at) == ("selected", "last")
    assert row(selected, "focal").mean == pytest.approx(np.mean(NEW))
    assert row(last, "focal").mean == 0.5


def test_p_values_are_adjusted_over_the_losses(make_runs):
    (found,) = compare(make_runs({"cross_entropy": BASE, "focal": NEW, "brier": BASE[::-1]}))
    assert row(found, "focal").p_holm == pytest.approx(2 * row(found, "focal").p)
    assert row(found, "brier").p_holm == row(found, "brier").p


def test_a_failed_run_is_a_lost_block_and_no_number(make_runs):
    scores = {"cross_entropy": BASE, "focal": [*NEW[:7], math.nan]}
    (found,) = compare(make_runs(scores))
    new = row(found, "focal")
    assert (new.n, new.done, new.planned) == (7, 7, 8)
    assert (new.wins, new.blocks) == (6, 8), "the failed run loses its block"
    assert new.mean == pytest.approx(np.mean(NEW[:7]))
    assert new.diff == pytest.approx(np.mean(np.subtract(NEW, BASE)[:7]))
    assert "FAILURES" in new.flags
    assert any("1 of 8 runs ended with nan" in text for text in found.warnings)


def test_a_run_that_is_not_there_yet_is_said(make_runs):
    (found,) = compare(make_runs({"cross_entropy": BASE, "focal": [*NEW[:7], None]}))
    assert "INCOMPLETE" in row(found, "focal").flags
    assert "focal: 1 of 8 runs are not finished." in found.warnings


def test_two_seeds_are_not_testable(make_runs):
    (found,) = compare(make_runs({"cross_entropy": BASE[:2], "focal": NEW[:2]}))
    assert row(found, "focal").verdict == "NO_DATA"
    assert math.isnan(row(found, "focal").p_holm)


def test_identical_runs_are_equivalent_and_flagged(make_runs):
    (found,) = compare(make_runs({"cross_entropy": BASE, "focal": BASE}))
    same = row(found, "focal")
    assert same.verdict == "EQUIVALENT" and "IDENTICAL" in same.flags and same.wins == 0


def test_only_failed_runs(make_runs):
    nan = math.nan
    (found,) = compare(make_runs({"cross_entropy": [nan] * 3, "focal": [nan] * 3}))
    assert all(math.isnan(r.mean) and r.done == 0 for r in found.rows)
    assert row(found, "focal").verdict == "NO_DATA"


@pytest.mark.parametrize(
    "field", ["init_sha256", "order_sha256", "split_sha256", "label_sha256", "head_init_sha256"]
)
def test_runs_that_did_not_start_alike_are_not_paired(make_runs, field):
    scores = {"cross_entropy": BASE[:3], "focal": [*NEW[:2], {field: "other"}]}
    with pytest.raises(StoreError, match=f"made-mnist_mini-focal-2.*seed 2.*{field}"):
        compare(make_runs(scores))


def test_another_head_is_flagged_and_its_own_weights_are_no_mismatch(make_runs):
    other = [{"value": v, "outputs": 1, "head_init_sha256": "one"} for v in NEW]
    (found,) = compare(make_runs({"cross_entropy": BASE, "bce": other}), baseline="cross_entropy")
    assert "HEAD_DIFFERS" in row(found, "bce").flags


def test_a_softmax_before_the_loss_is_said_with_every_comparison(make_runs):
    wrong = [{"value": v, "output_activation": "softmax"} for v in NEW]
    (found,) = compare(make_runs({"cross_entropy": wrong}))
    (said,) = (one for one in found.warnings if "softmax" in one)
    assert said.startswith("outputs of seed_cnn pass through softmax before the loss: a mistake on")
    right = [{"value": v, "output_activation": "linear"} for v in NEW]
    for scores in (right, NEW):  # results of before have no such field
        (found,) = compare(make_runs({"cross_entropy": scores}))
        assert not any("softmax" in one for one in found.warnings)


def test_baseline_by_option_by_protocol_and_by_custom(make_runs):
    folder = make_runs({"focal": NEW, "cross_entropy": BASE}, protocol={"baseline": "focal"})
    assert compare(folder)[0].baseline == "focal"
    assert compare(folder, baseline="cross_entropy")[0].baseline == "cross_entropy"
    with pytest.raises(StoreError, match="'brier' is none of the losses"):
        compare(folder, baseline="brier")
    missing = make_runs({"focal": NEW}, name="b", protocol={"baseline": "cross_entropy"})
    (found,) = compare(missing)
    assert found.baseline is None
    assert any("was not run" in text for text in found.warnings)


def test_metric_by_option(make_runs):
    folder = make_runs({"cross_entropy": BASE, "focal": NEW})
    with pytest.raises(StoreError, match="Did you mean 'accuracy'"):
        compare(folder, metric="acuracy")
    with pytest.raises(StoreError, match="'nll' was not measured"):
        compare(folder, metric="nll")


def test_folders_are_joined_and_the_same_job_counts_once(make_runs, tmp_path):
    import shutil

    first = make_runs({"cross_entropy": BASE, "focal": NEW})
    copy = shutil.copytree(first, tmp_path / "copy")
    (found,) = compare(first, copy)
    assert row(found, "focal").planned == 8
    second = make_runs({"cross_entropy": BASE, "focal": NEW}, name="again")
    with pytest.raises(StoreError, match="both claim"):
        compare(first, second)
    other = make_runs({"cross_entropy": BASE, "focal": NEW}, name="other", dataset="cifar10")
    assert [c.dataset for c in compare(first, other)] == ["mnist_mini", "cifar10"]


def test_csv_has_every_number(make_runs):
    compared = compare(make_runs({"cross_entropy": BASE, "focal": NEW}))
    lines = list(csv.DictReader(io.StringIO(comparison.csv_text(compared))))
    assert float(lines[0]["diff"]) == row(compared[0], "focal").diff
    assert lines[1]["verdict"] == "BASELINE" and lines[0]["metric"] == "accuracy"


def test_a_hundred_jobs_are_compared_in_well_under_two_seconds(make_runs):
    rng = np.random.default_rng(0)
    folder = make_runs({f"loss{i}": rng.normal(0.9, 0.01, 10) for i in range(10)})
    since = time.perf_counter()
    compare(folder)
    assert time.perf_counter() - since < 2


def of_two_outputs(digit, position):
    """A result with a metric of each of two outputs."""
    shared = {"split": "test", "at": "selected", "stage": "raw", "n_examples": 100}
    measured = {"digit.accuracy": digit, "position.rmse": position}
    rows = [{**shared, "metric": name, "value": value} for name, value in measured.items()]
    return {"value": digit, "task": "multioutput", "metrics": rows}


def test_one_of_several_outputs_judges(make_runs):
    folder = make_runs(
        {
            "heads[a]": [of_two_outputs(0.9, 1.0), of_two_outputs(0.8, 1.2)],
            "heads[b]": [of_two_outputs(0.8, 0.5), of_two_outputs(0.7, 0.7)],
        },
        metric="digit.accuracy",
    )
    (found,) = compare(folder)
    assert (found.metric, found.bounded, found.baseline) == ("digit.accuracy", True, "heads[a]")
    assert row(found, "heads[b]").diff == pytest.approx(-0.1)
    (found,) = compare(folder, metric="position.RMSE")
    assert (found.metric, found.higher_is_better) == ("position.rmse", False)
    assert row(found, "heads[b]").diff == pytest.approx(0.5)
    with pytest.raises(StoreError, match=r"accepted: digit.accuracy, position.rmse. Did you mean"):
        compare(folder, metric="positon.rmse")
    with pytest.raises(StoreError, match=r"'accuracy' was not measured"):
        compare(folder, metric="accuracy")
    with pytest.raises(StoreError, match="no better and worse"):
        compare(folder, metric="position.bias")


def with_optimum(value, optimum=0.95):
    row = {"split": "test", "at": "selected", "stage": "raw", "metric": "accuracy", "value": value}
    row |= {"higher_is_better": True, "n_examples": 9}
    return {"metrics": [row | {"optimum": optimum, "regret": optimum - value}]}


def test_regret_is_the_mean_over_the_seeds_that_worked(make_runs):
    scores = {
        "cross_entropy": [with_optimum(0.9), with_optimum(0.8), with_optimum(0.7)],
        "focal": [with_optimum(0.9), math.nan, None],
    }
    (found,) = compare(make_runs(scores))
    assert found.optimum == pytest.approx(0.95)
    assert row(found, "cross_entropy").regret == pytest.approx(0.15)
    assert row(found, "focal").regret == pytest.approx(0.05)
    lines = csv.DictReader(io.StringIO(comparison.csv_text([found])))
    line = next(line for line in lines if line["level"] == "focal")
    assert (float(line["optimum"]), float(line["regret"])) == pytest.approx((0.95, 0.05))


def test_without_a_known_optimum_there_is_no_regret(make_runs):
    (found,) = compare(make_runs({"cross_entropy": BASE, "focal": NEW}))
    assert math.isnan(found.optimum)
    assert all(math.isnan(r.regret) for r in found.rows)


def test_the_prevalence_stands_beside_average_precision(make_runs):
    told = {"value": 0.4, "confusion": [[880, 20], [70, 30]]}
    folder = make_runs({"bce": [told] * 3}, metric="average_precision")
    (found,) = compare(folder)
    assert found.prevalence == 0.1
    several = {
        "value": 0.4,
        "per_output": [
            {"output": "a", "confusion": [[1, 0], [0, 1]]},
            {"output": "b", "confusion": [[3, 0], [1, 0]]},
        ],
    }
    named = make_runs({"heads": [several] * 3}, name="two", metric="b.average_precision")
    assert compare(named)[0].prevalence == 0.25
    assert compare(make_runs({"bce": [told] * 3}, name="m", metric="mcc"))[0].prevalence is None
    without = make_runs({"bce": [0.4] * 3}, name="none", metric="average_precision")
    assert compare(without)[0].prevalence is None


def test_metrics_of_training_labels_are_not_offered(make_runs):
    rows = [
        {"split": split, "at": "selected", "stage": "raw", "metric": metric, "value": 0.5}
        for split, metric in (("test", "accuracy"), ("train", "memorisation"))
    ]
    folder = make_runs({"cross_entropy": [{"metrics": rows}] * 3})
    with pytest.raises(StoreError, match=r"--metric: 'memorisation' is measured on training"):
        compare(folder, metric="memorisation")
    with pytest.raises(StoreError, match=r"'mcc' was not measured on .*; accepted: accuracy\."):
        compare(folder, metric="mcc")


def test_metrics_of_rare_classes_may_be_compared(make_runs):
    def rows(value):
        row = {"split": "test", "at": "selected", "stage": "raw", "metric": "few_recall"}
        return {"metrics": [row | {"value": value}]}

    losses = {"cross_entropy": (0.1, 0.2, 0.3), "focal": (0.4, 0.5, 0.6)}
    folder = make_runs({loss: [rows(v) for v in values] for loss, values in losses.items()})
    (found,) = compare(folder, metric="few_recall")
    assert found.higher_is_better and found.metric == "few_recall"
    assert row(found, "focal").mean == pytest.approx(0.5)


def test_test_parts_of_each_seed_widen_intervals_and_are_said(make_runs):
    def resampled(values, **more):
        own = {"split": "resample", "test_resampled": True, "n_train": 7200, "n_test": 1800}
        return [{"value": value} | own | more for value in values]

    scores = {"cross_entropy": BASE, "focal": NEW}
    (fixed,) = compare(make_runs(scores, protocol={"delta": 0.002}))
    (found,) = compare(
        make_runs(
            {loss: resampled(values) for loss, values in scores.items()},
            name="resampled",
            protocol={"delta": 0.002},
        )
    )
    assert (fixed.overlap, found.overlap) == (0.0, 0.25)
    before, after = row(fixed, "focal"), row(found, "focal")
    wider = math.sqrt((1 / 8 + 1800 / 7200) / (1 / 8))
    assert after.diff == pytest.approx(before.diff)
    assert after.ci_high - after.ci_low == pytest.approx(wider * (before.ci_high - before.ci_low))
    assert after.mde == pytest.approx(wider * before.mde)
    assert after.p > 10 * before.p and after.p_beyond > 2 * before.p_beyond
    assert (before.verdict, after.verdict) == ("CLEARLY_BETTER", "BETTER")
    (warning,) = found.warnings
    assert "blocks overlap: the variance of a mean difference counts n_test / n_train = 0.25" in (
        warning
    )
    assert fixed.warnings == ()
    assert "overlap" in comparison.csv_text([found]).splitlines()[0].split(",")


def test_a_new_validation_part_for_each_seed_is_no_overlap(make_runs):
    own = {"split": "resample", "test_resampled": False, "n_train": 7200, "n_test": 1800}
    runs = {loss: [{"value": v} | own for v in BASE] for loss in ("cross_entropy", "focal")}
    (found,) = compare(make_runs(runs))
    assert (found.overlap, found.warnings) == (0.0, ())

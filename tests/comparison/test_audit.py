"""Lines of the audit: each can fail, and says what was found."""

import json
import math

import pytest

from lossbench import store
from tests.comparison.scores import BASE, NEW, check, compare, each, measured, row

SCORES = {"cross_entropy": BASE, "focal": NEW}


def changed(scores, loss="focal", **changes):
    """The scores, with changes to every result of one loss."""
    return scores | {loss: each(scores[loss], **changes)}


def all_with(**changes):
    return {name: each(values, **changes) for name, values in SCORES.items()}


def test_every_line_is_whole(make_runs):
    (found,) = compare(make_runs(SCORES))
    assert {line.outcome for line in found.audit} <= {"pass", "warn", "fail"}
    assert all(line.text.endswith(".") and "{" not in line.text for line in found.audit)
    codes = [line.code for line in found.audit]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("n", "outcome", "said"),
    [
        (1, "fail", "1 seed: nothing can be tested; 3 or more are needed."),
        (4, "warn", "4 seeds: the exact sign-flip test needs 6 to reach alpha."),
        (8, "pass", "8 seeds, as many as the exact test needs (6) or more."),
    ],
)
def test_seeds(make_runs, n, outcome, said):
    (found,) = compare(make_runs({name: values[:n] for name, values in SCORES.items()}))
    line = check(found, "seeds")
    assert (line.outcome, line.text) == (outcome, said)


def test_one_training_under_two_seeds_is_found(make_runs):
    scores = SCORES | {"focal": [*NEW[:7], {"value": 0.9, "order_sha256": "o0"}]}
    folder = make_runs(scores | {"cross_entropy": [*BASE[:7], {"order_sha256": "o0"}]})
    for path in folder.glob("jobs/*-7/result.json"):
        result = json.loads(path.read_text())
        path.write_text(json.dumps(result | {"init_sha256": "i0"}))
    line = check(compare(folder)[0], "E02")
    assert line.outcome == "fail" and "seeds 0 and 7 started from the same weights" in line.text
    assert check(compare(make_runs(SCORES, name="own"))[0], "E02").outcome == "pass"


def test_test_numbers_of_other_epochs_are_found(make_runs):
    one = measured(0.9)
    one["metrics"].append(one["metrics"][0] | {"at": "7"})
    folder = make_runs({"cross_entropy": BASE, "focal": [*NEW[:7], one]})
    line = check(compare(folder)[0], "E03")
    assert line.outcome == "fail" and "has test numbers at 7" in line.text


def test_a_test_set_used_twice_is_flagged(make_runs):
    assert check(compare(make_runs(all_with(test_eval_count=1)))[0], "E24").outcome == "pass"
    scores = all_with(test_eval_count=1)
    scores["focal"][2] |= {"test_eval_count": 2}
    (found,) = compare(make_runs(scores, name="twice"))
    assert "TEST_REUSED" in row(found, "focal").flags
    assert "TEST_REUSED" not in row(found, "cross_entropy").flags
    line = check(found, "E24")
    assert line.outcome == "fail" and line.text.startswith("1 runs were evaluated on test more")


def test_failed_missing_and_repeated_runs_are_said(make_runs):
    scores = {"cross_entropy": each(BASE, attempts=2), "focal": [*NEW[:6], math.nan, None]}
    line = check(compare(make_runs(scores))[0], "E13")
    assert line.outcome == "warn" and line.text == (
        "failed runs, counted as lost blocks: focal 1/8. 1 runs are not finished. 8 runs needed "
        "more than one attempt, with the same seed."
    )
    assert check(compare(make_runs(SCORES, name="all"))[0], "E13").outcome == "pass"


def test_accuracy_on_imbalanced_data_names_the_majority_rate(make_runs):
    (found,) = compare(make_runs(all_with(confusion=[[900, 0], [90, 10]])))
    assert check(found, "E15").outcome == "warn"
    said = (
        "90 % of the test images are of one of 2 classes: always predicting it has accuracy 90 "
        "points; judge by balanced_accuracy."
    )
    assert said in found.warnings
    (found,) = compare(make_runs(all_with(confusion=[[700, 0], [200, 100]]), name="fair"))
    assert check(found, "E15").outcome == "pass" and found.warnings == (), "0.7 is below 1.5 / 2"
    told = all_with(confusion=[[900, 0], [90, 10]])
    (found,) = compare(make_runs(told, name="balanced", metric="balanced_accuracy"))
    assert check(found, "E15") is None


def test_calibration_of_scores_that_are_no_probabilities_is_said(make_runs):
    other = {"split": "test", "at": "selected", "stage": "raw", "metric": "accuracy", "value": 0.5}
    scores = {"cross_entropy": [0.5, 0.6, 0.7], "multiclass_hinge": [{"metrics": [other]}] * 3}
    (found,) = compare(make_runs(scores, metric="nll"))
    assert check(found, "E17").text == "multiclass_hinge give no probabilities and have no nll."


def test_augmented_images_that_were_alike_are_said(make_runs):
    (found,) = compare(make_runs(all_with(augmentation_sha256="a")))
    assert check(found, "E16").outcome == "pass"
    assert "augmentation_sha256" in check(found, "E07").text


def test_different_test_labels_are_found(make_runs):
    scores = all_with(confusion=[[5, 1], [1, 5]])
    assert check(compare(make_runs(scores))[0], "E20").outcome == "pass"
    scores["focal"][3] |= {"confusion": [[6, 1], [0, 5]]}
    line = check(compare(make_runs(scores, name="other"))[0], "E20")
    assert line.outcome == "fail" and "focal-3 were rated on different test labels" in line.text


def test_parameters_of_a_loss_are_counted(make_runs):
    scores = all_with(trainable_params=1000)
    assert check(compare(make_runs(scores))[0], "E25").outcome == "pass"
    scores = changed(SCORES, trainable_params=1010) | {
        "cross_entropy": each(BASE, trainable_params=1000)
    }
    line = check(compare(make_runs(scores, name="more"))[0], "E25")
    assert line.outcome == "warn" and "focal 1,010" in line.text


def test_a_result_that_was_changed_after_it_was_written_is_found(make_runs):
    folder = make_runs(SCORES)
    for path in folder.glob("jobs/*/result.json"):
        store.write_result(path.parent, json.loads(path.read_text()))
    (found,) = compare(folder)
    assert check(found, "results").outcome == "pass" and found.warnings == ()
    path = folder / "jobs" / "made-mnist_mini-focal-1" / "result.json"
    path.write_text(path.read_text().replace(repr(NEW[1]), "0.9999"))
    (found,) = compare(folder)
    line = check(found, "results")
    assert line.outcome == "fail" and line.text.endswith("written: made-mnist_mini-focal-1.")
    assert any("1 results were changed after they were written" in x for x in found.warnings)


def test_runs_that_stopped_early_are_said(make_runs):
    scores = all_with(stopped_early=False, epochs_unused=0)
    assert check(compare(make_runs(scores))[0], "budget").outcome == "pass"
    scores["focal"][0] |= {"stopped_early": True, "epochs_unused": 5}
    line = check(compare(make_runs(scores, name="early"))[0], "budget")
    assert line.text == "1 of 16 runs stopped early, 5 epochs unused in all."


def test_another_head_is_a_warning(make_runs):
    (found,) = compare(make_runs(changed(SCORES, outputs=1)))
    assert check(found, "heads").outcome == "warn"


def test_times_of_a_busy_machine_are_not_compared(make_runs):
    scores = {
        "cross_entropy": each(BASE, step_ms_median=2.0, load_per_cpu=1.0),
        "focal": each(BASE, step_ms_median=3.0, load_per_cpu=3.2),
    }
    (found,) = compare(make_runs(scores))
    (check,) = (check for check in found.audit if check.code == "E18")
    assert check.outcome == "warn" and "load 3.2 per CPU" in check.text
    assert math.isnan(row(found, "focal").step_ratio)

"""Results that no job can have written: each is refused, with the job and the value."""

import json
import math

import pytest

from lossbench.errors import StoreError
from tests.comparison.scores import BASE, NEW, compare, row


def edited(make_runs, change, name="made"):
    """A folder in which the metric's row of one result was changed."""
    folder = make_runs({"cross_entropy": BASE, "focal": NEW}, name=name)
    path = folder / "jobs" / f"{name}-mnist_mini-focal-1" / "result.json"
    result = json.loads(path.read_text())
    change(result)
    path.write_text(json.dumps(result))
    return folder


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.7, "accuracy on test is 1.7; accepted is a number from 0 to 1"),
        (-0.1, "accuracy on test is -0.1; accepted is a number from 0 to 1"),
        ("0.93", "accuracy on test is '0.93'; accepted is a number from 0 to 1"),
        (True, "accuracy on test is True; accepted is a number"),
        ([0.9], r"accuracy on test is \[0.9\]; accepted is a number"),
    ],
)
def test_a_value_that_no_metric_has_is_refused(make_runs, value, said):
    folder = edited(make_runs, lambda result: result["metrics"][0].update(value=value))
    with pytest.raises(StoreError, match=rf"focal-1/result.json \(focal, .* seed 1\): {said}"):
        compare(folder)


@pytest.mark.parametrize("value", [math.nan, math.inf, None])
def test_a_value_that_is_no_number_is_a_failure_and_said(make_runs, value):
    folder = edited(make_runs, lambda result: result["metrics"][0].update(value=value))
    (found,) = compare(folder)
    assert (row(found, "focal").failed, row(found, "focal").n) == (1, 7)
    assert any("is not a number" in text for text in found.warnings)


def test_a_row_without_its_keys_is_refused(make_runs):
    folder = edited(make_runs, lambda result: result["metrics"][0].pop("stage"))
    with pytest.raises(StoreError, match="it needs split, at, stage and metric"):
        compare(folder)
    folder = edited(make_runs, lambda result: result["metrics"][0].pop("value"), name="b")
    with pytest.raises(StoreError, match="accuracy on test is missing"):
        compare(folder)


@pytest.mark.parametrize("key", ["step_ms_median", "test_eval_count", "n_test", "attempts"])
def test_text_where_a_number_should_be_is_refused(make_runs, key):
    def change(result):
        result[key] = "fast"

    with pytest.raises(StoreError, match=f"{key} is 'fast'; accepted is a number|in {key}: fast"):
        compare(edited(make_runs, change))


@pytest.mark.parametrize(
    "change", [{"status": None}, {"status": 3}, {"metrics": "none"}, {"job_id": 5}]
)
def test_a_file_that_is_no_result_is_a_missing_run_and_said(make_runs, change):
    (found,) = compare(edited(make_runs, lambda result: result.update(change)))
    assert row(found, "focal").done == 7 and "INCOMPLETE" in row(found, "focal").flags
    assert any("is not the result of job" in text for text in found.warnings)


@pytest.mark.parametrize("column", ["seed", "epochs", "batch_size"])
def test_an_edited_plan_is_refused(make_runs, column):
    import csv

    folder = make_runs({"cross_entropy": BASE[:2]})
    with (folder / "plan.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    rows[1][column] = "many"
    with (folder / "plan.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(StoreError, match=f"{column} of job .* is 'many'; accepted is a whole"):
        compare(folder)


def test_folders_without_runs_are_refused(make_runs):
    with pytest.raises(StoreError, match="no run is planned in these folders"):
        compare(make_runs({}))


def test_one_seed_has_a_difference_and_no_verdict(make_runs):
    (found,) = compare(make_runs({"cross_entropy": BASE[:1], "focal": NEW[:1]}))
    new = row(found, "focal")
    assert new.diff == pytest.approx(NEW[0] - BASE[0])
    assert (new.verdict, new.n) == ("NO_DATA", 1)
    assert math.isnan(new.ci_low) and math.isnan(new.g_z) and new.n_for_delta is None

import pytest

from lossbench.reporting.figures import outputs_table
from lossbench.reporting.figures.outputs import pictures
from lossbench.reporting.page.report import report_of
from tests.reporting.figures.made_values import compared

TASKS = {"digit": "multiclass", "place": "regression"}
FOUND = {
    ("digit.accuracy", "raw"): {"equal": {0: 0.8, 1: 0.9}, "gls": {0: 0.82, 1: 0.9}},
    ("digit.macro_f1", "raw"): {"equal": {0: 0.1}, "gls": {0: 0.9}},
    ("place.rmse", "raw"): {"equal": {0: 2.0, 1: 1.0}, "gls": {0: 1.5, 1: 1.1}},
}


def test_the_judging_metric_stands_for_its_output_and_the_usual_one_for_others():
    one = compared({"equal": [0.8, 0.9], "gls": [0.82, 0.9]}, metric="digit.macro_f1")
    digit, place = outputs_table(one, FOUND, TASKS).to_dict("records")
    assert (digit["panel"], digit["value"], digit["n"]) == ("digit: macro f1", pytest.approx(80), 1)
    assert (place["panel"], place["unit"], place["n"]) == ("place: rmse", "", 2)
    assert place["value"] == pytest.approx(0.2)  # less is better


def test_runs_with_several_outputs_have_the_picture(make_runs):
    def result(accuracy, rmse):
        row = {"split": "test", "at": "selected", "stage": "raw", "n_examples": 30}
        return {
            "task": "multioutput",
            "per_output": [{"output": name, "task": task} for name, task in TASKS.items()],
            "metrics": [
                row | {"metric": "digit.accuracy", "value": accuracy, "higher_is_better": True},
                row | {"metric": "place.rmse", "value": rmse, "higher_is_better": False},
            ],
        }

    runs = {"cross_entropy": [result(0.8, 2.0), result(0.9, 1.0)]}
    runs["gls"] = [result(0.82, 1.5), result(0.9, 1.1)]
    folder = make_runs(runs, metric="digit.accuracy")
    (picture,) = pictures(report_of([folder], "0").materials[0])
    assert "place: rmse: differences to cross_entropy from +0.2" in picture.description
    first, second = picture.draw().axes
    assert (first.get_xlabel(), second.get_xlabel()) == ("points", "better →")


def test_one_output_has_no_such_picture(make_runs):
    folder = make_runs({"cross_entropy": [0.8, 0.9], "gce": [0.8, 0.9]})
    assert not list(pictures(report_of([folder], "0").materials[0]))

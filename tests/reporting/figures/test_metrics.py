import numpy as np
import pytest
from scipy import stats

from lossbench.reporting.figures.metrics import MOST, metrics_table, pictures
from lossbench.reporting.figures.picture import materials
from lossbench.reporting.page.report import report_of
from tests.reporting.figures.made_values import compared

SCORES = {"ce": [0.8, 0.82, 0.81], "focal": [0.84, 0.83, 0.86]}
TWO = compared(SCORES)


def _by_seed(**levels):
    return {level: dict(enumerate(values)) for level, values in levels.items()}


def test_differences_are_paired_by_seed_oriented_and_in_points():
    first, second = [0.5, 0.6, 0.7], [0.52, 0.65, 0.71]
    found = {
        ("macro_f1", "raw"): _by_seed(ce=first, focal=second),
        ("nll", "temperature"): _by_seed(ce=[1.0, 1.1, 1.2], focal=[0.9, 0.8, 1.1]),
    }
    f1, nll = metrics_table(TWO, found).to_dict("records")
    test = stats.ttest_rel(np.multiply(second, 100), np.multiply(first, 100))
    low, high = test.confidence_interval(0.95)
    assert (f1["panel"], f1["level"], f1["unit"], f1["n"]) == ("macro f1", "focal", "points", 3)
    assert [f1["value"], f1["ci_low"], f1["ci_high"]] == pytest.approx([8 / 3, low, high])
    assert nll["panel"] == "nll after T"
    assert nll["value"] == pytest.approx(0.5 / 3)  # less is better, so that this is a gain


def test_what_is_the_judging_metric_again_or_has_no_better_side_is_left_out():
    found = {
        ("accuracy", "raw"): _by_seed(**SCORES),
        ("balanced_accuracy", "raw"): _by_seed(
            **{level: [value + 1e-12 for value in values] for level, values in SCORES.items()}
        ),
        ("ece_floor", "raw"): _by_seed(ce=[0.1] * 3, focal=[0.2] * 3),
        ("clean_accuracy", "raw"): _by_seed(ce=[0.1] * 3, focal=[0.2] * 3),
        ("macro_f1", "raw"): _by_seed(focal=[0.2] * 3),  # unknown of the baseline
        ("worst_class_recall", "raw"): _by_seed(ce=[0.1] * 3, focal=[0.2] * 3),
    }
    assert set(metrics_table(TWO, found)["panel"]) == {"worst class recall"}


def test_of_an_output_only_its_own_metrics_are_told():
    found = {
        (f"{output}.macro_f1", "raw"): _by_seed(ce=[0.1, 0.2, value], focal=[0.3, 0.2, 0.1])
        for output, value in (("digit", 0.3), ("place", 0.9))
    }
    table = metrics_table(compared(SCORES, metric="digit.accuracy"), found)
    assert table["value"].tolist() == pytest.approx([0.0])


def test_at_most_eight_metrics():
    names = "balanced_accuracy macro_f1 worst_class_recall top5_accuracy mcc quadratic_kappa "
    names += "mae_rank macro_mae_rank accuracy_within_one many_recall"
    found = {
        (name, "raw"): _by_seed(ce=[0.1 * k] * 3, focal=[0.2] * 3)
        for k, name in enumerate(names.split())
    }
    assert metrics_table(TWO, found)["panel"].nunique() == MOST


def test_runs_give_a_picture_that_says_that_nothing_is_tested(make_runs):
    def result(value):
        row = {"split": "test", "at": "selected", "stage": "raw", "n_examples": 10}
        row["higher_is_better"] = True
        values = {"accuracy": value, "macro_f1": value**2, "worst_class_recall": float("nan")}
        return {"metrics": [row | {"metric": name, "value": one} for name, one in values.items()]}

    folder = make_runs({level: [result(one) for one in own] for level, own in SCORES.items()})
    (picture,) = pictures(report_of([folder], "0").materials[0])
    assert (picture.name, picture.section) == ("metrics", "change")
    assert "secondary: not tested" in picture.title
    assert set(picture.table["metric"]) == {"macro f1"}
    assert "focal" in picture.description
    assert len(picture.draw().axes) == 1


def test_without_a_baseline_or_another_level_there_is_no_picture():
    alone = compared({"ce": [0.5, 0.6]})
    for one in (alone, compared(SCORES, baseline=None), TWO):  # the last has no results
        assert not list(pictures(materials([], [one])[0]))

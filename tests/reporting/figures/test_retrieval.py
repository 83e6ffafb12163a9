import pytest
from scipy import stats

from lossbench.reporting.figures import retrieval_table
from lossbench.reporting.figures.picture import materials
from lossbench.reporting.figures.retrieval import pictures
from lossbench.reporting.page.report import report_of
from tests.reporting.figures.made_values import compared


def test_recall_is_the_mean_over_seeds_with_its_interval():
    one = compared({"ce": [0.5, 0.6, 0.7], "triplet": [0.6, 0.6, 0.6]}, metric="map_at_r")
    values = [0.8, 0.9, 0.85]
    found = {("recall_at_1", "raw"): {"ce": dict(enumerate(values))}}
    (row,) = retrieval_table(one, found).to_dict("records")
    percent = [100 * value for value in values]
    low, high = stats.t.interval(0.95, 2, 85, stats.sem(percent))
    assert (row["panel"], row["level"], row["n"]) == ("recall at 1", "ce", 3)
    assert [row["value"], row["ci_low"], row["ci_high"]] == pytest.approx([85, low, high])


def test_runs_of_retrieval_have_the_picture_and_others_have_not(make_runs):
    def result(value):
        row = {"split": "test", "at": "selected", "stage": "raw", "higher_is_better": True}
        names = {"map_at_r": value, "recall_at_1": value, "recall_at_5": 1.0}
        return {
            "task": "retrieval",
            "metrics": [row | {"metric": k, "value": v, "n_examples": 9} for k, v in names.items()],
        }

    runs = {"cross_entropy": [result(0.5), result(0.7)], "triplet": [result(0.8), result(0.9)]}
    (picture,) = pictures(report_of([make_runs(runs, metric="map_at_r")], "0").materials[0])
    assert "recall at 1: highest mean 85.0 % (triplet)." in picture.description
    dashed = picture.draw().axes[0].lines[-1]
    assert dashed.get_xdata()[0] == pytest.approx(60)
    assert not list(pictures(materials([], [compared({"a": [0.1, 0.2]})])[0]))

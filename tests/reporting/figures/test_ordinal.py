import pytest
from scipy import stats

from lossbench.reporting.figures import ordinal_table
from lossbench.reporting.figures.ordinal import distance_shares, pictures
from lossbench.reporting.page.report import report_of
from tests.reporting.figures.made_values import compared

EXACT = [[10, 0, 0], [0, 10, 0], [0, 0, 10]]
FAR = [[5, 0, 5], [0, 10, 0], [0, 3, 7]]
NEAR = [[8, 2, 0], [1, 9, 0], [0, 0, 10]]


def test_distances_are_counted_from_the_confusion_matrix():
    assert distance_shares(FAR) == pytest.approx([22 / 30, 3 / 30, 5 / 30])
    wide = [[0] * 6 for _ in range(6)]
    wide[0][5], wide[0][3], wide[1][1], wide[5][3] = 1, 2, 4, 3
    assert distance_shares(wide) == pytest.approx([0.4, 0.0, 0.3, 0.3])


def test_differences_to_the_baseline_are_paired_and_in_points():
    one = compared({"ce": [0.1, 0.2], "emd": [0.3, 0.4]}, metric="quadratic_kappa")
    results = {
        "ce-0": {"confusion": FAR},
        "ce-1": {"confusion": EXACT},
        "emd-0": {"confusion": NEAR},
        "emd-1": {"confusion": NEAR},
    }
    table = ordinal_table(one, results)
    assert table["panel"].tolist() == ["exact", "1 off", "2 off"]
    assert table["share"].tolist() == pytest.approx([90, 10, 0])
    assert table["baseline"].tolist() == pytest.approx([100 * 52 / 60, 5, 100 / 12])
    assert table["value"].sum() == pytest.approx(0)
    exact = stats.ttest_rel([90, 90], [100 * 22 / 30, 100])
    low, high = exact.confidence_interval(0.95)
    assert table.loc[0, ["value", "ci_low", "ci_high"]].tolist() == pytest.approx(
        [(90 - 220 / 3 - 10) / 2, low, high]
    )


def test_runs_without_a_usable_matrix_are_left_out():
    one = compared({"ce": [0.1, 0.2], "emd": [0.3, 0.4]}, metric="quadratic_kappa")
    results = {"ce-0": {"confusion": EXACT}, "emd-0": {"confusion": [[1, 2]]}, "emd-1": {}}
    table = ordinal_table(one, results)
    assert table["n"].tolist() == [0, 0, 0]
    assert ordinal_table(one, {}).empty


def _result(metric, confusion):
    row = {"split": "test", "at": "selected", "stage": "raw", "n_examples": 30}
    named = [row | {"metric": metric, "value": 0.5, "higher_is_better": False}]
    named.append(row | {"metric": "quadratic_kappa", "value": 0.5, "higher_is_better": True})
    return {"metrics": named, "confusion": confusion, "task": "multiclass"}


def test_only_ordered_classes_have_the_picture(make_runs):
    for metric, count in (("mae_rank", 1), ("accuracy", 0)):
        runs = {"cross_entropy": [_result(metric, FAR)] * 3, "emd": [_result(metric, NEAR)] * 3}
        folder = make_runs(runs, name=metric, metric="quadratic_kappa")
        found = list(pictures(report_of([folder], "0").materials[0]))
        assert len(found) == count
        for picture in found:
            assert "cross_entropy has 73.3 % of the grades exactly right" in picture.description
            assert len(picture.draw().axes) == 3

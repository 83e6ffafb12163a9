import math

import pytest

from lossbench.comparison import across_datasets
from lossbench.reporting.figures import forest_by_dataset, forest_by_dataset_table
from lossbench.reporting.figures.forest_by_dataset import ALL, drawn_levels, pictures
from lossbench.reporting.figures.picture import materials
from tests.reporting.figures.made_values import compared, markers, over_sets


def test_rows_are_those_of_the_comparisons_and_of_the_summary_in_points():
    some = over_sets(2)
    (across,) = across_datasets(some)
    table = forest_by_dataset_table(across, some)
    assert table["dataset"].tolist() == ["data_0"] * 2 + ["data_1"] * 2 + [ALL] * 2
    assert table["level"].tolist() == ["loss_2", "loss_1"] * 3
    # 2 points a level and 0.1 in the mean over the seeds 0, 1, 2
    assert table["diff"].tolist() == pytest.approx([4.2, 2.1] * 3)
    assert table.loc[0, ["ci_low", "ci_high"]].tolist() == pytest.approx([3.2, 5.2])
    summary = next(row for row in across.rows if row.level == "loss_2")
    assert table.loc[4, "ci_low"] == pytest.approx(100 * summary.ci_low)
    assert table.loc[4, "n"] == 6


def test_other_scales_are_shares_of_the_baselines_error():
    how = {"bounded": False, "higher_is_better": False, "metric": "rmse"}
    some = [
        compared({"mse": [size] * 3, "mae": [0.9 * size] * 3}, dataset=name, **how)
        for name, size in (("small", 2.0), ("large", 40.0))
    ]
    # rows are oriented, so that less is a gain
    some = [
        compared(
            {"mse": [-size] * 3, "mae": [-0.9 * size] * 3},
            dataset=one.dataset,
            **how,
            values=one.values,
        )
        for one, size in zip(some, (2.0, 40.0), strict=True)
    ]
    (across,) = across_datasets(some)
    assert across.scale == "error_reduction"
    table = forest_by_dataset_table(across, some)
    assert table["diff"].tolist() == pytest.approx([10.0, 10.0, 10.0])
    (first, _) = materials([], some, [across])
    (picture,) = pictures(first)
    assert "% of the baseline's error" in picture.draw().axes[0].get_xlabel()


def test_data_sets_are_rows_with_a_marker_for_each_level_and_diamonds_below():
    some = over_sets(3)
    (across,) = across_datasets(some)
    (axes,) = forest_by_dataset(forest_by_dataset_table(across, some), delta=1.0).axes
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names == ["data_0", "data_1", "data_2", ALL]
    assert sorted({round(y) for _, y in markers(axes)}) == [0, 1, 2, 3]
    diamonds = [line for line in axes.lines if line.get_marker() == "D" and line.get_ms() == 7]
    assert [float(line.get_xdata()[0]) for line in diamonds] == pytest.approx([4.2, 2.1])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["loss_2", "loss_1"]
    assert [patch.get_x() for patch in axes.patches] == [-1.0]


def test_of_many_levels_the_best_eight_are_drawn_and_all_are_in_the_table():
    some = over_sets(2, levels=12)
    (across,) = across_datasets(some)
    assert drawn_levels(across) == [f"loss_{k}" for k in range(11, 3, -1)]
    (first, second) = materials([], some, [across])
    (picture,) = pictures(first)
    assert not list(pictures(second))
    assert picture.table["level"].nunique() == 11
    assert len(picture.draw().axes[0].get_legend().get_texts()) == 8
    assert "the 8 best loss means of 11" in picture.caption


def test_a_level_without_an_interval_is_a_marker_alone():
    one = {"a": [0.5], "b": [0.6]}
    some = [compared(one, dataset=name, seeds=1) for name in ("x", "y")]
    (across,) = across_datasets(some)
    table = forest_by_dataset_table(across, some)
    assert table["ci_low"].isna().tolist() == [False, False, True]
    (axes,) = forest_by_dataset(table).axes
    assert [x for x, y in markers(axes) if round(y) == 2] == pytest.approx([10.0])
    table.loc[2, "diff"] = math.nan
    (axes,) = forest_by_dataset(table).axes
    assert not [y for _, y in markers(axes) if round(y) == 2]

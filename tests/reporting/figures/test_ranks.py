from dataclasses import replace

import pandas as pd
import pytest

from lossbench.comparison import across_datasets
from lossbench.reporting.figures import ranks, ranks_table
from lossbench.reporting.figures.picture import materials
from lossbench.reporting.figures.ranks import not_apart, pictures
from lossbench.reporting.figures.style import INK
from tests.reporting.figures.made_values import markers, over_sets


def test_ranks_stand_best_first_and_join_what_cannot_be_told_apart():
    (across,) = across_datasets(over_sets(6))
    table = ranks_table(across)
    assert table["level"].tolist() == ["loss_2", "loss_1", "loss_0"]
    assert table["rank"].tolist() == pytest.approx([1, 2, 3])
    # three pairs over six data sets: the smallest p is 3 x 2 / 64
    assert table["groups"].tolist() == ["1", "1", "1"]
    told = ranks_table(across_datasets(over_sets(8))[0])  # 3 x 2 / 256
    assert told["groups"].tolist() == ["", "", ""]


def test_groups_are_neighbours_of_which_no_two_are_told_apart():
    p = {("a", "c"): 0.01, ("a", "d"): 0.01, ("d", "b"): 0.02, ("a", "b"): 0.3, ("b", "c"): 1.0}
    p |= {("c", "d"): 0.05}  # at most alpha: told apart
    assert not_apart("abcd", p, 0.05) == [["a", "b"], ["b", "c"]]
    assert not_apart("abc", {("a", "c"): 0.01}, 0.05) == [["a", "b"], ["b", "c"]]
    assert not_apart("abc", {}, 0.05) == [["a", "b", "c"]]
    assert not_apart(["a"], {}, 0.05) == []


def test_up_to_eight_levels_stand_on_an_axis_and_more_in_rows():
    def table(count):
        rows = [(f"l{k}", 1.0 + k, "1" if k < 2 else "") for k in range(count)]
        return pd.DataFrame(rows, columns=["level", "rank", "groups"])

    (axis,) = ranks(table(4)).axes
    assert [at for at in markers(axis) if at[1] == 0] == [(k + 1.0, 0.0) for k in range(4)]
    assert {"l0", "l3", "1.00", "4.00"} <= {text.get_text() for text in axis.texts}
    (bar,) = [line for line in axis.lines if line.get_linewidth() == 3.5]
    low, high = bar.get_xdata()
    assert low < 1 and 2 < high < 3

    (rows,) = ranks(table(9)).axes
    assert markers(rows) == [(k + 1.0, float(k)) for k in range(9)]
    (bar,) = [line for line in rows.lines if line.get_linewidth() == 3]
    assert tuple(bar.get_ydata()) == (-0.25, 1.25) and bar.get_color() == INK


def test_bars_that_share_a_row_stand_beside_each_other():
    groups = ["1", "1 2", "2 3", "3", "4", "4", "", "", "", ""]
    table = pd.DataFrame(
        [(f"l{k}", 1.0 + k, text) for k, text in enumerate(groups)],
        columns=["level", "rank", "groups"],
    )
    (axes,) = ranks(table).axes
    bars = [float(line.get_xdata()[0]) for line in axes.lines if line.get_linewidth() == 3]
    assert bars[0] == bars[2] == bars[3] < bars[1]


def test_the_picture_is_yielded_once_and_says_when_nothing_can_be_told_apart():
    comparisons = over_sets(6)
    all_of = materials([], comparisons, across_datasets(comparisons))
    found = [picture for material in all_of for picture in pictures(material)]
    assert [picture.name for picture in found] == ["ranks"]
    assert list(pictures(all_of[0]))
    assert "smallest adjusted p-value is 0.094" in found[0].caption
    assert "0 of 3 pairs can be told apart" in found[0].description


def test_under_six_different_data_sets_nothing_is_ranked():
    comparisons = over_sets(5)
    variants = [replace(one, dataset=f"mnist[subset={k}]") for k, one in enumerate(over_sets(7))]
    for some in (comparisons, variants):
        (first, *_) = materials([], some, across_datasets(some))
        assert not list(pictures(first))

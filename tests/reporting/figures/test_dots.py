import math

import pandas as pd
import pytest

from lossbench.reporting.figures import dots
from tests.reporting.figures.made_values import markers

NAN = math.nan


def _table(*rows):
    return pd.DataFrame(rows, columns=["panel", "level", "value", "ci_low", "ci_high"])


def test_each_quantity_has_a_panel_and_each_level_a_row():
    table = _table(
        ("recall", "a", 1.0, 0.5, 1.5), ("recall", "b", 2.0, NAN, NAN), ("rank", "a", 7.0, 6.0, 8.0)
    )
    first, second = dots(table, lines={"recall": 0.0}, labels={"rank": "grades"}).axes
    assert markers(first) == [(1.0, 0.0), (2.0, 1.0)]
    assert first.lines[0].get_xdata().tolist() == [0.5, 1.0, 1.5]
    assert [text.get_text() for text in first.get_yticklabels()] == ["a", "b"]
    assert first.get_title("left") == "recall"
    assert [line.get_xdata()[0] for line in first.lines if line.get_linestyle() == "--"] == [0.0]
    assert not [line for line in second.lines if line.get_linestyle() == "--"]
    assert second.get_xlabel() == "grades"
    assert [text.get_text() for text in second.get_yticklabels()] == ["", ""]


def test_a_value_that_is_no_number_leaves_its_row_empty():
    table = _table(("x", "a", NAN, NAN, NAN), ("x", "b", 2.0, math.inf, 3.0))
    (axes,) = dots(table).axes
    assert markers(axes) == [(2.0, 1.0)]
    assert axes.lines[0].get_xdata().tolist() == [2.0] * 3


def test_five_panels_stand_in_two_rows_and_none_overlaps():
    table = _table(*((f"m{k}", "a", 1.0, 0.0, 2.0) for k in range(5)))
    boxes = [axes.get_position() for axes in dots(table).axes]
    assert len({round(box.y0, 6) for box in boxes}) == 2
    assert not any(one.overlaps(other) for one in boxes for other in boxes if one is not other)


@pytest.mark.parametrize("name", ["$x_1$ <script>", "_under", "a" * 200, "🎉 שלום"])
def test_any_name_is_drawn_as_it_is_or_cut(name):
    figure = dots(_table(("p", name, 1.0, 0.0, 2.0)))
    text = figure.axes[0].get_yticklabels()[0].get_text()
    assert len(text) <= 32

import numpy as np

from lossbench.reporting.figures.panels import WIDTH, bars, left_out, panels, wrapped


def test_panels_stand_in_rows_without_touching_each_other_or_the_edge():
    figure, axes = panels(5, 3, 1.5, left=0.6, bottom=0.5)
    boxes = [one.get_position() for one in axes]
    assert figure.get_size_inches()[0] == WIDTH
    assert [box.y0 > 0.5 for box in boxes] == [True] * 3 + [False] * 2
    assert boxes[0].x1 < boxes[1].x0 and boxes[1].x1 < boxes[2].x0 < boxes[2].x1 <= 1
    assert boxes[3].y1 < boxes[0].y0 and boxes[3].y0 > 0


def test_bars_are_one_line_and_those_without_an_end_are_gaps():
    _, (axes,) = panels(1, 1, 1)
    bars(axes, [0, 1], [1.0, np.nan], [2.0, 3.0])
    (line,) = axes.lines
    assert list(line.get_xdata()[:2]) == [1, 2]
    assert np.isnan(line.get_xdata()[2:4]).all()


def test_names_break_at_underscores_and_dollars_stay():
    assert wrapped("label_smoothing", 12) == "label_\nsmoothing"
    assert wrapped("a$b_c$", 12) == "a$b_c$"
    assert len(wrapped("x" * 200, 10).splitlines()) <= 3


def test_what_is_left_out_is_named_up_to_five():
    assert left_out([], "losses") == ""
    assert left_out(["a", "b"], "losses") == " Left out, as only some losses fit: a, b."
    assert left_out(list("abcdefg"), "losses").endswith("a, b, c, d, e and 2 more.")

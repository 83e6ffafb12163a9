"""The value of every loss on test: shown, and never as a ranking."""

from dataclasses import replace

from lossbench.reporting.cross_loss import NEVER_RANKS
from lossbench.reporting.page.change import change
from tests.reporting.made_comparisons import NAN, SPECIFIED
from tests.reporting.page.parts import material, root_of, tables, text_of


def test_each_network_by_each_loss():
    values = {"focal": {"focal": 0.12346, "<mse>": NAN}, "cross_entropy": {"focal": 2.0}}
    found = change(material(replace(SPECIFIED, cross_loss=values)))
    (table,) = tables(found)
    assert table.columns == ["trained with", "focal", "<mse>"]
    assert table.rows == [["focal", "0.1235", "–"], ["cross_entropy", "2", "–"]]
    assert table.sorted_by("focal") == ["0.12346", "2.0"]
    assert NEVER_RANKS in text_of(found)


def test_forty_losses_are_behind_a_click():
    values = {f"l{i}": {f"l{j}": 1.0 for j in range(40)} for i in range(40)}
    found = change(material(replace(SPECIFIED, cross_loss=values)))
    assert len(list(root_of(found).iter("details"))) == 1
    assert len(tables(found)[0].rows) == 40


def test_no_run_recorded_them():
    assert str(change(material(SPECIFIED))) == ""

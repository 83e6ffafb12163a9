from dataclasses import replace

import pandas as pd
import pytest

from lossbench.comparison import across_datasets
from lossbench.reporting.figures import profiles, profiles_table
from lossbench.reporting.figures.picture import materials
from lossbench.reporting.figures.profiles import pictures
from lossbench.reporting.figures.style import QUIET
from tests.reporting.figures.made_values import over_sets


def test_shares_and_thresholds_are_in_percent():
    (across,) = across_datasets(over_sets(2, levels=2))
    table = profiles_table(across)
    assert len(table) == 2 * len(across.taus)
    low, high = table["tau"].min(), table["tau"].max()
    assert (low, high) == pytest.approx((50.0, 53.2))  # 0.52 + 0.01 + 0.002
    better = table[table["level"] == "loss_1"].set_index("tau")["share"]
    # of both data sets the runs 52, 52.1, 52.2 and 53, 53.1, 53.2
    assert better.iloc[0] == 100 and better.iloc[-1] == 0
    assert better[better.index > 52.25].iloc[0] == pytest.approx(50)


def test_lines_beyond_eight_are_thin_and_grey():
    rows = [(f"l{k}", tau, 50.0) for k in range(10) for tau in (0.0, 1.0)]
    table = pd.DataFrame(rows, columns=["level", "tau", "share"])
    (axes,) = profiles(table, baseline="l9").axes
    grey = [line for line in axes.lines if line.get_color() == QUIET]
    assert (len(axes.lines), len(grey)) == (10, 2)
    assert "l9" in [text.get_text() for text in axes.get_legend().get_texts()]


def test_summaries_without_profiles_have_no_picture():
    some = over_sets(2)
    (across,) = across_datasets(some)
    assert [one.name for one in pictures(materials([], some, [across])[0])] == ["profiles"]
    empty = replace(across, taus=(), rows=tuple(replace(row, profile=()) for row in across.rows))
    assert not list(pictures(materials([], some, [empty])[0]))

"""The forest plot: its numbers, and what is drawn."""

import math
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from lossbench.comparison import Comparison
from lossbench.reporting.figures import forest, forest_table, materials, pictures_of
from tests.reporting.made_comparisons import NAN, SPECIFIED, comparison, one_seed, row


def valued(made: Comparison, *, seeds: int = 3) -> Comparison:
    """The comparison with values: 0.9 + 0.001 seed for the baseline, others by their difference."""
    values = {
        one.level: {
            seed: 0.9 + 0.001 * seed + (0.0 if one.verdict == "BASELINE" else one.diff)
            for seed in range(seeds)
        }
        for one in (*made.rows, *made.controls)
    }
    return replace(made, values=values)


def pictured(made: Comparison) -> Any:
    return next(one for one in pictures_of(materials([], [made])[0]) if one.name == "forest")


def texts_of(figure: Any) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_table_has_points_of_levels_and_seeds() -> None:
    table = forest_table(valued(SPECIFIED))
    means, seeds = table[table["seed"].isna()], table[table["seed"].notna()]
    assert list(means["level"]) == ["focal", "logit_adjust", "label_smoothing", "dice"]
    assert means["diff"].tolist() == pytest.approx([0.40375, 0.17, 0.01625, -2.08])
    assert means["ci_low"].iloc[0] == pytest.approx(0.40375 - 0.220917)
    assert seeds[seeds["level"] == "focal"]["diff"].tolist() == pytest.approx([0.40375] * 3)


def test_differences_are_turned_where_lower_is_better() -> None:
    made = comparison(
        row("a", "BETTER", 0.5, 0.1), higher_is_better=False, bounded=False, baseline="b",
        values={"a": {0: 1.0}, "b": {0: 1.5}},
    )  # fmt: skip
    assert forest_table(made)["diff"].tolist() == [0.5, 0.5]


def test_each_row_can_be_read_alone() -> None:
    picture = pictured(valued(SPECIFIED))
    texts = texts_of(picture.draw())
    assert "+0.40 [+0.18, +0.62]" in texts
    assert "EQUIVALENT" in texts
    assert "WORSE > delta" in texts
    assert "±0.2 does not matter" in texts
    assert "dice 1 of 8" in picture.caption
    assert "95% CI" in picture.caption


def test_rows_stand_in_the_order_of_the_comparison() -> None:
    axes = pictured(valued(SPECIFIED)).draw().axes[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["focal", "logit_adjust", "label_smoothing", "dice"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first at the top


def test_one_seed_has_no_interval() -> None:
    picture = pictured(valued(one_seed(), seeds=1))
    assert picture.table["ci_low"].isna().all()
    assert "+0.40" in texts_of(picture.draw())
    assert "none below 3 seeds" in picture.caption


def test_nothing_is_drawn_without_a_baseline_or_a_difference() -> None:
    for made in (replace(SPECIFIED, baseline=None), comparison(row("a", "NO_DATA", n=0))):
        assert not [one for one in pictures_of(materials([], [made])[0]) if one.name == "forest"]


def test_a_level_of_which_all_runs_failed_says_so() -> None:
    lost = row("lost", "NO_DATA", n=0, done=0, failed=8, mean=NAN)
    texts = texts_of(pictured(valued(replace(SPECIFIED, rows=(*SPECIFIED.rows, lost)))).draw())
    assert "8 failed" in texts
    assert "not testable" in texts


def test_far_seeds_are_arrows_at_the_edge() -> None:
    table = pd.DataFrame(
        {"level": "a", "seed": [None, 0, 1], "diff": [1.0, 1.1, -500.0], "ci_low": [0.5, NAN, NAN],
         "ci_high": [1.5, NAN, NAN]}
    )  # fmt: skip
    axes = forest(table).axes[0]
    low, high = axes.get_xlim()
    assert -1 < low < 0
    assert 1.5 < high < 2
    arrows = [line for line in axes.lines if line.get_marker() == "<"]
    assert [line.get_xdata()[0] for line in arrows] == [low]


def test_a_far_level_does_not_squeeze_the_others() -> None:
    table = pd.DataFrame({"level": list("abcd"), "diff": [0.1, -0.2, 0.3, -90.0]})
    low, _ = forest(table).axes[0].get_xlim()
    assert low > -1


def test_crossed_intervals_are_thin_and_controls_hollow() -> None:
    first = replace(SPECIFIED.rows[0], crossed_low=0.001, crossed_high=0.008)
    beside = row("cross_entropy with head", "INCONCLUSIVE", 0.001, 0.002)
    made = replace(SPECIFIED, rows=(first, *SPECIFIED.rows[1:]), controls=(beside,))
    picture = pictured(valued(made))
    lines = picture.draw().axes[0].lines
    thin = [line for line in lines if line.get_linewidth() == 0.8]
    assert list(thin[0].get_xdata()) == pytest.approx([0.1, 0.8])
    hollow = [line for line in lines if line.get_markerfacecolor() == "#ffffff"]
    assert [list(line.get_ydata()) for line in hollow] == [[4]]
    assert "crossed bootstrap" in picture.caption
    assert "Hollow" in picture.caption


def test_own_table_needs_no_more_than_levels_and_differences() -> None:
    axes = forest(pd.DataFrame({"level": ["a", "b"], "diff": [1.0, math.nan]})).axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b"]
    with pytest.raises(ValueError, match="lacks diff"):
        forest(pd.DataFrame({"level": ["a"]}))

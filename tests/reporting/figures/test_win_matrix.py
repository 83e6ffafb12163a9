"""The win matrix: shares of won seeds, and which pairs a test tells apart."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats as scipy_stats

from lossbench.comparison import compare
from lossbench.reporting.figures import (
    materials,
    pictures_of,
    win_matrix,
    win_matrix_table,
)
from lossbench.store import read_experiment
from tests.reporting.made_comparisons import baseline, comparison, row

NAN = math.nan
VALUES = {
    "cross_entropy": {0: 0.90, 1: 0.91, 2: 0.92, 3: 0.90},
    "focal": {0: 0.95, 1: 0.957, 2: 0.968, 3: 0.951},
    "dice": {0: 0.90, 1: NAN, 2: 0.80, 3: 0.95},
}
MADE = comparison(row("focal", "BETTER"), baseline(), row("dice", "INCONCLUSIVE"), values=VALUES)


def pairs(table: pd.DataFrame, column: str) -> dict[tuple[str, str], float]:
    return {(one["row"], one["column"]): one[column] for one in table.to_dict("records")}


def test_wins_ties_and_failures_are_counted() -> None:
    table = win_matrix_table(MADE, list(VALUES), {("dice", 1)})
    pi = pairs(table, "pi")
    assert pi["focal", "cross_entropy"] == 1.0
    assert pi["cross_entropy", "focal"] == 0.0
    # seed 0 tied, seed 1 failed, seed 2 lost, seed 3 won
    assert pi["dice", "cross_entropy"] == pytest.approx(1.5 / 4)
    assert pairs(table, "n")["dice", "focal"] == 4


def test_a_run_that_has_not_ended_is_left_out() -> None:
    table = win_matrix_table(MADE, list(VALUES))
    assert pairs(table, "n")["dice", "focal"] == 3
    assert pairs(table, "pi")["dice", "cross_entropy"] == pytest.approx(1.5 / 3)


def test_lower_is_better_turns_it_around() -> None:
    turned = replace(MADE, higher_is_better=False)
    assert pairs(win_matrix_table(turned, list(VALUES)), "pi")["focal", "cross_entropy"] == 0.0


def test_p_values_are_adjusted_over_all_pairs() -> None:
    table = win_matrix_table(MADE, list(VALUES))
    first = [list(VALUES["focal"].values()), list(VALUES["cross_entropy"].values())]
    p = scipy_stats.ttest_rel(*first).pvalue
    assert pairs(table, "p_holm")["focal", "cross_entropy"] == pytest.approx(3 * p)
    marked = [pair for pair, shows in pairs(table, "significant").items() if shows]
    assert marked == [("cross_entropy", "focal"), ("focal", "cross_entropy")]


def test_cells_say_percent_and_mark() -> None:
    axes = win_matrix(win_matrix_table(MADE, list(VALUES), {("dice", 1)})).axes[0]
    texts = [text.get_text() for text in axes.texts]
    # Against focal dice failed once, lost twice and tied never: 0 of 4; against cross-entropy 1.5.
    assert sorted(texts) == ["0", "0*", "100", "100*", "38", "62"]
    assert {text.get_color() for text in axes.texts} <= {"#1a1a1a", "#fafafa"}


def test_it_agrees_with_the_table_of_the_comparison(make_runs: Callable[..., Path]) -> None:
    scores = {
        "cross_entropy": [0.9, 0.91, NAN, NAN],
        "focal": [0.92, NAN, 0.9, NAN],
        "dice": [0.8, 0.91, None, 0.9],
    }
    stored = [read_experiment(make_runs(scores))]
    found = compare(stored, baseline="cross_entropy")[0]
    picture = next(
        one for one in pictures_of(materials(stored, [found])[0]) if one.name == "win-matrix"
    )
    against = picture.table[picture.table["column"] == "cross_entropy"]
    assert dict(zip(against["row"], against["pi"], strict=True)) == pytest.approx(
        {one.level: one.pi for one in found.rows if one.level != "cross_entropy"}
    )


def test_of_many_levels_the_first_and_the_baseline_are_shown() -> None:
    levels = [f"level {i}" for i in range(20)]
    values = {name: {0: 0.9, 1: 0.8, 2: 0.7} for name in [*levels, "cross_entropy"]}
    made = comparison(*(row(name, "INCONCLUSIVE") for name in levels), baseline(), values=values)
    picture = next(one for one in pictures_of(materials([], [made])[0]) if one.name == "win-matrix")
    assert "Shown are 12 of 21 losses" in picture.caption
    assert len(picture.table) == 12 * 11
    assert "cross_entropy" in set(picture.table["row"])


def test_two_levels_have_no_matrix() -> None:
    made = replace(MADE, rows=MADE.rows[:2])
    assert not [one for one in pictures_of(materials([], [made])[0]) if one.name == "win-matrix"]

"""Sensitivity to the learning rate: what a search tried, chose, and where it failed."""

import math

import pytest

from lossbench.errors import StoreError
from lossbench.reporting.figures import rates_table
from lossbench.reporting.figures.learning_rates import pictures, trials_of
from tests.reporting.figures.made_curves import column, material_of, with_trials

LEVELS = ("cross_entropy", "focal")


def tried(loss, values, chosen=0.001, **more):
    """A trial at each learning rate; None is a failure."""
    return [
        {"loss": loss, "trial": index, "learning_rate": rate, "value": "" if v is None else v}
        | {"chosen": "yes" if rate == chosen else ""}
        | more
        for index, (rate, v) in enumerate(values.items())
    ]


CROSS_ENTROPY = tried("cross_entropy", {0.0001: 0.8, 0.001: 0.9, 0.01: 0.898, 0.1: None})
FOCAL = tried("focal", {0.0001: 0.7, 0.001: 0.92, 0.01: 0.6, 0.1: 0.1})


@pytest.fixture
def made(make_runs):
    """Material of runs that were tuned with the given trials."""

    def make(trials, track="tuned", levels=LEVELS, **options):
        runs = {level: [0.9, 0.91] for level in levels}
        folder = make_runs(runs, protocol={"delta": 0.005}, **options)
        return material_of(with_trials(folder, trials, track))

    return make


def test_values_failures_choice_and_width(made):
    table = rates_table(trials_of(made(CROSS_ENTROPY + FOCAL)), 0.005)
    best = {"level": "cross_entropy", "trial": None}
    assert column(table, "learning_rate", **best) == [0.0001, 0.001, 0.01, 0.1]
    assert column(table, "value", **best)[:3] == [80, 90, pytest.approx(89.8)]
    assert column(table, "failed", **best) == [0, 0, 0, 1]
    assert column(table, "chosen", **best) == [0, 1, 0, 0]
    assert column(table, "width", **best) == pytest.approx([1] * 4)
    assert column(table, "width", level="focal", trial=None) == [0] * 4


def test_points_of_several_seeds_are_averaged_and_confirmations_left_out(made):
    again = tried("focal", {0.0001: 0.8, 0.001: 0.9}, seed="1000001")
    sure = tried("focal", {0.001: 0.1}, trial=1, stage="confirm", seed="1000002")
    material = made([*tried("focal", {0.0001: 0.7, 0.001: 0.92}), *again])
    table = rates_table(trials_of(material))
    assert column(table, "value", trial=None) == pytest.approx([75, 91])
    (picture,) = pictures(made([*tried("focal", {0.0001: 0.7, 0.001: 0.92}), *sure]))
    assert "Confirmations on more seeds are left out" in picture.caption
    assert "focal 0.001 (92)" in picture.description


def test_of_points_at_one_rate_the_best_is_on_the_line(made):
    more = [
        {"loss": "focal", "trial": 7, "learning_rate": 0.001, "value": 0.95, "chosen": "yes"},
    ]
    table = rates_table(trials_of(made(tried("focal", {0.01: 0.8, 0.001: 0.9}, chosen=0) + more)))
    assert column(table, "value", trial=None) == pytest.approx([95, 80])
    assert sorted(column(table, "value", learning_rate=0.001)) == pytest.approx([90, 95, 95])


def test_the_picture_marks_the_choice_and_the_failure(made):
    (picture,) = pictures(made(CROSS_ENTROPY + FOCAL))
    assert (picture.name, picture.section) == ("learning-rates", "tuned")
    assert picture.title == "Sensitivity to the learning rate, track tuned"
    assert "cross_entropy 1.0, focal 0.0" in picture.caption
    assert "mean over 1 tuning seed" in picture.caption
    (axes,) = picture.draw().axes
    assert axes.get_xscale() == "log"
    rings = [
        line
        for line in axes.get_lines()
        if line.get_markerfacecolor() == "none" and line.get_xdata().size
    ]
    assert [list(line.get_xdata()) for line in rings] == [[0.001], [0.001]]
    crosses = [line for line in axes.get_lines() if line.get_marker() == "x"]
    assert list(crosses[0].get_xdata()) == [0.1]
    assert crosses[0].get_transform() == axes.get_xaxis_transform(), "at the bottom"
    lines = {line.get_label(): line for line in axes.get_lines()}
    assert list(lines["focal"].get_ydata()) == pytest.approx([70, 92, 60, 10])


def test_the_axis_ends_where_values_are_far_worse(made):
    usual = {10**-k: 0.9 + 0.01 * k for k in range(2, 6)}
    (picture,) = pictures(made(tried("focal", usual | {0.5: 0.1})))
    (axes,) = picture.draw().axes
    assert axes.get_ylim()[0] > 50
    assert "far worse" in picture.caption


def test_only_trials_of_this_comparison_count(made):
    others = [
        *tried("focal", {0.5: 0.1}, dataset="other"),
        *tried("focal", {0.5: 0.1}, track="default"),
        *tried("focal", {0.5: 0.1}, track="default tuned"),
    ]
    table = rates_table(trials_of(made(CROSS_ENTROPY + others)))
    assert column(table, "learning_rate", level="focal", trial=None) == [0.5]
    assert len(column(table, "value", level="focal")) == 2


def test_optimizers_are_levels_where_they_are_compared(made):
    trials = [
        {"optimizer": name, "trial": k, "learning_rate": rate, "value": 0.9}
        for name in ("Adam", "SGD")
        for k, rate in enumerate((0.1, 0.01))
    ]
    material = made(trials, levels=("Adam", "SGD"), factor="optimizer")
    assert list(trials_of(material)) == ["Adam", "SGD"]
    (picture,) = pictures(material)
    assert "per" not in picture.title


def test_a_metric_with_another_name_has_no_width(made):
    trials = [one | {"metric": "nll"} for one in CROSS_ENTROPY]
    (picture,) = pictures(made(trials))
    assert "Width" not in picture.caption
    assert math.isnan(picture.table["width_decades"].max())


def test_nothing_where_fewer_than_two_rates_were_tried(made, make_runs):
    assert list(pictures(made(tried("focal", {0.001: 0.9})))) == []
    assert list(pictures(made(tried("focal", {"": 0.9})))) == []
    assert list(pictures(material_of(make_runs({level: [0.9] for level in LEVELS})))) == []


def test_all_failed_is_a_picture_of_crosses(made):
    (picture,) = pictures(made(tried("focal", {0.1: None, 0.01: None})))
    (axes,) = picture.draw().axes
    assert sum(line.get_marker() == "x" for line in axes.get_lines()) == 2


def test_a_table_that_was_changed_by_hand_is_told(made):
    with pytest.raises(StoreError, match="learning_rate 'fast'"):
        list(pictures(made(tried("focal", {"fast": 0.9, 0.1: 0.8}))))

"""Training loss by steps: trends, blocks of steps, and scales of its own for each loss."""

import math

import numpy as np
import pytest

from lossbench.reporting.figures import file_bytes, loss_table
from lossbench.reporting.figures.loss_per_step import MOST_PANELS, MOST_POINTS, pictures
from tests.reporting.figures.made_curves import column, losses_of, material_of, with_curves


@pytest.fixture
def made(make_runs):
    """Material of runs whose curves are given."""

    def make(levels=("cross_entropy", "focal"), factor="loss", seeds=3, **curves):
        folder = make_runs({level: [0.9] * seeds for level in levels}, factor=factor)
        return material_of(with_curves(folder, levels, seeds=seeds, **curves))

    return make


def test_the_trend_is_the_median_over_seeds_with_its_range(made):
    table = loss_table(made())
    assert column(table, "loss", level="focal", seed=None) == pytest.approx(losses_of(1, 1))
    assert column(table, "low", level="focal", seed=None) == pytest.approx(losses_of(1, 0))
    assert column(table, "high", level="focal", seed=None) == pytest.approx(losses_of(1, 2))
    assert column(table, "step", level="focal", seed=0) == list(range(1, 41))


def test_long_trainings_are_means_of_several_steps(made):
    table = loss_table(made(losses=lambda i, s: [float(k) for k in range(1000)]))
    steps = column(table, "step", level="focal", seed=0)
    assert len(steps) == 250 <= MOST_POINTS
    assert steps[:2] == [4, 8]
    assert column(table, "loss", level="focal", seed=0)[:2] == [1.5, 5.5]


def test_losses_are_never_in_one_panel(made):
    (picture,) = pictures(made())
    first, second = picture.draw().axes
    assert [axes.get_title("left") for axes in (first, second)] == ["cross_entropy", "focal"]
    assert first.get_ylim() != second.get_ylim()
    assert "scale of its own" in picture.caption
    assert "thin: single seeds" in picture.caption
    assert "n = 3 seeds" in picture.caption


def test_optimizers_share_a_panel_and_a_scale(made):
    (picture,) = pictures(made(("Adam", "SGD"), factor="optimizer"))
    figure = picture.draw()
    together, first, second = figure.axes
    assert [line.get_label() for line in together.get_lines()] == ["Adam", "SGD"]
    assert first.get_ylim() == second.get_ylim()
    low, high = first.get_ylim()
    assert low < losses_of(0, 0)[-1]
    assert high > losses_of(1, 2)[0], "all levels are inside"
    assert "scale of its own" not in picture.caption
    assert "training loss (cross_entropy)" in [text.get_text() for text in figure.texts]


def test_batch_sizes_are_counted_in_examples(made):
    (picture,) = pictures(made(("32", "64"), factor="batch_size"))
    table = loss_table(made(("32", "64"), factor="batch_size"))
    assert column(table, "examples", level="64", seed=None)[-1] == 40 * 64
    assert column(table, "examples", level="32", seed=None)[-1] == 40 * 32
    assert picture.title == "Training loss by examples"
    assert "training examples seen" in [text.get_text() for text in picture.draw().texts]


def test_axes_are_logarithmic_where_positive_losses_fall_far(made):
    (falling,) = pictures(made())
    (negative,) = pictures(made(losses=lambda i, s: [-x for x in losses_of(i, s)]))
    (calm,) = pictures(made(losses=lambda i, s: [1 + 0.01 * x for x in losses_of(i, s)]))
    scales = [{axes.get_yscale() for axes in one.draw().axes} for one in (falling, negative, calm)]
    assert scales == [{"log"}, {"linear"}, {"linear"}]


def test_what_is_not_finite_and_who_ended_early_leave_no_trace_in_the_others(made):
    def broken(index, seed):
        return [1.0, math.nan, 3.0] if seed else [1.0, math.inf, 3.0, 4.0]

    table = loss_table(made(losses=broken))
    assert column(table, "step", level="focal", seed=None) == [1, 3, 4]
    assert column(table, "n", level="focal", seed=None) == [3, 3, 1]
    assert column(table, "loss", level="focal", seed=None) == [1, 3, 4]


def test_of_forty_levels_twelve_are_drawn_and_all_are_in_the_table(made):
    levels = [f"level{index}" for index in range(40)]
    (picture,) = pictures(made(levels, seeds=2))
    assert len(picture.draw().axes) == MOST_PANELS
    assert f"The first {MOST_PANELS} of 40 are drawn." in picture.caption
    assert picture.table["level"].nunique() == 40
    assert len(picture.table) < 400
    assert len(file_bytes(picture, "svg")) < 130_000


def test_many_seeds_are_a_band(made):
    (picture,) = pictures(made(seeds=20, losses=lambda i, s: list(np.linspace(2, 1, 200) + s)))
    assert "band: least to largest seed" in picture.caption
    first, second = picture.draw().axes
    assert len(first.collections) == len(second.collections) == 1
    assert len(first.get_lines()) == 1, "the trend alone"


def test_nothing_where_no_step_was_recorded(made, make_runs):
    assert list(pictures(material_of(make_runs({"cross_entropy": [0.9], "focal": [0.9]})))) == []
    assert list(pictures(made(losses=lambda i, s: [1.0]))) == []

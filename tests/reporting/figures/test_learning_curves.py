"""Learning curves: means, bands and single seeds, by epochs and by seconds."""

import math

import pandas as pd
import pytest
from scipy import stats as scipy_stats

from lossbench import comparison, store
from lossbench.reporting.figures import (
    file_bytes,
    inline_svg,
    learning_curves,
    learning_table,
    materials,
    pictures_of,
)
from lossbench.reporting.figures import picture as drawing
from lossbench.reporting.figures.learning_curves import pictures
from lossbench.reporting.figures.learning_table import GRID
from lossbench.reporting.figures.style import INK, QUIET
from tests.reporting.figures.made_curves import column, material_of, values_of, with_curves

LEVELS = ("cross_entropy", "focal")


@pytest.fixture
def made(make_runs):
    """Material of runs whose scores and curves are given."""

    def make(scores=None, levels=LEVELS, factor="loss", protocol=None, **curves):
        runs = scores or {level: [0.9, 0.91, 0.92] for level in levels}
        folder = make_runs(runs, factor=factor, protocol=protocol)
        return material_of(with_curves(folder, list(runs), **curves))

    return make


def labelled(axes):
    return {line.get_label(): line for line in axes.get_lines() if line.get_label()[0] != "_"}


def test_means_and_bands_are_those_of_the_seeds(made):
    table = learning_table(made())
    assert column(table, "epoch", level="focal", seed=None) == [1, 2, 3]
    assert column(table, "value", level="focal", seed=None) == pytest.approx([40, 42, 44])
    half = scipy_stats.t.ppf(0.975, 2) * 10 / math.sqrt(3)  # seeds are ten points apart
    assert column(table, "ci_low", level="focal", seed=None)[0] == pytest.approx(40 - half)
    assert column(table, "ci_high", level="focal", seed=None)[0] == pytest.approx(40 + half)
    assert column(table, "n", level="focal", seed=None) == [3, 3, 3]
    assert column(table, "value", level="focal", seed=1) == pytest.approx([40, 42, 44])


def test_two_seeds_have_no_band(made):
    material = made({level: [0.9, 0.91] for level in LEVELS})
    table = learning_table(material)
    assert table["ci_low"].isna().all()
    picture = next(iter(pictures(material)))
    assert "band" not in picture.caption
    assert "n = 2 per loss" in picture.caption


def test_who_ended_early_or_failed_is_not_in_later_means(made):
    def short(index, seed):
        return values_of(index, seed)[: 2 if (index, seed) == (1, 0) else 3]

    material = made({"cross_entropy": [0.9] * 3, "focal": [0.9, math.nan, 0.9]}, values=short)
    table = learning_table(material)
    assert column(table, "n", level="focal", seed=None) == [2, 2, 1]
    assert column(table, "value", level="focal", seed=None) == pytest.approx([40, 42, 54])
    assert column(table, "failed", level="focal", seed=1) == [1, 1, 1]
    caption = next(iter(pictures(material))).caption
    assert "1 run failed" in caption
    assert "1 run ended early" in caption


def test_over_seconds_curves_are_interpolated_where_no_seed_is_missing(made):
    table = learning_table(made(), "seconds")
    grid = column(table, "seconds", level="focal", seed=None)
    assert grid[-1] == pytest.approx(6), "three epochs of two seconds"
    assert grid[0] == pytest.approx(6 / GRID * math.ceil(2 / (6 / GRID)))
    at = grid.index(pytest.approx(3.0))
    assert column(table, "value", level="focal", seed=None)[at] == pytest.approx(41)
    assert max(column(table, "seconds", level="cross_entropy", seed=None)) == pytest.approx(3)


def test_a_picture_by_epochs_and_one_by_seconds(made):
    by_epochs, by_seconds = pictures(made(protocol={"delta": 0.02}))
    assert (by_epochs.name, by_epochs.section) == (by_seconds.name, "learn")
    assert (by_epochs.variant, by_seconds.variant) == ("by epochs", "by seconds")
    assert "pointwise" in by_epochs.caption
    assert "n = 3 per loss" in by_epochs.caption
    assert "interpolated linearly" in by_seconds.caption
    assert by_epochs.title == "Validation accuracy"
    assert list(by_epochs.table) == ["level", "epoch", "mean", "ci_low", "ci_high", "n"]
    assert len(by_epochs.table) == 6
    assert "focal 44 at epoch 3 (n = 3, 95% CI" in by_epochs.description
    (axes,) = by_epochs.draw().axes
    assert axes.get_ylabel() == "validation accuracy, points (higher is better)"
    assert axes.get_ylim()[0] > 0, "not forced to zero"
    lines = labelled(axes)
    assert list(lines["focal"].get_ydata()) == pytest.approx([40, 42, 44])
    assert lines["cross_entropy"].get_color() == INK
    bar = next(line for line in axes.get_lines() if list(line.get_xdata()) == [1.015, 1.015])
    assert bar.get_ydata()[1] - bar.get_ydata()[0] == pytest.approx(2.0), "delta in points"
    assert len(axes.collections) == 2, "a band for each level"
    assert "target" in [text.get_text() for text in axes.texts]
    assert next(iter(by_seconds.draw().axes)).get_xlabel() == "seconds of training"


def test_chosen_epochs_are_dots_and_failures_crosses(made):
    best = {"value": 0.9, "selected_epoch": 2}
    material = made({"cross_entropy": [best] * 3, "focal": [best, best, math.nan]})
    (axes,) = next(iter(pictures(material))).draw().axes
    marked = {line.get_marker(): line for line in axes.get_lines() if line.get_color() != INK}
    assert list(marked["."].get_xdata()) == [2, 2]
    assert list(marked["x"].get_xdata()) == [3]


def test_of_many_levels_eight_have_colours_and_the_rest_one_grey_line(made):
    levels = [f"level{index}" for index in range(40)]
    material = made({level: [0.9, 0.91] for level in levels}, seeds=2)
    picture = next(iter(pictures(material)))
    (axes,) = picture.draw().axes
    assert len(labelled(axes)) == 8 + 1
    assert labelled(axes)["32 more"].get_color() == QUIET
    assert "means of 32 more" in picture.caption
    assert len(picture.table) < 400
    assert picture.table["level"].nunique() == 40
    assert len(file_bytes(picture, "svg")) < 100_000


def test_seeds_that_are_too_many_are_left_out_and_the_caption_says_so(made):
    material = made({level: [0.9] * 40 for level in LEVELS}, seeds=40)
    picture = next(iter(pictures(material)))
    assert "Single seeds are too many to be drawn." in picture.caption
    assert "thin lines" not in picture.caption
    (axes,) = picture.draw().axes
    assert len(axes.get_lines()) == 2 + 2, "means, the target and the scale bar"


def test_a_thousand_epochs_are_thinned_out(made):
    picture = next(iter(pictures(made(values=lambda i, s: [0.5 + 1e-4 * e for e in range(1000)]))))
    (axes,) = picture.draw().axes
    assert len(labelled(axes)["focal"].get_xdata()) <= 50
    assert labelled(axes)["focal"].get_xdata()[-1] == 1000
    assert len(picture.table) == 2 * 25
    assert "Of 1000 epochs about 50 are drawn" in picture.caption


def test_freak_values_do_not_set_the_axis(made):
    def with_freak(index, seed):
        return [0.5 + 0.001 * k for k in range(60)] + [0.001 if seed == 1 else 0.56]

    picture = next(iter(pictures(made(values=with_freak))))
    (axes,) = picture.draw().axes
    assert axes.get_ylim()[0] > 40
    assert "leaves out freak values" in picture.caption


def test_values_that_are_not_finite_leave_gaps(made):
    material = made(values=lambda i, s: [math.nan, math.inf if s else 0.4, 0.5])
    table = learning_table(material)
    assert column(table, "epoch", level="focal", seed=None) == [2, 3]
    assert column(table, "n", level="focal", seed=None) == [1, 3]
    file_bytes(next(iter(pictures(material))), "svg")


def test_nothing_where_nothing_was_recorded(make_runs):
    material = material_of(make_runs({level: [0.9] * 3 for level in LEVELS}))
    assert list(pictures(material)) == []


def test_only_failed_runs_have_their_curves_and_no_mean(made):
    material = made({level: [math.nan] * 3 for level in LEVELS})
    for picture in pictures(material):
        assert picture.description == "No run worked."
        file_bytes(picture, "svg")


def test_a_table_of_ones_own_is_drawn():
    table = pd.DataFrame({"level": ["a", "a"], "seed": pd.NA, "epoch": [1, 2], "value": [1, 2]})
    other = {"ci_low": math.nan, "ci_high": math.nan, "n": 1, "failed": False, "selected": False}
    (axes,) = learning_curves(table.assign(**other), label="mine").axes
    assert axes.get_ylabel() == "mine"
    assert list(labelled(axes)["a"].get_ydata()) == [1, 2]


def test_the_files_of_a_job_are_read_once_for_all_pictures(made, monkeypatch):
    material, read = made(), []
    one = drawing.read_curves
    monkeypatch.setattr(drawing, "read_curves", lambda *a: (read.append(a[0]), one(*a))[1])
    assert len(pictures_of(material)) > 3
    assert len(read) == len(set(read)) == 6


def test_without_convergence_the_curves_are_those_of_the_comparisons_jobs(make_runs):
    folder = with_curves(make_runs({level: [0.9] * 3 for level in LEVELS}), LEVELS)
    stored = [store.read_experiment(folder)]
    (material,) = materials(stored, comparison.compare(stored, convergence=False))
    assert material.comparison.convergence is None
    by_epochs, _ = pictures(material)
    assert "target" not in by_epochs.caption
    assert len(by_epochs.table) == 6


def test_names_of_all_kinds_are_drawn_as_they_are(made):
    levels = ["$a_b$ <script>", "_hidden", "שלום", "🙂", "x" * 200]
    drawn = pictures_of(made({level: [0.9] * 2 for level in levels}, seeds=2))
    for found in (one for one in drawn if one.section == "learn"):
        svg = inline_svg(found, "p")
        assert "<script" not in svg
        assert "x" * 200 not in svg.split("</desc>")[1]

"""Pictures of differences: the forest, every run, who beats whom, what it costs."""

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from lossbench import comparison as comparing
from lossbench import stats, store
from lossbench.reporting import figures
from lossbench.reporting.figures import file_bytes, inline_svg, materials, pictures_of
from lossbench.reporting.figures.cost_quality import front

SCORES = {
    "cross_entropy": [0.90, 0.91, 0.92, 0.90],
    "focal": [0.92, 0.94, 0.93, 0.92],
    "brier": [0.80, 0.91, math.nan, 0.85],
}


@pytest.fixture
def material(make_runs):
    def make(scores, **how):
        stored = [store.read_experiment(make_runs(scores, **how))]
        (found,) = materials(stored, comparing.compare(stored))
        return found

    return make


def _named(material, name):
    return next(one for one in pictures_of(material) if one.name == name)


def _texts(axes):
    return [text.get_text() for text in axes.texts]


def test_the_forest_shows_paired_differences_in_points(material):
    found = material(SCORES)
    table = figures.forest_table(found.comparison)
    d = np.array([2.0, 3.0, 1.0, 2.0])
    interval = scipy_stats.ttest_1samp(d, 0).confidence_interval(0.95)
    row = table[(table["level"] == "focal") & table["seed"].isna()].iloc[0]
    assert row["diff"] == pytest.approx(2.0)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(tuple(interval))
    seeds = table[(table["level"] == "focal") & table["seed"].notna()]["diff"]
    assert sorted(seeds) == pytest.approx(sorted(d))
    axes = _named(found, "forest").draw().axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["focal", "brier"]
    assert any(text.startswith("+2.0 [+0.7, +3.3]") for text in _texts(axes)), _texts(axes)


def test_lower_is_better_points_the_same_way(material):
    found = material({"mse": [1.0, 1.1, 1.2], "mae": [0.9, 1.0, 1.0]}, metric="rmse")
    table = figures.forest_table(found.comparison)
    assert table[table["seed"].notna()]["diff"].tolist() == pytest.approx([0.1, 0.1, 0.2])


def test_a_freak_seed_stands_at_the_edge_as_an_arrow(material):
    scores = {"cross_entropy": [0.9] * 20, "focal": [*[0.91, 0.92] * 9, 0.915, 0.1]}
    axes = _named(material(scores), "forest").draw().axes[0]
    assert [line for line in axes.lines if line.get_marker() == "<"]
    assert axes.get_xlim()[0] > -80


def test_every_run_is_a_dot_joined_by_seed_and_failures_are_crosses(material):
    found = material(SCORES)
    table = figures.strips_table(found.comparison)
    assert len(table) == 12
    assert table["value"].isna().sum() == 1
    axes = _named(found, "seeds").draw().axes[0]
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    assert [len(line.get_xdata()) for line in crosses] == [1]
    joined = [line for line in axes.lines if len(line.get_xdata()) == 3 and line.get_lw() < 1]
    assert len(joined) == 4
    assert "1 runs that failed" in _named(found, "seeds").caption


def test_who_beats_whom_counts_ties_half_and_failures_as_lost(material):
    table = figures.wins_table(material(SCORES).comparison).set_index(["level", "other"])
    assert table.loc[("brier", "cross_entropy"), "pi"] == pytest.approx(0.5 / 4)
    assert table.loc[("cross_entropy", "brier"), "pi"] == pytest.approx(3.5 / 4)
    assert table.loc[("focal", "cross_entropy"), "pi"] == 1.0
    p = [
        scipy_stats.ttest_rel(np.array(SCORES[a])[used], np.array(SCORES[b])[used]).pvalue
        for a, b in (("focal", "cross_entropy"), ("focal", "brier"), ("cross_entropy", "brier"))
        for used in [np.isfinite(np.array(SCORES[a]) - np.array(SCORES[b]))]
    ]
    expected = stats.holm(p)
    got = [
        table.loc[pair, "p_holm"]
        for pair in (("focal", "cross_entropy"), ("focal", "brier"), ("cross_entropy", "brier"))
    ]
    assert got == pytest.approx(list(expected))


def test_two_losses_have_no_matrix(material):
    found = material({"cross_entropy": [0.9, 0.8], "focal": [0.9, 0.85]})
    assert "wins" not in [one.name for one in pictures_of(found)]


def _timed(value, step, **more):
    return {"value": value, "step_ms_median": step, "load_per_cpu": 0.5} | more


def test_cost_has_the_front_that_nothing_beats_in_both(material):
    scores = {
        "cross_entropy": [_timed(0.90, 10.0), _timed(0.92, 12.0)],
        "focal": [_timed(0.95, 20.0), _timed(0.95, 22.0)],
        "brier": [_timed(0.89, 15.0), _timed(0.90, 15.0)],
    }
    metric = [{"split": "test", "at": "selected", "metric": "accuracy", "stage": "raw"}]
    for runs in scores.values():
        for run in runs:
            run["metrics"] = [metric[0] | {"value": run["value"], "higher_is_better": True}]
    picture = _named(material(scores), "cost-quality")
    table = picture.table.set_index("level")
    assert table.loc["cross_entropy", "cost"] == pytest.approx(11.0)
    half = scipy_stats.t.ppf(0.975, 1) * np.std([10, 12], ddof=1) / math.sqrt(2)
    assert table.loc["cross_entropy", "cost_high"] == pytest.approx(11.0 + half)
    assert front(picture.table, True) == ["cross_entropy", "focal"]
    assert "cross_entropy, focal" in picture.description


def test_times_of_a_busy_machine_are_not_compared(material):
    metric = {"split": "test", "at": "selected", "metric": "accuracy", "stage": "raw"}
    scores = {
        level: [_timed(0.9, 10.0, load_per_cpu=load, metrics=[metric | {"value": 0.9}])] * 2
        for level, load in (("cross_entropy", 0.5), ("focal", 3.0))
    }
    assert "cost-quality" not in [one.name for one in pictures_of(material(scores))]


@pytest.mark.parametrize("form", ["svg", "pdf", "png"])
def test_equal_numbers_give_equal_bytes(material, form):
    picture = _named(material(SCORES), "forest")
    assert file_bytes(picture, form) == file_bytes(picture, form)


def test_svg_on_a_page_is_xml_with_a_title_and_ids_of_its_own(material):
    from xml.etree import ElementTree

    text = inline_svg(_named(material(SCORES), "forest"), "c1-forest")
    root = ElementTree.fromstring(text)
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len(set(ids))
    assert all(name.startswith("c1-forest") for name in ids)
    assert root[0].tag.endswith("title") and root[1].tag.endswith("desc")
    assert "#000000" not in text
    for reference in [part.split(")")[0] for part in text.split("url(#")[1:]]:
        assert reference in ids


def test_names_are_shown_as_they_are_and_short(material):
    names = ["<script>$x_1$</script>", "🎯 emoji", "דיוק", "very " * 40]
    scores = {"cross_entropy": [0.9, 0.91]} | {name: [0.9, 0.92] for name in names}
    found = material(scores)
    for picture in pictures_of(found):
        assert b"PNG" in file_bytes(picture, "png")[:8]
    svg = inline_svg(_named(found, "forest"), "a")
    assert "<script>" not in svg
    assert "🎯" in svg
    assert "very " * 10 not in svg.split("</desc>")[1]

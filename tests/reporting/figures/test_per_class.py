import numpy as np
import pytest
from scipy import stats

from lossbench.reporting.figures import per_class, per_class_table
from lossbench.reporting.figures.per_class import few_classes, pictures
from tests.reporting.figures.made_answers import logits, material_of, write_runs

TRUTH = np.repeat([0, 1], [10, 30])
NAMES = ("rare", "common")


def _scores(*rights):
    """Scores of a network that has so many of the first and so many of the second class right."""
    first, second = rights
    return logits([0] * first + [1] * (10 - first) + [1] * second + [0] * (30 - second), 2, 0.8)


BASE = [_scores(4, 30), _scores(5, 27), _scores(3, 30)]
OTHER = [_scores(8, 24), _scores(6, 27), _scores(9, 27)]


def _material(make_runs, scores, **more):
    return material_of(write_runs(make_runs, scores, TRUTH, names=NAMES, **more))


def test_recall_and_its_paired_difference_in_points_with_the_t_interval(make_runs):
    material = _material(make_runs, {"ce": BASE, "focal": OTHER})
    table = per_class_table(material.comparison, material.results).set_index(["level", "class"])

    assert table.loc[("ce", "rare"), "value"] == pytest.approx(40)
    assert table.loc[("focal", "common"), "value"] == pytest.approx(100 * 26 / 30)
    rare = table.loc[("focal", "rare")]
    interval = stats.ttest_rel([80, 60, 90], [40, 50, 30]).confidence_interval(0.95)
    assert rare["diff"] == pytest.approx(110 / 3)
    assert (rare["ci_low"], rare["ci_high"]) == pytest.approx((interval.low, interval.high))
    assert rare["n"] == 3
    assert np.isnan(table.loc[("ce", "rare"), "diff"])


def test_classes_stand_in_order_of_training_examples_where_those_are_known(make_runs):
    known = {"damage": {"imbalance": {"done": {"train": {"after": [450, 5]}}}}}
    for changes, order in (({}, ["common", "rare"]), (known, ["rare", "common"])):
        material = _material(make_runs, {"ce": BASE, "focal": OTHER}, changes=changes)
        table = per_class_table(material.comparison, material.results)
        assert table[table["level"] == "ce"]["class"].tolist() == order
    (picture,) = pictures(material)
    assert [t.get_text() for t in picture.draw().axes[0].get_yticklabels()] == [
        "rare (450)",
        "common (5)",
    ]
    assert "training examples of the class" in picture.caption


def test_the_baseline_has_its_recall_and_each_other_level_a_panel_of_differences(make_runs):
    material = _material(make_runs, {"ce": BASE, "focal": OTHER})
    (picture,) = pictures(material)
    base, other = picture.draw().axes

    assert base.get_title(loc="left") == "ce"
    assert base.lines[-1].get_xdata().tolist() == pytest.approx([100 * 87 / 90, 40])
    assert other.lines[-1].get_xdata().tolist() == pytest.approx([-10, 110 / 3])
    assert other.lines[-1].get_color() == material.looks["focal"].colour
    bars = other.lines[-2].get_xydata()
    rare = picture.table.query("level == 'focal' and `class` == 'rare'").iloc[0]
    assert bars[3:5].tolist() == [[rare["ci_low"], 1], [rare["ci_high"], 1]]
    assert other.get_xlim()[1] <= 105
    assert "rare (+36.7 points) and common (-10.0 points)" in picture.description


def test_one_seed_has_no_bar_and_the_caption_says_so(make_runs):
    (picture,) = pictures(_material(make_runs, {"ce": BASE[:1], "focal": OTHER[:1]}))
    assert "one seed has no interval" in picture.caption
    assert picture.table["ci_low"].isna().all()
    assert np.isnan(picture.draw().axes[1].lines[-2].get_xdata()[0])


def test_a_class_without_test_examples_has_no_recall(make_runs):
    folder = write_runs(
        make_runs,
        {"ce": [logits([0, 1], 3, 0.8)], "focal": [logits([0, 2], 3, 0.8)]},
        np.array([0, 1]),
        names=("a", "b", "never"),
    )
    (picture,) = pictures(material_of(folder))
    assert picture.table.set_index(["level", "class"])["value"].loc["focal"].tolist() == (
        pytest.approx([100, 0, float("nan")], nan_ok=True)
    )
    picture.draw()


def test_of_many_classes_the_rarest_and_commonest_or_those_that_changed_most(make_runs):
    truth = np.repeat(np.arange(40), np.arange(40, 0, -1))
    names = [f"class {k}" for k in range(40)]
    guess = truth.copy()
    guess[truth == 20] = 0
    both = {"ce": [logits(truth, 40, 0.8)], "focal": [logits(guess, 40, 0.8)]}
    material = material_of(write_runs(make_runs, both, truth, names=names))
    (picture,) = pictures(material)
    shown = picture.table["class"].drop_duplicates().tolist()
    assert shown == [*names[:15], *names[25:]]
    assert "15 classes with the most and the 15 with the fewest" in picture.caption

    whole = per_class_table(material.comparison, material.results)
    table, note = few_classes(whole.assign(test=20))
    assert "class 20" in set(table["class"])
    assert table["class"].nunique() == 30
    assert "that changed most" in note


def test_labels_that_may_hold_together_have_their_average_precision(make_runs):
    def result(first, second):
        rows = [
            {"class_id": k, "support": 10 * k + 10, "metric": "average_precision", "value": value}
            for k, value in enumerate((first, second))
        ]
        other = {"class_id": 0, "support": 10, "metric": "recall", "value": 0.0}
        return {"task": "multilabel", "class_names": ["sky", "sea"], "per_label": [other, *rows]}

    scores = {"bce": [result(0.5, 0.6)] * 2, "asl": [result(0.7, 0.5)] * 2}
    metric = "mean_average_precision"
    material = material_of(make_runs(scores, metric=metric, protocol={"baseline": "bce"}))
    assert material.comparison.baseline == "bce"
    (picture,) = pictures(material)
    assert picture.title == "Average precision of each label"
    asl = picture.table[picture.table["level"] == "asl"]
    assert asl["class"].tolist() == ["sea", "sky"]
    assert asl["diff"].tolist() == pytest.approx([-10, 20])


def test_nothing_without_a_second_level_or_without_classes(make_runs):
    assert not list(pictures(_material(make_runs, {"ce": BASE})))
    runs = make_runs({"mse": [0.5, 0.6], "mae": [0.4, 0.3]}, name="other", metric="mae")
    assert not list(pictures(material_of(runs)))


def test_forty_levels_and_odd_names_draw_six_panels(make_runs):
    names = ["ce", "$x$_y", "\U0001f600", "\u05e9\u05dc\u05d5\u05dd", "n" * 200]
    names += [f"loss {k}" for k in range(35)]
    material = _material(make_runs, {name: BASE[:2] for name in names})
    (picture,) = pictures(material)
    figure = per_class(picture.table.assign(class_id=[0, 1] * 6), looks=material.looks)
    assert len(figure.axes) == 6
    assert "and 29 more" in picture.caption

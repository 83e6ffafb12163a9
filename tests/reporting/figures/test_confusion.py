import numpy as np
import pytest

from lossbench.reporting.figures import confusion_table, file_bytes
from lossbench.reporting.figures.confusion import changed_pairs, pictures
from tests.reporting.figures.made_answers import logits, material_of, write_runs

NAMES = ("cat", "dog", "emu")
TRUTH = np.repeat([0, 1, 2], [10, 20, 10])


def _scores(cats_as_dogs, dogs_as_emus):
    said = TRUTH.copy()
    said[:cats_as_dogs] = 1
    said[10 : 10 + dogs_as_emus] = 2
    return logits(said, 3, 0.8)


def _material(make_runs, scores):
    return material_of(write_runs(make_runs, scores, TRUTH, names=NAMES))


def test_each_cell_is_the_mean_paired_difference_in_points_of_the_true_class(make_runs):
    material = _material(
        make_runs,
        {"ce": [_scores(4, 0), _scores(2, 2)], "focal": [_scores(1, 2), _scores(1, 8)]},
    )
    table = confusion_table(material.comparison, material.results)
    cells = table.set_index(["true", "predicted"])["diff"]

    assert set(table["level"]) == {"focal"}
    assert set(table["n"]) == {2}
    assert cells["cat", "dog"] == pytest.approx(-20)  # 40 to 10 and 20 to 10 of a hundred
    assert cells["cat", "cat"] == pytest.approx(20)
    assert cells["dog", "emu"] == pytest.approx(20)  # 0 to 10 and 10 to 40
    assert cells["emu", "emu"] == 0
    assert cells.groupby("true").sum().tolist() == pytest.approx([0, 0, 0], abs=1e-9)
    assert table.set_index(["true", "predicted"])["baseline"]["cat", "dog"] == pytest.approx(30)


def test_cells_have_fixed_dark_or_light_text_on_opaque_colours(make_runs):
    material = _material(make_runs, {"ce": [_scores(4, 0)], "focal": [_scores(0, 2)]})
    (picture,) = pictures(material)
    panel, scale = picture.draw().axes

    image = panel.images[0]
    assert image.get_array().tolist() == [
        pytest.approx([40, -40, 0]),
        pytest.approx([0, -10, 10]),
        pytest.approx([0, 0, 0]),
    ]
    assert image.get_clim() == (-40, 40)
    texts = {text.get_text(): text.get_color() for text in panel.texts}
    assert texts == {
        "+40": "#fafafa",
        "\N{MINUS SIGN}40": "#fafafa",
        "\N{MINUS SIGN}10": "#1a1a1a",
        "+10": "#1a1a1a",
    }
    assert scale.get_title() == "points"
    assert "takes 40.0 of 100 examples of cat fewer for dog" in picture.description
    colours = image.cmap(np.linspace(0, 1, 9))
    assert (colours[:, 3] == 1).all()
    assert file_bytes(picture, "svg").count(b"<image") == 2


def test_of_many_classes_the_mistakes_that_changed_most_are_points(make_runs):
    truth = np.repeat(np.arange(25), 4)
    names = [f"class {k}" for k in range(25)]
    worse = truth.copy()
    worse[:3] = 7  # of class 0
    worse[4:6] = 9  # of class 1
    scores = {
        "ce": [logits(truth, 25, 0.8)],
        "a": [logits(worse, 25, 0.8)],
        "b": [logits(truth, 25, 0.8)],
    }
    material = material_of(write_runs(make_runs, scores, truth, names=names))
    (picture,) = pictures(material)

    first = picture.table.iloc[:4]
    assert set(first["true"]) == {"class 0", "class 1"}
    assert first[first["level"] == "a"]["diff"].tolist() == pytest.approx([75, 50])
    (axes,) = picture.draw().axes
    assert [label.get_text() for label in axes.get_yticklabels()][:2] == [
        "class 0 as class 7",
        "class 1 as class 9",
    ]
    assert "these are the 20 mistakes" in picture.caption
    assert len(picture.draw().legends[0].get_texts()) == 2


def test_recall_is_no_mistake_that_changed(make_runs):
    material = _material(make_runs, {"ce": [_scores(4, 0)], "focal": [_scores(0, 0)]})
    table = changed_pairs(confusion_table(material.comparison, material.results))
    assert (table["true"] != table["predicted"]).all()
    assert table.iloc[0]["diff"] == pytest.approx(-40)


def test_pairs_are_of_seeds_in_which_both_worked(make_runs):
    scores = {"ce": [_scores(4, 0), _scores(2, 0)], "focal": [_scores(1, 0)]}
    material = _material(make_runs, scores)
    table = confusion_table(material.comparison, material.results)
    assert set(table["n"]) == {1}
    assert table.set_index(["true", "predicted"])["diff"]["cat", "dog"] == pytest.approx(-30)


def test_six_levels_beside_the_baseline_and_the_others_by_name(make_runs):
    scores = {name: [_scores(k, 0)] for k, name in enumerate(["ce", *"abcdefgh"])}
    (picture,) = pictures(_material(make_runs, scores))
    assert len(picture.draw().axes) == 6 + 1
    assert picture.caption.endswith("fit: g, h.")


def test_nothing_without_a_second_level_or_without_a_baseline_that_worked(make_runs):
    assert not list(pictures(_material(make_runs, {"ce": [_scores(4, 0)]})))
    runs = make_runs({"ce": [float("nan")], "b": [0.9]}, name="failed")
    assert not list(pictures(material_of(runs)))

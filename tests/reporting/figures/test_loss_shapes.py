"""Loss shapes: tables and lines against curves that are worked out here."""

import json
import math

import numpy as np
import pytest

from lossbench import comparison, store
from lossbench.reporting.figures import (
    file_bytes,
    loss_shapes,
    loss_shapes_table,
    materials,
    pictures_of,
)

MARGIN = "lead of the label's score over the others (logits)"
RESIDUAL = "residual, output − target (target units)"


def curve(value, slope, over=MARGIN, low=-6.0, high=6.0, labels=("",)):
    x = np.linspace(low, high, 49)
    line = {"value": list(map(value, x.tolist())), "gradient": list(map(slope, x.tolist()))}
    return {
        "x": x.tolist(),
        "x_label": over,
        "variable": "score",
        "held": "",
        "lines": [{"label": label, **line} for label in labels],
    }


LOGISTIC = curve(lambda m: math.log1p(math.exp(-m)), lambda m: -1 / (1 + math.exp(m)))
HINGE = curve(lambda m: 3 * max(0.0, 1 - m), lambda m: -3.0 if m < 1 else 0.0)
SQUARE = curve(lambda r: r * r, lambda r: 2 * r, RESIDUAL, -4, 4)
ABSOLUTE = curve(abs, lambda r: float(np.sign(r)), RESIDUAL, -4, 4)


@pytest.fixture
def material_of(make_runs):
    """Makes runs of losses with given curves, None for one that has none; their material."""

    def make(curves, **how):
        scores = {level: [0.9 - 0.001 * k] * 3 for k, level in enumerate(curves)}
        folder = make_runs(scores, **how)
        for level, found in curves.items():
            job = store.job_folder(folder, f"made-mnist_mini-{level}-1")  # of the second seed alone
            if found is not None:
                (job / store.LOSS_CURVE).write_text(json.dumps(found))
        stored = [store.read_experiment(folder)]
        (material,) = materials(stored, comparison.compare(stored))
        return material

    return make


def shapes(material):
    return [one for one in pictures_of(material) if one.name == "loss-shapes"]


def lines_of(axes):
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def test_the_table_has_every_point_that_was_recorded(material_of):
    material = material_of({"cross_entropy": LOGISTIC, "hinge": HINGE})
    table = loss_shapes_table(material.comparison, material.folders)
    assert list(table["level"].unique()) == ["cross_entropy", "hinge"]
    hinge = table[table["level"] == "hinge"]
    assert list(hinge["x"]) == pytest.approx(HINGE["x"])
    assert list(hinge["loss"]) == HINGE["lines"][0]["value"]
    assert set(hinge["unit_slope"]) == {3.0}
    assert set(table[table["level"] == "cross_entropy"]["unit_slope"]) == {0.5}  # 1 / (1 + e^0)


def test_at_equal_slope_all_lines_have_slope_minus_one_at_margin_zero(material_of):
    material = material_of({"cross_entropy": LOGISTIC, "hinge": HINGE})
    equal, original = shapes(material)
    assert (equal.variant, original.variant) == ("at equal slope", "original scale")
    for picture, at_zero in ((equal, {-1.0}), (original, {-0.5, -3.0})):
        left, right = picture.draw().axes
        found = lines_of(right)
        assert list(found) == ["cross_entropy", "hinge"]
        zero = {round(float(np.interp(0, *line.get_data())), 6) for line in found.values()}
        assert zero == at_zero
        assert left.get_ylabel() == "loss" and right.get_ylabel() == "slope: d loss / d score"
    hinge = lines_of(equal.draw().axes[0])["hinge"]
    assert np.interp(-6, *hinge.get_data()) == pytest.approx(7.0)  # 3 * (1 + 6) / 3
    assert "hinge 1 and 0" in equal.description


def test_residuals_are_made_equal_at_one_and_stand_apart_from_margins(material_of):
    curves = {"mse": SQUARE, "mae": ABSOLUTE, "poisson": curve(math.exp, math.exp, "other", -1, 1)}
    equal, _ = shapes(material_of(curves, metric="rmse"))
    panels = equal.draw().axes
    assert len(panels) == 4
    second, first = lines_of(panels[1]), lines_of(panels[3])  # the best mean comes first
    assert set(first) == {"mse", "mae"} and set(second) == {"poisson"}
    for line in first.values():
        assert np.interp(1, *line.get_data()) == pytest.approx(1.0)
    assert np.max(second["poisson"].get_ydata()) == pytest.approx(1.0)  # at its steepest
    assert "mse 4 and 4" in equal.description and "panels of their own" in equal.caption


def test_colours_are_those_of_the_level_and_the_baseline_is_black_and_dashed(material_of):
    material = material_of({"cross_entropy": LOGISTIC, "hinge": HINGE})
    found = lines_of(shapes(material)[0].draw().axes[0])
    assert found["cross_entropy"].get_color() == "#000000"
    assert found["cross_entropy"].get_linestyle() == "--"
    assert found["hinge"].get_color() == material.looks["hinge"].colour
    assert found["hinge"].get_marker() == material.looks["hinge"].marker


def test_two_lines_of_one_loss_differ_in_their_markers_and_names(material_of):
    both = {**HINGE, "lines": [*HINGE["lines"], dict(HINGE["lines"][0])]}
    for line, label in zip(both["lines"], ("frequent class", "rare class"), strict=True):
        line["label"] = label
    found = lines_of(
        shapes(material_of({"cross_entropy": LOGISTIC, "hinge": both}))[0].draw().axes[0]
    )
    assert {"hinge, frequent class", "hinge, rare class"} < set(found)
    filled, hollow = found["hinge, frequent class"], found["hinge, rare class"]
    assert filled.get_markerfacecolor() == filled.get_color()
    assert hollow.get_markerfacecolor() == "none"


def test_what_has_no_curve_is_named(material_of):
    equal, _ = shapes(material_of({"cross_entropy": LOGISTIC, "dice": None}))
    assert "No curve was recorded of: dice." in equal.caption
    assert set(lines_of(equal.draw().axes[0])) == {"cross_entropy"}


def test_without_any_curve_there_is_no_picture(material_of):
    assert shapes(material_of({"cross_entropy": None, "dice": None})) == []


def test_a_loss_that_is_flat_where_slopes_are_made_equal_is_left_out_and_named(material_of):
    flat = curve(lambda m: float(m < -1), lambda m: 0.0)
    equal, original = shapes(material_of({"cross_entropy": LOGISTIC, "flat": flat}))
    assert "Left out, as flat there: flat." in equal.caption
    assert set(lines_of(equal.draw().axes[0])) == {"cross_entropy"}
    assert set(lines_of(original.draw().axes[0])) == {"cross_entropy", "flat"}


def test_where_all_are_flat_there_is_the_original_scale_alone(material_of):
    flat = curve(lambda m: float(m < -1), lambda m: 0.0)
    (only,) = shapes(material_of({"cross_entropy": flat, "flat": flat}))
    assert only.variant == "original scale" and len(file_bytes(only, "svg")) > 1000


def test_levels_that_differ_in_something_else_have_no_loss_shapes(make_runs):
    folder = make_runs({"adam": [0.9] * 3, "sgd": [0.8] * 3}, factor="optimizer", loss="mse")
    job = store.job_folder(folder, "made-mnist_mini-adam-0")
    (job / store.LOSS_CURVE).write_text(json.dumps(SQUARE))
    stored = [store.read_experiment(folder)]
    (material,) = materials(stored, comparison.compare(stored))
    assert material.comparison.factor == "optimizer" and shapes(material) == []


def test_forty_losses_give_a_small_picture_with_eight_names(material_of):
    curves = {
        f"loss_{k}": curve(lambda m, k=k: math.exp(-m / 9) * k, lambda m, k=k: -k / 9.0)
        for k in range(1, 40)
    }
    equal, _ = shapes(material_of({"cross_entropy": LOGISTIC} | curves))
    axes = equal.draw().axes[0]
    assert len(lines_of(axes)) == 8 and len(axes.lines) >= 40
    assert len(file_bytes(equal, "svg")) < 100_000
    assert len(equal.table) == 40 * 7
    assert "Thin and grey: 32 more" in equal.caption


def test_names_are_shown_as_they_are_and_one_with_its_own_table(material_of):
    name = "$x_1$ <script> & " + "long" * 40
    table = loss_shapes_table(
        (material := material_of({"cross_entropy": LOGISTIC, "hinge": HINGE})).comparison,
        material.folders,
    )
    table.loc[table["level"] == "hinge", "level"] = name
    figure = loss_shapes(table, scale="original")
    (legend,) = figure.legends
    texts = [text.get_text() for text in legend.get_texts()]
    table["level"] = table["level"].replace("cross_entropy", "_own")
    (hidden,) = loss_shapes(table[table["level"] == "_own"]).legends
    assert "_own" in hidden.get_texts()[0].get_text()
    assert texts[1].startswith(r"\$x_1\$ <script>") and len(texts[1]) < 40


def test_scaled_targets_are_said(make_runs, material_of):
    folder = make_runs(
        {level: [{"value": 0.5, "target_scale": "standard"}] * 3 for level in ("mse", "mae")},
        metric="rmse",
    )
    (store.job_folder(folder, "made-mnist_mini-mse-0") / store.LOSS_CURVE).write_text(
        json.dumps(SQUARE)
    )
    stored = [store.read_experiment(folder)]
    (material,) = materials(stored, comparison.compare(stored))
    equal, _ = shapes(material)
    assert "targets that were scaled" in equal.caption
    assert "(scaled target)" in equal.draw().axes[0].get_xlabel()

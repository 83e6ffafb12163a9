import numpy as np
import pytest

from lossbench import store
from lossbench.reporting.figures import file_bytes, reliability, reliability_table
from lossbench.reporting.figures.reliability import pictures
from tests.reporting.figures.made_answers import logits, material_of, write_runs

NAMES = ("cat", "dog", "emu")
TRUTH = np.zeros(40, int)
SURE = logits([0] * 30 + [1] * 10, 3, 0.9)  # three quarters right
MODEST = logits([0] * 36 + [2] * 4, 3, 0.6)


def _table(material):
    one = material.comparison
    return reliability_table(material.answers, material.results, one.jobs, one.metric)


def test_bins_hold_confidence_and_accuracy_of_all_seeds_before_and_after_the_temperature(make_runs):
    folder = write_runs(make_runs, {"ce": [SURE, MODEST]}, TRUTH, names=NAMES)
    table = _table(material_of(folder))

    raw = table[(table["stage"] == "raw") & table["bin"].notna()]
    assert raw["bin"].tolist() == [8, 13]  # 0.6 is the right end of its bin, 0.9 inside
    assert raw["count"].tolist() == [40, 40]
    assert raw["confidence"].tolist() == pytest.approx([0.6, 0.9])
    assert raw["accuracy"].tolist() == pytest.approx([0.9, 0.75])
    after = table[(table["stage"] == "temperature") & table["bin"].notna()]
    # at T = 2 probabilities are in the ratio of their square roots
    expected = [np.sqrt(p) / (np.sqrt(p) + 2 * np.sqrt((1 - p) / 2)) for p in (0.6, 0.9)]
    assert after["confidence"].tolist() == pytest.approx(expected)


def test_the_calibration_error_is_the_mean_of_the_seeds_as_results_have_it(make_runs):
    folder = write_runs(make_runs, {"ce": [SURE, MODEST]}, TRUTH, names=NAMES)
    whole = _table(material_of(folder)).query("bin.isna() and stage == 'raw'").iloc[0]

    assert whole["ece"] == pytest.approx((0.15 + 0.3) / 2)
    assert whole["count"] == 80
    assert whole["seeds"] == 2
    assert 0 < whole["floor"] < 0.15


def test_scores_that_are_no_probabilities_are_shown_after_the_temperature_alone(make_runs):
    scores = {"ce": [SURE], "hinge": [MODEST]}
    folder = write_runs(make_runs, scores, TRUTH, names=NAMES, raw={"hinge": False})
    material = material_of(folder)
    table = _table(material)

    assert set(table[table["level"] == "ce"]["stage"]) == {"raw", "temperature"}
    assert set(table[table["level"] == "hinge"]["stage"]) == {"temperature"}
    (picture,) = pictures(material)
    assert "hinge after temperature scaling" in picture.description


def test_a_panel_for_each_level_with_its_colour_and_its_calibration_error(make_runs):
    folder = write_runs(make_runs, {"ce": [SURE], "focal": [MODEST]}, TRUTH, names=NAMES)
    material = material_of(folder)
    (picture,) = pictures(material)
    first, second = picture.draw().axes

    assert first.get_title(loc="left") == "ce"
    assert second.get_title(loc="left") == "focal"
    assert "ECE 15.0, after T" in first.texts[0].get_text()
    diagonal, raw, after = second.lines
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert raw.get_color() == after.get_color() == material.looks["focal"].colour
    assert raw.get_xydata().tolist() == [pytest.approx([0.6, 0.9])]


def test_bins_with_few_examples_are_in_the_table_and_not_drawn(make_runs):
    few = np.concatenate([SURE[:35], logits([1] * 5, 3, 0.5)])
    material = material_of(write_runs(make_runs, {"ce": [few]}, TRUTH, names=NAMES))
    table = _table(material)

    assert table[(table["stage"] == "raw") & table["bin"].notna()]["count"].tolist() == [5, 35]
    raw = reliability(table).axes[0].lines[1]
    assert len(raw.get_xdata()) == 1


def test_missing_damaged_and_nan_predictions_are_left_out(make_runs):
    bad = SURE.copy()
    scores = {"ce": [SURE, SURE], "gone": [SURE], "cut": [SURE], "nan": [SURE]}
    folder = write_runs(make_runs, scores, TRUTH, names=NAMES)
    bad[3] = np.nan
    place = lambda level: store.job_folder(folder, f"made-mnist_mini-{level}-0")  # noqa: E731
    (place("gone") / "predictions.npz").unlink()
    (place("cut") / "predictions.npz").write_bytes(b"PK\x03\x04 no more")
    np.savez(place("nan") / "predictions.npz", example_id=TRUTH, y_true=TRUTH, scores=bad)

    material = material_of(folder)
    assert set(_table(material)["level"]) == {"ce"}
    (picture,) = pictures(material)
    assert "Left out" in picture.caption


def test_nothing_where_no_network_worked_or_nothing_is_a_class(make_runs):
    assert not list(pictures(material_of(make_runs({"ce": [float("nan")], "b": [float("nan")]}))))
    runs = make_runs({"mse": [0.5], "mae": [0.4]}, name="other", metric="mae")
    assert not list(pictures(material_of(runs)))


def test_of_many_jobs_a_few_seeds_of_a_few_levels_are_read(make_runs, monkeypatch):
    from lossbench.reporting.figures import answers

    monkeypatch.setattr(answers, "MOST_JOBS", 20)
    monkeypatch.setattr(answers, "SEEDS", 2)
    scores = {f"loss{k}": [SURE] * 3 for k in range(9)}
    material = material_of(write_runs(make_runs, scores, TRUTH, names=NAMES))

    assert [len(by_seed) for by_seed in material.answers.values()] == [2] * answers.MOST_LEVELS
    (picture,) = pictures(material)
    assert "Only the first 2 seeds" in picture.caption


def test_equal_runs_give_equal_bytes(make_runs):
    folder = write_runs(make_runs, {"ce": [SURE], "a$b_$": [MODEST]}, TRUTH, names=NAMES)
    first, second = (file_bytes(next(iter(pictures(material_of(folder)))), "svg") for _ in range(2))
    assert first == second
    assert b"a$b_$" in first

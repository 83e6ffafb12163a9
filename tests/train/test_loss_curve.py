"""The curve of its loss that a job writes: values by the losses' own formulas, and its cost."""

import json
import time

import numpy as np
import pytest

from lossbench import store
from lossbench.train import job_files
from tests.train.test_job import run

CLASSES = "dataset={name: synthetic_imbalanced, n: 60, n_test: 30}"


def curve(tmp_path, *overrides):
    folder, result = run(tmp_path, "train.epochs=1", *overrides)
    assert result["status"] == "ok", result["message"]
    found = store.read_loss_curve(folder)
    if found is not None:
        assert store.LOSS_CURVE in store.read_result(folder)["files"]
        assert not store.verify(folder)
        assert (folder / store.LOSS_CURVE).stat().st_size < 8 * 1024
    return found


def columns(found, line=0):
    one = found["lines"][line]
    return np.array(found["x"]), np.array(one["value"]), np.array(one["gradient"])


def test_huber_is_a_square_inside_and_a_line_outside(tmp_path):
    found = curve(tmp_path, "losses=[{name: huber, delta: 1.5}]")
    x, value, gradient = columns(found)
    expected = np.where(abs(x) <= 1.5, x**2 / 2, 1.5 * (abs(x) - 0.75))
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    np.testing.assert_allclose(gradient, np.clip(x, -1.5, 1.5), rtol=1e-5, atol=1e-9)
    assert found["x_label"].startswith("residual") and found["held"] == "target 0"
    assert {-1.0, 0.0, 1.0} <= set(x.tolist()), "where slopes are made equal"


def test_cross_entropy_of_a_lead_over_two_other_classes(tmp_path):
    found = curve(tmp_path, CLASSES, "losses=[cross_entropy]", "model=tiny_cnn")
    x, value, gradient = columns(found)
    np.testing.assert_allclose(value, np.log1p(2 * np.exp(-x)), rtol=1e-5)
    np.testing.assert_allclose(gradient, -2 / (np.exp(x) + 2), rtol=1e-5)
    assert found["x_label"].startswith("lead of the label's score") and 0.0 in x


def test_a_weighted_loss_has_a_line_for_a_frequent_and_for_a_rare_class(tmp_path):
    found = curve(tmp_path, CLASSES, "losses=[weighted_ce]", "model=tiny_cnn")
    _, frequent, _ = columns(found, 0)
    _, rare, _ = columns(found, 1)
    np.testing.assert_allclose(rare / frequent, 100.0, rtol=1e-4)  # 1,000 examples against 10
    assert ["frequent" in line["label"] for line in found["lines"]] == [True, False]


def test_equal_jobs_write_equal_bytes_and_the_second_needs_no_time(tmp_path):
    texts = []
    for name in "ab":
        job_files._loss_curve.cache_clear()
        (tmp_path / name).mkdir()
        folder, _ = run(tmp_path / name, "train.epochs=1")
        texts.append((folder / store.LOSS_CURVE).read_bytes())
    assert texts[0] == texts[1]
    record = json.dumps({"name": "mse", "params": {}}, sort_keys=True)
    job_files._loss_curve(record, "regression")
    started = time.perf_counter()
    job_files._loss_curve(record, "regression")
    assert time.perf_counter() - started < 0.01


def test_a_function_that_takes_other_shapes_only_leaves_no_file_and_the_job_works(tmp_path):
    source = tmp_path / "picky.py"
    source.write_text(
        "from keras import ops\n"
        "def picky(y_true, y_pred):\n"
        "    assert y_pred.shape[0] != 97, 'a batch of this size was not expected'\n"
        "    return ops.mean(ops.square(y_true - y_pred), axis=-1)\n"
    )
    own = f'losses=[{{name: custom, target: "{source}:picky", task: regression}}]'
    assert curve(tmp_path, own) is None


def test_a_loss_of_several_outputs_has_none(tmp_path):
    heads = "losses=[{name: heads, heads: {digit: cross_entropy, position: mse}}]"
    data = "dataset={name: digit_position, subset: 60}"
    folder, result = run(tmp_path, "train.epochs=1", data, heads)
    assert result["status"] == "ok", result["message"]
    assert not (folder / store.LOSS_CURVE).exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda curve: curve.pop("x"),
        lambda curve: curve["x"].reverse(),
        lambda curve: curve["lines"].clear(),
        lambda curve: curve["lines"][0]["value"].pop(),
        lambda curve: curve["lines"][0].update(gradient=[None] * 3),
        lambda curve: curve.update(x_label=7),
    ],
)
def test_a_damaged_file_is_no_curve(tmp_path, damage):
    line = {"label": "", "value": [4.0, 1.0, 0.0], "gradient": [-4.0, -2.0, 0.0]}
    whole = {"x": [-2, -1, 0], "x_label": "residual", "variable": "r", "held": "", "lines": [line]}
    path = tmp_path / store.LOSS_CURVE
    path.write_text(json.dumps(whole))
    assert store.read_loss_curve(tmp_path) == whole
    damage(whole)
    path.write_text(json.dumps(whole))
    assert store.read_loss_curve(tmp_path) is None
    path.write_text("{")
    assert store.read_loss_curve(tmp_path) is None
    path.unlink()
    assert store.read_loss_curve(tmp_path) is None


def test_backends_that_are_not_tensorflow_leave_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(job_files.backends, "current", lambda: "jax")
    job_files.write_loss_curve(tmp_path, None)
    assert not list(tmp_path.iterdir())

"""A trained network under the losses of its experiment, against the scores that it kept."""

import numpy as np
import pytest

from lossbench import store
from lossbench.train import cross_loss
from tests.train.test_scale_control import run_all

TEXT = """
dataset: {name: mnist_mini, subset: 100}
model: tiny_cnn
losses:
  - cross_entropy
  - {name: focal, gamma: 3.0}
  - center_loss
  - arcface
  - {name: drw, start: 0.5, base: focal}
  - {name: sum, terms: [{loss: cross_entropy}, {loss: l2_weights}], label: penalised}
seeds: [3]
train: {epochs: 2, batch_size: 32}
protocol: {head_controls: false}
"""


def values(result):
    return {row["loss"]: row["value"] for row in result["cross_loss"]}


def reasons(result):
    return {row["loss"]: row["reason"] for row in result["cross_loss"] if "reason" in row}


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    folder = tmp_path_factory.mktemp("several")
    return run_all(folder, TEXT)


def test_means_are_those_of_the_kept_scores(several):
    for folder, result in several.values():
        if result["head"] != "classes":
            continue
        with np.load(folder / "predictions.npz") as saved:
            z, labels = saved["scores"].astype(float), saved["y_true"]
        own = np.take_along_axis(z, labels[:, None], axis=1)[:, 0]
        nll = -np.log(np.exp(own) / np.exp(z).sum(axis=1))
        assert values(result)["cross_entropy"] == pytest.approx(nll.mean(), rel=1e-5)
        focal = (1 - np.exp(-nll)) ** 3 * nll
        assert values(result)["focal[gamma=3]"] == pytest.approx(focal.mean(), rel=1e-5)


def test_what_cannot_be_evaluated_says_why(several):
    _, result = several["cross_entropy", 3]
    assert set(values(result)) == {loss for loss, _ in several}
    told = reasons(result)
    assert "weights of its own" in told["center"]
    assert "other outputs: cosine (10) instead of classes (10)" in told["arcface"]
    assert "penalty" in told["penalised"]
    assert all(values(result)[name] is None for name in told)
    _, cosine = several["arcface", 3]
    assert values(cosine)["arcface"] > 0 and values(cosine)["cross_entropy"] is None


def test_an_epoch_is_that_of_the_end(several):
    # From half of the epochs on this loss weighs classes, evenly ones here: focal with gamma 2.
    _, result = several["cross_entropy", 3]
    assert values(result)["drw[base=focal,start=0.5]"] > values(result)["focal[gamma=3]"]


def test_regression_is_seen_on_the_scale_of_the_losses(tmp_path):
    text = """
dataset: {name: synthetic_regression, n: 60, n_test: 20, image_size: 10}
model: tiny_cnn
losses: [mse, mae, gaussian_nll]
seeds: [3]
train: {epochs: 1, batch_size: 16}
"""
    found = run_all(tmp_path, text)
    _, result = found["mse", 3]
    raw = {
        row["metric"]: row["value"]
        for row in result["metrics"]
        if (row["split"], row["at"]) == ("test", "selected")
    }
    ratio = values(result)["mse"] ** 0.5 / values(result)["mae"]
    assert ratio == pytest.approx(raw["rmse"] / raw["mae"], rel=1e-4), "one scale for both"
    assert "other outputs" in reasons(result)["gaussian_nll"]


HEADS = """
dataset: {name: digit_position, subset: 60}
model: tiny_cnn
losses:
  - {name: heads, heads: {digit: cross_entropy, position: mse}, label: plain}
  - {name: heads, heads: {digit: focal, position: huber}, weighting: dwa, label: by history}
seeds: [3]
train: {epochs: 1, batch_size: 16}
"""


@pytest.mark.slow
def test_losses_of_several_heads(tmp_path):
    found = run_all(tmp_path, HEADS)
    for loss, seed in found:
        _, result = found[loss, seed]
        assert values(result)["plain"] > 0, result
        assert "how its own training went" in reasons(result)["by history"]


MASKS = """
dataset: {name: synthetic_segmentation, n: 50, n_test: 10, image_size: 16}
model: unet_small
losses: [bce, cross_entropy]
seeds: [3]
train: {epochs: 1, batch_size: 16}
"""


@pytest.mark.slow
def test_losses_of_pixels(tmp_path):
    for (loss, _), (_, result) in run_all(tmp_path, MASKS).items():
        other = {"bce": "cross_entropy", "cross_entropy": "bce"}[loss]
        # Hardly trained, of two classes: a little more or less than log 2.
        assert 0.4 < values(result)[loss] < 1.0
        assert "other outputs" in reasons(result)[other]


BROKEN = """
from keras import ops


def broken(labels, outputs):
    if outputs.shape[0] == 1000:
        raise RuntimeError("no such luck")
    return ops.mean(outputs, axis=-1) ** 2


def whole(labels, outputs):
    return ops.mean(outputs**2)
"""


def test_one_that_fails_costs_nobody_anything(tmp_path):
    (tmp_path / "own.py").write_text(BROKEN)
    losses = (
        "losses=[cross_entropy, {name: custom, target: 'own.py:broken'},"
        "{name: custom, target: 'own.py:whole'}]"
    )
    found = run_all(tmp_path, TEXT, losses)
    assert {result["status"] for _, result in found.values()} == {"ok"}
    _, result = found["broken", 3]
    assert "no such luck" in reasons(result)["broken"]
    assert "whole batch" in reasons(result)["whole"]
    assert values(result)["cross_entropy"] > 0


def test_pieces_and_the_last_one_filled_up_give_the_same_mean(tmp_path, monkeypatch, several):
    monkeypatch.setattr(cross_loss, "EXAMPLES_AT_ONCE", 7)
    monkeypatch.setattr(cross_loss.backends, "compiles", lambda: False)
    found = run_all(tmp_path, TEXT, "losses=[cross_entropy, {name: focal, gamma: 3.0}]")
    for name in ("cross_entropy", "focal[gamma=3]"):
        expected = values(several["cross_entropy", 3][1])[name]
        assert values(found["cross_entropy", 3][1])[name] == pytest.approx(expected, rel=1e-6)


def test_the_table_has_a_row_for_each_pair(make_runs, tmp_path):
    row = {"loss": "focal", "value": None, "reason": "it reads embeddings"}
    told = {"value": 0.7, "cross_loss": [{"loss": "cross_entropy", "value": 1.5}, row]}
    folder = make_runs({"cross_entropy": [told], "focal": [None]})
    store.write_tables(store.read_experiment(folder))
    lines = (folder / "cross_loss.csv").read_text().splitlines()
    job = "made-mnist_mini-cross_entropy-0"
    assert lines == [
        "job_id,loss,evaluated,value,reason",
        f"{job},cross_entropy,cross_entropy,1.5,",
        f"{job},cross_entropy,focal,,it reads embeddings",
    ]

"""Jobs run in this process, on tiny data."""

import csv
import json

import keras
import numpy as np
import pytest

from lossbench import config, datasets, models, store
from lossbench.plan import make_plan
from lossbench.train.job import run_job

EXPERIMENT = """
dataset: {name: synthetic_regression, n: 80, n_test: 30, image_size: 10}
model: seed_cnn
losses: [mse]
seeds: [5]
train: {epochs: 3, batch_size: 16}
"""


def run(tmp_path, *overrides, text=EXPERIMENT):
    """Run the only job of an experiment; returns its folder and its result."""
    path = tmp_path / "e.yaml"
    path.write_text(text)
    experiment = config.load(path, overrides).checked()
    facts = [datasets.describe(d.name, d.params) for d in experiment.datasets]
    plan = make_plan(experiment, facts)
    assert not plan.problems and len(plan.jobs) == 1, plan
    (job,) = plan.jobs
    folder = store.job_folder(tmp_path, job.id)
    store.write_json(folder / "job.json", job.record())
    return folder, run_job(folder, threads=1)


def metric(result, name, split="test", at="selected"):
    (found,) = (
        m["value"]
        for m in result["metrics"]
        if (m["metric"], m["split"], m["at"], m["stage"]) == (name, split, at, "raw")
    )
    return found


def test_the_same_job_twice_gives_identical_numbers(tmp_path):
    first, one = run(tmp_path / "a" if (tmp_path / "a").mkdir() is None else tmp_path)
    second, two = run(tmp_path / "b" if (tmp_path / "b").mkdir() is None else tmp_path)
    assert one["status"] == "ok"
    assert one["metrics"] == two["metrics"]
    assert (first / "steps.csv").read_text() == (second / "steps.csv").read_text()
    with np.load(first / "predictions.npz") as a, np.load(second / "predictions.npz") as b:
        for key in a:
            np.testing.assert_array_equal(a[key], b[key])


def test_equals_a_plain_keras_script(tmp_path):
    """The index-fed loop does what `fit` on float images does, batch by batch."""
    folder, _ = run(tmp_path)
    from lossbench.train.loop import epoch_order

    params = {"n": 80, "n_test": 30, "image_size": 10}
    splits = datasets.load("synthetic_regression", params)
    network = models.build("seed_cnn", {}, splits.train.images.shape[1:], 1)
    network.set_weights(models.draw_initial_weights(network, 5))
    network.compile(keras.optimizers.Adam(0.001), keras.losses.MeanSquaredError())
    images = splits.train.images.astype("float32") / 255
    losses = []
    for epoch in (1, 2, 3):
        order = epoch_order(5, epoch, len(images))
        for start in range(0, len(order), 16):
            batch = order[start : start + 16]
            losses.append(network.train_on_batch(images[batch], splits.train.targets[batch]))
            network.reset_metrics()
    with (folder / "steps.csv").open(newline="") as file:
        recorded = [float(row["loss"]) for row in csv.DictReader(file)]
    np.testing.assert_allclose(recorded, np.ravel(losses), rtol=2e-4)


def test_the_epoch_is_chosen_on_validation_by_the_metric(tmp_path):
    folder, result = run(tmp_path, "train.epochs=6", "optimizer={name: adam, learning_rate: 0.03}")
    with (folder / "epochs.csv").open(newline="") as file:
        rmse = [float(r["value"]) for r in csv.DictReader(file) if r["metric"] == "rmse"]
    assert len(rmse) == 6
    assert result["selected_epoch"] == int(np.argmin(rmse)) + 1
    assert metric(result, "rmse", "validation") == pytest.approx(min(rmse))
    assert metric(result, "rmse", "validation", "last") == pytest.approx(rmse[-1])
    with np.load(folder / "predictions.npz") as saved:
        error = saved["scores"] - saved["y_true"]
        assert metric(result, "rmse") == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-6)
        error = saved["validation_scores"] - saved["validation_y_true"]
        assert min(rmse) == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-6)


@pytest.mark.parametrize("loss", ["bce", "weighted_bce", "binary_hinge", "cross_entropy"])
def test_two_classes_with_one_output_or_two(tmp_path, loss):
    text = (
        "dataset: {name: synthetic_imbalanced, n: 600, n_test: 100, ratio: 3, "
        "image_size: 10, contrast: 1.5}\n"
        f"model: seed_cnn\nlosses: [{loss}]\nseeds: [1]\ntrain: {{epochs: 8, batch_size: 16}}\n"
    )
    folder, result = run(tmp_path, text=text)
    assert (result["status"], result["task"]) == ("ok", "binary")
    assert result["outputs"] == (2 if loss == "cross_entropy" else 1)
    assert metric(result, "roc_auc") > 0.7, "it learns, and the right way round"
    measured = {m["metric"] for m in result["metrics"] if m["stage"] == "raw"}
    assert ("nll" in measured) == (loss != "binary_hinge")
    scaled = {m["metric"] for m in result["metrics"] if m["stage"] == "temperature"}
    assert scaled == {"nll", "brier_score", "ece"}
    with np.load(folder / "predictions.npz") as saved:
        assert saved["scores"].shape == (100, 2)


def test_divergence_ends_the_run_with_a_status(tmp_path):
    folder, result = run(tmp_path, "optimizer={name: sgd, learning_rate: 1000}")
    assert result["status"] in ("nan", "diverged")
    assert result["message"] and "metrics" not in result
    assert json.loads((folder / "result.json").read_text())["status"] == result["status"]
    assert (folder / "steps.csv").is_file() and not (folder / "predictions.npz").exists()


@pytest.mark.parametrize(
    "optimizer",
    ["adam", "sgd", "{name: sgd, learning_rate: 0.01, momentum: 0.9, nesterov: true}", "rmsprop"],
)
def test_every_optimizer_learns(tmp_path, optimizer):
    folder, result = run(tmp_path, f"optimizer={optimizer}", "train.epochs=5")
    with (folder / "steps.csv").open(newline="") as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert result["status"] == "ok"
    assert np.mean(losses[-5:]) < np.mean(losses[:5])


def test_an_unexpected_error_becomes_a_result_and_a_log(tmp_path):
    folder, _ = run(tmp_path)
    job = json.loads((folder / "job.json").read_text())
    store.write_json(folder / "job.json", job | {"model": {"name": "no_such", "params": {}}})
    result = run_job(folder, threads=1)
    assert result["status"] == "error" and "no_such" in result["message"]
    assert "Traceback" in (folder / "log.txt").read_text()

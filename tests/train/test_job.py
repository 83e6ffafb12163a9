"""Jobs run in this process, on tiny data."""

import csv
import json

import keras
import numpy as np
import pytest

from lossbench import config, datasets, models, store
from lossbench.plan import make_plan
from lossbench.train import assembly, checkpoint, loop, settling, watch
from lossbench.train.job import run_job

EXPERIMENT = """
dataset: {name: synthetic_regression, n: 80, n_test: 30, image_size: 10}
model: seed_cnn
losses: [mse]
seeds: [5]
train: {epochs: 3, batch_size: 16}
"""


def run(tmp_path, *overrides, text=EXPERIMENT, **options):
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
    return folder, run_job(folder, threads=1, **options)


def metric(result, name, split="test", at="selected"):
    (found,) = (
        m["value"]
        for m in result["metrics"]
        if (m["metric"], m["split"], m["at"], m["stage"]) == (name, split, at, "raw")
    )
    return found


def numbers(folder, result):
    """All that a job computed, without times and memory."""
    with np.load(folder / "predictions.npz") as saved:
        predictions = {key: saved[key].tolist() for key in saved}
    with (folder / "epochs.csv").open(newline="") as file:
        epochs = [
            {k: v for k, v in row.items() if not k.startswith("seconds")}
            for row in csv.DictReader(file)
            if row["metric"] not in ("step_ms", "memory_mib")
        ]
    return result["metrics"], (folder / "steps.csv").read_text(), predictions, epochs


def test_the_same_job_gives_identical_numbers_traced_anew_or_reused(tmp_path):
    found = {}
    for name, seed, forget in (("a", 5, True), ("b", 6, False), ("c", 5, False), ("d", 5, True)):
        (tmp_path / name).mkdir()
        if forget:
            assembly._kept.clear()
        found[name] = numbers(*run(tmp_path / name, f"seeds=[{seed}]"))
        assert len(assembly._kept) == 1, "seeds share the traced network"
    assert found["a"] == found["c"] == found["d"]
    assert found["a"] != found["b"]


def test_a_reused_network_takes_the_learning_rate_of_the_job(tmp_path):
    for name in "abc":
        (tmp_path / name).mkdir()
    first = numbers(*run(tmp_path / "a"))
    faster = numbers(*run(tmp_path / "b", "optimizer.learning_rate=0.01"))
    again = numbers(*run(tmp_path / "c"))
    assert first == again != faster


@pytest.mark.parametrize("model", ["seed_cnn", "{name: seed_cnn, dropout: 0.5}"])
def test_interrupted_after_an_epoch_it_goes_on_bit_identically(tmp_path, stop_after, model):
    """Stopped in the third of six epochs by the stop file, then run again."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    changes = ("train.epochs=6", f"model={model}")
    whole = numbers(*run(tmp_path / "a", *changes))
    stop = tmp_path / "stop"
    stop_after(stop, 2)
    folder, result = run(tmp_path / "b", *changes, stop=stop)
    assert result["status"] == "interrupted"
    assert (folder / "checkpoint.npz").is_file() and not (folder / "result.json").exists()
    stop.unlink()
    assembly._kept.clear()
    folder, result = run(tmp_path / "b", *changes)
    assert numbers(folder, result) == whole
    assert not (folder / "checkpoint.npz").exists()
    assert list(folder.glob("lease.*")) == []


@pytest.mark.parametrize("damage", ["truncated", "foreign", "other threads"])
def test_a_checkpoint_that_does_not_fit_is_not_used(tmp_path, monkeypatch, damage):
    (tmp_path / "a").mkdir()
    whole = numbers(*run(tmp_path / "a"))
    folder, _ = run(tmp_path, checkpoint_every_s=0.0)
    job = json.loads((folder / "job.json").read_text())
    setting = settling.settle(job)
    fed, _ = assembly.assemble(setting)
    state = loop.State(1, 1, 0.5, loop.weights_of(fed), np.zeros(1), np.zeros(1))
    about = watch.Watch(folder, 2 if damage == "other threads" else 1, 0.0, None).about
    content = checkpoint.snapshot(fed, state, about)
    content = {"truncated": content[:3000], "foreign": b"no zip file"}.get(damage, content)
    (folder / "result.json").unlink()
    checkpoint.write(folder, content)
    folder, result = run(tmp_path)
    assert numbers(folder, result) == whole
    assert "the job starts anew" in (folder / "log.txt").read_text()


def test_a_job_that_is_finished_or_held_is_not_run(tmp_path):
    folder, result = run(tmp_path)
    before = (folder / "result.json").stat().st_mtime_ns
    assert run_job(folder, threads=1) == {"job_id": result["job_id"], "status": "claimed"}
    assert (folder / "result.json").stat().st_mtime_ns == before
    (folder / "result.json").unlink()
    lease = store.claim(folder)
    assert run_job(folder, threads=1)["status"] == "claimed"
    lease.release()
    assert run_job(folder, threads=1)["status"] == "ok"


def test_equals_a_plain_keras_script(tmp_path):
    """The index-fed loop does what `fit` on float images does, batch by batch."""
    folder, _ = run(tmp_path, "train.target_scale=none")
    from lossbench.train.ordering import epoch_order

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
    assert scaled == {"nll", "brier_score", "ece", "ece_floor"} and len(result["thresholds"]) == 1
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
    (folder / "result.json").unlink()
    result = run_job(folder, threads=1)
    assert result["status"] == "error" and "no_such" in result["message"]
    assert "Traceback" in (folder / "log.txt").read_text()


SEVERAL = """
dataset: {name: digit_position, subset: 120}
model: seed_cnn
losses: [{name: heads, heads: {position: huber, digit: cross_entropy}, weighting: uncertainty}]
seeds: [5]
train: {epochs: 4, batch_size: 16}
"""


def per_output(result, name):
    return next(one for one in result["per_output"] if one["output"] == name)


def test_several_outputs_are_measured_each_by_its_own_task(tmp_path):
    folder, result = run(tmp_path, text=SEVERAL)
    assert (result["status"], result["task"]) == ("ok", "multioutput")
    assert (result["head"], result["outputs"]) == ("per_output", 12)
    assert result["selection_metric"] == "digit.accuracy"
    assert result["temperature"].keys() == {"digit"}
    with np.load(folder / "predictions.npz") as saved:
        assert saved["outputs"].tolist() == ["digit", "position"], "in the order of the data"
        (digits, places), (classes, positions) = saved["score_columns"], saved["target_columns"]
        truth = saved["y_true"][:, classes[0]]
        hits = saved["scores"][:, slice(*digits)].argmax(axis=1) == truth
        error = saved["scores"][:, slice(*places)] - saved["y_true"][:, slice(*positions)]
    assert metric(result, "digit.accuracy") == pytest.approx(hits.mean())
    of_each_target = np.sqrt(np.mean(error**2, axis=0))
    assert metric(result, "position.rmse") == pytest.approx(of_each_target.mean(), rel=1e-6)
    assert np.sum(per_output(result, "digit")["confusion"]) == 1000
    assert per_output(result, "position")["confusion"] is None
    with (folder / "epochs.csv").open(newline="") as file:
        measured = {row["metric"] for row in csv.DictReader(file)}
    assert {"digit.accuracy", "position.rmse", "training_loss"} <= measured


def test_several_outputs_equal_a_plain_keras_script(tmp_path):
    """Cross-entropy of ten logits, and Huber's loss of two standardised targets, added."""
    folder, _ = run(tmp_path, "losses.0.weighting=fixed", "train.epochs=2", text=SEVERAL)
    from lossbench.train.ordering import epoch_order

    splits = datasets.load("digit_position", {"subset": 120})
    targets = splits.train.targets.astype("float64")
    place = (targets[:, 1:] - targets[:, 1:].mean(axis=0)) / targets[:, 1:].std(axis=0)
    targets = np.column_stack([targets[:, 0], place]).astype("float32")

    def both(y, z):
        digit = keras.losses.sparse_categorical_crossentropy(y[:, 0], z[:, :10], from_logits=True)
        return digit + keras.losses.huber(y[:, 1:], z[:, 10:])

    network = models.build("seed_cnn", {}, splits.train.images.shape[1:], 12)
    network.set_weights(models.draw_initial_weights(network, 5))
    network.compile(keras.optimizers.Adam(0.001), both)
    images = splits.train.images.astype("float32") / 255
    losses = []
    for epoch in (1, 2):
        order = epoch_order(5, epoch, len(images))
        for start in range(0, len(order), 16):
            batch = order[start : start + 16]
            losses.append(network.train_on_batch(images[batch], targets[batch]))
            network.reset_metrics()
    with (folder / "steps.csv").open(newline="") as file:
        recorded = [float(row["loss"]) for row in csv.DictReader(file)]
    np.testing.assert_allclose(recorded, np.ravel(losses), rtol=2e-4)


def test_the_epoch_is_chosen_by_the_metric_of_an_output(tmp_path):
    folder, result = run(tmp_path, "protocol.metric=position.mae", text=SEVERAL)
    with (folder / "epochs.csv").open(newline="") as file:
        mae = [float(r["value"]) for r in csv.DictReader(file) if r["metric"] == "position.mae"]
    assert result["selected_epoch"] == int(np.argmin(mae)) + 1
    assert metric(result, "position.mae", "validation") == pytest.approx(min(mae))


@pytest.mark.parametrize("scale", ["standard", "robust", "none"])
def test_regression_heads_see_scaled_targets_and_classes_stay(tmp_path, scale):
    run(tmp_path, f"train.target_scale={scale}", text=SEVERAL)
    fed = next(reversed(assembly._kept.values())).fed
    seen = np.array(fed.targets)
    np.testing.assert_array_equal(seen[:, 0], np.rint(seen[:, 0]))
    splits = datasets.load("digit_position", {"subset": 120})
    targets = splits.train.targets
    np.testing.assert_array_equal(seen[: len(targets), 0], targets[:, 0])
    if scale == "none":
        np.testing.assert_array_equal(seen[: len(targets)], targets)
    else:
        centre = np.mean if scale == "standard" else np.median
        np.testing.assert_allclose(centre(seen[: len(targets), 1:], axis=0), 0, atol=1e-5)


@pytest.mark.parametrize(
    "loss",
    [
        "{digit: {name: class_balanced, base: focal}, position: gaussian_nll}",
        "{digit: center, position: hl_gauss}",
        "{digit: {name: sum, terms: [{loss: ce}, {loss: l2_weights, weight: 1.0e-4}]}, "
        "position: {name: quantile, quantile: [0.1, 0.5, 0.9]}}",
        "{digit: {name: keras, class_name: CategoricalHinge}, position: barron_adaptive}",
    ],
)
@pytest.mark.parametrize("weighting", ["dwa", "uncertainty"])
def test_heads_get_what_their_losses_need(tmp_path, loss, weighting):
    change = f"losses=[{{name: heads, heads: {loss}, weighting: {weighting}}}]"
    _, result = run(tmp_path, change, "train.epochs=3", text=SEVERAL)
    assert result["status"] == "ok", result


@pytest.mark.parametrize("weighting", ["uncertainty", "dwa"])
def test_several_outputs_interrupted_go_on_bit_identically(tmp_path, stop_after, weighting):
    """The weights of the weighting, and the losses that it looks back on, are in the checkpoint."""
    change = f"losses.0.weighting={weighting}"
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = numbers(*run(tmp_path / "a", change, text=SEVERAL))
    if weighting == "uncertainty":
        (own,) = next(reversed(assembly._kept.values())).fed.loss_weights.values()
        assert (np.array(own) != 0).all(), "they were trained"
    stop = tmp_path / "stop"
    stop_after(stop, 3)
    _, result = run(tmp_path / "b", change, text=SEVERAL, stop=stop)
    assert result["status"] == "interrupted"
    stop.unlink()
    assembly._kept.clear()
    assert numbers(*run(tmp_path / "b", change, text=SEVERAL)) == whole


MASKS = """
dataset: {name: synthetic_segmentation, n: 60, n_test: 20, image_size: 13, radius: 3, contrast: 3.0}
model: unet_small
losses: [bce]
seeds: [5]
optimizer: {name: adam, learning_rate: 0.003}
train: {epochs: 5, batch_size: 4}
"""


@pytest.mark.parametrize(
    ("changes", "outputs", "temperature"),
    [
        ([], 1, True),
        (["losses=[dice]"], 1, True),
        (["losses=[cross_entropy]"], 2, True),
        (["losses=[{name: sum, terms: [{loss: dice}, {loss: ce}]}]", "dataset.classes=3"], 3, True),
        (["losses=[{name: jaccard, over: example}]", "dataset.classes=3"], 3, True),
    ],
)
def test_masks_are_trained_measured_and_kept(tmp_path, changes, outputs, temperature):
    folder, result = run(tmp_path, *changes, text=MASKS)
    assert (result["status"], result["task"]) == ("ok", "segmentation"), result["message"]
    assert result["outputs"] == outputs
    assert 0 < metric(result, "dice_score") <= 1
    assert (result["temperature"] is not None) == temperature
    classes = 3 if "dataset.classes=3" in changes else 2
    assert result["class_names"] == ["background", "disk", "square"][:classes]
    counts = np.array(result["confusion"])
    assert counts.shape == (classes, classes) and counts.sum() == 20 * 13 * 13
    assert metric(result, "pixel_accuracy") == pytest.approx(np.trace(counts) / counts.sum())
    iou = [row["value"] for row in result["per_label"] if row["metric"] == "iou"]
    both = counts.sum(axis=0) + counts.sum(axis=1) - np.diag(counts)
    assert iou == pytest.approx(np.diag(counts) / both)
    with np.load(folder / "predictions.npz", allow_pickle=False) as saved:
        assert saved["y_pred"].dtype == saved["y_true"].dtype == np.uint8
        assert saved["y_pred"].shape == saved["y_true"].shape == (20, 13, 13)
        assert saved["validation_y_pred"].shape == (6, 13, 13)
        assert (saved["y_pred"] == saved["y_true"]).mean() == metric(result, "pixel_accuracy")
        assert not any("scores" in key for key in saved)
    raw = {row["metric"] for row in result["metrics"] if row["stage"] == "raw"}
    probabilistic = changes in ([], ["losses=[cross_entropy]"])
    assert ("pixel_nll" in raw) == probabilistic
    assert {"hd95", "boundary_f1", "missed_objects", "mean_iou"} <= raw


def test_masks_are_predicted_a_few_at_a_time(tmp_path, monkeypatch):
    _, result = run(tmp_path, text=MASKS)
    monkeypatch.setattr(assembly.evaluation, "PIXELS_AT_ONCE", 500)  # two images of 13 x 13
    monkeypatch.setattr(assembly.evaluation, "PROBE_PIXELS", 10 * 13 * 13)
    (other := tmp_path / "other").mkdir()
    _, again = run(other, text=MASKS)
    examples = {row["split"]: row["n_examples"] for row in again["metrics"]}
    assert examples == {"train": 10, "validation": 6, "test": 20}
    for name in ("dice_score", "hd95"):
        assert metric(again, name) == metric(result, name)

"""Fine-tuning: frozen, in stages and whole, on images and on features."""

import csv
import json

import keras
import numpy as np
import pytest

from lossbench import config, datasets, models, store
from lossbench.plan import make_plan
from lossbench.train import assembly, frozen, loading, settling, stages, watch
from lossbench.train.job import run_job
from lossbench.train.ordering import epoch_order
from lossbench.train.stages import Stage, stage_at, stages_of
from tests.small_backbone import pretrain

EXPERIMENT = """
dataset: {{name: mnist_mini, subset: 200}}
model: {{name: keras_file, path: {path}}}
losses: [cross_entropy]
seeds: [5]
train: {{epochs: 4, batch_size: 32}}
optimizer: {{name: adam, learning_rate: 0.05}}
"""
TWO = "train.stages=[{epochs: 2, trainable: none}, {epochs: 2, trainable: {last: 2}, "
STAGED = TWO + "learning_rate_factor: 0.1}]"


@pytest.fixture(scope="session")
def backbone(tmp_path_factory):
    return pretrain(tmp_path_factory.mktemp("backbone") / "small.keras")


@pytest.fixture
def run(tmp_path, backbone):
    """Runs the only job of an experiment; returns its folder and its result."""

    def run_it(*overrides, name="a", **options):
        (tmp_path / name).mkdir(exist_ok=True)
        path = tmp_path / name / "e.yaml"
        path.write_text(EXPERIMENT.format(path=backbone))
        experiment = config.load(path, overrides).checked()
        facts = [datasets.describe(d.name, d.params) for d in experiment.datasets]
        plan = make_plan(experiment, facts)
        assert not plan.problems and len(plan.jobs) == 1, plan
        (job,) = plan.jobs
        folder = store.job_folder(tmp_path / name, job.id)
        store.write_json(folder / "job.json", job.record())
        return folder, run_job(folder, threads=1, **options)

    return run_it


@pytest.fixture
def forget():
    """Forgets what was traced and computed, before the test and when called."""

    def clear():
        assembly._kept.clear()
        loading.load_data.cache_clear()

    clear()
    return clear


def table(folder, name):
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def numbers(folder, result):
    """All that a job computed, without times and memory."""
    with np.load(folder / "predictions.npz") as saved:
        predictions = {key: saved[key].tolist() for key in saved}
    epochs = [
        {k: v for k, v in row.items() if not k.startswith("seconds")}
        for row in table(folder, "epochs.csv")
        if row["metric"] not in ("step_ms", "memory_mib")
    ]
    return result["metrics"], (folder / "steps.csv").read_text(), predictions, epochs


def accuracies(folder):
    return [float(r["value"]) for r in table(folder, "epochs.csv") if r["metric"] == "accuracy"]


def on_images(monkeypatch):
    """Switch training on features off."""
    real = stages.stages_of

    def without(job):
        return tuple(Stage(**{**vars(one), "on_features": False}) for one in real(job))

    for module in (assembly, settling):
        monkeypatch.setattr(module, "stages_of", without)


def job_with(trainable="none", given=(), augment=(), epochs=6):
    params = {} if trainable is None else {"trainable": trainable}
    train = {"epochs": epochs, "stages": list(given), "augment": list(augment)}
    return {"model": {"params": params}, "train": train}


def test_a_training_without_stages_is_one():
    assert stages_of(job_with(None)) == (Stage(1, 1, 6),)
    assert stages_of(job_with("all")) == (Stage(1, 1, 6, "all"),)
    assert stages_of(job_with("none")) == (Stage(1, 1, 6, "none", on_features=True),)
    assert stages_of(job_with("none", augment=[{"name": "flip"}])) == (Stage(1, 1, 6, "none"),)


def test_stages_follow_one_another_and_take_what_the_network_says():
    given = [
        {"epochs": 1},
        {"epochs": 2, "trainable": {"last": 2}, "learning_rate_factor": 0.5},
        {"epochs": 3, "trainable": "none"},
    ]
    found = stages_of(job_with("none", given))
    assert found == (
        Stage(1, 1, 1, "none", on_features=True),
        Stage(2, 2, 3, {"last": 2}, 0.5),
        Stage(3, 4, 6, "none"),  # the backbone is this job's own by now
    )
    assert [stage_at(found, epoch).number for epoch in range(1, 8)] == [1, 2, 2, 3, 3, 3, 3]
    assert stages_of(job_with("all", given))[0] == Stage(1, 1, 1, "all")


@pytest.mark.parametrize(
    "changes",
    [
        (),
        ("model.dropout=0.4",),
        ("model.image_size=20", "model.pooling=max"),
        ("losses=[cosine_softmax]", "model.dropout=0.2"),
        ("losses=[center]",),
        ("losses=[{name: sum, terms: [{loss: ce}, {loss: l2_weights, weight: 0.01}]}]",),
        ("dataset={name: mnist_mini, subset: 200, label_noise: {type: symmetric, rate: 0.2}}",),
    ],
)
def test_features_give_the_numbers_that_images_give(run, forget, monkeypatch, changes):
    folder, result = run(*changes, name="features")
    assert next(reversed(assembly._kept.values())).fed.on_features
    weights = assembly._kept.popitem()[1].network.get_weights()
    forget()
    on_images(monkeypatch)
    other, same = run(*changes, name="images")
    kept = next(reversed(assembly._kept.values()))
    assert not kept.fed.on_features
    for one, two in zip(weights, kept.network.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, atol=2e-4)
    for key in ("init_sha256", "head_init_sha256", "params", "trainable_params", "image_shape"):
        assert result[key] == same[key]
    losses = [[float(r["loss"]) for r in table(f, "steps.csv")] for f in (folder, other)]
    np.testing.assert_allclose(*losses, rtol=1e-3)
    with np.load(folder / "predictions.npz") as one, np.load(other / "predictions.npz") as two:
        assert one.files == two.files
        for key in one.files:
            np.testing.assert_allclose(one[key], two[key], atol=2e-3)
    for one, two in zip(result["metrics"], same["metrics"], strict=True):
        assert one["metric"] == two["metric"]
        if one["value"] is not None and one["metric"] not in ("ece",):  # which counts in bins
            assert one["value"] == pytest.approx(two["value"], abs=5e-3), one


def test_the_same_stages_give_identical_numbers_traced_anew_or_reused(run, forget):
    found = {}
    for name, seed, anew in (("a", 5, True), ("b", 6, False), ("c", 5, False), ("d", 5, True)):
        if anew:
            forget()
        found[name] = numbers(*run(f"seeds=[{seed}]", STAGED, name=name))
        (kept,) = assembly._kept.values()
        assert sorted(kept.stages) == [1, 2], "seeds share what was traced"
    assert found["a"] == found["c"] == found["d"]
    assert found["a"] != found["b"]


def test_features_are_computed_once_for_all_jobs_of_a_worker(run, forget, monkeypatch):
    calls = []
    real = frozen.load_features

    def counted(*args, **kwargs):
        calls.append(args)
        return real(*args, **kwargs)

    monkeypatch.setattr(frozen, "load_features", counted)
    _, first = run(name="a")
    _, second = run("seeds=[6]", name="b")
    run("losses=[focal]", "optimizer.learning_rate=0.1", name="c")
    assert len(calls) == 1
    assert first["seconds_features"] > 0 and second["seconds_features"] == 0
    run("model.pooling=max", name="d")
    assert len(calls) == 2


def test_what_decides_features_is_part_of_their_key(backbone):
    def key(shape=(12, 12, 1), change=False, **params):
        usual = {"image_size": None, "pooling": "avg", "trainable": "none"}
        given = {"path": str(backbone), **usual, **params}
        network = models.build("keras_file", given, shape, 3)
        if change:
            weight = models.backbone_of(network).weights[0]
            weight.assign(weight + 1e-7)
        return frozen.feature_key(models.up_to_pooled(network))

    same = key()
    assert key() == key(trainable="all") == key(dropout=0.5) == same
    different = (
        key(image_size=16),
        key(image_size=17),
        key(pooling="max"),
        key(change=True),
        key((14, 12, 1)),
    )
    hashes = {found["network"] for found in (same, *different)}
    assert len(hashes) == 1 + len(different)
    assert {"versions", "backend", "threads", "dtype_policy"} < same.keys()


@pytest.mark.slow
def test_interrupted_anywhere_it_goes_on_bit_identically(run, forget, tmp_path, monkeypatch):
    """Stopped after each epoch: within stages, and at the border between them."""
    stop = tmp_path / "stop"
    changes = (
        "train.stages=[{epochs: 2}, {epochs: 2, trainable: {last: 3}, learning_rate_factor: 0.2}]",
        "losses=[center]",  # has weights of its own
    )
    whole = numbers(*run(*changes, name="whole"))
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.0)
    real = watch.Watch.epoch
    for after in (1, 2, 3):

        def epoch(self, state, after=after):
            real(self, state)
            if state.epoch == after:
                stop.touch()

        monkeypatch.setattr(watch.Watch, "epoch", epoch)
        folder, result = run(*changes, name=f"after{after}", stop=stop)
        assert result["status"] == "interrupted"
        assert (folder / "checkpoint.npz").is_file()
        stop.unlink()
        forget()
        monkeypatch.setattr(watch.Watch, "epoch", real)
        folder, result = run(*changes, name=f"after{after}")
        assert "starts anew" not in (folder / "log.txt").read_text()
        assert numbers(folder, result) == whole, after


def test_a_checkpoint_on_features_holds_the_head_alone(run, forget, tmp_path, monkeypatch):
    stop = tmp_path / "stop"
    stop.touch()
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.0)
    _, result = run(name="a", stop=stop)
    assert result["status"] == "interrupted", "while features are computed, without a checkpoint"
    stop.unlink()
    real = watch.Watch.epoch
    monkeypatch.setattr(watch.Watch, "epoch", lambda *args: (real(*args), stop.touch()))
    folder, _ = run(name="a", stop=stop)
    with np.load(folder / "checkpoint.npz") as saved:
        shapes = {key: saved[key].shape for key in saved.files if key.startswith("network")}
    assert sorted(shapes.values()) == [(10,), (12, 10)]


def test_a_damaged_checkpoint_of_a_later_stage_starts_anew(run, forget, tmp_path, monkeypatch):
    whole = numbers(*run(STAGED, name="whole"))
    stop = tmp_path / "stop"
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.0)
    real = watch.Watch.epoch

    def epoch(self, state):
        real(self, state)
        if state.epoch == 3:
            stop.touch()

    monkeypatch.setattr(watch.Watch, "epoch", epoch)
    run(STAGED, name="a", stop=stop)
    stop.unlink()
    monkeypatch.setattr(watch.Watch, "epoch", real)
    monkeypatch.setattr(watch.environment, "versions", lambda: {"keras": "0"})
    folder, result = run(STAGED, name="a")
    assert "the job starts anew" in (folder / "log.txt").read_text()
    assert numbers(folder, result) == whole


@pytest.mark.parametrize(
    ("first", "trainable", "factor", "expected"),
    [
        (1, "{last: 1}", "1.0e-9", (1, 2)),  # nothing changes, and the earlier epoch is taken
        (1, "all", "10", (1, 2)),  # the second stage ruins what the first has reached
        ("1.0e-9", "{last: 1}", "0.3", (3, 4)),  # nothing is learnt before
    ],
)
def test_the_best_epoch_may_lie_in_any_stage(run, forget, first, trainable, factor, expected):
    second = f"{{epochs: 2, trainable: {trainable}, learning_rate_factor: {factor}}}"
    folder, result = run(f"train.stages=[{{epochs: 2, learning_rate_factor: {first}}}, {second}]")
    of_validation = accuracies(folder)
    assert result["selected_epoch"] == int(np.argmax(of_validation)) + 1
    assert result["selected_epoch"] in expected
    (found,) = (
        m["value"]
        for m in result["metrics"]
        if (m["metric"], m["split"], m["at"], m["stage"])
        == ("accuracy", "validation", "selected", "raw")
    )
    assert found == pytest.approx(max(of_validation))
    with np.load(folder / "predictions.npz") as saved:
        assert (saved["scores"].argmax(1) == saved["y_true"]).mean() > 0.15  # a tenth is chance


def test_another_backbone_at_the_start_of_a_job_has_features_of_its_own(run, forget, monkeypatch):
    """Weights that are drawn for each seed, and not read from a file."""
    monkeypatch.setattr(models, "pretrained_weights", lambda network: {})
    found = {}
    for name, seed, anew in (("a", 1, True), ("b", 2, False), ("c", 2, True)):
        if anew:
            forget()
        found[name] = numbers(*run(f"seeds=[{seed}]", name=name))
    assert found["b"] == found["c"] != found["a"]


def test_rates_and_stages_are_recorded(run, forget):
    folder, result = run(STAGED)
    rates = {int(r["epoch"]): float(r["learning_rate"]) for r in table(folder, "epochs.csv")}
    assert rates == pytest.approx({1: 0.05, 2: 0.05, 3: 0.005, 4: 0.005})
    assert [one["trainable"] for one in result["stages"]] == ["none", {"last": 2}]
    assert [one["on_features"] for one in result["stages"]] == [True, False]
    head, conv3, bn2 = 12 * 10 + 10, 9 * 8 * 12 + 12, 2 * 8
    assert result["trainable_params"] == head + conv3 + bn2
    assert result["params"] > result["trainable_params"]
    assert json.loads((folder / "result.json").read_text())["seconds_features"] > 0


def test_stages_equal_a_plain_keras_script(run, forget, backbone):
    """Head first on a frozen backbone, then its end with a new optimizer at a tenth of the rate."""
    changes = (
        "train.stages=[{epochs: 2}, {epochs: 2, trainable: {last: 1}, learning_rate_factor: 0.1}]"
    )
    folder, _ = run(changes)
    splits = datasets.load("mnist_mini", {"subset": 200})
    params = {"path": str(backbone), "image_size": None, "pooling": "avg", "trainable": "none"}
    network = models.build("keras_file", params, (28, 28, 1), 10)
    given = models.pretrained_weights(network)
    network.set_weights(models.draw_initial_weights(network, 5, given))
    inside = network.get_layer("backbone")
    grey = np.asarray(splits.train.images).astype("float32")
    head = network.get_layer("head")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    losses = []
    for epochs, last, rate in (((1, 2), 0, 0.05), ((3, 4), 1, 0.005)):
        inside.trainable = False
        inside.get_layer("conv3").trainable = inside.trainable = bool(last)
        for layer in inside.layers:
            layer.trainable = layer.name == "conv3" and bool(last)
        optimizer = keras.optimizers.Adam(rate)
        import tensorflow as tf

        for epoch in epochs:
            order = epoch_order(5, epoch, len(grey))
            for start in range(0, len(order), 32):
                batch = order[start : start + 32]
                with tf.GradientTape() as tape:  # dropout of the frozen part is off
                    outputs = head(tf.reduce_mean(inside(grey[batch], training=False), (1, 2)))
                    value = loss(splits.train.targets[batch], outputs)
                weights = inside.trainable_weights + head.trainable_weights
                optimizer.apply(tape.gradient(value, weights), weights)
                losses.append(float(value))
    recorded = [float(r["loss"]) for r in table(folder, "steps.csv")]
    np.testing.assert_allclose(recorded, losses, rtol=1e-3)


def test_augmented_images_pass_through_a_frozen_backbone_each_time(run, forget):
    _, result = run("train.augment=[{name: shift, pixels: 1}]")
    kept = next(reversed(assembly._kept.values()))
    assert not kept.fed.on_features and result["seconds_features"] == 0
    same = [
        np.array_equal(kept.pretrained[path], value)
        for path, value in models.pretrained_weights(kept.network).items()
    ]
    assert all(same) and result["status"] == "ok"


def test_a_pretrained_backbone_tells_more_than_a_drawn_one(run, forget, monkeypatch):
    _, taught = run("train.epochs=10")
    forget()
    monkeypatch.setattr(models, "pretrained_weights", lambda network: {})
    _, drawn = run("train.epochs=10", name="b")

    def accuracy(result):
        return next(m["value"] for m in result["metrics"] if m["metric"] == "accuracy")

    assert accuracy(taught) > accuracy(drawn) + 0.2


def test_too_many_layers_end_the_job_before_it_trains(run, forget):
    given = "train.stages=[{epochs: 2}, {epochs: 2, trainable: {last: 9}}]"
    _, result = run(given)
    assert result["status"] == "error"
    assert "the last 9 layers are to be trained; its backbone has 5" in result["message"]


def test_progress_tells_how_many_images_have_features(run, forget, monkeypatch):
    told = []
    monkeypatch.setattr(watch, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(watch.Watch, "_tell", lambda self, progress: told.append(progress))
    run("train.epochs=4")
    features = [one["features"] for one in told if "features" in one]
    assert features[0] == [0, 1200] and features[-1] == [1200, 1200]
    assert features == sorted(features)


def test_features_beyond_the_memory_budget_are_read_in_batches(run, forget):
    whole = numbers(*run(name="a"))
    forget()
    folder, result = run(name="b", memory_budget_mib=0.001)
    assert result["streamed"] and numbers(folder, result) == whole

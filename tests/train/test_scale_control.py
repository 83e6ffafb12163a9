"""Losses that start with the baseline's gradient norm, against a plain script's own gradients."""

import csv
import json

import numpy as np
import pytest

from lossbench import config, datasets, models, store
from lossbench.plan import make_plan
from lossbench.train import assembly, gradient_norm, settling
from lossbench.train.gradient_norm import probe_batch
from lossbench.train.job import run_job

SEVERAL = """
dataset: {name: mnist_mini, subset: 100}
model: tiny_cnn
losses:
  - cross_entropy
  - focal
  - brier
  - crammer_singer
  - {name: sum, terms: [{loss: cross_entropy, weight: 10}], label: ten}
optimizer: {name: sgd, learning_rate: 0.05}
seeds: [3, 4]
train: {epochs: 1, batch_size: 32, match: gradient_norm}
protocol: {head_controls: false}
"""


PAIR = "losses=[cross_entropy,{name: sum, terms: [{loss: cross_entropy, weight: 10}], label: ten}]"


def planned(tmp_path, text=SEVERAL, *overrides):
    path = tmp_path / "e.yaml"
    path.write_text(text)
    experiment = config.load(path, overrides).checked()
    facts = [datasets.describe(d.name, d.params) for d in experiment.datasets]
    return make_plan(experiment, facts)


def run_all(tmp_path, text=SEVERAL, *overrides, **options):
    """Run the jobs of an experiment; folder and result by display name of the loss and seed."""
    plan = planned(tmp_path, text, *overrides)
    assert not plan.problems, plan.problems
    found = {}
    for job in plan.jobs:
        folder = store.job_folder(tmp_path, job.id)
        store.write_json(folder / "job.json", job.record())
        found[job.names()["loss"], job.seed] = folder, run_job(folder, threads=1, **options)
    return found


def steps(folder):
    with (folder / "steps.csv").open(newline="") as file:
        return np.array([float(row["loss"]) for row in csv.DictReader(file)])


def scores(folder):
    with np.load(folder / "predictions.npz") as saved:
        return saved["scores"]


def by_hand(name, labels, z):
    """The losses written down again, per example."""
    import tensorflow as tf

    hot = tf.one_hot(labels, z.shape[1])
    p = tf.nn.softmax(z)
    own = tf.reduce_sum(p * hot, axis=1)
    if name == "brier":
        return tf.reduce_sum((p - hot) ** 2, axis=1)
    if name == "focal":
        return -((1 - own) ** 2) * tf.math.log(own)
    if name == "crammer_singer":
        other = tf.reduce_max(z - 1e9 * hot, axis=1)
        return tf.nn.relu(1 + other - tf.reduce_sum(z * hot, axis=1))
    return -tf.math.log(own) * (10 if name == "ten" else 1)


@pytest.fixture(scope="module")
def matched(tmp_path_factory):
    return run_all(tmp_path_factory.mktemp("matched"))


def test_norms_measured_by_a_plain_script_agree_after_matching(matched):
    import tensorflow as tf

    for seed in (3, 4):
        norms, initial = {}, {}
        for (name, of), (folder, result) in matched.items():
            if of != seed:
                continue
            job = json.loads((folder / "job.json").read_text())
            setting = settling.settle(job)
            network = models.build("tiny_cnn", job["model"]["params"], (28, 28, 1), 10)
            network.set_weights(models.draw_initial_weights(network, seed))
            at = probe_batch(setting.n_train, 32)
            images = setting.splits.train.images[at].astype("float32") / 255
            with tf.GradientTape() as tape:
                values = by_hand(name, setting.splits.train.targets[at], network(images))
                loss = tf.reduce_mean(values)
            found = tape.gradient(loss, [w.value for w in network.trainable_variables])
            flat = np.concatenate([np.ravel(g) for g in found]).astype(float)
            own = np.sqrt(flat @ flat)
            assert result["gradient_norm_initial"] == pytest.approx(own, rel=1e-4)
            norms[name], initial[name] = own * result["loss_scale"], own
        assert norms == pytest.approx(dict.fromkeys(norms, norms["cross_entropy"]), rel=1e-4)
        assert max(initial.values()) > 5 * min(initial.values())
    assert matched["cross_entropy", 3][1]["loss_scale"] == 1.0
    scales = [matched["focal", seed][1]["loss_scale"] for seed in (3, 4)]
    assert scales[0] != scales[1], "a constant for each block"


def test_a_multiple_of_the_baseline_trains_like_it(matched):
    for seed in (3, 4):
        ten, plain = matched["ten", seed], matched["cross_entropy", seed]
        assert ten[1]["loss_scale"] == pytest.approx(0.1, rel=1e-6)
        np.testing.assert_allclose(steps(ten[0]), 10 * steps(plain[0]), rtol=1e-4)
        np.testing.assert_allclose(scores(ten[0]), scores(plain[0]), atol=1e-5)


def test_unmatched_it_trains_otherwise_and_nothing_is_scaled(tmp_path, matched):
    found = run_all(tmp_path, SEVERAL, "train.match=none", "seeds=[3]", PAIR)
    ten, plain = found["ten", 3], found["cross_entropy", 3]
    assert not {"loss_scale", "reference_gradient_norm"} & ten[1].keys()
    ratio = ten[1]["gradient_norm_initial"] / plain[1]["gradient_norm_initial"]
    assert ratio == pytest.approx(10, rel=1e-5)
    assert np.abs(scores(ten[0]) - scores(plain[0])).max() > 0.01
    assert (steps(plain[0]) == steps(matched["cross_entropy", 3][0])).all(), "times one is exact"


def test_the_networks_of_a_worker_give_the_numbers_of_a_new_process(tmp_path, matched):
    assembly._kept.clear()
    alone = run_all(tmp_path, SEVERAL, "seeds=[4]", "losses=[focal, cross_entropy]")
    (a, now), (b, before) = alone["focal", 4], matched["focal", 4]
    assert (steps(a) == steps(b)).all() and now["loss_scale"] == before["loss_scale"]


def test_a_penalty_is_not_scaled(tmp_path):
    found = run_all(tmp_path, SEVERAL, "train.l2=0.1", "seeds=[3]", PAIR)
    np.testing.assert_allclose(
        scores(found["ten", 3][0]), scores(found["cross_entropy", 3][0]), atol=1e-5
    )


TWO_HEADS = """
dataset: {name: synthetic_imbalanced, n: 80, n_test: 30, ratio: 2, image_size: 10}
model: tiny_cnn
losses: [bce, cross_entropy]
seeds: [1]
train: {epochs: 1, batch_size: 16, match: gradient_norm}
"""


def test_another_head_starts_with_the_norm_of_the_baselines_own_run(tmp_path):
    found = run_all(tmp_path, TWO_HEADS)
    bce, other = found["bce", 1][1], found["cross_entropy", 1][1]
    assert (bce["outputs"], other["outputs"]) == (1, 2)
    assert other["reference_gradient_norm"] == bce["gradient_norm_initial"]
    assert other["loss_scale"] * other["gradient_norm_initial"] == pytest.approx(
        bce["gradient_norm_initial"], rel=1e-12
    )


BLOCKS = {
    "own weights and heads": ["losses=[cross_entropy, center_loss, arcface]"],
    "outputs": [
        "dataset={name: digit_position, subset: 60}",
        "losses=[{name: heads, heads: {digit: cross_entropy, position: mse}},"
        "{name: heads, heads: {digit: focal, position: huber}, weighting: uncertainty}]",
    ],
}
RARE = {
    "augmented": ["train.augment=[flip, mixup]", "losses=[cross_entropy, brier]"],
    "precision": ["train.precision=mixed_bfloat16", "losses=[cross_entropy, brier]"],
    "regression": [
        "dataset={name: synthetic_regression, n: 60, n_test: 20, image_size: 10}",
        "losses=[mse, huber, gaussian_nll]",
    ],
    "masks": [
        "dataset={name: synthetic_segmentation, n: 50, n_test: 10, image_size: 16}",
        "model=unet_small",
        "losses=[bce, dice]",
    ],
}


@pytest.mark.parametrize(
    "changes",
    [
        *(pytest.param(changes, id=name) for name, changes in BLOCKS.items()),
        *(pytest.param(changes, id=name, marks=pytest.mark.slow) for name, changes in RARE.items()),
    ],
)
def test_all_of_a_block_start_alike(tmp_path, changes):
    found = run_all(tmp_path, SEVERAL, "seeds=[3]", *changes)
    results = [result for _, result in found.values()]
    assert {result["status"] for result in results} == {"ok"}, results
    scaled = [r["loss_scale"] * r["gradient_norm_initial"] for r in results]
    assert scaled == pytest.approx([results[0]["gradient_norm_initial"]] * len(scaled), rel=1e-6)


FLAT = """
from keras import ops


def flat(labels, outputs):
    return ops.sum(outputs, axis=-1) * 0.0
"""


def test_a_loss_without_gradient_is_an_error_of_its_job_alone(tmp_path):
    (tmp_path / "own.py").write_text(FLAT)
    own = "losses=[cross_entropy, {name: custom, target: 'own.py:flat'}]"
    found = run_all(tmp_path, SEVERAL, "seeds=[3]", own)
    assert found["cross_entropy", 3][1]["status"] == "ok"
    flat = found["flat", 3][1]
    assert (
        flat["status"] == "error"
        and "train.match: flat starts with a gradient norm of 0" in (flat["message"])
    )


def test_after_a_checkpoint_the_norm_is_still_that_of_the_start(tmp_path, stop_after):
    text = SEVERAL.replace("epochs: 1", "epochs: 2")
    changes = "seeds=[3]", "losses=[cross_entropy, focal]"
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = run_all(tmp_path / "whole", text, *changes)
    stop = tmp_path / "stop"
    stop_after(stop, 1)
    first = run_all(tmp_path / "parts", text, *changes, stop=stop)
    assert {result["status"] for _, result in first.values()} == {"interrupted"}
    stop.unlink()
    assembly._kept.clear()
    stop_after(stop, 99)
    parts = run_all(tmp_path / "parts", text, *changes)
    for key in whole:
        (a, was), (b, now) = whole[key], parts[key]
        assert now["gradient_norm_initial"] == was["gradient_norm_initial"]
        assert now["loss_scale"] == was["loss_scale"]
        assert (steps(a) == steps(b)).all()


def test_the_first_norm_needs_no_trace_of_its_own(tmp_path, monkeypatch):
    traces, real = [], gradient_norm._NORMS["tensorflow"]
    monkeypatch.setitem(
        gradient_norm._NORMS,
        "tensorflow",
        lambda fed, weights: traces.append(fed) or real(fed, weights),
    )
    assembly._kept.clear()
    run_all(tmp_path, SEVERAL, "train.match=none", "losses=[cross_entropy]")
    assert len(traces) == 1, "of two seeds, and of the norms before and after the first epoch"

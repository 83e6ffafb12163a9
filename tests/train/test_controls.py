"""Jobs with schedules, penalties, early stopping and mixed precision, run in this process."""

import csv
import itertools
import json

import keras
import numpy as np
import pytest

from lossbench import config, datasets, models, store
from lossbench.plan import make_plan
from lossbench.train import assembly
from lossbench.train.job import run_job
from lossbench.train.ordering import epoch_order

DATA = "{name: synthetic_regression, n: 80, n_test: 30, image_size: 10}"
EXPERIMENT = f"""
dataset: {DATA}
model: tiny_cnn
losses: [mse]
seeds: [5]
train: {{epochs: 3, batch_size: 16, target_scale: none}}
"""
CLASSES = """
dataset: {name: synthetic_imbalanced, n: 300, n_test: 100, ratio: 2, image_size: 10, contrast: 1.5}
model: tiny_cnn
losses: [cross_entropy]
seeds: [1]
train: {epochs: 4, batch_size: 16}
"""


def run(folder, *overrides, text=EXPERIMENT, **options):
    """Run the only job of an experiment; returns its folder and its result."""
    folder.mkdir(exist_ok=True)
    (folder / "e.yaml").write_text(text)
    experiment = config.load(folder / "e.yaml", overrides).checked()
    facts = [datasets.describe(d.name, d.params) for d in experiment.datasets]
    plan = make_plan(experiment, facts)
    assert not plan.problems and len(plan.jobs) == 1, plan
    (job,) = plan.jobs
    where = store.job_folder(folder, job.id)
    store.write_json(where / "job.json", job.record())
    return where, run_job(where, threads=1, **options)


def table(folder, name):
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def step_losses(folder):
    return [float(row["loss"]) for row in table(folder, "steps.csv")]


def rates(folder):
    """The recorded learning rate of each epoch."""
    found = {row["epoch"]: float(row["learning_rate"]) for row in table(folder, "epochs.csv")}
    return list(found.values())


def numbers(folder, result):
    """All that a job computed, without times and memory."""
    epochs = [
        {k: v for k, v in row.items() if not k.startswith("seconds")}
        for row in table(folder, "epochs.csv")
        if row["metric"] not in ("step_ms", "memory_mib")
    ]
    return result["metrics"], step_losses(folder), epochs


def by_keras(optimizer, epochs=3, rate=None):
    """Losses of a plain Keras script on the data of EXPERIMENT, and its network."""
    splits = datasets.load("synthetic_regression", {"n": 80, "n_test": 30, "image_size": 10})
    network = models.build("tiny_cnn", {}, splits.train.images.shape[1:], 1)
    network.set_weights(models.draw_initial_weights(network, 5))
    network.compile(optimizer, keras.losses.MeanSquaredError())
    images, losses = splits.train.images.astype("float32") / 255, []
    for epoch in range(1, epochs + 1):
        order = epoch_order(5, epoch, len(images))
        for start in range(0, len(order), 16):
            batch = order[start : start + 16]
            if rate is not None:
                optimizer.learning_rate = rate(len(losses))
            losses.append(network.train_on_batch(images[batch], splits.train.targets[batch]))
            network.reset_metrics()
    return np.ravel(losses)


def test_everything_about_sgd_equals_a_plain_keras_script(tmp_path):
    given = "momentum: 0.9, nesterov: true, weight_decay: 0.01, global_clipnorm: 1.0"
    folder, _ = run(tmp_path, f"optimizer={{name: sgd, learning_rate: 0.02, {given}}}")
    oracle = keras.optimizers.SGD(0.02, 0.9, True, weight_decay=0.01, global_clipnorm=1.0)
    oracle.exclude_from_weight_decay(var_names=["bias"])
    np.testing.assert_allclose(step_losses(folder), by_keras(oracle), rtol=2e-4)


def test_a_cosine_with_warm_up_equals_keras_with_its_own_schedule(tmp_path):
    folder, result = run(
        tmp_path, "optimizer={name: sgd, learning_rate: 0.02}", "schedule={name: cosine, warmup: 1}"
    )
    per_epoch = len(step_losses(folder)) // 3
    decay = keras.optimizers.schedules.CosineDecay(
        0.0, 2 * per_epoch, warmup_target=0.02, warmup_steps=per_epoch
    )
    np.testing.assert_allclose(
        step_losses(folder), by_keras(keras.optimizers.SGD(decay)), rtol=2e-4
    )
    last_steps = [per_epoch - 1, 2 * per_epoch - 1, 3 * per_epoch - 1]
    assert rates(folder) == pytest.approx([float(decay(at)) for at in last_steps], rel=1e-5)
    assert result["learning_rate"] == 0.02


def test_jobs_that_differ_in_rates_alone_share_a_graph_and_stay_themselves(tmp_path):
    assembly._kept.clear()
    changes = {
        "a": ["schedule=cosine"],
        "b": ["schedule={name: step, epochs: [1]}"],
        "c": ["schedule=cosine", "optimizer.learning_rate=0.01"],
        "d": ["schedule=cosine"],
    }
    found = {key: numbers(*run(tmp_path / key, *of)) for key, of in changes.items()}
    assert len(assembly._kept) == 1
    assert found["a"] == found["d"] and found["a"] not in (found["b"], found["c"])
    run(tmp_path / "plain")
    assert len(assembly._kept) == 2, "without a schedule there is no variable of rates"


def test_the_rate_falls_when_the_validation_metric_does_not_get_better(tmp_path):
    """The least rate of all is reached after patience epochs whose RMSE is hardly better."""
    plateau = "schedule={name: reduce_on_plateau, patience: 1, min_delta: 1e6, factor: 0.5}"
    folder, _ = run(tmp_path, plateau, "train.epochs=5", "optimizer.learning_rate=0.008")
    assert rates(folder) == [0.008, 0.008, 0.004, 0.002, 0.001]


@pytest.mark.parametrize(
    "changes",
    [
        ["schedule={name: reduce_on_plateau, patience: 2, min_delta: 0.01, factor: 0.5}"],
        ["schedule={name: one_cycle}", "train.early_stopping={patience: 2, min_delta: 1e6}"],
        [
            "schedule={name: cosine, warmup: 0.3}",
            "train.precision=mixed_float16",
            "optimizer=nadam",
        ],
    ],
    ids=["plateau", "early stopping", "mixed_float16"],
)
def test_interrupted_it_goes_on_bit_identically(tmp_path, stop_after, changes):
    changes = ["train.epochs=5", *changes]
    whole = numbers(*run(tmp_path / "a", *changes))
    stop = tmp_path / "stop"
    stop_after(stop, 2)
    _, result = run(tmp_path / "b", *changes, stop=stop)
    assert result["status"] == "interrupted"
    stop.unlink()
    assembly._kept.clear()
    assert numbers(*run(tmp_path / "b", *changes)) == whole


def test_l2_is_weight_decay_of_pytorch_in_one_step_of_sgd(tmp_path):
    """PyTorch's SGD adds weight_decay * w to the gradient, which is that of l2 / 2 * w ** 2."""
    torch = pytest.importorskip("torch")
    before, after = (_weights_after_one_step(tmp_path / n, l2) for n, l2 in (("a", 0), ("b", 0.5)))
    for start, plain, decayed in zip(before[0], before[1], after[1], strict=True):
        parameter = torch.nn.Parameter(torch.tensor(start))
        decay = 0.5 if start.ndim > 1 else 0.0
        parameter.grad = torch.tensor((start - plain) / 0.1)
        torch.optim.SGD([parameter], lr=0.1, weight_decay=decay).step()
        np.testing.assert_allclose(decayed, parameter.detach().numpy(), atol=2e-6)


def _weights_after_one_step(folder, l2):
    """Weights before and after the only step of a job."""
    text = EXPERIMENT.replace("epochs: 3, batch_size: 16", f"epochs: 1, batch_size: 72, l2: {l2}")
    run(folder, "optimizer={name: sgd, learning_rate: 0.1}", text=text)
    fed = next(reversed(assembly._kept.values())).fed
    start = models.draw_initial_weights(fed.network, 5)
    return start, [np.array(weight) for weight in fed.network.get_weights()]


def test_l2_trains_as_the_term_l2_weights_does_and_is_not_recorded(tmp_path):
    """The term lacks the factor 1/2; its value is part of the loss, that of train.l2 is not."""
    term = "losses=[{name: sum, terms: [{loss: mse}, {loss: l2_weights, weight: 0.05}]}]"
    as_term, one = run(tmp_path / "a", term)
    as_control, other = run(tmp_path / "b", "train.l2=0.1")
    plain, _ = run(tmp_path / "c")
    values = [
        [m["value"] for m in r["metrics"] if m["metric"] == "rmse" and m["split"] == "validation"]
        for r in (one, other)
    ]
    np.testing.assert_allclose(*values, rtol=1e-4)
    assert step_losses(as_control)[0] == step_losses(plain)[0] < step_losses(as_term)[0] - 0.1
    assert step_losses(as_control)[-1] != step_losses(plain)[-1]
    training = [r for r in table(as_control, "epochs.csv") if r["metric"] == "training_loss"]
    mean = np.mean(step_losses(as_control)[: len(step_losses(as_control)) // 3])
    assert float(training[0]["value"]) == pytest.approx(mean, rel=1e-6)


def test_early_stopping_ends_well_and_says_so(tmp_path):
    rule = "train.early_stopping={patience: 2, min_delta: 1e6}"
    folder, result = run(tmp_path, rule, "train.epochs=9")
    assert (result["status"], result["epochs"], result["epochs_done"]) == ("ok", 9, 3)
    assert result["stopped_early"] is True and result["epochs_unused"] == 6
    assert result["metrics"] and (folder / "predictions.npz").is_file()
    assert len(rates(folder)) == 3
    _, other = run(tmp_path / "all")
    assert (other["stopped_early"], other["epochs_unused"]) == (False, 0)
    _, broken = run(tmp_path / "bad", "optimizer={name: sgd, learning_rate: 1000}")
    assert broken["status"] != "ok"
    assert (broken["stopped_early"], broken["epochs_unused"]) == (False, None)


def test_early_stopping_follows_the_metric_of_the_job_in_its_direction(tmp_path):
    """RMSE falls as it gets better; the same rule on a metric that rises waits for a rise."""
    rule = "train.early_stopping={patience: 1, min_epochs: 1}"
    for metric, better in (("rmse", np.less), ("r2", np.greater)):
        folder, result = run(
            tmp_path / metric, rule, f"protocol.metric={metric}", "train.epochs=8",
            "optimizer.learning_rate=0.02",
        )  # fmt: skip
        seen = [float(r["value"]) for r in table(folder, "epochs.csv") if r["metric"] == metric]
        worse = [not better(now, before) for before, now in itertools.pairwise(seen)]
        assert not any(worse[:-1])
        assert worse[-1] == result["stopped_early"]


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_learns_and_is_recorded(tmp_path, precision):
    _, result = run(tmp_path, f"train.precision={precision}", "train.epochs=8", text=CLASSES)
    assert (result["status"], result["dtype_policy"]) == ("ok", precision)
    (found,) = (
        m["value"]
        for m in result["metrics"]
        if (m["metric"], m["split"], m["at"], m["stage"]) == ("roc_auc", "test", "last", "raw")
    )
    assert found > 0.8
    assert keras.config.dtype_policy().name == "float32"


def test_each_precision_has_a_network_of_its_own(tmp_path):
    assembly._kept.clear()
    first = numbers(*run(tmp_path / "a", text=CLASSES))
    _, mixed = run(tmp_path / "b", "train.precision=mixed_bfloat16", text=CLASSES)
    again, result = run(tmp_path / "c", text=CLASSES)
    assert mixed["dtype_policy"] == "mixed_bfloat16" and result["dtype_policy"] == "float32"
    assert numbers(again, result) == first and len(assembly._kept) == 2


def test_an_overflow_of_half_precision_is_a_result(tmp_path, monkeypatch):
    """Pixels that are multiplied by ten thousand exceed what float16 holds."""
    real = models.draw_initial_weights
    monkeypatch.setattr(
        models, "draw_initial_weights", lambda *a, **k: [1e4 * w for w in real(*a, **k)]
    )
    _, result = run(tmp_path, "train.precision=mixed_float16", text=CLASSES)
    assert result["status"] in ("nan", "diverged"), result.get("message")


MINI = "{name: mnist_mini, subset: 200}"
MASKS = "{name: synthetic_segmentation, n: 40, n_test: 20, image_size: 12}"


@pytest.mark.parametrize(
    ("precision", "loss", "data", "model"),
    [
        ("mixed_float16", "arcface", MINI, "tiny_cnn"),
        ("mixed_bfloat16", "triplet", MINI, "tiny_cnn"),
        ("mixed_float16", "coral", "{name: synthetic_ordinal, n: 120, n_test: 40}", "tiny_cnn"),
        ("mixed_bfloat16", "dice", MASKS, "unet_small"),
    ],
)
def test_losses_see_single_precision(tmp_path, precision, loss, data, model):
    """Heads and embeddings of every kind, whose losses would refuse or mix other types."""
    text = f"""
dataset: {data}
model: {model}
losses: [{loss}]
seeds: [0]
protocol: {{head_controls: false}}
train: {{epochs: 1, batch_size: 16, precision: {precision}}}
"""
    _, result = run(tmp_path, text=text)
    assert result["status"] == "ok", result["message"]


def test_all_of_it_is_in_the_record(tmp_path):
    folder, _ = run(
        tmp_path, "schedule={name: cosine, warmup: 1}", "train.l2=0.5",
        "train.early_stopping={patience: 2}", "optimizer={name: lion, clipvalue: 2}",
    )  # fmt: skip
    job = json.loads((folder / "job.json").read_text())
    assert job["schedule"] == {"name": "cosine", "params": {"final": 0.0, "warmup": 1.0}}
    assert job["train"]["l2"] == 0.5 and job["train"]["early_stopping"] == {"patience": 2}
    assert job["optimizer"]["params"]["clipvalue"] == 2.0

"""Balanced classes, averaged weights and TensorBoard's curves, as a user asks for them."""

import csv
import json

import numpy as np
import pytest

from lossbench.train.ordering import balanced_order, order_sha256
from lossbench.train.settling import settle

EXPERIMENT = """
dataset: {name: mnist_mini, subset: 300, imbalance: {type: exponential, ratio: 10}}
model: tiny_cnn
losses: [cross_entropy, focal]
optimizer: {name: adam, learning_rate: 0.01}
seeds: [3]
train: {epochs: 2, batch_size: 32, sampling: class_balanced, average: {type: ema, decay: 0.9}}
execution: {tensorboard: true}
"""


OTHER = "synthetic_regression"


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def order_of_balanced_classes(job):
    """The hash of the order, made again from the labels of the job's own data."""
    labels = settle(job).splits.train.targets
    assert np.bincount(labels).min() < np.bincount(labels).max() / 5
    return order_sha256(lambda epoch: balanced_order(3, epoch, labels))


@pytest.mark.slow
def test_balanced_averaged_and_with_curves(lossbench):
    path = lossbench.write("e.yaml", EXPERIMENT)
    lossbench("run", path)
    folder = lossbench.cwd / "runs" / "e"
    runs = rows(folder / "runs.csv")
    assert [run["status"] for run in runs] == ["ok", "ok"]
    for run in runs:
        assert float(run["memory_mib"]) > 100 and float(run["best_last_gap"]) >= 0
        assert float(run["gradient_norm_max_ratio"]) >= 1 and int(run["loss_spikes"]) >= 0
        assert -1 <= float(run["train_validation_gap"]) <= 1
        job = folder / "jobs" / run["job_id"]
        assert len(list((job / "tensorboard").iterdir())) == 1
        by_metric = {row["metric"]: row for row in rows(job / "epochs.csv")}
        assert float(by_metric["gradient_norm"]["value"]) > 0
        assert float(by_metric["weight_norm"]["value"]) > 0
        assert by_metric["nonfinite_steps"]["value"] == "0.0"
        low, mid, high = (float(by_metric[f"margin_q{q}"]["value"]) for q in ("05", "50", "95"))
        assert -1 <= low <= mid <= high <= 1
    record = json.loads((folder / "jobs" / runs[0]["job_id"] / "job.json").read_text())
    assert {run["order_sha256"] for run in runs} == {order_of_balanced_classes(record)}
    assert record["train"]["sampling"] == "class_balanced"
    assert record["train"]["average"] == {"type": "ema", "decay": 0.9}
    out, _ = lossbench("status", folder)
    assert "finished" in out
    before = sorted(p for p in folder.rglob("*") if p.is_file())
    lossbench("clean", folder)
    assert sorted(p for p in folder.rglob("*") if p.is_file()) == before
    out, _ = lossbench("run", path)
    assert "nothing to train" in out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("{name: mnist_mini, subset: 300, imbalance: {type: exponential, ratio: 10}}", OTHER),
            "class_balanced needs images of one class each; synthetic_regression poses regression",
        ),
        (("decay: 0.9", "decay: 1.5"), "decay"),
        (("type: ema, decay: 0.9", "type: swa, decay: 0.9"), "decay"),
        (("class_balanced", "balanced"), "shuffled or class_balanced"),
    ],
)
def test_mistakes_are_told(lossbench, change, message):
    text = EXPERIMENT.replace(*change)
    if change[1] == OTHER:
        text = text.replace("[cross_entropy, focal]", "[mse]")
    _, err = lossbench("validate", lossbench.write("e.yaml", text), code=2)
    assert message in err

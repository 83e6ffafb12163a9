"""Matched gradient norms and the table of losses under losses, as a user asks for them."""

import csv
import json

import pytest

EXPERIMENT = """
dataset: {name: mnist_mini, subset: 100}
model: tiny_cnn
losses: [cross_entropy, focal, {name: sum, terms: [{loss: cross_entropy, weight: 10}], label: ten}]
optimizer: {name: sgd, learning_rate: 0.05}
seeds: [3, 4]
train: {epochs: 1, batch_size: 32, match: gradient_norm}
"""


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_matched_losses_and_their_table(lossbench):
    path = lossbench.write("e.yaml", EXPERIMENT)
    lossbench("run", path, "--workers", "1")
    folder = lossbench.cwd / "runs" / "e"
    runs = {(row["loss"], row["seed"]): row for row in rows(folder / "runs.csv")}
    assert {row["status"] for row in runs.values()} == {"ok"}
    for (_, seed), row in runs.items():
        baseline = float(runs["cross_entropy", seed]["gradient_norm_initial"])
        start = float(row["loss_scale"]) * float(row["gradient_norm_initial"])
        assert start == pytest.approx(baseline, rel=1e-6)
        assert float(row["reference_gradient_norm"]) == baseline
        assert row["test_eval_count"] == "1" and row["loss_init_sha256"] == ""
        assert float(runs["ten", seed]["loss_scale"]) == pytest.approx(0.1, rel=1e-6)
    table = rows(folder / "cross_loss.csv")
    assert len(table) == 6 * 3 and {row["reason"] for row in table} == {""}
    for job in {row["job_id"] for row in table}:
        value = {row["evaluated"]: float(row["value"]) for row in table if row["job_id"] == job}
        assert value["ten"] == pytest.approx(10 * value["cross_entropy"], rel=1e-5)
        told = json.loads((folder / "jobs" / job / "job.json").read_text())
        assert told["reference"]["name"] == "cross_entropy"
    out, _ = lossbench("run", path)
    assert "nothing to train" in out


WITHOUT = """
dataset: [mnist_mini, synthetic_imbalanced]
model: tiny_cnn
losses: [bce, cross_entropy]
protocol: {baseline: bce}
train: {match: gradient_norm}
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (EXPERIMENT.replace("gradient_norm", "gradient"), "none or gradient_norm"),
        (WITHOUT, "train.match: gradient_norm needs the baseline on every data set, and bce does"),
    ],
)
def test_what_cannot_be_matched_is_told_before_anything_trains(lossbench, text, message):
    _, err = lossbench("plan", lossbench.write("e.yaml", text), code=2)
    assert message in " ".join(err.split())

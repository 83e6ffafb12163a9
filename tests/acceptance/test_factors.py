"""What users type to compare optimizers, schedules and batch sizes."""

import csv
import json

import pytest

AXES = """
name: axes
dataset: {name: mnist_mini, subset: 200}
model: tiny_cnn
losses: [cross_entropy]
schedule: [constant, cosine]
seeds: 2
train: {epochs: 2, batch_size: [32, 128]}
"""
OPTIMIZERS = """
name: optimizers
dataset: {name: mnist_mini, subset: 1000}
model: seed_cnn
losses: [cross_entropy]
optimizer: [{name: adam, label: Adam}, {name: sgd, label: plain SGD}]
seeds: 3
train: {epochs: 2, batch_size: 32}
"""


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_schedules_and_batch_sizes_are_axes_like_the_loss(lossbench):
    config = lossbench.write("axes.yaml", AXES)
    out, _ = lossbench("plan", config)
    assert "schedules  constant, cosine" in out and "batches of 32, 128" in out
    out, _ = lossbench("run", config)
    assert "cross_entropy, cosine, batch 128, seed 1: validation accuracy" in out
    assert out.count("comparing schedules: mnist_mini[") == 2
    assert out.count("comparing batch sizes: mnist_mini[") == 2

    folder = lossbench.cwd / "runs" / "axes"
    runs = rows(folder / "runs.csv")
    assert {(r["schedule"], r["batch_size"]) for r in runs} == {
        (schedule, size) for schedule in ("constant", "cosine") for size in ("32", "128")
    }
    assert len({r["block_id"] for r in runs}) == len(runs), "another schedule, another block"
    assert len({r["order_sha256"] for r in runs if r["seed"] == "0"}) == 1
    assert len({r["init_sha256"] for r in runs if r["seed"] == "0"}) == 1
    assert len(rows(folder / "convergence.csv")) == 8

    out, _ = lossbench("compare", "runs/axes", "--factor", "batch_size", "--json")
    found = json.loads(out)["comparisons"]
    assert [(c["factor"], c["schedule"], c["baseline"]) for c in found] == [
        ("batch_size", "constant", "32"),
        ("batch_size", "cosine", "32"),
    ]
    assert all(row["n"] == 2 for c in found for row in c["rows"])
    out, _ = lossbench("run", config, "--only", "batch 32", "--only", "cosine")
    assert "nothing to train: all 6 jobs are finished" in out
    _, err = lossbench("run", config, "--only", "tensorflow", code=2)
    assert "no job matches tensorflow" in err, "alike for all jobs, and no name"
    out, _ = lossbench("plan", config, "--set", "schedule=constant")
    assert "schedules" not in out


def test_which_optimizer_converges_faster_and_which_oscillates(lossbench):
    config = lossbench.write("optimizers.yaml", OPTIMIZERS)
    out, _ = lossbench("run", config)
    assert "comparing optimizers: mnist_mini[" in out
    assert "against Adam, by ALC: slower: plain SGD." in out
    assert "oscillation: training loss by step" in out
    assert max(map(len, out.splitlines()[8:])) <= 80

    out, _ = lossbench("compare", "--out", "pictures", "--factor", "optimizer")
    pictures = lossbench.cwd / "pictures"
    assert {path.name for path in pictures.iterdir()} == {
        "comparisons.csv",
        "convergence.csv",
        "training-loss.png",
        "validation.png",
    }
    told = rows(pictures / "convergence.csv")
    assert told == rows(lossbench.cwd / "runs" / "optimizers" / "convergence.csv")
    alc = {
        name: [float(r["alc"]) for r in told if r["optimizer"] == name]
        for name in ("Adam", "plain SGD")
    }
    assert min(alc["Adam"]) > max(alc["plain SGD"])
    assert {r["loss"] for r in told} == {"cross_entropy"}

    out, _ = lossbench("compare", "--baseline", "plain sgd")
    assert "baseline: plain SGD" in out
    for factor, message in {
        "dataset": "data sets cannot be compared: their test images differ",
        "optimiser": "there is no axis 'optimiser'; accepted: loss, optimizer, model",
        "model": "every run has model seed_cnn; at least two models can be compared. The runs "
        "differ in optimizer.",
    }.items():
        _, err = lossbench("compare", "--factor", factor, code=2)
        assert message in " ".join(err.split()), err

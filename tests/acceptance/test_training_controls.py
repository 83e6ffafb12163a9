"""Optimizers, schedules, penalties, early stopping and precision as a user writes them."""

import csv
import json

import pytest

CONFIG = """
name: controlled
dataset: {name: mnist_mini, subset: 400}
model: tiny_cnn
losses: [cross_entropy, brier]
optimizer:
  name: sgd
  learning_rate: 0.05
  momentum: 0.9
  nesterov: true
  weight_decay: 5.0e-4
  global_clipnorm: 1.0
schedule: {name: cosine, warmup: 0.1, final: 0.01}
seeds: 2
train:
  epochs: 6
  batch_size: 32
  l2: 1.0e-4
  early_stopping: {patience: 1, min_delta: 0.5}
  precision: mixed_bfloat16
"""


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_file_that_uses_all_of_it_runs_and_compares(lossbench):
    lossbench.write("e.yaml", CONFIG)
    plan = " ".join(lossbench("plan", "e.yaml")[0].split())
    assert "cosine[final=0.01,warmup=0.1]" in plan
    assert "controls l2: 0.0001, early_stopping: {patience: 1, min_delta: 0.5}, precision:" in plan
    out, _ = lossbench("run", "e.yaml", "--workers", 1)
    assert "early after" in out
    folder = lossbench.cwd / "runs/controlled"
    rows = rows_of(folder / "runs.csv")
    assert {row["status"] for row in rows} == {"ok"} and len(rows) == 4
    assert {row["dtype_policy"] for row in rows} == {"mixed_bfloat16"}
    assert {row["learning_rate"] for row in rows} == {"0.05"}
    for row in rows:
        assert int(row["epochs_done"]) + int(row["epochs_unused"]) == int(row["epochs"]) == 6
        assert (row["stopped_early"] == "True") == (row["epochs_unused"] != "0")
        assert int(row["epochs_done"]) >= 2, "a third of six"
    assert any(row["stopped_early"] == "True" for row in rows)
    rates = {row["epoch"]: float(row["learning_rate"]) for row in rows_of(folder / "epochs.csv")}
    assert 0.05 > rates["1"] > rates["2"] > 0
    compared, _ = lossbench("compare", folder, "--json")
    shown = json.loads(compared)
    assert "FAILURES" not in compared and "brier" in compared, shown
    again, _ = lossbench("run", "e.yaml")
    assert "0 trained now" in again, "a job that stopped early is finished"
    (standing,) = json.loads(lossbench("status", folder, "--json")[0])["experiments"]
    assert standing["finished"] == {"ok": 4}


def test_an_axis_of_optimizers_by_name_and_grid(lossbench):
    text = CONFIG.partition("optimizer:")[0]
    lossbench.write(
        "e.yaml",
        f"{text}optimizer: [lion, {{name: sgd, momentum: {{grid: [0, 0.9]}}}}]\nseeds: 1\n",
    )
    out, _ = lossbench("plan", "e.yaml")
    assert "lion, sgd, sgd[momentum=0.9]" in " ".join(out.split())


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("optimizers", ["nadam", "Keras's Nadam", "global_clipnorm = null", "nesterov = false"]),
        ("schedules", ["one_cycle", "peak_at = 0.3", "warmup = 0.0", "validation metric"]),
    ],
)
def test_the_lists_say_what_there_is(lossbench, kind, told):
    out, _ = lossbench("list", kind)
    assert [text for text in told if text not in " ".join(out.split())] == []


def test_wrong_ones_are_refused_together(lossbench):
    wrong = CONFIG.replace("momentum: 0.9", "clipvalue: 1").replace("warmup: 0.1", "warmup: 8")
    lossbench.write("e.yaml", wrong)
    out, err = lossbench("run", "e.yaml", code=2)
    assert out == "" and "clipvalue are given" in err
    assert "optimizer.nesterov" not in err, "one mistake an entry"
    assert "8 epochs of warm-up leave none of the 6" in err

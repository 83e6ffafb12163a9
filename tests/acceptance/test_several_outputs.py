"""Data with several outputs, each with a loss and metrics of its own."""

import csv
import json

import numpy as np
import pytest

CONFIG = """
name: several
dataset: {name: digit_position, subset: 120}
model: tiny_cnn
losses:
  - {name: heads, heads: {digit: cross_entropy, position: huber}, label: fixed}
  - {name: heads, heads: {digit: cross_entropy, position: huber}, weighting: uncertainty, label: u}
seeds: 2
train: {epochs: 2, batch_size: 32}
"""


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_each_output_is_measured_and_one_judges(lossbench):
    path = lossbench.write("e.yaml", CONFIG)
    planned, _ = lossbench("plan", path)
    assert "multioutput, digit (10 classes)," in planned and "position (2 targets)" in planned
    out, _ = lossbench("run", path)
    assert "digit.accuracy on test in points, higher is better" in out
    folder = lossbench.cwd / "runs/several"
    assert [row["status"] for row in rows(folder / "runs.csv")] == ["ok"] * 4
    measured = {row["metric"] for row in rows(folder / "metrics.csv") if row["split"] == "test"}
    assert {"digit.accuracy", "digit.nll", "position.rmse", "position.mae"} <= measured
    assert all("." in name for name in measured)
    assert {row["output"] for row in rows(folder / "per_class.csv")} == {"digit"}
    found = json.loads(lossbench("compare", folder, "--metric", "position.mae", "--json")[0])
    (compared,) = found["comparisons"]
    assert (compared["metric"], compared["baseline"]) == ("position.mae", "fixed")
    _, err = lossbench("compare", folder, "--metric", "positon.mae", code=2)
    assert "Did you mean 'position.mae'?" in err
    assert "0 trained now" in lossbench("run", path)[0]


@pytest.mark.slow
def test_the_declared_metric_may_be_that_of_an_output(lossbench):
    path = lossbench.write("e.yaml", CONFIG + "protocol: {metric: position.mae, baseline: u}\n")
    out, _ = lossbench("run", path, "--set", "seeds=1")
    assert "position.mae on test, lower is better" in " ".join(out.split()) and "baseline: u" in out
    (chosen,) = {row["selection_metric"] for row in rows(lossbench.cwd / "runs/several/runs.csv")}
    assert chosen == "position.mae"


def test_mistakes_are_told_with_their_place_and_the_nearest_name(lossbench):
    text = CONFIG.replace("position: huber}, label", "positon: huber}, label")
    text = text.replace("position: huber}, w", "position: kl_divergence}, w")
    path = lossbench.write("e.yaml", text + "protocol: {metric: digit.rmse}\n")
    _, err = lossbench("validate", path, code=2)
    assert "losses[0].heads.positon" in err and "Did you mean 'position'?" in err
    assert "output 'position' of digit_position[subset=120]" in err
    assert "'digit.rmse' does not apply" in err


@pytest.mark.slow
def test_the_user_s_own_file_with_several_outputs(lossbench):
    rng = np.random.default_rng(0)
    arrays = {}
    for part, n in (("train", 60), ("test", 20)):
        arrays |= {
            f"x_{part}": rng.integers(0, 256, (n, 8, 8)).astype("uint8"),
            f"y_{part}_kind": np.arange(n) % 2,
            f"y_{part}_size": rng.exponential(size=n),
            f"y_{part}_tags": rng.integers(0, 2, (n, 3)),
        }
    np.savez(lossbench.cwd / "mine.npz", **arrays)
    path = lossbench.write(
        "e.yaml",
        """\
dataset: {name: npz, path: mine.npz}
model: tiny_cnn
losses: [{name: heads, heads: {tags: bce, kind: bce, size: gamma_deviance}, weighting: dwa}]
seeds: 1
train: {epochs: 3, batch_size: 16}
""",
    )
    lossbench("run", path)
    folder = lossbench.cwd / "runs/e"
    (run,) = rows(folder / "runs.csv")
    assert (run["status"], run["selection_metric"]) == ("ok", "kind.average_precision")
    assert json.loads(run["temperature"]).keys() == {"kind", "tags"}
    assert {row["output"] for row in rows(folder / "per_class.csv")} == {"kind", "tags"}
    measured = {row["metric"] for row in rows(folder / "metrics.csv")}
    assert {"kind.roc_auc", "size.gamma_deviance", "tags.mean_average_precision"} <= measured

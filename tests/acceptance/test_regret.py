"""Regret to the best possible predictions, from the file to tables and comparison."""

import csv
import json

import pytest

CONFIG = """
name: known
dataset:
  - {name: synthetic_ordinal, n: 200, n_test: 100, image_size: 8, label: grades}
  - {name: mnist_mini, subset: 100, label: digits}
model: tiny_cnn
losses: [brier, cross_entropy]
seeds: 2
train: {epochs: 1, batch_size: 32}
protocol: {metric: accuracy}
"""


@pytest.mark.slow
def test_regret_is_measured_where_the_truth_is_known(lossbench):
    path = lossbench.write("e.yaml", CONFIG)
    planned, _ = lossbench("plan", path)
    assert planned.count("best possible: ") == 1
    assert "accuracy 0.6876" in planned
    out, _ = lossbench("run", path)
    grades, digits = out.split("digits / tiny_cnn")
    assert "the best possible on this test set" in grades and "regret" not in digits
    folder = lossbench.cwd / "runs/known"
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    known = [row for row in rows if row["regret"]]
    assert {(row["split"], row["stage"]) for row in known} == {("test", "raw")}
    for row in known:
        sign = 1 if row["higher_is_better"] == "True" else -1
        distance = sign * (float(row["optimum"]) - float(row["value"]))
        assert float(row["regret"]) == pytest.approx(distance)
        assert float(row["regret"]) > -0.05
    assert {"accuracy", "quadratic_kappa", "mae_rank", "nll"} <= {row["metric"] for row in known}
    with (folder / "runs.csv").open(newline="") as file:
        name_of = {row["job_id"]: row["dataset"] for row in csv.DictReader(file)}
    assert {name_of[row["job_id"]] for row in known} == {"grades"}
    told = json.loads(lossbench("compare", folder, "--json")[0])["comparisons"]
    by_name = {one["dataset"]: one for one in told}
    assert by_name["grades"]["optimum"] == pytest.approx(0.69, abs=0.15)
    assert all(row["regret"] is not None for row in by_name["grades"]["rows"])
    assert by_name["digits"]["optimum"] is None


def test_noise_on_the_test_of_counts_is_refused_with_a_reason(lossbench):
    lossbench.write(
        "e.yaml",
        "dataset: {name: synthetic_regression, target: count, test_noise: true}\n"
        "model: tiny_cnn\nlosses: [mse]\n",
    )
    _, err = lossbench("validate", "e.yaml", code=2)
    assert "1:10: dataset: data set 'synthetic_regression': test_noise is given" in err
    assert "position and positive are accepted" in err

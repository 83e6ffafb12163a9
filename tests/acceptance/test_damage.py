"""Wrong labels, rare classes and outliers, from the file to the results."""

import csv
import json

import numpy as np
import pytest

CONFIG = """
name: damage
dataset:
  - {name: mnist_mini, subset: 256}
  - name: mnist_mini
    subset: 256
    imbalance: {type: exponential, ratio: 4}
    label_noise: {type: symmetric, rate: 0.4}
  - name: mnist_mini
    label: P
    subset: 256
    label_noise: {type: pair, rate: 0.3, validation: clean}
model: tiny_cnn
losses: [cross_entropy, gce]
seeds: 2
train: {epochs: 1, batch_size: 32}
"""
NOISY = (
    "mnist_mini[subset=256,imbalance={type=exponential,ratio=4},"
    "label_noise={type=symmetric,rate=0.4}]"
)


def test_damage_is_the_same_for_every_run_and_counted(lossbench):
    lossbench("run", lossbench.write("e.yaml", CONFIG))
    folder = lossbench.cwd / "runs/damage"
    with (folder / "runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found: dict[str, list] = {}
    for row in rows:
        job = folder / "jobs" / row["job_id"]
        result = json.loads((job / "result.json").read_text())
        with np.load(job / "predictions.npz") as stored:
            truth = {name: stored[name] for name in ("y_true", "validation_y_true")}
        found.setdefault(row["dataset"], []).append((result | {"seed": row["seed"]}, truth))
    assert sorted(found) == sorted(["mnist_mini[subset=256]", NOISY, "P"])
    for results in found.values():
        assert {result["status"] for result, _ in results} == {"ok"}
        by_seed: dict[int, set] = {}
        for result, _ in results:
            drawn = (result["label_sha256"], json.dumps(result.get("damage")))
            by_seed.setdefault(result["seed"], set()).add(drawn)
        assert [len(drawn) for drawn in by_seed.values()] == [1, 1]  # alike for both losses
        is_damaged = "damage" in results[0][0]
        assert len(set.union(*by_seed.values())) == (2 if is_damaged else 1)
    (clean, clean_truth), (noisy, noisy_truth), (paired, paired_truth) = (
        found[name][0] for name in ("mnist_mini[subset=256]", NOISY, "P")
    )
    assert "damage" not in clean
    for truth in (noisy_truth, paired_truth):
        np.testing.assert_array_equal(truth["y_true"], clean_truth["y_true"])
    np.testing.assert_array_equal(
        paired_truth["validation_y_true"], clean_truth["validation_y_true"]
    )
    assert list(noisy["damage"]) == ["seed", "imbalance", "label_noise"]
    sizes = noisy["damage"]["imbalance"]["done"]["train"]["after"]
    assert sum(sizes) == noisy["n_train"]
    assert sizes[0] == 4 * sizes[9] or abs(sizes[0] / 4 - sizes[9]) <= 0.5
    flips = noisy["damage"]["label_noise"]["done"]["train"]
    assert 0.2 < flips["rate"] < 0.6 and sum(flips["flipped"]) == flips["rate"] * noisy["n_train"]
    assert list(paired["damage"]["label_noise"]["done"]) == ["train"]
    out, _ = lossbench("run", "e.yaml")
    assert "0 trained now" in out


@pytest.mark.parametrize(
    ("dataset", "says"),
    [
        (
            "{name: mnist_mini, label_noise: {type: symmetric, rate: 1.4}}",
            ["1:42: dataset.label_noise: ", "'rate': 1.4} is not allowed; {type: symmetric"],
        ),
        (
            "{name: mnist_mini, imbalance: {type: step, ratio: 0.5}}",
            ["1:40: dataset.imbalance: ", "ratio: a number >= 1"],
        ),
        (
            "{name: mnist_mini, imbalance: {type: step, ratio: 5000}}",
            ["1:10: dataset: ", "leaves class 5 none of its 450 training images"],
        ),
        (
            "{name: mnist_mini, label_noise: {type: matrix, matrix: [[1, 0], [0.5, 0.5]]}}",
            ["1:10: dataset: ", "2 rows of 2 numbers; 10 rows of 10 are accepted"],
        ),
        (
            "{name: synthetic_regression, label_noise: {type: pair, rate: 0.1}}",
            ["1:39: dataset.label_noise: ", "has no parameter 'label_noise'"],
        ),
        (
            "{name: mnist_mini, outliers: {rate: 0.1, size: 5, sides: one}}",
            ["1:29: dataset.outliers: ", "has no parameter 'outliers'"],
        ),
        (
            "{name: fashion_mnist, label_noise: {type: asymmetric, rate: 0.4}}",
            ["1:10: dataset: ", "cifar10, mnist, mnist_mini are accepted"],
        ),
    ],
)
def test_damage_that_does_not_suit_the_data(lossbench, dataset, says):
    lossbench.write("e.yaml", f"dataset: {dataset}\nmodel: tiny_cnn\nlosses: [mse]\n")
    _, err = lossbench("validate", "e.yaml", code=2)
    for part in says:
        assert part in err, err

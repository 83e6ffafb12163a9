"""Rare classes, wrong, soft and missing labels, noise: from the file to the results."""

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
    assert wrong_labels(folder, clean) == []
    for result in (noisy, paired):
        measured = wrong_labels(folder, result)
        assert [row[:2] for row in measured] == [
            (at, metric)
            for at in ("selected", "last")
            for metric in ("memorisation", "clean_accuracy")
        ]
        heart, right = (value for _, _, value, _ in measured[:2])
        assert 0 <= heart + right <= 1
        wrong = sum(result["damage"]["label_noise"]["done"]["train"]["flipped"])
        assert {n for *_, n in measured} == {wrong}, "the probe holds all of so few images"
    out, _ = lossbench("run", "e.yaml")
    assert "0 trained now" in out
    _, err = lossbench("compare", folder, "--metric", "memorisation", code=2)
    assert "'memorisation' is measured on training labels, and cannot rank losses" in err


def wrong_labels(folder, result):
    """Where, which, value and number of the metrics of wrong labels of a job in metrics.csv."""
    with (folder / "metrics.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["job_id"] == result["job_id"]]
    found = [row for row in rows if row["metric"] in ("memorisation", "clean_accuracy")]
    assert {row["split"] for row in found} <= {"train"}
    return [
        (row["at"], row["metric"], float(row["value"]), int(row["n_examples"])) for row in found
    ]


RARE = """
name: rare
dataset:
  name: mnist_mini
  subset: 1000
  imbalance: {type: one_vs_rest, positive: "7", prevalence: 0.05}
  image_noise: {type: gaussian, scale: 0.1}
model: tiny_cnn
losses: [bce, weighted_bce]
seeds: 1
train: {epochs: 1, batch_size: 32}
"""


def test_rare_positives_are_judged_by_average_precision_beside_their_share(lossbench):
    out, _ = lossbench("run", lossbench.write("e.yaml", RARE))
    assert "average_precision on test in points" in out
    assert "positives on test: 10.0" in out
    folder = lossbench.cwd / "runs/rare"
    results = [json.loads(p.read_text()) for p in sorted(folder.glob("jobs/*/result.json"))]
    assert len(results) == 2 and results[0]["damage"] == results[1]["damage"]
    assert {r["label_sha256"] for r in results} == {results[0]["label_sha256"]}
    done = results[0]["damage"]["imbalance"]["done"]
    assert done["train"]["after"] == [810, 43]  # 810 * 5 / 95 = 42.6
    assert done["prevalence"]["test"] == pytest.approx(0.1)
    assert results[0]["class_names"] == ["not 7", "7"]
    for metric in ("recall", "precision", "f1"):
        out, _ = lossbench("compare", folder, "--metric", metric)
        assert f"{metric} on test in points" in out and "positives on test" not in out


SOFT = """
name: soft
dataset:
  - {name: mnist_mini, subset: 200, soft_labels: {annotators: 3, rate: 0.2, temperature: 0.5}}
  - {name: synthetic_multilabel, n: 200, n_test: 50, missing_labels: {rate: 0.3}}
  - name: synthetic_regression
    n: 200
    n_test: 50
    target_noise: {type: heteroscedastic, scale: 0.5}
model: tiny_cnn
losses: [cross_entropy, crammer_singer, bce, mse]
seeds: 1
train: {epochs: 1, batch_size: 32}
"""


def test_soft_and_missing_labels_and_noisy_targets_train(lossbench):
    plan, _ = lossbench("plan", lossbench.write("e.yaml", SOFT))
    said = " ".join(plan.split())
    assert "crammer_singer needs hard labels; those of mnist_mini[subset=200" in said
    lossbench("run", "e.yaml")
    found = {}
    for path in (lossbench.cwd / "runs/soft/jobs").glob("*/result.json"):
        result = json.loads(path.read_text())
        assert result["status"] == "ok", result["message"]
        with np.load(path.parent / "predictions.npz") as stored:
            found[result["task"]] = (result, stored["y_true"], stored["validation_y_true"])
    assert sorted(found) == ["multiclass", "multilabel", "regression"]
    result, y_true, validation = found["multiclass"]
    assert y_true.shape == (1000, 10) and set(np.unique(y_true)) == {0, 1}
    assert set(np.unique(validation)) > {0, 1}
    assert "memorisation" in {row["metric"] for row in result["metrics"]}
    there = found["multilabel"][0]["damage"]["missing_labels"]["done"]["train"]
    assert sum(there["after"]) == pytest.approx(0.7 * sum(there["before"]), abs=2.5)


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
            "{name: mnist_mini, imbalance: {type: one_vs_rest, positive: 7, prevalence: 1.5}}",
            ["1:40: dataset.imbalance: ", "prevalence: above 0 and below 1}, with validation"],
        ),
        (
            "{name: mnist_mini, imbalance: {type: one_vs_rest, positive: 7, prevalence: 0.5}}",
            ["1:10: dataset: ", "450 are of class '7', and only those are thinned; up to 0.1 is"],
        ),
        (
            "{name: cifar10, imbalance: {type: one_vs_rest, positive: catt, prevalence: 0.01}}",
            ["1:10: dataset: ", "has no class 'catt' to be positive; ", "Did you mean 'cat'?"],
        ),
        (
            "{name: synthetic_regression, target_noise: {type: normal, scale: 1, df: 3}}",
            ["1:53: dataset.target_noise: ", "{type: student_t, scale: a number > 0} with df"],
        ),
        (
            "{name: mnist_mini, soft_labels: {annotators: 0, rate: 0.2}}",
            ["1:42: dataset.soft_labels: ", "{annotators: a whole number > 0, rate: 0 to 1}"],
        ),
        (
            "{name: mnist_mini, missing_labels: {rate: 1.0}}",
            ["1:10: dataset: ", "at rate 1 leaves class 0 none of its 450 training examples"],
        ),
        (
            "{name: mnist_mini, image_noise: {type: gaussian, sigma: 2}}",
            ["1:42: dataset.image_noise: ", "{type: blur, sigma: a number > 0}"],
        ),
        (
            "{name: synthetic_regression, soft_labels: {annotators: 3, rate: 0.1}}",
            ["dataset.soft_labels: ", "has no parameter 'soft_labels'"],
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

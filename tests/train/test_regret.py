"""Regret: what the best predictions attain on a test part, and how far a network is from that."""

from dataclasses import replace

import numpy as np
import pytest

from lossbench.catalog import METRICS
from lossbench.datasets import Part, Splits, load
from lossbench.datasets.parts import Optimum
from lossbench.train import regret
from lossbench.train.evaluation import Answer


def row(metric, value, split="test", stage="raw"):
    return {"split": split, "at": "last", "stage": stage, "metric": metric, "value": value}


def test_regret_by_hand():
    best = {"accuracy": 0.9, "rmse": 1.5}
    rows = [
        row("accuracy", 0.7),
        row("rmse", 2.0),
        row("accuracy", 0.95),  # luck
        row("accuracy", 0.7, split="validation"),
        row("accuracy", 0.7, stage="temperature"),
        row("macro_f1", 0.7),
    ]
    found = regret.with_regret(rows, best)
    assert [one.get("regret") for one in found] == pytest.approx(
        [0.2, 0.5, -0.05, None, None, None]
    )
    assert [one.get("optimum") for one in found] == [0.9, 1.5, 0.9, None, None, None]
    assert [one["value"] for one in found] == [one["value"] for one in rows]


def test_the_best_values_are_those_of_the_metrics_on_the_test_part():
    truth = np.array([0, 1, 1, 0], np.int32)
    chance = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]])
    part = Part(np.zeros((4, 1, 1, 1), np.uint8), truth, np.arange(4))
    optimum = Optimum(scores=np.log(chance))
    splits = Splits(part, part, part, "binary", ("a", "b"), optimum=optimum)
    found = regret.best_values([Answer(splits, probabilistic=False)])
    assert found["accuracy"] == 0.75
    assert found["roc_auc"] == 1.0
    assert found["nll"] == pytest.approx(-np.log([0.9, 0.8, 0.4, 0.7]).mean())
    assert found["brier_score"] == pytest.approx(2 * np.mean([0.01, 0.04, 0.36, 0.09]))
    assert "ece" not in found and "macro_f1" not in found


def test_what_has_no_value_on_the_test_has_no_best_one():
    params = {"n": 100, "n_test": 20}
    splits = load("synthetic_imbalanced", params)
    ones = splits.test.targets == 1
    test = Part(splits.test.images[ones], splits.test.targets[ones], splits.test.ids[ones])
    splits = replace(splits, test=test, optimum=Optimum(scores=splits.optimum.scores[ones]))
    found = regret.best_values([Answer(splits, probabilistic=True)])
    assert "roc_auc" not in found and "accuracy" in found


def test_data_without_known_truth_have_none():
    splits = load("mnist_mini", {"subset": 100})
    assert regret.best_values([Answer(splits, probabilistic=True)]) == {}


@pytest.mark.parametrize(
    ("name", "params", "metrics"),
    [
        ("synthetic_imbalanced", {"n": 100}, {"average_precision", "roc_auc", "nll"}),
        ("synthetic_ordinal", {"n": 100}, {"quadratic_kappa", "mae_rank", "balanced_accuracy"}),
        ("synthetic_multilabel", {"n": 100}, {"mean_average_precision", "label_nll"}),
        ("synthetic_regression", {"n": 20}, {"rmse", "mae", "median_ae", "r2"}),
        ("synthetic_regression", {"n": 20, "target": "count"}, {"rmse", "mae", "poisson_deviance"}),
        ("synthetic_regression", {"n": 20, "target": "direction"}, {"rmse", "angular_error"}),
    ],
)
def test_every_synthetic_family_has_best_values(name, params, metrics):
    splits = load(name, {"n_test": 200} | params)
    found = regret.best_values([Answer(splits, probabilistic=True)])
    assert metrics <= set(found)
    assert all(METRICS[name].optimal for name in found)
    assert ("median_ae" in found) == (params in ({"n": 20}, {"n": 20, "target": "direction"}))

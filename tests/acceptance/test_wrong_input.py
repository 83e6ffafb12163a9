"""What people get wrong: one clear message, the right exit code, nothing lost."""

import csv

import numpy as np
import pytest

GOOD = "dataset: mnist_mini\nmodel: tiny_cnn\nlosses: [cross_entropy, focal]\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD + "seed: 3\n", ["e.yaml:4:1: seed: ", "Did you mean 'seeds'?"]),
        (GOOD.replace("focal", "focl"), ["e.yaml:3:25: losses[1]", "Did you mean 'focal'?"]),
        (
            GOOD.replace("focal", "{name: focal, gama: 1}"),
            ["e.yaml:3:39: losses[1].gama", "gamma >= 0", "Did you mean 'gamma'?"],
        ),
        (
            GOOD + "optimizer: {name: adam, learning_rate: -1}\n",
            ["optimizer.learning_rate", "learning_rate > 0"],
        ),
        (GOOD.replace("focal", "mae"), ["losses[1]: loss 'mae' is for regression"]),
        (GOOD.replace("focal", "mse"), ["Did you mean 'brier'?"]),
        (GOOD.replace("focal", "hinge"), ["crammer_singer", "binary_hinge"]),
        (
            GOOD.replace("cross_entropy, focal", "weighted_bce"),
            ["no loss is left to train on mnist_mini: weighted_bce needs two classes"],
        ),
        (GOOD + "protocol: {metric: val_loss}\n", ["never judged by its own value"]),
        (GOOD + "protocol: {delta: 0.0001}\n", ["finer than mnist_mini can measure"]),
        (GOOD + "train: {batch_size: 9999}\n", ["more than the 4500 training images"]),
        (GOOD + "protocol: {metric: rmse}\n", ["'rmse' does not apply to mnist_mini"]),
    ],
)
def test_mistakes_in_the_file(lossbench, text, says):
    lossbench.write("e.yaml", text)
    _, err = lossbench("run", "e.yaml", code=2)
    for part in says:
        assert part in err, err
    assert not (lossbench.cwd / "runs").exists(), "something was written before training"


def test_all_mistakes_are_said_at_once(lossbench):
    lossbench.write(
        "e.yaml",
        "dataset: mnist_min\nmodel: tiny_cnn\nlosses: [mae, focl, {name: focal, gamma: -1}]\n"
        "epochs: 3\ntrain: {epochs: 0}\n",
    )
    _, err = lossbench("validate", "e.yaml", code=2)
    for part in ("'mnist_min'", "'focl'", "gamma", "epochs: ", "train.epochs"):
        assert part in err, err
    assert "mistakes; nothing was trained" in err


def test_a_loss_that_does_not_suit_is_skipped_with_its_reason(lossbench):
    lossbench.write("e.yaml", GOOD.replace("focal", "weighted_bce"))
    out, _ = lossbench("plan", "e.yaml")
    assert "weighted_bce needs two classes; mnist_mini has 10" in out
    assert "3 jobs" in out


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"x_train": np.zeros((9, 8, 8), "uint8")}, "y_train"),
        (
            {
                "x_train": np.zeros((9, 8, 8), "uint8"),
                "y_train": np.zeros(8, int),
                "x_test": np.zeros((9, 8, 8), "uint8"),
                "y_test": np.zeros(9, int),
            },
            "y_train",
        ),
        (
            {
                "x_train": np.array([{"a": 1}], dtype=object),
                "y_train": np.zeros(1, int),
                "x_test": np.zeros((1, 8, 8), "uint8"),
                "y_test": np.zeros(1, int),
            },
            "pickle",
        ),
    ],
)
def test_a_data_file_that_does_not_fit(lossbench, arrays, says):
    np.savez(lossbench.cwd / "d.npz", **arrays)
    lossbench.write("e.yaml", GOOD.replace("mnist_mini", "{name: npz, path: d.npz}"))
    _, err = lossbench("validate", "e.yaml", code=2)
    assert "d.npz" in err and says in err and "e.yaml:1:" in err


def test_data_that_are_not_there(lossbench):
    lossbench.write("e.yaml", GOOD.replace("mnist_mini", "{name: npz, path: nothing.npz}"))
    _, err = lossbench("validate", "e.yaml", code=2)
    assert "nothing.npz" in err


def test_a_place_that_cannot_be_written(lossbench):
    lossbench.write("occupied", "a file, not a folder\n")
    lossbench.write("e.yaml", GOOD)
    _, err = lossbench("run", "e.yaml", "--runs-dir", "occupied", code=2)
    assert "cannot be written" in err and "--runs-dir" in err


def test_folders_that_are_no_runs(lossbench):
    (lossbench.cwd / "empty").mkdir()
    for args, says in (
        (("compare", "empty"), "is no run folder"),
        (("compare", "missing"), "no such folder"),
        (("compare",), "run an experiment first"),
    ):
        _, err = lossbench(*args, code=2)
        assert says in err


def test_unknown_commands_and_options(lossbench):
    _, err = lossbench("rum", code=2)
    assert "rum" in err
    lossbench("run", "--worker", "3", code=2)
    _, err = lossbench("list", "loses", code=2)
    assert "losses" in err
    _, err = lossbench("run", "nowhere.yaml", code=2)
    assert "nowhere.yaml" in err


CUSTOM = """
from keras import ops

def fine(labels, outputs):
    return ops.mean(ops.square(outputs - labels), axis=-1)

def raises(labels, outputs):
    raise RuntimeError("no idea")

def wrong_shape(labels, outputs):
    return ops.zeros((3,))

def not_a_number(labels, outputs):
    return ops.log(ops.mean(outputs, axis=-1) * 0 - 1)
"""


@pytest.mark.slow
def test_custom_losses_that_fail_cost_only_their_own_jobs(lossbench):
    lossbench.write("mine.py", CUSTOM)
    losses = ", ".join(
        f"{{name: custom, target: 'mine.py:{name}'}}"
        for name in ("fine", "raises", "wrong_shape", "not_a_number")
    )
    lossbench.write(
        "e.yaml",
        "dataset: {name: synthetic_regression, n: 60, n_test: 20, image_size: 8}\n"
        f"model: tiny_cnn\nlosses: [mse, {losses}]\nseeds: 1\n"
        "train: {epochs: 1, batch_size: 16}\n",
    )
    out, err = lossbench("run", "e.yaml", code=1)
    assert "raises: the loss raised RuntimeError: no idea" in err
    assert "the loss returned shape (3,)" in err
    with (lossbench.cwd / "runs" / "e" / "runs.csv").open(newline="") as file:
        status = {row["loss"]: row["status"] for row in csv.DictReader(file)}
    assert status == {
        "mse": "ok",
        "fine": "ok",
        "raises": "error",
        "wrong_shape": "error",
        "not_a_number": "nan",
    }
    assert "NaN at step 1" in out
    assert "Report: runs/e/report.html" in out, "also where jobs failed"
    assert "wrong_shape" in (lossbench.cwd / "runs/e/report.html").read_text("utf-8")
    out, err = lossbench("run", "e.yaml", code=1)
    assert "nothing to train" in out and "--retry failed runs them" in out
    assert "ended with error before: " in err and "no idea" in err
    out, _ = lossbench("run", "e.yaml", "--retry", "failed", code=1)
    assert "2 jobs to train, 3 finished before" in out, "errors run again, results do not"


def test_a_custom_loss_that_is_not_there(lossbench):
    lossbench.write("mine.py", CUSTOM)
    lossbench.write(
        "e.yaml", GOOD.replace("focal", "{name: custom, target: 'mine.py:fin', task: multiclass}")
    )
    _, err = lossbench("validate", "e.yaml", code=2)
    assert "Did you mean 'fine'?" in err

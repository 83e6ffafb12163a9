"""Masks through the command line: the example, a user's file, and what people get wrong."""

import csv
import json

import numpy as np
import pytest

SHORT = ("--set", "train.epochs=1", "--set", "dataset.n=60", "--set", "dataset.n_test=30")


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_example_runs_and_compares_by_dice(lossbench, configs):
    out, _ = lossbench("run", configs / "segmentation.yaml", *SHORT, "--set", "seeds=2")
    assert "dice_score on test in points, higher is better" in out
    assert "baseline: bce" in out
    folder = lossbench.cwd / "runs" / "segmentation"
    runs = rows_of(folder / "runs.csv")
    assert {row["loss"] for row in runs} == {"bce", "dice", "tversky", "bce+dice"}
    assert {row["status"] for row in runs} == {"ok"}
    # All start from the same weights, the last layer included: one output each.
    for seed in ("0", "1"):
        same = [row for row in runs if row["seed"] == seed]
        assert len({(row["init_sha256"], row["head_init_sha256"]) for row in same}) == 1
    classes = {row["class_name"] for row in rows_of(folder / "per_class.csv")}
    assert classes == {"background", "disk"}
    assert {"iou", "image_dice", "recall"} <= {
        r["metric"] for r in rows_of(folder / "per_class.csv")
    }
    pixels = sum(int(row["count"]) for row in rows_of(folder / "confusion.csv"))
    assert pixels == len(runs) * 30 * 24 * 24
    (found,) = json.loads(lossbench("compare", folder, "--metric", "hd95", "--json")[0])[
        "comparisons"
    ]
    assert found["metric"] == "hd95"
    out, _ = lossbench("run", configs / "segmentation.yaml", *SHORT, "--set", "seeds=2")
    assert "0 trained now, 8 were finished before" in out


def own_data(folder, **changes):
    """Colour images whose brightest channel is the class of a block of pixels."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 100, (70, 10, 14, 3)).astype("uint8")
    y = np.zeros((70, 10, 14), "uint8")
    for image, mask in zip(x, y, strict=True):
        top, left, k = rng.integers(0, 5), rng.integers(0, 9), rng.integers(1, 3)
        mask[top : top + 5, left : left + 5] = k
        image[..., k][mask == k] = 255
    arrays = {"x_train": x[:50], "y_train": y[:50], "x_test": x[50:], "y_test": y[50:]}
    np.savez(folder / "own.npz", **arrays | changes)


OWN = """
name: own
dataset: {name: npz, path: own.npz, task: segmentation}
model: unet_small
losses: [cross_entropy, dice, {name: sum, terms: [{loss: cross_entropy}, {loss: dice}]},
  {name: custom, target: "own.py:softmax_dice", task: segmentation}]
optimizer: {name: adam, learning_rate: 0.01}
seeds: 1
train: {epochs: 8, batch_size: 5}
"""
SOFTMAX_DICE = """
from keras import ops


def softmax_dice(labels, outputs):
    p = ops.softmax(outputs)[..., 1:]
    y = ops.one_hot(labels, outputs.shape[-1])[..., 1:]
    hits, both = ops.sum(p * y, axis=(0, 1, 2)), ops.sum(p + y, axis=(0, 1, 2))
    return ops.mean(1 - (2 * hits + 1e-7) / (both + 1e-7))
"""


@pytest.mark.slow
def test_masks_of_ones_own_with_several_classes(lossbench):
    own_data(lossbench.cwd)
    lossbench.write("own.py", SOFTMAX_DICE)
    lossbench("run", lossbench.write("e.yaml", OWN))
    folder = lossbench.cwd / "runs" / "own"
    dice = {}
    for row in rows_of(folder / "runs.csv"):
        assert (row["status"], row["outputs"]) == ("ok", "3")
        result = json.loads((folder / "jobs" / row["job_id"] / "result.json").read_text())
        assert not result["collapsed"]
        (dice[row["loss"]],) = (
            m["value"]
            for m in result["metrics"]
            if (m["metric"], m["split"], m["at"]) == ("dice_score", "test", "selected")
        )
    assert min(dice.values()) > 0.7, dice
    # The user's function is lossbench's own dice, written another way.
    own = next(value for name, value in dice.items() if "softmax_dice" in name)
    assert own == pytest.approx(dice["dice"], abs=0.1)


@pytest.mark.parametrize(
    ("changes", "config", "says"),
    [
        (
            {"y_train": np.full((50, 10, 14), 255, "uint8")},
            OWN,
            ["d training masks have the values 255", "Divide by 255"],
        ),
        ({}, OWN.replace("unet_small", "seed_cnn"), ["seed_cnn gives outputs for an image"]),
        ({}, OWN.replace(", task: segmentation}\nmodel", "}\nmodel"), ["Set task: segmentation"]),
        ({"y_train": np.zeros((50, 14, 10), "uint8")}, OWN, ["the images have 10 x 14 pixels"]),
        ({}, OWN.replace("[cross_entropy, dice", "[bce, dice"), ["bce needs two classes"]),
        (
            {},
            OWN.replace("segmentation}\nmodel", "segmentation, label_noise: {type: symmetric, "
            "rate: 0.1}}\nmodel"),
            ["label_noise is given, but the targets are those of task 'segmentation'"],
        ),
    ],
)  # fmt: skip
def test_what_people_get_wrong(lossbench, changes, config, says):
    own_data(lossbench.cwd, **changes)
    lossbench.write("own.py", SOFTMAX_DICE)
    _, err = lossbench("validate", lossbench.write("e.yaml", config), code=2)
    for part in says:
        assert part.removeprefix("d ") in err, err


def test_what_the_catalogue_lists_for_masks(lossbench):
    losses = json.loads(lossbench("list", "losses", "--task", "segmentation", "--json")[0])
    names = {row["name"] for row in losses}
    assert {"bce", "cross_entropy", "dice", "lovasz_hinge", "sum", "class_balanced"} <= names
    assert not {"mse", "coral", "triplet", "heads", "zlpr"} & names
    models = json.loads(lossbench("list", "models", "--task", "segmentation", "--json")[0])
    assert [row["name"] for row in models] == ["unet_small", "custom"]
    metrics = json.loads(lossbench("list", "metrics", "--task", "segmentation", "--json")[0])
    assert metrics[0]["name"] == "dice_score"
    out, _ = lossbench("list", "datasets", "--task", "segmentation")
    assert "synthetic_segmentation" in out and "mnist" not in out

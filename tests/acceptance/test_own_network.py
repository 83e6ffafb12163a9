"""A network of the user's own, and a softmax on purpose, from the file to the tables."""

import csv
import json

import numpy as np
import pytest

NETWORK = """
import keras
from keras import layers

def build(image_shape, outputs, width=4):
    images = keras.Input(image_shape)
    x = layers.Conv2D(width, 3, strides=2, activation="relu")(images)
    return keras.Model(images, layers.Dense(outputs)(layers.Flatten()(x)))

def broken(image_shape, outputs):
    images = keras.Input(image_shape)
    x = layers.Flatten()(images)
    return keras.Model(images, layers.Dense(outputs, activation="softmax")(x))
"""
CONFIG = """
name: own
dataset: {name: mnist_mini, subset: 80}
model:
  - {name: custom, target: "net.py:build", params: {width: 6}, dropout: 0.2}
  - {name: custom, target: "net.py:broken"}
  - {name: tiny_cnn, output_activation: softmax}
losses: [cross_entropy, gce]
seeds: 1
train: {epochs: 1, batch_size: 40}
"""
BANNER = "pass through softmax before the loss: a mistake on purpose"


@pytest.fixture
def folder(lossbench):
    lossbench.write("net.py", NETWORK)
    lossbench.write("e.yaml", CONFIG)
    return lossbench


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_own_networks_beside_one_with_a_softmax_on_purpose(folder):
    planned = json.loads(folder("plan", "e.yaml", "--json")[0])["jobs"]
    out, err = folder("run", "e.yaml", code=1)
    runs = folder.cwd / "runs/own"
    rows = {row["model"]: row for row in table(runs / "runs.csv") if row["loss"] == "gce"}
    assert {name: row["status"] for name, row in rows.items()} == {
        "build[width=6,dropout=0.2]": "ok",
        "broken": "error",
        "tiny_cnn[output_activation=softmax]": "ok",
    }
    broken = rows["broken"]["message"]
    assert broken.endswith(
        "net.py:broken: the last layer, a Dense, applies softmax; losses take what comes before "
        "that. Leave out activation='softmax'."
    )
    assert "applies softmax; losses take what comes before" in out + err
    starts = {
        row["init_sha256"] for row in table(runs / "runs.csv") if row["model"].startswith("build")
    }
    assert len(starts) == 1, "both losses start alike"
    assert {name: row["output_activation"] for name, row in rows.items()} == {
        "build[width=6,dropout=0.2]": "linear",
        "broken": "",
        "tiny_cnn[output_activation=softmax]": "softmax",
    }
    assert out.replace("\n", " ").count(BANNER) == 1
    assert folder("compare", "runs/own")[0].replace("\n", " ").count(BANNER) == 1
    softmaxed = rows["tiny_cnn[output_activation=softmax]"]["job_id"]
    told = json.loads((runs / "jobs" / softmaxed / "result.json").read_bytes())
    assert told["output_activation"] == "softmax"
    with np.load(runs / "jobs" / softmaxed / "predictions.npz") as saved:
        scores = saved["scores"].astype(np.float64)
    np.testing.assert_allclose(scores.sum(axis=1), 1.0, atol=1e-5)  # probabilities, not logits
    measured = {
        row["metric"]: float(row["value"])
        for row in table(runs / "metrics.csv")
        if (row["job_id"], row["split"], row["at"], row["stage"])
        == (softmaxed, "test", "selected", "raw")
    }
    # No probability is above e / (e + 9): the loss cannot fall below this.
    assert measured["nll"] >= np.log((np.e + 9) / np.e)
    folder.write("net.py", NETWORK + "\n# a remark\n")
    again = json.loads(folder("plan", "e.yaml", "--json")[0])["jobs"]
    same = {one["job_id"] for one in planned} & {one["job_id"] for one in again}
    assert len(same) == 2, "jobs of own networks are others now; those of tiny_cnn are not"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("model.target=nets.py:build", "no such file 'nets.py' beside the experiment file"),
        ("model.target=net.py:bild", "no function or class 'bild' at the top level of net.py"),
        ("model.params={depth: 3}", "build takes no 'depth' from the file; it takes width"),
        ("model.output_activation=sigmoid", "'sigmoid' is not allowed; linear or softmax"),
    ],
)
def test_mistakes_that_are_told_before_anything_runs(folder, change, says):
    text = CONFIG.partition("model:")[0] + 'model: {name: custom, target: "net.py:build"}\n'
    folder.write("e.yaml", text + "losses: [cross_entropy]\n")
    _, err = folder("validate", "e.yaml", "--set", change, code=2)
    assert says in err


def test_the_list_of_networks_fits_80_columns_and_says_shared_parameters_once(folder):
    out, _ = folder("list", "models")
    assert max(map(len, out.splitlines())) <= 80
    assert out.count("output_activation =") == 1
    assert "parameters: depth = 16, width = 4, dropout = 0.0" in out
    masks, _ = folder("list", "models", "--task", "segmentation")
    assert "unet_small\n" in masks and "custom\n" in masks and "lenet5" not in masks

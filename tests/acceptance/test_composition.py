"""Losses made of losses, as a user writes them: trained, recorded, refused."""

import csv
import json

import numpy as np
import pytest

MINE = """
import keras
from keras import ops

class Tilted(keras.losses.Loss):
    def __init__(self, under=1.0, **more):
        super().__init__(**more)
        self.under = under

    def call(self, y_true, y_pred):
        return self.under * ops.mean(ops.square(y_pred), axis=-1)

def counted(labels, outputs, *, class_counts):
    return ops.mean(ops.square(outputs), axis=-1) / class_counts[0]
"""


def statuses(lossbench, name):
    with (lossbench.cwd / "runs" / name / "runs.csv").open(newline="") as file:
        return {row["loss"]: row["status"] for row in csv.DictReader(file)}


@pytest.mark.slow
def test_losses_made_of_losses_are_trained(lossbench):
    lossbench.write("mine.py", MINE)
    lossbench.write(
        "e.yaml",
        """\
dataset: {name: mnist_mini, subset: 64}
model: tiny_cnn
losses:
  - {name: class_balanced, beta: 0.99, base: {name: focal, gamma: {grid: [1, 2]}}}
  - {name: drw, start: 0.5, base: {name: class_balanced, base: sigmoid_bce}}
  - name: sum
    terms:
      - loss: ce
      - {loss: {name: custom, target: "mine.py:counted"}, weight: 0.1}
      - {loss: l2_weights, weight: 1e-4}
  - {name: keras, class_name: KLDivergence}
  - {name: custom, target: "mine.py:Tilted", params: {under: 2.0}}
seeds: 1
train: {epochs: 2, batch_size: 32}
""",
    )
    lossbench("run", "e.yaml", "-q", "--workers", "1", "--set", "losses.0.beta=0.9")
    assert statuses(lossbench, "e") == {
        "class_balanced[base=focal[gamma=1],beta=0.9]": "ok",
        "class_balanced[base=focal,beta=0.9]": "ok",
        "drw[base=class_balanced[base=sigmoid_bce],start=0.5]": "ok",
        "sum[cross_entropy+0.1*counted+0.0001*l2_weights]": "ok",
        "keras.KLDivergence": "ok",
        "Tilted[under=2]": "ok",
    }
    jobs = [json.loads(p.read_text()) for p in (lossbench.cwd / "runs/e/jobs").glob("*/job.json")]
    by_name = {job["loss"]["name"]: job for job in jobs}
    assert by_name["drw"]["decode"] == "shifted_sigmoid"
    assert by_name["keras"]["keras"] == ["KLDivergence(softmax)"]
    assert by_name["sum"]["content"].keys() == {"loss_source_sha256"}
    again, _ = lossbench("run", "runs/e/experiment.yaml", "--workers", "1")
    assert "0 trained now, 6 were finished before" in again, "the same jobs under the same ids"
    lossbench.write("mine.py", MINE + "# edited\n")
    plan, _ = lossbench("plan", "e.yaml", "--set", "losses.0.beta=0.9")
    assert "4 of 6" in plan, "the two losses of the file start again"


def test_several_heads_are_trained(lossbench):
    rng = np.random.default_rng(0)
    arrays = {
        f"{axis}_{part}": values
        for part, n in (("train", 60), ("test", 20))
        for axis, values in (
            ("x", rng.integers(0, 256, (n, 8, 8)).astype("uint8")),
            ("y", rng.normal(size=(n, 2))),
        )
    }
    np.savez(lossbench.cwd / "two.npz", **arrays)
    lossbench.write(
        "h.yaml",
        """\
dataset: {name: npz, path: two.npz, task: regression}
model: tiny_cnn
losses:
  - mse
  - {name: heads, heads: {b: mse, a: {name: huber, delta: 2}}, weights: [1, 2]}
  - {name: heads, heads: {b: mse, a: barron_adaptive}, weighting: uncertainty}
  - {name: heads, heads: {b: gaussian_nll, a: gaussian_nll}}
seeds: 1
train: {epochs: 1, batch_size: 16}
""",
    )
    lossbench("run", "h.yaml", "-q", "--workers", "1")
    assert set(statuses(lossbench, "h").values()) == {"ok"}


GOOD = "dataset: mnist_mini\nmodel: tiny_cnn\nlosses: [cross_entropy, LOSS]\n"


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (
            "{name: class_balanced, base: {name: focal, gama: 1}}",
            ["e.yaml:3:68: losses[1].base.gama", "Did you mean 'gamma'?"],
        ),
        (
            "{name: class_balanced, base: {name: focal, alpha: [1, 2]}}",
            ["e.yaml:3:54: losses[1].base: alpha has 2 values, but mnist_mini has 10 classes"],
        ),
        (
            "{name: sum, terms: [{loss: ce}, {loss: mae}]}",
            ["losses[1]: the terms of a sum need the same head"],
        ),
        ("l2_weights", ["e.yaml:3:25: losses[1]: 'l2_weights' is a term of a sum"]),
        ("{name: keras, class_name: CTC}", ["keras.losses.CTC is for sequences of labels"]),
        (
            "{name: heads, heads: {a: ce, b: ce}}",
            ["each head has one column of regression targets, and cross_entropy is for"],
        ),
        ("{name: custom, target: 'no_module:f'}", ["no module 'no_module' is installed"]),
    ],
)
def test_mistakes_inside(lossbench, loss, says):
    lossbench.write("e.yaml", GOOD.replace("LOSS", loss))
    _, err = lossbench("validate", "e.yaml", code=2)
    for part in says:
        assert part in err, err

"""Networks in whole jobs: several outputs, and masks from a network of the user's own."""

import pytest

from lossbench import config, datasets, store
from lossbench.plan import make_plan
from lossbench.train.job import run_job

SEVERAL = """
dataset: {name: digit_position, subset: 60}
model: {name: cnn4, dropout: 0.2}
losses: [{name: heads, heads: {digit: cross_entropy, position: huber}}]
seeds: [0]
train: {epochs: 1, batch_size: 30}
"""
MASKS = """
dataset: {name: synthetic_segmentation, n: 40, n_test: 10}
model: {name: custom, target: "net.py:masks"}
losses: [dice]
seeds: [0]
train: {epochs: 1, batch_size: 16}
"""
NETWORK = """
from keras import Input, Sequential, layers

def masks(image_shape, outputs):
    hidden = layers.Conv2D(4, 3, padding="same", activation="relu")
    return Sequential([Input(image_shape), hidden, layers.Conv2D(outputs, 1)])

def vectors(image_shape, outputs):
    return Sequential([Input(image_shape), layers.Flatten(), layers.Dense(outputs)])
"""


def result(tmp_path, text, *overrides):
    (tmp_path / "net.py").write_text(NETWORK)
    path = tmp_path / "e.yaml"
    path.write_text(text)
    experiment = config.load(path, overrides).checked()
    facts = [datasets.describe(d.name, d.params) for d in experiment.datasets]
    (job,) = make_plan(experiment, facts).jobs
    folder = store.job_folder(tmp_path, job.id)
    store.write_json(folder / "job.json", job.record())
    return run_job(folder, threads=1)


def test_columns_of_one_layer_belong_to_several_outputs(tmp_path):
    found = result(tmp_path, SEVERAL)
    assert found["status"] == "ok", found["message"]
    assert {"digit.accuracy", "position.rmse"} <= {m["metric"] for m in found["metrics"]}


def test_an_own_network_gives_masks(tmp_path):
    found = result(tmp_path, MASKS)
    assert found["status"] == "ok", found["message"]


@pytest.mark.parametrize(
    ("text", "change", "says"),
    [
        (
            MASKS,
            "model.target=net.py:vectors",
            r"outputs of shape (batch, 1); for these data (batch",
        ),
        (
            MASKS.replace("synthetic_segmentation, n: 40", "synthetic_regression, n: 40"),
            "losses=[mse]",
            "pool or flatten before it",
        ),
    ],
)
def test_outputs_of_another_kind_are_an_error_of_one_line(tmp_path, text, change, says):
    found = result(tmp_path, text, change)
    assert found["status"] == "error"
    assert "net.py:" in found["message"] and says in found["message"]

"""Fine-tuning in stages, as a user types it."""

import csv

import pytest

from tests.small_backbone import pretrain

TEXT = """
name: staged
dataset: {name: mnist_mini, subset: 200}
model: {name: keras_file, path: small.keras}
losses: [cross_entropy]
optimizer: {name: adam, learning_rate: 0.05}
seeds: 2
train:
  epochs: 3
  batch_size: 32
  stages:
    - {epochs: 2, trainable: none}
    - {epochs: 1, trainable: {last: 2}, learning_rate_factor: 0.1}
"""


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    return pretrain(tmp_path_factory.mktemp("backbone") / "small.keras", epochs=2)


def test_a_backbone_is_tuned_in_stages(lossbench, backbone):
    lossbench.write("e.yaml", TEXT)
    (lossbench.cwd / "small.keras").write_bytes(backbone.read_bytes())
    out, _ = lossbench("run", "e.yaml")
    assert "cross_entropy" in out
    with (lossbench.cwd / "runs/staged/runs.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["ok"] * 2
    assert {row["init_sha256"] for row in rows} == {rows[0]["init_sha256"]}, "as in the file"
    assert {int(row["trainable_params"]) for row in rows} == {12 * 10 + 10 + 9 * 8 * 12 + 12 + 16}
    seconds = [float(row["seconds_features"]) for row in rows]
    assert max(seconds) > 0


def test_wrong_stages_are_refused_before_anything_trains(lossbench, backbone):
    lossbench.write("e.yaml", TEXT)
    (lossbench.cwd / "small.keras").write_bytes(backbone.read_bytes())
    _, err = lossbench("run", "e.yaml", "--set", "train.epochs=5", "--set", "model=mlp", code=2)
    assert "e.yaml:12:5: train.stages: the stages take 3 epochs, and train.epochs is 5" in err
    assert "mlp has no backbone" in err
    assert not (lossbench.cwd / "runs").exists()
    change = "train.stages.1.trainable={last: 50}"
    out, _ = lossbench("run", "e.yaml", "--set", change, "--set", "seeds=1", code=1)
    assert "has 5 layers with weights, and at most as many are accepted" in out.replace("\n", " ")

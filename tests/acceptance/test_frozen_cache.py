"""Runs with a frozen network: the same numbers whatever befalls the cache of its features."""

import json
import os

import keras
import pytest
from keras import layers

EXPERIMENT = """
dataset: {{name: mnist_mini, subset: 200}}
model: {{name: keras_file, path: {backbone}}}
losses: [cross_entropy]
seeds: 2
train: {{epochs: 1, batch_size: 32}}
"""


def write_backbone(path):
    keras.utils.set_random_seed(1)
    images = keras.Input((None, None, 1))
    x = layers.BatchNormalization()(layers.Rescaling(1 / 255)(images))
    keras.Model(images, layers.Conv2D(6, 3, activation="relu")(x)).save(path)


def scores(folder):
    """The measurements of each job."""
    results = [json.loads(path.read_bytes()) for path in folder.glob("*/jobs/*/result.json")]
    assert [result["status"] for result in results] == ["ok", "ok"]
    return {result["job_id"]: result["metrics"] for result in results}


@pytest.mark.slow
def test_a_damaged_and_an_impossible_cache_change_no_number(lossbench, tmp_path):
    cache = tmp_path / "cache"
    lossbench.env["LOSSBENCH_CACHE"] = str(cache)
    write_backbone(tmp_path / "backbone.keras")
    config = lossbench.write("a.yaml", EXPERIMENT.format(backbone=tmp_path / "backbone.keras"))

    out, _ = lossbench("run", config, "--runs-dir", "first")
    assert "cached features" not in out
    expected = scores(tmp_path / "first")
    kept = json.loads(lossbench("cache", "--json")[0])["kept"]
    (features,) = [one for one in kept if one["kind"] == "features"]
    assert features["complete"]
    assert features["images"] == 1200  # the test set has 1,000

    (folder,) = (cache / "features").iterdir()
    os.truncate(folder / "000003.npy", 100)
    out, _ = lossbench("run", config, "--runs-dir", "second")
    assert out.count("000003.npy: this part of the cached features is damaged") == 1
    assert scores(tmp_path / "second") == expected

    (tmp_path / "file").write_text("")
    lossbench.env["LOSSBENCH_CACHE"] = str(tmp_path / "file")
    out, _ = lossbench("run", config, "--runs-dir", "third")
    assert (
        f"warning: {tmp_path}/file: features of images cannot be kept here: Not a directory. "
        "The job goes on and keeps them in memory.\n"
    ) in out
    assert scores(tmp_path / "third") == expected

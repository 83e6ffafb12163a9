"""Models that are kept, and what they say of new images."""

import csv
import io
import json

import numpy as np
import pytest
from PIL import Image

KEEPS = """
name: keeps
dataset: {name: mnist_mini, subset: 2000}
model: seed_cnn
losses: [cross_entropy, crammer_singer]
seeds: 1
train: {epochs: 2, batch_size: 64}
execution: {save_model: best}
"""


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """Ten images of each of two digits, larger than those that are trained on, as files."""
    from lossbench import datasets

    folder = tmp_path_factory.mktemp("digits")
    test = datasets.load("mnist_mini", {}).test
    for digit in (0, 1):
        for i, at in enumerate(np.flatnonzero(test.targets == digit)[:10]):
            image = Image.fromarray(np.asarray(test.images[at, :, :, 0])).resize((56, 56))
            image.convert("RGB").save(folder / f"{digit}-{i}.png")
    (folder / "torn.png").write_bytes(b"\x89PNG")
    return folder


def test_a_kept_model_names_digits(lossbench, digits):
    lossbench.write("keeps.yaml", KEEPS)
    lossbench("run", "keeps.yaml")
    out, err = lossbench("predict", "runs/keeps", digits, code=2)
    assert not out and "2 models kept; name one" in err and "crammer_singer, seed 0" in err

    out, err = lossbench(
        "predict", "runs/keeps", digits, "--loss", "crammer_singer", "--out", "said.csv"
    )
    assert out.startswith("crammer_singer, seed 0: seed_cnn on mnist_mini; accuracy on test 0.")
    assert "torn.png is left out" in err and max(map(len, out.splitlines())) <= 80
    rows = list(csv.DictReader(io.StringIO((lossbench.cwd / "said.csv").read_text())))
    right = [row["class"] == row["image"].rpartition("/")[2][0] for row in rows]
    assert len(rows) == 20 and sum(right) >= 15
    for row in rows:
        shares = [float(row[f"p({k})"]) for k in range(10)]
        assert sum(shares) == pytest.approx(1) and int(np.argmax(shares)) == int(row["class"])

    (job,) = {f.parent for f in lossbench.cwd.glob("runs/keeps/jobs/*/model.keras")} - {
        next(lossbench.cwd.glob("runs/keeps/jobs/*/model.keras")).parent
    }
    out, _ = lossbench("predict", job, digits / "1-0.png", "--json")
    (told,) = json.loads(out)["predictions"]
    assert told["class"] == "1" and set(told["probabilities"]) == set("0123456789")


@pytest.mark.slow
def test_runs_that_kept_nothing(lossbench, digits):
    lossbench.write("keeps.yaml", KEEPS)
    bare = ("keeps.yaml", "--set", "model=tiny_cnn", "--set", "train.epochs=1")
    lossbench("run", *bare, "--set", "execution.save_model=none")
    _, err = lossbench("predict", "runs/keeps", digits, code=2)
    assert "none of its jobs has kept a model; execution: {save_model: best}" in err
    (job, *_) = (lossbench.cwd / "runs/keeps/jobs").iterdir()
    _, err = lossbench("predict", job, digits, code=2)
    assert "this job has kept no model" in err
    _, err = lossbench("predict", "runs", digits, code=2)
    assert "runs: is no run folder" in err
    out, err = lossbench("run", *bare)
    assert "2 finished jobs kept no model" in out + err

"""Images of one's own, from folders and tables to results, and the mistakes that users make."""

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image

FOLDER = """
name: own
dataset: {name: image_folder, path: photos, max_unreadable: 0.05}
model: tiny_cnn
losses: [cross_entropy, focal]
train: {epochs: 1, batch_size: 16}
seeds: 1
"""
TABLE = """
name: own
dataset:
  name: csv
  path: photos/labels.csv
  image: file
  target: [x, y]
  split_column: part
  image_size: 10
model: tiny_cnn
losses: [mse, mae]
train: {epochs: 1, batch_size: 16}
seeds: 1
"""


@pytest.fixture(autouse=True)
def photos(lossbench, tmp_path):
    """A hundred and twenty small pictures of three kinds: in folders, and named in a table."""
    lossbench.env["LOSSBENCH_CACHE"] = str(tmp_path / "cache")
    rng = np.random.default_rng(0)
    folder, rows = tmp_path / "photos", []
    for i in range(120):
        part = "test" if i % 4 == 0 else "train"
        file = folder / part / f"kind {i % 3}" / f"{i}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 100, (12, 12), dtype=np.uint8)
        pixels[:, 4 * (i % 3)] += 100
        Image.fromarray(pixels).save(file)
        rows.append([file.relative_to(folder).as_posix(), i / 7, -i / 3, part])
    with (folder / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["file", "x", "y", "part"], *rows])
    return folder


def results(lossbench):
    files = (lossbench.cwd / "runs/own/jobs").glob("*/result.json")
    return [json.loads(file.read_text()) for file in files]


@pytest.mark.slow
def test_a_folder_trains_and_its_jobs_follow_its_content(lossbench, photos, tmp_path):
    config = lossbench.write("e.yaml", FOLDER)
    (photos / "train" / "kind 1" / "broken.jpg").write_bytes(b"\xff\xd8 no image")
    _, err = lossbench("run", config)
    assert "1 of 121 image files cannot be read and are left out: 'train/kind 1/broken.jpg'" in err
    assert [result["status"] for result in results(lossbench)] == ["ok"] * 2

    shutil.move(photos, tmp_path / "elsewhere")
    config = lossbench.write("e.yaml", FOLDER.replace("path: photos", "path: elsewhere"))
    out, _ = lossbench("run", config)
    assert "0 trained now, 2 were finished before" in out

    changed = tmp_path / "elsewhere" / "train" / "kind 1" / "1.png"
    assert changed.exists()
    Image.fromarray(np.zeros((12, 12), np.uint8)).save(changed)
    out, _ = lossbench("run", config)
    assert "2 trained now, 0 were finished before" in out


@pytest.mark.slow
def test_a_table_trains_on_several_targets(lossbench, tmp_path):
    config = lossbench.write("e.yaml", TABLE)
    lossbench("run", config)
    found = results(lossbench)
    assert [result["status"] for result in found] == ["ok"] * 2
    for result in found:
        assert result["task"] == "regression"
        (n_test,) = {row["n_examples"] for row in result["metrics"] if row["split"] == "test"}
        assert n_test == 30
    predictions = next((tmp_path / "runs/own/jobs").glob("*/predictions.npz"))
    with np.load(predictions) as stored:
        expected = np.array([[i / 7, -i / 3] for i in range(0, 120, 4)])
        np.testing.assert_allclose(stored["y_true"], expected, rtol=1e-6)
    files = {path.parent.name for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    assert "scanned" in files  # what is kept lies in the cache, and nothing beside the images
    assert {path.name for path in (tmp_path / "photos").iterdir()} == {
        "train", "test", "labels.csv",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("config", "old", "new", "said"),
    [
        (FOLDER, "path: photos", "path: fotos", "there is no such folder; a folder with one"),
        (FOLDER, "photos", "photos/train/kind 1", "30 images, but no subfolder; two subfolders"),
        (TABLE, "target: [x, y]", "target: [x, why]", "no column 'why'; 'file', 'x', 'y', 'part'"),
        (TABLE, "image: file", "image: part", "column 'part' is named twice, among image, target"),
        (TABLE, "photos/labels.csv", "e.yaml", "this is no CSV file in UTF-8 ("),
        (TABLE, "image_size: 10", "image_size: 0", "dataset.image_size: 0 is not allowed; a "),
        (TABLE, "image_size: 10", "image_size: [3]", "dataset.image_size: [3] is not allowed; a "),
        (TABLE, "  image: file\n", "", "data set 'image_table' needs 'image' (the name of a "),
    ],
)
def test_mistakes_are_told_before_anything_trains(lossbench, config, old, new, said):
    assert old in config
    path = lossbench.write("e.yaml", config.replace(old, new))
    _, err = lossbench("validate", path, code=2)
    assert said in err
    assert f"{path}:" in err

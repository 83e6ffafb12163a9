"""Augmentation and streaming as a user writes them, from the file to the tables."""

import csv
import json

import pytest

CONFIG = """
name: augmented
dataset: {name: mnist_mini, subset: 256}
model: tiny_cnn
losses: [cross_entropy, focal, squared, arcface]
seeds: 2
train:
  epochs: 2
  batch_size: 32
  augment: [{name: crop, padding: 3}, {name: cutout, size: 6}, mixup]
"""


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_augmented_and_streamed_from_the_file_to_the_tables(lossbench):
    lossbench.write("e.yaml", CONFIG)
    out, _ = lossbench("plan", "e.yaml")
    shown = " ".join(out.split())
    assert "augment crop[padding=3], cutout[size=6], mixup" in shown
    assert "squared needs hard labels; those of mixup are mixed" in shown
    lossbench("run", "e.yaml", "--workers", 1)
    folder = lossbench.cwd / "runs/augmented"
    rows = rows_of(folder / "runs.csv")
    assert {row["status"] for row in rows} == {"ok"}
    assert {row["loss"] for row in rows} == {"cross_entropy", "focal"}
    by_seed: dict[str, set] = {}
    for row in rows:
        by_seed.setdefault(row["seed"], set()).add(row["augmentation_sha256"])
        assert float(row["seconds_data"]) >= 0
    assert [len(found) for found in by_seed.values()] == [1, 1]
    assert len(set.union(*by_seed.values())) == 2
    again, _ = lossbench("run", "e.yaml", "--set", "execution.memory_budget=5000")
    assert "0 trained now" in again, "a memory budget makes no other job"
    other = ["--workers", 2, "--runs-dir", "streamed", "--set", "execution.memory_budget=0"]
    lossbench("run", "e.yaml", *other)
    for row in rows:
        jobs = [
            where / "augmented/jobs" / row["job_id"]
            for where in (lossbench.cwd / "runs", lossbench.cwd / "streamed")
        ]
        results = [json.loads((job / "result.json").read_text()) for job in jobs]
        assert [result["streamed"] for result in results] == [False, True]
        assert results[0]["metrics"] == results[1]["metrics"]
        held, streamed = ((job / "steps.csv").read_text() for job in jobs)
        assert held == streamed


@pytest.mark.slow
def test_compare_refuses_to_pair_jobs_that_saw_other_images(lossbench):
    lossbench.write("e.yaml", CONFIG)
    lossbench("run", "e.yaml", "--set", "seeds=1", "--set", "train.epochs=1")
    folder = lossbench.cwd / "runs/augmented"
    path = next((folder / "jobs").glob("*/result.json"))
    result = json.loads(path.read_text())
    result["augmentation_sha256"] = "0" * 64
    for seal in ("files", "checksum"):
        result.pop(seal, None)
    path.write_text(json.dumps(result))
    _, err = lossbench("compare", folder, code=2)
    assert "differs from job" in err and "augmentation_sha256" in err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("train.augment=[flipp]", ["train.augment[0]: no augmentation", "Did you mean 'flip'?"]),
        ("train.augment=[{name: crop, padding: 28}]", ["have 28 x 28; at most 27 is accepted."]),
        ("train.augment=[{name: cutout, size: 29}]", ["have 28 x 28; at most 28 is accepted."]),
        ("train.augment=[{name: mixup, alpha: 0}]", ["0 is not allowed; alpha > 0"]),
        ("train.augment=[mixup, cutmix]", ["one of mixup and cutmix is accepted."]),
        ("losses=[squared]", ["no loss is left to train", "those of mixup are mixed"]),
        ("execution.memory_budget=-1", ["execution.memory_budget: -1 is not allowed; MiB >= 0"]),
    ],
)
def test_wrong_augmentation_and_budget(lossbench, change, says):
    lossbench.write("e.yaml", CONFIG)
    _, err = lossbench("run", "e.yaml", "--set", change, code=2)
    for part in says:
        assert part in err, err
    assert not (lossbench.cwd / "runs").exists()


@pytest.mark.slow
def test_data_preparation_is_a_small_part_of_two_epochs_on_mnist(lossbench, real_data):
    """At most a tenth is wanted; an undisturbed machine needs a fiftieth."""
    text = "dataset: mnist\nmodel: seed_cnn\nlosses: [ce]\nseeds: 1\ntrain: {epochs: 2}\n"
    lossbench.write("e.yaml", "name: share\n" + text)
    lossbench("run", "e.yaml", timeout=600)
    (row,) = rows_of(lossbench.cwd / "runs/share/runs.csv")
    assert 0 < float(row["seconds_data"]) < 0.1 * float(row["seconds_total"])

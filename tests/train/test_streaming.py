"""Images that are read while training: the same numbers, in a small memory."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from lossbench import datasets
from lossbench.datasets import synthetic_regression
from lossbench.train import assembly, loading
from tests.train.test_job import SEVERAL, numbers, run

BUDGETS = {"all": 2048.0, "none": 0.0}

CASES = {
    "regression": ["dataset={name: synthetic_regression, n: 80, n_test: 30, image_size: 10}"],
    "classes": ["dataset={name: mnist_mini, subset: 100}", "losses=[cross_entropy]"],
    "mixup": [
        "dataset={name: mnist_mini, subset: 100}",
        "losses=[cross_entropy]",
        "train.augment=[flip, crop, cutout, mixup]",
    ],
    "cutmix": [
        "dataset={name: mnist_mini, subset: 100}",
        "losses=[focal]",
        "train.augment=[shift, cutmix]",
    ],
    "embeddings": ["dataset={name: mnist_mini, subset: 100}", "losses=[triplet]"],
    "masks": [
        "dataset={name: synthetic_segmentation, n: 60, n_test: 20}",
        "model=unet_small",
        "losses=[bce]",
        "train.augment=[flip, shift]",
    ],
    "retrieval": [
        "dataset={name: mnist_mini, subset: 200, retrieval: {held_out_classes: 3}}",
        "losses=[cross_entropy]",
    ],
    "own weights": ["dataset={name: mnist_mini, subset: 100}", "losses=[center]"],
}
TEXT = """
dataset: mnist_mini
model: seed_cnn
losses: [mse]
seeds: [5]
train: {epochs: 2, batch_size: 16}
"""


def both(tmp_path, *changes, text=TEXT):
    """Run a job with all images in memory and with none; return the results and the numbers."""
    found = {}
    for name, budget in BUDGETS.items():
        (tmp_path / name).mkdir()
        folder, result = run(tmp_path / name, *changes, text=text, memory_budget_mib=budget)
        assert result["status"] == "ok", result
        assert result["streamed"] == (name == "none")
        found[name] = (result, numbers(folder, result))
    return found["all"], found["none"]


@pytest.mark.parametrize("case", CASES)
def test_streamed_images_give_identical_numbers(tmp_path, case):
    (held, held_numbers), (streamed, streamed_numbers) = both(tmp_path, *CASES[case])
    assert streamed_numbers == held_numbers
    for key in (key for key in held if key.endswith("sha256")):
        assert streamed[key] == held[key], key


def test_streamed_images_of_several_outputs_give_identical_numbers(tmp_path):
    (_, held), (_, streamed) = both(tmp_path, text=SEVERAL)
    assert streamed == held


def test_a_budget_that_is_just_enough_holds_the_images(tmp_path):
    splits = datasets.load("mnist_mini", {"subset": 100})
    n_bytes = sum(part.images.nbytes for part in (splits.train, splits.validation, splits.test))
    for i, (budget, streamed) in enumerate([(n_bytes, False), (n_bytes - 1, True)]):
        (tmp_path / str(i)).mkdir()
        _, result = run(
            tmp_path / str(i), *CASES["classes"], text=TEXT, memory_budget_mib=budget / 2**20
        )
        assert result["streamed"] == streamed


def test_seeds_share_one_trace_when_images_are_streamed(tmp_path):
    assembly._kept.clear()
    for seed in "123":
        (tmp_path / seed).mkdir()
        run(tmp_path / seed, *CASES["mixup"], f"seeds=[{seed}]", text=TEXT, memory_budget_mib=0.0)
    (kept,) = assembly._kept.values()
    assert kept.fed.train_function is not None


@pytest.mark.parametrize("budget", BUDGETS.values())
def test_images_on_disk_give_the_numbers_of_images_in_memory(tmp_path, monkeypatch, budget):
    real = synthetic_regression.read

    def on_disk(name, **own):
        source = real(name, **own)
        np.save(tmp_path / "images.npy", source.images)
        images = np.load(tmp_path / "images.npy", mmap_mode="r", allow_pickle=False)
        return replace(source, images=images)

    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    plain = numbers(*run(tmp_path / "a", *CASES["regression"], text=TEXT))
    monkeypatch.setattr(synthetic_regression, "read", on_disk)
    loading.load_data.cache_clear()
    folder, result = run(tmp_path / "b", *CASES["regression"], text=TEXT, memory_budget_mib=budget)
    loading.load_data.cache_clear()
    assert numbers(folder, result) == plain


def test_float_images_of_the_users_own_are_streamed_unscaled(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        f"{key}_{part}": value
        for part, n in (("train", 60), ("test", 20))
        for key, value in (
            ("x", rng.normal(scale=3.0, size=(n, 10, 10, 2))),
            ("y", rng.integers(0, 3, n)),
        )
    }
    np.savez(tmp_path / "own.npz", **arrays)
    change = f"dataset={{name: npz, path: {tmp_path}/own.npz}}"
    (_, held), (_, streamed) = both(tmp_path, change, "losses=[cross_entropy]")
    assert streamed == held
    fed = next(reversed(assembly._kept.values())).fed
    seen = np.asarray(fed._scaled(fed.read(np.arange(3, dtype=np.int32))[1]))
    train = datasets.load("npz", {"path": str(tmp_path / "own.npz")}).train
    np.testing.assert_array_equal(seen, train.images[:3])
    assert seen.min() < -1, "as the user gave them"


LARGE = """
import json, sys
from pathlib import Path
from lossbench.train import environment
environment.set_up(1)
import numpy as np
from lossbench import config, datasets, store
from lossbench.datasets import synthetic_imbalanced
from lossbench.datasets.splitting import Source
from lossbench.plan import make_plan
from lossbench.train.job import run_job

folder, budget = Path(sys.argv[1]), float(sys.argv[2])
images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
labels = np.load(folder / "labels.npy", allow_pickle=False)


def read(name, **own):
    return Source(images, labels, images[:500], labels[:500], "binary", ("no", "yes"))


(folder / "e.yaml").write_text(
    "dataset: {name: synthetic_imbalanced, n: 200, n_test: 40, ratio: 2, image_size: 10}\\n"
    "model: tiny_cnn\\nlosses: [bce]\\nseeds: [1]\\ntrain: {epochs: 1, batch_size: 32}\\n"
)
experiment = config.load(folder / "e.yaml").checked()
facts = [datasets.describe(d.name, d.params) for d in experiment.datasets]
(job,) = make_plan(experiment, facts).jobs
place = store.job_folder(folder, job.id)
store.write_json(place / "job.json", job.record())
synthetic_imbalanced.read = read
result = run_job(place, threads=1, memory_budget_mib=budget)
status = Path("/proc/self/status").read_text()  # getrusage counts the parent's memory, too
result["peak_mib"] = int(status.partition("VmHWM:")[2].split()[0]) / 1024
print(json.dumps(result))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_a_set_larger_than_the_memory_it_may_take_is_trained_on(tmp_path):
    """1.5 GB of images; TensorFlow and the network take two thirds of that by themselves."""
    n, side = 38_000, 200
    images = np.lib.format.open_memmap(tmp_path / "images.npy", "w+", np.uint8, (n, side, side, 1))
    labels = (np.arange(n) % 2).astype(np.int32)
    images[1::2, 50:150, 50:150] = 200
    images.flush()
    del images
    np.save(tmp_path / "labels.npy", labels)
    done = subprocess.run(
        [sys.executable, "-c", LARGE, str(tmp_path), "256"],
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(done.stdout.splitlines()[-1])
    assert (result["status"], result["streamed"], result["n_train"]) == ("ok", True, 34_200)
    (accuracy,) = (
        row["value"]
        for row in result["metrics"]
        if (row["metric"], row["split"], row["at"]) == ("accuracy", "test", "selected")
    )
    assert accuracy > 0.9
    assert result["peak_mib"] < 1250

"""The user's own arrays: folds, groups, functions and leaks, from the file to the results."""

import csv
import json

import numpy as np
import pytest

FUNCTION = """
import numpy as np

def patients(n=60, noise=40.0):
    rng = np.random.default_rng(0)
    sick = np.arange(n) % 2
    images = 100 + 60 * sick[:, None, None] + noise * rng.standard_normal((n, 8, 8))
    print("made", n)
    return {
        "x_train": np.clip(images, 0, 255).astype(np.uint8),
        "y_train": sick,
        "group_train": [f"patient {i // 4}" for i in range(n)],
    }

def pairs(size=3):
    return (np.zeros((size, 8, 8)),) * 2

def fails(path):
    return np.load(path)

def random():
    return np.random.rand(20, 8, 8), np.arange(20) % 2
"""
CONFIG = """
name: patients
dataset:
  name: function
  target: my_data.py:patients
  params: {noise: 20.0}
  split: {type: kfold, folds: 3}
model: tiny_cnn
losses: [cross_entropy, focal]
seeds: 3
train: {epochs: 2, batch_size: 8}
"""


@pytest.fixture
def folder(lossbench):
    lossbench.env["LOSSBENCH_CACHE"] = str(lossbench.cwd / "cache")
    lossbench.write("my_data.py", FUNCTION)
    return lossbench


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_folds_of_patients_that_a_function_makes(folder):
    out, _ = folder("run", folder.write("e.yaml", CONFIG))
    runs = folder.cwd / "runs/patients"
    rows = table(runs / "runs.csv")
    assert len(rows) == 6
    assert {row["dataset"] for row in rows} == {"patients[noise=20,split={type=kfold,folds=3}]"}
    assert {(row["split"], row["test_resampled"]) for row in rows} == {("kfold", "True")}
    tested = {}
    for row in rows:
        with np.load(runs / "jobs" / row["job_id"] / "predictions.npz") as stored:
            tested.setdefault(row["loss"], []).append(stored["example_id"])
        assert int(row["n_train"]) + int(row["n_validation"]) + int(row["n_test"]) == 60
    for parts in tested.values():
        assert sorted(np.concatenate(parts)) == list(range(60))
        assert all(len(set(part // 4)) * 4 == len(part) for part in parts)  # whole patients
    assert "blocks overlap" in out
    assert "made" not in out
    again, _ = folder("run", "e.yaml")
    assert "0 trained now, 6 were finished before" in again
    ids = {row["job_id"] for row in rows}
    folder.write("my_data.py", FUNCTION.replace("# ", "") + "\n# a remark\n")
    planned = {job["job_id"] for job in jobs(folder, "e.yaml")}
    assert planned == ids
    folder.write("my_data.py", FUNCTION.replace("60 * sick", "61 * sick"))
    assert ids.isdisjoint(job["job_id"] for job in jobs(folder, "e.yaml"))


def jobs(folder, path):
    return json.loads(folder("plan", path, "--json")[0])["jobs"]


def write_npz(folder, leak=0, n_test=10, **more):
    rng = np.random.default_rng(1)
    x = rng.integers(0, 256, (60, 8, 8)).astype(np.uint8)
    test = rng.integers(0, 256, (n_test, 8, 8)).astype(np.uint8)
    test[:leak] = x[:leak]
    content = {"x_train": x, "y_train": np.arange(60) % 2, "x_test": test}
    content |= {"y_test": np.arange(n_test) % 2} | more
    np.savez(folder.cwd / "mine.npz", **{k: v for k, v in content.items() if v is not None})
    return folder.write(
        "e.yaml",
        "name: mine\ndataset: {name: npz, path: mine.npz}\nmodel: tiny_cnn\n"
        "losses: [cross_entropy]\nseeds: 1\ntrain: {epochs: 1, batch_size: 8}\n",
    )


@pytest.mark.slow
def test_test_images_that_are_in_training_are_said_and_an_error_under_strict(folder):
    path = write_npz(folder, leak=3)
    says = "data set 'npz': 3 of the 10 test images are in training or validation too"
    for command in ("plan", "validate"):
        _, err = folder(command, path)
        assert f"warning: {says}" in err
        _, err = folder(command, path, "--strict", code=3)
        assert err.startswith(says)
    _, err = folder("run", path, "--strict", code=3)
    assert err.startswith(says)
    assert not (folder.cwd / "runs").exists()
    out, _ = folder("run", path)
    assert says in out
    folder("run", write_npz(folder), "--strict", "--set", "name=clean")
    path = write_npz(folder, group_train=np.arange(60), group_test=np.arange(59, 69))
    _, err = folder("validate", path, "--strict", code=3)
    assert "1 group is in training or validation and in the test too" in err


@pytest.mark.slow
def test_resample_draws_another_validation_for_each_seed_and_the_same_for_each_loss(folder):
    path = write_npz(folder)
    more = ("--set", "dataset.split=resample", "--set", "seeds=2")
    out, _ = folder("run", path, *more, "--set", "losses=[cross_entropy,focal]")
    rows = table(folder.cwd / "runs/mine/runs.csv")
    by_seed = {}
    for row in rows:
        by_seed.setdefault(row["seed"], set()).add(row["split_sha256"])
    assert [len(found) for found in by_seed.values()] == [1, 1]
    assert len(set.union(*by_seed.values())) == 2
    assert {row["test_resampled"] for row in rows} == {"False"}
    assert "blocks overlap" not in out


@pytest.mark.parametrize(
    ("arrays", "override", "says"),
    [
        ({}, "dataset.split=kfold", "split is kfold, whose folds are the test, but these data"),
        ({}, "dataset.split={type: kfold, folds: 1}", "folds: a whole number >= 2"),
        ({}, "dataset.split=random", "'random' is not allowed; fixed, resample, kfold or"),
        (
            {"x_test": None, "y_test": None},
            "dataset.split={type: kfold, folds: 31}",
            "kfold with 31 folds was asked for, but class 0 has 30 training images",
        ),
        (
            {"x_test": None, "y_test": None, "group_train": np.zeros(60, int)},
            "dataset.split=fixed",
            "there is 1 group, and none may be in two parts; 3 groups or more are accepted",
        ),
        ({"x_test": None}, "dataset.split=fixed", "x_test is missing"),
    ],
)
def test_splits_that_do_not_suit_the_data(folder, arrays, override, says):
    _, err = folder("validate", write_npz(folder, **arrays), "--set", override, code=2)
    assert says in err


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("dataset.target=my_data.py:patient", "no function or class 'patient' at the top level"),
        ("dataset.target=my_dat.py:patients", "Did you mean 'my_data.py'?"),
        ("dataset.params={noize: 1}", "patients takes no 'noize' from the file; it takes n, noise"),
        ("dataset.params={n: many}", "the function failed at my_data.py:6 with TypeError"),
        (
            "dataset={name: function, target: 'my_data.py:fails'}",
            "fails needs 'path', which has no default",
        ),
        (
            "dataset={name: function, target: 'my_data.py:pairs'}",
            "y_train is float64 [3, 8, 8]; whole numbers, strings or floats of shape [n]",
        ),
    ],
)
def test_functions_that_cannot_be_used(folder, override, says):
    _, err = folder("validate", folder.write("e.yaml", CONFIG), "--set", override, code=2)
    assert says in err


def test_a_function_that_is_random_is_refused_before_anything_trains(folder):
    path = folder.write("e.yaml", CONFIG)
    dataset = "dataset={name: function, target: 'my_data.py:random'}"
    _, err = folder("run", path, "--set", dataset, code=2)
    assert "the function returned other arrays when it was called again" in err
    assert not list(folder.cwd.glob("runs/*/jobs/*"))

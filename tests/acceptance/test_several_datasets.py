"""Several data sets summed up, and what predictions add, as a user asks for them."""

import json
import shutil

import numpy as np
import pytest

CONFIG = """
name: two
dataset: [{name: mnist_mini, subset: 200}, {name: synthetic_ordinal, n: 200, n_test: 200}]
model: tiny_cnn
losses: [cross_entropy, focal]
seeds: 2
optimizer: {name: adam, learning_rate: 0.01}
train: {epochs: 2, batch_size: 32}
protocol: {metric: accuracy, delta: 0.01}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    from tests.acceptance.conftest import Command

    command = Command(tmp_path_factory.mktemp("two"))
    out, _ = command("run", command.write("two.yaml", CONFIG))
    return command, out


def test_run_and_compare_sum_up_two_data_sets(finished):
    command, ran = finished
    out, _ = command("compare")
    for text in (" ".join(ran.split()), " ".join(out.split())):
        assert "across 2 data sets: mnist_mini[subset=200], synthetic_ordinal[" in text
        assert "of these data sets alone" in text
    told = json.loads(command("compare", "--json")[0])
    (across,) = told["across"]
    by_name = {one["dataset"]: one["rows"] for one in told["comparisons"]}
    focal = next(row for row in across["rows"] if row["level"] == "focal")
    for dataset, diff in zip(across["datasets"], focal["diffs"], strict=True):
        own = next(row for row in by_name[dataset] if row["level"] == "focal")
        assert diff == pytest.approx(own["diff"])
    assert focal["mean"] == pytest.approx(sum(focal["diffs"]) / 2)
    assert across["delta"] == 0.01


def test_predictions_are_read_where_asked(finished):
    command, _ = finished
    plain = json.loads(command("compare", "--json")[0])["comparisons"]
    out, _ = command("compare", "--predictions")
    assert " ".join(out.split()).count("(crossed bootstrap): focal [") == 2
    told = json.loads(command("compare", "--predictions", "--json")[0])["comparisons"]
    for before, after in zip(plain, told, strict=True):
        for old, new in zip(before["rows"], after["rows"], strict=True):
            crossed = new.pop("crossed_low"), new.pop("crossed_high")
            assert (old.pop("crossed_low"), old.pop("crossed_high")) == (None, None)
            assert (crossed == (None, None)) == (new["verdict"] == "BASELINE")
            for one in (old, new):  # why a number is not there
                one.pop("missing")
        assert before == after


def test_one_seed_speaks_of_two_trained_networks(finished):
    command, _ = finished
    shutil.copytree(command.cwd / "runs", command.cwd / "alone")
    command("run", "two.yaml", "--set", "seeds=1", "--runs-dir", "alone")
    folder = command.cwd / "alone/two"
    out, _ = command("compare", folder, "--predictions")
    text = " ".join(out.split())
    assert text.count("focal and cross_entropy: these two trained networks ") == 2
    assert "said of trained networks, not of the losses" in text
    assert "losses differ" not in text
    told = json.loads(command("compare", folder, "--predictions", "--json")[0])["comparisons"]
    for one in told:
        (two,) = one["one_seed"]
        right = {}
        for loss in ("focal", "cross_entropy"):
            (job,) = one["jobs"][loss].values()
            with np.load(folder / "jobs" / job / "predictions.npz") as saved:
                right[loss] = saved["scores"].argmax(axis=1) == saved["y_true"]
        assert two["only_level"] == int((right["focal"] & ~right["cross_entropy"]).sum())
        assert two["only_baseline"] == int((~right["focal"] & right["cross_entropy"]).sum())
        assert two["diff"] == pytest.approx(right["focal"].mean() - right["cross_entropy"].mean())


def test_wrong_questions_have_an_answer(finished):
    command, _ = finished
    folder = command.cwd / "runs/two"
    _, err = command("compare", folder, "--predictions", "--at", "last", code=2)
    assert "predictions are kept of the epoch chosen on validation. Leave out --at last." in err
    path = next(folder.glob("jobs/*/predictions.npz"))
    content = path.read_bytes()
    path.unlink()
    try:
        _, err = command("compare", folder, "--predictions", code=2)
        assert "there is no such file" in err
        command("compare", folder)
    finally:
        path.write_bytes(content)

"""Models that jobs keep: they load in plain Keras and give what the job predicted."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from lossbench import config, datasets, store
from lossbench.errors import StoreError
from lossbench.plan import make_plan
from lossbench.train import saved_model
from lossbench.train.job import run_job

CASES = {
    "cross_entropy": ("{name: mnist_mini, subset: 300}", "tiny_cnn", "cross_entropy"),
    "cosine head": ("{name: mnist_mini, subset: 300}", "tiny_cnn", "arcface"),
    "class means": ("{name: mnist_mini, subset: 300}", "tiny_cnn", "triplet"),
    "coral": ("{name: synthetic_ordinal, n: 200, n_test: 50}", "tiny_cnn", "coral"),
    "two classes": ("{name: synthetic_imbalanced, n: 300, n_test: 50}", "tiny_cnn", "bce"),
    "labels": ("{name: synthetic_multilabel, n: 200, n_test: 50}", "tiny_cnn", "bce"),
    "target units": ("{name: synthetic_regression, n: 200, n_test: 50}", "tiny_cnn", "mse"),
    "two outputs a target": (
        "{name: synthetic_regression, n: 200, n_test: 50}",
        "tiny_cnn",
        "gaussian_nll",
    ),
    "several outputs": (
        "{name: digit_position, subset: 300}",
        "tiny_cnn",
        "{name: heads, heads: {digit: cross_entropy, position: huber}}",
    ),
    "masks": (
        "{name: synthetic_segmentation, n: 60, n_test: 20, image_size: 16}",
        "unet_small",
        "bce",
    ),
}
IN_PLAIN_KERAS = """
import sys
import keras
import numpy as np
for folder in sys.argv[1:]:
    network = keras.saving.load_model(folder + "/model.keras", safe_mode=True)
    images = np.load(folder + "/images.npy")
    np.save(folder + "/outputs.npy", network.predict_on_batch(images))
    kinds = {type(layer).__module__.split(".")[0] for layer in network.layers}
    assert kinds <= {"keras"}, kinds
assert not any(name.startswith("lossbench") for name in sys.modules)
"""


def train(folder, case, save, epochs=2):
    dataset, model, loss = CASES[case]
    path = folder / "e.yaml"
    path.write_text(
        f"dataset: {dataset}\nmodel: {model}\nlosses: [{loss}]\nseeds: 1\n"
        f"train: {{epochs: {epochs}, batch_size: 32}}\nprotocol: {{head_controls: false}}\n"
        "optimizer: {name: adam, learning_rate: 0.01}\n"
    )
    experiment = config.load(path).checked()
    data = experiment.datasets[0]
    plan = make_plan(experiment, [datasets.describe(data.name, data.params)])
    (job,) = plan.jobs
    place = store.job_folder(folder, job.id)
    store.write_json(place / "job.json", job.record())
    result = run_job(place, threads=1, save_model=save)
    assert result["status"] == "ok", result
    return place, result, datasets.load(data.name, data.params, 0).test.images


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Of each case: folder, result, test images and what plain Keras says of them."""
    found = {}
    for case in CASES:
        place, result, images = train(tmp_path_factory.mktemp("kept"), case, "best")
        images = np.asarray(images)
        scaled = images.astype("float32") / 255 if images.dtype == np.uint8 else images
        np.save(place / "images.npy", scaled)
        found[case] = place, result, images
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    subprocess.run(
        [sys.executable, "-c", IN_PLAIN_KERAS, *(str(place) for place, *_ in found.values())],
        check=True,
        cwd=elsewhere,
        env=environment | {"KERAS_BACKEND": "tensorflow"},
    )
    return found


@pytest.mark.parametrize("case", CASES)
def test_plain_keras_gives_the_scores_that_the_job_measured(kept, case):
    place, result, _ = kept[case]
    scores = saved_model.read_outputs(np.load(place / "outputs.npy"), result["saved_model"])
    with np.load(place / "predictions.npz") as saved:
        if case == "masks":
            np.testing.assert_array_equal(scores.argmax(axis=-1), saved["y_pred"])
        else:
            np.testing.assert_allclose(scores, saved["scores"], rtol=2e-4, atol=2e-4)


def test_a_regression_is_in_the_units_of_the_targets(kept):
    place, result, _ = kept["target units"]
    with np.load(place / "predictions.npz") as saved:
        np.testing.assert_allclose(np.load(place / "outputs.npy"), saved["scores"], rtol=1e-4)
    assert result["saved_model"]["center"] is None


def test_predict_reads_bytes_as_the_training_did(kept):
    place, result, images = kept["cosine head"]
    found = saved_model.predict(place / "model.keras", images, result["saved_model"])
    with np.load(place / "predictions.npz") as saved:
        np.testing.assert_allclose(found, saved["scores"], rtol=2e-4, atol=2e-4)


def test_best_and_last_are_of_their_epochs(tmp_path):
    found = {}
    for save in ("best", "last"):
        (tmp_path / save).mkdir()
        place, result, images = train(tmp_path / save, "target units", save, epochs=6)
        scores = saved_model.predict(place / "model.keras", images, result["saved_model"])
        truth = np.load(place / "predictions.npz")["y_true"]
        rmse = float(np.sqrt(np.mean((scores - truth) ** 2)))
        at = "selected" if save == "best" else "last"
        (told,) = (
            m["value"]
            for m in result["metrics"]
            if (m["metric"], m["split"], m["at"], m["stage"]) == ("rmse", "test", at, "raw")
        )
        assert rmse == pytest.approx(told, rel=1e-4)
        found[save] = result["selected_epoch"], told
    assert found["best"][0] == found["last"][0]


def test_a_model_changes_no_number_and_is_sealed(tmp_path):
    for name in ("none", "best"):
        (tmp_path / name).mkdir()
    bare, first, _ = train(tmp_path / "none", "cosine head", "none")
    place, second, _ = train(tmp_path / "best", "cosine head", "best")
    assert first["metrics"] == second["metrics"] and not (bare / "model.keras").exists()
    stored = json.loads((place / "result.json").read_bytes())
    assert "model.keras" in stored["files"] and "saved_model" not in first
    content = (place / "model.keras").read_bytes()
    (place / "model.keras").write_bytes(content[:-1])
    assert "model.keras" in store.verify(place)[0]
    assert [path.name for path in place.iterdir() if path.name.startswith(".")] == []


def test_no_room_for_the_model_is_said(tmp_path, monkeypatch):
    def full(path, content):
        if str(path).endswith(".keras"):
            raise StoreError(f"{path}: cannot be written: No space left on device.")
        return real(path, content)

    real = store.write_whole
    monkeypatch.setattr(store, "write_whole", full)
    with pytest.raises(StoreError, match=r"model\.keras: cannot be written: No space left"):
        train(tmp_path, "cosine head", "best")
    (place,) = (tmp_path / "jobs").iterdir()
    assert not (place / "result.json").exists()

"""Pretrained backbones as a user meets them: a file, an earlier run, keras.applications."""

import json
import os
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from lossbench import datasets, store

FILE = """
name: tuned
dataset: {{name: mnist_mini, subset: {{n: 400, balanced: true}}}}
model:
{models}
losses: [cross_entropy]
seeds: 1
train: {{epochs: 10, batch_size: 32}}
optimizer: {{name: adam, learning_rate: 0.01}}
"""


def experiment(*models, **changes):
    text = FILE.format(models="\n".join(f"  - {model}" for model in models))
    return text + "".join(f"{key}: {value}\n" for key, value in changes.items())


@pytest.fixture(scope="module")
def pretrained(tmp_path_factory):
    """A small network that has learnt to tell digits, with the head that it learnt them with."""
    train = datasets.load("mnist_mini", {}).train
    keras.utils.set_random_seed(0)
    images = keras.Input((None, None, 1), name="digits")
    x = layers.Rescaling(1 / 255, name="scale")(images)
    for number, width in enumerate((16, 32), start=1):
        x = layers.Conv2D(width, 3, strides=2, padding="same", name=f"conv_{number}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm_{number}")(x)
        x = layers.ReLU(name=f"relu_{number}")(x)
    x = layers.Conv2D(64, 3, padding="same", activation="relu", name="conv_3")(x)
    x = layers.GlobalMaxPooling2D(name="pooled")(x)
    model = keras.Model(images, layers.Dense(10, name="digit")(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.003), loss)
    pixels = np.asarray(train.images[np.arange(len(train.ids))], np.float32)
    model.fit(pixels, train.targets, epochs=3, batch_size=64, verbose=0)
    path = tmp_path_factory.mktemp("pretrained") / "digits.keras"
    model.save(path)
    return path


def results(folder):
    found = {}
    for path in folder.glob("jobs/*/result.json"):
        job = json.loads((path.parent / "job.json").read_bytes())
        found[json.dumps(job["model"]["params"].get("weights"))] = json.loads(path.read_bytes())
    return found


def accuracy(result):
    rows = result["metrics"]
    return next(
        row["value"]
        for row in rows
        if (row["split"], row["at"], row["metric"]) == ("test", "selected", "accuracy")
    )


def test_a_frozen_backbone_beats_the_same_head_on_an_untrained_one(lossbench, pretrained):
    shutil.copy(pretrained, lossbench.cwd)
    entry = "{{name: keras_file, path: digits.keras, weights: {0}, label: {0}}}"
    path = lossbench.write("t.yaml", experiment(entry.format("file"), entry.format("none")))
    out, err = lossbench("plan", path)
    assert "its last layer 'digit' (10 outputs) is taken for a head and left out" in err
    assert "none: its backbone keeps the weights that are drawn at random" in err
    out, _ = lossbench("run", path)
    assert "is taken for a head and left out" in out
    found = results(lossbench.cwd / "runs" / "tuned")
    assert accuracy(found['"file"']) > accuracy(found['"none"']) + 0.2
    assert accuracy(found['"file"']) > 0.85
    assert found['"file"']["preprocessing"] == {
        "reads": "grey_levels",
        "image_size": [28, 28],
        "resized": None,
        "channels": "kept",
    }
    assert found['"file"']["init_sha256"] != found['"none"']["init_sha256"]


def test_another_file_of_the_same_name_is_another_job(lossbench, pretrained):
    shutil.copy(pretrained, lossbench.cwd)
    path = lossbench.write("t.yaml", experiment("{name: keras_file, path: digits.keras}"))
    first, _ = lossbench("plan", path, "--json")
    model = keras.saving.load_model(pretrained)
    model.set_weights([w + 1 for w in model.get_weights()])
    model.save(lossbench.cwd / "digits.keras")
    second, _ = lossbench("plan", path, "--json")
    ids = [json.loads(text)["jobs"][0]["job_id"] for text in (first, second)]
    assert ids[0] != ids[1]


def test_files_are_found_in_the_folder_of_data(lossbench, pretrained, tmp_path):
    lossbench.env["LOSSBENCH_DATA"] = str(pretrained.parent)
    path = lossbench.write("t.yaml", experiment("{name: keras_file, path: digits.keras}"))
    lossbench("validate", path)
    (lossbench.cwd / "digits.keras").write_bytes(b"the one beside the file comes first")
    _, err = lossbench("validate", path, code=2)
    assert f"{lossbench.cwd / 'digits.keras'}: is no .keras file" in err


def kept_run(folder, pretrained, jobs):
    """Write the folder of a run that kept models, as `execution: {save_model: last}` does."""
    rows = []
    for job_id, loss, seed in jobs:
        place = folder / "jobs" / job_id
        place.mkdir(parents=True)
        model = keras.saving.load_model(pretrained)
        reads = model.get_layer("pooled").output
        scaled = keras.Input((28, 28, 1), name="images")
        x = keras.Model(model.inputs[0], reads)(layers.Rescaling(255.0)(scaled))
        keras.Model(scaled, layers.Dense(10, name="head")(x)).save(place / "model.keras")
        (place / "job.json").write_text(json.dumps({"job_id": job_id}))
        result = {"job_id": job_id, "status": "ok", "saved_model": "last"}
        (place / "result.json").write_text(json.dumps(result))
        row = dict.fromkeys(store.PLAN_COLUMNS, "")
        row |= {"job_id": job_id, "loss": loss, "seed": seed, "dataset": "mnist_mini"}
        row |= {"model": "seed_cnn", "epochs": 1, "batch_size": 32, "planned": "yes"}
        rows.append(row)
    (folder / "plan.csv").write_text(store.csv_text(store.PLAN_COLUMNS, rows))
    (folder / "experiment.yaml").write_text("name: first\nprotocol: {}\n")


@pytest.mark.slow
def test_a_run_goes_on_from_what_an_earlier_run_kept(lossbench, pretrained):
    kept_run(
        lossbench.cwd / "runs" / "first",
        pretrained,
        [("aaaaaaaaaaaa", "cross_entropy", 0), ("bbbbbbbbbbbb", "focal", 0)],
    )
    vague = lossbench.write("vague.yaml", experiment("{name: earlier_run, run: runs/first}"))
    _, err = lossbench("validate", vague, code=2)
    assert "2 models kept" in err and "focal, seed 0" in err and "aaaaaaaaaaaa" in err
    entry = "{name: earlier_run, run: runs/first, loss: focal}"
    path = lossbench.write("t.yaml", experiment(entry))
    lossbench("run", path)
    job = next((lossbench.cwd / "runs" / "tuned").glob("jobs/*/job.json"))
    described = json.loads(job.read_bytes())
    assert described["model"]["params"]["run"].endswith("first/jobs/bbbbbbbbbbbb")
    assert len(described["content"]["model_sha256"]) == 64
    result = json.loads((job.parent / "result.json").read_bytes())
    assert accuracy(result) > 0.85 and result["preprocessing"]["reads"] == "unit"
    own = job.parent.parent.parent.parent / "first" / "jobs" / "bbbbbbbbbbbb" / "model.keras"
    as_file = lossbench.write("file.yaml", experiment(f"{{name: keras_file, path: {own}}}"))
    _, err = lossbench("validate", as_file, code=2)
    assert "was kept by a run of lossbench, and reads values in [0, 1]; inputs: unit" in err
    absent = lossbench.write("absent.yaml", experiment("{name: earlier_run, run: runs/none}"))
    _, err = lossbench("validate", absent, code=2)
    assert "is no run folder" in err


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("mobilnet_v2", "no model 'mobilnet_v2'; `lossbench list models` shows all. Did you mean"),
        ("{name: resnet50}", "resnet50 reads images of 32 pixels or more; those of mnist_mini"),
        ("{name: inception_v3, image_size: 64}", "image_size makes those of mnist_mini[subset="),
        ("{name: keras_file, path: none.keras}", "none.keras: there is no such file"),
        ("{name: keras_file, path: fixed.keras}", "20 x 20 pixels only"),
        ("{name: keras_file, path: fixed.keras, image_size: 28}", "Add image_size: 20."),
    ],
)
def test_wrong_backbones_are_refused_before_anything_trains(lossbench, entry, text):
    images = keras.Input((20, 20, 3))
    keras.Model(images, layers.Conv2D(4, 3)(images)).save(lossbench.cwd / "fixed.keras")
    path = lossbench.write("t.yaml", experiment(entry))
    _, err = lossbench("validate", path, code=2)
    assert text in err
    assert max(map(len, err.splitlines())) < 500


@pytest.mark.parametrize(
    ("dataset", "loss", "text"),
    [
        ("synthetic_series", "mse", "mobilenet reads images; those of synthetic_series are series"),
        ("synthetic_vectors", "mse", "mobilenet reads images; those of synthetic_vectors are"),
        ("synthetic_segmentation", "cross_entropy", "mobilenet gives outputs for an image"),
    ],
)
def test_data_of_other_kinds_are_refused_on_a_backbone(lossbench, dataset, loss, text):
    path = lossbench.write(
        "t.yaml",
        f"dataset: {dataset}\nmodel: {{name: mobilenet, image_size: 64}}\nlosses: {loss}\n",
    )
    _, err = lossbench("validate", path, code=2)
    assert text in err and "keras_file" not in err


def test_weights_that_cannot_be_fetched_stop_the_run_before_any_job(lossbench):
    lossbench.env |= {"KERAS_HOME": str(lossbench.cwd / "k"), "https_proxy": "http://127.0.0.1:9"}
    path = lossbench.write("t.yaml", experiment("{name: mobilenet_v2, image_size: 64}"))
    _, err = lossbench("validate", path)
    name = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    place = lossbench.cwd / "k" / "models"
    assert f"they are fetched to {place / name} when the experiment runs" in err
    assert "their one channel is repeated three times" in err
    assert "are enlarged from 28 x 28 to 64 x 64" in err
    _, err = lossbench("run", path, code=2)
    assert err.count(name) == 2 and f"/mobilenet_v2/{name}" in err and str(place) in err
    assert not (lossbench.cwd / "runs").exists()
    (place / name).write_text("an error page")
    _, err = lossbench("validate", path, code=2)
    assert "is not the file of weights that Keras asks for" in err


@pytest.mark.slow
def test_the_example_on_a_real_backbone(lossbench, configs):
    data = Path(os.environ.get("LOSSBENCH_DATA") or "/nowhere")
    if not (data / "efficientnet_lite0_imagenet_notop.keras").is_file():
        pytest.skip("LOSSBENCH_DATA has no efficientnet_lite0_imagenet_notop.keras")
    settings = ("--set", "seeds=1", "--set", "losses=[cross_entropy]")
    lossbench("run", configs / "finetune-frozen.yaml", *settings, timeout=900)
    found = results(lossbench.cwd / "runs" / "finetune-frozen")
    assert accuracy(found['"file"']) > accuracy(found['"none"']) + 0.2

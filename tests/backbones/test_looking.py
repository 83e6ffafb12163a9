"""What is known of a backbone without building it, and whether it suits data."""

import hashlib

import pytest

from lossbench import backbones
from lossbench.catalog import MODELS, Facts
from lossbench.config import Entry
from lossbench.errors import DataError


def entry(name, **params):
    defaults = {key: one.default for key, one in MODELS[name].params.items()}
    return Entry(name, defaults | params, where="x.yaml:3:1: model")


def data(shape=(32, 32, 3)):
    facts = Facts(
        task="multiclass",
        image_shape=shape,
        n_classes=10,
        n_targets=0,
        n_train=100,
        n_validation=10,
        n_test=50,
        train_counts=(10,) * 10,
        soft_targets=False,
        class_names=tuple("abcdefghij"),
        metric="accuracy",
        needs_download=False,
    )
    return [(Entry("npz", {}, label="pictures"), facts)]


def misfit(model, shape):
    found = list(backbones.misfits(model, backbones.describe(model), data(shape)))
    return found[0].text if found else None


def test_networks_from_scratch_have_no_backbone():
    assert backbones.describe(entry("seed_cnn")) is None


@pytest.mark.parametrize(
    ("name", "shape", "text"),
    [
        ("vector", (32, 32, 3), None),
        ("vector", (32, 32, 1), None),
        ("sequential", (8, 8, 1), None),
        ("sequential", (8, 8, 3), "reads images of 1 channel (grey); those of pictures have 3"),
        ("sequential", (9, 9, 1), "reads images of 8 x 8 pixels only, and pictures has 9 x 9"),
        ("many_channels", (8, 8, 5), None),
        ("many_channels", (8, 8, 3), "reads images of 5 channels; those of pictures have 3"),
        ("vector", (32, 32, 4), "reads images of 3 channels (colour); those of pictures have 4"),
        ("vector", (32, 1, 1), "those of pictures are series or vectors"),
    ],
)
def test_data_that_a_file_cannot_read_are_told(saved, name, shape, text):
    found = misfit(entry("keras_file", path=str(saved(name))), shape)
    assert found is None if text is None else text in found


def test_a_size_that_a_file_cannot_read_is_told_and_the_right_one_is_not(saved):
    path = str(saved("sequential"))
    text = misfit(entry("keras_file", path=path, image_size=16), (9, 9, 1))
    assert "image_size makes those of pictures 16 x 16; image_size: 8 is accepted" in text
    assert misfit(entry("keras_file", path=path, image_size=8), (9, 9, 1)) is None


def test_notes_say_what_is_done_to_images_and_heads(saved):
    model = entry("keras_file", path=str(saved("head")), image_size=16)
    notes = list(backbones.notes(model, backbones.describe(model), data((32, 20, 1))))
    assert [note.split(": ", 1)[1] for note in notes] == [
        "its last layer 'fc' (5 outputs) is taken for a head and left out; a new head reads what "
        "it read.",
        "the images of pictures are grey; their one channel is repeated three times.",
        "the images of pictures are shrunk from 32 x 20 to 16 x 16, and lose their proportions.",
    ]
    plain = entry("keras_file", path=str(saved("vector")))
    assert list(backbones.notes(plain, backbones.describe(plain), data())) == []


def test_a_file_that_has_changed_since_is_refused(tmp_path):
    file = tmp_path / "x.keras"
    file.write_bytes(b"one")
    sha256 = hashlib.sha256(b"one").hexdigest()
    backbones.check_unchanged("keras_file", {"path": str(file)}, sha256)
    backbones.check_unchanged("seed_cnn", {}, None)
    file.write_bytes(b"two")
    with pytest.raises(DataError, match="has changed since the job was planned"):
        backbones.check_unchanged("keras_file", {"path": str(file)}, sha256)
    file.unlink()
    with pytest.raises(DataError, match="cannot be read any more"):
        backbones.check_unchanged("keras_file", {"path": str(file)}, sha256)


def test_all_weights_that_cannot_be_fetched_are_told_at_once(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    models = [
        entry("resnet50"),
        entry("vgg16", image_size=64),
        entry("vgg16"),
        entry("vgg19", weights="none"),
        entry("seed_cnn"),
    ]
    with pytest.raises(DataError) as caught:
        backbones.prepare(models)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["model 'resnet50'", "model 'vgg16'"]

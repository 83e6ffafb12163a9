"""Files that are damaged, that are no `.keras` file, or that mean harm."""

import json
import shutil
import zipfile

import keras
import pytest

from lossbench.backbones import archive
from lossbench.backbones.architecture import of_file
from lossbench.backbones.archive import read_config
from lossbench.errors import DataError


def refused(path):
    with pytest.raises(DataError) as caught:
        read_config(path, "model")
    return str(caught.value)


def rewritten(source, target, **changes):
    """Copy a file with other content of some members, by the first part of their names."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = changes.get(name.split(".")[0], old.read(name))
            if content is not None:
                new.writestr(name, content)
    return target


def test_a_whole_file_gives_its_architecture(saved):
    assert read_config(saved("head"), "model")["class_name"] == "Functional"


@pytest.mark.parametrize("kept", [0.2, 0.9, 0.999])
def test_a_truncated_file_is_refused(saved, tmp_path, kept):
    whole = saved("head").read_bytes()
    path = tmp_path / "x.keras"
    path.write_bytes(whole[: int(kept * len(whole))])
    assert "is damaged" in refused(path)


def test_a_flipped_byte_among_the_weights_is_found(saved, tmp_path):
    path = tmp_path / "x.keras"
    content = bytearray(saved("head").read_bytes())
    content[content.index(b"\x89HDF") + 2000] ^= 1
    path.write_bytes(content)
    assert "model.weights.h5 is not what was written" in refused(path)


def test_what_is_no_keras_file_is_refused(saved, tmp_path):
    path = tmp_path / "x.keras"
    path.write_bytes(b"hello")
    assert "is no .keras file" in refused(path)
    path.write_bytes(b"")
    assert "is no .keras file" in refused(path)
    shutil.copy(saved("head"), tmp_path / "weights.zip")
    with zipfile.ZipFile(saved("head")) as whole:
        path.write_bytes(whole.read("model.weights.h5"))
    assert "old .h5 format" in refused(path)
    with zipfile.ZipFile(path, "w") as other:
        other.writestr("readme.txt", "no model")
    assert "holds no config.json and no metadata.json and no model.weights.h5" in refused(path)


def test_weights_and_architecture_that_are_something_else_are_refused(saved, tmp_path):
    path = tmp_path / "x.keras"
    assert "no HDF5 file" in refused(rewritten(saved("head"), path, model=b"pickle"))
    assert "holds no model.weights.h5" in refused(rewritten(saved("head"), path, model=None))
    assert "is damaged" in refused(rewritten(saved("head"), path, config=b"{"))
    assert "describes no network" in refused(rewritten(saved("head"), path, config=b"[1]"))


@pytest.mark.parametrize(
    "config",
    [
        {"class_name": "Functional", "config": {"layers": 3, "input_layers": []}},
        {"class_name": "Functional", "config": {}},
        {"class_name": "Sequential", "config": {"layers": []}},
        {"class_name": "Dense", "module": "keras.layers", "config": {"units": 2}},
    ],
)
def test_architectures_that_are_none_are_refused(saved, tmp_path, config):
    whole = {"module": "keras", "registered_name": None} | config
    path = rewritten(saved("head"), tmp_path / "x.keras", config=json.dumps(whole).encode())
    with pytest.raises(DataError, match="describes no functional or sequential network"):
        of_file(path, "model")


def test_a_network_that_is_nested_too_deeply_is_refused(saved, tmp_path):
    deep = b'{"config": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    path = rewritten(saved("head"), tmp_path / "x.keras", config=deep)
    with pytest.raises(DataError, match=r"nested too deeply|no functional or sequential"):
        of_file(path, "model")


def test_files_that_would_fill_the_memory_are_refused_unread(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_LARGEST_CONFIG", 1000)
    assert "config.json would unpack to" in refused(saved("head"))
    monkeypatch.undo()
    monkeypatch.setattr(archive, "_ALWAYS_ALLOWED", 2**20)
    path = tmp_path / "x.keras"
    shutil.copy(saved("head"), path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("assets/zeros", bytes(2**26))
    assert "the file would unpack to 64 MiB" in refused(path)


@pytest.mark.parametrize("name", ["../outside.txt", "/tmp/outside.txt", "assets/../../outside"])
def test_files_that_name_others_outside_are_refused(saved, tmp_path, name):
    path = tmp_path / "x.keras"
    shutil.copy(saved("head"), path)
    with zipfile.ZipFile(path, "a") as archive_:
        archive_.writestr(name, "x")
    assert "names a file outside itself" in refused(path)


@pytest.mark.parametrize(
    ("part", "named"),
    [
        ({"class_name": "function", "module": "os", "config": "system"}, "os.system"),
        ({"class_name": "__lambda__", "config": {"value": "x"}}, "Lambda"),
        ({"class_name": "TFSMLayer", "module": "keras.layers", "config": {}}, "TFSMLayer"),
        ({"class_name": "F", "module": None, "config": {}, "registered_name": "a>F"}, "a>F"),
    ],
)
def test_code_is_found_wherever_it_hides(saved, tmp_path, part, named):
    with zipfile.ZipFile(saved("head")) as whole:
        config = json.loads(whole.read("config.json"))
    conv = next(one for one in config["config"]["layers"] if one["name"] == "conv")
    conv["config"]["activation"] = part
    path = rewritten(saved("head"), tmp_path / "x.keras", config=json.dumps(config).encode())
    with pytest.raises(DataError, match=f"(?s)layer 'conv' is or holds .*{named}"):
        of_file(path, "model")


def test_how_a_model_was_compiled_does_not_matter(tmp_path):
    def own_loss(y_true, y_pred):
        return keras.ops.mean(keras.ops.abs(y_true - y_pred))

    images = keras.Input((8, 8, 3))
    model = keras.Model(images, keras.layers.Conv2D(2, 3)(images))
    model.compile(loss=own_loss)
    model.save(tmp_path / "x.keras")
    assert of_file(tmp_path / "x.keras", "model").reads == (8, 8, 3)

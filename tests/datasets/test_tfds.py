"""Data sets that tensorflow_datasets wrote as records, loaded by their names."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from lossbench.datasets import describe, load, prepare
from lossbench.datasets.tfds_export import resized
from lossbench.errors import DataError

needs_tfds = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow_datasets") is None,
    reason="tensorflow_datasets is not installed: pip install 'lossbench[tfds]'",
)

BUILDERS = """
import sys
import numpy as np
import tensorflow_datasets as tfds

F = tfds.features

def image(i, height=6, width=5, channels=3):
    return np.random.default_rng(i).integers(0, 256, (height, width, channels)).astype(np.uint8)

class Tiny(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")
    FEATURES = {}
    SIZES = {"train": 30, "test": 12}
    def _info(self):
        return tfds.core.DatasetInfo(builder=self, features=F.FeaturesDict(self.FEATURES))
    def _split_generators(self, manager):
        return {split: self._generate_examples(split, n) for split, n in self.SIZES.items()}
    def _generate_examples(self, split, n):
        for i in range(n):
            yield i, self.example(i + 1000 * (split == "test"))

class TinyShapes(Tiny):
    FEATURES = {
        "picture": F.Image(shape=(6, 5, 3)),
        "kind": F.ClassLabel(names=["square", "disc", "cross"]),
        "weight": F.Scalar(np.float32),
    }
    def example(self, i):
        return {"picture": image(i), "kind": i % 3, "weight": i / 8}

class TinySizes(Tiny):
    FEATURES = {"image": F.Image(shape=(None, None, 1)), "amount": F.Scalar(np.float32)}
    SIZES = {"train": 20}
    def example(self, i):
        return {"image": image(i, 6 + i % 3, 5, 1), "amount": i / 4}

class TinyText(Tiny):
    FEATURES = {"text": F.Text(), "image": F.Image(), "other": F.Image()}
    SIZES = {"train": 3}
    def example(self, i):
        return {"text": "x", "image": image(i), "other": image(i)}

for builder in (TinyShapes, TinySizes, TinyText):
    builder(data_dir=sys.argv[1]).download_and_prepare()
"""


@pytest.fixture(scope="session")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tfds")
    (folder / "builders.py").write_text(BUILDERS)
    command = [sys.executable, str(folder / "builders.py"), str(folder / "data")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "data"


@pytest.fixture
def params(written, tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSBENCH_CACHE", str(tmp_path / "cache"))

    def make(dataset, **more):
        return {"dataset": dataset, "data_dir": str(written), **more}

    return make


def picture(i, height=6, width=5, channels=3):
    return np.random.default_rng(i).integers(0, 256, (height, width, channels)).astype(np.uint8)


def in_order(images):
    return sorted(image.tobytes() for image in images)


@needs_tfds
def test_images_and_classes_are_those_that_were_written(params):
    given = params("tiny_shapes")
    facts, splits = describe("tfds", given), load("tfds", given)
    assert (facts.task, facts.class_names) == ("multiclass", ("square", "disc", "cross"))
    assert facts.image_shape == (6, 5, 3)
    parts = (splits.train, splits.validation, splits.test)
    assert [len(p.ids) for p in parts] == [27, 3, 12]
    assert [len(p.ids) for p in parts] == [facts.n_train, facts.n_validation, facts.n_test]
    by_image = {picture(i).tobytes(): i % 3 for i in (*range(30), *range(1000, 1012))}
    for part in parts:
        assert part.images.dtype == np.uint8 and part.targets.dtype == np.int32
        for image, target in zip(np.asarray(part.images), part.targets, strict=True):
            assert by_image[image.tobytes()] == target
    assert in_order(splits.test.images) == in_order(map(picture, range(1000, 1012)))


@needs_tfds
def test_it_is_decoded_once(params, monkeypatch, caplog):
    given = params("tiny_shapes")
    first = describe("tfds", given)
    assert "tiny_shapes: decoding; this is done once" in caplog.text
    monkeypatch.setattr("lossbench.datasets.tfds._export", None)
    prepare("tfds", given)
    assert describe("tfds", given) == first
    np.testing.assert_array_equal(load("tfds", given).test.ids, np.arange(12))


@needs_tfds
def test_numbers_of_images_of_several_sizes_without_a_test_set(params):
    given = params("tiny_sizes", image_size=4)
    facts, splits = describe("tfds", given), load("tfds", given)
    assert (facts.task, facts.n_targets, facts.image_shape) == ("regression", 1, (4, 4, 1))
    assert [len(p.ids) for p in (splits.train, splits.validation, splits.test)] == [14, 2, 4]
    expected = {}
    for i in range(20):
        small = Image.fromarray(picture(i, 6 + i % 3, 5, 1)[..., 0]).resize((4, 4), 2)
        expected[np.asarray(small).tobytes()] = i / 4
    for image, target in zip(splits.train.images, splits.train.targets, strict=True):
        assert expected[np.asarray(image).tobytes()] == target[0]


@pytest.mark.slow
@needs_tfds
def test_splits_and_features_may_be_named(params):
    given = params("tiny_shapes:1.0.0", train="train[:50%]", test="train[50%:]", target="weight")
    facts = describe("tfds", given)
    assert (facts.task, facts.n_train + facts.n_validation, facts.n_test) == ("regression", 15, 15)
    joined = describe("tfds", params("tiny_shapes", train="train+test"))
    assert joined.n_train + joined.n_validation + joined.n_test == 42


@needs_tfds
@pytest.mark.parametrize(
    ("dataset", "more", "message"),
    [
        ("tiny_shape", {}, "has no data set 'tiny_shape'; .*Did you mean 'tiny_shapes'"),
        ("mnist:9.9.9", {}, "NAME:VERSION is accepted"),
        ("tiny_shapes", {"train": "trane"}, "train: 'trane' is no split .*; train, test are acc"),
        ("tiny_shapes", {"target": "wait"}, "target: 'wait' is not .*Did you mean 'weight'"),
        ("tiny_sizes", {}, "images have several sizes; .* Set image_size"),
        ("tiny_text", {}, "no single feature that is an image; one of image, other"),
    ],
)
def test_wrong_names_are_refused(params, dataset, more, message):
    with pytest.raises(DataError, match=f"data set 'tfds': {dataset}: .*{message}"):
        describe("tfds", params(dataset, **more))


@needs_tfds
def test_a_worker_fetches_nothing(params, tmp_path):
    given = params("mnist") | {"data_dir": str(tmp_path / "nothing")}
    with pytest.raises(DataError, match=r"mnist: the data are not in .*nothing on this machine"):
        load("tfds", given)


def test_without_the_extra_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for ask in (describe, load, prepare):
        with pytest.raises(DataError, match=r'Run: pip install "lossbench\[tfds\]"'):
            ask("tfds", {"dataset": "mnist"})


def test_images_are_resized_as_pillow_does():
    image = picture(0, 9, 7, 3)
    assert resized(image, 4).shape == (4, 4, 3)
    assert resized(image, None) is image
    grey = np.full((5, 8, 1), 77, np.uint8)
    assert (resized(grey, 6) == 77).all() and resized(grey, 6).shape == (6, 6, 1)

"""Classes held out of training: who sees what, sizes told in advance, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from lossbench.catalog import DATASETS
from lossbench.catalog.damage import DAMAGE
from lossbench.datasets import _module, describe, load, retrieval
from lossbench.datasets.splitting import Source
from lossbench.errors import DataError

HELD_OUT = {"retrieval": {"held_out_classes": 3}}
ROWS = [row.name for row in DATASETS if "retrieval" in row.params]


def source(**changes):
    """Twelve images of four classes, each image its own number; a test of two a class."""
    targets = np.tile(np.arange(4, dtype=np.int32), 3)
    made = Source(
        images=np.arange(12, dtype=np.uint8).reshape(12, 1, 1, 1),
        targets=targets,
        test_images=np.arange(100, 108, dtype=np.uint8).reshape(8, 1, 1, 1),
        test_targets=np.tile(np.arange(4, dtype=np.int32), 2),
        task="multiclass",
        class_names=("a", "b", "c", "d"),
    )
    return replace(made, **changes)


def test_training_and_test_share_no_class():
    splits = load("mnist_mini", HELD_OUT)
    plain = load("mnist_mini", {})
    assert splits.task == "retrieval"
    assert splits.class_names == tuple("0123456")
    for part in (splits.train, splits.validation):
        assert set(part.targets) == set(range(7))
    assert np.bincount(splits.test.targets).tolist() == [0] * 7 + [100] * 3
    held_out = plain.test.targets >= 7
    np.testing.assert_array_equal(splits.test.images, plain.test.images[held_out])
    np.testing.assert_array_equal(splits.test.targets, plain.test.targets[held_out])


def test_without_classes_held_out_the_images_are_those_of_classification():
    splits = load("mnist_mini", {"retrieval": {"held_out_classes": 0}})
    plain = load("mnist_mini", {})
    assert splits.task == "retrieval"
    assert splits.class_names == plain.class_names
    for part in ("train", "validation", "test"):
        np.testing.assert_array_equal(getattr(splits, part).ids, getattr(plain, part).ids)
        np.testing.assert_array_equal(getattr(splits, part).targets, getattr(plain, part).targets)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("mnist_mini", HELD_OUT),
        ("mnist_mini", {**HELD_OUT, "subset": 140}),
        ("mnist_mini", {"retrieval": {"held_out_classes": 0}, "subset": 200}),
        ("mnist_mini", {**HELD_OUT, "imbalance": {"type": "step", "ratio": 4.0}}),
        ("mnist_mini", {**HELD_OUT, "label_noise": {"type": "symmetric", "rate": 0.2}}),
        (
            "synthetic_imbalanced",
            {"n": 200, "n_test": 31, "classes": 5, "retrieval": {"held_out_classes": 2}},
        ),
    ],
)
def test_describe_says_what_load_gives(name, params):
    facts, splits = describe(name, params), load(name, params)
    parts = (splits.train, splits.validation, splits.test)
    assert [len(p.ids) for p in parts] == [facts.n_train, facts.n_validation, facts.n_test]
    assert (facts.task, facts.metric) == ("retrieval", "map_at_r")
    assert facts.class_names == splits.class_names
    assert facts.n_classes == len(facts.class_names) == len(facts.train_counts)
    assert np.bincount(splits.test.targets).tolist() == list(facts.test_counts)


def test_noise_stays_inside_the_classes_trained_on():
    noisy = load("mnist_mini", {**HELD_OUT, "label_noise": {"type": "pair", "rate": 0.5}})
    clean = load("mnist_mini", HELD_OUT)
    assert noisy.train.targets.max() == 6
    flipped = noisy.train.targets != clean.train.targets
    assert 0.4 < flipped.mean() < 0.6
    np.testing.assert_array_equal(noisy.test.targets, clean.test.targets)


@pytest.mark.parametrize("name", [name for name in ROWS if name not in {"npz", "function"}])
def test_data_that_can_be_retrieved_count_their_test_images(name):
    defaults = {key: p.default for key, p in DATASETS[name].params.items()}
    own = {
        key: value
        for key, value in defaults.items()
        if key not in {"retrieval", "subset", "split", *DAMAGE}
    }
    facts = _module(name).describe(name, **own)
    assert sum(facts.test_counts) == facts.n_test
    assert len(facts.test_counts) == facts.n_classes


def test_the_user_s_own_arrays(tmp_path):
    targets = np.array(["ape", "bee", "cat", "dog"])[np.arange(80) % 4]
    images = np.zeros((80, 8, 8), np.uint8)
    path = tmp_path / "own.npz"
    np.savez(path, x_train=images, y_train=targets, x_test=images[:10], y_test=targets[:10])
    params = {"path": str(path), "retrieval": {"held_out_classes": 2}}
    facts, splits = describe("npz", params), load("npz", params)
    assert facts.class_names == splits.class_names == ("ape", "bee")
    assert facts.test_counts == (0, 0, 2, 2)
    assert splits.test.targets.tolist() == [2, 3, 2, 3]
    assert facts.n_train + facts.n_validation == 40


def test_without_a_test_set_the_test_is_what_training_loses():
    none = source(test_images=np.zeros((0, 1, 1, 1), np.uint8), test_targets=np.zeros(0, np.int32))
    found = retrieval.held_out(none, {"held_out_classes": 2}, "here")
    assert found.images.ravel().tolist() == [0, 1, 4, 5, 8, 9]
    assert found.test_images.ravel().tolist() == [2, 3, 6, 7, 10, 11]
    assert found.test_targets.tolist() == [2, 3] * 3
    same = retrieval.held_out(none, {"held_out_classes": 0}, "here")
    assert len(same.images) == 12 and len(same.test_images) == 0


def test_groups_go_with_their_images_and_stay_on_one_side():
    groups = np.array([0, 0, 1, 1] * 3)
    with_test = retrieval.held_out(source(groups=groups), {"held_out_classes": 2}, "here")
    assert with_test.groups.tolist() == [0] * 6
    empty = {"test_images": np.zeros((0, 1, 1, 1), np.uint8), "test_targets": np.zeros(0, int)}
    apart = retrieval.held_out(source(groups=groups, **empty), {"held_out_classes": 2}, "here")
    assert apart.groups.tolist() == [0] * 6
    with pytest.raises(DataError, match="here: group '5' has images of classes to train on and of"):
        shared = source(groups=np.full(12, 5), **empty)
        retrieval.held_out(shared, {"held_out_classes": 2}, "here")


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("mnist_mini", {"retrieval": {"held_out_classes": 1}}, "is 1 of 10 classes; 0 or 2 to 8"),
        ("mnist_mini", {"retrieval": {"held_out_classes": 9}}, "is 9 of 10 classes; 0 or 2 to 8"),
        ("synthetic_imbalanced", HELD_OUT, "is 3 of 2 classes; 0 is accepted"),
        ("mnist_mini", {**HELD_OUT, "subset": 30}, "no class has two validation images"),
        (
            "mnist_mini",
            {**HELD_OUT, "label_noise": {"type": "asymmetric", "rate": 0.2}},
            "up to class 8, but training has classes 0 to 6",
        ),
        (
            "synthetic_imbalanced",
            {"classes": 5, "n_test": 6, "retrieval": {"held_out_classes": 2}},
            "no class has two test images",
        ),
    ],
)
def test_what_cannot_be_judged_is_refused(name, params, message):
    with pytest.raises(DataError, match=f"data set '{name}': .*{message}"):
        describe(name, params)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.linspace(0, 1, 20, dtype=np.float32), "those of task 'regression'"),
        (np.tile([[0.25, 0.75]], (20, 1)), "soft labels"),
    ],
)
def test_targets_that_are_no_single_class_are_refused(tmp_path, labels, message):
    path, images = tmp_path / "own.npz", np.zeros((20, 8, 8), np.uint8)
    np.savez(path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    with pytest.raises(DataError, match=f"retrieval is given, but the targets are {message}"):
        describe("npz", {"path": str(path), "retrieval": {"held_out_classes": 0}})

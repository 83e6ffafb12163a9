"""Soft labels of annotators through load: shapes, order, what is remembered and counted."""

import numpy as np
import pytest
from scipy import stats

from lossbench.datasets import damaging, describe, label_sha256, load
from lossbench.datasets.parts import Part, Splits
from lossbench.errors import DataError

VOTES = {"annotators": 3, "rate": 0.3}
NOISE = {"type": "symmetric", "rate": 0.4}


@pytest.fixture(scope="module")
def whole():
    return load("mnist_mini", {})


@pytest.fixture(scope="module")
def voted():
    return load("mnist_mini", {"soft_labels": VOTES})


def test_labels_of_all_parts_are_shares(voted, whole):
    for at in ("train", "validation", "test"):
        targets = getattr(voted, at).targets
        assert targets.dtype == np.float32 and targets.shape[1] == 10
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(voted.test.targets, np.eye(10)[whole.test.targets])
    assert voted.test.clean_targets is None
    assert set(np.unique(np.rint(voted.train.targets * 3))) == {0, 1, 2, 3}
    assert describe("mnist_mini", {"soft_labels": VOTES}).soft_targets


def test_the_right_labels_are_remembered_and_mistakes_counted(voted, whole):
    for at in ("train", "validation"):
        part, truth = getattr(voted, at), getattr(whole, at).targets
        np.testing.assert_array_equal(part.clean_targets, truth)
        done = voted.damage["soft_labels"]["done"][at]
        own = part.targets[np.arange(len(truth)), truth]
        assert done["wrong_votes"] == pytest.approx(1 - own.mean())
        assert done["wrong_majorities"] == np.mean(part.targets.argmax(axis=1) != truth)
        assert done["after"] == np.bincount(part.targets.argmax(axis=1), minlength=10).tolist()
    rate, n = voted.damage["soft_labels"]["done"]["train"]["wrong_votes"], 3 * 4500
    assert stats.binomtest(round(rate * n), n, 0.3).pvalue > 0.001


def test_a_clean_validation_part_is_one_hot(voted, whole):
    found = load("mnist_mini", {"soft_labels": VOTES | {"validation": "clean"}})
    np.testing.assert_array_equal(found.validation.targets, np.eye(10)[whole.validation.targets])
    assert found.validation.clean_targets is None
    np.testing.assert_array_equal(found.train.targets, voted.train.targets)


def test_annotators_see_what_label_noise_left(whole):
    both = load("mnist_mini", {"soft_labels": VOTES | {"rate": 0.0}, "label_noise": NOISE})
    noisy = load("mnist_mini", {"label_noise": NOISE})
    np.testing.assert_array_equal(both.train.targets, np.eye(10)[noisy.train.targets])
    np.testing.assert_array_equal(both.train.clean_targets, whole.train.targets)
    np.testing.assert_array_equal(noisy.train.clean_targets, whole.train.targets)
    assert list(both.damage) == ["seed", "label_noise", "soft_labels"]


def test_a_low_temperature_leaves_the_majority(voted):
    cold = load("mnist_mini", {"soft_labels": VOTES | {"temperature": 1e-6}}).train.targets
    clear = voted.train.targets.max(axis=1) > 0.5
    np.testing.assert_array_equal(cold[clear], np.eye(10)[voted.train.targets[clear].argmax(1)])


def test_votes_differ_between_seeds(voted):
    again, other = (load("mnist_mini", {"soft_labels": VOTES}, seed) for seed in (0, 1))
    assert label_sha256(voted) == label_sha256(again) != label_sha256(other)


def test_a_class_that_no_majority_names_is_refused():
    labels = np.arange(50, dtype=np.int32)
    part = Part(np.zeros((50, 1, 1, 1), np.uint8), labels, labels)
    splits = Splits(part, part, part, "multiclass", tuple(map(str, labels)))
    asked = {"soft_labels": {"annotators": 1, "rate": 0.0}}
    np.testing.assert_array_equal(
        damaging.damaged("made", splits, asked, 0).train.targets, np.eye(50)
    )
    asked = {"soft_labels": {"annotators": 1, "rate": 0.5}}
    says = r"soft_labels leaves no training image with label \d+; .* ask more annotators, or use"
    with pytest.raises(DataError, match=says):
        damaging.damaged("made", splits, asked, 0)


@pytest.mark.parametrize("kind", ["soft_labels", "label_noise"])
def test_soft_labels_of_the_users_own_are_left_alone(tmp_path, kind):
    soft = np.tile([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]], (10, 1))
    images = np.zeros((30, 8, 8), np.uint8)
    path = tmp_path / "d.npz"
    np.savez(path, x_train=images, y_train=soft, x_test=images, y_test=soft)
    asked = {kind: {"soft_labels": VOTES, "label_noise": NOISE}[kind]}
    with pytest.raises(DataError, match=f"{kind} is given, but the targets are soft labels; one"):
        describe("npz", {"path": str(path), **asked})

"""Masks in a user's file: what they mean, and what is wrong with them."""

import numpy as np
import pytest

from lossbench.datasets import describe, load
from lossbench.datasets.masks import read_masks
from lossbench.errors import DataError

MASKS = np.zeros((6, 4, 5), int)
MASKS[:, 1:3, 2:4] = 1
MASKS[2:, 3, 0] = 2


@pytest.fixture
def saved(tmp_path):
    def save(**changes):
        arrays = {
            "x_train": np.zeros((6, 4, 5), "uint8"),
            "y_train": MASKS,
            "x_test": np.zeros((2, 4, 5), "uint8"),
            "y_test": MASKS[:2],
        } | changes
        np.savez(tmp_path / "d.npz", **arrays)
        return {"path": str(tmp_path / "d.npz"), "task": "segmentation"}

    return save


def test_masks_of_a_file(saved):
    params = saved()
    facts, splits = describe("npz", params), load("npz", params)
    assert (facts.task, facts.metric) == ("segmentation", "dice_score")
    assert facts.class_names == splits.class_names == ("background", "1", "2")
    assert (facts.n_classes, facts.n_targets, facts.soft_targets) == (3, 0, False)
    assert (facts.n_train, facts.n_validation, facts.n_test) == (5, 1, 2)
    assert splits.train.targets.dtype == np.uint8
    np.testing.assert_array_equal(splits.train.targets, MASKS[splits.train.ids])
    np.testing.assert_array_equal(splits.test.targets, MASKS[:2])


def test_a_subset_of_masks(saved):
    params = saved() | {"subset": 4}
    assert describe("npz", params).n_train == 3
    assert load("npz", params).train.targets.shape == (3, 4, 5)


@pytest.mark.parametrize("kind", [bool, "int8", "uint16", "int64"])
def test_kinds_of_masks(kind):
    two = (MASKS > 0).astype(kind)
    train, test, names = read_masks(two[..., None], two[:1], (4, 5), "here")
    assert (train.dtype, test.dtype) == (np.uint8, np.uint8)
    np.testing.assert_array_equal(train, MASKS > 0)
    assert names == ("background", "1")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"y_train": MASKS.astype(float)}, r"y_train is float64 \[6, 4, 5\].*whole numbers"),
        ({"y_train": MASKS[:, 0, 0]}, r"y_train is int64 \[6\], and the images have 4 x 5 pixels"),
        ({"y_train": np.zeros((6, 5, 4), int)}, r"\[6, 5, 4\].*4 x 5.*without blending classes"),
        ({"y_test": np.zeros((2, 4, 6), int)}, r"y_test is int64 \[2, 4, 6\]"),
        ({"y_train": 255 * (MASKS > 0)}, "values 0, 255, so class 1, 2, .*Divide by 255"),
        ({"y_train": MASKS * 2}, "class 1, 3 occurs in none.*Renumber the classes"),
        ({"y_train": MASKS - 1}, "values from -1 to 1"),
        ({"y_train": MASKS * 200}, "values from 0 to 400.*up to 255"),
        ({"y_train": 0 * MASKS, "y_test": 0 * MASKS[:2]}, "training mask is background"),
        ({"y_test": 3 * MASKS[:2]}, "test masks have class 3, which no training mask has"),
    ],
)
def test_masks_that_are_refused(saved, changes, says):
    params = saved(**changes)
    for function in (describe, load):
        with pytest.raises(DataError, match=f"data set 'npz': .*d.npz: .*{says}"):
            function("npz", params)


def test_masks_without_the_task_are_told_of_it(saved):
    with pytest.raises(DataError, match="Set task: segmentation if these are masks"):
        describe("npz", {"path": saved()["path"]})


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ({"label_noise": {"type": "symmetric", "rate": 0.1}}, "label_noise is given, but the "
         "targets are those of task 'segmentation'"),
        ({"imbalance": {"type": "step", "ratio": 5.0}}, "imbalance is given"),
        ({"outliers": {"rate": 0.1, "size": 1.0, "sides": "one"}}, "outliers is given"),
        ({"ordered": True}, "ordered is true"),
        ({"subset": {"n": 4, "balanced": True}}, "the targets are no classes"),
    ],
)  # fmt: skip
def test_what_does_not_suit_masks_is_refused(saved, damage, says):
    params = saved()
    for function in (describe, load):
        with pytest.raises(DataError, match=says):
            function("npz", params | damage)

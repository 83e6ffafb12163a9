"""The digits inside the package."""

from importlib import resources

import numpy as np
import pytest

from lossbench.datasets import label_sha256, load, split_sha256
from lossbench.errors import DataError


def test_classes_are_balanced_in_every_part():
    splits = load("mnist_mini", {})
    assert np.bincount(splits.train.targets).tolist() == [450] * 10
    assert np.bincount(splits.validation.targets).tolist() == [50] * 10
    assert np.bincount(splits.test.targets).tolist() == [100] * 10
    assert splits.class_names == tuple("0123456789")


def test_images_are_digits_on_black():
    images = load("mnist_mini", {}).test.images
    assert images.max() == 255
    assert np.median(images) == 0
    assert 0.10 < (images / 255).mean() < 0.16  # 0.1307 in all of MNIST


def test_licence_stands_beside_the_file():
    text = resources.files("lossbench.datasets").joinpath("mnist_mini.LICENSE.txt").read_text()
    for words in ("Yann LeCun", "Corinna Cortes", "Christopher J. C. Burges", "CC BY-SA 3.0"):
        assert words in text


@pytest.mark.parametrize(
    ("subset", "split", "labels"),
    [
        (None, "f3a1259c81ae687b", "a66a3366331f802d"),
        (1234, "ce661a73df03e697", "ec3514d0da87e0ae"),
        ({"n": 1000, "balanced": True}, "6834df36a06860b0", "65c11e05026c1ffd"),
    ],
)
def test_the_split_is_the_one_that_results_were_made_with(subset, split, labels):
    # Golden: recorded when the split was written; a change would make old runs incomparable.
    splits = load("mnist_mini", {"subset": subset})
    assert split_sha256(splits)[:16] == split
    assert label_sha256(splits)[:16] == labels


def test_more_than_there_is_is_refused():
    with pytest.raises(DataError, match=r"data set 'mnist_mini': a subset of 6000"):
        load("mnist_mini", {"subset": 6000})

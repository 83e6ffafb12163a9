"""How well a simple classifier tells the share of wrong labels."""

from dataclasses import replace

import numpy as np
import pytest

from lossbench import datasets
from lossbench.datasets.disagreement import disagreement
from lossbench.datasets.parts import Part


def of(name, **params):
    splits = datasets.load(name, params)
    return disagreement(splits.train, splits.test, len(splits.class_names))


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.4, 0.6])
def test_symmetric_noise_on_digits(rate):
    wish = {"label_noise": {"type": "symmetric", "rate": rate}} if rate else {}
    told = of("mnist_mini", **wish)
    assert told.noise == pytest.approx(rate, abs=0.04)  # two standard errors or so
    assert 0.01 < told.error < 0.03
    assert rate < told.training, "an upper bound"


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.3])
def test_two_classes(rate):
    wish = {"label_noise": {"type": "symmetric", "rate": rate}} if rate else {}
    told = of("synthetic_imbalanced", ratio=1.0, **wish)
    assert told.noise == pytest.approx(rate, abs=2 * told.error)


def test_overlap_of_the_classes_is_no_noise():
    told = of("synthetic_imbalanced", ratio=1.0, contrast=0.3)
    assert told.training > 0.2 and told.noise < 2 * told.error


def test_noise_that_both_parts_share_does_not_show():
    splits = datasets.load("mnist_mini", {"label_noise": {"type": "symmetric", "rate": 0.3}})
    train = splits.train
    half = len(train.ids) // 2
    first, second = (
        Part(train.images[at], train.targets[at], train.ids[at])
        for at in (slice(None, half), slice(half, None))
    )
    told = disagreement(first, second, 10)
    assert told.noise is None or told.noise < 3 * told.error
    assert told.training > 0.3


def test_pairs_of_classes_show_too_little():
    """The estimate is for noise at random; a class taken for one other is partly learned."""
    told = of("mnist_mini", label_noise={"type": "pair", "rate": 0.4})
    assert 0.2 < told.noise < 0.4 < told.training


def test_what_cannot_be_told_is_not():
    splits = datasets.load("mnist_mini", {})
    small = Part(splits.train.images[:50], splits.train.targets[:50], splits.train.ids[:50])
    assert disagreement(small, splits.test, 10) is None
    none = Part(splits.test.images[:0], splits.test.targets[:0], splits.test.ids[:0])
    told = disagreement(splits.train, none, 10)
    assert told.noise is None and told.test is None and "no test part" in told.reason
    uneven = datasets.load("mnist_mini", {"imbalance": {"type": "step", "ratio": 50}})
    told = disagreement(uneven.train, uneven.test, 10)
    assert told.noise is None and "uneven" in told.reason
    blank = replace(splits.train, images=np.zeros_like(splits.train.images))
    assert disagreement(blank, splits.test, 10) is None


def test_labels_that_have_nothing_to_do_with_the_images():
    splits = datasets.load("mnist_mini", {"subset": 600})
    rng = np.random.default_rng(0)
    train = replace(splits.train, targets=rng.permutation(splits.train.targets))
    told = disagreement(train, splits.test, 10)
    assert told.noise is None and told.reason.startswith("a simple classifier is wrong on")


def test_the_same_every_time():
    assert of("mnist_mini", subset=500) == of("mnist_mini", subset=500)


def test_series_and_large_images():
    rng = np.random.default_rng(0)
    labels = (np.arange(200) % 2).astype(np.int32)
    for shape in ((40, 1, 1), (200, 90, 3)):
        images = rng.random((200, *shape)).astype(np.float32)
        images[labels == 1] += 0.5
        part = Part(images, labels, np.arange(200))
        assert disagreement(part, part, 2).training < 0.1

"""Labels that are missing: positives recorded as absent, examples left out; counts by hand."""

import numpy as np
import pytest

from lossbench.datasets import describe, load
from lossbench.errors import DataError

MULTI = {"n": 600, "n_test": 50}


def missing(rate, **more):
    return {"missing_labels": {"rate": rate, **more}}


def test_of_labels_that_may_hold_together_positives_go():
    whole, found = (load("synthetic_multilabel", MULTI | p) for p in ({}, missing(0.4)))
    for at in ("train", "validation"):
        ours, theirs = getattr(found, at), getattr(whole, at)
        np.testing.assert_array_equal(ours.ids, theirs.ids)
        assert not (ours.targets > theirs.targets).any(), "nothing is added"
        there = theirs.targets.sum(axis=0)
        kept = np.floor(there * 0.6 + 0.5)
        assert ours.targets.sum(axis=0).tolist() == kept.tolist()
        np.testing.assert_array_equal(ours.clean_targets, theirs.targets)
        done = found.damage["missing_labels"]["done"][at]
        assert done == {"before": there.tolist(), "after": kept.tolist()}
    np.testing.assert_array_equal(found.test.targets, whole.test.targets)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("mnist_mini", {"subset": 1000}),
        ("synthetic_regression", {"n": 200, "n_test": 20}),
        ("digit_position", {"subset": 1000}),
    ],
)
def test_elsewhere_examples_without_a_label_are_left_out(name, params):
    whole = load(name, params)
    found, clean = (load(name, params | missing(0.3, **m)) for m in ({}, {"validation": "clean"}))
    for at in ("train", "validation"):
        ours, theirs = getattr(found, at), getattr(whole, at)
        assert len(ours.ids) == pytest.approx(0.7 * len(theirs.ids), abs=5)
        kept = np.isin(theirs.ids, ours.ids)
        np.testing.assert_array_equal(ours.targets, theirs.targets[kept])
        np.testing.assert_array_equal(ours.images, theirs.images[kept])
        assert ours.clean_targets is None
    np.testing.assert_array_equal(found.test.ids, whole.test.ids)
    np.testing.assert_array_equal(clean.validation.ids, whole.validation.ids)
    np.testing.assert_array_equal(clean.train.ids, found.train.ids)


def test_each_class_loses_the_same_share():
    found = load("mnist_mini", missing(0.9))
    assert np.bincount(found.train.targets).tolist() == [45] * 10
    assert np.bincount(found.validation.targets).tolist() == [5] * 10
    more = load("mnist_mini", missing(0.5))
    assert set(found.train.ids) < set(more.train.ids)


def test_which_are_missing_differs_between_seeds_and_how_many_does_not():
    zero, again, one = (load("mnist_mini", missing(0.5), seed).train.ids for seed in (0, 0, 1))
    np.testing.assert_array_equal(zero, again)
    assert len(zero) == len(one) and set(zero) != set(one)


def test_wrong_labels_are_drawn_among_those_that_are_there():
    noise = {"label_noise": {"type": "pair", "rate": 1.0}}
    found = load("mnist_mini", missing(0.5) | noise)
    np.testing.assert_array_equal(found.train.targets, (found.train.clean_targets + 1) % 10)
    assert sum(found.damage["label_noise"]["done"]["train"]["before"]) == len(found.train.ids)


@pytest.mark.parametrize(
    ("name", "params", "rate", "says"),
    [
        ("mnist_mini", {}, 1.0, "leaves class 0 none of its 450 training examples"),
        (
            "mnist_mini",
            {"imbalance": {"type": "exponential", "ratio": 400.0}},
            0.6,
            "leaves class 9 none of its 1 training examples; one or more must be left. Lower the "
            "rate, or use more images.",
        ),
        ("synthetic_regression", {"n": 100}, 1.0, "leaves none of 90 training examples"),
        ("synthetic_multilabel", MULTI, 1.0, "at rate 1 leaves label 0 none of its 2"),
        ("synthetic_multilabel", {"n": 60, "n_test": 50}, 0.95, "leaves label 3 none of its"),
    ],
)
def test_what_leaves_nothing_is_refused_before_anything_trains(name, params, rate, says):
    with pytest.raises(DataError) as caught:
        describe(name, params | missing(rate))
    assert f"data set {name!r}: missing_labels at rate {rate:g} leaves" in str(caught.value)
    assert says in str(caught.value)

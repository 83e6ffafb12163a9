"""Fingerprints of split and labels: what they see and what they do not."""

from dataclasses import replace

import numpy as np

from lossbench.datasets import Part, Splits, label_sha256, split_sha256


def part(ids, targets):
    ids = np.asarray(ids, np.int64)
    return Part(np.zeros((len(ids), 1, 1, 1), np.uint8), np.asarray(targets, np.int32), ids)


SPLITS = Splits(part([0, 2], [5, 6]), part([1], [7]), part([0], [8]), "multiclass", ())


def test_order_of_examples_does_not_matter():
    turned = replace(SPLITS, train=part([2, 0], [6, 5]))
    assert split_sha256(turned) == split_sha256(SPLITS)
    assert label_sha256(turned) == label_sha256(SPLITS)


def test_an_example_in_another_part_is_seen():
    moved = replace(SPLITS, train=part([0, 1], [5, 6]), validation=part([2], [7]))
    assert split_sha256(moved) != split_sha256(SPLITS)


def test_a_damaged_training_label_is_seen_and_another_is_not():
    assert label_sha256(replace(SPLITS, train=part([0, 2], [5, 9]))) != label_sha256(SPLITS)
    assert label_sha256(replace(SPLITS, validation=part([1], [9]))) == label_sha256(SPLITS)
    assert split_sha256(replace(SPLITS, train=part([0, 2], [5, 9]))) == split_sha256(SPLITS)


def test_boundaries_between_parts_are_seen():
    other = replace(SPLITS, train=part([0], [5]), validation=part([1, 2], [7, 6]))
    assert split_sha256(other) != split_sha256(SPLITS)

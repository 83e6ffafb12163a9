"""Votes of annotators and the soft labels made of them: shares, independence, limits."""

import numpy as np
import pytest
from scipy import stats

from lossbench.datasets import annotators

LABELS = np.repeat(np.arange(4), 5000).astype(np.int32)


def votes(count, rate, seed=0):
    return annotators.votes(LABELS, count, rate, 4, np.random.default_rng(seed))


def test_right_votes_are_binomial():
    found = votes(3, 0.3)
    assert (found.sum(axis=1) == 3).all()
    right = found[np.arange(len(LABELS)), LABELS]
    expected = len(LABELS) * stats.binom.pmf(np.arange(4), 3, 0.7)
    assert stats.chisquare(np.bincount(right, minlength=4), expected).pvalue > 0.001


def test_wrong_votes_go_to_each_other_class_alike():
    wrong = votes(5, 0.5)[LABELS == 2].sum(axis=0)[[0, 1, 3]]
    assert stats.chisquare(wrong).pvalue > 0.001


def test_all_votes_may_be_right_or_wrong():
    np.testing.assert_array_equal(votes(2, 0.0), 2 * np.eye(4)[LABELS])
    assert (votes(2, 1.0)[np.arange(len(LABELS)), LABELS] == 0).all()


def test_more_annotators_add_votes():
    assert (votes(5, 0.4) >= votes(3, 0.4)).all()
    np.testing.assert_array_equal(votes(5, 0.4), votes(5, 0.4))
    assert not np.array_equal(votes(5, 0.4), votes(5, 0.4, seed=1))


@pytest.mark.parametrize(
    ("temperature", "expected"),
    [
        (1.0, [0.5, 0.25, 0.25, 0.0]),
        (0.5, [4 / 6, 1 / 6, 1 / 6, 0.0]),  # squares of 2, 1, 1
        (2.0, [2**0.5 / (2**0.5 + 2), 1 / (2**0.5 + 2), 1 / (2**0.5 + 2), 0.0]),
        (1e-6, [1.0, 0.0, 0.0, 0.0]),
        (1e6, [1 / 3, 1 / 3, 1 / 3, 0.0]),
    ],
)
def test_a_temperature_sharpens_or_flattens(temperature, expected):
    found = annotators.softened(np.array([[2, 1, 1, 0]]), temperature)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[0], expected, atol=1e-5)


def test_a_tied_majority_is_shared():
    found = annotators.softened(np.array([[500, 500, 499]]), 1e-6)
    np.testing.assert_allclose(found, [[0.5, 0.5, 0.0]])

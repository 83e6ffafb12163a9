import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from lossbench.reporting.figures.precision_recall import (
    RECALLS,
    pictures,
    precision_recall_table,
    precisions,
)
from tests.reporting.figures.made_answers import logits, material_of, write_runs

NAMES = ("not 7", "7")
TRUTH = np.array([1, 0, 1, 0, 0, 1, 0, 0])


def _scores(margin):
    return np.stack([np.zeros(len(margin)), margin], axis=1)


def test_the_best_precision_at_each_recall_by_hand():
    score = np.array([9.0, 8, 7, 6, 5, 4, 3, 2])
    found = precisions(TRUTH, score)
    # thirds of the positives are found at 1 of 1, 2 of 3, 3 of 6
    expected = np.select([RECALLS <= 1 / 3, RECALLS <= 2 / 3], [1.0, 2 / 3], 0.5)
    assert found == pytest.approx(expected)


def test_equal_scores_share_a_threshold_as_in_sklearn():
    rng = np.random.default_rng(0)
    truth, score = rng.integers(0, 2, 200), rng.integers(0, 9, 200).astype(float)
    precision, recall, _ = precision_recall_curve(truth, score)
    expected = [precision[recall >= r - 1e-12].max() for r in RECALLS]
    # sklearn ends with precision 1 at recall 0, which no threshold has
    assert precisions(truth, score) == pytest.approx(np.array(expected))


def test_lines_are_means_over_seeds_and_the_share_of_positives_is_drawn(make_runs):
    margins = [np.array([9.0, 8, 7, 6, 5, 4, 3, 2]), np.array([9.0, 1, 8, 2, 3, 7, 4, 5])]
    scores = {"bce": [_scores(one) for one in margins], "focal": [_scores(margins[1])] * 2}
    material = material_of(write_runs(make_runs, scores, TRUTH, names=NAMES))
    table = precision_recall_table(material.answers)
    bce = table[table["level"] == "bce"]

    assert bce["precision"].iloc[-1] == pytest.approx((0.5 + 1) / 2)
    assert (bce["low"].iloc[-1], bce["high"].iloc[-1]) == (0.5, 1)
    (picture,) = pictures(material)
    (axes,) = picture.draw().axes
    assert [line.get_label() for line in axes.lines[:2]] == ["bce", "focal"]
    assert axes.lines[2].get_ydata() == [0.375, 0.375]
    assert "focal 100 %" in picture.description
    assert len(picture.table) == 2 * 10


def test_nothing_for_more_than_two_classes(make_runs):
    scores = {"ce": [logits([0, 1, 2], 3, 0.8)]}
    folder = write_runs(make_runs, scores, np.array([0, 1, 2]), names=("a", "b", "c"))
    assert not list(pictures(material_of(folder)))

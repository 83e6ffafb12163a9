"""Metrics of masks: by hand, against scikit-learn image by image, and what is refused."""

import math

import numpy as np
import pytest
from scipy import special
from sklearn.metrics import confusion_matrix, f1_score, jaccard_score, log_loss

from lossbench.errors import ShapeError
from lossbench.metrics import collapsed, fit_temperature, measure, segmentation

RNG = np.random.default_rng(5)


def scores_of(masks, classes, height=4.0):
    return height * np.eye(classes)[np.asarray(masks)]


def blurred(n=30, classes=4, side=9):
    """Masks with a block of one class each, and scores that are often right."""
    truth = np.zeros((n, side, side), np.uint8)
    for mask in truth:
        top, left = RNG.integers(0, side - 4, 2)
        mask[top : top + 4, left : left + 4] = RNG.integers(0, classes)
    return truth, 1.5 * np.eye(classes)[truth] + RNG.normal(size=(*truth.shape, classes))


def test_dice_and_iou_by_hand():
    truth = np.array([[[1, 1, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]], [[1, 0, 0], [0, 0, 0]]])
    guess = np.array([[[0, 1, 1], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 0]]])
    scores = scores_of(guess, 2)
    # Image 1: 1 of 2 and 2 pixels in common; image 2: both empty, 1; image 3: missed, 0.
    assert segmentation.dice_score(truth, scores) == pytest.approx((0.5 + 1 + 0) / 3)
    assert segmentation.mean_iou(truth, scores) == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert segmentation.pixel_accuracy(truth, scores) == pytest.approx(15 / 18)


def test_classes_that_are_in_neither_mask_do_not_count():
    truth, guess = np.array([[[1, 1, 0, 2]]]), np.array([[[1, 0, 3, 2]]])
    # class 1: 2*1/3; class 2: 1; class 3 is only in the prediction: 0; class 4 does not count
    assert segmentation.dice_score(truth, scores_of(guess, 5)) == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert segmentation.mean_iou(truth, scores_of(guess, 5)) == pytest.approx((1 / 2 + 1 + 0) / 3)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(segmentation.dice_score, f1_score), (segmentation.mean_iou, jaccard_score)],
)
def test_overlap_is_that_of_scikit_learn_for_each_image(ours, theirs):
    truth, scores = blurred()
    expected = []
    for mask, guess in zip(truth, scores.argmax(-1), strict=True):
        there = [k for k in (1, 2, 3) if (mask == k).any() or (guess == k).any()]
        flat = mask.ravel(), guess.ravel()
        expected.append(theirs(*flat, labels=there, average="macro") if there else 1.0)
    assert ours(truth, scores) == pytest.approx(np.mean(expected), rel=1e-12)


def test_the_confusion_is_that_of_scikit_learn():
    truth, scores = blurred()
    expected = confusion_matrix(truth.ravel(), scores.argmax(-1).ravel())
    np.testing.assert_array_equal(segmentation.pixel_confusion(truth, scores), expected)


def test_what_is_told_of_each_class_is_that_of_scikit_learn():
    truth, scores = blurred()
    guess = scores.argmax(-1)
    rows = {(row["class_id"], row["metric"]): row for row in segmentation.per_class(truth, scores)}
    iou = jaccard_score(truth.ravel(), guess.ravel(), average=None)
    for k in range(4):
        assert rows[k, "iou"]["value"] == pytest.approx(iou[k])
        assert rows[k, "iou"]["support"] == (truth == k).sum()
        there = ((truth == k) | (guess == k)).any(axis=(1, 2))
        dice = [
            f1_score((a == k).ravel(), (b == k).ravel())
            for a, b in zip(truth[there], guess[there], strict=True)
        ]
        assert rows[k, "image_dice"]["value"] == pytest.approx(np.mean(dice))
        assert rows[k, "image_dice"]["support"] == there.sum()
    absent = segmentation.per_class(
        np.zeros((1, 2, 2), int), scores_of(np.zeros((1, 2, 2), int), 2)
    )
    assert [row["value"] for row in absent] == [1.0, 1.0, None, None]


def test_missed_objects_by_hand():
    truth = np.array([[[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 0, 0], [2, 2, 0, 1]]])
    # Objects: the diagonal pair, the pair on the right, the corner, and one of class 2.
    guess = np.zeros_like(truth)
    assert segmentation.missed_objects(truth, scores_of(guess, 3)) == 1.0
    guess[0, 1, 1] = 1
    guess[0, 3, 0] = 1  # there, but as another class
    assert segmentation.missed_objects(truth, scores_of(guess, 3)) == pytest.approx(3 / 4)
    assert segmentation.missed_objects(truth, scores_of(truth, 3)) == 0.0
    assert math.isnan(segmentation.missed_objects(0 * truth, scores_of(truth, 3)))


def test_objects_of_different_images_are_not_joined():
    truth = np.ones((3, 2, 2), int)
    guess = truth.copy()
    guess[1] = 0
    assert segmentation.missed_objects(truth, scores_of(guess, 2)) == pytest.approx(1 / 3)


def test_log_probability_and_brier_score_of_pixels():
    truth, scores = blurred()
    flat, p = truth.ravel(), special.softmax(scores.reshape(-1, 4), axis=1)
    assert segmentation.pixel_nll(truth, scores) == pytest.approx(log_loss(flat, p))
    brier = ((p - np.eye(4)[flat]) ** 2).sum(axis=1).mean()
    assert segmentation.pixel_brier_score(truth, scores) == pytest.approx(brier)


def test_chunks_change_nothing(monkeypatch):
    truth, scores = blurred()
    before = measure("segmentation", truth, scores, probabilistic=True)
    monkeypatch.setattr(segmentation, "_PIXELS_AT_ONCE", 700)  # two images of 9 x 9 x 4
    after = measure("segmentation", truth, scores, probabilistic=True)
    for one, two in zip(before, after, strict=True):
        assert one.value == pytest.approx(two.value, rel=1e-12)
        assert one.n_examples == 30


def test_single_precision_is_enough():
    truth, scores = blurred()
    for one, two in zip(
        measure("segmentation", truth, scores, probabilistic=True, temperature=2.0),
        measure(
            "segmentation", truth, scores.astype("float32"), probabilistic=True, temperature=2.0
        ),
        strict=True,
    ):
        assert (one.metric, one.stage) == (two.metric, two.stage)
        assert one.value == pytest.approx(two.value, rel=1e-6)


def test_the_temperature_is_that_of_the_pixels(monkeypatch):
    truth, scores = blurred()
    expected = fit_temperature(scores.reshape(-1, 4), truth.ravel())
    assert fit_temperature(scores, truth, "segmentation") == expected
    monkeypatch.setattr(segmentation, "_TEMPERATURE_PIXELS", 1000)
    some, few = segmentation.some_pixels(truth, scores)
    assert len(some) == len(few) == 810  # every third of 2,430
    assert fit_temperature(scores, truth, "segmentation") == pytest.approx(expected, rel=0.2)


def test_a_network_that_is_no_better_than_one_class_everywhere_has_collapsed():
    truth = np.zeros((30, 9, 9), int)
    truth[3:, 2:6, 3:7] = 1
    scores = scores_of(truth, 2, 1.5) + RNG.normal(size=(*truth.shape, 2))
    assert not collapsed("segmentation", truth, scores)
    assert collapsed("segmentation", truth, scores_of(0 * truth, 2))
    assert collapsed("segmentation", truth, scores_of(0 * truth + 1, 2))
    assert collapsed("segmentation", truth, scores_of(1 - truth, 2))
    # Background alone is right on the empty images, and on no other.
    by_hand = {0: 3 / 30, 1: np.mean([f1_score(m.ravel(), 0 * m.ravel() + 1) for m in truth])}
    assert segmentation.best_constant_dice(truth, 2) == pytest.approx(max(by_hand.values()))
    assert not collapsed("segmentation", 0 * truth, scores_of(0 * truth, 2))


@pytest.mark.parametrize(
    ("truth", "scores", "error"),
    [
        (np.zeros((2, 3, 3), int), np.zeros((2, 3, 4, 2)), ShapeError),
        (np.zeros((2, 3, 3), int), np.zeros((2, 3, 3, 1)), ShapeError),
        (np.zeros((2, 9), int), np.zeros((2, 9, 2)), ShapeError),
        (np.zeros((0, 3, 3), int), np.zeros((0, 3, 3, 2)), ShapeError),
        (np.full((1, 3, 3), 2), np.zeros((1, 3, 3, 2)), ValueError),
        (np.full((1, 3, 3), -1), np.zeros((1, 3, 3, 2)), ValueError),
        (np.zeros((1, 3, 3), int), np.full((1, 3, 3, 2), np.nan), ValueError),
    ],
)
def test_what_does_not_fit_is_refused(truth, scores, error):
    with pytest.raises(error, match=r"y_true|scores"):
        segmentation.dice_score(truth, scores)

"""Losses on masks: each pixel an example, or the overlap of whole masks."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import special

from lossbench.catalog import LOSSES
from lossbench.config.entries import default_entry
from lossbench.errors import LossError, ShapeError
from lossbench.losses import function
from lossbench.losses.binding import make_loss
from lossbench.losses.pixels import log_odds, of_masks, of_pixels
from lossbench.requirements import requirements
from tests.test_requirements import loss, summed

RNG = np.random.default_rng(3)
MASKS = RNG.integers(0, 3, (2, 4, 5)).astype("uint8")
SCORES = tf.constant(RNG.normal(size=(2, 4, 5, 3)), "float32")
TWO = (MASKS > 0).astype("uint8")
LOGIT = tf.constant(RNG.normal(size=(2, 4, 5, 1)), "float32")


def test_a_loss_of_pixels_is_the_mean_of_each_image():
    found = make_loss(loss("cross_entropy"), {}, masks=True)(MASKS, SCORES)
    log_p = special.log_softmax(SCORES.numpy().astype(float), axis=-1)
    expected = -np.take_along_axis(log_p, MASKS[..., None].astype(int), -1).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_bce_of_pixels_is_that_of_keras():
    found = make_loss(loss("bce"), {}, masks=True)(TWO, LOGIT)
    theirs = keras.losses.BinaryCrossentropy(from_logits=True, reduction=None)
    expected = np.mean(theirs(TWO[..., None].astype("float32"), LOGIT), axis=(1, 2))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_log_odds_give_the_softmax_back():
    odds = log_odds(SCORES).numpy().astype(float)
    np.testing.assert_allclose(
        special.expit(odds), special.softmax(SCORES.numpy(), axis=-1), rtol=1e-5
    )
    np.testing.assert_allclose(
        log_odds(tf.constant([[300.0, -300.0]])), [[600.0, -600.0]], rtol=1e-6
    )


def test_dice_of_two_classes_is_that_of_the_masks_pixels():
    found = make_loss(loss("dice", over="example"), {}, masks=True)(TWO, LOGIT)
    p = special.expit(LOGIT.numpy()[..., 0].astype(float))
    hits = (p * TWO).sum(axis=(1, 2))
    expected = 1 - 2 * hits / (p.sum(axis=(1, 2)) + TWO.sum(axis=(1, 2)))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_dice_of_several_classes_is_that_of_the_softmax_without_the_background():
    found = make_loss(loss("dice"), {}, masks=True)(MASKS, SCORES)
    p = special.softmax(SCORES.numpy().astype(float), axis=-1)
    y = np.eye(3)[MASKS]
    each = [
        1 - 2 * (p[..., k] * y[..., k]).sum() / (p[..., k].sum() + y[..., k].sum()) for k in (1, 2)
    ]
    np.testing.assert_allclose(found, [np.mean(each)] * 2, rtol=1e-5)


def test_one_output_and_two_are_the_same_for_losses_of_overlap():
    both = tf.concat([0.3 * LOGIT, 1.3 * LOGIT], axis=-1)
    for row in (row for row in LOSSES if row.masks):
        one, two = (make_loss(loss(row.name), {}, masks=True)(TWO, z) for z in (LOGIT, both))
        np.testing.assert_allclose(one, two, rtol=1e-4, err_msg=row.name)


def test_a_sum_joins_both_kinds():
    record = summed(loss("bce"), loss("dice"), loss("l2_weights"))
    record["params"]["terms"][1]["weight"] = 2.0
    found = make_loss(record, {"kernels": (tf.constant([[3.0]]),)}, masks=True)(TWO, LOGIT)
    bce, dice = (make_loss(loss(name), {}, masks=True)(TWO, LOGIT) for name in ("bce", "dice"))
    np.testing.assert_allclose(found, bce + 2 * dice + 9.0, rtol=1e-6)


def test_a_wrapper_weighs_pixels():
    counts = (30, 6, 4)
    record = loss("class_balanced", base=loss("focal"), beta=0.9)
    found = make_loss(record, {"class_counts": counts}, masks=True)(MASKS, SCORES)
    flat = make_loss(record, {"class_counts": counts})(MASKS.ravel(), tf.reshape(SCORES, (-1, 3)))
    np.testing.assert_allclose(found, np.reshape(flat, (2, -1)).mean(axis=1), rtol=1e-5)


@pytest.mark.parametrize("task", [None, "segmentation", "multiclass"])
def test_a_loss_of_ones_own_sees_masks_or_pixels(tmp_path, task):
    (tmp_path / "own.py").write_text(
        "from keras import ops\n\n\ndef seen(labels, outputs):\n"
        "    assert labels.dtype == 'int32'\n"
        "    return ops.cast(labels, 'float32') * len(outputs.shape)\n"
    )
    params = {"target": f"{tmp_path}/own.py:seen", "params": {}, "task": task}
    record = {"name": "custom", "params": params}
    found = make_loss(record, {}, masks=True)(tf.constant(MASKS), SCORES)
    from lossbench.losses.binding import per_example

    found = per_example(lambda labels, outputs: found, MASKS, SCORES)
    rank = 2 if task == "multiclass" else 4
    np.testing.assert_allclose(found, rank * MASKS.mean(axis=(1, 2)), rtol=1e-6)


SEGMENTS = [
    row.name
    for row in LOSSES
    if "segmentation" in row.serves and row.role == "loss" and row.name not in ("custom", "keras")
]


@pytest.mark.parametrize("name", SEGMENTS)
def test_every_loss_that_serves_masks_has_a_gradient_at_every_pixel(name):
    needed = requirements(default_entry(name), "segmentation")
    outputs = LOGIT if needed.head == "binary" else SCORES
    masks = TWO if needed.head == "binary" else MASKS
    counts = tuple(np.bincount(masks.ravel()).tolist())
    supplied = {"class_counts": counts, "epoch": tf.constant(3.0), "epochs": 10}
    supplied |= {weight.name: tf.ones(weight.shape) for weight in needed.weights}
    with tf.GradientTape() as tape:
        tape.watch(outputs)
        values = make_loss(loss(name), supplied, masks=True)(tf.constant(masks), outputs)
    assert values.shape in ((2,), ())
    gradient = tape.gradient(values, outputs).numpy()
    assert np.isfinite(gradient).all()
    assert gradient.any(axis=-1).mean() > 0.2


def test_which_losses_serve_masks():
    assert {"bce", "cross_entropy", "focal", "dice", "soft_f1", "lovasz_hinge", "gce"} <= {
        *SEGMENTS
    }
    for name in ("mse", "coral", "emd", "triplet", "center", "pairwise_auc", "zlpr", "arcface"):
        assert name not in SEGMENTS
        assert name in LOSSES.names


def test_what_does_not_fit_is_refused():
    for wrapped in (of_pixels, of_masks):
        with pytest.raises(ShapeError, match=r"labels: shape \(2, 4\)"):
            wrapped(function("dice"))(tf.zeros((2, 4), "int32"), SCORES)
        with pytest.raises(ShapeError, match="Check the network"):
            wrapped(function("dice"))(MASKS, SCORES[:, :3])
    with pytest.raises(LossError, match="one number for all of them"):
        of_pixels(lambda labels, outputs: tf.reduce_mean(outputs))(MASKS, SCORES)

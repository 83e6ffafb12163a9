"""Objects under noise: what is drawn, and that the stated optimum is the true posterior."""

import hashlib
import math

import numpy as np
import pytest
from scipy import stats

from lossbench.datasets import describe, load, split_sha256
from lossbench.datasets.synthetic_segmentation import (
    log_likelihood_ratio,
    posterior,
    shapes,
)
from lossbench.errors import DataError
from lossbench.metrics import primary

SMALL = {"n": 60, "image_size": 16, "radius": 3}


def test_objects_are_as_frequent_as_asked():
    splits = load("synthetic_segmentation", SMALL | {"classes": 4, "empty": 0.25, "n": 200})
    masks = np.concatenate([splits.train.targets, splits.validation.targets])
    found = [tuple(np.unique(mask)) for mask in masks]
    assert all(len(classes) <= 2 and classes[0] == 0 for classes in found)
    counts = np.bincount([classes[-1] for classes in found])
    assert counts.tolist() == [50, 50, 50, 50]
    assert splits.class_names == ("background", "disk", "square", "cross")


def test_no_two_objects_are_alike():
    for radius in (3, 4, 7):
        covers = [shape.cover for shape in shapes(5, radius)]
        assert len(covers) == 12
        assert len({(cover.shape, cover.tobytes()) for cover in covers}) == 12
        for cover in covers:  # wider ones would not fit, narrower ones have fewer places
            assert cover.any(axis=0).all() and cover.any(axis=1).all()
            np.testing.assert_array_equal(cover, cover[::-1, ::-1])


def test_objects_are_brighter_by_the_contrast():
    splits = load("synthetic_segmentation", {"n": 400, "n_test": 10, "contrast": 1.5})
    images, inside = splits.train.images[..., 0].astype(float), splits.train.targets > 0
    assert images[~inside].mean() == pytest.approx(112, abs=0.5)
    assert images[~inside].std() == pytest.approx(32, rel=0.02)
    assert images[inside].mean() == pytest.approx(112 + 48, abs=1.0)


def test_evidence_of_a_grey_level_is_that_of_rounded_and_clipped_noise():
    levels = np.arange(256)
    for contrast in (0.3, 2.0):
        mass = []
        for mean in (112.0, 112.0 + 32 * contrast):
            normal = stats.norm(mean, 32)
            below, above = normal.cdf(levels - 0.5), normal.cdf(levels + 0.5)
            below[0], above[-1] = 0.0, 1.0
            mass.append(above - below)
        np.testing.assert_allclose(log_likelihood_ratio(contrast), np.log(mass[1] / mass[0]), 1e-6)


@pytest.mark.parametrize("empty", [0.0, 0.3])
def test_the_optimum_is_the_sum_over_all_objects(empty):
    size, radius, contrast, classes = 12, 3, 0.7, 3
    params = SMALL | {
        "image_size": size, "contrast": contrast, "classes": classes, "empty": empty, "n_test": 10
    }  # fmt: skip
    splits = load("synthetic_segmentation", params)
    images = splits.test.images[..., 0]
    ground, there = (stats.norm(112 + 32 * m, 32) for m in (0.0, contrast))
    masks, weights = [], []
    for shape in shapes(classes, radius):
        places = size - len(shape.cover) + 1
        for top in range(places):
            for left in range(places):
                mask = np.zeros((size, size), int)
                mask[top : top + len(shape.cover), left : left + len(shape.cover)] = (
                    shape.kind * shape.cover
                )
                masks.append(mask)
                weights.append((1 - empty) / len(shapes(classes, radius)) / places**2)
    masks.append(np.zeros((size, size), int))
    weights.append(empty)
    assert sum(weights) == pytest.approx(1)
    for image, scores in zip(images, splits.optimum.scores, strict=True):
        # The grey levels of this small set stay away from 0 and 255, so densities of whole levels
        # will do for rounding; clipped pixels are masses.
        log_p = np.zeros((2, size, size))
        for row, normal in enumerate((ground, there)):
            log_p[row] = np.log(normal.cdf(image + 0.5) - normal.cdf(image - 0.5))
            log_p[row][image == 0] = normal.logcdf(0.5)
            log_p[row][image == 255] = normal.logsf(254.5)
        likelihood = np.array([np.where(m > 0, log_p[1], log_p[0]).sum() for m in masks])
        joint = np.exp(likelihood - likelihood.max()) * weights
        joint /= joint.sum()
        for k in range(classes):
            chance = np.tensordot(joint, np.array([m == k for m in masks]), axes=1)
            np.testing.assert_allclose(np.exp(scores[..., k]), chance, atol=1e-9)


@pytest.mark.parametrize("params", [{"contrast": 0.5}, {"contrast": 0.6, "classes": 3}])
def test_scores_of_the_optimum_are_as_stated(params):
    # What the posterior says of itself is what a large sample shows, within 4 standard errors:
    # pixels right, negative log-probability, and the size of the objects.
    params = SMALL | {"n_test": 3000, "image_size": 20} | params
    splits = load("synthetic_segmentation", params)
    scores, truth = splits.optimum.scores, splits.test.targets
    chances = np.exp(scores)
    np.testing.assert_allclose(chances.sum(axis=-1), 1, atol=1e-9)

    def agree(found, stated):
        differences = (found - stated).reshape(len(truth), -1).mean(axis=1)
        assert abs(differences.mean()) < 4 * differences.std() / math.sqrt(len(truth))

    guess = chances.argmax(axis=-1)
    agree((guess == truth).astype(float), chances.max(axis=-1))
    own = np.take_along_axis(scores, truth[..., None].astype(int), -1)[..., 0]
    agree(-own, -(chances * scores).sum(axis=-1))
    for k in range(1, len(splits.class_names)):
        agree((truth == k).astype(float), chances[..., k])
    found = primary("segmentation", truth, scores, "pixel_accuracy")
    assert found == pytest.approx((guess == truth).mean())
    assert found > (truth == 0).mean() + 0.01
    # Whoever says something else does worse.
    rng = np.random.default_rng(0)
    for other in (2 * scores, 0.5 * scores, scores + rng.normal(size=scores.shape)):
        assert primary("segmentation", truth, other, "pixel_nll") > primary(
            "segmentation", truth, scores, "pixel_nll"
        )


def test_higher_contrast_is_easier():
    found = []
    for contrast in (0.4, 0.8, 2.0):
        splits = load("synthetic_segmentation", SMALL | {"contrast": contrast, "n_test": 200})
        found.append(
            primary("segmentation", splits.test.targets, splits.optimum.scores, "dice_score")
        )
    assert found[0] < found[1] - 0.1 < found[2] - 0.1
    assert found[2] > 0.99


def test_images_are_weighed_alike_in_any_number():
    splits = load("synthetic_segmentation", SMALL | {"n_test": 70})
    found = shapes(2, 3)
    one = next(posterior(splits.test.images[69:, ..., 0], found, 2, 1.0, 0.1))
    np.testing.assert_allclose(one[0], np.exp(splits.optimum.scores[69]), atol=1e-9)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"radius": 8, "image_size": 18}, "radius 8 .* do not fit into 18 x 18 pixels; up to 7"),
        ({"n": 10}, "n = 10 gives 9 images with an object for 1 kinds; 10 or more"),
        ({"n_test": 4, "empty": 0.9}, "n_test = 4 gives 0 images with an object"),
        ({"n": 25, "classes": 4}, "for 3 kinds; 30 or more"),
    ],
)
def test_impossible_parameters_are_refused_by_both(params, message):
    for function in (describe, load):
        with pytest.raises(DataError, match=f"data set 'synthetic_segmentation': .*{message}"):
            function("synthetic_segmentation", params)


def test_the_draw_is_the_one_that_results_were_made_with():
    # Golden: recorded when the draw was written; a change would make old runs incomparable.
    splits = load("synthetic_segmentation", {"n": 40, "n_test": 10, "classes": 3})
    assert split_sha256(splits)[:16] == "36fe1664e2fbc28b"
    assert hashlib.sha256(splits.train.images.tobytes()).hexdigest()[:16] == "9e9a276e48c3c769"
    assert hashlib.sha256(splits.train.targets.tobytes()).hexdigest()[:16] == "0fbc1b8d783c5395"

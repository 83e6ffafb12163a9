"""Blobs: the target function, the damage, and what each parameter leaves as it was."""

import hashlib

import numpy as np
import pytest

from lossbench import metrics
from lossbench.catalog import METRICS
from lossbench.datasets import best_prediction, describe, label_sha256, load, split_sha256
from lossbench.datasets.synthetic_regression import expected, target
from lossbench.datasets.target_noise import poisson_median, spread
from lossbench.errors import DataError


def whole(**params):
    """Training and validation together, in the order of ids."""
    splits = load("synthetic_regression", {"n": 400, "n_test": 50} | params)
    order = np.argsort(np.concatenate([splits.train.ids, splits.validation.ids]))
    images, targets = (
        np.concatenate([getattr(splits.train, key), getattr(splits.validation, key)])[order]
        for key in ("images", "targets")
    )
    return images, targets[:, 0], splits


def test_target_by_hand():
    # Middle of everything: s = t = q = 0, so 0 + 1/sqrt(2) + 0.
    # Right edge, upper edge, widest: s = q = 1, t = -1, so 1 - 1/sqrt(2) + 1.5.
    found = target(np.array([0.5, 0.8]), np.array([0.5, 0.2]), np.array([0.14, 0.20]))
    np.testing.assert_allclose(found, [np.sqrt(0.5), 2.5 - np.sqrt(0.5)])


def test_target_has_mean_0_and_variance_1():
    grid = (np.arange(60) + 0.5) / 60
    u, v, r = np.meshgrid(0.2 + 0.6 * grid, 0.2 + 0.6 * grid, 0.08 + 0.12 * grid)
    values = target(u, v, r)
    assert values.mean() == pytest.approx(0, abs=1e-9)
    assert values.var() == pytest.approx(1, abs=2e-3)


def test_target_is_not_linear():
    rng = np.random.default_rng(0)
    drawn = rng.uniform([0.2, 0.2, 0.08], [0.8, 0.8, 0.2], size=(2000, 3))
    values = target(*drawn.T)
    design = np.column_stack([np.ones(2000), drawn])
    left = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    assert left.var() > 0.4


def test_the_picture_shows_the_blob_where_the_target_says():
    # Least squares over a grid of (u, v, r) recovers the exact target from the picture alone.
    splits = load("synthetic_regression", {"n": 10, "n_test": 5})
    pixels = (np.arange(28) + 0.5) / 28
    steps = np.linspace(0.2, 0.8, 31)
    widths = np.linspace(0.08, 0.2, 9)
    waves = np.exp(-((pixels - steps[:, None, None]) ** 2) / (2 * widths[:, None] ** 2))
    for image, exact in zip(splits.test.images[..., 0], splits.test.targets[:, 0], strict=True):
        bright = image.astype(float) - 40
        fit = np.einsum("vry,urx,yx->vur", waves, waves, bright)
        power = np.einsum("vry,vry,urx,urx->vur", waves, waves, waves, waves)
        v, u, r = np.unravel_index((180**2 * power - 2 * 180 * fit).argmin(), fit.shape)
        assert target(steps[u], steps[v], widths[r]) == pytest.approx(exact, abs=0.15)


def test_noise_has_the_standard_deviation_asked_for():
    _, clean, _ = whole(noise=0.0)
    _, noisy, _ = whole(noise=0.5)
    assert (noisy - clean).std() == pytest.approx(0.5, rel=0.15)
    assert abs((noisy - clean).mean()) < 0.1


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.333, 1.0])
def test_exactly_the_share_asked_for_is_damaged_upwards(rate):
    _, plain, _ = whole()
    _, damaged, _ = whole(outlier_rate=rate, outlier_size=4.0)
    difference = damaged - plain
    assert np.count_nonzero(difference) == round(rate * 400)
    np.testing.assert_allclose(difference[difference != 0], 4.0, rtol=1e-5)


def test_the_test_part_is_clean():
    exact = whole(noise=0.0)[2].test.targets
    damaged = whole(noise=1.0, outlier_rate=0.5)[2].test.targets
    np.testing.assert_array_equal(exact, damaged)


def test_damage_changes_neither_images_nor_split():
    images, _, splits = whole()
    others, _, damaged = whole(noise=1.0, outlier_rate=0.5)
    np.testing.assert_array_equal(images, others)
    assert split_sha256(splits) == split_sha256(damaged)
    assert label_sha256(splits) != label_sha256(damaged)


def test_more_images_begin_with_the_same_ones():
    few, _, splits = whole()
    many, _, more = whole(n=1500)
    np.testing.assert_array_equal(few, many[:400])
    np.testing.assert_array_equal(splits.test.images, more.test.images)


def test_default_metric_is_the_absolute_error_where_there_are_outliers():
    assert describe("synthetic_regression", {}).metric == "rmse"
    assert describe("synthetic_regression", {"outlier_rate": 0.05}).metric == "mae"


def test_the_draw_is_the_one_that_results_were_made_with():
    # Golden: recorded when the draw was written; a change would make old runs incomparable.
    splits = load("synthetic_regression", {"n": 100, "n_test": 20, "outlier_rate": 0.1})
    assert split_sha256(splits)[:16] == "c8eb0fd0d4443b98"
    assert hashlib.sha256(splits.train.images.tobytes()).hexdigest()[:16] == "c5c32a0fc1962824"
    np.testing.assert_allclose(
        splits.train.targets[:4, 0], [0.323383, 0.66259, 1.020791, -0.94949], rtol=1e-5
    )


KINDS = ["count", "positive", "direction"]


@pytest.mark.parametrize("kind", KINDS)
def test_other_targets_have_the_same_images_and_split(kind):
    images, _, splits = whole()
    others, _, found = whole(target=kind)
    np.testing.assert_array_equal(images, others)
    assert split_sha256(splits) == split_sha256(found)


def test_other_targets_by_hand():
    # f = 0 gives e; f = 2 e^2; f = -2 gives 1
    np.testing.assert_allclose(expected(np.array([0.0, 2.0, -2.0])), [np.e, np.e**2, 1.0])


def test_positive_targets_are_known_exactly_and_noise_is_in_their_logarithm():
    f = whole(noise=0.0)[1]
    clean = whole(target="positive", noise=0.0)[1]
    np.testing.assert_allclose(np.log(clean), 1 + f / 2, atol=1e-5)
    noisy = whole(target="positive", noise=0.5)[1]
    assert np.log(noisy / clean).std() == pytest.approx(0.5, rel=0.15)
    assert noisy.min() > 0


def test_counts_have_the_mean_and_variance_of_poisson():
    mean = whole(n=4000, target="positive", noise=0.0)[1]
    counts = whole(n=4000, target="count", noise=0.0)[1]
    assert (counts == np.rint(counts)).all()
    # Pearson's statistic over 4,000 counts: mean 1, standard error about sqrt(2 / 4000) = 0.02.
    assert ((counts - mean) ** 2 / mean).mean() == pytest.approx(1, abs=0.1)
    assert (counts - mean).mean() == pytest.approx(0, abs=0.15)
    more = whole(n=4000, target="count", noise=0.8)[1]
    assert ((more - mean) ** 2 / mean).mean() > 2


def test_directions_point_from_the_middle_to_the_blob():
    splits = load("synthetic_regression", {"n": 10, "n_test": 200, "target": "direction"})
    np.testing.assert_allclose(np.linalg.norm(splits.test.targets, axis=1), 1, rtol=1e-6)
    bright = splits.test.images[..., 0].astype(float) - 40
    middle = np.arange(28) - 13.5
    weight = np.maximum(bright - 60, 0)
    centre = np.stack([weight.sum(axis=1) @ middle, weight.sum(axis=2) @ middle], axis=1)
    centre /= weight.sum(axis=(1, 2))[:, None]
    far = np.linalg.norm(centre, axis=1) > 4  # pixels from the middle
    along = (centre * splits.test.targets).sum(axis=1) / np.linalg.norm(centre, axis=1)
    assert far.sum() > 100
    assert along[far].min() > 0.95


@pytest.mark.parametrize(("kind", "step"), [("count", 3.0), ("positive", 2.5)])
def test_damage_of_other_targets(kind, step):
    plain = whole(target=kind)[1]
    damaged = whole(target=kind, outlier_rate=0.1, outlier_size=2.5)[1]
    difference = damaged - plain
    assert np.count_nonzero(difference) == 40
    np.testing.assert_allclose(difference[difference != 0], step, rtol=1e-5)


def test_damage_turns_directions():
    def directions(**params):
        params = {"n": 400, "n_test": 50, "target": "direction"} | params
        return load("synthetic_regression", params).train.targets

    plain, turned = directions(), directions(outlier_rate=0.1, outlier_size=np.pi)
    moved = (np.abs(plain - turned) > 1e-3).any(axis=1)
    assert 30 <= moved.sum() <= 40  # 40 less those in validation
    np.testing.assert_allclose(turned[moved], -plain[moved], atol=1e-5)


@pytest.mark.parametrize(
    ("kind", "kinds"),
    [
        ("position", {"any", "nonzero"}),
        ("count", {"any", "nonnegative", "counts"}),
        ("positive", {"any", "nonzero", "nonnegative", "positive"}),
        ("direction", {"any", "nonzero", "directions"}),
    ],
)
def test_what_targets_are(kind, kinds):
    assert describe("synthetic_regression", {"target": kind}).target_kinds == kinds


def test_directions_are_judged_by_their_angle():
    params = {"target": "direction", "outlier_rate": 0.1}
    assert describe("synthetic_regression", params).metric == "angular_error"
    assert describe("synthetic_regression", params | {"target": "count"}).metric == "mae"


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        ("count", [2.0, 3.0]),
        ("positive", [3.278746, 3.604348]),
        ("direction", [0.722116, -0.691772, 0.778766, 0.627314]),
    ],
)
def test_the_draw_of_other_targets_is_the_one_that_results_were_made_with(kind, first):
    # Golden: recorded when the draw was written; a change would make old runs incomparable.
    splits = load("synthetic_regression", {"n": 100, "n_test": 20, "target": kind})
    np.testing.assert_allclose(splits.train.targets[:2].ravel(), first, rtol=1e-5)


TYPES = ["normal", "student_t", "skewed", "heteroscedastic"]


def noisy_test(**params):
    params = {"n": 10, "n_test": 40_000, "image_size": 8, "test_noise": True} | params
    return load("synthetic_regression", params), describe("synthetic_regression", params)


@pytest.mark.parametrize("kind", TYPES)
def test_every_noise_has_mean_0_and_the_standard_deviation_asked_for(kind):
    splits, _ = noisy_test(noise=0.5, noise_type=kind)
    error = (splits.test.targets - splits.optimum.mean)[:, 0]
    assert error.mean() == pytest.approx(0, abs=4 * 0.5 / 200)
    # Of Student's t with three degrees of freedom the variance converges slowly.
    assert error.std() == pytest.approx(0.5, rel=0.05 if kind == "student_t" else 0.02)
    below = (splits.test.targets < splits.optimum.median).mean()
    assert below == pytest.approx(0.5, abs=4 * 0.5 / 200)


def test_noise_types_are_the_distributions_named():
    from scipy import stats

    for kind, known in (
        ("normal", stats.norm()),
        ("student_t", stats.t(3, scale=1 / np.sqrt(3))),
        ("skewed", stats.expon(loc=-1)),
    ):
        splits, _ = noisy_test(noise=1.0, noise_type=kind, n_test=5000)
        exact = splits.optimum.mean[:, 0]
        error = splits.test.targets[:, 0] - exact
        assert stats.kstest(error, known.cdf).pvalue > 1e-3, kind
        assert abs(np.corrcoef(error, exact)[0, 1]) < 0.06


def test_wide_blobs_are_noisier_by_e_squared():
    wide = spread("heteroscedastic", 0.5, np.array([1.0, -1.0]))
    assert wide[0] / wide[1] == pytest.approx(np.exp(2))
    grid = np.linspace(-1, 1, 20_001)
    assert (spread("heteroscedastic", 0.5, grid) ** 2).mean() == pytest.approx(0.25, rel=1e-3)


@pytest.mark.parametrize(
    ("params", "names"),
    [
        *(({"noise": 0.5, "noise_type": kind}, "rmse mae r2") for kind in TYPES),
        ({"noise": 0.3, "target": "positive"}, "rmse r2"),
        ({"noise": 0.2, "target": "positive", "noise_type": "skewed"}, "rmse r2"),
        ({"noise": 0.3, "target": "positive", "noise_type": "heteroscedastic"}, "rmse r2"),
        ({"target": "count", "test_noise": False}, "rmse mae r2"),
    ],
)
def test_the_best_predictions_attain_the_stated_values(params, names):
    splits, stated = noisy_test(**params)
    assert sorted(stated.optimum) == sorted(names.split())
    parts = np.array_split(np.arange(40_000), 20)
    for name, wanted in stated.optimum.items():
        row = METRICS[name]
        best = best_prediction(splits.optimum, row.optimal, splits.test.targets)
        found = [metrics.function(row)(splits.test.targets[at], best[at]) for at in parts]
        error = np.std(found, ddof=1) / np.sqrt(len(found))
        # The root of a mean is too small by about its variance / 2.
        assert np.mean(found) == pytest.approx(wanted, abs=4 * error + 0.003 * abs(wanted)), name


def test_stated_errors_by_hand():
    def stated(**params):
        return noisy_test(noise=0.5, n_test=10, **params)[1].optimum

    assert stated()["rmse"] == pytest.approx(0.5)
    assert stated()["mae"] == pytest.approx(0.5 * np.sqrt(2 / np.pi))
    assert stated()["r2"] == pytest.approx(1 / 1.25)
    assert stated(noise_type="skewed")["mae"] == pytest.approx(0.5 * np.log(2))
    assert stated(noise_type="student_t")["mae"] == pytest.approx(0.5 * 2 / np.pi)


def test_counts_have_their_median():
    from scipy import stats

    splits, _ = noisy_test(target="count", test_noise=False, n_test=500)
    mean, median = splits.optimum.mean[:, 0], splits.optimum.median[:, 0]
    np.testing.assert_array_equal(median, stats.poisson.median(mean))
    found, deviation = poisson_median(mean)
    np.testing.assert_array_equal(found, median)
    wanted = [
        stats.poisson(m).expect(lambda k, at=at: abs(k - at))
        for m, at in zip(mean, median, strict=True)
    ]
    np.testing.assert_allclose(deviation, wanted, rtol=1e-6)


def test_exact_test_targets_are_their_own_best_prediction():
    for kind in ("position", "positive", "direction"):
        splits = load("synthetic_regression", {"n": 10, "n_test": 20, "target": kind})
        np.testing.assert_array_equal(splits.optimum.mean, splits.test.targets)
        np.testing.assert_array_equal(splits.optimum.median, splits.test.targets)
        assert describe("synthetic_regression", {"target": kind}).optimum == {}


def test_a_mean_that_is_infinite_is_not_known():
    splits, stated = noisy_test(target="positive", noise_type="student_t", n_test=50)
    assert splits.optimum.mean is None and splits.optimum.median is not None
    assert stated.optimum == {}
    splits, stated = noisy_test(target="positive", noise_type="skewed", noise=1.0, n_test=50)
    assert splits.optimum.mean is None
    # The mean is finite below 1, the variance below 1/2.
    splits, stated = noisy_test(target="positive", noise_type="skewed", noise=0.7, n_test=50)
    assert splits.optimum.mean is not None and stated.optimum == {}


def test_noise_on_the_test_changes_nothing_else():
    plain = load("synthetic_regression", {"n": 50, "n_test": 20})
    noisy = load("synthetic_regression", {"n": 50, "n_test": 20, "test_noise": True})
    np.testing.assert_array_equal(plain.test.images, noisy.test.images)
    np.testing.assert_array_equal(plain.train.targets, noisy.train.targets)
    np.testing.assert_allclose(noisy.optimum.mean, plain.test.targets, rtol=1e-6)
    assert (plain.test.targets != noisy.test.targets).all()


@pytest.mark.parametrize(
    ("kind", "why"), [("count", "counts vary by themselves"), ("direction", "have no median")]
)
def test_noise_on_the_test_is_refused_where_the_best_is_not_known(kind, why):
    for function in (describe, load):
        with pytest.raises(DataError, match=f"test_noise is given for target '{kind}'.*{why}"):
            function("synthetic_regression", {"target": kind, "test_noise": True})


def test_the_pixels_hide_as_little_as_documented():
    # The Cramer-Rao bound: Fisher information of centre and width, carried over to f.
    rng = np.random.default_rng(0)
    blobs = rng.uniform([0.2, 0.2, 0.08], [0.8, 0.8, 0.2], size=(500, 3))
    step = 1e-5 * np.eye(3)

    def picture(blob):
        u, v, r = blob
        pixels = (np.arange(28) + 0.5) / 28
        waves = [np.exp(-((pixels - centre) ** 2) / (2 * r**2)) for centre in (v, u)]
        return 180 * np.outer(*waves).ravel()

    bounds = []
    for blob in blobs:
        slopes = np.stack([(picture(blob + e) - picture(blob - e)) / 2e-5 for e in step])
        f = np.stack([target(*(blob + e)) - target(*(blob - e)) for e in step]) / 2e-5
        bounds.append(f @ np.linalg.inv(slopes @ slopes.T / 12**2) @ f)
    assert np.sqrt(np.mean(bounds)) == pytest.approx(0.02, rel=0.1)

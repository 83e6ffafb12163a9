"""Noise on targets: its distribution and units, what it does to their kinds, with outliers."""

import numpy as np
import pytest
from scipy import stats

from lossbench.datasets import describe, load
from lossbench.errors import DataError

NAME = "synthetic_regression"
MANY = {"n": 6000, "n_test": 20, "image_size": 8}
FEW = {"n": 200, "n_test": 20, "image_size": 8}


def noise(kind, scale=0.5, **more):
    return {"target_noise": {"type": kind, "scale": scale, **more}}


@pytest.fixture(scope="module")
def whole():
    return load(NAME, MANY)


def added(found, whole, at="train"):
    """What was added, in standard deviations of the training targets."""
    spread = whole.train.targets.std()
    return (getattr(found, at).targets - getattr(whole, at).targets)[:, 0] / spread


@pytest.mark.parametrize(
    ("kind", "more", "law"),
    [
        ("normal", {}, stats.norm()),
        ("student_t", {"df": 3.0}, stats.t(3)),
        ("student_t", {}, stats.t(3)),
        ("student_t", {"df": 10.0}, stats.t(10)),
    ],
)
def test_noise_has_its_law_in_units_of_the_training_targets(whole, kind, more, law):
    found = load(NAME, MANY | noise(kind, **more))
    assert stats.kstest(added(found, whole) / 0.5, law.cdf).pvalue > 0.001
    assert stats.kstest(added(found, whole, "validation") / 0.5, law.cdf).pvalue > 0.001
    np.testing.assert_array_equal(found.test.targets, whole.test.targets)
    np.testing.assert_array_equal(found.train.clean_targets, whole.train.targets)


def test_heteroscedastic_noise_grows_with_the_target_and_is_the_scale_on_average(whole):
    found = load(NAME, MANY | noise("heteroscedastic", 0.8))
    y = whole.train.targets[:, 0].astype(np.float64)
    weight = (y - y.min()) / (y.mean() - y.min())
    residual = added(found, whole)
    # |e| = deviation * |z|, and E|z| = sqrt(2 / pi): its regression on y has the slope of sigma
    fit = stats.linregress(y, np.abs(residual) * np.sqrt(np.pi / 2))
    slope = 0.8 / (y.mean() - y.min())
    assert fit.slope == pytest.approx(slope, abs=5 * fit.stderr)
    assert fit.slope > 20 * fit.stderr
    assert (np.abs(residual) * np.sqrt(np.pi / 2)).mean() == pytest.approx(0.8, rel=0.05)
    sure = weight > 0.05
    assert stats.kstest(residual[sure] / (0.8 * weight[sure]), "norm").pvalue > 0.001


def test_noise_at_another_scale_is_the_same_draw(whole):
    small, large = (added(load(NAME, MANY | noise("normal", s)), whole) for s in (0.5, 1.0))
    np.testing.assert_allclose(large, 2 * small, atol=1e-5)


def test_what_was_added_is_counted(whole):
    found = load(NAME, MANY | noise("normal", 0.5, validation="clean"))
    np.testing.assert_array_equal(found.validation.targets, whole.validation.targets)
    (done,) = found.damage["target_noise"]["done"].values()
    assert done["root_mean_square"] == pytest.approx(np.sqrt(np.mean(added(found, whole) ** 2)))
    assert done["median_absolute"] == pytest.approx(0.5 * stats.norm.ppf(0.75), rel=0.05)
    assert done["of"] == 5400


def test_each_column_of_targets_has_noise_of_its_own(tmp_path):
    y = np.random.default_rng(0).normal(size=(2000, 2)) * [1.0, 100.0]
    images = np.zeros((2000, 8, 8), np.uint8)
    path = tmp_path / "d.npz"
    np.savez(path, x_train=images, y_train=y, x_test=images[:5], y_test=y[:5])
    params = {"path": str(path)}
    found, clean = load("npz", params | noise("normal")), load("npz", params)
    moved = (found.train.targets - clean.train.targets) / clean.train.targets.std(axis=0)
    np.testing.assert_allclose(moved.std(axis=0), 0.5, rtol=0.1)
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.1


@pytest.mark.parametrize("target", ["position", "count", "positive"])
@pytest.mark.parametrize("kind", ["normal", "student_t", "heteroscedastic"])
def test_noisy_targets_may_be_any_number_whatever_the_seed(target, kind):
    params = FEW | {"target": target} | noise(kind, 0.001)
    facts = describe(NAME, params)
    assert facts.target_kinds == {"any"}
    assert facts.metric == ("mae" if kind == "student_t" else "rmse")
    for seed in (0, 1):
        assert load(NAME, params, seed).target_kinds == facts.target_kinds


def test_noise_comes_before_outliers_and_both_count_in_clean_deviations():
    outliers = {"outliers": {"rate": 0.1, "size": 50.0, "sides": "one"}}
    clean, both = load(NAME, FEW), load(NAME, FEW | noise("normal", 3.0) | outliers)
    assert list(both.damage) == ["seed", "target_noise", "outliers"]
    far = added(both, clean)
    hit = far > 25
    assert hit.sum() == 18
    noisy = load(NAME, FEW | noise("normal", 3.0))
    np.testing.assert_allclose(far[hit], added(noisy, clean)[hit] + 50, rtol=1e-4)
    np.testing.assert_array_equal(both.train.clean_targets, clean.train.targets)
    assert describe(NAME, FEW | noise("normal", 3.0) | outliers).target_kinds == both.target_kinds


def test_left_out_examples_do_not_change_the_unit():
    params = FEW | {"missing_labels": {"rate": 0.9}}
    for kind, asked in (noise("normal") | {"outliers": OUTLIERS}).items():
        found = load(NAME, params | {kind: asked}).damage[kind]["done"]["train"]
        whole = load(NAME, FEW | {kind: asked}).damage[kind]["done"]["train"]
        assert found["standard_deviations"] == whole["standard_deviations"]
        assert found["of"] == 18


OUTLIERS = {"rate": 0.1, "size": 5.0, "sides": "two"}


def test_noise_differs_between_seeds():
    zero, again, one = (load(NAME, FEW | noise("student_t"), s).train.targets for s in (0, 0, 1))
    np.testing.assert_array_equal(zero, again)
    assert (zero != one).all()


def test_directions_and_constant_targets_are_refused(tmp_path):
    with pytest.raises(DataError, match="target_noise is given, but the targets are directions"):
        describe(NAME, FEW | {"target": "direction"} | noise("normal"))
    images = np.zeros((40, 8, 8), np.uint8)
    path = tmp_path / "d.npz"
    np.savez(path, x_train=images, y_train=np.full(40, 0.5), x_test=images, y_test=np.ones(40) / 2)
    with pytest.raises(DataError, match=r"target_noise is in standard deviations .* column 0 is"):
        describe("npz", {"path": str(path), **noise("heteroscedastic")})


def test_classes_have_no_noise_on_targets(tmp_path):
    images = np.zeros((40, 8, 8), np.uint8)
    path = tmp_path / "d.npz"
    np.savez(path, x_train=images, y_train=np.arange(40) % 2, x_test=images, y_test=[0, 1] * 20)
    says = "target_noise is given, but the targets are those of task 'binary'; numbers are accepted"
    with pytest.raises(DataError, match=says):
        describe("npz", {"path": str(path), **noise("normal")})

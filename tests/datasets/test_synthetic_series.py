"""Series with spikes: what is drawn, and the best forecast against large samples and by hand."""

import hashlib

import numpy as np
import pytest
from scipy import stats

from lossbench.datasets import describe, load, split_sha256
from lossbench.datasets.synthetic_series import _chances, _Law, _Shops, _usual_days

LARGE = {"n": 50, "n_test": 20_000}


def drawn(**params):
    splits = load("synthetic_series", {**LARGE, **params})
    series = splits.test.images[..., 0, 0].astype(np.float64)
    return series, splits.test.targets.astype(np.float64), splits.optimum


def mean_and_error(values):
    return values.mean(), values.std() / np.sqrt(len(values))


def test_series_are_images_of_width_1():
    splits = load("synthetic_series", {"n": 40, "n_test": 7, "days": 14, "horizon": 3})
    assert splits.train.images.shape == (36, 14, 1, 1)
    assert splits.train.images.dtype == splits.train.targets.dtype == np.float32
    assert splits.test.targets.shape == splits.optimum.mean.shape == (7, 3)
    assert splits.optimum.median.shape == (7, 3)
    facts = describe("synthetic_series", {"n": 40, "n_test": 7, "days": 14, "horizon": 3})
    assert (facts.image_shape, facts.n_targets) == ((14, 1, 1), 3)
    assert facts.target_kinds == splits.target_kinds
    assert "positive" in facts.target_kinds


def test_no_two_series_are_alike():
    # one shop for each series: nothing of the test can be in training
    splits = load("synthetic_series", {"n": 500, "n_test": 500})
    parts = (splits.train, splits.validation, splits.test)
    days = np.concatenate([part.images[..., 0, 0] for part in parts]).ravel()
    usual = days[days < 5]
    assert len(np.unique(usual)) > 0.999 * len(usual)  # float32 has some by chance


def test_spikes_have_the_rate_and_size_that_is_asked_for():
    series, targets, _ = drawn(spike_rate=0.1, spike_size=6.0)
    spikes = series >= 6
    assert spikes.mean() == pytest.approx(0.1, abs=0.002)
    assert (targets >= 6).mean() == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 20_000))
    assert series[spikes].max() <= 9.0 < series[spikes].max() + 0.01
    assert series[spikes].mean() == pytest.approx(7.5, abs=0.03)
    # all spikes of a series are on one weekday
    weekdays = np.stack([spikes[:, day::7].any(axis=1) for day in range(7)], axis=1)
    assert weekdays.sum(axis=1).max() == 1
    assert (series[~spikes] > 0).all()
    assert np.log(series[~spikes]).std() == pytest.approx(
        np.sqrt(0.2**2 + 0.1**2 / 12 + 0.15**2 + 0.1**2), abs=0.01
    )


def test_without_spikes_there_are_none():
    series, targets, optimum = drawn(spike_rate=0.0)
    assert max(series.max(), targets.max()) < 5
    # the logarithm is normal: the mean lies exp(variance / 2) above the median
    assert (optimum.mean > optimum.median).all()
    assert optimum.mean == pytest.approx(optimum.median, rel=0.02)


@pytest.mark.parametrize(
    "params",
    [{}, {"horizon": 2, "days": 17}, {"spike_rate": 0.1}, {"noise": 0.2, "spike_size": 8.0}],
)
def test_the_optimum_is_mean_and_median_of_what_comes(params):
    series, targets, optimum = drawn(**params)
    group = np.digitize(optimum.mean[:, 0], np.quantile(optimum.mean[:, 0], [0.25, 0.5, 0.75]))
    for own in [group == k for k in range(4)]:
        for day in range(targets.shape[1]):
            left, error = mean_and_error((targets - optimum.mean)[own, day])
            assert abs(left) < 4.5 * error + 1e-3
            below, error = mean_and_error((targets <= optimum.median)[own, day])
            assert abs(below - 0.5) < 4.5 * max(error, 0.5 / np.sqrt(own.sum()))
    # what is left of the mean depends on no day of the window
    left = targets[:, 0] - optimum.mean[:, 0]
    for day in series.T:
        product = left * (day - day.mean())
        assert abs(product.mean()) < 4.5 * product.std() / np.sqrt(len(product))


def test_scores_of_the_optimum_are_as_documented():
    _, targets, optimum = drawn()
    squared, of_squared = mean_and_error((targets - optimum.mean) ** 2)
    absolute, of_absolute = mean_and_error(np.abs(targets - optimum.median))
    assert abs(squared - 1.00**2) < 4 * of_squared + 0.01
    assert abs(absolute - 0.35) < 4 * of_absolute + 0.005
    # and each is the better one by its own measure
    assert ((targets - optimum.median) ** 2).mean() > 1.2 * squared
    assert np.abs(targets - optimum.mean).mean() > 1.15 * absolute


def test_spikes_that_are_the_rule_are_in_the_median():
    # on market days 7 * 0.13 = 0.91 of the days have one
    series, targets, optimum = drawn(spike_rate=0.13)
    seen = series >= 5
    market = seen[:, 0::7].any(axis=1)  # the day after 28 is of the weekday of day 0
    assert (optimum.median[market] >= 5).all()
    assert (optimum.median[seen.any(axis=1) & ~market] < 5).all()
    assert (targets[market] >= 5).mean() == pytest.approx(0.91, abs=0.02)


def test_usual_days_are_a_bayesian_regression():
    # scikit-learn's Gaussian process with the same covariance gives the same mean and deviation.
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import DotProduct

    law = _Law(days=10, horizon=3, noise=0.1, spike_rate=0.05, spike_size=5.0)
    rng = np.random.default_rng(0)
    sales = np.exp(0.3 * rng.standard_normal((1, 13))).astype(np.float32)
    spikes = np.zeros((1, 13), bool)
    spikes[0, 4] = True
    centre, spread = _usual_days(_Shops(sales, spikes), law)
    used = np.flatnonzero(~spikes[0, :10])
    features = law.design * law.spreads  # a dot product of these is the covariance
    process = GaussianProcessRegressor(DotProduct(0.0, "fixed"), alpha=0.1**2, optimizer=None)
    process.fit(features[used], np.log(sales[0, used].astype(np.float64)))
    expected, deviation = process.predict(features[10:], return_std=True)
    np.testing.assert_allclose(centre[0], expected, rtol=1e-6)
    np.testing.assert_allclose(spread[0] ** 2, deviation**2 + 0.1**2, rtol=1e-6)


def test_chances_counted_by_hand():
    # Ten days: weekdays 0 1 2 come twice, the others once; days 10 11 12 are weekdays 3 4 5.
    law = _Law(days=10, horizon=3, noise=0.1, spike_rate=0.5 / 7, spike_size=5.0)
    sales, spikes = np.ones((2, 13), np.float32), np.zeros((2, 13), bool)
    spikes[1, 4] = True
    found = _chances(_Shops(sales, spikes), law)
    # without a spike: (1/2)^2 for each of three weekdays, 1/2 for each of four; 3/4 + 2 in sum
    np.testing.assert_allclose(found[0], [0.5 * 0.5 / 2.75] * 3)
    np.testing.assert_allclose(found[1], [0, 0.5, 0])


def test_noise_and_spikes_leave_the_rest_of_the_draw():
    base, _, _ = drawn(spike_rate=0.0)
    spiked, _, _ = drawn(spike_rate=0.1)
    larger, _, _ = drawn(spike_rate=0.1, spike_size=10.0)
    usual = spiked < 5
    np.testing.assert_array_equal(base[usual], spiked[usual])
    np.testing.assert_allclose(larger[~usual], 2 * spiked[~usual], rtol=1e-6)
    more_noise, _, _ = drawn(spike_rate=0.0, noise=0.2)
    left = np.log(more_noise) - np.log(base)
    assert left.std() == pytest.approx(0.1, rel=0.01)
    assert stats.kurtosis(left.ravel()[:5000]) == pytest.approx(0, abs=0.3)


def test_the_draw_is_the_one_that_results_were_made_with():
    # Golden: recorded when the draw was written; a change would make old runs incomparable.
    splits = load("synthetic_series", {"n": 40, "n_test": 5})
    assert split_sha256(splits)[:16] == "48a91ec8b66fa298"
    assert splits.test.targets.ravel() == pytest.approx(
        [0.76465201, 0.8572486, 1.3925267, 0.86697072, 1.332497], rel=1e-6
    )
    rounded = np.round(splits.train.images.astype(np.float64), 5)
    assert hashlib.sha256(rounded.tobytes()).hexdigest()[:16] == "0ae909f31bb86f01"

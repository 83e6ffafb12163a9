"""Daily sales of many shops, with trend, week and rare spikes, and the best forecast of each."""

from typing import NamedTuple

import numpy as np

from lossbench.catalog import Facts
from lossbench.catalog.metrics import DEFAULT_METRIC
from lossbench.datasets.parts import Optimum
from lossbench.datasets.splitting import Source, whole
from lossbench.datasets.target_values import target_values

_SEED = 19700101
_WEEK = 7
_LEVEL, _TREND, _WEEKDAY = 0.2, 0.1, 0.15  # standard deviations among shops, of logarithms
_LARGEST = 1.5  # of the sizes of spikes, the least being 1


def describe(
    name: str,
    *,
    n: int,
    n_test: int,
    days: int,
    horizon: int,
    noise: float,
    spike_rate: float,
    spike_size: float,
) -> Facts:
    """Say what `read` will give.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation series.
        n_test: number of test series.
        days: as for `read`.
        horizon: as for `read`.
        noise: as for `read`.
        spike_rate: as for `read`.
        spike_size: as for `read`.
    """
    law = _Law(days, horizon, noise, spike_rate, spike_size)
    train, test = (_shops(*one, law) for one in zip((n, n_test), _seeds(), strict=True))
    return Facts(
        task="regression",
        image_shape=(days, 1, 1),
        n_classes=0,
        n_targets=horizon,
        **whole(np.array([n])),
        n_test=n_test,
        soft_targets=False,
        class_names=(),
        metric=DEFAULT_METRIC["regression"],
        **target_values(train.sales[:, days:], test.sales[:, days:]),
    )


def read(
    name: str,
    *,
    n: int,
    n_test: int,
    days: int,
    horizon: int,
    noise: float,
    spike_rate: float,
    spike_size: float,
) -> Source:
    """Draw one stretch of sales of each shop: the last days are what is forecast from the others.

    On a usual day t = 0, 1, ... the sales of a shop are

    exp(a + b (t - (days - 1) / 2) / days + w[t mod 7] + noise e),   e standard normal

    with a level a of standard deviation 0.2, a trend b of 0.1 and weekdays w of 0.15, all normal
    with mean 0 and drawn for each shop, so that sales are about 1. Each shop has one market day of
    the week; on it, with probability 7 spike_rate, sales are uniform on 1 to 1.5 times spike_size
    instead, whatever they would have been. No two series share a shop, so that no split can put
    one on both sides, and what holds for the test does not lie in the future of training.

    Given what a window shows, the logarithm of a usual day's sales is normal: Bayesian regression
    on the usual days before. The chance of a spike follows from the days that had one. Mean and
    median of the mixture are the optimum; they differ, since below half of the market days have a
    spike: the median ignores them, the mean goes part of the way. At the defaults the best root
    mean squared error is 1.00 and the best mean absolute error 0.35.

    That the window shows which days had a spike is taken for granted: at noise 0.1 and spikes from
    5 on, one usual day in 10^8 exceeds the least spike.

    Args:
        name: the name of the data set, for messages.
        n: number of training and validation series.
        n_test: number of test series.
        days: length of a series, in days.
        horizon: how many days after it are forecast.
        noise: standard deviation of the logarithm of a day's sales.
        spike_rate: share of days with a spike, at most 1/7; above 1/14 the median has them, too.
        spike_size: sales at the least spike.

    Returns:
        Series float32 [n, days, 1, 1], in units of usual sales, and targets float32 [n, horizon].

    Source:
        Made for lossbench.
    """
    law = _Law(days, horizon, noise, spike_rate, spike_size)
    train, test = (_shops(*one, law) for one in zip((n, n_test), _seeds(), strict=True))
    return Source(
        images=train.sales[:, :days, np.newaxis, np.newaxis],
        targets=train.sales[:, days:],
        test_images=test.sales[:, :days, np.newaxis, np.newaxis],
        test_targets=test.sales[:, days:],
        task="regression",
        class_names=(),
        optimum=_optimum(test, law),
    )


class _Law(NamedTuple):
    """What series are drawn by; the words are those of `read`."""

    days: int
    horizon: int
    noise: float
    spike_rate: float
    spike_size: float

    @property
    def spreads(self) -> np.ndarray:
        """Standard deviations of level, trend and weekdays among shops: float64 [9]."""
        return np.array([_LEVEL, _TREND, *[_WEEKDAY] * _WEEK])

    @property
    def design(self) -> np.ndarray:
        """How level, trend and weekdays enter each day, float64 [days + horizon, 9]."""
        t = np.arange(self.days + self.horizon)
        trend = (t - (self.days - 1) / 2) / self.days
        weekdays = t[:, np.newaxis] % _WEEK == np.arange(_WEEK)
        return np.column_stack([np.ones(len(t)), trend, weekdays])

    @property
    def chance(self) -> float:
        """Chance of a spike on a market day."""
        return _WEEK * self.spike_rate


class _Shops(NamedTuple):
    """Sales, float32 [n, days + horizon], and which of them are spikes, bool likewise."""

    sales: np.ndarray
    spikes: np.ndarray


def _seeds() -> list[np.random.SeedSequence]:
    """Return the seeds of training and test."""
    return np.random.SeedSequence(_SEED).spawn(2)


def _shops(n: int, seed: np.random.SeedSequence, law: _Law) -> _Shops:
    """Draw shops; changing noise or spikes leaves everything else that is drawn."""
    of_shop, of_market, of_day, of_spike, of_size = map(np.random.default_rng, seed.spawn(5))
    shape = (n, law.days + law.horizon)
    usual = of_shop.standard_normal((n, len(law.spreads))) * law.spreads @ law.design.T
    usual += law.noise * of_day.standard_normal(shape)
    market_day = of_market.integers(0, _WEEK, size=(n, 1))
    spikes = of_spike.random(shape) < law.chance
    spikes &= np.arange(shape[1]) % _WEEK == market_day
    sizes = law.spike_size * of_size.uniform(1.0, _LARGEST, shape)
    return _Shops(np.where(spikes, sizes, np.exp(usual)).astype(np.float32), spikes)


def _optimum(shops: _Shops, law: _Law) -> Optimum:
    """Return mean and median of the days after the windows, given these."""
    from scipy import special

    centre, spread = _usual_days(shops, law)
    p = _chances(shops, law)
    mean = (1 - p) * np.exp(centre + spread**2 / 2) + p * law.spike_size * (1 + _LARGEST) / 2
    # Usual days lie below all spikes: the median is one of them until spikes are the larger half.
    share = np.minimum(0.5 / np.maximum(1 - p, 0.5), 1 - 1e-12)
    usual = np.exp(centre + spread * special.ndtri(share))
    beyond = np.maximum(p - 0.5, 0) / np.maximum(p, 0.5)
    spike = law.spike_size * (1 + (_LARGEST - 1) * beyond)
    return Optimum(mean=mean, median=np.where(p < 0.5, usual, spike))


def _usual_days(shops: _Shops, law: _Law) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the logarithms of usual sales: float64 [n, horizon].

    Bayesian linear regression with known noise: Bishop 2006, section 3.3.
    """
    before, after = np.split(law.design, [law.days])
    usual = ~shops.spikes[:, : law.days]
    logs = np.log(shops.sales[:, : law.days].astype(np.float64))
    seen = np.einsum("nt,ti,tj->nij", usual, before, before, optimize=True)
    covariance = np.linalg.inv(np.diag(law.spreads**-2.0) + seen / law.noise**2)
    weights = np.einsum("nij,nj->ni", covariance, (usual * logs) @ before / law.noise**2)
    variance = np.einsum("hi,nij,hj->nh", after, covariance, after, optimize=True)
    return weights @ after.T, np.sqrt(variance + law.noise**2)


def _chances(shops: _Shops, law: _Law) -> np.ndarray:
    """Return the chance of a spike on each day after the windows: float64 [n, horizon].

    A spike in the window tells the market day. Without one, those weekdays are likelier of which
    the window holds fewer.
    """
    weekday = np.arange(law.days + law.horizon) % _WEEK
    before, after = np.split(weekday, [law.days])
    seen = shops.spikes[:, : law.days] @ (before[:, np.newaxis] == np.arange(_WEEK)) > 0
    missed = (1 - law.chance) ** np.bincount(before, minlength=_WEEK)
    market = np.where(seen.any(axis=1, keepdims=True), seen, np.maximum(missed, 1e-300))
    return np.asarray(law.chance * (market / market.sum(axis=1, keepdims=True))[:, after])

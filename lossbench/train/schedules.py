"""Learning-rate schedules: what the rate is multiplied with at every step of an epoch.

Each schedule of the catalogue is a pure function of its parameters and of where a training is.
Step t counts from 0 over the whole run, T steps in all; a run of E epochs has T / E an epoch.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog import SCHEDULES
from lossbench.catalog.schedules import in_epochs

Factors = NDArray[np.float64]
Params = Mapping[str, Any]


@dataclass(frozen=True)
class Point:
    """Where a training is at the start of an epoch.

    Attributes:
        epochs: length of the run.
        steps_per_epoch: batches of an epoch.
        epoch: the epoch that begins, from 1.
        seen: the validation metric after each epoch so far, oriented so that higher is better.
        learning_rate: the rate that factors multiply.
    """

    epochs: int
    steps_per_epoch: int
    epoch: int
    seen: Sequence[float] = ()
    learning_rate: float = 1.0

    @property
    def steps(self) -> Factors:
        """Numbers of the epoch's steps, from 0, [steps_per_epoch]."""
        first = (self.epoch - 1) * self.steps_per_epoch
        return np.arange(first, first + self.steps_per_epoch, dtype=np.float64)

    @property
    def total(self) -> int:
        """Steps of the run."""
        return self.epochs * self.steps_per_epoch

    def step_at(self, time: float) -> int:
        """Return the step at which a time begins that is in epochs, or a fraction of the run."""
        return round(in_epochs(time, self.epochs) * self.steps_per_epoch)


def is_plain(schedule: Mapping[str, Any]) -> bool:
    """Return whether the rate is the same at every step of the run.

    Args:
        schedule: its record: name and params.
    """
    return schedule["name"] == "constant" and not schedule["params"]["warmup"]


def factors(schedule: Mapping[str, Any], point: Point) -> Factors:
    """Return what the rate is multiplied with at every step of an epoch.

    Args:
        schedule: its record: a name of SCHEDULES, and params.
        point: where the training is.

    Returns:
        Factors >= 0, [steps_per_epoch].
    """
    function = SCHEDULES[schedule["name"]].target.rpartition(":")[2]
    found: Factors = getattr(sys.modules[__name__], function)(schedule["params"], point)
    return found


def constant(params: Params, point: Point) -> Factors:
    """Return the warm-up's factors, and 1 after it.

    factor = min(1, t / W), with W the steps of the warm-up

    Args:
        params: warmup (epochs or a fraction of the run).
        point: where the training is.

    Returns:
        Factors in [0, 1], [steps_per_epoch].

    Source:
        Goyal et al. 2017, arXiv:1706.02677, section 2.2. Departure: from 0, as in Keras, instead of
        the rate of a smaller batch.
    """
    warmup = point.step_at(params["warmup"])
    return np.minimum(1.0, point.steps / warmup) if warmup else np.ones(point.steps_per_epoch)


def step(params: Params, point: Point) -> Factors:
    """Return a factor that falls after some epochs, times the warm-up's.

    factor = params.factor ^ (number of params.epochs that are over)

    Args:
        params: epochs (rising; epochs or fractions of the run), factor, warmup.
        point: where the training is.

    Returns:
        Factors in [0, 1], [steps_per_epoch].

    Source:
        PyTorch's MultiStepLR. Departures: fractions of an epoch and of the run.
    """
    falls = [point.step_at(time) for time in params["epochs"]]
    over = np.searchsorted(falls, point.steps, side="right")
    return constant(params, point) * np.power(float(params["factor"]), over)


def cosine(params: Params, point: Point) -> Factors:
    """Return factors along half a cosine from 1 to params.final, after the warm-up.

    factor = final + (1 - final) (1 + cos(pi (t - W) / (T - W))) / 2

    Args:
        params: final (share of the rate that T would have), warmup.
        point: where the training is.

    Returns:
        Factors in [0, 1], [steps_per_epoch].

    Source:
        Loshchilov & Hutter 2017, arXiv:1608.03983, eq. 5, without restarts. Departure: per step.
    """
    warmup = point.step_at(params["warmup"])
    done = np.clip((point.steps - warmup) / max(point.total - warmup, 1), 0, 1)
    falling = _cosine_between(1.0, params["final"], done)
    return np.where(point.steps < warmup, constant(params, point), falling)


def one_cycle(params: Params, point: Point) -> Factors:
    """Return factors that rise from params.start to 1 and fall to params.final.

    Both are half a cosine; the peak is reached at step peak_at T - 1 and the end at T - 1.

    Args:
        params: start, peak_at (fraction of the run), final.
        point: where the training is.

    Returns:
        Factors in [0, 1], [steps_per_epoch].

    Source:
        Smith & Topin 2018, arXiv:1708.07120, as PyTorch's OneCycleLR with two phases. Departure:
        momentum stays as it is.
    """
    peak, last = params["peak_at"] * point.total - 1, point.total - 1
    rising = point.steps / peak if peak > 0 else np.ones(point.steps_per_epoch)
    falling = np.clip((point.steps - peak) / max(last - peak, 1e-9), 0, 1)
    return np.where(
        point.steps <= peak,
        _cosine_between(params["start"], 1.0, np.minimum(rising, 1.0)),
        _cosine_between(1.0, params["final"], falling),
    )


def reduce_on_plateau(params: Params, point: Point) -> Factors:
    """Return a factor that falls when the validation metric gets no better, times the warm-up's.

    After `patience` epochs in which the metric did not exceed its best by `min_delta`, the rate
    falls, and counting starts anew.

    Args:
        params: factor, patience (epochs), min_delta (units of the metric), min_rate, warmup.
        point: where the training is; what was seen decides.

    Returns:
        Factors in [0, 1], [steps_per_epoch].

    Source:
        Keras's ReduceLROnPlateau without cooldown; PyTorch's waits an epoch longer.
    """
    now, best, waited = 1.0, -np.inf, 0
    least = min(1.0, params["min_rate"] / point.learning_rate)
    for value in point.seen:
        better = value > best + params["min_delta"]
        best, waited = (value, 0) if better else (best, waited + 1)
        if waited == params["patience"]:
            now, waited = max(now * params["factor"], least), 0
    return constant(params, point) * now


def _cosine_between(first: float, last: float, done: Factors) -> Factors:
    found: Factors = last + (first - last) * (1 + np.cos(np.pi * done)) / 2
    return found

"""Epochs: train, look at validation, keep the best weights, stop when numbers break."""

import functools
import hashlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import keras
import numpy as np
from numpy.typing import NDArray

from lossbench.train.feeding import IndexFed

DIVERGED_FACTOR = 1000.0
"""An epoch whose mean loss exceeds this many times the first step's (plus one) has diverged."""

Status = Literal["ok", "diverged", "nan"]


@dataclass(frozen=True)
class Epoch:
    """What one epoch left behind; times in seconds."""

    number: int
    step_losses: NDArray[np.float32]
    scores: NDArray[np.float64]
    selection: float
    seconds_train: float
    seconds_eval: float


@dataclass
class Timing:
    """Durations of the calls that run several steps each, in seconds, and their steps."""

    calls: list[tuple[float, int]] = field(default_factory=list)

    def step_ms_median(self) -> float:
        """Median step time in ms, without the first call, which traces and compiles."""
        per_step = [1000 * seconds / steps for seconds, steps in self.calls[1:] if steps]
        return float(np.median(per_step)) if per_step else math.nan

    def seconds_compile(self) -> float:
        """Time of the first call beyond that of its steps: tracing and compiling."""
        if not self.calls:
            return math.nan
        seconds, steps = self.calls[0]
        median = self.step_ms_median()
        return seconds if math.isnan(median) else max(0.0, seconds - steps * median / 1000)


@dataclass(frozen=True)
class Training:
    """The outcome of all epochs.

    Attributes:
        status: "ok", or how the numbers broke.
        epochs: every epoch that was finished with finite numbers.
        selected: number of the epoch with the best validation metric, from 1; 0 where none.
        best_weights: the network's weights at that epoch.
        first_bad_step: the step, from 1, whose loss first was not finite, or None.
        timing: durations of the training calls.
        step_losses: the loss of every step, bad ones included.
    """

    status: Status
    epochs: tuple[Epoch, ...]
    selected: int
    best_weights: tuple[NDArray[Any], ...]
    first_bad_step: int | None
    timing: Timing
    step_losses: NDArray[np.float32]


def epoch_order(seed: int, epoch: int, n: int) -> NDArray[np.int32]:
    """Return the order in which an epoch visits the n training examples.

    It depends on the seed and the epoch alone: the same for every loss, and known without
    replaying earlier epochs.
    """
    entropy = np.random.SeedSequence([seed, 0x0D0E12, epoch])
    return np.random.default_rng(entropy).permutation(n).astype(np.int32)


def order_sha256(seed: int, n: int) -> str:
    """Return the hash of the index sequence of epochs 1 and 2."""
    both = np.concatenate([epoch_order(seed, epoch, n) for epoch in (1, 2)])
    return hashlib.sha256(both.astype("<i4").tobytes()).hexdigest()


def train_epochs(
    fed: IndexFed,
    *,
    seed: int,
    n_train: int,
    epochs: int,
    batch_size: int,
    higher_is_better: bool,
    validate: Callable[[], tuple[NDArray[np.float64], float]],
    report: Callable[[int, int, float | None], None],
) -> Training:
    """Train for a number of epochs and choose the best by a validation metric.

    Args:
        fed: the compiled network; its first `n_train` images are the training images.
        seed: decides the order of examples.
        n_train: number of training images.
        epochs: passes over them.
        batch_size: images per step; the last batch of an epoch may be smaller.
        higher_is_better: which way the validation metric is better.
        validate: returns validation scores and the metric; NaN counts as worst.
        report: called with (epochs done, steps done in this epoch, latest metric).

    Returns:
        What happened; on NaN or divergence, the epochs before it.
    """
    done: list[Epoch] = []
    timing = Timing()
    best, selected, weights = -math.inf, 0, _weights(fed)
    losses: list[NDArray[np.float32]] = []
    status: Status = "ok"
    for number in range(1, epochs + 1):
        latest = done[-1].selection if done else None
        watch = _Watch(timing, functools.partial(_report_step, report, number - 1, latest))
        started = time.perf_counter()
        order = epoch_order(seed, number, n_train)
        fed.fit(order, batch_size=batch_size, shuffle=False, verbose=0, callbacks=[watch])
        trained = time.perf_counter()
        losses.append(fed.read_step_losses())
        status = _health(losses[-1], float(losses[0][0]))
        if status != "ok":
            break
        scores, selection = validate()
        if not np.isfinite(scores).all():
            status = "nan"
            break
        ended = time.perf_counter()
        done.append(
            Epoch(number, losses[-1], scores, selection, trained - started, ended - trained)
        )
        oriented = selection if higher_is_better else -selection
        if oriented > best:  # a tie goes to the earlier epoch, NaN never wins
            best, selected, weights = oriented, number, _weights(fed)
        report(number, 0, selection)
    every = np.concatenate(losses) if losses else np.zeros(0, np.float32)
    return Training(
        status=status,
        epochs=tuple(done),
        selected=selected or len(done),
        best_weights=weights if selected else _weights(fed),
        first_bad_step=_first_bad(every),
        timing=timing,
        step_losses=every,
    )


def _report_step(
    report: Callable[[int, int, float | None], None], epoch: int, metric: float | None, step: int
) -> None:
    report(epoch, step, metric)


def _weights(fed: IndexFed) -> tuple[NDArray[Any], ...]:
    return tuple(np.array(weight) for weight in fed.network.get_weights())


def _health(losses: NDArray[np.float32], first: float) -> Status:
    """Return how an epoch's step losses look: fine, NaN, or grown out of all proportion."""
    if np.isnan(losses).any():
        return "nan"
    if np.isinf(losses).any() or losses.mean() > DIVERGED_FACTOR * (abs(first) + 1.0):
        return "diverged"
    return "ok"


def _first_bad(losses: Sequence[float] | NDArray[np.float32]) -> int | None:
    bad = np.flatnonzero(~np.isfinite(losses))
    return int(bad[0]) + 1 if len(bad) else None


class _Watch(keras.callbacks.Callback):
    """Times the calls, reports steps, and stops an epoch whose loss is no longer finite."""

    def __init__(self, timing: Timing, report: Callable[[int], None]) -> None:
        super().__init__()
        self.timing, self.report = timing, report
        self.steps = 0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        steps = batch + 1 - self.steps
        self.steps = batch + 1
        self.timing.calls.append((time.perf_counter() - self.started, steps))
        self.report(self.steps)
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            self.model.stop_training = True

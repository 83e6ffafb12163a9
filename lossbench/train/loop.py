"""Epochs: train, look at validation, keep the best weights, stop when numbers break."""

import contextlib
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import keras
import numpy as np
from numpy.typing import NDArray

from lossbench.train import backends, optimizing
from lossbench.train.feeding import IndexFed

DIVERGED_FACTOR = 1000.0
"""An epoch whose mean loss exceeds this many times the first step's (plus one) has diverged."""

Status = Literal["ok", "diverged", "nan"]
Arrays = tuple[NDArray[Any], ...]


@dataclass
class State:
    """How far a training is; enough, with network and optimizer, to go on from here.

    Attributes:
        epoch: epochs finished.
        selected: the epoch with the best validation metric, from 1; 0 where none.
        best: that metric, oriented so that higher is better.
        best_weights: the network's weights at that epoch.
        best_scores: validation scores at that epoch.
        last_scores: validation scores at the last finished epoch.
        rows: rows of `epochs.csv`.
        step_losses: the loss of every step, one array for each epoch.
        calls: duration in seconds and number of steps of each call that runs several.
        seconds_train: time in training steps.
        seen: the validation metric after every epoch, oriented so that higher is better.
    """

    epoch: int = 0
    selected: int = 0
    best: float = -math.inf
    best_weights: Arrays = ()
    best_scores: NDArray[np.float64] | None = None
    last_scores: NDArray[np.float64] | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    step_losses: list[NDArray[np.float32]] = field(default_factory=list)
    calls: list[tuple[float, int]] = field(default_factory=list)
    seconds_train: float = 0.0
    seen: list[float] = field(default_factory=list)

    def all_step_losses(self) -> NDArray[np.float32]:
        """Return the loss of every step so far."""
        return np.concatenate([np.zeros(0, np.float32), *self.step_losses])


WARM_UP_STEPS = 10
"""Steps that are not timed: the first call traces, and caches fill."""


def step_ms_median(calls: Sequence[tuple[float, int]]) -> float:
    """Return the median step time in ms after 10 warm-up steps.

    Of a training that is hardly longer, without the first call, which may trace.
    """
    done = np.cumsum([0, *(steps for _, steps in calls)])
    first = min(int(np.searchsorted(done, WARM_UP_STEPS)), len(calls) - 1)
    per_step = [1000 * seconds / steps for seconds, steps in calls[max(first, 1) :] if steps]
    return float(np.median(per_step)) if per_step else math.nan


def seconds_compile(calls: Sequence[tuple[float, int]]) -> float:
    """Return the time of the first call beyond that of its steps: tracing and compiling."""
    if not calls:
        return math.nan
    seconds, steps = calls[0]
    median = step_ms_median(calls)
    return seconds if math.isnan(median) else max(0.0, seconds - steps * median / 1000)


@dataclass(frozen=True)
class Validation:
    """What validation found after an epoch: scores, the selecting metric, rows of metrics."""

    scores: NDArray[np.float64]
    selection: float
    rows: Sequence[dict[str, Any]]


Recorder = Callable[[NDArray[np.float32], Sequence[tuple[float, int]]], Sequence[dict[str, Any]]]
"""Gives rows of metrics from the losses of an epoch's steps and its timed calls."""


def train_epochs(
    fed: IndexFed,
    state: State,
    *,
    order: Callable[[int], NDArray[np.int32]],
    epochs: int,
    batch_size: int,
    higher_is_better: bool,
    validate: Callable[[], Validation],
    on_steps: Callable[[int], None],
    on_epoch: Callable[[State], None],
    is_over: Callable[[Sequence[float]], bool] = lambda seen: False,
    record: Recorder = lambda losses, calls: (),
) -> Status:
    """Train up to a number of epochs and choose the best by a validation metric.

    Args:
        fed: the compiled network.
        state: where to go on from; holds the outcome afterwards.
        order: indices of the training examples in the order in which an epoch, counted from 1,
            visits them.
        epochs: passes over them in all.
        batch_size: images per step; the last batch of an epoch may be smaller.
        higher_is_better: which way the validation metric is better.
        validate: measures the network as it is; a metric of NaN counts as worst.
        on_steps: called every few steps with the steps done in this epoch; may raise.
        on_epoch: called after every epoch that ended well.
        is_over: whether training ends before its last epoch, from what was seen so far.
        record: what else is noted of an epoch's training, one that ended badly included.

    Returns:
        "ok", or how the numbers broke; then the state holds the epochs before.
    """
    if not state.best_weights:
        state.best_weights = weights_of(fed)
    watch = _Watch(state, on_steps)
    for number in range(state.epoch + 1, epochs + 1):
        if is_over(state.seen):
            break
        started, called = time.perf_counter(), len(state.calls)
        visited = order(number)
        fed.begin_epoch(number)
        rates = fed.rates(number, state.seen)
        optimizing.set_rates(fed.optimizer, rates)
        fed.fit(fed.batches(visited, batch_size), shuffle=False, verbose=0, callbacks=[watch])
        trained = time.perf_counter()
        losses = fed.read_step_losses()
        state.step_losses.append(losses)
        status = _health(losses, float(state.step_losses[0][0]))
        training_loss = {"split": "train", "metric": "training_loss", "value": float(losses.mean())}
        noted = [training_loss, *record(losses, state.calls[called:])]
        shared = {
            "epoch": number,
            "examples_seen": number * len(visited),
            "seconds_train": round(trained - started, 4),
            "learning_rate": float(rates[-1]),
        }
        if status != "ok":
            state.rows += [shared | {"seconds_eval": 0.0} | row for row in noted]
            return status
        with _averaged(fed, state, number, lambda: order(1), batch_size):
            found = validate()
            if not np.isfinite(found.scores).all():
                return "nan"
            state.epoch, state.last_scores = number, found.scores
            state.seconds_train += trained - started
            _select(state, fed, found, higher_is_better)
        shared["seconds_eval"] = round(time.perf_counter() - trained, 4)
        state.rows += [shared | row for row in (*found.rows, *noted)]
        on_epoch(state)
    return "ok"


def _averaged(
    fed: IndexFed,
    state: State,
    number: int,
    order: Callable[[], NDArray[np.int32]],
    batch_size: int,
) -> contextlib.AbstractContextManager[None]:
    """Let the network have its averaged weights for a while, if there are any.

    What was best before there was an average is forgotten: an average is what is chosen.
    """
    average = fed.average
    if average is None or not average.note_epoch(number):
        return contextlib.nullcontext()
    if number == average.first_epoch:
        state.selected, state.best = 0, -math.inf
    return average.in_place(lambda: fed.training_images(order(), batch_size), fed.run)


def _select(state: State, fed: IndexFed, found: Validation, higher_is_better: bool) -> None:
    """Keep this epoch if it is better; a tie goes to the earlier one, NaN never wins."""
    oriented = found.selection if higher_is_better else -found.selection
    state.seen.append(oriented)
    if oriented > state.best or state.selected == 0:
        state.best = oriented if math.isfinite(oriented) else -math.inf
        state.selected = state.epoch
        state.best_weights = weights_of(fed, state.best_weights)
        state.best_scores = found.scores


def weights_of(fed: IndexFed, earlier: Arrays = ()) -> Arrays:
    """Return copies of the network's weights; those that cannot have changed are the earlier."""
    if not earlier:
        return tuple(np.array(weight) for weight in fed.network.get_weights())
    found, weights = list(earlier), fed.network.weights
    for index in fed.changing(weights):
        found[index] = np.array(weights[index])
    return tuple(found)


def _health(losses: NDArray[np.float32], first: float) -> Status:
    """Return how an epoch's step losses look: fine, NaN, or grown out of all proportion."""
    if np.isnan(losses).any():
        return "nan"
    if np.isinf(losses).any() or losses.mean() > DIVERGED_FACTOR * (abs(first) + 1.0):
        return "diverged"
    return "ok"


def first_bad_step(losses: NDArray[np.float32]) -> int | None:
    """Return the step, from 1, whose loss first was not finite, or None."""
    bad = np.flatnonzero(~np.isfinite(losses))
    return int(bad[0]) + 1 if len(bad) else None


class _Watch(keras.callbacks.Callback):
    """Times the calls, reports steps, and stops an epoch whose loss is no longer finite."""

    def __init__(self, state: State, on_steps: Callable[[int], None]) -> None:
        super().__init__()
        self.state, self.on_steps = state, on_steps

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.steps = 0
        backends.seed_epoch(self.model.seed, self.state.epoch + 1)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.started = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        now = min(batch + 1, self.params["steps"])  # the last call of an epoch may be shorter
        steps, self.steps = now - self.steps, now
        self.state.calls.append((time.perf_counter() - self.started, steps))
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            self.model.stop_training = True
        self.on_steps(self.steps)

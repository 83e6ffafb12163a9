"""What is noted of a training beside its metrics: per step, per epoch and per run."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from lossbench import metrics, stats
from lossbench.catalog.losses import CLASSIFICATION
from lossbench.train import environment
from lossbench.train.evaluation import Answer
from lossbench.train.feeding import IndexFed
from lossbench.train.gradient_norm import gradient_norm, probe_batch
from lossbench.train.loop import Recorder
from lossbench.train.ordering import class_labels

MOST_STEPS = 10_000
"""Rows of `steps.csv`; of longer trainings each row stands for several steps."""

SPIKE_WINDOW = 50
"""Steps before a step that tell what its loss should be like; at the beginning at least 10."""
_FEWEST = 10

_FITTED = 20_000
"""Scores to which a temperature is fitted after an epoch."""

_QUANTILES = {"margin_q05": 0.05, "margin_q50": 0.5, "margin_q95": 0.95}

Row = dict[str, Any]


def step_blocks(losses: NDArray[np.float32], planned: int | None = None) -> dict[str, list[Any]]:
    """Return the columns of `steps.csv`.

    Up to 10,000 steps each has its row: `step`, `loss`. Of n more than that, k = ceil(n / 10,000)
    steps share one: `step` is the last of them, `loss` their mean, and `loss_min` and `loss_max`
    keep what a mean hides. The last row may stand for fewer.

    Args:
        losses: loss of every step, [m].
        planned: n, where these are a part of the steps; m where not given.
    """
    k = max(1, -(-(planned or len(losses)) // MOST_STEPS))
    starts = np.arange(0, len(losses), k)
    if k == 1 or len(starts) == 0:
        return {"step": (starts + 1).tolist(), "loss": losses.astype(float).tolist()}
    ends = np.minimum(starts + k, len(losses))
    means = np.add.reduceat(losses.astype(np.float64), starts) / (ends - starts)
    return {
        "step": ends.tolist(),
        "loss": means.tolist(),
        "loss_min": np.minimum.reduceat(losses, starts).astype(float).tolist(),
        "loss_max": np.maximum.reduceat(losses, starts).astype(float).tolist(),
    }


def loss_spikes(losses: NDArray[np.floating]) -> int:
    """Count the steps whose loss stands out of the steps before.

    With median m and quartiles q1, q3 of the 50 steps before (at the beginning of those there are,
    at least 10), step t is a spike where

        loss_t - m > max(|m|, 6 * (q3 - q1) / 1.349)

    that is, more than twice the usual loss and six robust standard deviations above it. Losses that
    are negative are judged alike. A step that is not finite is a spike.

    Args:
        losses: loss of every step, [n].
    """
    found = ~np.isfinite(losses)
    values = np.where(found, np.nan, losses).astype(np.float64)
    padded = np.concatenate([np.full(SPIKE_WINDOW, np.nan), values])
    windows = np.lib.stride_tricks.sliding_window_view(padded, SPIKE_WINDOW)
    for start in range(_FEWEST, len(values), MOST_STEPS):
        block = slice(start, min(start + MOST_STEPS, len(values)))
        low, middle, high = _quartiles(windows[block])
        least = np.maximum(np.abs(middle), 6 * (high - low) / 1.349)
        found[block] |= values[block] - middle > least  # NaN, of a step or a window, is not more
    return int(found.sum())


def _quartiles(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quartiles of each row by linear interpolation; NaN values do not count."""
    ordered = np.sort(windows, axis=1)  # NaN last
    n = np.isfinite(ordered).sum(axis=1)
    at = np.array([[0.25], [0.5], [0.75]]) * np.maximum(n - 1, 0)
    below = at.astype(np.int64)
    rows = np.arange(len(ordered))
    left = ordered[rows, below]
    right = ordered[rows, np.minimum(below + 1, np.maximum(n - 1, 0))]
    found: NDArray[np.float64] = left + (at - below) * (right - left)
    return found


def margin_rows(
    answers: Sequence[Answer], targets: NDArray[Any], scores: NDArray[np.float64]
) -> list[Row]:
    """Return mean and 5, 50 and 95 % quantiles of the margins on validation.

        margin = p_true - max over the other classes of p,   p = softmax(scores / T)

    in [-1, 1], negative where the prediction is wrong. T is the temperature that fits these scores
    best: margins of raw scores would compare the scales that losses give them. Soft labels count
    by their largest share.

    Args:
        answers: the outputs of the data set; those that are no classification have no margins.
        targets: of the validation examples.
        scores: decoded scores of these.

    Source:
        Guo et al. 2017, arXiv:1706.04599, for the temperature.
    """
    rows = []
    for answer in answers:
        if answer.splits.task not in CLASSIFICATION - {"retrieval"}:
            continue
        found = margins(answer.own(scores), answer.truth(targets))
        values = {"margin_mean": float(found.mean())}
        values |= {name: float(np.quantile(found, q)) for name, q in _QUANTILES.items()}
        rows += [
            {"split": "validation", "metric": answer.metric(name), "value": value}
            for name, value in values.items()
        ]
    return rows


def margins(scores: NDArray[np.float64], targets: NDArray[Any]) -> NDArray[np.float64]:
    """Return p_true - max p_other of each example, at the temperature that fits best.

    Args:
        scores: decoded scores, finite, [n, classes].
        targets: classes [n] or shares [n, classes].
    """
    few = max(200, _FITTED // scores.shape[1])
    labels = class_labels(targets)
    temperature = metrics.fit_temperature(scores[:few], labels[:few])
    shares = np.exp((scores - scores.max(axis=1, keepdims=True)) / temperature)
    shares /= shares.sum(axis=1, keepdims=True)
    rows = np.arange(len(shares))
    own = shares[rows, labels]
    shares[rows, labels] = -np.inf
    found: NDArray[np.float64] = own - shares.max(axis=1)
    return found


def recorder(fed: IndexFed, n_train: int, batch_size: int) -> Recorder:
    """Return what notes, after each epoch's training, how it went.

    The rows are `nonfinite_steps` (the share of steps whose loss is not finite), `step_ms` (median)
    and `memory_mib` (what the process holds now); where all losses are finite, also `gradient_norm`
    and `weight_norm`, of the weights as they are while training, averaged or not.

    Args:
        fed: the network that is trained.
        n_train: number of training examples.
        batch_size: images per step.
    """
    probe = probe_batch(n_train, batch_size)

    def record(losses: NDArray[np.float32], calls: Sequence[tuple[float, int]]) -> list[Row]:
        per_step = [1000 * seconds / steps for seconds, steps in calls if steps]
        finite = np.isfinite(losses)
        found = {
            "nonfinite_steps": float(1 - finite.mean()) if len(losses) else 0.0,
            "step_ms": round(float(np.median(per_step)), 4) if per_step else math.nan,
            "memory_mib": round(environment.resident_mib(), 1),
        }
        if finite.all() and fed.network.trainable_variables:
            found["gradient_norm"] = gradient_norm(fed, probe)
            found["weight_norm"] = weight_norm(fed)
        return [{"split": "train", "metric": k, "value": v} for k, v in found.items()]

    return record


def weight_norm(fed: IndexFed) -> float:
    """Return the Euclidean norm of all weights of the network that are trained."""
    arrays = (ops.convert_to_numpy(w).astype(np.float64) for w in fed.network.trainable_variables)
    return math.sqrt(sum(float(np.square(array).sum()) for array in arrays))


def of_run(
    rows: Sequence[Mapping[str, Any]],
    losses: NDArray[np.float32],
    metric: str,
    *,
    higher_is_better: bool,
) -> Row:
    """Return what a run's epochs and steps come to.

    Args:
        rows: rows of `epochs.csv`.
        losses: loss of every step.
        metric: the metric that chooses the epoch.
        higher_is_better: which way it is better.

    Returns:
        gradient_norm_max_ratio: largest over median of the epochs; None without any above 0.
        loss_spikes: as the function of that name.
        best_last_gap: by how much the best epoch's validation metric is better than the last's, in
            units of the metric, >= 0; None where no epoch has one.
    """
    norms = [row["value"] for row in rows if row["metric"] == "gradient_norm"]
    middle = float(np.median(norms)) if norms else 0.0
    values = [
        row["value"]
        for row in rows
        if row["metric"] == metric and row["split"] == "validation" and math.isfinite(row["value"])
    ]
    return {
        "gradient_norm_max_ratio": max(norms) / middle if middle > 0 else None,
        "loss_spikes": loss_spikes(losses),
        "best_last_gap": stats.best_last_gap(values, higher_is_better) if values else None,
    }


def train_validation_gap(
    rows: Sequence[Mapping[str, Any]], metric: str, *, higher_is_better: bool
) -> float | None:
    """Return by how much a metric is better in training than on validation, at the chosen epoch.

    Args:
        rows: rows of the table of metrics.
        metric: its name.
        higher_is_better: which way it is better.
    """
    found = {
        row["split"]: row["value"]
        for row in rows
        if (row["metric"], row["at"], row["stage"]) == (metric, "selected", "raw")
    }
    if not {"train", "validation"} <= found.keys():
        return None
    gap = float(found["train"] - found["validation"])
    return gap if higher_is_better else -gap

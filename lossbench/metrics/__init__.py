"""Metrics that judge every loss alike: arrays of labels and scores in, numbers out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.losses import Task
from lossbench.catalog.metrics import METRICS, Given, Metric, offered
from lossbench.catalog.target_kinds import UNKNOWN, TargetKinds
from lossbench.metrics import (
    boundaries,
    classification,
    long_tail,
    memorisation,
    multilabel,
    ordinal,
    quantiles,
    regression,
    retrieval,
    segmentation,
    thresholds,
)
from lossbench.metrics.calibration import fit_temperature, noise_floor
from lossbench.metrics.decoding import Slice, decode, probabilities
from lossbench.metrics.labels import checked_scores, hard_labels
from lossbench.metrics.multilabel import per_label
from lossbench.metrics.segmentation import per_class, pixel_confusion, predicted_masks
from lossbench.metrics.thresholds import fit_thresholds

__all__ = [
    "Measured",
    "Slice",
    "collapsed",
    "decode",
    "fit_temperature",
    "fit_thresholds",
    "function",
    "measure",
    "measure_wrong_labels",
    "noise_floor",
    "per_class",
    "per_label",
    "pixel_confusion",
    "predicted_masks",
    "primary",
    "probabilities",
]

Stage = Literal["raw", "temperature"]

NEARLY_ALL = 0.95
CLEARLY_FEWER = 0.9

_MODULES = {
    "classification": classification,
    "long_tail": long_tail,
    "memorisation": memorisation,
    "multilabel": multilabel,
    "ordinal": ordinal,
    "quantiles": quantiles,
    "regression": regression,
    "retrieval": retrieval,
    "segmentation": segmentation,
    "thresholds": thresholds,
    "boundaries": boundaries,
}


@dataclass(frozen=True)
class Measured:
    """One value of one metric.

    Attributes:
        metric: name in the catalogue.
        stage: `raw`, or `temperature` where the scores were divided by the fitted temperature.
        value: the value; NaN where the metric has none for these labels.
        higher_is_better: which way is better; None where neither is.
        n_examples: number of examples that it was computed from.
    """

    metric: str
    stage: Stage
    value: float
    higher_is_better: bool | None
    n_examples: int


def function(metric: Metric) -> Callable[..., float]:
    """Return the function that computes a metric.

    Args:
        metric: row of the catalogue.

    Returns:
        A function of (y_true, scores), for regression of (y_true, predictions), for metrics of
        wrong labels of (y_true, labels, scores), and for those that need more than labels and
        scores of (y_true, scores, given).

    Source:
        The row's `target`.
    """
    module, name = metric.target.split(":")
    found: Callable[..., float] = getattr(_MODULES[module], name)
    return found


def measure(
    task: Task,
    y_true: NDArray[Any],
    scores: NDArray[Any],
    *,
    probabilistic: bool,
    temperature: float | None = None,
    ordered: bool = False,
    target_kinds: TargetKinds = UNKNOWN,
    train_counts: Sequence[int] | None = None,
    chosen_thresholds: NDArray[Any] | None = None,
) -> list[Measured]:
    """Compute every metric that belongs to the task and suits the data.

    Some metrics need many classes, an order of the classes or targets of a certain kind; their
    rows say so. Metrics that need probabilities are computed raw only where the scores mean some,
    and once more from scores / temperature for every loss. Those that need more than labels and
    scores are computed where it is given, and left out where they have no value: where no class is
    rare, say.

    Args:
        task: the task.
        y_true: classes [n] or shares [n, classes]; for `multilabel` 0 or 1 [n, labels]; for
            regression targets [n, targets]; for `segmentation` masks [n, height, width].
        scores: decoded scores, float [n, classes] or [n, labels]; for regression predictions
            [n, targets]; for `segmentation` [n, height, width, classes]; for retrieval embeddings
            [n, size].
        probabilistic: whether softmax(scores), for `multilabel` sigmoid(scores), are
            probabilities.
        temperature: temperature fitted on validation examples, > 0, or None.
        ordered: whether the classes have an order.
        target_kinds: what is known of regression targets, of these and all others.
        train_counts: training images of each class, or None.
        chosen_thresholds: from `fit_thresholds` on validation examples, or None.

    Returns:
        The values in the order of the catalogue; then those after temperature scaling, and last
        those that need more than labels and scores.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, a label is no class, or temperature is not > 0.
    """
    if temperature is not None and not temperature > 0:
        raise ValueError(f"temperature: {temperature!r}; accepted is a number > 0")
    if task == "retrieval":
        rows = offered(task)
        values = retrieval.measured([row.name for row in rows], y_true, scores)
        return [
            Measured(row.name, "raw", values[row.name], row.higher_is_better, len(y_true))
            for row in rows
        ]
    width = np.shape(scores)[-1]
    rows = offered(task, n_classes=width, ordered=ordered, target_kinds=target_kinds)
    raw = [row for row in rows if probabilistic or not row.needs_probabilities]
    found = [_measured(row, "raw", y_true, scores) for row in raw]
    if temperature is not None:
        kept = None if task == "segmentation" else np.float64  # scores of pixels are many
        scaled = np.asarray(scores, kept) / temperature
        needy = [row for row in rows if row.needs_probabilities]
        found += [_measured(row, "temperature", y_true, scaled) for row in needy]
    given: dict[Given, Any] = {"train_counts": train_counts, "thresholds": chosen_thresholds}
    more = [
        _measured(row, "raw", y_true, scores, given[row.given])
        for row in METRICS
        if task in row.tasks and row.given is not None and given[row.given] is not None
    ]
    return found + [one for one in more if not math.isnan(one.value)]


def measure_wrong_labels(
    y_true: NDArray[Any], labels: NDArray[Any], scores: NDArray[Any]
) -> list[Measured]:
    """Compute what becomes of examples whose label was made wrong on purpose.

    Args:
        y_true: their right classes, [n].
        labels: the labels that the network was trained with: classes [n] or shares [n, classes].
        scores: decoded scores, float [n, classes].

    Returns:
        The metrics of wrong labels, in the order of the catalogue, over the examples whose label
        is wrong; none where no label is.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.
    """
    n_wrong = int(memorisation.is_wrong(y_true, labels, scores).sum())
    return [
        Measured(
            row.name, "raw", function(row)(y_true, labels, scores), row.higher_is_better, n_wrong
        )
        for row in METRICS
        if row.wrong_labels and n_wrong
    ]


def _measured(
    row: Metric, stage: Stage, y_true: NDArray[Any], scores: NDArray[Any], *given: Any
) -> Measured:
    value = function(row)(y_true, scores, *given)
    return Measured(row.name, stage, value, row.higher_is_better, len(y_true))


def primary(task: Task, y_true: NDArray[Any], scores: NDArray[Any], metric: str) -> float:
    """Compute one metric.

    Args:
        task: the task.
        y_true: classes [n] or shares [n, classes]; for `multilabel` 0 or 1 [n, labels]; for
            regression targets [n, targets]; for `segmentation` masks [n, height, width].
        scores: decoded scores, float [n, classes] or [n, labels]; for regression predictions
            [n, targets]; for `segmentation` [n, height, width, classes]; for retrieval embeddings
            [n, size].
        metric: name in the catalogue.

    Returns:
        The value; NaN where the metric has none for these labels.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, a label is no class, or the metric is not one of
            the task's.

    Source:
        The function of the metric.
    """
    judging = (row for row in METRICS if not row.wrong_labels and row.given is None)
    fits = [row.name for row in judging if task in row.tasks]
    if metric not in fits:
        accepted = ", ".join(sorted(fits))
        raise ValueError(f"metric: {metric!r} is none of {task}; accepted are {accepted}")
    return function(METRICS[metric])(y_true, scores)


def collapsed(task: Task, y_true: NDArray[Any], scores: NDArray[Any]) -> bool:
    """Return whether the network predicts one class nearly always, or no better than a constant.

    One class nearly always: its share among the predictions is at least 0.95 and its share
    among the labels below 0.9 times that. No better than a constant: multiclass, balanced
    accuracy <= 1 / (classes in y_true); binary, ROC AUC <= 0.5, because a good order of rare
    positives may well predict none of them at the threshold; regression, R2 <= 0 and a mean
    absolute error no smaller than that of the median, because outliers in y_true alone can push
    R2 below 0. With a single class in y_true only the first rule applies. Where several labels may
    hold at once only the second one does: the mean ROC AUC of the labels is <= 0.5. Masks: the
    Dice score is no better than that of the best class given to every pixel of every image; with
    a single class in y_true they never are. Embeddings have `retrieval.says_nothing`.

    Args:
        task: the task.
        y_true: classes [n] or shares [n, classes]; for `multilabel` 0 or 1 [n, labels]; for
            regression targets [n, targets]; for `segmentation` masks [n, height, width].
        scores: decoded scores, float [n, classes] or [n, labels]; for regression predictions
            [n, targets]; for `segmentation` [n, height, width, classes]; for retrieval embeddings
            [n, size].

    Returns:
        Whether it collapsed: a flag, never a reason to leave the run out.

    Raises:
        ShapeError: labels and scores do not fit together.
        ValueError: a score is NaN or infinite, or a label is no class.

    Source:
        Own definition.
    """
    if task == "retrieval":
        return retrieval.says_nothing(y_true, scores)
    slack = 1e-9  # rounding
    if task == "regression":
        constant_ae = float(np.mean(np.abs(y_true - np.median(y_true, axis=0))))
        worse_than_median = regression.mae(y_true, scores) >= constant_ae * (1 - slack)
        return regression.r2(y_true, scores) <= slack and worse_than_median
    if task == "multilabel":
        return multilabel.macro_roc_auc(y_true, scores) <= 0.5 + slack  # NaN says nothing
    if task == "segmentation":
        if np.ptp(y_true) == 0:
            return False
        constant_dice = segmentation.best_constant_dice(y_true, np.shape(scores)[-1])
        return segmentation.dice_score(y_true, scores) <= constant_dice + slack
    table = checked_scores(scores)
    truth = hard_labels(y_true, *table.shape)
    predicted = np.bincount(table.argmax(axis=1)) / len(table)
    share, prevalence = predicted.max(), float(np.mean(truth == predicted.argmax()))
    if share >= NEARLY_ALL and prevalence < CLEARLY_FEWER * share:
        return True
    if np.ptp(truth) == 0:
        return False
    if task == "binary":
        return classification.roc_auc(truth, table) <= 0.5 + slack
    constant = 1 / len(np.unique(truth))
    return classification.balanced_accuracy(truth, table) <= constant + slack

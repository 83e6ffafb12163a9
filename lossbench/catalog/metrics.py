"""The metrics that judge every loss alike: what they mean and which way is better."""

from dataclasses import dataclass
from typing import Any

from lossbench.catalog.losses import CLASSIFICATION, REGRESSION, Task
from lossbench.catalog.table import Row, Table


@dataclass(frozen=True, kw_only=True)
class Metric(Row):
    """A metric.

    Attributes:
        tasks: the tasks for which it is computed.
        higher_is_better: which way is better; None where neither is (a signed bias).
        bounded: whether it lies in [0, 1], so that differences are read in points.
        needs_probabilities: computed only for losses whose outputs are probabilities (and, after
            temperature scaling, for every loss).
        meaning: one line.
    """

    tasks: frozenset[Task]
    higher_is_better: bool | None
    bounded: bool
    needs_probabilities: bool = False
    meaning: str


def _class(name: str, meaning: str, **more: Any) -> Metric:
    row: dict[str, Any] = {"tasks": CLASSIFICATION, "higher_is_better": True, "bounded": True}
    return Metric(
        name=name, target=f"classification:{name}", params={}, meaning=meaning, **(row | more)
    )


def _value(name: str, meaning: str, **more: Any) -> Metric:
    row: dict[str, Any] = {"tasks": REGRESSION, "higher_is_better": False, "bounded": False}
    return Metric(
        name=name, target=f"regression:{name}", params={}, meaning=meaning, **(row | more)
    )


_BINARY: frozenset[Task] = frozenset({"binary"})

METRICS: Table[Metric] = Table(
    "metric",
    _class("accuracy", "share of examples whose highest score is their class"),
    _class("balanced_accuracy", "mean over classes of the share found (recall)"),
    _class("macro_f1", "mean over classes of F1"),
    _class("worst_class_recall", "recall of the class that is found least"),
    _class("top5_accuracy", "share with their class among the five highest (20 classes and more)"),
    _class("average_precision", "area under precision and recall", tasks=_BINARY),
    _class("roc_auc", "chance that a positive outranks a negative", tasks=_BINARY),
    _class("mcc", "Matthews correlation coefficient, -1 to 1", tasks=_BINARY, bounded=False),
    _class(
        "nll",
        "mean negative log-probability of the class, in nats",
        higher_is_better=False,
        bounded=False,
        needs_probabilities=True,
    ),
    _class(
        "brier_score",
        "mean squared distance to the one-hot label, 0 to 2",
        higher_is_better=False,
        bounded=False,
        needs_probabilities=True,
    ),
    _class(
        "ece",
        "expected calibration error, 15 equal-width bins",
        higher_is_better=False,
        needs_probabilities=True,
    ),
    _value("rmse", "root of the mean squared error, in target units"),
    _value("mae", "mean absolute error, in target units"),
    _value("median_ae", "median absolute error, in target units"),
    _value("ae_q90", "90th percentile of the absolute error, in target units"),
    _value("ae_q99", "99th percentile of the absolute error, in target units"),
    _value("r2", "share of the variance explained; 1 is perfect", higher_is_better=True),
    _value("bias", "mean of prediction minus target, in target units", higher_is_better=None),
)

DEFAULT_METRIC: dict[Task, str] = {
    "multiclass": "accuracy",
    "binary": "average_precision",
    "regression": "rmse",
}

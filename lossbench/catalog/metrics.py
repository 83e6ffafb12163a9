"""The metrics that judge every loss alike: what they mean and which way is better."""

from dataclasses import dataclass
from typing import Any, Literal

from lossbench.catalog.losses import REGRESSION, SEGMENTATION, Task
from lossbench.catalog.table import Row, Table
from lossbench.catalog.target_kinds import UNKNOWN, TargetKind, TargetKinds

Functional = Literal["posterior", "balanced", "median_class", "kappa", "mean", "median", "centre"]
"""What of the truth is the best prediction: the probabilities of classes or labels; those of
equally frequent classes; the class below and above which lies half of the probability; grades that
suit quadratic kappa; the mean; the median; the middle where that is both."""


Given = Literal["train_counts", "thresholds"]
"""What a metric may be computed from besides labels and scores: the training images of each class,
or thresholds that were chosen on validation."""


@dataclass(frozen=True, kw_only=True)
class Metric(Row):
    """A metric.

    Attributes:
        tasks: the tasks for which it is computed.
        higher_is_better: which way is better; None where neither is (a signed bias).
        bounded: whether it lies in [0, 1], so that differences are read in points.
        needs_probabilities: computed only for losses whose outputs are probabilities (and, after
            temperature scaling, for every loss).
        least_classes: computed only where there are so many classes.
        ordered: whether it is computed only for classes that have an order.
        targets: the kind of regression targets for which it is computed.
        optimal: what it rates highest in expectation, where that is known; labels that may hold
            together are taken to be independent given the image.
        wrong_labels: whether it is computed for training examples whose label was made wrong on
            purpose, and nowhere else; such a metric cannot judge losses.
        given: what it is computed from besides labels and scores, or None. It is known once a
            network is trained, so such a metric is recorded and selects no epoch.
        meaning: one line.
    """

    tasks: frozenset[Task]
    higher_is_better: bool | None
    bounded: bool
    needs_probabilities: bool = False
    least_classes: int = 0
    ordered: bool = False
    targets: TargetKind = "any"
    optimal: Functional | None = None
    wrong_labels: bool = False
    given: Given | None = None
    meaning: str


def _class(name: str, meaning: str, **more: Any) -> Metric:
    row: dict[str, Any] = {
        "target": f"classification:{name}",
        "tasks": _BINARY | _MULTICLASS,
        "higher_is_better": True,
        "bounded": True,
    }
    return Metric(name=name, params={}, meaning=meaning, **(row | more))


def _rank(name: str, meaning: str, **more: Any) -> Metric:
    row: dict[str, Any] = {"target": f"ordinal:{name}", "tasks": _MULTICLASS, "ordered": True}
    return _class(name, meaning, **(row | more))


def _value(name: str, meaning: str, **more: Any) -> Metric:
    row: dict[str, Any] = {"tasks": REGRESSION, "higher_is_better": False, "bounded": False}
    row["target"] = f"regression:{name}"
    return Metric(name=name, params={}, meaning=meaning, **(row | more))


def _label(name: str, meaning: str, **more: Any) -> Metric:
    row: dict[str, Any] = {"tasks": _MULTILABEL, "higher_is_better": True, "bounded": True}
    row["target"] = f"multilabel:{name}"
    return Metric(name=name, params={}, meaning=meaning, **(row | more))


def _embedding(name: str, meaning: str) -> Metric:
    return Metric(
        name=name,
        target=f"retrieval:{name}",
        params={},
        meaning=meaning,
        tasks=_RETRIEVAL,
        higher_is_better=True,
        bounded=True,
    )


def _mask(name: str, meaning: str, module: str = "segmentation", **more: Any) -> Metric:
    row: dict[str, Any] = {"tasks": SEGMENTATION, "higher_is_better": True, "bounded": True}
    return Metric(name=name, target=f"{module}:{name}", params={}, meaning=meaning, **(row | more))


_BINARY: frozenset[Task] = frozenset({"binary"})
_MULTICLASS: frozenset[Task] = frozenset({"multiclass"})
_MULTILABEL: frozenset[Task] = frozenset({"multilabel"})
_RETRIEVAL: frozenset[Task] = frozenset({"retrieval"})

METRICS: Table[Metric] = Table(
    "metric",
    _class("accuracy", "share of examples whose highest score is their class", optimal="posterior"),
    _class(
        "balanced_accuracy", "mean over classes of the share found (recall)", optimal="balanced"
    ),
    _class("macro_f1", "mean over classes of F1"),
    _class("worst_class_recall", "recall of the class that is found least"),
    _class(
        "top5_accuracy",
        "share with their class among the five highest (20 classes and more)",
        least_classes=20,
        optimal="posterior",
    ),
    _class(
        "average_precision", "area under precision and recall", tasks=_BINARY, optimal="posterior"
    ),
    _class(
        "roc_auc", "chance that a positive outranks a negative", tasks=_BINARY, optimal="posterior"
    ),
    _class("recall", "share of positives that are found at probability 1/2", tasks=_BINARY),
    _class(
        "precision", "share of what is found at probability 1/2 that is positive", tasks=_BINARY
    ),
    _class("f1", "harmonic mean of precision and recall", tasks=_BINARY),
    _class("mcc", "Matthews correlation coefficient, -1 to 1", tasks=_BINARY, bounded=False),
    _class(
        "recall_at_precision_90",
        "share of positives found at the lowest threshold with precision 0.9 on validation",
        target="thresholds:recall_at_precision_90",
        tasks=_BINARY,
        given="thresholds",
    ),
    _rank(
        "quadratic_kappa",
        "agreement beyond chance, weighted by squared distance, -1 to 1 (ordered classes)",
        bounded=False,
        optimal="kappa",
    ),
    _rank(
        "mae_rank",
        "mean absolute difference of the class indices (ordered classes)",
        higher_is_better=False,
        bounded=False,
        optimal="median_class",
    ),
    _rank(
        "macro_mae_rank",
        "mean over classes of mae_rank (ordered classes)",
        higher_is_better=False,
        bounded=False,
    ),
    _rank("accuracy_within_one", "share predicted at most one class off (ordered classes)"),
    *(
        _class(
            f"{group}_recall",
            f"mean recall of the classes with {images} training images",
            target=f"long_tail:{group}_recall",
            tasks=_MULTICLASS,
            given="train_counts",
        )
        for group, images in (("many", "over 100"), ("medium", "20 to 100"), ("few", "under 20"))
    ),
    _class(
        "nll",
        "mean negative log-probability of the class, in nats",
        higher_is_better=False,
        bounded=False,
        needs_probabilities=True,
        optimal="posterior",
    ),
    _class(
        "brier_score",
        "mean squared distance to the one-hot label, 0 to 2",
        higher_is_better=False,
        bounded=False,
        needs_probabilities=True,
        optimal="posterior",
    ),
    _class(
        "ece",
        "expected calibration error, 15 equal-width bins",
        higher_is_better=False,
        needs_probabilities=True,
    ),
    _class(
        "ece_floor",
        "expected calibration error by chance alone, were these scores perfectly calibrated",
        higher_is_better=None,
        needs_probabilities=True,
    ),
    _class(
        "memorisation",
        "share of wrongly labelled training examples predicted as their wrong label",
        target="memorisation:memorisation",
        higher_is_better=False,
        wrong_labels=True,
    ),
    _class(
        "clean_accuracy",
        "share of wrongly labelled training examples predicted as what they are",
        target="memorisation:clean_accuracy",
        wrong_labels=True,
    ),
    _label(
        "mean_average_precision",
        "mean over labels of the area under precision and recall",
        optimal="posterior",
    ),
    _label(
        "macro_roc_auc",
        "mean over labels of the chance that a positive outranks a negative",
        optimal="posterior",
    ),
    _label(
        "label_ranking_average_precision",
        "how high an example's labels rank among all labels",
        optimal="posterior",
    ),
    _label("label_macro_f1", "mean over labels of F1 at score 0"),
    _label("micro_f1", "F1 at score 0, all labels pooled"),
    _label(
        "micro_f1_tuned",
        "micro F1 at the threshold of each label with the best F1 on validation",
        target="thresholds:micro_f1_tuned",
        given="thresholds",
    ),
    _label("subset_accuracy", "share of examples with every label right", optimal="posterior"),
    _label(
        "hamming_loss",
        "share of labels that are wrong",
        higher_is_better=False,
        optimal="posterior",
    ),
    _label(
        "label_nll",
        "mean negative log-probability of a label's answer, in nats",
        higher_is_better=False,
        bounded=False,
        needs_probabilities=True,
        optimal="posterior",
    ),
    _label(
        "label_brier_score",
        "mean squared difference between a label's probability and 0 or 1",
        higher_is_better=False,
        needs_probabilities=True,
        optimal="posterior",
    ),
    _value("rmse", "root of the mean squared error, in target units", optimal="mean"),
    _value("mae", "mean absolute error, in target units", optimal="median"),
    _value("median_ae", "median absolute error, in target units", optimal="centre"),
    _value("ae_q90", "90th percentile of the absolute error, in target units", optimal="centre"),
    _value("ae_q99", "99th percentile of the absolute error, in target units", optimal="centre"),
    _value(
        "r2", "share of the variance explained; 1 is perfect", higher_is_better=True, optimal="mean"
    ),
    _value("trimmed_rmse", "rmse without the largest 10 % of the squared errors"),
    _value("bias", "mean of prediction minus target, in target units", higher_is_better=None),
    *(
        _value(
            f"pinball_{percent}",
            f"mean pinball loss at the {percent} % quantile, in target units",
            target=f"quantiles:pinball_{percent}",
        )
        for percent in (10, 90)
    ),
    _value(
        "share_below",
        "share of targets below their prediction; of a q-quantile it is q",
        target="quantiles:share_below",
        higher_is_better=None,
        bounded=True,
    ),
    _value(
        "poisson_deviance",
        "mean Poisson deviance (targets >= 0)",
        targets="nonnegative",
        optimal="mean",
    ),
    _value(
        "gamma_deviance", "mean gamma deviance (targets > 0)", targets="positive", optimal="mean"
    ),
    _value(
        "angular_error",
        "mean angle to the target, in degrees (directions)",
        targets="directions",
        optimal="centre",
    ),
    _embedding("map_at_r", "mean average precision among the R nearest, R images of the class"),
    _embedding("r_precision", "share of the class among the R nearest, R images of the class"),
    _embedding("recall_at_1", "share of images whose nearest one is of their class"),
    _embedding("recall_at_5", "share of images with one of their class among the five nearest"),
    _embedding("nmi", "mutual information of classes and k-means clusters, normalised"),
    _mask("dice_score", "mean over images of Dice, of the classes but the background"),
    _mask("mean_iou", "mean over images of intersection over union, without the background"),
    _mask(
        "pixel_accuracy", "share of pixels whose highest score is their class", optimal="posterior"
    ),
    _mask(
        "boundary_f1",
        "F1 of boundary pixels within 0.75 % of the diagonal, at least 1 pixel",
        module="boundaries",
    ),
    _mask(
        "hd95",
        "95th percentile of the distance of the boundaries, in pixels",
        module="boundaries",
        higher_is_better=False,
        bounded=False,
    ),
    _mask(
        "missed_objects",
        "share of connected objects that no pixel of the prediction touches",
        higher_is_better=False,
    ),
    _mask(
        "pixel_nll",
        "mean negative log-probability of a pixel's class, in nats",
        higher_is_better=False,
        bounded=False,
        needs_probabilities=True,
        optimal="posterior",
    ),
    _mask(
        "pixel_brier_score",
        "mean squared distance of a pixel's probabilities to its class, 0 to 2",
        higher_is_better=False,
        bounded=False,
        needs_probabilities=True,
        optimal="posterior",
    ),
)

DEFAULT_METRIC: dict[Task, str] = {
    "multiclass": "accuracy",
    "binary": "average_precision",
    "multilabel": "mean_average_precision",
    "regression": "rmse",
    "segmentation": "dice_score",
    "retrieval": "map_at_r",
}


def named(output: str, metric: str) -> str:
    """Return what the metric of one of several outputs is called: `digit.accuracy`."""
    return f"{output}.{metric}"


def parted(name: str) -> tuple[str | None, str]:
    """Return the output that a metric's name begins with, or None, and the metric's own name."""
    output, dot, metric = name.rpartition(".")
    return (output if dot else None), metric


def metric_row(name: str) -> Metric:
    """Return the row of a metric, whose name may begin with that of an output.

    Args:
        name: `accuracy`, or `digit.accuracy`.

    Raises:
        KeyError: there is no such metric.
    """
    return METRICS[parted(name)[1]]


ORDERED_METRIC = "quadratic_kappa"
"""The metric that suits classes that have an order."""


def usual_metric(task: Task, *, ordered: bool) -> str:
    """Return the metric that suits a task: of ordered classes, three or more, another one."""
    return ORDERED_METRIC if ordered and task == "multiclass" else DEFAULT_METRIC[task]


def offered(
    task: Task,
    *,
    n_classes: int = 0,
    ordered: bool = False,
    target_kinds: TargetKinds = UNKNOWN,
) -> tuple[Metric, ...]:
    """Return the metrics that labels and scores of one kind have, in the order of the table.

    Args:
        task: the task.
        n_classes: number of classes or labels.
        ordered: whether the classes have an order.
        target_kinds: what is known of the values of regression targets.

    Source:
        The rows of METRICS.
    """
    return tuple(
        row
        for row in METRICS
        if task in row.tasks
        and not row.wrong_labels
        and row.given is None
        and n_classes >= row.least_classes
        and (ordered or not row.ordered)
        and (row.targets == "any" or row.targets in target_kinds)
    )

"""The losses: names, parameters with defaults, what they need and how their outputs are read.

Formula, meaning and source stand in the docstring of the function that `target` names. One file a
family, like the functions in `lossbench/losses/`.
"""

from lossbench.catalog.losses import (
    angular,
    binary,
    combination,
    cross_entropy,
    distribution,
    embedding,
    imbalance,
    margin,
    noise_robust,
    ordinal,
    overlap,
    ranking,
    regression,
    robust,
    scores,
)
from lossbench.catalog.losses.kinds import (
    BINARY,
    CLASSIFICATION,
    PROBABILISTIC,
    REGRESSION,
    SEGMENTATION,
    TASKS,
    YES_OR_NO,
    Batches,
    Decode,
    Head,
    Limit,
    Loss,
    Need,
    Task,
    Weight,
    suits_pixels,
)
from lossbench.catalog.losses.packages import installed_losses
from lossbench.catalog.table import Table

__all__ = [
    "BINARY",
    "CLASSIFICATION",
    "LOSSES",
    "PROBABILISTIC",
    "REGRESSION",
    "SEGMENTATION",
    "TASKS",
    "YES_OR_NO",
    "Batches",
    "Decode",
    "Head",
    "Limit",
    "Loss",
    "Need",
    "Task",
    "Weight",
    "suits_pixels",
]

FAMILIES = (
    cross_entropy,
    scores,
    noise_robust,
    margin,
    imbalance,
    binary,
    overlap,
    ranking,
    angular,
    embedding,
    ordinal,
    regression,
    robust,
    distribution,
    combination,
)

LOSSES: Table[Loss] = Table(
    "loss",
    *(row for family in FAMILIES for row in family.ROWS),
    ambiguous={
        "hinge": "crammer_singer (one output per class) or binary_hinge (two classes, one output)",
        "categorical_focal_crossentropy": "focal, whose alpha is null; Keras multiplies by 0.25, "
        "which is focal with alpha: 0.25",
        "binary_focal_crossentropy": "binary_focal, whose alpha is 0.25; Keras leaves alpha out, "
        "which is binary_focal with alpha: null",
        "js": "js_divergence (against soft labels) or jensen_shannon (robust to wrong labels)",
        "asymmetric": "asl (several labels at once) or asl_single (one label of several)",
        "mse_on_softmax": "brier",
    },
    more=installed_losses,
)

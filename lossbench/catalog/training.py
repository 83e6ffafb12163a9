"""How a network is trained beside optimizer and schedule: the keys of `train:` and their types."""

from typing import Annotated, Any, Literal, NotRequired

from annotated_types import Ge, Gt, Lt, MinLen
from typing_extensions import TypedDict

from lossbench.catalog.models.kinds import Trainable, WholeFromOne
from lossbench.catalog.table import Parameter
from lossbench.catalog.types import FractionBelowOne, Positive


class Stage(TypedDict):
    """A part of a training: what of the backbone is trained, and how fast."""

    epochs: WholeFromOne
    trainable: NotRequired[Trainable]
    learning_rate_factor: NotRequired[Positive]


class EarlyStopping(TypedDict):
    """When a training ends before its last epoch."""

    patience: WholeFromOne
    min_delta: NotRequired[Annotated[float, Ge(0)]]
    min_epochs: NotRequired[WholeFromOne]


class ExponentialAverage(TypedDict):
    """Weights averaged over all steps, the later ones more."""

    type: Literal["ema"]
    decay: NotRequired[Annotated[float, Gt(0), Lt(1)]]


class StochasticAverage(TypedDict):
    """Weights averaged evenly over the ends of the later epochs."""

    type: Literal["swa"]
    start: NotRequired[FractionBelowOne]


Average = ExponentialAverage | StochasticAverage

TRAIN = {
    "epochs": Parameter(WholeFromOne, "a whole number >= 1", 10, "passes over the training images"),
    "batch_size": Parameter(
        WholeFromOne | Annotated[tuple[WholeFromOne, ...], MinLen(1)],
        "a whole number >= 1 or a list of them",
        128,
        "images per step",
    ),
    "target_scale": Parameter(
        Literal["standard", "robust", "none"],
        "standard, robust or none",
        "standard",
        "how losses see regression targets: less the training mean, over the standard deviation; "
        "the same with median and median absolute deviation, which outliers do not move; or as "
        "they are. Metrics are always in the targets' own units",
    ),
    "augment": Parameter(
        Any,
        "augmentations, as `lossbench list augmentations` shows them",
        [],
        "random changes of training images, one after another, the same for every loss",
    ),
    "sampling": Parameter(
        Literal["shuffled", "class_balanced"],
        "shuffled or class_balanced",
        "shuffled",
        "which images an epoch visits: each once; or as many, every class equally often and no "
        "image of a class twice before all of it once. Of soft labels the largest share counts",
    ),
    "l2": Parameter(
        Annotated[float, Ge(0)],
        "l2 >= 0",
        0.0,
        "weight of half the sum of squares of all kernels, added to the loss; biases and "
        "normalisation are left out. `weight_decay` of an optimizer is the decoupled form",
    ),
    "early_stopping": Parameter(
        EarlyStopping | None,
        "null or {patience: epochs >= 1, min_delta: >= 0, min_epochs: >= 1}",
        None,
        "ends a training whose validation metric has not got better for so many epochs, to save "
        "time; min_epochs is a third of the epochs unless given",
    ),
    "average": Parameter(
        Average | None,
        "null, {type: ema, decay: 0 < decay < 1} or {type: swa, start: 0 <= start < 1}",
        None,
        "averages weights over steps (ema; decay is 0.999 unless given and grows towards that), or "
        "over the ends of epochs from a fraction of them on (swa; start is 0.75 unless given). The "
        "average is what is validated, chosen, tested and kept; training goes on without it",
    ),
    "match": Parameter(
        Literal["none", "gradient_norm"],
        "none or gradient_norm",
        "none",
        "multiplies each loss by a constant, so that in each block all of them start with the "
        "gradient norm of the baseline; a loss that is better then does not owe it to larger steps",
    ),
    "precision": Parameter(
        Literal["float32", "mixed_float16", "mixed_bfloat16"],
        "float32, mixed_float16 or mixed_bfloat16",
        "float32",
        "of layers' arithmetic; weights, outputs and losses are always float32",
    ),
    "stages": Parameter(
        tuple[Stage, ...],
        "a list of {epochs: >= 1, trainable: none | all | {last: n}, learning_rate_factor: > 0}",
        (),
        "parts of the training of a network with a backbone, one after another; their epochs add "
        "up to `epochs`",
    ),
    "backend": Parameter(
        Literal["tensorflow", "jax", "torch"],
        "tensorflow, jax or torch",
        "tensorflow",
        "what Keras computes with; jax and torch are extras",
    ),
}
"""What stands under `train:`."""

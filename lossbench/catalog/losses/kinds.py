"""What a row of the table of losses says; the rows stand beside this file, one file a family."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lossbench.catalog.table import Row

Task = Literal[
    "multiclass",
    "binary",
    "multilabel",
    "regression",
    "segmentation",
    "retrieval",
    "multioutput",
]
Head = Literal[
    "classes",
    "cosine",
    "binary",
    "targets",
    "coral",
    "thresholds",
    "embedding",
    "per_output",
]
Decode = Literal[
    "softmax",
    "scaled_softmax",
    "normalised_softmax",
    "tempered_softmax",
    "shifted_sigmoid",
    "dirichlet",
    "sigmoid",
    "margins",
    "sign",
    "coral_ranks",
    "corn_ranks",
    "nearest_mean",
    "embedding",
    "identity",
    "location",
    "exp",
    "softplus",
    "median",
    "histogram",
    "per_output",
]
Need = Literal[
    "class_counts",
    "epoch",
    "epochs",
    "embeddings",
    "target_range",
    "kernels",
    "head_losses",
    "head_columns",
]
Targets = Literal["any", "nonzero", "nonnegative", "positive", "counts"]
Batches = Literal["shuffled", "both_classes", "grouped"]
Role = Literal["loss", "wrapper", "combination", "term"]

TASKS: tuple[Task, ...] = (
    "multiclass",
    "binary",
    "multilabel",
    "regression",
    "segmentation",
    "retrieval",
)
"""The tasks of one output; `multioutput` has several, each with one of these tasks."""
CLASSIFICATION: frozenset[Task] = frozenset({"multiclass", "binary", "retrieval"})
"""Trained on one class of several; what softmax losses are for. `retrieval` is judged otherwise."""
YES_OR_NO: frozenset[Task] = frozenset({"binary", "multilabel"})
"""One output per question: whether the second of two classes, or each label, is there."""
BINARY: frozenset[Task] = frozenset({"binary"})
REGRESSION: frozenset[Task] = frozenset({"regression"})
SEGMENTATION: frozenset[Task] = frozenset({"segmentation"})
"""A class for each pixel."""

PROBABILISTIC: frozenset[Decode] = frozenset(
    {
        "softmax",
        "scaled_softmax",
        "normalised_softmax",
        "tempered_softmax",
        "shifted_sigmoid",
        "dirichlet",
        "sigmoid",
    }
)
"""Decoded outputs that mean probabilities."""


@dataclass(frozen=True, kw_only=True)
class Weight:
    """A weight that a loss trains for itself; the loss gets it by this name.

    Attributes:
        name: keyword of the loss's function.
        shape: sizes; "classes", "outputs", "targets" and "embedding" stand for those of the
            problem, "heads" for the number of losses in the parameter `heads`.
        initial: every element's first value, or "normal": standard normal values from the seed.
        nonnegative: whether it is cut off at 0 after each step.
    """

    name: str
    shape: tuple[int | Literal["classes", "outputs", "targets", "embedding", "heads"], ...]
    initial: float | Literal["normal"]
    nonnegative: bool = False


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A loss that this one becomes for certain parameters; the tests hold it to that.

    Attributes:
        params: this loss's parameters.
        equals: the other loss's name.
        other: the other loss's parameters, where they are not the defaults.
        factor: this loss is so many times the other one.
        tolerance: largest relative difference; above rounding where the limit is approached only.
    """

    params: Mapping[str, Any]
    equals: str
    other: Mapping[str, Any] = field(default_factory=dict)
    factor: float = 1.0
    tolerance: float = 1e-9


@dataclass(frozen=True, kw_only=True)
class Loss(Row):
    """A loss.

    Attributes:
        tasks: the tasks that it can train.
        head: the last layer. `classes`: one output per class. `cosine`: the same, but cosines of
            the features to one vector per class. `binary`: one output for two classes, or one per
            label. `targets`: `width` outputs per target, those of a target side by side. `coral`:
            one output per step between ordered classes, sharing one weight vector; `thresholds`:
            the same without sharing. `embedding`: a vector whose place means the class.
            `per_output`: one linear layer whose columns are split among the heads, as the loss of
            each asks.
        decode: how outputs become predictions.
        soft: whether labels may be distributions (of yes or no: probabilities).
        needs: what the runner supplies, by keyword. `class_counts`: training examples per class,
            a tuple. `epoch`: epochs finished, a scalar tensor. `epochs`: those of the whole run, a
            number. `embeddings`: the features before the head, [batch, size]. `target_range`:
            least and greatest training target, in the units that the loss sees. `kernels`: the
            network's weight matrices and convolution kernels, a tuple. `head_losses`: the mean
            training loss of each head in the last epoch but one and in the last, [2, heads]; ones
            until two epochs are finished. `head_columns`: for data with several outputs, which
            columns of targets and outputs belong to each head.
        weights: what it trains for itself.
        width: outputs per target: a number, or the name of the parameter that says, by its value
            or, for a list, by its length.
        batchwise: whether the value belongs to the batch and not to single examples.
        batches: how batches are composed. `both_classes`: each holds both classes while they last.
            `grouped`: examples come in groups of one class, so that each has a partner.
        targets: which values of regression targets the loss allows.
        scaled: whether regression targets are standardised for it by the training targets' mean
            and standard deviation (and predictions brought back before anything is measured).
        ordered: whether it makes sense only for classes that have an order.
        masks: whether it compares whole masks, so that labels may have the logits' shape
            [batch, height, width, outputs]; others see each pixel as an example of its own.
        role: `wrapper` changes the loss in its parameter `base`; `combination` joins several;
            `term` is a part of a sum and trains nothing alone.
        control: parameters of `cosine_softmax` that give cross-entropy with this loss's head;
            "1/scale" is the reciprocal of the loss's own parameter.
        limits: what it becomes for certain parameters.
        instead: for a task of the other kind, the loss that people usually mean.
        source: the publication, in one line.
    """

    tasks: frozenset[Task]
    head: Head
    decode: Decode
    soft: bool = False
    needs: frozenset[Need] = frozenset()
    weights: tuple[Weight, ...] = ()
    width: int | str = 1
    batchwise: bool = False
    batches: Batches = "shuffled"
    targets: Targets = "any"
    scaled: bool = True
    ordered: bool = False
    masks: bool = False
    role: Role = "loss"
    control: Mapping[str, Any] | None = None
    limits: tuple[Limit, ...] = ()
    instead: str | None = None
    source: str

    @property
    def probabilistic(self) -> bool:
        """Whether the decoded outputs are probabilities."""
        return self.decode in PROBABILISTIC

    @property
    def serves(self) -> frozenset[Task]:
        """The tasks, and segmentation where the loss can be computed from pixels or masks."""
        return self.tasks | (SEGMENTATION if self._segments else frozenset())

    @property
    def _segments(self) -> bool:
        if self.masks:
            return True
        return suits_pixels(self.tasks, self.head, self.batches, self.batchwise) and not (
            self.ordered or "embeddings" in self.needs
        )

    @property
    def supplied(self) -> tuple[str, ...]:
        """Keywords that the runner fills: needs, then own weights."""
        return (*sorted(self.needs), *(weight.name for weight in self.weights))


def suits_pixels(tasks: frozenset[Task], head: Head, batches: Batches, batchwise: bool) -> bool:
    """Return whether a loss of classes can take each pixel for an example of its own.

    Args:
        tasks: the tasks that it can train.
        head: the last layer, which must be a plain linear one.
        batches: how batches are composed; pixels come as their images do.
        batchwise: whether the value belongs to the batch.
    """
    plain = head in ("classes", "binary") and batches == "shuffled" and not batchwise
    return plain and bool(tasks & CLASSIFICATION)

"""The losses: names, parameters with defaults, what they need and how their outputs are read.

Formula, meaning and source stand in the docstring of the function that `target` names.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import MinLen

from lossbench.catalog.table import Parameter, Row, Table
from lossbench.catalog.types import FractionBelowOne, NonNegative, Positive

Task = Literal["multiclass", "binary", "regression"]
Head = Literal["classes", "binary", "targets"]
Decode = Literal["softmax", "sigmoid", "margins", "sign", "identity"]
Need = Literal["class_counts"]

TASKS: tuple[Task, ...] = ("multiclass", "binary", "regression")
CLASSIFICATION: frozenset[Task] = frozenset({"multiclass", "binary"})
REGRESSION: frozenset[Task] = frozenset({"regression"})
BINARY: frozenset[Task] = frozenset({"binary"})


@dataclass(frozen=True, kw_only=True)
class Loss(Row):
    """A loss.

    Attributes:
        tasks: the tasks that it can train.
        head: the width of the linear output layer: one output per class, one for two classes, or
            one per target.
        decode: how outputs become predictions; `softmax` and `sigmoid` give probabilities,
            `margins` and `sign` only an order of the classes, `identity` the value itself.
        soft: whether labels may be distributions and not only classes.
        needs: what the runner supplies from the training data.
        instead: for a task of the other kind, the loss that people usually mean.
        source: the publication, in one line.
    """

    tasks: frozenset[Task]
    head: Head
    decode: Decode
    soft: bool = False
    needs: frozenset[Need] = frozenset()
    instead: str | None = None
    source: str

    @property
    def probabilistic(self) -> bool:
        """Whether the decoded outputs are probabilities."""
        return self.decode in ("softmax", "sigmoid")


LOSSES: Table[Loss] = Table(
    "loss",
    Loss(
        name="cross_entropy",
        target="cross_entropy:cross_entropy",
        params={},
        aliases=(
            "ce",
            "cce",
            "categorical_crossentropy",
            "sparse_categorical_crossentropy",
            "softmax_cross_entropy",
            "log_loss",
        ),
        tasks=CLASSIFICATION,
        head="classes",
        decode="softmax",
        soft=True,
        source="Good 1952; Bridle 1990",
    ),
    Loss(
        name="label_smoothing",
        target="cross_entropy:label_smoothing",
        params={
            "smoothing": Parameter(
                FractionBelowOne, "0 <= smoothing < 1", 0.1, "share of the label spread evenly"
            )
        },
        aliases=("ls", "label_smoothing_ce", "label_smoothing_cross_entropy"),
        tasks=CLASSIFICATION,
        head="classes",
        decode="softmax",
        soft=True,
        source="Szegedy et al. 2016, arXiv:1512.00567",
    ),
    Loss(
        name="focal",
        target="cross_entropy:focal",
        params={
            "gamma": Parameter(NonNegative, "gamma >= 0", 2.0, "how much easy examples fade"),
            "alpha": Parameter(
                Positive | Annotated[tuple[Positive, ...], MinLen(1)] | None,
                "null, a number > 0, or a list of one number > 0 per class",
                None,
                "weight of each class",
            ),
        },
        aliases=("softmax_focal", "multiclass_focal"),
        tasks=CLASSIFICATION,
        head="classes",
        decode="softmax",
        soft=True,
        source="Lin et al. 2017, arXiv:1708.02002",
    ),
    Loss(
        name="kl",
        target="cross_entropy:kl",
        params={},
        aliases=("kld", "kl_divergence", "kullback_leibler_divergence"),
        tasks=CLASSIFICATION,
        head="classes",
        decode="softmax",
        soft=True,
        source="Kullback & Leibler 1951",
    ),
    Loss(
        name="brier",
        target="cross_entropy:brier",
        params={},
        aliases=("brier_score", "softmax_mse"),
        tasks=CLASSIFICATION,
        head="classes",
        decode="softmax",
        soft=True,
        source="Brier 1950",
    ),
    Loss(
        name="crammer_singer",
        target="margin:crammer_singer",
        params={"margin": Parameter(Positive, "margin > 0", 1.0, "lead that is asked for")},
        aliases=("multiclass_hinge",),
        tasks=CLASSIFICATION,
        head="classes",
        decode="margins",
        source="Crammer & Singer 2001, JMLR 2",
    ),
    Loss(
        name="bce",
        target="binary:bce",
        params={
            "label_smoothing": Parameter(
                FractionBelowOne, "0 <= label_smoothing < 1", 0.0, "pulls labels towards one half"
            )
        },
        aliases=("binary_crossentropy", "sigmoid_binary_cross_entropy"),
        tasks=BINARY,
        head="binary",
        decode="sigmoid",
        soft=True,
        source="Bernoulli log-likelihood",
    ),
    Loss(
        name="weighted_bce",
        target="binary:weighted_bce",
        params={
            "pos_weight": Parameter(
                Literal["balanced"] | Positive,
                "'balanced' (negatives / positives in training) or a number > 0",
                "balanced",
                "weight of the positive class",
            )
        },
        aliases=("weighted_binary_crossentropy",),
        tasks=BINARY,
        head="binary",
        decode="sigmoid",
        soft=True,
        needs=frozenset({"class_counts"}),
        source="King & Zeng 2001",
    ),
    Loss(
        name="binary_hinge",
        target="margin:binary_hinge",
        params={},
        aliases=("svm",),
        tasks=BINARY,
        head="binary",
        decode="sign",
        source="Cortes & Vapnik 1995",
    ),
    Loss(
        name="mse",
        target="regression:mse",
        params={},
        aliases=("l2", "mean_squared_error", "squared_error"),
        tasks=REGRESSION,
        head="targets",
        decode="identity",
        instead="brier",
        source="Legendre 1805; Gauss 1809",
    ),
    Loss(
        name="mae",
        target="regression:mae",
        params={},
        aliases=("l1", "mean_absolute_error", "absolute_error"),
        tasks=REGRESSION,
        head="targets",
        decode="identity",
        source="Laplace 1774",
    ),
    Loss(
        name="huber",
        target="regression:huber",
        params={
            "delta": Parameter(
                Positive, "delta > 0", 1.0, "where square turns into line, in target units"
            )
        },
        aliases=(),
        tasks=REGRESSION,
        head="targets",
        decode="identity",
        source="Huber 1964",
    ),
    Loss(
        name="custom",
        target="custom:load_function",
        params={
            "target": Parameter(
                str,
                "'file.py:function', the file relative to this one",
                help="the function",
                hashed=False,
                path=True,
            ),
            "params": Parameter(
                dict[str, Any], "a mapping of the function's own parameters", {}, "its arguments"
            ),
            "task": Parameter(
                Literal["multiclass", "binary", "regression"] | None,
                "null or one of multiclass, binary, regression",
                None,
                "the task that it is for; null means that of the data",
            ),
        },
        tasks=frozenset(TASKS),
        head="classes",
        decode="softmax",
        soft=True,
        source="the user's own function",
    ),
    ambiguous={
        "hinge": "crammer_singer (one output per class) or binary_hinge (two classes, one output)",
        "categorical_focal_crossentropy": "focal, whose alpha is null; Keras multiplies by 0.25, "
        "which is focal with alpha: 0.25",
        "mse_on_softmax": "brier",
    },
)

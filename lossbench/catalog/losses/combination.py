"""Losses made of losses: sums, several heads, an object of Keras, the user's own."""

from typing import Annotated, Any, Literal

from annotated_types import MinLen

from lossbench.catalog.losses.kinds import TASKS, Loss, Weight
from lossbench.catalog.table import Parameter
from lossbench.catalog.types import LossHeads, LossTerms, Positive

_ANY: dict[str, Any] = {"tasks": frozenset(TASKS), "head": "classes", "decode": "softmax"}
"""Of rows whose parameters decide; `lossbench.requirements` says what holds for given ones."""

ROWS: tuple[Loss, ...] = (
    Loss(
        name="sum",
        target="combination:weighted_sum",
        params={
            "terms": Parameter(
                LossTerms,
                "a list of {loss: ..., weight: ...}, the weights 1 by default",
                help="the losses that are added",
            )
        },
        aliases=("weighted_sum",),
        **_ANY,
        soft=True,
        role="combination",
        source="weighted sum",
    ),
    Loss(
        name="l1_weights",
        target="combination:l1_weights",
        params={},
        aliases=("l1_regularization", "lasso"),
        **_ANY,
        soft=True,
        needs=frozenset({"kernels"}),
        batchwise=True,
        role="term",
        source="Tibshirani 1996",
    ),
    Loss(
        name="l2_weights",
        target="combination:l2_weights",
        params={},
        aliases=("l2_regularization", "ridge", "weight_decay"),
        **_ANY,
        soft=True,
        needs=frozenset({"kernels"}),
        batchwise=True,
        role="term",
        source="Hoerl & Kennard 1970; Krogh & Hertz 1991",
    ),
    Loss(
        name="heads",
        target="combination:heads",
        params={
            "heads": Parameter(
                LossHeads,
                "a mapping from names of outputs to losses, in the order of the target columns",
                help="the loss of each output; where the data name their outputs, by these names",
            ),
            "weighting": Parameter(
                Literal["fixed", "uncertainty", "dwa"],
                "'fixed', 'uncertainty' or 'dwa'",
                "fixed",
                "how the heads are weighted against each other",
            ),
            "weights": Parameter(
                Annotated[tuple[Positive, ...], MinLen(1)] | None,
                "null or a list of one number > 0 per head",
                None,
                "weights of the heads if weighting is 'fixed'; null means 1 each",
            ),
            "positive": Parameter(
                bool,
                "true or false",
                False,
                "for 'uncertainty': keep the loss above 0",
                origin="project default: the original form",
            ),
            "temperature": Parameter(
                Positive,
                "temperature > 0",
                2.0,
                "for 'dwa': how evenly the weights are spread",
                origin="Liu et al. 2019, section 3.3",
            ),
        },
        aliases=("multi_task", "multi_output"),
        tasks=frozenset({"regression", "multioutput"}),
        head="targets",
        decode="identity",
        needs=frozenset({"head_losses", "head_columns"}),
        weights=(Weight(name="log_variances", shape=("heads",), initial=0.0),),
        role="combination",
        source="Kendall et al. 2018, arXiv:1705.07115; Liu et al. 2019, arXiv:1803.10704",
    ),
    Loss(
        name="keras",
        target="keras_objects:make_keras_loss",
        params={
            "class_name": Parameter(
                str, "the name of a class of keras.losses, such as Huber", help="the class"
            ),
            "config": Parameter(
                dict[str, Any], "a mapping of the class's own arguments", {}, "its arguments"
            ),
        },
        **_ANY,
        soft=True,
        source="Keras 3",
    ),
    Loss(
        name="custom",
        target="custom:load_function",
        params={
            "target": Parameter(
                str,
                "'file.py:name', the file relative to this one, or 'package.module:name'",
                help="the function or class",
                hashed=False,
                path=True,
            ),
            "params": Parameter(
                dict[str, Any], "a mapping of the function's own parameters", {}, "its arguments"
            ),
            "task": Parameter(
                Literal["multiclass", "binary", "multilabel", "regression", "segmentation"] | None,
                "null or one of multiclass, binary, multilabel, regression, segmentation",
                None,
                "the task that it is for; null means that of the data",
            ),
        },
        **_ANY,
        soft=True,
        source="the user's own function",
    ),
)

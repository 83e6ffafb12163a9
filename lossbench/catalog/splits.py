"""How a data set is divided into training, validation and test: the same for every row."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, cast

from annotated_types import Ge
from typing_extensions import TypedDict

from lossbench.catalog.table import Parameter

Mode = Literal["fixed", "resample", "kfold"]

DEFAULT_FOLDS = 5
"""Five parts: a test of 20 %, as `fixed` and `resample` draw it."""


class KFold(TypedDict):
    """Cross-validation with a number of folds."""

    type: Literal["kfold"]
    folds: NotRequired[Annotated[int, Ge(2)]]


SplitAs = Mode | KFold
"""The value of `split`."""

SPLIT = Parameter(
    SplitAs,
    "fixed, resample, kfold or {type: kfold, folds: a whole number >= 2}",
    "fixed",
    "fixed: one split for all seeds; resample: drawn anew for each seed; kfold: the test is fold "
    "seed mod folds. Data with a test set keep it; else it is a fifth of the images, or the fold",
)


def mode_of(params: Mapping[str, Any]) -> Mode:
    """Return how a data set with these parameters is divided."""
    split = params.get("split", SPLIT.default)
    return cast(Mode, split if isinstance(split, str) else split["type"])


def folds_of(params: Mapping[str, Any]) -> int:
    """Return the number of folds that these parameters ask for, or the usual one."""
    split = params.get("split", SPLIT.default)
    return DEFAULT_FOLDS if isinstance(split, str) else int(split.get("folds", DEFAULT_FOLDS))

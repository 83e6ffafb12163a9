"""How a data set is divided into training, validation and test: the same for every row."""

from typing import Annotated, Literal, NotRequired

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


def mode_of(split: SplitAs) -> Mode:
    """Return how a data set is divided, without the number of folds."""
    return split if isinstance(split, str) else split["type"]


def folds_of(split: SplitAs) -> int:
    """Return the number of folds that is asked for, or the usual one."""
    return DEFAULT_FOLDS if isinstance(split, str) else split.get("folds", DEFAULT_FOLDS)

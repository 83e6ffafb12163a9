"""What a row of the table of data sets says, and the parameters that many of them share."""

from dataclasses import dataclass
from typing import Annotated, NotRequired

from annotated_types import Ge, Gt
from typing_extensions import TypedDict

from lossbench.catalog.losses import Task
from lossbench.catalog.table import Parameter, Row
from lossbench.catalog.types import PositiveInt


class Subset(TypedDict):
    """A subset drawn at random, or with equally many examples of each class."""

    n: PositiveInt
    balanced: NotRequired[bool]


@dataclass(frozen=True, kw_only=True)
class Dataset(Row):
    """A data set.

    Attributes:
        task: the task, or None where parameters or the file's content decide.
        file: the name under which a downloadable set is looked for, or None.
        source: where the data come from.
    """

    task: Task | None
    file: str | None = None
    source: str


SUBSET = Parameter(
    Annotated[int, Gt(0)] | Subset | None,
    "a whole number > 0, or {n: ..., balanced: true}",
    None,
    "use only so many images for training and validation; stratified, test stays whole",
)


class Retrieval(TypedDict):
    """Networks judged by their embeddings, of classes that they were not trained on or were."""

    held_out_classes: Annotated[int, Ge(0)]


RETRIEVAL = Parameter(
    Retrieval | None,
    "{held_out_classes: a whole number >= 2 that leaves two classes, or 0}",
    None,
    "judge embeddings: how well test images of the last so many classes, which training leaves "
    "out, find each other; 0: test images of the classes trained on",
)
"""Of data whose images have one class each, and that say how many test images each class has."""

"""Parameters of data sets that read the user's own image files."""

from collections.abc import Mapping
from typing import Annotated, Literal

from annotated_types import Ge, Le, Len

from lossbench.catalog.table import Parameter
from lossbench.catalog.types import FractionBelowOne, NonEmpty

_Pixels = Annotated[int, Ge(1), Le(4096)]
_Names = Annotated[list[NonEmpty], Len(1)]

_DECODED: Mapping[str, Parameter] = {
    "image_size": Parameter(
        _Pixels | Annotated[list[_Pixels], Len(2, 2)] | None,
        "a number of pixels from 1 to 4096, or [height, width], or null",
        None,
        "all images are resized to it, by stretching; null: they have one size",
    ),
    "colour": Parameter(
        Literal["auto", "grey", "rgb"],
        "one of auto, grey, rgb",
        "auto",
        "auto: rgb if one of the images has colours",
    ),
    "max_unreadable": Parameter(
        FractionBelowOne,
        "0 <= max_unreadable < 1",
        0.01,
        "share of the image files that may be no images; they are named and left out",
        hashed=False,
    ),
}


def _folder(holds: str) -> Parameter:
    return Parameter(
        NonEmpty, "a folder, relative to this file", help=holds, hashed=False, path=True
    )


IMAGE_FOLDER: Mapping[str, Parameter] = {
    "path": _folder("<class>/*.png, or train/<class>/*.png and test/<class>/*.png"),
    **_DECODED,
    "ordered": Parameter(
        bool, "true or false", False, "whether classes have the order of their folders' names"
    ),
}

IMAGE_TABLE: Mapping[str, Parameter] = {
    "path": Parameter(
        NonEmpty,
        "a .csv, .tsv or .parquet file, relative to this one",
        help="a row for each image",
        hashed=False,
        path=True,
    ),
    "image": Parameter(
        NonEmpty, "the name of a column", help="column of image files, relative to the table"
    ),
    "target": Parameter(
        NonEmpty | _Names,
        "the name of a column, or a list of them",
        help="column of classes or numbers; several columns of numbers, or of 0 and 1",
    ),
    "task": Parameter(
        Literal["multiclass", "binary", "multilabel", "regression"] | None,
        "null or one of multiclass, binary, multilabel, regression",
        None,
        "null: whole numbers and text are classes, other numbers targets, several columns of 0 "
        "and 1 multilabel",
    ),
    "ordered": Parameter(
        bool, "true or false", False, "whether classes given as whole numbers have their order"
    ),
    "split_column": Parameter(
        NonEmpty | None, "the name of a column", None, "column that says train or test"
    ),
    "group": Parameter(
        NonEmpty | None,
        "the name of a column",
        None,
        "column of what must stay together, as the patient: never on both sides of a split",
    ),
    **_DECODED,
}

IMAGE_MASKS: Mapping[str, Parameter] = {
    "path": _folder("images/*.png and masks/*.png, or both in train/ and in test/"),
    "classes": Parameter(
        Annotated[list[NonEmpty], Len(2)] | None,
        "a list of two names or more, the background first",
        None,
        "what the numbers 0, 1, ... in masks mean; null: as many as occur",
    ),
    **_DECODED,
}

"""The user's own data: arrays, functions, images in folders and tables, tensorflow_datasets."""

from typing import Any, Literal

from lossbench.catalog.damage import OF_CLASSES, OF_IMAGES, OF_NUMBERS
from lossbench.catalog.datasets.kinds import RETRIEVAL, SUBSET, Dataset
from lossbench.catalog.datasets.own_images import IMAGE_FOLDER, IMAGE_MASKS, IMAGE_TABLE
from lossbench.catalog.splits import SPLIT
from lossbench.catalog.table import Parameter
from lossbench.catalog.types import NonEmpty, PositiveInt

ARRAYS_TASK = Parameter(
    Literal["multiclass", "binary", "multilabel", "regression", "segmentation"] | None,
    "null or one of multiclass, binary, multilabel, regression, segmentation",
    None,
    "null: whole numbers, booleans and strings are classes, rows that sum to 1 are "
    "soft labels, other numbers targets; multilabel: rows of 0 and 1; segmentation: "
    "masks of classes 0, 1, 2, ..., 0 being the background",
)
ORDERED = Parameter(bool, "true or false", False, "whether classes 0, 1, 2, ... have that order")

ROWS: tuple[Dataset, ...] = (
    Dataset(
        name="npz",
        target="user_npz:read",
        params={
            "path": Parameter(
                str,
                "a .npz file, relative to this one",
                help="the file; where it is not there, it is looked for in $LOSSBENCH_DATA",
                hashed=False,
                path=True,
                in_data=True,
            ),
            "task": ARRAYS_TASK,
            "ordered": ORDERED,
            "retrieval": RETRIEVAL,
            "subset": SUBSET,
            "split": SPLIT,
            **OF_CLASSES,
            **OF_NUMBERS,
            **OF_IMAGES,
        },
        task=None,
        source="your own arrays x_train, y_train, x_test, y_test (the keys that Keras uses); "
        "for several outputs y_train_<name>, y_test_<name>; without a test set it is drawn; "
        "group_train, group_test name what stays on one side of a split",
    ),
    Dataset(
        name="function",
        target="user_function:read",
        params={
            "target": Parameter(
                str,
                "'file.py:name', the file relative to this one, or 'package.module:name'",
                help="the function; it is run, also to check the experiment",
                hashed=False,  # the arrays are
                path=True,
            ),
            "params": Parameter(
                dict[str, Any], "a mapping of the function's own parameters", {}, "its arguments"
            ),
            "task": ARRAYS_TASK,
            "ordered": ORDERED,
            "retrieval": RETRIEVAL,
            "subset": SUBSET,
            "split": SPLIT,
            **OF_CLASSES,
            **OF_NUMBERS,
            **OF_IMAGES,
        },
        task=None,
        source="arrays that your own Python function returns, named as those of npz",
    ),
    Dataset(
        name="image_folder",
        target="image_folder:read",
        params={**IMAGE_FOLDER, "subset": SUBSET, "split": SPLIT, **OF_CLASSES, **OF_IMAGES},
        task=None,
        source="your own images, one subfolder a class",
    ),
    Dataset(
        name="image_table",
        target="image_table:read",
        params={
            **IMAGE_TABLE,
            "subset": SUBSET,
            "split": SPLIT,
            **OF_CLASSES,
            **OF_NUMBERS,
            **OF_IMAGES,
        },
        aliases=("csv", "parquet"),
        task=None,
        source="your own images, named in a CSV or Parquet file with their classes or targets",
    ),
    Dataset(
        name="image_masks",
        target="image_masks:read",
        params={**IMAGE_MASKS, "subset": SUBSET, "split": SPLIT, **OF_IMAGES},
        task="segmentation",
        source="your own images, each with a mask that gives the class of every pixel",
    ),
    Dataset(
        name="tfds",
        target="tfds:read",
        aliases=("tensorflow_datasets",),
        params={
            "dataset": Parameter(
                NonEmpty, "a name of tensorflow_datasets, as mnist or mnist:3.0.1", help="the name"
            ),
            "data_dir": Parameter(
                NonEmpty | None,
                "a folder",
                None,
                "where tensorflow_datasets keeps files; null: $TFDS_DATA_DIR or its own",
                hashed=False,
                path=True,
            ),
            "train": Parameter(
                NonEmpty, "a split, as train or train[:80%]", "train", "training and validation"
            ),
            "test": Parameter(
                NonEmpty | None,
                "null or a split, as test or validation",
                None,
                "null: the split called test; without one the test is drawn",
            ),
            "image": Parameter(
                NonEmpty | None, "null or a feature", None, "the image; null: the only one"
            ),
            "target": Parameter(
                NonEmpty | None,
                "null or a feature",
                None,
                "classes or numbers; null: the only class, or else the only fraction",
            ),
            "image_size": Parameter(
                PositiveInt | None,
                "null or a whole number > 0",
                None,
                "side length in pixels to which images are resized; null: as they are",
            ),
            "subset": SUBSET,
            "split": SPLIT,
            **OF_CLASSES,
            **OF_NUMBERS,
            **OF_IMAGES,
        },
        task=None,
        source="images with a class or numbers from tensorflow_datasets; needs the extra tfds",
    ),
)

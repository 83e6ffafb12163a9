"""The data sets: names, parameters and the task that they pose."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, NotRequired

from annotated_types import Ge, Gt, Le
from typing_extensions import TypedDict

from lossbench.catalog.damage import OF_CLASSES, OF_IMAGES, OF_LABELS, OF_NUMBERS
from lossbench.catalog.losses import Task
from lossbench.catalog.outputs import Output
from lossbench.catalog.own_images import IMAGE_FOLDER, IMAGE_MASKS, IMAGE_TABLE
from lossbench.catalog.splits import SPLIT
from lossbench.catalog.table import Parameter, Row, Table
from lossbench.catalog.target_kinds import TargetKinds, target_kinds
from lossbench.catalog.types import (
    Fraction,
    FractionBelowOne,
    NonEmpty,
    NonNegative,
    Positive,
    PositiveInt,
)

AtLeastTwo = Annotated[int, Ge(2)]
AtLeastOne = Annotated[float, Ge(1)]


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


_SUBSET = Parameter(
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
_DATA_DIR = Parameter(
    NonEmpty | None,
    "a folder",
    None,
    "looked in first, before $LOSSBENCH_DATA",
    hashed=False,
    path=True,
)

_ARRAYS_TASK = Parameter(
    Literal["multiclass", "binary", "multilabel", "regression", "segmentation"] | None,
    "null or one of multiclass, binary, multilabel, regression, segmentation",
    None,
    "null: whole numbers, booleans and strings are classes, rows that sum to 1 are "
    "soft labels, other numbers targets; multilabel: rows of 0 and 1; segmentation: "
    "masks of classes 0, 1, 2, ..., 0 being the background",
)
_ORDERED = Parameter(bool, "true or false", False, "whether classes 0, 1, 2, ... have that order")


@dataclass(frozen=True)
class Facts:
    """What a plan needs to know of a data set, found without decoding its images.

    Attributes:
        task: the task that the targets pose.
        image_shape: height, width and channels, in pixels.
        n_classes: number of classes, or of labels that may hold together; 0 for regression.
        n_targets: number of values per target; 0 for classification.
        n_train: training images, after a subset and without validation; where each seed has a
            split of its own, those of seed 0, as all sizes. Of `kfold` no fold has fewer. Other
            seeds differ by an image a class, or where groups stay together by more.
        n_validation: validation images.
        n_test: test images; of a module's `describe` 0 where the data have no test set.
        soft_targets: whether labels are shares of the classes and not one class.
        class_names: one name a class or label; empty for regression.
        metric: the metric that suits these data where the experiment names none.
        content_sha256: hash of the user's own file; None for data by name.
        needs_download: whether the file is not on this machine and `prepare` must fetch it.
        ordered: whether the classes have an order, that of their indices.
        target_min: least regression target, of the test part and before a subset too; None for
            classification.
        has_zero_target: whether a regression target is 0.
        whole_targets: whether all regression targets are whole numbers.
        unit_targets: whether they are directions: two values or more of Euclidean norm 1.
        outputs: the outputs of data that have several, whose task is `multioutput`; else empty.
            Numbers of classes and targets are theirs then, and 0 here.
        train_counts: training images of each class, before labels are made wrong; one number where
            images have not one class each.
        validation_counts: the same of validation.
        optimum: the best possible value of some metrics on the test, in the mean over all test sets
            like it, where that is known.
        unreadable: names of the user's image files that are left out, as far as their headers tell.
        test_counts: test images of each class; empty where images have not one class each or
            nobody asks (the data set has no parameter `retrieval`).
        grouped: whether images belong to groups that stay together.
    """

    task: Task
    image_shape: tuple[int, int, int]
    n_classes: int
    n_targets: int
    n_train: int
    n_validation: int
    n_test: int
    soft_targets: bool
    class_names: tuple[str, ...]
    metric: str
    content_sha256: str | None = None
    needs_download: bool = False
    ordered: bool = False
    target_min: float | None = None
    has_zero_target: bool = False
    whole_targets: bool = False
    unit_targets: bool = False
    train_counts: tuple[int, ...] = ()
    validation_counts: tuple[int, ...] = ()
    test_counts: tuple[int, ...] = ()
    outputs: tuple[Output, ...] = ()
    optimum: Mapping[str, float] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()
    grouped: bool = False

    def of_output(self, output: Output) -> "Facts":
        """Return what is known of the same images with one of the outputs alone."""
        return replace(
            self,
            task=output.task,
            n_classes=len(output.class_names),
            n_targets=output.n_targets,
            class_names=output.class_names,
            metric=output.metric,
            target_min=output.target_min,
            has_zero_target=output.has_zero_target,
            whole_targets=output.whole_targets,
            unit_targets=output.unit_targets,
            outputs=(),
            optimum={},
        )

    @property
    def target_kinds(self) -> TargetKinds:
        """What losses and metrics may ask of the regression targets; `any` alone for classes."""
        return target_kinds(
            target_min=self.target_min,
            has_zero_target=self.has_zero_target,
            whole_targets=self.whole_targets,
            unit_targets=self.unit_targets,
        )


def _keras_set(name: str, source: str) -> Dataset:
    return Dataset(
        name=name,
        target="keras_npz:read",
        params={
            "data_dir": _DATA_DIR,
            "retrieval": RETRIEVAL,
            "subset": _SUBSET,
            "split": SPLIT,
            **OF_CLASSES,
            **OF_IMAGES,
        },
        task="multiclass",
        file=f"{name}.npz",
        source=source,
    )


DATASETS: Table[Dataset] = Table(
    "data set",
    Dataset(
        name="mnist_mini",
        target="mnist_mini:read",
        params={
            "retrieval": RETRIEVAL,
            "subset": _SUBSET,
            "split": SPLIT,
            **OF_CLASSES,
            **OF_IMAGES,
        },
        task="multiclass",
        source="5,000 + 1,000 digits of MNIST, class-balanced, inside the package",
    ),
    _keras_set("mnist", "LeCun, Cortes & Burges: 60,000 + 10,000 digits, 28 x 28"),
    _keras_set("fashion_mnist", "Xiao, Rasul & Vollgraf 2017: 60,000 + 10,000 garments, 28 x 28"),
    _keras_set("cifar10", "Krizhevsky 2009: 50,000 + 10,000 photographs, 32 x 32, 10 classes"),
    _keras_set("cifar100", "Krizhevsky 2009: 50,000 + 10,000 photographs, 32 x 32, 100 classes"),
    Dataset(
        name="synthetic_regression",
        target="synthetic_regression:read",
        params={
            "n": Parameter(PositiveInt, "a whole number > 0", 2000, "training and validation"),
            "n_test": Parameter(PositiveInt, "a whole number > 0", 1000, "test images"),
            "target": Parameter(
                Literal["position", "count", "positive", "direction"],
                "one of position, count, positive, direction",
                "position",
                "a smooth function of the blob; a Poisson count or a positive number around its "
                "exponential; the unit vector towards the blob",
            ),
            "image_size": Parameter(
                Annotated[int, Ge(8)], "a whole number >= 8", 28, "side length in pixels"
            ),
            "noise": Parameter(
                NonNegative,
                "noise >= 0",
                0.1,
                "standard deviation added: in target units; to the logarithm of counts and "
                "positive targets; to the angle of directions, in radians",
            ),
            "outlier_rate": Parameter(
                Fraction, "0 <= outlier_rate <= 1", 0.0, "share of training targets damaged"
            ),
            "outlier_size": Parameter(
                Positive,
                "outlier_size > 0",
                10.0,
                "added to a damaged target, in target units; for directions in radians",
            ),
            "noise_type": Parameter(
                Literal["normal", "student_t", "skewed", "heteroscedastic"],
                "one of normal, student_t, skewed, heteroscedastic",
                "normal",
                "distribution of the noise, always of mean 0; student_t: 3 degrees of freedom; "
                "skewed: exponential; heteroscedastic: grows with the width of the blob",
            ),
            "test_noise": Parameter(
                bool,
                "true or false",
                False,
                "noise on the test targets too, so that the best error is known and not 0; for "
                "position and positive",
            ),
            "subset": _SUBSET,
            "split": SPLIT,
            **OF_NUMBERS,
            **OF_IMAGES,
        },
        task="regression",
        source="images of one blob; the target is a known function of its place and width; the "
        "best possible errors are known",
    ),
    Dataset(
        name="synthetic_imbalanced",
        target="synthetic_imbalanced:read",
        params={
            "n": Parameter(PositiveInt, "a whole number > 0", 2000, "training and validation"),
            "n_test": Parameter(PositiveInt, "a whole number > 0", 1000, "test images"),
            "classes": Parameter(AtLeastTwo, "a whole number >= 2", 2, "number of classes"),
            "ratio": Parameter(
                AtLeastOne, "ratio >= 1", 10.0, "largest class size divided by the smallest"
            ),
            "image_size": Parameter(
                Annotated[int, Ge(8)], "a whole number >= 8", 16, "side length in pixels"
            ),
            "contrast": Parameter(
                Positive,
                "contrast > 0",
                1.0,
                "classes lie 4 x contrast noise deviations apart; 0.5 is hard",
            ),
            "retrieval": RETRIEVAL,
            "subset": _SUBSET,
            "split": SPLIT,
            **OF_CLASSES,
            **OF_IMAGES,
        },
        task=None,
        source="a pattern per class under Gaussian noise; sizes fall geometrically; test balanced; "
        "the best possible scores are known",
    ),
    Dataset(
        name="synthetic_multilabel",
        target="synthetic_multilabel:read",
        params={
            "n": Parameter(PositiveInt, "a whole number > 0", 2000, "training and validation"),
            "n_test": Parameter(PositiveInt, "a whole number > 0", 1000, "test images"),
            "labels": Parameter(AtLeastTwo, "a whole number >= 2", 5, "number of labels"),
            "prevalence": Parameter(
                Annotated[float, Gt(0), Le(0.5)],
                "0 < prevalence <= 0.5",
                0.5,
                "share of images with the most frequent label",
            ),
            "ratio": Parameter(
                AtLeastOne, "ratio >= 1", 5.0, "largest prevalence divided by the smallest"
            ),
            "image_size": Parameter(
                Annotated[int, Ge(8)], "a whole number >= 8", 16, "side length in pixels"
            ),
            "contrast": Parameter(
                Positive,
                "contrast > 0",
                1.0,
                "a pattern adds 4 x contrast noise deviations; 0.5 is hard",
            ),
            "subset": _SUBSET,
            "split": SPLIT,
            **OF_LABELS,
            **OF_IMAGES,
        },
        task="multilabel",
        source="patterns under Gaussian noise, each there or not; test with the same prevalences; "
        "the best possible scores are known",
    ),
    Dataset(
        name="synthetic_ordinal",
        target="synthetic_ordinal:read",
        params={
            "n": Parameter(PositiveInt, "a whole number > 0", 2000, "training and validation"),
            "n_test": Parameter(PositiveInt, "a whole number > 0", 1000, "test images"),
            "classes": Parameter(
                Annotated[int, Ge(3)], "a whole number >= 3", 5, "number of grades"
            ),
            "image_size": Parameter(
                Annotated[int, Ge(8)], "a whole number >= 8", 16, "side length in pixels"
            ),
            "contrast": Parameter(
                Positive,
                "contrast > 0",
                0.5,
                "grades are 4 x contrast noise deviations wide; neighbours overlap",
            ),
            "subset": _SUBSET,
            "split": SPLIT,
            **OF_CLASSES,
            **OF_IMAGES,
        },
        task="multiclass",
        source="a pattern under Gaussian noise that grows with a severity, cut into equal grades; "
        "the best possible scores are known",
    ),
    Dataset(
        name="synthetic_series",
        target="synthetic_series:read",
        params={
            "n": Parameter(PositiveInt, "a whole number > 0", 2000, "training and validation"),
            "n_test": Parameter(PositiveInt, "a whole number > 0", 1000, "test series"),
            "days": Parameter(Annotated[int, Ge(8)], "a whole number >= 8", 28, "length, in days"),
            "horizon": Parameter(
                PositiveInt, "a whole number > 0", 1, "how many days after it are forecast"
            ),
            "noise": Parameter(
                Annotated[float, Gt(0), Le(0.3)],
                "0 < noise <= 0.3",
                0.1,
                "standard deviation of the logarithm of a usual day's sales",
            ),
            "spike_rate": Parameter(
                Annotated[float, Ge(0), Le(1 / 7)],
                "0 <= spike_rate <= 1/7",
                0.05,
                "share of days with a spike; all of a series are on one day of the week",
            ),
            "spike_size": Parameter(
                Annotated[float, Ge(4)],
                "spike_size >= 4",
                5.0,
                "sales at the least spike, in usual sales",
            ),
            "subset": _SUBSET,
            "split": SPLIT,
            **OF_NUMBERS,
        },
        task="regression",
        source="daily sales with trend, week and rare spikes, as images of width 1; the next days",
    ),
    Dataset(
        name="synthetic_vectors",
        target="synthetic_vectors:read",
        params={
            "n": Parameter(PositiveInt, "a whole number > 0", 1000, "training and validation"),
            "n_test": Parameter(PositiveInt, "a whole number > 0", 1000, "test vectors"),
            "size": Parameter(PositiveInt, "a whole number > 0", 4, "numbers in a vector"),
            "task": Parameter(
                Literal["multiclass", "binary", "regression"],
                "one of multiclass, binary, regression",
                "multiclass",
                "Gaussian classes, two of them, or a number",
            ),
            "classes": Parameter(
                Annotated[int, Ge(3)] | None,
                "null or a whole number >= 3",
                None,
                "number of classes for multiclass; null is 3",
            ),
            "contrast": Parameter(
                Positive,
                "contrast > 0",
                0.5,
                "classes lie 4 x contrast noise deviations apart; 0.5 is hard",
            ),
            "form": Parameter(
                Literal["linear", "sine"],
                "one of linear, sine",
                "linear",
                "what the number is of the vector",
            ),
            "noise": Parameter(
                NonNegative, "noise >= 0", 0.5, "standard deviation added to the number"
            ),
            "noise_type": Parameter(
                Literal["normal", "exponential"],
                "one of normal, exponential",
                "normal",
                "exponential: its mean lies above its median",
            ),
            "subset": _SUBSET,
            "split": SPLIT,
            **OF_CLASSES,
            **OF_NUMBERS,
        },
        task=None,
        source="plain vectors as images of width 1: Gaussian classes, or a function under noise",
    ),
    Dataset(
        name="synthetic_segmentation",
        target="synthetic_segmentation:read",
        params={
            "n": Parameter(PositiveInt, "a whole number > 0", 1000, "training and validation"),
            "n_test": Parameter(PositiveInt, "a whole number > 0", 500, "test images"),
            "classes": Parameter(
                Annotated[int, Ge(2), Le(5)],
                "a whole number from 2 to 5",
                2,
                "background, then so many of disk, square, cross, ring",
            ),
            "image_size": Parameter(
                Annotated[int, Ge(12)], "a whole number >= 12", 32, "side length in pixels"
            ),
            "contrast": Parameter(
                Positive,
                "contrast > 0",
                1.0,
                "an object is so many noise deviations brighter; 0.5 is hard",
            ),
            "radius": Parameter(
                Annotated[int, Ge(3)],
                "a whole number >= 3",
                4,
                "of the objects, in pixels, give or take one; small ones are rare pixels",
            ),
            "empty": Parameter(
                FractionBelowOne, "0 <= empty < 1", 0.1, "share of images without an object"
            ),
            "subset": _SUBSET,
            "split": SPLIT,
            **OF_IMAGES,
        },
        task="segmentation",
        source="one object or none under Gaussian noise; kinds, sizes and places equally likely",
    ),
    Dataset(
        name="digit_position",
        target="digit_position:read",
        params={
            "noise": Parameter(
                NonNegative,
                "noise >= 0",
                0.0,
                "standard deviation of Gaussian noise on training and validation positions, in "
                "pixels",
            ),
            "subset": _SUBSET,
            "split": SPLIT,
            **OF_LABELS,
            **OF_IMAGES,
        },
        task="multioutput",
        source="digits of mnist_mini somewhere on 40 x 40 pixels; outputs digit and position",
    ),
    Dataset(
        name="npz",
        target="user_npz:read",
        params={
            "path": Parameter(
                str, "a .npz file, relative to this one", help="the file", hashed=False, path=True
            ),
            "task": _ARRAYS_TASK,
            "ordered": _ORDERED,
            "retrieval": RETRIEVAL,
            "subset": _SUBSET,
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
            "task": _ARRAYS_TASK,
            "ordered": _ORDERED,
            "retrieval": RETRIEVAL,
            "subset": _SUBSET,
            "split": SPLIT,
            **OF_CLASSES,
            **OF_NUMBERS,
            **OF_IMAGES,
        },
        task=None,
        source="arrays that your own Python function returns, named as those of npz",
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
            "subset": _SUBSET,
            "split": SPLIT,
            **OF_CLASSES,
            **OF_NUMBERS,
            **OF_IMAGES,
        },
        task=None,
        source="images with a class or numbers from tensorflow_datasets; needs the extra tfds",
    ),
    Dataset(
        name="image_folder",
        target="image_folder:read",
        params={**IMAGE_FOLDER, "subset": _SUBSET, "split": SPLIT, **OF_CLASSES, **OF_IMAGES},
        task=None,
        source="your own images, one subfolder a class",
    ),
    Dataset(
        name="image_table",
        target="image_table:read",
        params={
            **IMAGE_TABLE,
            "subset": _SUBSET,
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
        params={**IMAGE_MASKS, "subset": _SUBSET, "split": SPLIT, **OF_IMAGES},
        task="segmentation",
        source="your own images, each with a mask that gives the class of every pixel",
    ),
)

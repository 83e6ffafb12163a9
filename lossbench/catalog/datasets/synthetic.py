"""Data made by a formula, most of which know their best possible predictions."""

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from lossbench.catalog.damage import OF_CLASSES, OF_IMAGES, OF_LABELS, OF_NUMBERS
from lossbench.catalog.datasets.kinds import RETRIEVAL, SUBSET, Dataset
from lossbench.catalog.splits import SPLIT
from lossbench.catalog.table import Parameter
from lossbench.catalog.types import Fraction, FractionBelowOne, NonNegative, Positive, PositiveInt

AtLeastTwo = Annotated[int, Ge(2)]
AtLeastOne = Annotated[float, Ge(1)]

ROWS: tuple[Dataset, ...] = (
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
            "subset": SUBSET,
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
            "subset": SUBSET,
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
            "subset": SUBSET,
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
            "subset": SUBSET,
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
            "subset": SUBSET,
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
            "subset": SUBSET,
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
            "subset": SUBSET,
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
            "subset": SUBSET,
            "split": SPLIT,
            **OF_LABELS,
            **OF_IMAGES,
        },
        task="multioutput",
        source="digits of mnist_mini somewhere on 40 x 40 pixels; outputs digit and position",
    ),
)

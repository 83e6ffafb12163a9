"""What looking at a data set finds, as plain records; `inspection` measures them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lossbench.catalog.losses import Task

Counts = Mapping[str, int]
"""A number for each of the parts: train, validation, test."""


@dataclass(frozen=True)
class Images:
    """The pixels.

    Attributes:
        shape: height, width and channels.
        dtype: uint8 or float32.
        low: least value.
        high: greatest value.
        mean: mean over `sampled` training images.
        deviation: standard deviation over the same.
        sampled: how many these are.
        constant: images whose pixels all have one value.
        read: images of each part that were read for everything but mean and deviation.
    """

    shape: tuple[int, ...]
    dtype: str
    low: float
    high: float
    mean: float
    deviation: float
    sampled: int
    constant: Counts
    read: Counts


@dataclass(frozen=True)
class Duplicates:
    """Images that are equal in every pixel; constant ones are not counted.

    Attributes:
        training: training images of which an earlier training image is the same.
        validation: validation images that stand among the training images, too.
        test: test images that stand among the training or validation images, too.
        within_test: test images of which an earlier test image is the same.
        conflicts: sets of equal images whose targets differ.
        conflicting: the images in them.
    """

    training: int
    validation: int
    test: int
    within_test: int
    conflicts: int
    conflicting: int


@dataclass(frozen=True)
class Disagreement:
    """How often a simple classifier disagrees with the labels.

    Attributes:
        training: share of training labels that it does not predict from the others, in [0, 1].
        test: the same of test labels, classes weighted as in training; None without a test part.
        noise: estimated share of training labels that are wrong, beyond what the test part has
            of them; None where it cannot be told.
        error: its standard error, of sampling alone.
        sampled: training labels that were looked at.
        reason: why `noise` is None; else empty.
    """

    training: float
    test: float | None
    noise: float | None
    error: float | None
    sampled: int
    reason: str = ""


@dataclass(frozen=True)
class Classes:
    """One class an image.

    Attributes:
        counts: images of each class, by part.
        ratio: the largest class of the training part divided by the smallest; None if one is
            empty.
        test_ratio: the same of the test part.
        soft: share of training labels that are no certain class; None for class indices.
        entropy: mean entropy of the training labels in nats; None for class indices.
    """

    counts: Mapping[str, tuple[int, ...]]
    ratio: float | None
    test_ratio: float | None
    soft: float | None = None
    entropy: float | None = None


@dataclass(frozen=True)
class Together:
    """Two labels that hold together.

    Attributes:
        labels: their indices.
        share: share of training images with both.
        lift: this share divided by what it would be if they were independent.
        correlation: their correlation, phi, in [-1, 1].
    """

    labels: tuple[int, int]
    share: float
    lift: float
    correlation: float


@dataclass(frozen=True)
class LabelSet:
    """Labels that may hold together.

    Attributes:
        prevalence: share of training images with each.
        positives: training images with each.
        test_prevalence: share of test images with each; empty without a test part.
        mean: labels of an image, on average.
        none: share of training images without any.
        pairs: the pairs of labels with the strongest correlation, strongest first.
    """

    prevalence: tuple[float, ...]
    positives: tuple[int, ...]
    test_prevalence: tuple[float, ...]
    mean: float
    none: float
    pairs: tuple[Together, ...]


@dataclass(frozen=True)
class Values:
    """One column of regression targets, of the training part.

    Attributes:
        mean: mean.
        deviation: standard deviation.
        quantiles: least, 1 %, 5 %, 25 %, 50 %, 75 %, 95 %, 99 % quantile and greatest.
        skewness: third standardised moment; None where the targets are constant.
        kurtosis: fourth standardised moment less 3; likewise.
        scale: 1.4826 times the median absolute deviation.
        outliers: share of targets more than 3.5 scales from the median; None where the scale is 0.
        above: share of the targets that are outliers above the median; likewise.
        log_outliers: the share of outliers of log(1 + target); None also for negative targets.
        test_outliers: share of test targets that are so far from the training median.
        zeros: share of targets that are 0.
        negatives: share of targets below 0.
        whole: whether all are whole numbers.
        histogram: how many targets lie in each of equally wide intervals.
        edges: ends of the intervals, one more.
    """

    mean: float
    deviation: float
    quantiles: tuple[float, ...]
    skewness: float | None
    kurtosis: float | None
    scale: float
    outliers: float | None
    above: float | None
    log_outliers: float | None
    test_outliers: float | None
    zeros: float
    negatives: float
    whole: bool
    histogram: tuple[int, ...]
    edges: tuple[float, ...]


@dataclass(frozen=True)
class Masks:
    """The class of each pixel.

    Attributes:
        pixels: share of the pixels of each class.
        images: share of the images in which each class occurs.
        sampled: training masks that were looked at.
    """

    pixels: tuple[float, ...]
    images: tuple[float, ...]
    sampled: int


@dataclass(frozen=True)
class Targets:
    """Targets of one output, by what they are; what does not apply is None or empty.

    Attributes:
        task: the task that they pose.
        names: names of the classes or labels.
        classes: one class an image.
        labels: labels that may hold together.
        values: columns of regression targets.
        masks: the class of each pixel.
        disagreement: how often a simple classifier disagrees with the labels.
        optimum: scores on test of the best possible predictions, by metric, where they are known.
    """

    task: Task
    names: tuple[str, ...] = ()
    classes: Classes | None = None
    labels: LabelSet | None = None
    values: tuple[Values, ...] = ()
    masks: Masks | None = None
    disagreement: Disagreement | None = None
    optimum: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Inspection:
    """What looking at a data set finds.

    Attributes:
        sizes: images of each part.
        images: the pixels.
        duplicates: equal images.
        targets: the targets; of data with several outputs those of none.
        outputs: those of each output, by its name.
        damage: what was done to the data on purpose, asked and counted, as `Splits` has it.
    """

    sizes: Counts
    images: Images
    duplicates: Duplicates
    targets: Targets
    outputs: Mapping[str, Targets]
    damage: Mapping[str, Any]

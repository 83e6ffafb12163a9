"""What can be done to the data on purpose: rare classes, wrong and missing labels, noise."""

from collections.abc import Mapping
from typing import Annotated, Literal, NotRequired

from annotated_types import Ge, Gt, Lt
from typing_extensions import TypedDict

from lossbench.catalog.table import Parameter
from lossbench.catalog.types import Fraction, NonEmpty, NonNegativeInt, Positive, PositiveInt

Clean = Literal["clean"]


class RateNoise(TypedDict):
    """Wrong labels at one rate."""

    type: Literal["symmetric", "asymmetric", "pair"]
    rate: Fraction
    validation: NotRequired[Clean]


class MatrixNoise(TypedDict):
    """Wrong labels with a probability for each pair of classes: rows are true classes."""

    type: Literal["matrix"]
    matrix: list[list[Fraction]]
    validation: NotRequired[Clean]


class Imbalance(TypedDict):
    """Classes made rare, the later ones more."""

    type: Literal["exponential", "step"]
    ratio: Annotated[float, Ge(1)]
    validation: NotRequired[Clean]


class OneVersusRest(TypedDict):
    """Two classes: the positive one, by name or number, and all others; positives made rare."""

    type: Literal["one_vs_rest"]
    positive: NonNegativeInt | NonEmpty
    prevalence: Annotated[float, Gt(0), Lt(1)]
    validation: NotRequired[Clean]


class SoftLabels(TypedDict):
    """Labels as the votes of annotators, each wrong at a rate; a temperature of 1 leaves them."""

    annotators: PositiveInt
    rate: Fraction
    temperature: NotRequired[Positive]
    validation: NotRequired[Clean]


class MissingLabels(TypedDict):
    """Labels that nobody wrote down."""

    rate: Fraction
    validation: NotRequired[Clean]


class Outliers(TypedDict):
    """Targets moved far away; sizes in standard deviations of the training targets."""

    rate: Fraction
    size: Positive
    sides: Literal["one", "two"]
    validation: NotRequired[Clean]


class TargetNoise(TypedDict):
    """Gaussian noise on targets, the same for all or growing with the target."""

    type: Literal["normal", "heteroscedastic"]
    scale: Positive
    validation: NotRequired[Clean]


class HeavyTailedNoise(TypedDict):
    """Noise of Student's t on targets; df are its degrees of freedom, 3 where not given."""

    type: Literal["student_t"]
    scale: Positive
    df: NotRequired[Positive]
    validation: NotRequired[Clean]


class Grain(TypedDict):
    """Gaussian noise on pixels; its standard deviation as a share of the range of grey levels."""

    type: Literal["gaussian"]
    scale: Positive
    validation: NotRequired[Clean]


class SaltPepper(TypedDict):
    """A share of the pixels made black or white, each as likely."""

    type: Literal["salt_pepper"]
    rate: Fraction
    validation: NotRequired[Clean]


class Blur(TypedDict):
    """Gaussian blur; its standard deviation in pixels."""

    type: Literal["blur"]
    sigma: Positive
    validation: NotRequired[Clean]


_CLEAN = "with validation: clean or without"

IMBALANCE = Parameter(
    Imbalance | OneVersusRest | None,
    "{type: exponential or step, ratio: a number >= 1} or {type: one_vs_rest, positive: a class, "
    f"prevalence: above 0 and below 1}}, {_CLEAN}",
    None,
    "make classes rare: largest class size divided by the smallest; or ask whether it is one "
    "class, which makes up that share of the training images; comes before all other damage",
)
MISSING_LABELS = Parameter(
    MissingLabels | None,
    f"{{rate: 0 to 1}}, {_CLEAN}",
    None,
    "leave out that share of the examples, of each class alike; of labels that may hold together, "
    "write that share of the positive ones down as absent",
)
LABEL_NOISE = Parameter(
    RateNoise | MatrixNoise | None,
    "{type: symmetric, asymmetric or pair, rate: 0 to 1} or {type: matrix, matrix: a list of "
    f"rows of numbers 0 to 1}}, {_CLEAN}",
    None,
    "make labels wrong; those of validation too, unless it is clean",
)
SOFT_LABELS = Parameter(
    SoftLabels | None,
    "{annotators: a whole number > 0, rate: 0 to 1}, with temperature: a number > 0 or without, "
    f"{_CLEAN}",
    None,
    "replace each label by the votes of so many annotators, each wrong at that rate; shares are "
    "raised to 1 / temperature (default 1); after label_noise",
)
TARGET_NOISE = Parameter(
    TargetNoise | HeavyTailedNoise | None,
    "{type: normal or heteroscedastic, scale: a number > 0} or {type: student_t, scale: a number "
    f"> 0}} with df: a number > 0 or without, {_CLEAN}",
    None,
    "add noise to targets, in standard deviations of the training targets; heteroscedastic noise "
    "grows with the target",
)
OUTLIERS = Parameter(
    Outliers | None,
    f"{{rate: 0 to 1, size: a number > 0, sides: one or two}}, {_CLEAN}",
    None,
    "move so many targets by so many standard deviations, upwards or (two) either way",
)
IMAGE_NOISE = Parameter(
    Grain | SaltPepper | Blur | None,
    "{type: gaussian, scale: a number > 0}, {type: salt_pepper, rate: 0 to 1} or {type: blur, "
    f"sigma: a number > 0}}, {_CLEAN}",
    None,
    "disturb images: scale is a share of the range of grey levels, rate one of the pixels, sigma "
    "in pixels",
)

OF_CLASSES: Mapping[str, Parameter] = {
    "imbalance": IMBALANCE,
    "missing_labels": MISSING_LABELS,
    "label_noise": LABEL_NOISE,
    "soft_labels": SOFT_LABELS,
}
"""Damage to data whose images have one class each, in the order in which it is done."""
OF_LABELS: Mapping[str, Parameter] = {"missing_labels": MISSING_LABELS}
"""Damage to data with labels that may hold together, or with several outputs."""
OF_NUMBERS: Mapping[str, Parameter] = {
    "missing_labels": MISSING_LABELS,
    "target_noise": TARGET_NOISE,
    "outliers": OUTLIERS,
}
"""Damage to data whose targets are numbers, in the order in which it is done."""
OF_IMAGES: Mapping[str, Parameter] = {"image_noise": IMAGE_NOISE}
"""Damage to images, whatever the task; done last."""
DAMAGE: Mapping[str, Parameter] = {**OF_CLASSES, **OF_NUMBERS, **OF_IMAGES}
"""All damage, in the order in which it is done."""
MEANT_FOR: Mapping[str, str] = {
    **dict.fromkeys(OF_CLASSES, "images that have one class each"),
    **dict.fromkeys(OF_NUMBERS, "targets that are numbers"),
    **dict.fromkeys(OF_LABELS, "images that have labels, classes or numbers"),
}
"""What each damage is done to, where data may lack it."""

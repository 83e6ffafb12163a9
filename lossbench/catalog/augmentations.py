"""The augmentations of training images; `target` is the function that draws what it does."""

from dataclasses import dataclass

from lossbench.catalog.table import Parameter, Row, Table
from lossbench.catalog.types import Positive, PositiveInt


@dataclass(frozen=True, kw_only=True)
class Augmentation(Row):
    """A random change of training images.

    Attributes:
        meaning: what it does.
        mixes: whether it mixes an image and its label with those of another example.
        limit: the parameter that the images bound, or None.
        source: where it comes from, and departures.
    """

    meaning: str
    mixes: bool = False
    limit: str | None = None
    source: str


def _alpha(default: float, origin: str) -> Parameter:
    return Parameter(Positive, "alpha > 0", default, "both parameters of the Beta", origin)


AUGMENTATIONS: Table[Augmentation] = Table(
    "augmentation",
    Augmentation(
        name="flip",
        target="augmentation:draw_flip",
        params={},
        aliases=("horizontal_flip", "random_flip", "hflip", "fliplr", "mirror"),
        meaning="mirror images, left for right, with probability 1/2; a mirrored letter or digit "
        "means something else",
        source="Krizhevsky et al. 2012, section 4.1",
    ),
    Augmentation(
        name="crop",
        target="augmentation:draw_crop",
        params={
            "padding": Parameter(
                PositiveInt,
                "a whole number > 0",
                4,
                "pixels added on each side before the crop",
                "He et al. 2016, section 4.2",
            )
        },
        aliases=("random_crop", "pad_and_crop"),
        meaning="cut the image's own size out of the image with zeros around it",
        limit="padding",
        source="He et al. 2016, arXiv:1512.03385, section 4.2",
    ),
    Augmentation(
        name="shift",
        target="augmentation:draw_shift",
        params={
            "pixels": Parameter(PositiveInt, "a whole number > 0", 2, "largest shift, in pixels")
        },
        aliases=("translate", "translation", "random_translation", "random_shift"),
        meaning="move the image each way by whole pixels; its mirror image fills what opens",
        limit="pixels",
        source="LeCun et al. 1998, section III; filled as numpy.pad does with mode reflect",
    ),
    Augmentation(
        name="cutout",
        target="augmentation:draw_cutout",
        params={
            "size": Parameter(
                PositiveInt,
                "a whole number > 0",
                8,
                "side of the square, in pixels",
                "DeVries & Taylor 2017, section 4.2 (CIFAR-100)",
            )
        },
        meaning="set a square to 0 whose centre lies anywhere in the image",
        limit="size",
        source="DeVries & Taylor 2017, arXiv:1708.04552. Departure: 0 is black here and not the "
        "mean, since images are scaled and not standardised",
    ),
    Augmentation(
        name="mixup",
        target="augmentation:draw_mixup",
        params={"alpha": _alpha(0.2, "Zhang et al. 2018, section 3.1 (ImageNet)")},
        meaning="average image and label with those of another example, with weights from a "
        "Beta(alpha, alpha)",
        mixes=True,
        source="Zhang et al. 2018, arXiv:1710.09412. Departures: one weight for each example, "
        "partners from the whole training set, so that batches do not matter",
    ),
    Augmentation(
        name="cutmix",
        target="augmentation:draw_cutmix",
        params={"alpha": _alpha(1.0, "Yun et al. 2019, section 3.1")},
        meaning="put a rectangle of another example into the image; labels mix as areas do",
        mixes=True,
        source="Yun et al. 2019, arXiv:1905.04899. Departures: one rectangle for each example, "
        "partners from the whole training set, so that batches do not matter",
    ),
)

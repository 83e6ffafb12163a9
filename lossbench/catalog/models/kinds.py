"""What a row of the networks says, and the parameters that several of them share."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Ge
from typing_extensions import TypedDict

from lossbench.catalog.table import Parameter, Row
from lossbench.catalog.types import FractionBelowOne, NonEmpty

WholeFromOne = Annotated[int, Ge(1)]


class LastLayers(TypedDict):
    """The layers nearest to the head, counting those that have weights."""

    last: WholeFromOne


Trainable = Literal["none", "all"] | LastLayers
"""What of a backbone is trained."""

TRAINABLE = Parameter(
    Trainable,
    "none, all or {last: a whole number >= 1}",
    "none",
    "what of the backbone is trained: nothing, so that each image passes through it once; all of "
    "it; the last layers that have weights. What is not trained keeps its batch normalisation in "
    "inference mode",
)

OF_ALL = {
    "dropout": Parameter(
        FractionBelowOne, "0 <= dropout < 1", 0.0, "share of what the head reads that is dropped"
    ),
    "output_activation": Parameter(
        Literal["linear", "softmax"],
        "linear or softmax",
        "linear",
        "softmax feeds probabilities to losses that take raw outputs, a mistake on purpose, for "
        "teaching; predictions stay those of the network, and probabilities are, as with that "
        "mistake, the softmax of a softmax, nowhere above e / (e + classes - 1)",
    ),
}
"""Parameters of every network."""

OF_BACKBONES = {
    "image_size": Parameter(
        WholeFromOne | None,
        "null or pixels >= 1",
        None,
        "height and width to which images are resized; null leaves them as they are",
    ),
    "trainable": TRAINABLE,
    "pooling": Parameter(
        Literal["avg", "max", "flatten"],
        "avg, max or flatten",
        "avg",
        "how a map of features becomes one vector",
    ),
    **OF_ALL,
}
"""Parameters of every network whose features come from elsewhere."""

MODEL_PATH = Parameter(
    NonEmpty,
    "a path",
    path=True,
    in_data=True,
    hashed=False,
    help="a .keras file; looked for beside this file, then in $LOSSBENCH_DATA",
)
"""Its content belongs to a job's identity instead."""

WEIGHTS_OF_FILE = Parameter(
    Literal["file", "none"],
    "file or none",
    "file",
    "none takes the architecture alone and draws the first weights, as those of other networks",
)
WEIGHTS_OF_IMAGENET = Parameter(
    Literal["imagenet", "none"],
    "imagenet or none",
    "imagenet",
    "none takes the architecture alone and draws the first weights, as those of other networks",
)

Reads = Literal["grey_levels", "unit", "tf", "torch", "caffe"]
"""What a backbone reads: grey levels 0 to 255; values in [0, 1]; values in [-1, 1]; values in
[0, 1] less ImageNet's mean, over its standard deviation; grey levels in the order blue, green, red
less ImageNet's mean. The last three are called as `keras.applications` calls them."""


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Trained weights that Keras offers for a network.

    Attributes:
        class_name: the network's name in `keras.applications`.
        file: the name of the file of weights without a head.
        url: where it is fetched.
        hash: its SHA-256, or its MD5 where there are 32 digits, or None where Keras gives none.
    """

    class_name: str
    file: str
    url: str
    hash: str | None


@dataclass(frozen=True, kw_only=True)
class Model(Row):
    """A network whose last layer is linear.

    Attributes:
        smallest_image: the least height and width, in pixels, that it can read; of series the
            least length. Where images are resized, this is about their size afterwards.
        series: whether it reads series: images of width 1, whose height is time.
        source: where the architecture comes from.
        per: what it gives outputs for: the whole image, or each pixel, as masks ask for; `any`
            where the user's own function decides.
        backbone: whether its features come from a network that was trained before.
        reads: of a backbone, what it reads; of a user's file that is a parameter.
        weights: trained weights that Keras offers for it, or None.
    """

    smallest_image: int
    series: bool = False
    per: Literal["image", "pixel", "any"] = "image"
    backbone: bool = False
    reads: Reads = "unit"
    weights: Weights | None = None
    source: str

    @property
    def ready(self) -> bool:
        """Whether its name alone makes a network that starts from nothing."""
        return not self.backbone and not any(one.required for one in self.params.values())

    def suits(self, per: Literal["image", "pixel"]) -> bool:
        """Return whether it can give outputs for whole images, or for pixels."""
        return self.per in (per, "any")

    def unreadable(
        self, image_shape: tuple[int, int, int], params: Mapping[str, object] | None = None
    ) -> str | None:
        """Return what it reads and images of another shape are not, or None where they fit.

        Args:
            image_shape: height, width and channels, in pixels.
            params: its parameters; an `image_size` says how large images are when it reads them.
        """
        height, width, _ = image_shape
        size = (params or {}).get("image_size")
        if not self.series:
            least = self.smallest_image
            side = size if isinstance(size, int) else min(height, width)
            return None if side >= least else f"images of {least} pixels or more"
        if width == 1 and height >= self.smallest_image:
            return None
        return f"series, images of width 1 and {self.smallest_image} or more in height"

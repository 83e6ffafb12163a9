"""The networks: names and parameters. What they look like stands in `lossbench/models/`."""

from dataclasses import dataclass
from typing import Literal

from lossbench.catalog.table import Row, Table


@dataclass(frozen=True, kw_only=True)
class Model(Row):
    """A network whose last layer is linear.

    Attributes:
        smallest_image: the least height and width, in pixels, that it can read; of series the
            least length.
        series: whether it reads series: images of width 1, whose height is time.
        source: where the architecture comes from.
        per: what it gives outputs for: the whole image, or each pixel, as masks ask for.
    """

    smallest_image: int
    series: bool = False
    per: Literal["image", "pixel"] = "image"
    source: str

    def unreadable(self, image_shape: tuple[int, int, int]) -> str | None:
        """Return what it reads and images of another shape are not, or None where they fit.

        Args:
            image_shape: height, width and channels, in pixels.
        """
        height, width, _ = image_shape
        if not self.series:
            least = self.smallest_image
            return None if min(height, width) >= least else f"images of {least} pixels or more"
        if width == 1 and height >= self.smallest_image:
            return None
        return f"series, images of width 1 and {self.smallest_image} or more in height"


MODELS: Table[Model] = Table(
    "model",
    Model(
        name="seed_cnn",
        target="seed_cnn:build",
        params={},
        smallest_image=10,
        source="the tutorials' network: two 3x3 convolutions with pooling, one hidden layer",
    ),
    Model(
        name="tiny_cnn",
        target="tiny_cnn:build",
        params={},
        smallest_image=8,
        source="for tests: two strided convolutions, 1,500 parameters; blind to where things are",
    ),
    Model(
        name="resnet20",
        target="resnet:resnet20",
        params={},
        smallest_image=8,
        source="He et al. 2016, arXiv:1512.03385, section 4.2 (the CIFAR form)",
    ),
    Model(
        name="conv1d_small",
        target="conv1d_small:build",
        params={},
        smallest_image=8,
        series=True,
        source="for series: two convolutions along time, one hidden layer",
    ),
    Model(
        name="mlp",
        target="mlp:build",
        params={},
        smallest_image=1,
        source="for plain vectors: two hidden layers of 64; images and series are flattened",
    ),
    Model(
        name="unet_small",
        target="unet_small:build",
        params={},
        smallest_image=8,
        per="pixel",
        source="Ronneberger et al. 2015, arXiv:1505.04597; two steps down, for masks",
    ),
)

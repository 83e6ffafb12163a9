"""The networks: names and parameters. What they look like stands in `lossbench/models/`."""

from dataclasses import dataclass

from lossbench.catalog.table import Row, Table


@dataclass(frozen=True, kw_only=True)
class Model(Row):
    """A network whose last layer is linear.

    Attributes:
        smallest_image: the least height and width, in pixels, that it can read.
        source: where the architecture comes from.
    """

    smallest_image: int
    source: str


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
)

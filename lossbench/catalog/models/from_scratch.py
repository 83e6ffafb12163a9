"""Networks that are trained from their first weights on."""

from typing import Literal

from lossbench.catalog.models.kinds import OF_ALL, Model, WholeFromOne
from lossbench.catalog.table import Parameter
from lossbench.catalog.types import FractionBelowOne

_WIDE_RESNET = {
    "depth": Parameter(
        Literal[10, 16, 22, 28, 34, 40],
        "10, 16, 22, 28, 34 or 40",
        16,
        "number of layers: 6 n + 4 for n blocks in each of three stages",
    ),
    "width": Parameter(
        WholeFromOne,
        "a whole number >= 1",
        4,
        "factor on the number of channels, which is 16, 32 and 64 at width 1",
    ),
    **OF_ALL,
    # In place of the dropout before the head that every other network has.
    "dropout": Parameter(
        FractionBelowOne,
        "0 <= dropout < 1",
        0.0,
        "share of values dropped between the two convolutions of each block, as in the paper, "
        "which takes 0.3; not before the head",
    ),
}

FROM_SCRATCH = (
    Model(
        name="seed_cnn",
        target="seed_cnn:build",
        params=OF_ALL,
        smallest_image=10,
        source="the tutorials' network: two 3x3 convolutions with pooling, one hidden layer",
    ),
    Model(
        name="tiny_cnn",
        target="tiny_cnn:build",
        params=OF_ALL,
        smallest_image=8,
        source="for tests: two strided convolutions, 1,500 parameters; blind to where things are",
    ),
    Model(
        name="lenet5",
        target="lenet5:build",
        params=OF_ALL,
        smallest_image=12,
        source="LeCun et al. 1998: two convolutions, average pooling, tanh; 62,000 parameters",
    ),
    Model(
        name="cnn4",
        target="noisy_labels:cnn4",
        params=OF_ALL,
        smallest_image=4,
        source="the MNIST network of the noisy-label papers (Ma et al. 2020, arXiv:2006.13554): "
        "two convolutions, one hidden layer, batch normalisation",
    ),
    Model(
        name="vgg_small",
        target="noisy_labels:vgg_small",
        params=OF_ALL,
        smallest_image=8,
        source="the CIFAR network of the noisy-label papers (Ma et al. 2020, arXiv:2006.13554): "
        "six convolutions, one hidden layer, batch normalisation",
    ),
    Model(
        name="resnet20",
        target="resnet:resnet20",
        params=OF_ALL,
        smallest_image=8,
        source="He et al. 2016, arXiv:1512.03385, section 4.2 (the CIFAR form)",
    ),
    Model(
        name="resnet32",
        target="resnet:resnet32",
        params=OF_ALL,
        smallest_image=8,
        source="the same with five blocks a stage in place of three",
    ),
    Model(
        name="resnet56",
        target="resnet:resnet56",
        params=OF_ALL,
        smallest_image=8,
        source="the same with nine",
    ),
    Model(
        name="wide_resnet",
        target="wide_resnet:build",
        params=_WIDE_RESNET,
        smallest_image=8,
        source="Zagoruyko & Komodakis 2016, arXiv:1605.07146: few layers, many channels",
    ),
    Model(
        name="mobilenet_small",
        target="mobilenet_small:build",
        params=OF_ALL,
        smallest_image=8,
        source="the blocks of MobileNetV2 (Sandler et al. 2018, arXiv:1801.04381) for small "
        "images; 204,000 parameters",
    ),
    Model(
        name="conv1d_small",
        target="conv1d_small:build",
        params=OF_ALL,
        smallest_image=8,
        series=True,
        source="for series: two convolutions along time, one hidden layer",
    ),
    Model(
        name="mlp",
        target="mlp:build",
        params=OF_ALL,
        smallest_image=1,
        source="for plain vectors: two hidden layers of 64; images and series are flattened",
    ),
    Model(
        name="unet_small",
        target="unet_small:build",
        params=OF_ALL,
        smallest_image=8,
        per="pixel",
        source="Ronneberger et al. 2015, arXiv:1505.04597; two steps down, for masks",
    ),
)

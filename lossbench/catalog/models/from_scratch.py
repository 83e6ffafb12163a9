"""Networks that are trained from their first weights on."""

from lossbench.catalog.models.kinds import OF_ALL, Model

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
        name="resnet20",
        target="resnet:resnet20",
        params=OF_ALL,
        smallest_image=8,
        source="He et al. 2016, arXiv:1512.03385, section 4.2 (the CIFAR form)",
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

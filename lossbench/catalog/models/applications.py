"""The networks of `keras.applications`: which weights they have, and what they read.

The facts are those that Keras 3.15 asks for; a test compares them with the installed Keras.
"""

from typing import NamedTuple

from lossbench.catalog.models.kinds import OF_BACKBONES, WEIGHTS_OF_IMAGENET, Model, Reads, Weights

_SERVER = "https://storage.googleapis.com"
_PARAMS = {"weights": WEIGHTS_OF_IMAGENET, **OF_BACKBONES}
_KERNELS = "_weights_tf_dim_ordering_tf_kernels_notop.h5"


class _Net(NamedTuple):
    """A network: its name here and in Keras, its weights without the head.

    `hash` is what Keras checks: SHA-256, or MD5 where it has 32 digits; None where Keras checks
    nothing. `sent_as` is the file's name on the server where that is another one.
    """

    name: str
    class_name: str
    hash: str | None
    file: str
    sent_as: str | None = None


class _Family(NamedTuple):
    """Networks of one publication, whose weights lie in one folder of the server."""

    folder: str
    reads: Reads
    smallest_image: int
    source: str
    members: tuple[_Net, ...]


_FAMILIES = (
    _Family(
        "tensorflow/keras-applications/convnext",
        "grey_levels",
        32,
        "Liu et al. 2022, arXiv:2201.03545",
        (
            _Net(
                "convnext_base",
                "ConvNeXtBase",
                "40a20c5548a5e9202f69735ecc06c990e6b7c9d2de39f0361e27baeb24cb7c45",
                "convnext_base_notop.h5",
            ),
            _Net(
                "convnext_large",
                "ConvNeXtLarge",
                "96f02b6f0753d4f543261bc9d09bed650f24dd6bc02ddde3066135b63d23a1cd",
                "convnext_large_notop.h5",
            ),
            _Net(
                "convnext_small",
                "ConvNeXtSmall",
                "6fc8009faa2f00c1c1dfce59feea9b0745eb260a7dd11bee65c8e20843da6eab",
                "convnext_small_notop.h5",
            ),
            _Net(
                "convnext_tiny",
                "ConvNeXtTiny",
                "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1",
                "convnext_tiny_notop.h5",
            ),
            _Net(
                "convnext_xlarge",
                "ConvNeXtXLarge",
                "de3f8a54174130e0cecdc71583354753d557fcf1f4487331558e2a16ba0cfe05",
                "convnext_xlarge_notop.h5",
            ),
        ),
    ),
    _Family(
        "tensorflow/keras-applications/densenet",
        "torch",
        32,
        "Huang et al. 2017, arXiv:1608.06993",
        (
            _Net(
                "densenet121",
                "DenseNet121",
                "30ee3e1110167f948a6b9946edeeb738",
                f"densenet121{_KERNELS}",
            ),
            _Net(
                "densenet169",
                "DenseNet169",
                "b8c4d4c20dd625c148057b9ff1c1176b",
                f"densenet169{_KERNELS}",
            ),
            _Net(
                "densenet201",
                "DenseNet201",
                "c13680b51ded0fb44dff2d8f86ac8bb1",
                f"densenet201{_KERNELS}",
            ),
        ),
    ),
    _Family(
        "keras-applications",
        "grey_levels",
        32,
        "Tan & Le 2019, arXiv:1905.11946",
        (
            _Net(
                "efficientnet_b0",
                "EfficientNetB0",
                "50bc09e76180e00e4465e1a485ddc09d",
                "efficientnetb0_notop.h5",
            ),
            _Net(
                "efficientnet_b1",
                "EfficientNetB1",
                "74c4e6b3e1f6a1eea24c589628592432",
                "efficientnetb1_notop.h5",
            ),
            _Net(
                "efficientnet_b2",
                "EfficientNetB2",
                "111f8e2ac8aa800a7a99e3239f7bfb39",
                "efficientnetb2_notop.h5",
            ),
            _Net(
                "efficientnet_b3",
                "EfficientNetB3",
                "af6d107764bb5b1abb91932881670226",
                "efficientnetb3_notop.h5",
            ),
            _Net(
                "efficientnet_b4",
                "EfficientNetB4",
                "ebc24e6d6c33eaebbd558eafbeedf1ba",
                "efficientnetb4_notop.h5",
            ),
            _Net(
                "efficientnet_b5",
                "EfficientNetB5",
                "38879255a25d3c92d5e44e04ae6cec6f",
                "efficientnetb5_notop.h5",
            ),
            _Net(
                "efficientnet_b6",
                "EfficientNetB6",
                "9ecce42647a20130c1f39a5d4cb75743",
                "efficientnetb6_notop.h5",
            ),
            _Net(
                "efficientnet_b7",
                "EfficientNetB7",
                "cbcfe4450ddf6f3ad90b1b398090fe4a",
                "efficientnetb7_notop.h5",
            ),
        ),
    ),
    _Family(
        "tensorflow/keras-applications/efficientnet_v2",
        "grey_levels",
        32,
        "Tan & Le 2021, arXiv:2104.00298",
        (
            _Net(
                "efficientnet_v2_b0",
                "EfficientNetV2B0",
                "893217f2bb855e2983157299931e43ff",
                "efficientnetv2-b0_notop.h5",
            ),
            _Net(
                "efficientnet_v2_b1",
                "EfficientNetV2B1",
                "0e80663031ca32d657f9caa404b6ec37",
                "efficientnetv2-b1_notop.h5",
            ),
            _Net(
                "efficientnet_v2_b2",
                "EfficientNetV2B2",
                "1dfe2e7a5d45b6632553a8961ea609eb",
                "efficientnetv2-b2_notop.h5",
            ),
            _Net(
                "efficientnet_v2_b3",
                "EfficientNetV2B3",
                "f6abf7b5849ac99a89b50dd3fd532856",
                "efficientnetv2-b3_notop.h5",
            ),
            _Net(
                "efficientnet_v2_l",
                "EfficientNetV2L",
                "b0b66b5c863aef5b46e8608fe1711615",
                "efficientnetv2-l_notop.h5",
            ),
            _Net(
                "efficientnet_v2_m",
                "EfficientNetV2M",
                "1b8dc055df72dde80d614482840fe342",
                "efficientnetv2-m_notop.h5",
            ),
            _Net(
                "efficientnet_v2_s",
                "EfficientNetV2S",
                "af0682fb74e8c54910f2d4393339c070",
                "efficientnetv2-s_notop.h5",
            ),
        ),
    ),
    _Family(
        "tensorflow/keras-applications/inception_resnet_v2",
        "tf",
        75,
        "Szegedy et al. 2017, arXiv:1602.07261",
        (
            _Net(
                "inception_resnet_v2",
                "InceptionResNetV2",
                "d19885ff4a710c122648d3b5c3b684e4",
                f"inception_resnet_v2{_KERNELS}",
            ),
        ),
    ),
    _Family(
        "tensorflow/keras-applications/inception_v3",
        "tf",
        75,
        "Szegedy et al. 2016, arXiv:1512.00567",
        (
            _Net(
                "inception_v3",
                "InceptionV3",
                "bcbd6486424b2319ff4ef7d526e38f63",
                f"inception_v3{_KERNELS}",
            ),
        ),
    ),
    _Family(
        "tensorflow/keras-applications/mobilenet",
        "tf",
        32,
        "Howard et al. 2017, arXiv:1704.04861",
        (_Net("mobilenet", "MobileNet", None, "mobilenet_1_0_224_tf_no_top.h5"),),
    ),
    _Family(
        "tensorflow/keras-applications/mobilenet_v2",
        "tf",
        32,
        "Sandler et al. 2018, arXiv:1801.04381",
        (
            _Net(
                "mobilenet_v2",
                "MobileNetV2",
                None,
                "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
            ),
        ),
    ),
    _Family(
        "tensorflow/keras-applications/mobilenet_v3",
        "grey_levels",
        32,
        "Howard et al. 2019, arXiv:1905.02244",
        (
            _Net(
                "mobilenet_v3_large",
                "MobileNetV3Large",
                "07fb09a5933dd0c8eaafa16978110389",
                "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
            ),
            _Net(
                "mobilenet_v3_small",
                "MobileNetV3Small",
                "d3e8ec802a04aa4fc771ee12a9a9b836",
                "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
            ),
        ),
    ),
    _Family(
        "tensorflow/keras-applications/nasnet",
        "tf",
        32,
        "Zoph et al. 2018, arXiv:1707.07012",
        (
            _Net(
                "nasnet_large",
                "NASNetLarge",
                "d81d89dc07e6e56530c4e77faddd61b5",
                "nasnet_large_no_top.h5",
                "NASNet-large-no-top.h5",
            ),
            _Net(
                "nasnet_mobile",
                "NASNetMobile",
                "1ed92395b5b598bdda52abe5c0dbfd63",
                "nasnet_mobile_no_top.h5",
                "NASNet-mobile-no-top.h5",
            ),
        ),
    ),
    _Family(
        "tensorflow/keras-applications/resnet",
        "caffe",
        32,
        "He et al. 2016, arXiv:1512.03385",
        (
            _Net(
                "resnet101", "ResNet101", "88cf7a10940856eca736dc7b7e228a21", f"resnet101{_KERNELS}"
            ),
            _Net(
                "resnet152", "ResNet152", "ee4c566cf9a93f14d82f913c2dc6dd0c", f"resnet152{_KERNELS}"
            ),
            _Net("resnet50", "ResNet50", "4d473c1dd8becc155b73f8504c6f6626", f"resnet50{_KERNELS}"),
        ),
    ),
    _Family(
        "tensorflow/keras-applications/resnet",
        "tf",
        32,
        "He et al. 2016, arXiv:1603.05027",
        (
            _Net(
                "resnet101_v2",
                "ResNet101V2",
                "c0ed64b8031c3730f411d2eb4eea35b5",
                f"resnet101v2{_KERNELS}",
            ),
            _Net(
                "resnet152_v2",
                "ResNet152V2",
                "ed17cf2e0169df9d443503ef94b23b33",
                f"resnet152v2{_KERNELS}",
            ),
            _Net(
                "resnet50_v2",
                "ResNet50V2",
                "fac2f116257151a9d068a22e544a4917",
                f"resnet50v2{_KERNELS}",
            ),
        ),
    ),
    _Family(
        "tensorflow/keras-applications/vgg16",
        "caffe",
        32,
        "Simonyan & Zisserman 2015, arXiv:1409.1556",
        (_Net("vgg16", "VGG16", "6d6bbae143d832006294945121d1f1fc", f"vgg16{_KERNELS}"),),
    ),
    _Family(
        "tensorflow/keras-applications/vgg19",
        "caffe",
        32,
        "Simonyan & Zisserman 2015, arXiv:1409.1556",
        (_Net("vgg19", "VGG19", "253f8cb515780f3b799900260a226db6", f"vgg19{_KERNELS}"),),
    ),
    _Family(
        "tensorflow/keras-applications/xception",
        "tf",
        71,
        "Chollet 2017, arXiv:1610.02357",
        (_Net("xception", "Xception", "b0042744bf5b25fce3cb969f33bebb97", f"xception{_KERNELS}"),),
    ),
)


def _row(family: _Family, net: _Net) -> Model:
    return Model(
        name=net.name,
        target="applications:build",
        params=_PARAMS,
        aliases=(net.class_name,),
        smallest_image=family.smallest_image,
        backbone=True,
        reads=family.reads,
        weights=Weights(
            class_name=net.class_name,
            file=net.file,
            url=f"{_SERVER}/{family.folder}/{net.sent_as or net.file}",
            hash=net.hash,
        ),
        source=f"{family.source}; weights of ImageNet",
    )


APPLICATIONS = tuple(_row(family, net) for family in _FAMILIES for net in family.members)

"""A network on a backbone that is read from a `.keras` file."""

import keras

from lossbench.models.backbone import on_backbone


def build(
    image_shape: tuple[int, int, int],
    outputs: int,
    *,
    path: str,
    image_size: int | None,
    trainable: object,
    pooling: str,
) -> keras.Model:
    """Build a network whose backbone is what a file holds.

    Args:
        image_shape: height, width and channels of an image, in pixels.
        outputs: width of the head.
        path: the `.keras` file.
        image_size: height and width to which images are resized; None leaves them.
        trainable: what of the backbone is trained; its layers are marked accordingly.
        pooling: how a map of features becomes one vector.
    """
    backbone = keras.saving.load_model(path, compile=False, safe_mode=True)
    model = on_backbone(
        backbone, image_shape, outputs, image_size=image_size, pooling=pooling, name="keras_file"
    )
    model.get_layer("backbone").trainable = trainable != "none"
    return model

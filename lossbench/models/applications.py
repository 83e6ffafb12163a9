"""Networks on the backbones that `keras.applications` offers."""

from typing import Any

import keras

from lossbench.backbones import weights as files
from lossbench.catalog import MODELS
from lossbench.catalog.models.kinds import Weights
from lossbench.errors import ShapeError
from lossbench.models.backbone import on_backbone
from lossbench.models.preprocessing import reads_of


def build(
    image_shape: tuple[int, int, int],
    outputs: int,
    *,
    name: str,
    weights: str = "imagenet",
    image_size: int | None = None,
    **on: Any,
) -> keras.Model:
    """Build a network on one of the backbones of `keras.applications`.

    Args:
        image_shape: height, width and channels of an image, in pixels.
        outputs: width of the head.
        name: the network's name in the catalogue.
        weights: `imagenet`, from Keras's cache, or `none`.
        image_size: height and width to which images are resized; None leaves them.
        on: trainable and pooling, see `on_backbone`.

    Raises:
        DataError: the weights on this machine are not the right ones.
        ShapeError: there are no weights on this machine.
    """
    row = MODELS[name]
    if row.weights is None:
        raise ShapeError(f"model {name!r}: is not one of keras.applications. Choose one of them.")
    size = image_shape[:2] if image_size is None else (image_size, image_size)
    return on_backbone(
        _backbone(name, row.weights, size, trained=weights == "imagenet"),
        image_shape,
        outputs,
        name=name,
        image_size=image_size,
        reads=reads_of(name, {}),
        untrained=weights == "none",
        **on,
    )


def _backbone(name: str, weights: Weights, size: tuple[int, int], *, trained: bool) -> keras.Model:
    """Return a network of `keras.applications` without its head."""
    make = getattr(keras.applications, weights.class_name)
    shape = (*size, 3)
    if not trained:
        return make(weights=None, include_top=False, input_shape=shape)
    place = files.place(weights)
    if not place.is_file():
        raise ShapeError(
            f"model {name!r}: {place}: there are no weights any more; the file at {weights.url} is "
            f"accepted. Put it there, or run the experiment again."
        )
    files.check(name, weights)
    # EfficientNet scales its input otherwise for these weights, and only when it is given their
    # name. Others would ask for other files by the size of the images, or refuse some sizes.
    named = name.startswith("efficientnet_b")
    return make(weights="imagenet" if named else str(place), include_top=False, input_shape=shape)

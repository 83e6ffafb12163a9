"""A network on a backbone that is read from a `.keras` file."""

from pathlib import Path
from typing import Any

import keras

from lossbench.backbones.architecture import of_file
from lossbench.errors import ShapeError
from lossbench.models.backbone import on_backbone
from lossbench.models.preprocessing import reads_of


def build(
    image_shape: tuple[int, int, int],
    outputs: int,
    *,
    name: str,
    path: str,
    weights: str = "file",
    inputs: str = "grey_levels",
    cut: str | None = None,
    **on: Any,
) -> keras.Model:
    """Build a network whose backbone is what a file holds, without a head of its own.

    Args:
        image_shape: height, width and channels of an image, in pixels.
        outputs: width of the head.
        name: the network's name in the catalogue.
        path: the `.keras` file.
        weights: `file`, or `none` for the architecture alone.
        inputs: `grey_levels` or `unit`: what the network in the file reads.
        cut: the layer whose output are the features; None takes what is before a linear head.
        on: image_size, trainable and pooling, see `on_backbone`.

    Raises:
        DataError: the file is no longer one that is accepted.
        ShapeError: Keras cannot make the network.
    """
    used = of_file(Path(path), f"model {name!r}: {path}", cut)
    return on_backbone(
        read_backbone(path, used.features, name),
        image_shape,
        outputs,
        name=name,
        reads=reads_of(name, {"inputs": inputs}),
        untrained=weights == "none",
        **on,
    )


def read_backbone(path: str, features: str | None, name: str) -> keras.Model:
    """Return the network in a file, up to the layer whose output are the features, or whole."""
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (TypeError, ValueError, KeyError) as error:
        raise ShapeError(
            f"model {name!r}: {path}: Keras {keras.__version__} cannot load it "
            f"({str(error).splitlines()[0]}); a file that keras.saving.load_model reads is "
            f"accepted. Save it again with this version of Keras."
        ) from error
    if features is None and not isinstance(model, keras.Sequential):
        return model
    if features is None:
        return keras.Model(model.inputs[0], model.outputs[0])
    # A layer that is a network itself gives, as its `output`, that of its own graph.
    output = keras.Operation.output.fget(model.get_layer(features))
    return keras.Model(model.inputs[0], output)

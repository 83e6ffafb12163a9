"""A network on what an earlier run of lossbench has trained."""

from pathlib import Path
from typing import Any

import keras

from lossbench.backbones.architecture import of_own_model
from lossbench.catalog.models.pretrained import file_of
from lossbench.models.backbone import on_backbone
from lossbench.models.keras_file import read_backbone


def build(
    image_shape: tuple[int, int, int],
    outputs: int,
    *,
    name: str,
    run: str,
    loss: str | None = None,
    seed: int | None = None,
    **on: Any,
) -> keras.Model:
    """Build a network whose backbone is all that the head of an earlier network read.

    Args:
        image_shape: height, width and channels of an image, in pixels.
        outputs: width of the head.
        name: the network's name in the catalogue.
        run: the folder of the job that kept the network.
        loss: by which the job was found; not used any more.
        seed: likewise.
        on: image_size, trainable and pooling, see `on_backbone`.

    Raises:
        DataError: the file is no longer one that is accepted.
    """
    path = str(file_of({"run": run}))
    used = of_own_model(Path(path), f"model {name!r}: {path}")
    backbone = read_backbone(path, used.features, name)
    return on_backbone(backbone, image_shape, outputs, name=name, reads="unit", **on)

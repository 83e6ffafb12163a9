"""Networks whose features come from elsewhere: a file, an earlier run, `keras.applications`."""

import os
from collections.abc import Mapping
from typing import Any, Literal

from lossbench.catalog.models.applications import APPLICATIONS
from lossbench.catalog.models.kinds import MODEL_PATH, OF_BACKBONES, WEIGHTS_OF_FILE, Model
from lossbench.catalog.table import Parameter
from lossbench.catalog.types import NonEmpty, NonNegativeInt

SAVED_MODEL = "model.keras"
"""What a job's folder calls the network that it has kept."""

PRETRAINED = (
    Model(
        name="keras_file",
        target="keras_file:build",
        params={
            "path": MODEL_PATH,
            "weights": WEIGHTS_OF_FILE,
            "inputs": Parameter(
                Literal["grey_levels", "unit"],
                "grey_levels or unit",
                "grey_levels",
                "what the network in the file reads: grey levels 0 to 255, or values in [0, 1], as "
                "models do that lossbench saved",
            ),
            "cut": Parameter(
                NonEmpty | None,
                "null or the name of a layer",
                None,
                "the layer whose output are the features; null takes the whole network, or all "
                "but a linear head",
            ),
            **OF_BACKBONES,
        },
        smallest_image=1,
        backbone=True,
        reads="grey_levels",
        source="the user's own file; what it ends in is pooled and read by a new head",
    ),
    Model(
        name="earlier_run",
        target="earlier_run:build",
        params={
            "run": Parameter(
                NonEmpty,
                "the folder of a run or of one of its jobs",
                path=True,
                hashed=False,
                help="the run that kept the network (execution: {save_model: best})",
            ),
            "loss": Parameter(
                NonEmpty | None,
                "null or the name of a loss as tables show it",
                None,
                "which of the run's networks: that of this loss",
                hashed=False,
            ),
            "seed": Parameter(
                NonNegativeInt | None,
                "null or a seed",
                None,
                "which of the run's networks: that of this seed",
                hashed=False,
            ),
            **OF_BACKBONES,
        },
        smallest_image=1,
        backbone=True,
        source="a network that an earlier run of lossbench kept; its head is replaced",
    ),
    *APPLICATIONS,
)


def file_of(params: Mapping[str, Any]) -> str | None:
    """Return the `.keras` file that a network with these parameters is read from, or None."""
    if params.get("path") is not None:
        return str(params["path"])
    run = params.get("run")
    return None if run is None else os.path.join(str(run), SAVED_MODEL)

"""`lossbench predict`: what a model that a run has kept says of images."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lossbench.cli.options import Json

if TYPE_CHECKING:
    import numpy as np

    from lossbench.store import SavedModel


def predict(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The folder of an experiment, or of a job.")
    ],
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGES...", help="Image files, folders of them, .npy files."),
    ],
    loss: Annotated[
        str | None, typer.Option(help="Of an experiment: the loss, as tables show it.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of an experiment: the seed.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the predictions as CSV.")
    ] = None,
    json: Json = False,
) -> None:
    """Give classes with probabilities, or values, for images, by a model that a run has kept.

    A run keeps models where its file says `execution: {save_model: best}` (or last).
    Probabilities are calibrated by the temperature that was fitted on validation.

    Examples:

      lossbench predict runs/photos holiday/*.jpg --loss focal --seed 0

      lossbench predict runs/photos/jobs/3f0a9c11b2d4 holiday/ --out holiday.csv
    """
    from lossbench import store
    from lossbench.cli.looking import print_text
    from lossbench.datasets.new_images import load_new_images
    from lossbench.errors import StoreError
    from lossbench.reporting.prediction import (
        about_model,
        prediction_csv,
        prediction_json,
        prediction_rows,
        prediction_text,
    )

    found = store.find_model(run, loss, seed)
    task = found.result["task"]
    if task in ("retrieval", "segmentation"):
        raise StoreError(
            f"{found.path}: the model gives {'masks' if task == 'segmentation' else 'embeddings'}; "
            "classes and values are accepted here. Load the file with keras.saving.load_model."
        )
    about = about_model(found.job, found.result)
    height, width, channels = found.result["image_shape"]
    loaded = load_new_images(
        images, (height, width, channels), found.result["saved_model"]["image_dtype"]
    )
    scores = _scores(found, loaded.images)
    rows = prediction_rows(loaded.names, scores, found.result)
    if out is not None:
        store.write_whole(out, prediction_csv(rows))
    if json:
        model = {"model": str(found.path), **about, "unreadable": dict(loaded.faults)}
        sys.stdout.write(prediction_json(rows, model))
    else:
        print_text(prediction_text(rows, about))
    for name, fault in loaded.faults.items():
        typer.echo(f"warning: {name} is left out: {fault}", err=True)


def _scores(found: "SavedModel", images: "np.ndarray") -> "np.ndarray":
    """Return the scores of images, computed by Keras in this process."""
    from lossbench.executors import default_workers
    from lossbench.train import environment

    environment.set_up(default_workers(1))  # one process: it may use every CPU
    from lossbench.train import saved_model

    return saved_model.predict(found.path, images, found.result["saved_model"])


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command(no_args_is_help=True)(predict)

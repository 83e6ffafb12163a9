"""A job's network as a file that plain Keras loads, and what reads its outputs later."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lossbench import metrics, models, store
from lossbench.errors import StoreError
from lossbench.metrics import Slice
from lossbench.train import evaluation
from lossbench.train.evaluation import PREDICT_BATCH, Reading
from lossbench.train.feeding import IndexFed
from lossbench.train.loop import Arrays
from lossbench.train.scaling import Scaling
from lossbench.train.settling import Setting

_UNCHANGED = ("identity", "softmax", "margins")
"""Rules that leave outputs as they are, so that predictions are outputs."""


def save(folder: Path, fed: IndexFed, setting: Setting, weights: Arrays) -> dict[str, Any]:
    """Write a job's network as `model.keras`, and say how its outputs are read.

    The file holds Keras's own layers alone. It takes images as floats, [batch, height, width,
    channels], those of 8 bits divided by 255, and gives the outputs of the last layer: logits; of
    a regression predictions in the units of the targets, wherever outputs are predictions.

    Args:
        folder: the job's folder.
        fed: the network; has the given weights afterwards.
        setting: what the job came down to.
        weights: those that are kept, in the order of the network's.

    Returns:
        Plain data that `read_outputs` takes.

    Raises:
        StoreError: the folder cannot be written.
    """
    fed.network.set_weights(list(weights))
    reading = evaluation.with_means(fed, setting.reading)
    scaling = reading.scaling if _predictions(reading) else None
    network = models.plain(fed.network, *((scaling.center, scaling.scale) if scaling else ()))
    _write(folder / store.MODEL, network)
    return _record(reading if scaling is None else replace(reading, scaling=None), setting)


def _predictions(reading: Reading) -> bool:
    """Return whether the outputs are what is predicted, but for their scale."""
    slices = reading.context.get("slices") or [Slice(0, reading.decode, {})]
    return all(one.decode in _UNCHANGED for one in slices)


def _write(path: Path, network: keras.Model) -> None:
    try:
        with tempfile.TemporaryDirectory(prefix="lossbench-") as place:
            file = Path(place) / store.MODEL
            network.save(file)
            content = file.read_bytes()
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written to {tempfile.gettempdir()} first: "
            f"{error.strerror or error}. Free space there, or set TMPDIR."
        ) from error
    store.write_whole(path, content)


def _record(reading: Reading, setting: Setting) -> dict[str, Any]:
    scaling = reading.scaling
    return {
        "image_dtype": str(setting.splits.train.images.dtype),
        "decode": reading.decode,
        "context": _plain(reading.context),
        "center": None if scaling is None else scaling.center.tolist(),
        "scale": None if scaling is None else scaling.scale.tolist(),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Slice):
        return {"width": value.width, "decode": value.decode, "context": _plain(value.context)}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def read_outputs(outputs: NDArray[Any], record: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the scores that outputs of a saved model mean, as `evaluation.predict` has them.

    Args:
        outputs: of the model, float [n, width]; or [n, height, width, outputs].
        record: what `save` returned.
    """
    context = dict(record["context"])
    if "slices" in context:
        context["slices"] = [Slice(**one) for one in context["slices"]]
    if "means" in context:
        context["means"] = np.array(context["means"])
    scores = metrics.decode(outputs, record["decode"], **context)
    if record["center"] is None:
        return scores
    return Scaling(np.array(record["center"]), np.array(record["scale"])).undo(scores)


def predict(path: Path, images: NDArray[Any], record: Mapping[str, Any]) -> NDArray[np.float64]:
    """Return the scores that a saved model gives images.

    Args:
        path: the file that `save` wrote.
        images: [n, height, width, channels], of the type and size of those it was trained on.
        record: what `save` returned.
    """
    network = keras.saving.load_model(path, compile=False, safe_mode=True)
    scaled = images.astype(np.float32) / (255.0 if images.dtype == np.uint8 else 1.0)
    starts = range(0, len(scaled), PREDICT_BATCH)
    outputs = [network.predict_on_batch(scaled[at : at + PREDICT_BATCH]) for at in starts]
    return read_outputs(np.concatenate(outputs), record)

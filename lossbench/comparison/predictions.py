"""Predictions of a job as its folder has them, and a metric of any of their examples."""

import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench import metrics, store
from lossbench.catalog.losses import CLASSIFICATION, Task
from lossbench.catalog.metrics import METRICS, parted
from lossbench.errors import StoreError
from lossbench.metrics.calibration import correctness
from lossbench.metrics.labels import hard_labels
from lossbench.metrics.segmentation import image_confusions

Array = NDArray[np.float64]
Combine = Callable[[Array], Array]

OWN_VALUES = frozenset(
    {
        *("nll", "brier_score", "mae_rank", "accuracy_within_one", "top5_accuracy"),
        *("subset_accuracy", "hamming_loss", "label_nll", "label_brier_score"),
        *("pinball_10", "pinball_90", "angular_error", "dice_score", "mean_iou"),
    }
)
"""Metrics whose value is the mean of the values of the examples alone."""

_DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class Predictions:
    """What a trained network says of the test examples.

    Attributes:
        job_id: the job.
        task: the task, of the output that the metric judges.
        ids: ids of the examples, [n].
        y_true: classes, labels, targets or masks, [n, ...].
        scores: decoded scores, [n, ...]; of masks 1 for the predicted class of a pixel, else 0.
    """

    job_id: str
    task: Task
    ids: NDArray[Any]
    y_true: NDArray[Any]
    scores: NDArray[Any]

    def __len__(self) -> int:
        return len(self.ids)

    def value(self, metric: str, examples: NDArray[np.int64] | None = None) -> float:
        """Return a metric of these examples, or of all, see `lossbench.metrics.primary`."""
        some = slice(None) if examples is None else examples
        return metrics.primary(self.task, self.y_true[some], self.scores[some], metric)


def suits(metric: str, task: Task) -> str | None:
    """Return why examples cannot be resampled for a metric, as the end of a sentence, or None."""
    own = parted(metric)[1]
    if task == "retrieval":
        return "ranks test images among each other"
    if METRICS[own].given is not None:
        return "needs more than labels and scores"
    if task == "segmentation" and METRICS[own].needs_probabilities:
        return "needs scores, and of masks only the predicted classes are kept"
    return None


def read_predictions(experiment: Path, job_id: str, metric: str) -> Predictions:
    """Read what a job's network says of the test examples.

    Args:
        experiment: the experiment's folder.
        job_id: the job.
        metric: the metric that judges; of several outputs it names one.

    Raises:
        StoreError: the file is absent or damaged.
    """
    folder = store.job_folder(experiment, job_id)
    path, result = folder / "predictions.npz", store.read_result(folder) or {}
    try:
        with path.open("rb") as file, np.load(file) as saved:
            kept = {name: saved[name] for name in saved.files if not name.startswith("validation_")}
        return _of(kept, job_id, result, parted(metric)[0])
    except FileNotFoundError:
        raise StoreError(
            f"--predictions: {path}: there is no such file; the predictions of every job are "
            "needed. Run the job again, or leave out --predictions."
        ) from None
    except _DAMAGE as error:
        raise StoreError(
            f"--predictions: {path}: cannot be read: {error}. Remove the job's folder and run the "
            "experiment again."
        ) from error


def read_masks(experiment: Path, job_id: str) -> tuple[NDArray[Any], ...]:
    """Read the masks that a job's network predicts, without a score for each class of each pixel.

    Args:
        experiment: the experiment's folder.
        job_id: the job.

    Returns:
        Ids of the test examples, [n], their masks and the predicted ones, [n, height, width].

    Raises:
        StoreError: the file is absent or damaged, or holds no masks.
    """
    path = store.job_folder(experiment, job_id) / "predictions.npz"
    try:
        with path.open("rb") as file, np.load(file) as saved:
            ids, truth, masks = (saved[name] for name in ("example_id", "y_true", "y_pred"))
        if not (len(ids) == len(truth) and truth.shape == masks.shape and truth.ndim == 3):
            raise ValueError(f"{len(ids)} ids, masks {truth.shape} and {masks.shape}")
    except _DAMAGE as error:
        raise StoreError(
            f"{path}: cannot be read: {error}. Remove the job's folder and run the experiment "
            "again."
        ) from error
    return ids, truth, masks


def _of(kept: dict[str, Any], job_id: str, result: Any, output: str | None) -> Predictions:
    task: Task = result["task"]
    ids, y_true = kept["example_id"], kept["y_true"]
    if "scores" in kept:
        scores = kept["scores"]
    elif "embeddings" in kept:
        scores = kept["embeddings"]
    else:
        n_classes = len(result["class_names"])
        scores = np.eye(n_classes, dtype=np.float32)[kept["y_pred"]]
    if output is not None:
        which = kept["outputs"].tolist().index(output)
        task = result["per_output"][which]["task"]
        y_true, scores = (
            table[:, slice(*kept[f"{name}_columns"][which])]
            for name, table in (("target", y_true), ("score", scores))
        )
        y_true = y_true[:, 0].astype(np.int32) if task in CLASSIFICATION else y_true
    if not len(ids) == len(y_true) == len(scores):
        raise ValueError(f"{len(ids)} ids, {len(y_true)} targets and {len(scores)} predictions")
    return Predictions(job_id, task, ids, y_true, scores)


def by_means(found: Predictions, metric: str) -> tuple[Array, Combine] | None:
    """Return a metric as a function of means over examples, where it is one.

    Args:
        found: the predictions.
        metric: the metric's own name.

    Returns:
        Columns, [n, m], and a function of their means, [..., m] to [...]; or None.
    """
    y, scores = found.y_true, found.scores
    if metric == "accuracy":
        return correctness(y, scores)[:, None], _only
    if metric == "balanced_accuracy":
        # recall of each class: share of the examples that are of it and right, over share of it
        is_of = np.eye(scores.shape[1])[hard_labels(y, *scores.shape)]
        return np.hstack([is_of * correctness(y, scores)[:, None], is_of]), _mean_recall
    if found.task == "regression" and metric in ("mae", "rmse"):
        error = np.abs(np.asarray(y, np.float64) - scores)
        return (error, _mean) if metric == "mae" else (error**2, _mean_root)
    if metric in OWN_VALUES:
        each = [found.value(metric, np.array([example])) for example in range(len(found))]
        return np.array(each)[:, None], _only
    if metric == "pixel_accuracy":
        counts = image_confusions(y, scores)
        hits = np.trace(counts, axis1=1, axis2=2) / counts.sum(axis=(1, 2))
        return hits[:, None], _only
    return None


def _only(means: Array) -> Array:
    return means[..., 0]


def _mean(means: Array) -> Array:
    return np.asarray(means.mean(axis=-1), dtype=np.float64)


def _mean_root(means: Array) -> Array:
    return np.asarray(np.sqrt(means).mean(axis=-1), dtype=np.float64)


def _mean_recall(means: Array) -> Array:
    right, of_class = np.split(means, 2, axis=-1)
    present = of_class > 0
    recall = np.divide(right, of_class, out=np.zeros_like(right), where=present)
    return np.asarray(recall.sum(axis=-1) / present.sum(axis=-1), dtype=np.float64)

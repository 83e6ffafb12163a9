"""The files that a job leaves beside its result: predictions, and curves per epoch and step."""

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lossbench import metrics, store
from lossbench.train import recording
from lossbench.train.evaluation import Evaluation
from lossbench.train.loop import State
from lossbench.train.settling import Setting


def _single(scores: Any) -> Any:
    return scores.astype("float32")


_KEPT: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "retrieval": ("embeddings", _single),
    "segmentation": ("y_pred", metrics.predicted_masks),
}
"""What is kept of predictions where it is not `scores`, and how, by task."""


def write_predictions(path: Path, setting: Setting, selected: Evaluation) -> None:
    """Write what per-example statistics need: test, and validation under its own names.

    Of several outputs, their names and which columns of targets and scores are theirs: the first,
    and the one after the last. For retrieval embeddings of length 1 stand where scores do. Of masks
    the predicted ones are kept, `y_pred`, and no scores: these would take many times the room of
    the images.
    """
    splits = setting.splits
    what, kept = _KEPT.get(splits.task, ("scores", _single))
    columns: dict[str, Any] = {
        what: kept(selected.scores["test"]),
        f"validation_{what}": kept(selected.scores["validation"]),
    }
    if splits.outputs:
        columns |= {
            "outputs": np.array([output.name for output in splits.outputs]),
            "target_columns": np.array([output.columns for output in splits.outputs]),
            "score_columns": np.array([answer.columns for answer in setting.answers]),
        }
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        example_id=splits.test.ids,
        y_true=splits.test.targets,
        validation_example_id=splits.validation.ids,
        validation_y_true=splits.validation.targets,
        **columns,
    )
    store.write_whole(path, buffer.getvalue())


def write_curves(folder: Path, setting: Setting, state: State) -> None:
    """Write what was noted of every epoch and of every step."""
    rows = [{"job_id": setting.job["job_id"], **row} for row in state.rows]
    store.write_whole(folder / "epochs.csv", store.csv_text(store.EPOCH_COLUMNS, rows))
    steps = recording.step_blocks(state.all_step_losses())
    in_rows = (dict(zip(steps, row, strict=True)) for row in zip(*steps.values(), strict=True))
    store.write_whole(folder / "steps.csv", store.csv_text(tuple(steps), in_rows))

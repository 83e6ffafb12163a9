"""The files that a job leaves beside its result: predictions, and curves of training and loss."""

import functools
import io
import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lossbench import metrics, store
from lossbench.catalog.losses import Task
from lossbench.train import backends, recording
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


POINTS, COUPLED_POINTS = 97, 13
"""Points of a loss's curve; fewer where each takes a call of its own. 0 and ±1 are among them."""


def write_loss_curve(folder: Path, setting: Setting) -> None:
    """Write what the loss is over one number, for pictures that need no TensorFlow.

    A loss that has no curve, as one of several heads or a function that takes other shapes only,
    leaves no file, and so do backends that are not TensorFlow, which computes the gradient.
    """
    if backends.current() != "tensorflow":
        return
    record = {key: setting.job["loss"][key] for key in ("name", "params")}
    text = _loss_curve(json.dumps(record, sort_keys=True), setting.splits.task)
    if text is not None:
        store.write_whole(folder / store.LOSS_CURVE, text)


@functools.cache
def _loss_curve(record: str, task: Task) -> str | None:
    """Return the curve of a loss as JSON, once for all jobs of a process; None without one."""
    from lossbench.losses.bound import bind  # here: both need TensorFlow
    from lossbench.losses.curves import drawable, own_curves

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            bound = bind(json.loads(record), task)
            found = own_curves(bound, POINTS, COUPLED_POINTS) if drawable(bound) else None
    except Exception:  # an extra that must not cost a training
        return None
    if found is None:
        return None
    columns = [column for line in found.lines for column in (line.value, line.gradient)]
    if not all(np.isfinite(column).all() for column in columns):
        return None
    about = {"x_label": found.x_label, "variable": found.variable, "held": found.held}
    lines = [
        {"label": line.label, "value": _brief(line.value), "gradient": _brief(line.gradient)}
        for line in found.lines
    ]
    content = {**about, "x": _brief(found.x), "lines": lines}
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False) + "\n"


def _brief(numbers: Any) -> list[float]:
    """Return numbers with six digits, enough for any picture."""
    return [float(f"{number:.6g}") + 0.0 for number in numbers]

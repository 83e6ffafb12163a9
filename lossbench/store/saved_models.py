"""Which models earlier runs have kept, and how one of them is named."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lossbench.errors import StoreError
from lossbench.store.experiments import (
    Run,
    is_experiment,
    job_folder,
    read_experiment,
    read_result,
)

MODEL = "model.keras"
_SHOWN = 8


@dataclass(frozen=True)
class SavedModel:
    """A model that a job has kept.

    Attributes:
        path: the file.
        job: the content of its `job.json`.
        result: the content of its `result.json`.
    """

    path: Path
    job: Mapping[str, Any]
    result: Mapping[str, Any]


def find_model(run: Path, loss: str | None = None, seed: int | None = None) -> SavedModel:
    """Return the model that a run has kept.

    Args:
        run: the folder of a job or of an experiment.
        loss: of an experiment, the display name of the loss; None where there is only one.
        seed: the seed, likewise.

    Raises:
        StoreError: there is none, or there are several.
    """
    if (run / "job.json").is_file():
        return _read(run)
    if not is_experiment(run):
        raise StoreError(
            f"{run}: is no run folder; the folder of an experiment, such as runs/quickstart, or of "
            "one of its jobs is accepted. `lossbench status` shows those in runs/."
        )
    kept = [r for r in read_experiment(run).runs if (_folder(run, r) / MODEL).is_file()]
    found = [r for r in kept if loss in (None, r.loss) and seed in (None, r.seed)]
    if len(found) == 1:
        return _read(_folder(run, found[0]))
    if not kept:
        raise StoreError(
            f"{run}: none of its jobs has kept a model; execution: {{save_model: best}} in the "
            "experiment file keeps them."
        )
    wanted = (
        " with " + ", ".join(_wanted(loss, seed)) if loss is not None or seed is not None else ""
    )
    listed = [_named(run, r) for r in (found or kept)[:_SHOWN]]
    more = f"\n  and {len(found or kept) - _SHOWN} more" if len(found or kept) > _SHOWN else ""
    raise StoreError(
        f"{run}: {len(found) or 'no'} model{'' if len(found) == 1 else 's'} kept{wanted}; name "
        "one by its loss and seed, or by its folder:\n  " + "\n  ".join(listed) + more
    )


def _wanted(loss: str | None, seed: int | None) -> list[str]:
    found = [] if loss is None else [f"loss {loss!r}"]
    return found if seed is None else [*found, f"seed {seed}"]


def _named(folder: Path, run: Run) -> str:
    return f"{_folder(folder, run)}: {run.loss}, seed {run.seed}, {run.model} on {run.dataset}"


def _folder(folder: Path, run: Run) -> Path:
    return job_folder(folder, run.job_id)


def _read(folder: Path) -> SavedModel:
    result = read_result(folder)
    if result is None or "saved_model" not in result or not (folder / MODEL).is_file():
        raise StoreError(
            f"{folder}: this job has kept no model; execution: {{save_model: best}} in the "
            "experiment file keeps it."
        )
    return SavedModel(folder / MODEL, json.loads((folder / "job.json").read_bytes()), result)

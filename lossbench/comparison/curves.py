"""The curves of a job as its folder has them: validation by epoch, training loss by step."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lossbench import store
from lossbench.store import Stored

Array = NDArray[np.float64]
Folders = dict[str, Path]
"""The experiment's folder in which each job lies, by the job's id."""

_NORM = ("train", "gradient_norm")


@dataclass(frozen=True)
class Curves:
    """What was recorded while a job was trained; empty where nothing was.

    Attributes:
        epochs: numbers of the epochs, from 1, [e].
        values: the metric that chose the epoch, on validation after each of them, [e].
        seconds: seconds of training until the end of each, evaluations left out, [e].
        examples: training examples seen until then, [e].
        steps: numbers of the steps whose loss is recorded, from 1, [s].
        losses: training loss of each of them, or mean since the one before, [s].
        gradient_norms: norm of the loss's gradient on the probe batch after each epoch, in units
            of the loss; NaN where it was not recorded, [e].
    """

    epochs: Array
    values: Array
    seconds: Array
    examples: Array
    steps: Array
    losses: Array
    gradient_norms: Array

    @property
    def averaged(self) -> int:
        """How many steps each recorded loss is the mean of."""
        return int(self.steps[1] - self.steps[0]) if len(self.steps) > 1 else 1


def folders_of(stored: Sequence[Stored]) -> Folders:
    """Return where each job with a result lies; of the same job in several folders the first."""
    found: Folders = {}
    for experiment in stored:
        for run in experiment.runs:
            if run.result is not None:
                found.setdefault(run.job_id, experiment.folder)
    return found


def read_curves(job_id: str, metric: str, folders: Folders) -> Curves:
    """Return the curves of a job; a file that is absent or damaged gives an empty one."""
    place = store.job_folder(folders[job_id], job_id)
    steps = _steps(place / "steps.csv")
    epochs = _epochs(place / "epochs.csv", metric)
    return Curves(
        epochs=epochs[:, 0],
        values=epochs[:, 1],
        seconds=np.cumsum(epochs[:, 2]),
        examples=epochs[:, 3],
        steps=steps[:, 0],
        losses=steps[:, 1],
        gradient_norms=epochs[:, 4],
    )


def _epochs(path: Path, metric: str) -> Array:
    """Return epoch, value, seconds, examples and gradient norm of each epoch, [epochs, 5]."""
    wanted = (metric.replace('"', '""'), _NORM[1])
    try:
        with path.open(newline="") as file:
            names = next(csv.reader(file))
            # An epoch has some twenty rows; most are passed over before they are taken apart.
            lines = [line for line in file if any(name in line for name in wanted)]
        rows = list(csv.DictReader(lines, names))
        norms = {
            row["epoch"]: float(row["value"] or "nan")
            for row in rows
            if (row["split"], row["metric"]) == _NORM
        }
        found = [
            [
                float(row["epoch"]),
                float(row["value"] or "nan"),
                float(row["seconds_train"]),
                float(row["examples_seen"]),
                norms.get(row["epoch"], math.nan),
            ]
            for row in rows
            if (row["split"], row["metric"]) == ("validation", metric)
        ]
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        found = []
    return np.array(found, np.float64).reshape(-1, 5)


def _steps(path: Path) -> Array:
    """Return number and loss of each recorded step, [steps, 2]."""
    try:
        lines = path.read_text().splitlines()
        columns = lines[0].split(",")
        wanted = (columns.index("step"), columns.index("loss"))
        if len(lines) > 1:
            return np.loadtxt(lines[1:], delimiter=",", usecols=wanted, ndmin=2)
    except (OSError, ValueError, IndexError):
        pass
    return np.zeros((0, 2))

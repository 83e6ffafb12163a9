"""From a trained network to numbers: the same metrics for every loss, test looked at once."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench import metrics
from lossbench.catalog.losses import CLASSIFICATION, Decode, Task
from lossbench.datasets import Part, Splits
from lossbench.train.feeding import IndexFed

PREDICT_BATCH = 128
"""Images at once; with 512 a CPU took a quarter longer, and `predict` 50 ms more a call."""

PROBE_EXAMPLES = 2000
"""Training examples on which metrics are computed, so that training and validation compare."""


@dataclass(frozen=True)
class Resident:
    """All images and targets in one array each, and where each part lies."""

    images: NDArray[Any]
    targets: NDArray[Any]
    at: Mapping[str, NDArray[np.int32]]


def make_resident(splits: Splits) -> Resident:
    """Join the parts of a data set: training first, then validation, then test."""
    parts = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    ends = np.cumsum([len(part.ids) for part in parts.values()])
    starts = ends - [len(part.ids) for part in parts.values()]
    return Resident(
        images=np.concatenate([part.images for part in parts.values()]),
        targets=np.concatenate([part.targets for part in parts.values()]),
        at={
            name: np.arange(start, end, dtype=np.int32)
            for name, start, end in zip(parts, starts, ends, strict=True)
        },
    )


def probe(n_train: int) -> NDArray[np.int32]:
    """Return the fixed training examples that are measured at the end, in rising order."""
    rng = np.random.default_rng(0x9808E)
    chosen = rng.permutation(n_train)[:PROBE_EXAMPLES]
    return np.sort(chosen).astype(np.int32)


def predict(fed: IndexFed, indices: NDArray[np.int32], decode: Decode) -> NDArray[np.float64]:
    """Return decoded scores for resident examples, [n, classes] or [n, targets]."""
    starts = range(0, len(indices), PREDICT_BATCH)
    outputs = [fed.predict_on_batch(indices[start : start + PREDICT_BATCH]) for start in starts]
    return metrics.decode(np.concatenate(outputs).astype(np.float64), decode)


@dataclass(frozen=True)
class Evaluation:
    """Metrics of one state of the network on all parts, and its scores on validation and test."""

    rows: list[dict[str, Any]]
    scores: Mapping[str, NDArray[np.float64]]
    temperature: float | None


def evaluate(
    fed: IndexFed,
    resident: Resident,
    *,
    at: str,
    task: Task,
    decode: Decode,
    probabilistic: bool,
    validation_scores: NDArray[np.float64],
) -> Evaluation:
    """Measure the network as it is now on the training probe, validation and test.

    Args:
        fed: the network.
        resident: the data.
        at: "selected" or "last", for the rows.
        task: the task.
        decode: how outputs are read.
        probabilistic: whether decoded scores mean probabilities.
        validation_scores: scores of this state on validation, already known.
    """
    where = {**resident.at, "train": probe(len(resident.at["train"]))}
    scores = {
        "train": predict(fed, where["train"], decode),
        "validation": validation_scores,
        "test": predict(fed, where["test"], decode),
    }
    temperature = None
    if task in CLASSIFICATION:
        truth = resident.targets[where["validation"]]
        temperature = metrics.fit_temperature(scores["validation"], truth)
    rows = [
        {"split": split, "at": at, **asdict(row)}
        for split, found in scores.items()
        for row in metrics.measure(
            task,
            resident.targets[where[split]],
            found,
            probabilistic=probabilistic,
            temperature=temperature if split != "train" else None,
        )
    ]
    return Evaluation(rows, scores, temperature)


def confusion(part: Part, scores: NDArray[np.float64]) -> list[list[int]]:
    """Return counts by true class (rows) and predicted class (columns)."""
    from sklearn.metrics import confusion_matrix

    truth = part.targets.argmax(axis=1) if part.targets.ndim == 2 else part.targets
    classes = np.arange(scores.shape[1])
    counts: list[list[int]] = confusion_matrix(
        truth, scores.argmax(axis=1), labels=classes
    ).tolist()
    return counts


def class_counts(part: Part, n_classes: int) -> list[int]:
    """Return the training examples per class; soft labels count by their largest share."""
    if n_classes == 0:
        return []
    truth = part.targets.argmax(axis=1) if part.targets.ndim == 2 else part.targets
    return [int(count) for count in np.bincount(truth, minlength=n_classes)]

"""From a trained network to numbers: the same metrics for every loss, test looked at once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench import metrics
from lossbench.catalog import Output
from lossbench.catalog.losses import CLASSIFICATION, PROBABILISTIC, Decode
from lossbench.catalog.metrics import named
from lossbench.datasets import Part, Splits, of_output, targets_of
from lossbench.datasets.rows import Stack
from lossbench.requirements import Requirements
from lossbench.train import backends
from lossbench.train.feeding import IndexFed
from lossbench.train.scaling import Scaling

PREDICT_BATCH = 128
"""Images at once; with 512 a CPU took a quarter longer, and `predict` 50 ms more a call."""

PROBE_EXAMPLES = 2000
"""Training examples on which metrics are computed, so that training and validation compare."""


@dataclass(frozen=True)
class Resident:
    """All images, to be read by index, all targets in one array, and where each part lies."""

    images: Stack
    targets: NDArray[Any]
    at: Mapping[str, NDArray[np.int32]]


PIXELS_AT_ONCE = 2**18
"""Where each pixel has outputs, images at once are so few that their pixels are no more."""

PROBE_PIXELS = 2**22
"""Likewise, pixels of the training examples that are measured."""


def make_resident(splits: Splits) -> Resident:
    """Join the parts of a data set: training first, then validation, then test."""
    parts = {"train": splits.train, "validation": splits.validation, "test": splits.test}
    ends = np.cumsum([len(part.ids) for part in parts.values()])
    starts = ends - [len(part.ids) for part in parts.values()]
    return Resident(
        images=Stack([part.images for part in parts.values()]),
        targets=np.concatenate([part.targets for part in parts.values()]),
        at={
            name: np.arange(start, end, dtype=np.int32)
            for name, start, end in zip(parts, starts, ends, strict=True)
        },
    )


def probe(n_train: int, pixels: int = 1) -> NDArray[np.int32]:
    """Return the fixed training examples that are measured at the end, in rising order.

    Args:
        n_train: number of training examples.
        pixels: those of an example that have outputs of their own; 1 for outputs of images.
    """
    rng = np.random.default_rng(0x9808E)
    most = max(1, min(PROBE_EXAMPLES, PROBE_PIXELS // pixels))
    chosen = rng.permutation(n_train)[:most]
    return np.sort(chosen).astype(np.int32)


@dataclass(frozen=True)
class Reading:
    """How a network's outputs become scores in the units of the targets.

    Attributes:
        decode: the rule.
        context: what the rule reads besides the outputs: the loss's parameters and the like.
        scaling: of regression targets, where the loss sees them scaled.
        n_classes: number of classes.
        labels: of all resident examples, where class means are needed; else None.
        examples: the training examples whose embeddings give the class means.
    """

    decode: Decode
    context: Mapping[str, Any]
    scaling: Scaling | None
    n_classes: int
    labels: NDArray[Any] | None
    examples: NDArray[np.int32]


def with_means(fed: IndexFed, reading: Reading) -> Reading:
    """Return the reading for the network as it is now: class means of embeddings, where needed.

    A class of which no example is looked at has the mean 0, which is near to nothing.
    """
    if reading.labels is None:
        return reading
    embeddings, labels = _outputs(fed, reading.examples), reading.labels[reading.examples]
    unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-12)
    means = np.zeros((reading.n_classes, unit.shape[1]))
    for k in np.unique(labels):
        means[k] = unit[labels == k].mean(axis=0)
    return replace(reading, context={**reading.context, "means": means})


Look = Callable[[NDArray[np.int32], NDArray[Any]], None]
"""Is shown examples, by their indices, and the network's outputs before they are decoded."""


def predict(
    fed: IndexFed, indices: NDArray[np.int32], reading: Reading, look: Look | None = None
) -> NDArray[np.float64]:
    """Return decoded scores for resident examples, [n, classes] or [n, targets].

    For retrieval these are embeddings of length 1, [n, size]. Scores of pixels, [n, height, width,
    classes], are many: decoded a few images at a time and kept in single precision.
    """
    if len(fed.targets.shape) == 3:
        return _predict_masks(fed, indices, reading, look)
    outputs = _outputs(fed, indices)
    if look is not None:
        look(indices, outputs)
    scores = metrics.decode(outputs, reading.decode, **reading.context)
    return scores if reading.scaling is None else reading.scaling.undo(scores)


def _predict_masks(
    fed: IndexFed, indices: NDArray[np.int32], reading: Reading, look: Look | None
) -> NDArray[Any]:
    pixels = int(np.prod(fed.targets.shape[1:]))
    step = max(1, min(PREDICT_BATCH, PIXELS_AT_ONCE // pixels))
    found = []
    for number, outputs in enumerate(_batch_by_batch(fed, indices, step)):
        if look is not None:
            look(indices[number * step : (number + 1) * step], outputs)
        scores = metrics.decode(outputs, reading.decode, **reading.context)
        found.append(scores.astype(np.float32))
    return np.concatenate(found)


def _outputs(fed: IndexFed, indices: NDArray[np.int32]) -> NDArray[np.float64]:
    outputs = list(_batch_by_batch(fed, indices, PREDICT_BATCH))
    return np.concatenate(outputs).astype(np.float64)


def _batch_by_batch(fed: IndexFed, indices: NDArray[np.int32], size: int) -> Iterator[NDArray[Any]]:
    """Yield the outputs of so many examples at a time.

    Where the backend compiles a program for each size of batches, the last one is filled up.
    """
    fill = backends.compiles()
    for start in range(0, len(indices), size):
        wanted = indices[start : start + size]
        asked = np.resize(wanted, size) if fill else wanted
        yield fed.predict_on_batch(fed.read(asked))[: len(wanted)]


@dataclass(frozen=True)
class Answer:
    """What a network is measured by: the only output of a data set, or one of several.

    Attributes:
        splits: the data with the targets of this output alone.
        probabilistic: whether its decoded scores mean probabilities.
        output: which of several; None for the only one.
        columns: its first score, and the one after its last, among those of several.
    """

    splits: Splits
    probabilistic: bool
    output: Output | None = None
    columns: tuple[int, int] = (0, 0)

    def metric(self, name: str) -> str:
        """Return the name of a metric of this output, as tables have it."""
        return name if self.output is None else named(self.output.name, name)

    def truth(self, targets: NDArray[Any]) -> NDArray[Any]:
        """Return the targets of this output among those of all."""
        return targets if self.output is None else targets_of(self.output, targets)

    def own(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores of this output among those of all."""
        return scores if self.output is None else scores[:, slice(*self.columns)]


def answers(splits: Splits, loss: Requirements) -> tuple[Answer, ...]:
    """Return what a network that a loss trains is measured by.

    Args:
        splits: the data set.
        loss: what the loss needs.
    """
    if not splits.outputs:
        is_read = splits.task != "retrieval"  # there embeddings are what is measured
        return (Answer(splits, is_read and loss.decode in PROBABILISTIC),)
    each, found, end = dict(zip(loss.heads, loss.each, strict=True)), [], 0
    for output in splits.outputs:
        first, end = end, end + output.n_scores
        probabilistic = each[output.name].decode in PROBABILISTIC
        found.append(Answer(of_output(splits, output), probabilistic, output, (first, end)))
    return tuple(found)


@dataclass(frozen=True)
class Evaluation:
    """Metrics of one state of the network on all parts, and its scores on validation and test.

    Attributes:
        rows: rows of the table of metrics.
        scores: decoded scores by part.
        temperatures: those fitted on validation, by the name of the output; None is the only one.
        thresholds: likewise, of the outputs that have some.
    """

    rows: list[dict[str, Any]]
    scores: Mapping[str, NDArray[np.float64]]
    temperatures: Mapping[str | None, float] = field(default_factory=dict)
    thresholds: Mapping[str | None, NDArray[np.float64]] = field(default_factory=dict)

    @property
    def temperature(self) -> float | dict[str, float] | None:
        """The temperature of the only output, or those of several by name; None without any."""
        several = {name: value for name, value in self.temperatures.items() if name is not None}
        return several or self.temperatures.get(None)

    @property
    def threshold(self) -> list[float] | dict[str, list[float]] | None:
        """The thresholds of the only output, or of several by name; None without any."""
        plain = {name: values.tolist() for name, values in self.thresholds.items()}
        return {name: values for name, values in plain.items() if name} or plain.get(None)


def measure(
    measured: Sequence[Answer],
    targets: NDArray[Any],
    scores: NDArray[np.float64],
    temperatures: Mapping[str | None, float] | None = None,
    *,
    thresholds: Mapping[str | None, NDArray[np.float64]] | None = None,
    train_counts: Mapping[str | None, Sequence[int]] | None = None,
) -> list[metrics.Measured]:
    """Compute every metric that suits a data set.

    Args:
        measured: its outputs.
        targets: labels or targets, as the data set has them.
        scores: decoded scores of the same examples.
        temperatures: fitted on validation, by the name of the output; or None.
        thresholds: likewise.
        train_counts: training images of each class, by the name of the output; or None.
    """
    return [
        replace(row, metric=answer.metric(row.metric))
        for answer in measured
        for row in metrics.measure(
            answer.splits.task,
            answer.truth(targets),
            answer.own(scores),
            probabilistic=answer.probabilistic,
            temperature=(temperatures or {}).get(_name(answer)),
            ordered=answer.splits.ordered,
            target_kinds=answer.splits.target_kinds,
            train_counts=(train_counts or {}).get(_name(answer)),
            chosen_thresholds=(thresholds or {}).get(_name(answer)),
        )
    ]


def _name(answer: Answer) -> str | None:
    return None if answer.output is None else answer.output.name


def evaluate(
    fed: IndexFed,
    resident: Resident,
    measured: Sequence[Answer],
    *,
    at: str,
    reading: Reading,
    validation_scores: NDArray[np.float64],
    look: Look | None = None,
) -> Evaluation:
    """Measure the network as it is now on the training probe, validation and test.

    Args:
        fed: the network.
        resident: the data.
        measured: what is measured.
        at: "selected" or "last", for the rows.
        reading: how outputs are read.
        validation_scores: scores of this state on validation, already known.
        look: is shown the outputs on the test.
    """
    pixels = int(np.prod(resident.targets.shape[1:])) if resident.targets.ndim == 3 else 1
    where = {**resident.at, "train": probe(len(resident.at["train"]), pixels)}
    reading = with_means(fed, reading)
    scores = {
        "train": predict(fed, where["train"], reading),
        "validation": validation_scores,
        "test": predict(fed, where["test"], reading, look),
    }
    truth = resident.targets[where["validation"]]
    temperatures = {
        _name(answer): metrics.fit_temperature(
            answer.own(scores["validation"]), answer.truth(truth), answer.splits.task
        )
        for answer in measured
        if answer.splits.task not in ("regression", "retrieval")
    }
    thresholds = {
        _name(answer): found
        for answer in measured
        if (found := _thresholds(answer, scores["validation"], truth)) is not None
    }
    counts = {
        _name(answer): class_counts(answer.splits)
        for answer in measured
        if answer.splits.task == "multiclass"
    }
    rows = [
        {"split": split, "at": at, **asdict(row)}
        for split, found in scores.items()
        for row in measure(
            measured,
            resident.targets[where[split]],
            found,
            temperatures if split != "train" else None,
            # Where they were chosen, thresholds look better than they are.
            thresholds=thresholds if split != "validation" else None,
            train_counts=counts,
        )
    ]
    rows += [
        {"split": "train", "at": at, **asdict(row)}
        for answer in measured
        for row in _of_wrong_labels(answer, where["train"], answer.own(scores["train"]))
    ]
    return Evaluation(rows, scores, temperatures, thresholds)


def _thresholds(
    answer: Answer, scores: NDArray[np.float64], targets: NDArray[Any]
) -> NDArray[np.float64] | None:
    return metrics.fit_thresholds(answer.own(scores), answer.truth(targets), answer.splits.task)


def _of_wrong_labels(
    answer: Answer, at: NDArray[np.int32], scores: NDArray[np.float64]
) -> list[metrics.Measured]:
    """Return what became of training examples whose label was made wrong on purpose, if any."""
    part = answer.splits.train
    if part.clean_targets is None or answer.splits.task not in CLASSIFICATION:
        return []
    return metrics.measure_wrong_labels(part.clean_targets[at], part.targets[at], scores)


def confusion(part: Part, scores: NDArray[np.float64]) -> list[list[int]]:
    """Return counts by true class (rows) and predicted class (columns); of masks, of pixels."""
    from sklearn.metrics import confusion_matrix

    if scores.ndim == 4:
        pixels: list[list[int]] = metrics.pixel_confusion(part.targets, scores).tolist()
        return pixels
    truth = part.targets.argmax(axis=1) if part.targets.ndim == 2 else part.targets
    classes = np.arange(scores.shape[1])
    counts: list[list[int]] = confusion_matrix(
        truth, scores.argmax(axis=1), labels=classes
    ).tolist()
    return counts


def class_counts(splits: Splits) -> tuple[Any, ...]:
    """Return the training examples per class; soft labels count by their largest share.

    For several labels at once, a pair (without, with) for each; of masks, pixels.
    """
    targets = splits.train.targets
    if splits.task == "segmentation":
        # A split of images may leave a rare class no pixel, and losses divide by the counts.
        return tuple(max(1, int((targets == k).sum())) for k in range(len(splits.class_names)))
    if splits.task == "multilabel":
        present = [int(n) for n in (targets > 0.5).sum(axis=0)]
        return tuple((len(targets) - n, n) for n in present)
    truth = targets.argmax(axis=1) if targets.ndim == 2 else targets
    return tuple(int(n) for n in np.bincount(truth, minlength=len(splits.class_names)))

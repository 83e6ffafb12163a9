"""Several outputs of one data set: their targets side by side in one matrix."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lossbench.catalog import Output
from lossbench.catalog.losses import CLASSIFICATION
from lossbench.catalog.metrics import DEFAULT_METRIC, named
from lossbench.datasets.labels import Labels
from lossbench.datasets.target_values import target_values


@dataclass(frozen=True, eq=False)
class Joined:
    """The targets of several outputs.

    Attributes:
        train: training targets, float32 [n, columns].
        test: test targets, likewise.
        outputs: what the columns are.
    """

    train: np.ndarray
    test: np.ndarray
    outputs: tuple[Output, ...]

    @property
    def metric(self) -> str:
        """The metric that suits the first output, by its full name."""
        return named(self.outputs[0].name, self.outputs[0].metric)


def join(labels: Mapping[str, Labels]) -> Joined:
    """Put the targets of several outputs side by side.

    Args:
        labels: those of each output by its name, no soft labels.
    """
    outputs, end = [], 0
    for name, own in labels.items():
        first, end = end, end + _columns(own.train).shape[1]
        outputs.append(_output(name, own, (first, end)))
    return Joined(
        train=np.concatenate([_columns(own.train) for own in labels.values()], axis=1),
        test=np.concatenate([_columns(own.test) for own in labels.values()], axis=1),
        outputs=tuple(outputs),
    )


def strata_of(targets: np.ndarray, outputs: tuple[Output, ...]) -> tuple[np.ndarray, int]:
    """Return the class by which examples are drawn, int [n], and the number of these classes.

    They are those of the first output that has one class for each example; without one, all
    examples form one class.
    """
    for output in outputs:
        if output.task in CLASSIFICATION:
            return targets[:, output.columns[0]].astype(np.int64), len(output.class_names)
    return np.zeros(len(targets), np.int64), 1


def _output(name: str, labels: Labels, columns: tuple[int, int]) -> Output:
    is_regression = labels.task == "regression"
    output = Output(
        name=name,
        task=labels.task,
        columns=columns,
        class_names=labels.class_names,
        n_targets=columns[1] - columns[0] if is_regression else 0,
        metric=DEFAULT_METRIC[labels.task],
    )
    return replace(output, **target_values(labels.train, labels.test)) if is_regression else output


def _columns(targets: np.ndarray) -> np.ndarray:
    return (targets if targets.ndim == 2 else targets[:, np.newaxis]).astype(np.float32)

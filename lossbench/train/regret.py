"""How far a network is from the best possible one, where the data know what that is."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lossbench import metrics
from lossbench.catalog.metrics import metric_row, offered
from lossbench.datasets import best_prediction
from lossbench.train.evaluation import Answer


def best_values(measured: Sequence[Answer]) -> dict[str, float]:
    """Return what the best possible predictions attain on this very test part.

    Args:
        measured: the outputs of a data set.

    Returns:
        The value of each metric whose best prediction is known, by its name; none where the data
        know no truth.
    """
    return {
        answer.metric(name): value
        for answer in measured
        for name, value in _best_values(answer).items()
        if math.isfinite(value)
    }


def _best_values(answer: Answer) -> dict[str, float]:
    splits, found = answer.splits, {}
    if splits.optimum is None:
        return {}
    rows = offered(
        splits.task,
        n_classes=len(splits.class_names),
        ordered=splits.ordered,
        target_kinds=splits.target_kinds,
    )
    for row in rows:
        truth = splits.test.targets
        best = row.optimal and best_prediction(splits.optimum, row.optimal, truth)
        if best is not None:
            found[row.name] = metrics.function(row)(truth, best)
    return found


def with_regret(
    rows: Iterable[Mapping[str, Any]], best: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return rows of metrics, those of the test with the best possible value and the distance.

    Args:
        rows: rows of the table of metrics.
        best: from `best_values`.

    Returns:
        The rows; raw values on the test have `optimum` and `regret` where they are known. Regret is
        positive where the network is worse. It may be below 0 by luck: the best prediction is the
        best in expectation, not on every sample.
    """
    return [dict(row) | _regret(row, best) for row in rows]


def _regret(row: Mapping[str, Any], best: Mapping[str, float]) -> dict[str, float]:
    optimum = best.get(row["metric"])
    if optimum is None or (row["split"], row["stage"]) != ("test", "raw"):
        return {}
    sign = 1.0 if metric_row(row["metric"]).higher_is_better else -1.0
    return {"optimum": optimum, "regret": sign * (optimum - row["value"])}

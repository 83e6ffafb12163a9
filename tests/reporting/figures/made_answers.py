"""Run folders of classifiers with predictions, made by hand: confusions and metrics fit them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lossbench import metrics, store
from lossbench.reporting.figures import Material
from lossbench.reporting.page.report import report_of

Make = Callable[..., Path]


def write_runs(
    make_runs: Make,
    scores: Mapping[str, Sequence[np.ndarray]],
    truth: np.ndarray,
    *,
    names: Sequence[str],
    raw: Mapping[str, bool] | None = None,
    temperature: float = 2.0,
    ids: np.ndarray | None = None,
    job: Mapping[str, Any] | None = None,
    changes: Mapping[str, Any] | None = None,
    protocol: Mapping[str, Any] | None = None,
    metric: str = "accuracy",
) -> Path:
    """Write an experiment whose networks gave these scores, one table for each level and seed.

    Levels that `raw` names with False have scores that are no probabilities.
    """
    task = "binary" if len(names) == 2 else "multiclass"
    ids = np.arange(len(truth)) if ids is None else ids

    def result(level: str, one: np.ndarray) -> dict[str, Any]:
        probabilistic = (raw or {}).get(level, True)
        found = metrics.measure(
            task, truth, one, probabilistic=probabilistic, temperature=temperature
        )
        rows = [
            {
                "split": "test",
                "at": "selected",
                "metric": row.metric,
                "stage": row.stage,
                "value": None if np.isnan(row.value) else row.value,
                "higher_is_better": row.higher_is_better,
                "n_examples": len(truth),
            }
            for row in found
        ]
        counts = np.zeros((len(names), len(names)), int)
        np.add.at(counts, (truth, one.argmax(axis=1)), 1)
        return {
            "task": task,
            "class_names": list(names),
            "confusion": counts.tolist(),
            "metrics": rows,
            "temperature": temperature,
            **(changes or {}),
        }

    made = {level: [result(level, one) for one in each] for level, each in scores.items()}
    first = next(iter(scores))
    folder = make_runs(made, metric=metric, protocol={"baseline": first} | dict(protocol or {}))
    for level, each in scores.items():
        for seed, one in enumerate(each):
            place = store.job_folder(folder, f"made-mnist_mini-{level}-{seed}")
            np.savez(place / "predictions.npz", example_id=ids, y_true=truth, scores=one)
            store.write_json(place / "job.json", dict(job or {}))
    return folder


def material_of(folder: Path) -> Material:
    """Read a folder of one comparison."""
    (found,) = report_of([folder], "0").materials
    return found


def logits(predicted: Sequence[int], classes: int, confidence: float) -> np.ndarray:
    """Scores whose softmax gives the predicted class this probability, the others equal shares."""
    rest = (1 - confidence) / (classes - 1)
    table = np.full((len(predicted), classes), np.log(rest))
    table[np.arange(len(predicted)), list(predicted)] = np.log(confidence)
    return table

"""What is different in a trial of tuning: no test data, and perhaps only the first epochs."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lossbench.train import evaluation

if TYPE_CHECKING:
    from lossbench.train.loop import State
    from lossbench.train.settling import Setting

NOTHING: Mapping[str, Any] = {"metrics": [], "test_eval_count": 0}
"""What a trial has measured that did not end well."""


def is_trial(job: Mapping[str, Any]) -> bool:
    """Whether a job, given by its `job.json`, is a trial of tuning."""
    return job.get("phase") == "tune"


def last_epoch(job: Mapping[str, Any]) -> int:
    """Return the epoch after which a job ends; its schedule is always that of all its epochs."""
    return int(job.get("stop_after") or job["train"]["epochs"])


def measure(setting: "Setting", state: "State") -> dict[str, Any]:
    """Return what a trial is told apart by: metrics on validation, selected and last epoch.

    Nothing is predicted for it, since the scores are known, and nothing is written.
    """
    resident = setting.data.resident
    truth = resident.targets[resident.at["validation"]]
    rows = [
        {"split": "validation", "at": at, **asdict(row)}
        for at, scores in (("selected", state.best_scores), ("last", state.last_scores))
        if scores is not None
        for row in evaluation.measure(setting.answers, truth, scores)
    ]
    return {**NOTHING, "metrics": rows}

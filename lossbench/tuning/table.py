"""The table of trials: a row for each training of a search, as `tuning.csv` has it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lossbench.config.entries import plain
from lossbench.tuning.families import Family, raw_value, trial_job
from lossbench.tuning.studies import Choice, Trial


def rows(
    family: Family,
    asked: Sequence[Trial],
    results: Mapping[Trial, Mapping[str, Any]],
    choices: Mapping[str, Choice],
) -> Iterator[dict[str, Any]]:
    """Yield a row for each trial that was asked for.

    Args:
        family: whose trials these are.
        asked: trials in the order in which they were asked for.
        results: of those that have ended.
        choices: by the key of the study; empty while the search goes on.
    """
    for trial in asked:
        candidate, choice = family.candidate(trial.study), choices.get(trial.study)
        job, result = trial_job(candidate, trial), results.get(trial)
        taken = choice is not None and choice.value is not None and choice.point == trial.point
        first = candidate.jobs[0]
        yield {
            "job_id": job.id,
            **first.names(),
            "track": " ".join(candidate.tracks),
            "trial": trial.point,
            "stage": trial.stage,
            "seed": trial.seed,
            "learning_rate": job.optimizer.params["learning_rate"],
            "parameters": json.dumps(plain(dict(trial.params)), sort_keys=True),
            "epochs": (result or {}).get("epochs_done"),
            "seconds": (result or {}).get("seconds_total"),
            "status": result["status"] if result else "missing",
            "metric": first.metric,
            "value": raw_value(result, first.metric, family.at) if result else None,
            "edge": "yes" if taken and choice is not None and choice.edges else "",
            "chosen": "yes" if taken else "",
        }

"""Run folders, whole or not at all, readable without TensorFlow.

runs/<experiment>/
  experiment.yaml   the resolved configuration as run
  plan.csv          every job and every skip with its reason
  runs.csv ...      tidy tables, rebuilt from the job folders
  jobs/<job id>/    job.json  result.json  epochs.csv  steps.csv  predictions.npz  log.txt
"""

from lossbench.store.experiments import (
    FINISHED,
    PLAN_COLUMNS,
    Run,
    Stored,
    find_experiments,
    is_experiment,
    job_folder,
    read_experiment,
    read_progress,
    read_result,
)
from lossbench.store.files import csv_text, write_json, write_whole
from lossbench.store.tables import EPOCH_COLUMNS, write_tables

__all__ = [
    "EPOCH_COLUMNS",
    "FINISHED",
    "PLAN_COLUMNS",
    "Run",
    "Stored",
    "csv_text",
    "find_experiments",
    "is_experiment",
    "job_folder",
    "read_experiment",
    "read_progress",
    "read_result",
    "write_json",
    "write_tables",
    "write_whole",
]

"""Run folders, whole or not at all, readable without TensorFlow.

runs/<experiment>/
  experiment.yaml   the resolved configuration as run
  plan.csv          every job and every skip with its reason
  runs.csv ...      tidy tables, rebuilt from the job folders
  report.html       the page of `lossbench report`, written at the end of a run
  jobs/<job id>/    job.json  result.json  epochs.csv  steps.csv  predictions.npz  log.txt
                    loss_curve.json, of a loss that has one; model.keras, where it is kept
                    test_evaluations.json: how often the test was looked at
                    while it runs: lease.<k>  progress.json  checkpoint.npz
"""

from lossbench.store.cleaning import Leftover, forget_failure, leftovers, remove
from lossbench.store.evaluation_counter import count_test_evaluation
from lossbench.store.experiments import (
    FINISHED,
    PLAN_COLUMNS,
    TUNING_COLUMNS,
    Run,
    Stored,
    find_experiments,
    is_experiment,
    is_job,
    job_folder,
    read_experiment,
    read_job,
    read_progress,
    read_result,
)
from lossbench.store.files import csv_text, write_json, write_whole
from lossbench.store.leases import Holder, Lease, claim, holder
from lossbench.store.loss_curves import LOSS_CURVE, read_loss_curve
from lossbench.store.protocol import DECLARED, protocol_sha256
from lossbench.store.saved_models import MODEL, SavedModel, find_model
from lossbench.store.sealing import file_hashes, is_changed, is_sealed, verify, write_result
from lossbench.store.standing import Damage, Running, Standing, Trials, read_standing
from lossbench.store.tables import EPOCH_COLUMNS, table_texts, write_tables

__all__ = [
    "DECLARED",
    "EPOCH_COLUMNS",
    "FINISHED",
    "LOSS_CURVE",
    "MODEL",
    "PLAN_COLUMNS",
    "TUNING_COLUMNS",
    "Damage",
    "Holder",
    "Lease",
    "Leftover",
    "Run",
    "Running",
    "SavedModel",
    "Standing",
    "Stored",
    "Trials",
    "claim",
    "count_test_evaluation",
    "csv_text",
    "file_hashes",
    "find_experiments",
    "find_model",
    "forget_failure",
    "holder",
    "is_changed",
    "is_experiment",
    "is_job",
    "is_sealed",
    "job_folder",
    "leftovers",
    "protocol_sha256",
    "read_experiment",
    "read_job",
    "read_loss_curve",
    "read_progress",
    "read_result",
    "read_standing",
    "remove",
    "table_texts",
    "verify",
    "write_json",
    "write_result",
    "write_tables",
    "write_whole",
]

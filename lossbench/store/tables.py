"""The tidy tables of an experiment, made anew from its job folders at any time."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lossbench.catalog.axes import told
from lossbench.store.experiments import Run, Stored, job_folder
from lossbench.store.files import csv_text, write_whole

RUN_COLUMNS = (
    "job_id",
    "dataset",
    "model",
    "optimizer",
    "schedule",
    "backend",
    "loss",
    "loss_params",
    "tracks",
    "seed",
    "block_id",
    "protocol_sha256",
    "status",
    "message",
    "learning_rate",
    "epochs",
    "batch_size",
    "epochs_done",
    "stopped_early",
    "epochs_unused",
    "selected_epoch",
    "selection_metric",
    "collapsed",
    "first_bad_step",
    "loss_spikes",
    "gradient_norm_max_ratio",
    "gradient_norm_initial",
    "loss_scale",
    "reference_gradient_norm",
    "best_last_gap",
    "train_validation_gap",
    "temperature",
    "head",
    "outputs",
    "output_activation",
    "split",
    "test_resampled",
    "n_train",
    "n_validation",
    "n_test",
    "init_sha256",
    "head_init_sha256",
    "loss_init_sha256",
    "order_sha256",
    "split_sha256",
    "label_sha256",
    "augmentation_sha256",
    "params",
    "trainable_params",
    "loss_trainable_params",
    "device",
    "load_per_cpu",
    "dtype_policy",
    "threads",
    "versions",
    "started_at",
    "seconds_total",
    "seconds_data",
    "seconds_features",
    "seconds_train",
    "seconds_compile",
    "step_ms_median",
    "memory_mib",
    "test_eval_count",
    "attempts",
)
METRIC_COLUMNS = (
    "job_id",
    "split",
    "at",
    "stage",
    "metric",
    "value",
    "higher_is_better",
    "n_examples",
    "optimum",
    "regret",
)
"""`optimum` and `regret` are filled on the test of data whose best predictions are known."""

EPOCH_COLUMNS = (
    "job_id",
    "epoch",
    "examples_seen",
    "seconds_train",
    "seconds_eval",
    "learning_rate",
    "split",
    "metric",
    "value",
)
PER_CLASS_COLUMNS = (
    "job_id",
    "split",
    "class_id",
    "class_name",
    "support",
    "metric",
    "value",
    "output",
)
CROSS_LOSS_COLUMNS = ("job_id", "loss", "evaluated", "value", "reason")
"""Rows: trained with `loss`, mean of `evaluated` per example of the test, or why there is none."""
CONFUSION_COLUMNS = ("job_id", "split", "true_class", "pred_class", "count", "output")
"""The column `output` names one of several outputs; it is empty where there is one alone."""


def table_texts(stored: Stored) -> dict[str, str]:
    """Return the tidy tables of an experiment as CSV text, by the names of their files."""
    runs = [run for run in stored.runs if run.result]
    return {
        "runs.csv": csv_text(RUN_COLUMNS, map(_run_row, runs)),
        "metrics.csv": csv_text(METRIC_COLUMNS, (row for run in runs for row in _metric_rows(run))),
        "epochs.csv": "".join(_epoch_lines(stored.folder, runs)),
        "per_class.csv": csv_text(
            PER_CLASS_COLUMNS, (row for run in runs for row in _per_class_rows(run))
        ),
        "confusion.csv": csv_text(
            CONFUSION_COLUMNS, (row for run in runs for row in _confusion_rows(run))
        ),
        "cross_loss.csv": csv_text(
            CROSS_LOSS_COLUMNS, (row for run in runs for row in _cross_loss_rows(run))
        ),
    }


def write_tables(stored: Stored) -> None:
    """Write `runs.csv`, `metrics.csv`, `epochs.csv` and the tables of classes and of cross-losses.

    Raises:
        StoreError: the folder cannot be written.
    """
    for name, text in table_texts(stored).items():
        write_whole(stored.folder / name, text)


def _run_row(run: Run) -> dict[str, Any]:
    result = run.result or {}
    row = {column: result.get(column) for column in RUN_COLUMNS}
    return row | {
        "job_id": run.job_id,
        "dataset": run.dataset,
        "model": run.model,
        "optimizer": run.optimizer,
        "schedule": run.schedule,
        "backend": run.backend,
        "loss": run.loss,
        "loss_params": json.dumps(result.get("loss_params"), sort_keys=True),
        "tracks": " ".join(run.tracks),
        "seed": run.seed,
        "block_id": _block_id(run),
        "temperature": _temperature(result.get("temperature")),
        "versions": json.dumps(result.get("versions"), sort_keys=True),
    }


def _block_id(run: Run) -> str:
    """Return what the runs of a block share: everything but the loss; the usual is not named."""
    return "/".join((*told(run.names(), without="loss"), f"seed {run.seed}"))


def _temperature(value: Any) -> Any:
    """Return the temperature of the only output, or those of several as JSON."""
    return json.dumps(value, sort_keys=True) if isinstance(value, dict) else value


def _metric_rows(run: Run) -> Iterator[dict[str, Any]]:
    for row in (run.result or {}).get("metrics", ()):
        yield {"job_id": run.job_id, **{c: row.get(c) for c in METRIC_COLUMNS[1:]}}


def _cross_loss_rows(run: Run) -> Iterator[dict[str, Any]]:
    for row in (run.result or {}).get("cross_loss", ()):
        told = {"evaluated": row["loss"], "value": row["value"], "reason": row.get("reason")}
        yield {"job_id": run.job_id, "loss": run.loss, **told}


def _epoch_lines(folder: Path, runs: list[Run]) -> Iterator[str]:
    """Yield the header once and the lines of every job's own file."""
    yield ",".join(EPOCH_COLUMNS) + "\n"
    for run in runs:
        path = job_folder(folder, run.job_id) / "epochs.csv"
        if path.is_file():
            yield from path.read_text().splitlines(keepends=True)[1:]


def _confusion_rows(run: Run) -> Iterator[dict[str, Any]]:
    for one in _each_output(run):
        yield from _confusion_rows_of(run, one)


def _per_class_rows(run: Run) -> Iterator[dict[str, Any]]:
    for one in _each_output(run):
        yield from _per_class_rows_of(run, one)


def _each_output(run: Run) -> list[dict[str, Any]]:
    """Return what a result says of the classes of each of several outputs, or of the only one."""
    result = run.result or {}
    return list(result.get("per_output") or [result])


def _output(told: dict[str, Any]) -> dict[str, Any]:
    return {"output": told["output"]} if "output" in told else {}


def _confusion_rows_of(run: Run, told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    counts = told.get("confusion") or ()
    for true_class, row in enumerate(counts):
        for pred_class, count in enumerate(row):
            if count:
                yield {
                    "job_id": run.job_id,
                    "split": "test",
                    "true_class": true_class,
                    "pred_class": pred_class,
                    "count": count,
                    **_output(told),
                }


def _per_class_rows_of(run: Run, told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    names = told.get("class_names", ())
    for row in told.get("per_label") or ():
        yield {
            "job_id": run.job_id,
            "split": "test",
            "class_name": names[row["class_id"]],
            **row,
            **_output(told),
        }
    counts = told.get("confusion") or []
    for index, name in enumerate(names if counts else ()):
        hits = counts[index][index]
        support = sum(counts[index])
        predicted = sum(row[index] for row in counts)
        values = {
            "precision": hits / predicted if predicted else None,
            "recall": hits / support if support else None,
            "f1": 2 * hits / (support + predicted) if support + predicted else None,
        }
        for metric, value in values.items():
            yield {
                "job_id": run.job_id,
                "split": "test",
                "class_id": index,
                "class_name": name,
                "support": support,
                "metric": metric,
                "value": value,
                **_output(told),
            }

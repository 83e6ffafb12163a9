"""Run one job: data, network and loss together, train, evaluate once, write the folder."""

import contextlib
import functools
import io
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from lossbench import datasets, metrics, models, store
from lossbench.catalog import METRICS, OPTIMIZERS
from lossbench.catalog.losses import CLASSIFICATION, Decode, Head
from lossbench.datasets import Splits
from lossbench.errors import LossbenchError
from lossbench.train import environment, evaluation
from lossbench.train.evaluation import Evaluation, Resident
from lossbench.train.feeding import STEPS_PER_CALL, IndexFed
from lossbench.train.loop import Training, order_sha256, train_epochs
from lossbench.train.objective import make_loss

SCHEMA = 1
"""Version of `result.json`; raised when a reader of the old form would misread the new."""

PROGRESS_EVERY_S = 0.5


def run_job(folder: Path, threads: int) -> dict[str, Any]:
    """Run the job that `folder/job.json` describes and write its result beside it.

    Whatever goes wrong becomes a result with a status; `result.json` is written last, so a
    folder that has one is complete.

    Args:
        folder: the job's folder.
        threads: recorded; set when the process was prepared.

    Returns:
        The content of `result.json`.

    Raises:
        StoreError: the folder cannot be written.
    """
    job = json.loads((folder / "job.json").read_bytes())
    result: dict[str, Any] = {
        "schema": SCHEMA,
        "job_id": job["job_id"],
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "attempts": job.get("attempts", 1),
    }
    started = time.perf_counter()
    with _output_to(folder / "log.txt"):
        try:
            result |= _train_and_measure(folder, job)
        except MemoryError:
            traceback.print_exc()
            result |= {"status": "oom", "message": "ran out of memory; see log.txt"}
        except Exception as error:
            traceback.print_exc()
            result |= {"status": "error", "message": _one_line(error)}
    result |= {
        "seconds_total": round(time.perf_counter() - started, 3),
        "memory_mib": round(environment.peak_memory_mib(), 1),
        "threads": threads,
        "device": environment.device(),
        "versions": environment.versions(),
    }
    (folder / "progress.json").unlink(missing_ok=True)
    store.write_json(folder / "result.json", result)
    return result


def _one_line(error: Exception) -> str:
    known = isinstance(error, LossbenchError)
    text = str(error) if known else f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:500]


@contextlib.contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Send everything that this process prints, C++ included, to a file for a while."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [os.dup(1), os.dup(2)]
    streams = sys.stdout, sys.stderr
    with path.open("wb", buffering=0) as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        text = io.TextIOWrapper(log, encoding="utf-8", line_buffering=True, write_through=True)
        sys.stdout = sys.stderr = text
        try:
            yield
        finally:
            text.flush()
            text.detach()
            sys.stdout, sys.stderr = streams
            for target, source in enumerate(saved, start=1):
                os.dup2(source, target)
                os.close(source)


@functools.lru_cache(maxsize=2)
def _data(name: str, params: str) -> tuple[Splits, Resident]:
    """Load a data set; the worker keeps the last two, since most jobs share theirs."""
    splits = datasets.load(name, json.loads(params))
    return splits, evaluation.make_resident(splits)


@dataclass(frozen=True)
class _Setting:
    """What a job comes down to once its data are known."""

    job: Mapping[str, Any]
    splits: Splits
    resident: Resident
    outputs: int
    decode: Decode

    @property
    def probabilistic(self) -> bool:
        return self.decode in ("softmax", "sigmoid")

    @property
    def n_train(self) -> int:
        return len(self.splits.train.ids)


def _width(head: Head, splits: Splits) -> int:
    if head == "binary":
        return 1
    return len(splits.class_names) if head == "classes" else int(splits.train.targets.shape[1])


def _train_and_measure(folder: Path, job: Mapping[str, Any]) -> dict[str, Any]:
    dataset = job["dataset"]
    splits, resident = _data(dataset["name"], json.dumps(dataset["params"], sort_keys=True))
    setting = _Setting(job, splits, resident, _width(job["head"], splits), job["decode"])
    fed, fingerprints = _assemble(setting)
    training = _train(fed, setting, _Progress(folder, fed.steps_per_epoch))
    result = {
        "status": training.status,
        "message": _message(training),
        "task": splits.task,
        "epochs": job["train"]["epochs"],
        "batch_size": job["train"]["batch_size"],
        "loss_params": job["loss"]["params"],
        "head": job["head"],
        "outputs": setting.outputs,
        "epochs_done": len(training.epochs),
        "selected_epoch": training.selected,
        "selection_metric": job["metric"],
        "first_bad_step": training.first_bad_step,
        "learning_rate": job["optimizer"]["params"]["learning_rate"],
        "params": fed.network.count_params(),
        "dtype_policy": keras.mixed_precision.dtype_policy().name,
        "step_ms_median": training.timing.step_ms_median(),
        "seconds_compile": training.timing.seconds_compile(),
        "seconds_train": sum(epoch.seconds_train for epoch in training.epochs),
        **fingerprints,
    }
    if training.status == "ok":
        result |= _measure(folder, fed, setting, training)
    _write_curves(folder, setting, training)
    return result


def _message(training: Training) -> str | None:
    if training.status == "ok":
        return None
    total = len(training.step_losses)
    step = training.first_bad_step
    if training.status == "nan":
        return f"the loss became NaN at step {step or total}"
    if step:
        return f"the loss became infinite at step {step}"
    return f"the loss grew a thousandfold by step {total}"


def _assemble(setting: _Setting) -> tuple[IndexFed, dict[str, str]]:
    """Build the network, give it its initial weights, join it with data, loss and optimizer."""
    job, splits = setting.job, setting.splits
    keras.backend.clear_session()
    keras.utils.set_random_seed(job["seed"])
    model = job["model"]
    shape = splits.train.images.shape[1:]
    network = models.build(model["name"], model["params"], shape, setting.outputs)
    weights = models.draw_initial_weights(network, job["seed"])
    network.set_weights(weights)
    backbone, head = models.fingerprint(weights, network)
    counts = evaluation.class_counts(splits.train, len(splits.class_names))
    loss = make_loss(job["loss"]["name"], job["loss"]["params"], counts)
    steps = -(-setting.n_train // job["train"]["batch_size"])
    fed = IndexFed(network, setting.resident.images, setting.resident.targets, loss, steps)
    fed.compile(
        optimizer=_optimizer(job["optimizer"]),
        steps_per_execution=min(STEPS_PER_CALL, steps),
    )
    return fed, {
        "init_sha256": backbone,
        "head_init_sha256": head,
        "order_sha256": order_sha256(job["seed"], setting.n_train),
        "split_sha256": datasets.split_sha256(splits),
        "label_sha256": datasets.label_sha256(splits),
    }


def _optimizer(entry: Mapping[str, Any]) -> keras.optimizers.Optimizer:
    module, name = OPTIMIZERS[entry["name"]].target.split(":")
    return getattr(import_module(module), name)(**entry["params"])


def _train(fed: IndexFed, setting: _Setting, report: Callable[..., None]) -> Training:
    job, resident = setting.job, setting.resident
    truth = resident.targets[resident.at["validation"]]
    metric = job["metric"]

    def validate() -> tuple[NDArray[np.float64], float]:
        scores = evaluation.predict(fed, resident.at["validation"], setting.decode)
        if not np.isfinite(scores).all():
            return scores, float("nan")
        return scores, metrics.primary(setting.splits.task, truth, scores, metric)

    return train_epochs(
        fed,
        seed=job["seed"],
        n_train=setting.n_train,
        epochs=job["train"]["epochs"],
        batch_size=job["train"]["batch_size"],
        higher_is_better=bool(METRICS[metric].higher_is_better),
        validate=validate,
        report=report,
    )


def _measure(folder: Path, fed: IndexFed, setting: _Setting, training: Training) -> dict[str, Any]:
    """Evaluate the last and the selected weights, write predictions, return the numbers.

    This is the one time that the test set is looked at.
    """
    task, splits = setting.splits.task, setting.splits

    def at(name: str, epoch: int) -> Evaluation:
        return evaluation.evaluate(
            fed,
            setting.resident,
            at=name,
            task=task,
            decode=setting.decode,
            probabilistic=setting.probabilistic,
            validation_scores=training.epochs[epoch - 1].scores,
        )

    last = len(training.epochs)
    at_last = at("last", last)
    if training.selected == last:
        selected = Evaluation(
            [row | {"at": "selected"} for row in at_last.rows], at_last.scores, at_last.temperature
        )
    else:
        fed.network.set_weights(list(training.best_weights))
        selected = at("selected", training.selected)
    _write_predictions(folder / "predictions.npz", splits, selected)
    truth = setting.resident.targets[setting.resident.at["validation"]]
    collapsed = metrics.collapsed(task, truth, selected.scores["validation"])
    is_classes = task in CLASSIFICATION
    return {
        "metrics": selected.rows + at_last.rows,
        "temperature": selected.temperature,
        "collapsed": bool(collapsed),
        "test_eval_count": 1,
        "class_names": list(splits.class_names),
        "confusion": (
            evaluation.confusion(splits.test, selected.scores["test"]) if is_classes else None
        ),
    }


def _write_predictions(path: Path, splits: Splits, selected: Evaluation) -> None:
    """Write what per-example statistics need: test, and validation under its own names."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        example_id=splits.test.ids,
        y_true=splits.test.targets,
        scores=selected.scores["test"].astype("float32"),
        validation_example_id=splits.validation.ids,
        validation_y_true=splits.validation.targets,
        validation_scores=selected.scores["validation"].astype("float32"),
    )
    store.write_whole(path, buffer.getvalue())


def _write_curves(folder: Path, setting: _Setting, training: Training) -> None:
    job_id = setting.job["job_id"]
    rows = evaluation.epoch_rows(
        training.epochs,
        setting.resident,
        task=setting.splits.task,
        probabilistic=setting.probabilistic,
        learning_rate=setting.job["optimizer"]["params"]["learning_rate"],
    )
    rows = [{"job_id": job_id, **row} for row in rows]
    store.write_whole(folder / "epochs.csv", store.csv_text(store.EPOCH_COLUMNS, rows))
    steps = ({"step": i, "loss": float(v)} for i, v in enumerate(training.step_losses, start=1))
    store.write_whole(folder / "steps.csv", store.csv_text(("step", "loss"), steps))


class _Progress:
    """Notes for the parent process how far the job is, at most twice a second."""

    def __init__(self, folder: Path, steps_per_epoch: int) -> None:
        self.path, self.steps_per_epoch = folder / "progress.json", steps_per_epoch
        self.written = 0.0

    def __call__(self, epoch: int, step: int, metric: float | None) -> None:
        now = time.monotonic()
        if now - self.written < PROGRESS_EVERY_S and step:
            return
        self.written = now
        beside = self.path.with_suffix(".tmp")
        progress = {
            "epoch": epoch,
            "step": step,
            "steps_per_epoch": self.steps_per_epoch,
            "metric": metric,
        }
        with contextlib.suppress(OSError):  # progress is a courtesy, never worth a job
            beside.write_text(json.dumps(progress))
            os.replace(beside, self.path)

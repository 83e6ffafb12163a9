"""Run one job: train, evaluate once, write the folder; go on from a checkpoint if there is one."""

import contextlib
import json
import math
import re
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from lossbench import backbones, datasets, models, store
from lossbench.catalog.metrics import metric_row
from lossbench.errors import LossbenchError, StoreError
from lossbench.train import (
    backends,
    checkpoint,
    early_stopping,
    environment,
    evaluation,
    final_evaluation,
    precision,
    recording,
    saved_model,
    scale_control,
    trial,
)
from lossbench.train.assembly import assemble, enter, forget, trainable_params
from lossbench.train.feeding import IndexFed
from lossbench.train.job_files import write_curves, write_loss_curve
from lossbench.train.job_log import output_to, warnings_of
from lossbench.train.loading import MEMORY_BUDGET_MIB
from lossbench.train.loop import (
    State,
    Status,
    Validation,
    first_bad_step,
    seconds_compile,
    step_ms_median,
    train_epochs,
    weights_of,
)
from lossbench.train.ordering import order_sha256
from lossbench.train.settling import Setting, settle, target_scale
from lossbench.train.stages import Stage, stages_of
from lossbench.train.watch import Interrupted, Watch

SCHEMA = 1
"""Version of `result.json`; raised when a reader of the old form would misread the new."""

CONFIG = ("model", "optimizer", "schedule", "train")
"""What a result repeats of `job.json`: all but the loss that a block must share and no hash has."""


def run_job(
    folder: Path,
    *,
    threads: int,
    attempt: int = 1,
    checkpoint_every_s: float = 60.0,
    stop: Path | None = None,
    memory_budget_mib: float = MEMORY_BUDGET_MIB,
    save_model: str = "none",
    tensorboard: bool = False,
) -> dict[str, Any]:
    """Run the job that `folder/job.json` describes and write its result beside it.

    Whatever goes wrong becomes a result with a status; `result.json` is written last, so a
    folder that has one is complete.

    Args:
        folder: the job's folder.
        threads: recorded; set when the process was prepared.
        attempt: recorded; counts from 1.
        checkpoint_every_s: a training that takes longer can go on from its last checkpoint.
        stop: when this file appears, the job writes a checkpoint and stops.
        memory_budget_mib: images that take more are read while training; changes no number.
        save_model: whether the network is kept: none, best or last.
        tensorboard: whether the curves are written for TensorBoard, too.

    Returns:
        The content of `result.json`; or, stored nowhere, the status "claimed" where another
        process has the job or has finished it, "interrupted" after a stop.

    Raises:
        StoreError: the folder cannot be written.
    """
    job = json.loads((folder / "job.json").read_bytes())
    lease = store.claim(folder, attempt)
    if lease is None:
        return {"job_id": job["job_id"], "status": "claimed"}
    result: dict[str, Any] = {
        "schema": SCHEMA,
        "job_id": job["job_id"],
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "attempts": attempt,
        "phase": job.get("phase", "final"),
        "protocol_sha256": job.get("protocol_sha256"),
    }
    started = time.perf_counter()
    environment.forget_peak_memory()
    try:
        with output_to(folder / "log.txt"):
            watch = Watch(folder, threads, checkpoint_every_s, stop, tensorboard)
            with warnings_of() as warnings:
                result |= _status_of(folder, job, watch, memory_budget_mib, save_model)
            result |= {"warnings": warnings} if warnings else {}
        if result["status"] == "interrupted":
            return {"job_id": job["job_id"], "status": "interrupted"}
        result |= {
            "seconds_total": round(time.perf_counter() - started, 3),
            "memory_mib": round(environment.peak_memory_mib(), 1),
            "threads": threads,
            "device": environment.device(),
            "load_per_cpu": environment.load_per_cpu(),
            "backend": backends.current(),
            "versions": environment.versions(),
        }
        if not lease.held():  # asleep for a minute, say: another process has taken over
            return {"job_id": job["job_id"], "status": "claimed"}
        store.write_result(folder, result)
        checkpoint.remove(folder)
        return result
    finally:
        with contextlib.suppress(OSError):
            if lease.held():
                (folder / "progress.json").unlink(missing_ok=True)
        lease.release()


def _status_of(
    folder: Path, job: Mapping[str, Any], watch: Watch, memory_budget_mib: float, save_model: str
) -> dict[str, Any]:
    try:
        return _train_and_measure(folder, job, watch, memory_budget_mib, save_model)
    except Interrupted:
        return {"status": "interrupted"}
    except StoreError:
        raise  # a full disk says nothing about the job: it ends the run, and the job stays open
    except Exception as error:
        traceback.print_exc()
        if backends.current() == "jax":
            forget()  # a step takes the arrays for itself, and one that fails never returns them
        if backends.is_out_of_memory(error):
            return {"status": "oom", "message": "ran out of memory; see log.txt"}
        return {"status": "error", "message": _one_line(error)}


_STYLED = re.compile(r"\x1b\[[0-9;]*m")
"""Keras prints parts of its messages in bold."""


def _one_line(error: Exception) -> str:
    known = isinstance(error, LossbenchError)
    text = str(error) if known else f"{type(error).__name__}: {error}"
    return " ".join(_STYLED.sub("", text).split())[:500]


def _train_and_measure(
    folder: Path, job: Mapping[str, Any], watch: Watch, memory_budget_mib: float, save_model: str
) -> dict[str, Any]:
    started = time.perf_counter()
    content = job.get("content", {})
    backbones.check_unchanged(
        job["model"]["name"], job["model"]["params"], content.get("model_sha256")
    )
    setting = settle(job, memory_budget_mib)
    seconds_data = time.perf_counter() - started
    reference = scale_control.reference_norm(setting, watch.features)
    fed, fingerprints = assemble(setting, watch.features)
    norms = scale_control.begin(fed, setting, reference)
    if setting.augment:
        first = setting.visited(1)[: job["train"]["batch_size"]]
        fingerprints["augmentation_sha256"] = fed.augmentation_sha256(first)
    fed, state = _where_it_was(folder, fed, setting, watch)
    (folder / "predictions.npz").unlink(missing_ok=True)  # of an attempt whose result was lost
    status, fed = _train(fed, state, setting, watch)
    result = {
        "status": status,
        "message": _message(status, state),
        "task": setting.splits.task,
        "epochs": job["train"]["epochs"],
        "batch_size": job["train"]["batch_size"],
        "loss_params": job["loss"]["params"],
        "config": {key: job[key] for key in CONFIG},
        "head": job["head"],
        "outputs": setting.outputs,
        "output_activation": job["model"]["params"].get("output_activation", "linear"),
        "batches": setting.loss.batches,
        "target_scale": target_scale(job, setting.loss, setting.splits.task),
        "split": setting.splits.split,
        "test_resampled": setting.splits.test_resampled,
        "n_train": setting.n_train,
        "n_validation": len(setting.splits.validation.ids),
        "n_test": len(setting.splits.test.ids),
        "image_shape": list(setting.splits.train.images.shape[1:]),
        "epochs_done": state.epoch,
        "stopped_early": status == "ok" and state.epoch < trial.last_epoch(job),
        "epochs_unused": trial.last_epoch(job) - state.epoch if status == "ok" else None,
        "selected_epoch": state.selected,
        "selection_metric": job["metric"],
        "first_bad_step": first_bad_step(state.all_step_losses()),
        **_of_run(job, state),
        "learning_rate": job["optimizer"]["params"]["learning_rate"],
        "params": fed.network.count_params(),
        "trainable_params": trainable_params(setting),
        "loss_trainable_params": sum(math.prod(v.shape) for v in fed.loss_weights.values()),
        "stages": _stages(setting),
        "preprocessing": models.preprocessing(
            fed.network, job["model"]["name"], job["model"]["params"]
        ),
        "dtype_policy": precision.of(fed.network),
        "step_ms_median": step_ms_median(state.calls),
        "seconds_compile": seconds_compile(state.calls),
        "seconds_train": state.seconds_train,
        "seconds_data": round(seconds_data, 4),
        "seconds_features": round(watch.seconds_features, 4),
        "streamed": setting.data.streamed,
        **norms,
        **fingerprints,
        "order_sha256": order_sha256(setting.visited),
        "split_sha256": datasets.split_sha256(setting.splits),
        "label_sha256": datasets.label_sha256(setting.splits),
        **({"damage": dict(setting.splits.damage)} if setting.splits.damage else {}),
    }
    if trial.is_trial(job):
        result |= trial.measure(setting, state) if status == "ok" else trial.NOTHING
    elif status == "ok":
        _put_average_in_place(fed, setting)
        kept = weights_of(fed) if save_model == "last" else state.best_weights
        result |= final_evaluation.measure(folder, fed, setting, state)
        if save_model != "none":
            result["saved_model"] = saved_model.save(folder, fed, setting, kept)
    write_curves(folder, setting, state)
    if not trial.is_trial(job):
        write_loss_curve(folder, setting)
    watch.end(state)
    return result


def _of_run(job: Mapping[str, Any], state: State) -> dict[str, Any]:
    better = bool(metric_row(job["metric"]).higher_is_better)
    losses = state.all_step_losses()
    return recording.of_run(state.rows, losses, job["metric"], higher_is_better=better)


def _put_average_in_place(fed: IndexFed, setting: Setting) -> None:
    """Let the network have its averaged weights for good, if there are any."""
    if fed.average is not None and fed.average.is_there:
        batch_size = int(setting.job["train"]["batch_size"])
        fed.average.put_in_place(lambda: fed.training_images(setting.order(1), batch_size), fed.run)


def _where_it_was(
    folder: Path, fed: IndexFed, setting: Setting, watch: Watch
) -> tuple[IndexFed, State]:
    """Return network and state as the job's checkpoint has them, or at their start."""
    done = checkpoint.epochs_done(folder)
    later = enter(setting, done + 1, watch.features) if done else fed
    state = checkpoint.restore(folder, later, watch.about)
    if state is not None:
        return later, state
    return (enter(setting, 1) if done else fed), State()


def _stages(setting: Setting) -> list[dict[str, Any]]:
    """Return the stages as the result tells them."""
    return [asdict(stage) for stage in stages_of(setting.job) if stage.trainable is not None]


def _message(status: Status, state: State) -> str | None:
    if status == "ok":
        return None
    losses = state.all_step_losses()
    step = first_bad_step(losses)
    if status == "nan":
        return f"the loss became NaN at step {step or len(losses)}"
    if step:
        return f"the loss became infinite at step {step}"
    return f"the loss grew a thousandfold by step {len(losses)}"


def _train(fed: IndexFed, state: State, setting: Setting, watch: Watch) -> tuple[Status, IndexFed]:
    """Train stage after stage; returns how it ended, and the network as its last one runs it."""
    status: Status = "ok"
    while state.epoch < trial.last_epoch(setting.job):
        stage = setting.stage_of(state.epoch + 1)
        if fed.stage != stage:
            fed = enter(setting, stage.first, watch.features)
        watch.begin(fed, setting, state)
        status = _train_stage(fed, state, setting, watch, stage)
        if status != "ok" or state.epoch < stage.last:  # broken, or stopped early
            break
    return status, fed


def _train_stage(
    fed: IndexFed, state: State, setting: Setting, watch: Watch, stage: Stage
) -> Status:
    job, resident = setting.job, setting.data.resident
    truth = resident.targets[resident.at["validation"]]
    epochs = job["train"]["epochs"]

    def validate() -> Validation:
        reading = evaluation.with_means(fed, setting.reading)
        scores = evaluation.predict(fed, resident.at["validation"], reading)
        if not np.isfinite(scores).all():
            return Validation(scores, float("nan"), ())
        found = evaluation.measure(setting.answers, truth, scores)
        rows = [{"split": "validation", "metric": m.metric, "value": m.value} for m in found]
        rows += recording.margin_rows(setting.answers, truth, scores)
        selection = next(m.value for m in found if m.metric == job["metric"])
        return Validation(scores, selection, rows)

    return train_epochs(
        fed,
        state,
        order=setting.order,
        epochs=min(stage.last, trial.last_epoch(job)),
        batch_size=job["train"]["batch_size"],
        higher_is_better=bool(metric_row(job["metric"]).higher_is_better),
        validate=validate,
        on_steps=watch.steps,
        on_epoch=watch.epoch,
        is_over=lambda seen: early_stopping.is_over(job["train"]["early_stopping"], seen, epochs),
        record=recording.recorder(fed, setting.n_train, job["train"]["batch_size"]),
    )

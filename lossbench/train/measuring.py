"""Time a few steps of a job and write nothing: what `lossbench plan --measure` rests on.

python -m lossbench.train.measuring THREADS STEPS MEMORY_BUDGET_MIB BACKEND < jobs.json
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from lossbench.config.experiment import EXECUTION
from lossbench.errors import LossbenchError
from lossbench.train import environment


def measure(
    job: Mapping[str, Any],
    steps: int = 30,
    memory_budget_mib: float = EXECUTION["memory_budget"].default,
) -> dict[str, Any]:
    """Train a few steps of a job, evaluate on validation, and say how long it took.

    The test set is not looked at: its evaluation is taken to cost as much an image as validation.

    Args:
        job: the content of a `job.json`.
        steps: steps to train at least; those of the first call are not timed.
        memory_budget_mib: images that take more are read while training.

    Returns:
        step_ms (mean), seconds_compile, seconds_load (data and network), seconds_eval (after an
        epoch), seconds_final (evaluation at the end of a job), memory_mib, device, and the job's
        id.
    """
    from lossbench.train.assembly import assemble
    from lossbench.train.evaluation import PROBE_EXAMPLES
    from lossbench.train.settling import settle

    started = time.perf_counter()
    setting = settle(job, memory_budget_mib)
    fed, _ = assemble(setting)
    loaded = time.perf_counter()
    state = _train(fed, setting, steps)
    evaluations = [row["seconds_eval"] for row in state.rows]
    seconds_eval = evaluations[-1] if evaluations else 0.0
    sizes = {part: len(at) for part, at in setting.data.resident.at.items()}
    at_end = sizes["test"] + min(PROBE_EXAMPLES, sizes["train"])
    step_ms, seconds_compile = _times(state)
    return {
        "job_id": job["job_id"],
        "step_ms": step_ms,
        "seconds_compile": seconds_compile,
        "seconds_load": loaded - started,
        "seconds_eval": seconds_eval,
        "seconds_final": seconds_eval * at_end / max(sizes["validation"], 1),
        "memory_mib": environment.peak_memory_mib(),
        "device": environment.device(),
    }


def _times(state: Any) -> tuple[float, float]:
    """Return milliseconds of a step and seconds of the trace, which the first call bears."""
    per_epoch = [len(losses) for losses in state.step_losses]
    first_s, first_steps = state.calls[0]
    first_steps = min(first_steps, per_epoch[0])
    other_s, other_steps = sum(s for s, _ in state.calls[1:]), sum(per_epoch) - first_steps
    if other_steps <= 0:  # nothing tells the trace from the steps
        return 1000 * first_s / max(first_steps, 1), 0.0
    step_s = other_s / other_steps
    return 1000 * step_s, max(0.0, first_s - first_steps * step_s)


def _train(fed: Any, setting: Any, steps: int) -> Any:
    """Train two short epochs or more: the first traces, training and evaluation alike."""
    from lossbench.train import evaluation, recording
    from lossbench.train.loop import State, Validation, train_epochs

    job, resident = setting.job, setting.data.resident
    batch_size = job["train"]["batch_size"]
    n_train = min(setting.n_train, steps * batch_size)
    at = resident.at["validation"]

    def validate() -> Validation:
        reading = evaluation.with_means(fed, setting.reading)
        scores = evaluation.predict(fed, at, reading)
        if np.isfinite(scores).all():
            evaluation.measure(setting.answers, resident.targets[at], scores)
        return Validation(scores, 0.0, ())

    state = State()
    train_epochs(
        fed,
        state,
        order=lambda epoch: setting.order(epoch, n_train),
        epochs=max(2, -(-steps * batch_size // n_train)),
        batch_size=batch_size,
        higher_is_better=True,
        validate=validate,
        on_steps=lambda step: None,
        on_epoch=lambda state: None,
        record=recording.recorder(fed, setting.n_train, batch_size),
    )
    return state


def main(threads: int, steps: int, memory_budget_mib: float, backend: str) -> int:
    """Measure the jobs on standard input, print the timings as JSON; returns the exit code."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a loss may print; standard output is for the answer
    environment.set_up(threads, backend)
    try:
        rows = [measure(job, steps, memory_budget_mib) for job in json.load(sys.stdin)]
    except LossbenchError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    with out:
        json.dump(rows, out)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]))

"""A few real steps of each network on its data, in processes of their own, as workers would run."""

import functools
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from lossbench.config.experiment import EXECUTION
from lossbench.errors import LossbenchError
from lossbench.forecast.predicting import Planned, Timing
from lossbench.plan import Job

STEPS = 30
"""Steps that are timed; the first call, which traces, counts as trace."""


def measure(
    jobs: Sequence[Job],
    planned: Sequence[Planned],
    *,
    workers: int,
    threads: int,
    memory_budget_mib: float = EXECUTION["memory_budget"].default,
) -> tuple[list[Timing], str]:
    """Time a few steps of each network on each of its data sets; writes nothing.

    As many processes work side by side as in the run, so that they disturb each other alike.

    Args:
        jobs: the jobs of a plan; the first one of each data set and network is measured.
        planned: the same jobs as the forecast knows them.
        workers: processes side by side.
        threads: threads in each.
        memory_budget_mib: images that take more are read while training, as in the run.

    Returns:
        What was measured, and the device.

    Raises:
        LossbenchError: a measurement failed.
    """
    first: dict[tuple[str, str], tuple[Job, Planned]] = {}
    for job, known in zip(jobs, planned, strict=True):
        first.setdefault((known.kind.dataset, known.kind.model), (job, known))
    records = [job.record() for job, _ in first.values()]
    by_id = {known.job_id: known for _, known in first.values()}
    one = functools.partial(_measure, threads=threads, memory_budget_mib=memory_budget_mib)
    with ThreadPoolExecutor(workers) as pool:
        shares = [records[i::workers] or records[i % len(records) :][:1] for i in range(workers)]
        said = [row for rows in pool.map(one, shares) for row in rows]
    timings = [_timing(by_id[row["job_id"]], row) for row in said]
    return timings, str(said[0]["device"])


def _measure(
    records: Sequence[Mapping[str, Any]], threads: int, memory_budget_mib: float
) -> list[dict[str, Any]]:
    """Let one process measure some jobs, one after another."""
    backend = records[0]["train"]["backend"]  # an experiment has one
    words = map(str, (threads, STEPS, memory_budget_mib, backend))
    done = subprocess.run(
        [sys.executable, "-m", "lossbench.train.measuring", *words],
        input=json.dumps(records),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        names = ", ".join(f"{r['model']['name']} on {r['dataset']['name']}" for r in records)
        raise LossbenchError(
            f"--measure: {names} could not be measured: {reason}. "
            "Leave the option out, or correct what the message names."
        )
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def _timing(planned: Planned, row: Mapping[str, Any]) -> Timing:
    """Return a measurement as evidence; loading counts as part of the trace, paid as rarely."""
    kind = planned.kind
    return Timing(
        job_id=planned.job_id,
        dataset=kind.dataset,
        model=kind.model,
        loss=kind.loss,
        batch_size=kind.batch_size,
        n_train=kind.n_train,
        pixels=kind.pixels,
        fixed_s=row["seconds_final"],
        trace_s=row["seconds_compile"] + row["seconds_load"],
        step_ms=row["step_ms"],
        eval_s=row["seconds_eval"],
        memory_mib=row["memory_mib"],
        measured=True,
        backend=kind.backend,
    )

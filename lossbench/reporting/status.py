"""How experiments stand, as text at 80 columns and as JSON."""

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from lossbench.catalog.axes import shown, varying
from lossbench.store import Run, Running, Standing

SCHEMA = 1
WIDTH = 80
MOST = 10
"""Failed jobs shown one by one; JSON names them all."""


def status_text(standings: Sequence[Standing]) -> str:
    """Return how experiments stand, for people."""
    parts = ("\n".join(_lines(standing)) for standing in standings)
    return "\n\n".join(parts) + "\n"


def status_json(standings: Sequence[Standing]) -> str:
    """Return how experiments stand as JSON text."""
    data = {"schema": SCHEMA, "experiments": [_record(standing) for standing in standings]}
    return json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def duration(seconds: float) -> str:
    """Return a time as people say it: 4.2 s, 3 min 10 s, 2 h 5 min."""
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _lines(standing: Standing) -> Iterator[str]:
    stored = standing.stored
    axes = _varying(stored.runs)
    share = f" ({len(standing.finished) / len(stored.runs):.0%})" if stored.runs else ""
    jobs = "job" if len(stored.runs) == 1 else "jobs"
    done = f"{len(standing.finished)} of {len(stored.runs)} {jobs} finished{share}"
    if standing.trials and not standing.trials.over:
        done = "tuning goes on, so that the jobs are not known yet"
    yield from _wrapped(f"{stored.name}: {done}, in {stored.folder}", "")
    yield from _tuning(standing)
    yield _row("finished", len(standing.finished), _counts(standing.finished))
    yield _row("running", len(standing.running))
    for job in standing.running:
        yield from _wrapped(_running(job, axes), "    ")
    yield _row("failed", len(standing.failed), _counts(standing.failed))
    for run in standing.failed[:MOST]:
        message = (run.result or {}).get("message") or "see log.txt in its folder"
        yield from _wrapped(f"{_name(run, axes)} ({run.job_id}): {run.status}: {message}", "    ")
    if len(standing.failed) > MOST:
        yield f"    and {len(standing.failed) - MOST} more; --json names them"
    yield _row("missing", len(standing.missing))
    yield from _damage(standing, axes)
    yield from _remarks(standing)


def _tuning(standing: Standing) -> Iterator[str]:
    """Yield how the trials stand, if there are any."""
    trials = standing.trials
    if trials is None:
        return
    text = f"of {trials.asked} trials ended"
    text += f", {trials.failed} failed" if trials.failed else ""
    text += f", {trials.running} running" if trials.running else ""
    yield _row("tuning", trials.finished + trials.failed, text)


def _row(title: str, count: int, detail: str = "") -> str:
    return f"  {title:<9}{count:>6}   {detail}".rstrip()


def _damage(standing: Standing, axes: Sequence[str]) -> Iterator[str]:
    if standing.checked or standing.damaged:
        yield _row("damaged", len(standing.damaged))
    for damage in standing.damaged:
        head = f"{_name(damage.run, axes)} ({damage.run.job_id}) must be done again:"
        yield from _wrapped(head, "    ")
        for reason in damage.reasons:
            yield from _wrapped(reason, "      ")
    if standing.damaged:
        folder = standing.stored.folder
        yield "  Do them again with:"
        yield f"    lossbench clean --damaged {folder}"
        yield f"    lossbench run {folder / 'experiment.yaml'} --runs-dir {folder.parent}"
    if standing.unverified:
        yield from _wrapped(
            f"{standing.unverified} finished without hashes, by an earlier version: they cannot "
            "be verified.",
            "  ",
        )


def _remarks(standing: Standing) -> Iterator[str]:
    left = standing.seconds_left
    if left is not None:
        count = len(standing.running)
        side = "one job at a time" if count == 1 else f"{count} jobs side by side"
        yield f"  about {duration(left)} left with {side}"
    stored = standing.stored
    if stored.older:
        yield from _wrapped(
            f"{stored.older} finished outside the current plan; lossbench clean removes them.", "  "
        )
    if stored.skips:
        yield f"  {len(stored.skips)} combinations skipped; plan.csv says why"


def _running(job: Running, axes: Sequence[str]) -> str:
    run = job.run
    text = f"{_name(run, axes)}: epoch {min(job.epochs_done + 1, run.epochs)}/{run.epochs}"
    if job.metric is not None:
        text += f", {run.metric} {job.metric:.4f}"
    return f"{text}, on {job.holder.host}:{job.holder.pid}"


def _counts(runs: Sequence[Run]) -> str:
    counts = Counter(run.status for run in runs)
    return ", ".join(f"{status} {count}" for status, count in counts.most_common())


def _varying(runs: Sequence[Run]) -> tuple[str, ...]:
    return tuple(axis for axis in varying(run.names() for run in runs) if axis != "loss")


def _name(run: Run, axes: Sequence[str]) -> str:
    names = run.names()
    return ", ".join([run.loss, *(shown(axis, names[axis]) for axis in axes), f"seed {run.seed}"])


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _record(standing: Standing) -> dict[str, Any]:
    stored = standing.stored
    return {
        "name": stored.name,
        "folder": str(stored.folder),
        "planned": len(stored.runs),
        "finished": dict(Counter(run.status for run in standing.finished)),
        "running": [
            _job(job.run)
            | {
                "host": job.holder.host,
                "pid": job.holder.pid,
                "since": job.holder.since,
                "epochs_done": job.epochs_done,
                "epochs": job.run.epochs,
                "share": job.share,
                "metric": job.run.metric,
                "value": job.metric,
            }
            for job in standing.running
        ],
        "failed": [
            _job(run) | {"status": run.status, "message": (run.result or {}).get("message")}
            for run in standing.failed
        ],
        "missing": [_job(run) for run in standing.missing],
        "damaged": [
            _job(damage.run) | {"folder": str(damage.folder), "reasons": list(damage.reasons)}
            for damage in standing.damaged
        ],
        "checked": standing.checked,
        "unverified": standing.unverified,
        "older": stored.older,
        "skipped": len(stored.skips),
        "seconds_left": standing.seconds_left,
        "trials": vars(standing.trials) if standing.trials else None,
    }


def _job(run: Run) -> dict[str, Any]:
    return {
        "job_id": run.job_id,
        **run.names(),
        "seed": run.seed,
    }

"""What a run shows while it works: bars on a terminal, one line in a notebook, lines elsewhere."""

import importlib
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import typer

from lossbench import store
from lossbench.catalog import axes
from lossbench.plan import Job
from lossbench.reporting.status import duration

LOOK_AHEAD = 32
"""Running jobs are among the first unfinished ones; so many folders are looked at."""

FEATURES_EVERY_S = 5.0
"""How often lines tell how many features are computed."""


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    def started(
        self, jobs: Sequence[Job], folder: Path, finished: int, messages: Sequence[str]
    ) -> None:
        """Hear which jobs will run."""

    def tuning(
        self, number: int, jobs: Sequence[Job], folder: Path, finished: int, messages: Sequence[str]
    ) -> None:
        """Hear which trials of tuning will run."""

    def finished(self, job: Job, result: dict[str, Any]) -> None:
        """Hear that a job has ended."""

    def idle(self) -> None:
        """Hear that time passes."""

    def interrupted(self, why: str, again: str) -> None:
        """Say how to go on after a run that ended early."""
        typer.echo(f"{why}; finished jobs are kept. Go on with: {again}", err=True)


class Lines(Silent):
    """One line a finished job."""

    def __init__(self) -> None:
        self.warned: set[str] = set()

    def started(
        self, jobs: Sequence[Job], folder: Path, finished: int, messages: Sequence[str]
    ) -> None:
        """Print what will be done."""
        self._begin(jobs, folder)
        for message in messages:
            self.say(message)
        before = f", {finished} finished before" if finished else ""
        if jobs:
            self.say(f"{len(jobs)} jobs to train{before}")
        else:
            self.say(f"nothing to train: all {finished} jobs are finished")

    def tuning(
        self, number: int, jobs: Sequence[Job], folder: Path, finished: int, messages: Sequence[str]
    ) -> None:
        """Print which trials will be trained."""
        self._begin(jobs, folder)
        for message in messages:
            self.say(message)
        before = f", {finished} finished before" if finished else ""
        self.say(f"tuning, round {number}: {len(jobs)} trials to train{before}")

    def _begin(self, jobs: Sequence[Job], folder: Path) -> None:
        """Count from the start."""
        self.total, self.done, self.since = len(jobs), 0, time.monotonic()
        self.varying = varying(jobs)
        self.jobs, self.folder = {job.id: job for job in jobs}, folder
        self.told = self.since
        self.features_seen: tuple[float, int] | None = None

    def finished(self, job: Job, result: dict[str, Any]) -> None:
        """Print how the job ended and about how much time is left."""
        self.done += 1
        self.jobs.pop(job.id, None)
        self.warn(result)
        left = (time.monotonic() - self.since) / self.done * (self.total - self.done)
        self.tell(
            f"{self.done:>{len(str(self.total))}}/{self.total} {describe(job, self.varying)}: "
            f"{outcome(job, result)}; {duration(left)} left"
        )

    def idle(self) -> None:
        """Tell now and then how many features are computed, before the first jobs train."""
        now = time.monotonic()
        if now - self.told < FEATURES_EVERY_S:
            return
        self.told = now
        counts = [progress.get("features") for _, progress in self.running_jobs()]
        found = [(int(done), int(total)) for done, total in filter(None, counts)]
        if not found:
            self.features_seen = None
            return
        done, total = max(found)
        since, first = self.features_seen = self.features_seen or (now, done)
        left = ""
        if done > first:
            left = f"; {duration((now - since) / (done - first) * (total - done))} left"
        self.tell(f"features {done}/{total}{left}")

    def running_jobs(self) -> Iterator[tuple[Job, dict[str, Any]]]:
        """Yield running jobs and what they say of how far they are."""
        for job in list(self.jobs.values())[:LOOK_AHEAD]:
            progress = store.read_progress(store.job_folder(self.folder, job.id))
            if progress is not None:
                yield job, progress

    def warn(self, result: dict[str, Any]) -> None:
        """Print what a job warns of, once where many jobs say the same."""
        for text in result.get("warnings", ()):
            if text not in self.warned:
                self.warned.add(text)
                self.say(f"warning: {text}")

    def tell(self, text: str) -> None:
        """Say how far the run is, which is soon out of date."""
        self.say(text)

    def say(self, text: str) -> None:
        """Print a line at once, also in a pipe."""
        typer.echo(text)
        sys.stdout.flush()


class OneLine(Lines):
    """In a notebook: one line of progress that changes; what failed keeps a line of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.display: Any = importlib.import_module("IPython.display").display
        self.line: Any = None

    def finished(self, job: Job, result: dict[str, Any]) -> None:
        """Show how far the run is."""
        super().finished(job, result)
        if result["status"] != "ok":
            self.say(f"{describe(job, self.varying)}: {outcome(job, result)}")

    def tell(self, text: str) -> None:
        """Replace the line of progress."""
        shown = {"text/plain": text}
        if self.line is None:
            self.line = self.display(shown, raw=True, display_id=True)
        else:
            self.line.update(shown, raw=True)


class Bars(Lines):
    """A bar for the experiment and one for each running job."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        super().__init__()
        self.bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=10),
            TaskProgressColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[note]}"),
            console=Console(),
            transient=True,
            speed_estimate_period=3600,
        )
        self.running: dict[str, Any] = {}
        self.computing: set[str] = set()
        self.whole: Any = None

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.bars.stop()

    def started(
        self, jobs: Sequence[Job], folder: Path, finished: int, messages: Sequence[str]
    ) -> None:
        """Show the bar of the whole experiment."""
        super().started(jobs, folder, finished, messages)
        self._show_whole("all jobs")

    def tuning(
        self, number: int, jobs: Sequence[Job], folder: Path, finished: int, messages: Sequence[str]
    ) -> None:
        """Show the bar of a round of trials."""
        super().tuning(number, jobs, folder, finished, messages)
        self._show_whole(f"tuning, round {number}")

    def _show_whole(self, title: str) -> None:
        """Show a bar for all that is to be trained, in place of an earlier one."""
        if self.whole is not None:
            self.bars.remove_task(self.whole)
        self.whole = self.bars.add_task(title, total=self.total, note="") if self.total else None

    def finished(self, job: Job, result: dict[str, Any]) -> None:
        """Take the job's bar away and move the whole on."""
        self.jobs.pop(job.id, None)
        self.warn(result)
        self._drop(job)
        self.done += 1
        self.bars.update(self.whole, completed=self.done, note=f"{self.done} of {self.total}")
        if result["status"] != "ok":
            self.say(f"{describe(job, self.varying)}: {outcome(job, result)}")

    def idle(self) -> None:
        """Read how far the running jobs are."""
        parts = 0.0
        for job, progress in self.running_jobs():
            if progress.get("features"):
                self._features(job, *progress["features"])
                continue
            if job.id in self.computing:
                self.computing.discard(job.id)
                self._drop(job)
            steps = job.epochs * progress["steps_per_epoch"]
            done = progress["epoch"] * progress["steps_per_epoch"] + progress["step"]
            parts += done / steps
            if job.id not in self.running:
                name = describe(job, self.varying)
                self.running[job.id] = self.bars.add_task(name, total=steps, note="")
            metric = progress["metric"]
            note = f"epoch {min(progress['epoch'] + 1, job.epochs)}/{job.epochs}"
            if metric is not None:
                note += f", {job.metric} {metric:.4f}"
            self.bars.update(self.running[job.id], completed=done, note=note)
        self.bars.update(self.whole, completed=self.done + parts)

    def _features(self, job: Job, done: int, total: int) -> None:
        """Show the job's bar as that of the features, with the time they take yet."""
        if job.id not in self.computing:
            self.computing.add(job.id)
            self._drop(job)
            name = describe(job, self.varying)
            self.running[job.id] = self.bars.add_task(name, total=total, note="")
        self.bars.update(self.running[job.id], completed=done, note=f"features {done}/{total}")

    def _drop(self, job: Job) -> None:
        bar = self.running.pop(job.id, None)
        if bar is not None:
            self.bars.remove_task(bar)

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        self.bars.console.print(text, markup=False, highlight=False, soft_wrap=True)


def make_watcher(*, quiet: bool) -> Silent:
    """Return what suits the place where output goes."""
    if quiet:
        return Silent()
    if in_notebook():
        return OneLine()
    return Bars() if sys.stdout.isatty() else Lines()


def in_notebook() -> bool:
    """Whether a notebook's kernel runs this, and not a terminal or a script."""
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")


def varying(jobs: Sequence[Job]) -> tuple[str, ...]:
    """Return what else than loss and seed tells the jobs apart: dataset, model, optimizer, ..."""
    return tuple(axis for axis in axes.varying(job.names() for job in jobs) if axis != "loss")


def describe(job: Job, apart: Sequence[str]) -> str:
    """Return a job in a few words: loss, what varies besides, seed."""
    names = job.names()
    others = (axes.shown(axis, names[axis]) for axis in apart)
    return ", ".join([names["loss"], *others, f"seed {job.seed}"])


def outcome(job: Job, result: dict[str, Any]) -> str:
    """Return how a job ended: its validation metric, or what went wrong."""
    seconds = result.get("seconds_total")
    took = f" in {duration(seconds)}" if seconds else ""
    if result["status"] != "ok":
        return f"{result['status']}{took} ({result.get('message')})"
    for row in result["metrics"]:
        if (row["split"], row["at"], row["metric"]) == ("validation", "selected", job.metric):
            value = "none" if row["value"] is None else f"{row['value']:.4f}"
            early = f", early after {result['epochs_done']} of {job.epochs} epochs"
            ended = early if result.get("stopped_early") else ""
            return f"validation {job.metric} {value}{took}{ended}"
    return f"ok{took}"

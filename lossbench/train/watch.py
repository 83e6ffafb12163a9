"""Between steps and epochs of a running job: progress, checkpoints, and the request to stop."""

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

from lossbench.errors import StoreError
from lossbench.train import checkpoint, environment, trial
from lossbench.train.event_files import EventFile
from lossbench.train.feeding import IndexFed
from lossbench.train.loop import State
from lossbench.train.settling import Setting

LOOK_EVERY_S = 0.5
"""How often progress is written and the stop file looked for."""


class Interrupted(Exception):
    """The job was asked to stop; what it had reached is in its checkpoint."""


class Watch:
    """Tells the parent process how far a job is, writes checkpoints, stops when asked to.

    Args:
        folder: the job's folder.
        threads: part of what a checkpoint must match.
        every_s: seconds between checkpoints on disk.
        stop: the job stops when this file appears.
        tensorboard: whether the curves are written for TensorBoard.
    """

    def __init__(
        self,
        folder: Path,
        threads: int,
        every_s: float,
        stop: Path | None,
        tensorboard: bool = False,
    ) -> None:
        self.folder, self.every_s, self.stop = folder, every_s, stop
        self.about = {
            "job_id": folder.name,
            "threads": threads,
            "versions": environment.versions(),
            "device": environment.device(),
        }
        self.looked, self.saved = 0.0, time.monotonic()
        self.tensorboard = tensorboard
        self.events: EventFile | None = None
        self.snapshot: bytes | None = None
        self.metric: float | None = None
        self.done = 0
        self.features_since: float | None = None
        self.seconds_features = 0.0

    def begin(self, fed: IndexFed, setting: Setting, state: State) -> None:
        """Take note of the network, of what a full training is, and where it goes on."""
        self.fed, self.setting, self.done = fed, setting, state.epoch
        self.epochs = trial.last_epoch(setting.job)
        if self.tensorboard and self.events is None:  # of several stages the first one
            self.events = EventFile(self.folder, self.epochs * setting.steps_per_epoch)
            self.events.begin(state)

    def end(self, state: State) -> None:
        """Write the last of the curves, those of an epoch that ended badly included."""
        if self.events is not None:
            self.events.add(state)
            self.events.end()

    def features(self, done: int, total: int) -> None:
        """Take note of how many images have features, and look around, now and then.

        Raises:
            Interrupted: the stop file is there.
        """
        now = time.monotonic()
        self.features_since = self.features_since or now
        self.seconds_features = now - self.features_since
        if now - self.looked < LOOK_EVERY_S:
            return
        self.looked = now
        self._tell({"features": [done, total]})
        if self.stop is not None and self.stop.exists():
            self._save()
            raise Interrupted

    def steps(self, step: int) -> None:
        """Look around, now and then, in the middle of an epoch.

        Raises:
            Interrupted: the stop file is there; the last finished epoch is on disk.
        """
        now = time.monotonic()
        if now - self.looked < LOOK_EVERY_S:
            return
        self.looked = now
        self._note(step)
        if self.stop is not None and self.stop.exists():
            self._save()
            raise Interrupted

    def epoch(self, state: State) -> None:
        """Keep what an epoch reached, in memory, and now and then on disk."""
        self.done = state.epoch
        wanted = self.setting.job["metric"]
        self.metric = next(r["value"] for r in reversed(state.rows) if r["metric"] == wanted)
        self._note(0)
        if self.events is not None:
            self.events.add(state)
        if state.epoch == self.epochs:
            return
        self.snapshot = checkpoint.snapshot(self.fed, state, self.about)
        if time.monotonic() - self.saved >= self.every_s:
            self._save()

    def _save(self) -> None:
        if self.snapshot is None:
            return
        try:
            checkpoint.write(self.folder, self.snapshot)
        except StoreError as error:  # a checkpoint is a shortcut; the training goes on without
            print(f"no checkpoint: {error}")
        self.snapshot, self.saved = None, time.monotonic()

    def _note(self, step: int) -> None:
        self._tell(
            {
                "epoch": self.done,
                "epochs": self.epochs,
                "step": step,
                "steps_per_epoch": self.setting.steps_per_epoch,
                "metric": self.metric,
            }
        )

    def _tell(self, progress: dict[str, Any]) -> None:
        path = self.folder / "progress.json"
        with contextlib.suppress(OSError):  # progress is a courtesy, never worth a job
            path.with_suffix(".tmp").write_text(json.dumps(progress))
            os.replace(path.with_suffix(".tmp"), path)

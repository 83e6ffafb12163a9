"""The curves of a job as TensorBoard reads them: one event file below the job's folder."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lossbench.train.loop import State
from lossbench.train.recording import step_blocks

FOLDER = "tensorboard"


class EventFile:
    """Writes `step/loss` and, with the epoch as their step, all metrics of every epoch.

    These are called `train/training_loss`, `validation/accuracy` and so on. Of trainings with more
    than 10,000 steps each point of `step/loss` is the mean of several, as in `steps.csv`.

    What an earlier attempt at the job wrote is written anew, so that no step is there twice. Where
    the disk is full or not writable, the curves end there and the job goes on.

    Args:
        folder: the job's folder.
        steps: those of the whole training.
    """

    def __init__(self, folder: Path, steps: int) -> None:
        self.folder, self.planned = folder / FOLDER, steps
        self.writer: Any = None
        self.epochs = self.steps = self.rows = 0

    def begin(self, state: State) -> None:
        """Start the file and write what the training has reached already."""
        import tensorflow as tf

        try:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            name = f"events.out.tfevents.{int(time.time())}.lossbench"
            self.writer = tf.io.TFRecordWriter(str(self.folder / name))
        except (OSError, tf.errors.OpError) as error:
            print(f"no curves for TensorBoard: {error}")
        self._write([tf.compat.v1.Event(wall_time=time.time(), file_version="brain.Event:2")])
        self.add(state)

    def add(self, state: State) -> None:
        """Write what has come since the last time."""
        self._write(self._events(state))

    def end(self) -> None:
        """Close the file."""
        writer, self.writer = self.writer, None
        if writer is not None:
            writer.close()

    def _write(self, events: Any) -> None:
        import tensorflow as tf

        if self.writer is None:
            return
        try:
            for event in events:
                self.writer.write(event.SerializeToString())
            self.writer.flush()
        except (OSError, tf.errors.OpError) as error:
            print(f"no more curves for TensorBoard: {error}")
            self.writer = None

    def _events(self, state: State) -> Iterator[Any]:
        for losses in state.step_losses[self.epochs :]:
            blocks = step_blocks(losses, self.planned)
            for step, loss in zip(blocks["step"], blocks["loss"], strict=True):
                yield _scalar("step/loss", loss, self.steps + step)
            self.steps += len(losses)
        self.epochs = len(state.step_losses)
        for row in state.rows[self.rows :]:
            yield _scalar(f"{row['split']}/{row['metric']}", row["value"], row["epoch"])
        self.rows = len(state.rows)


def _scalar(tag: str, value: float, step: int) -> Any:
    from tensorflow.compat.v1 import Event, Summary

    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
    return Event(wall_time=time.time(), step=step, summary=summary)

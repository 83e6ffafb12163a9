"""Curves for TensorBoard: read back as records and, where it is there, by tensorboard itself."""

import csv
import importlib.util
from collections import Counter

import numpy as np
import pytest

from lossbench.train import assembly, event_files
from tests.train.test_job import numbers, run


def scalars(folder):
    """All scalars of the only event file: (tag, step) with the value, in the order written."""
    import tensorflow as tf

    (path,) = (folder / "tensorboard").glob("events.out.tfevents.*")
    found = []
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        event = tf.compat.v1.Event.FromString(record)
        found += [(v.tag, event.step, v.simple_value) for v in event.summary.value]
    return found


def table(folder, name):
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def check(folder):
    """Everything in the tables is in the event file, once."""
    found = scalars(folder)
    assert max(Counter((tag, step) for tag, step, _ in found).values()) == 1
    values = {(tag, step): value for tag, step, value in found}
    expected = {
        (f"{row['split']}/{row['metric']}", int(row["epoch"])): float(row["value"])
        for row in table(folder, "epochs.csv")
    }
    expected |= {
        ("step/loss", int(row["step"])): float(row["loss"]) for row in table(folder, "steps.csv")
    }
    assert values.keys() == expected.keys()
    for key, value in expected.items():
        assert values[key] == pytest.approx(value, rel=1e-5, abs=1e-7, nan_ok=True), key


def test_they_hold_every_step_and_epoch_and_change_no_number(tmp_path):
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    folder, result = run(tmp_path / "with", tensorboard=True)
    check(folder)
    plain, without = run(tmp_path / "without")
    assert not (plain / "tensorboard").exists()
    assert numbers(folder, result) == numbers(plain, without)


def test_a_resumed_job_writes_no_step_twice(tmp_path, stop_after):
    stop = tmp_path / "stop"
    stop_after(stop, 2)
    folder, result = run(tmp_path, "train.epochs=4", stop=stop, tensorboard=True)
    assert result["status"] == "interrupted"
    assert {step for tag, step, _ in scalars(folder) if tag == "validation/rmse"} == {1, 2}
    stop.unlink()
    assembly._kept.clear()
    folder, result = run(tmp_path, "train.epochs=4", tensorboard=True)
    assert result["status"] == "ok"
    check(folder)


def test_a_training_that_breaks_shows_where(tmp_path):
    folder, result = run(
        tmp_path, "optimizer={name: sgd, learning_rate: 1.0e+30}", tensorboard=True
    )
    assert result["status"] in ("nan", "diverged")
    check(folder)
    last = table(folder, "epochs.csv")[-1]["epoch"]
    assert int(last) == result["epochs_done"] + 1, "the epoch that broke is told"
    shares = [r for r in table(folder, "epochs.csv") if r["metric"] == "nonfinite_steps"]
    assert 0 < float(shares[-1]["value"]) <= 1


def test_a_folder_that_cannot_be_written_ends_the_curves_and_not_the_job(tmp_path, monkeypatch):
    import tensorflow as tf

    class Full:
        def __init__(self, path):
            self.left = 5

        def write(self, record):
            self.left -= 1
            if not self.left:
                raise tf.errors.ResourceExhaustedError(None, None, "No space left on device")

        def flush(self):
            pass

    monkeypatch.setattr(tf.io, "TFRecordWriter", Full)
    folder, result = run(tmp_path, tensorboard=True)
    assert result["status"] == "ok"
    assert "no more curves for TensorBoard: No space left" in (folder / "log.txt").read_text()


@pytest.mark.skipif(not importlib.util.find_spec("tensorboard"), reason="needs tensorboard")
def test_tensorboard_reads_them(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder, _ = run(tmp_path, tensorboard=True)
    read = EventAccumulator(str(folder / event_files.FOLDER), size_guidance={"scalars": 0})
    read.Reload()
    assert {"step/loss", "train/gradient_norm", "validation/rmse"} <= set(read.Tags()["scalars"])
    steps = table(folder, "steps.csv")
    found = read.Scalars("step/loss")
    assert [event.step for event in found] == [int(row["step"]) for row in steps]
    values = [float(row["loss"]) for row in steps]
    np.testing.assert_allclose([event.value for event in found], values, rtol=1e-5)

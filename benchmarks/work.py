"""The pieces of work that are timed, each in fresh processes: lossbench and its peers."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
KERAS_SCRIPT = HERE / "peers" / "keras_script.py"
TORCH_SCRIPT = HERE / "peers" / "torch_script.py"
LOSSES = ("cross_entropy", "label_smoothing", "focal", "brier")


class Unmeasured(Exception):
    """A piece of work could not be done, or its outcome is implausible."""


@dataclass(frozen=True)
class Size:
    """How much work is done.

    Attributes:
        images: of MNIST, for training and validation.
        epochs: passes over them.
        seeds: starting points of each loss.
        losses: the losses.
        overhead_seeds: seeds of the experiment whose overhead is measured; four losses.
        resume_seeds: seeds of the experiment that is resumed; four losses.
        floor: least test accuracy of cross_entropy; others may have 0.05 less.
        quickstart: overrides of the quickstart experiment.
    """

    images: int = 10_000
    epochs: int = 2
    seeds: int = 3
    losses: tuple[str, ...] = LOSSES
    overhead_seeds: int = 13
    resume_seeds: int = 25
    floor: float = 0.9
    quickstart: tuple[str, ...] = ()


FULL = Size()
QUICK = Size(
    images=2000,
    epochs=1,
    seeds=1,
    losses=LOSSES[:2],
    overhead_seeds=1,
    resume_seeds=1,
    floor=0.3,
    quickstart=("train.epochs=1", "seeds=1"),
)


@dataclass(frozen=True)
class Done:
    """A piece of work that was done.

    Attributes:
        seconds: wall-clock time, from the start of the first process to the end of the last.
        folder: the experiment's folder, for lossbench.
        version: of the peer's library, where it says so.
    """

    seconds: float
    folder: Path | None = None
    version: str = ""
    results: list[dict[str, Any]] = field(default_factory=list)


def lossbench(config: Path, runs_dir: Path, *options: str) -> Done:
    """Run an experiment with the command line and read its results."""
    args = ["-m", "lossbench", "run", str(config), "--runs-dir", str(runs_dir), *options]
    seconds, _ = _side_by_side([[sys.executable, *args]])
    (folder,) = (path.parent for path in runs_dir.glob("*/plan.csv"))
    results = [json.loads(path.read_bytes()) for path in folder.glob("jobs/*/result.json")]
    if not results or any(result["status"] != "ok" for result in results):
        raise Unmeasured(f"not every job of {config.name} is ok")
    return Done(seconds, folder, results=results)


def script(path: Path, size: Size, *, python: str = sys.executable, processes: int = 1) -> Done:
    """Run a peer's script; as several processes, with one thread each and a share of the losses."""
    shares = [size.losses[i::processes] for i in range(processes)]
    threads = "0" if processes == 1 else "1"
    common = ["--seeds", size.seeds, "--images", size.images, "--epochs", size.epochs]
    seconds, printed = _side_by_side(
        [
            [python, str(path), "--losses", ",".join(share), "--threads", threads]
            + [str(word) for word in common]
            for share in shares
        ],
        threads=threads,
    )
    said = [json.loads(text) for text in printed]
    runs = [run for one in said for run in one["runs"]]
    if len(runs) != len(size.losses) * size.seeds:
        raise Unmeasured(f"{path.name} did {len(runs)} runs")
    for run in runs:
        check_accuracy(path.name, run["loss"], run["accuracy"], size)
    return Done(seconds, version=said[0].get("version", ""))


def part(path: Path, *options: str) -> tuple[float, dict[str, Any]]:
    """Run a script that times its own parts; returns its seconds and what it printed."""
    seconds, (printed,) = _side_by_side([[sys.executable, str(path), *options]])
    return seconds, json.loads(printed)


def _side_by_side(commands: Sequence[Sequence[str]], threads: str = "0") -> tuple[float, list[str]]:
    """Run processes at once; returns the seconds until all have ended and what they printed."""
    environ = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    if threads != "0":
        environ["OMP_NUM_THREADS"] = threads
    started = time.perf_counter()
    running = [
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
        )
        for command in commands
    ]
    ended = [process.communicate() for process in running]
    seconds = time.perf_counter() - started
    for process, (_, errors) in zip(running, ended, strict=True):
        if process.returncode != 0:
            last = (errors.strip().splitlines() or ["no message"])[-1]
            raise Unmeasured(f"exit code {process.returncode}: {last}")
    return seconds, [out for out, _ in ended]


def check_accuracy(who: str, loss: str, accuracy: float, size: Size) -> None:
    """Refuse a run that learned nothing: nobody is fast by doing nothing."""
    floor = size.floor if loss == "cross_entropy" else size.floor - 0.05
    if accuracy < floor:
        raise Unmeasured(f"{who}: {loss} reached {accuracy:.3f} on test; {floor} is plausible")


def check_results(done: Done, size: Size) -> None:
    """Check the test accuracy of every job of an experiment."""
    assert done.folder is not None
    with (done.folder / "plan.csv").open(newline="") as file:
        losses = {row["job_id"]: row["loss"] for row in csv.DictReader(file)}
    for result in done.results:
        accuracy = next(
            row["value"]
            for row in result["metrics"]
            if (row["split"], row["at"], row["metric"]) == ("test", "selected", "accuracy")
        )
        check_accuracy("lossbench", losses[result["job_id"]], accuracy, size)


def same_work(size: Size) -> str:
    """Return the experiment file that asks lossbench for the work of a peer's script."""
    return _experiment(
        f"{{name: mnist, subset: {size.images}}}", "seed_cnn", size.losses, size.seeds, size.epochs
    )


def tiny_work(seeds: int, subset: int) -> str:
    """Return an experiment of the smallest jobs: four losses, one epoch."""
    return _experiment(f"{{name: mnist_mini, subset: {subset}}}", "tiny_cnn", LOSSES, seeds, 1)


def _experiment(dataset: str, model: str, losses: Sequence[str], seeds: int, epochs: int) -> str:
    return (
        f"name: bench\ndataset: {dataset}\nmodel: {model}\nlosses: [{', '.join(losses)}]\n"
        f"optimizer: {{name: adam, learning_rate: 0.001}}\nseeds: {seeds}\n"
        f"train: {{epochs: {epochs}, batch_size: 128}}\n"
    )


def evaluation_seconds(folder: Path) -> float:
    """Return the seconds that an experiment's jobs spent on evaluations after epochs."""
    with (folder / "epochs.csv").open(newline="") as file:
        epochs = {(r["job_id"], r["epoch"]): float(r["seconds_eval"]) for r in csv.DictReader(file)}
    return sum(epochs.values())


def peak_gflops() -> float:
    """Return the peak rate of one thread, by a float32 matrix product in TensorFlow."""
    _, (printed,) = _side_by_side([[sys.executable, str(HERE / "peak.py")]], threads="1")
    return float(json.loads(printed)["gflops"])


def has_torch(python: str) -> bool:
    """Whether an interpreter can import PyTorch."""
    done = subprocess.run([python, "-c", "import torch, numpy"], capture_output=True, check=False)
    return done.returncode == 0

"""How long `lossbench compare` takes over many finished jobs, and how much memory, as Markdown.

python benchmarks/comparing.py --out comparing.md
"""

import argparse
import csv
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine
import numpy as np

FRAMEWORKS = ("tensorflow", "keras", "torch", "jax")
MIB = 1024


@dataclass(frozen=True)
class Size:
    """How many jobs are compared, and what that may cost.

    Attributes:
        datasets: data sets, each a comparison of its own.
        losses: losses of each.
        seeds: seeds of each loss.
        seconds: the most that it may take.
    """

    datasets: int
    losses: int
    seeds: int
    seconds: float

    @property
    def jobs(self) -> int:
        """How many jobs there are."""
        return self.datasets * self.losses * self.seeds


SIZES = (Size(10, 5, 20, 3.0), Size(25, 20, 20, 15.0))
QUICK = (Size(2, 3, 4, 3.0),)
MOST_MIB = 1024
TINY = """name: tiny
dataset: {name: mnist_mini, subset: 500}
model: tiny_cnn
losses: [cross_entropy]
seeds: 1
train: {epochs: 10, batch_size: 128}
"""

MEASURED = """
import json, resource, sys
from lossbench.cli import main
frameworks = set(sys.argv.pop().split(","))
code = 0
try:
    main()
except SystemExit as ended:
    code = ended.code
used = resource.getrusage(resource.RUSAGE_SELF)
loaded = sorted(frameworks & set(sys.modules))
told = {"code": code, "cpu": used.ru_utime + used.ru_stime, "kib": used.ru_maxrss, "loaded": loaded}
sys.stderr.write(json.dumps(told))
"""
"""What runs in the fresh process: the command itself, then what it took, as JSON."""


@dataclass(frozen=True)
class Taken:
    """What one comparison took: seconds, those of the processor, memory, frameworks imported."""

    wall_s: float
    cpu_s: float
    memory_mib: float
    loaded: tuple[str, ...]


@dataclass(frozen=True)
class Example:
    """A job that was really trained: what the others are copies of.

    Attributes:
        folder: the job's folder.
        row: its row of the plan.
        job: its `job.json`.
        result: its `result.json`.
        about: the text of `experiment.yaml`.
    """

    folder: Path
    row: Mapping[str, str]
    job: Mapping[str, Any]
    result: Mapping[str, Any]
    about: str


def train_one(folder: Path) -> Example:
    """Train a tiny network and return what that wrote."""
    config = folder / "tiny.yaml"
    config.write_text(TINY)
    command = [sys.executable, "-m", "lossbench", "run", str(config), "--runs-dir", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    experiment = folder / "tiny"
    (row,) = csv.DictReader(io.StringIO((experiment / "plan.csv").read_text()))
    job = experiment / "jobs" / row["job_id"]
    return Example(
        folder=job,
        row=row,
        job=json.loads((job / "job.json").read_bytes()),
        result=json.loads((job / "result.json").read_bytes()),
        about=(experiment / "experiment.yaml").read_text(),
    )


def generate(folder: Path, size: Size, example: Example) -> None:
    """Write an experiment's folder with a copy of the example for each data set, loss and seed.

    Its own are the names, the seed, the fingerprints and every metric; the files that belong to a
    job beside its result are the example's.
    """
    rng = np.random.default_rng(0)
    rows = []
    for dataset in range(size.datasets):
        scale = 1 + rng.normal(0, 0.01, size.losses)  # a true difference for each loss
        for seed in range(size.seeds):
            shared = 1 + rng.normal(0, 0.01)
            for loss in range(size.losses):
                name = f"{dataset:04d}{loss:04d}{seed:04d}"
                axes = {
                    "dataset": f"mnist_mini[subset={500 + dataset}]",
                    "loss": f"focal[gamma={loss}.5]" if loss else "cross_entropy",
                    "seed": str(seed),
                }
                rows.append({**example.row, **axes, "job_id": name})
                noisy = scale[loss] * shared * (1 + rng.normal(0, 0.005))
                _write_job(folder / "jobs" / name, example, axes, noisy, dataset)
    with (folder / "plan.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(example.row))
        writer.writeheader()
        writer.writerows(rows)
    (folder / "experiment.yaml").write_text(example.about)


def _write_job(
    folder: Path, example: Example, axes: Mapping[str, str], factor: float, dataset: int
) -> None:
    folder.mkdir(parents=True)
    own = {"job_id": folder.name, "seed": int(axes["seed"])}
    changed = {
        key: f"{dataset:04d}-{axes['seed']}-{value}"[:64]
        for key, value in example.result.items()
        if key in ("init_sha256", "head_init_sha256", "order_sha256")
    }
    metrics = [
        row | {"value": None if row["value"] is None else row["value"] * factor}
        for row in example.result["metrics"]
    ]
    result = {**example.result, **changed, "job_id": folder.name, "metrics": metrics}
    loss = {"name": axes["loss"].partition("[")[0], "params": {}}
    for name, content in (
        ("result.json", result),
        ("job.json", {**example.job, **own, "loss": loss}),
    ):
        (folder / name).write_text(json.dumps(content, indent=1))
    for path in example.folder.iterdir():
        if not (folder / path.name).exists() and path.is_file():
            os.link(path, folder / path.name)


def compare(folder: Path, *options: str) -> Taken:
    """Run the command in a fresh process.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, "-c", MEASURED, "compare", str(folder), *options]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, ",".join(FRAMEWORKS)], capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - started
    lines = done.stderr.splitlines()
    if done.returncode != 0 or not lines:
        raise RuntimeError(f"compare failed: {done.stderr[-500:]}")
    told = json.loads(lines[-1])
    if told["code"]:
        raise RuntimeError(f"compare ended with {told['code']}: {done.stderr[-500:]}")
    return Taken(wall, told["cpu"], told["kib"] / MIB, tuple(told["loaded"]))


def row(size: Size, taken: Sequence[Taken]) -> tuple[str, bool]:
    """Return a line of the table, and whether the targets are met: medians, and the most memory."""
    wall, cpu = (statistics.median(getattr(t, name) for t in taken) for name in ("wall_s", "cpu_s"))
    memory = max(t.memory_mib for t in taken)
    loaded = sorted({name for t in taken for name in t.loaded})
    fine = wall < size.seconds and memory < MOST_MIB and not loaded
    cells = (
        f"{size.jobs:,}",
        f"{size.datasets} x {size.losses} x {size.seeds}",
        f"{wall:.2f} (< {size.seconds:.0f})",
        f"{cpu:.2f}",
        f"{memory:.0f} (< {MOST_MIB})",
        ", ".join(loaded) or "none",
        "ok" if fine else "**missed**",
    )
    return f"| {' | '.join(cells)} |", fine


COLUMNS = "| jobs | data sets x losses x seeds | wall, s | CPU, s | memory, MiB | frameworks | |"


def main() -> int:
    """Measure, print the table, return the exit code: 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="24 jobs: only tests the script")
    parser.add_argument("--repeats", type=int, default=3, help="medians of so many (default: 3)")
    parser.add_argument("--out", type=Path, help="also write the Markdown to a file")
    args = parser.parse_args()
    lines = ["# Benchmark of compare", "", *machine.describe()]
    lines += [f"- medians of {args.repeats}; folders just written, so that files are in memory"]
    lines += ["", COLUMNS, "|---|---|---|---|---|---|---|"]
    met = []
    with tempfile.TemporaryDirectory(prefix="lossbench-compare-") as place:
        example = train_one(Path(place))
        for size in QUICK if args.quick else SIZES:
            folder = Path(place) / f"jobs-{size.jobs}"
            generate(folder, size, example)
            line, fine = row(size, [compare(folder) for _ in range(args.repeats)])
            lines.append(line)
            met.append(fine)
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if args.out:
        args.out.write_text(text)
    return 0 if all(met) or args.quick else 1


if __name__ == "__main__":
    sys.exit(main())

"""How fast lossbench is, as ratios measured side by side in one run, as a Markdown table.

LOSSBENCH_DATA=/folder/with/mnist.npz python benchmarks/bench.py --out bench.md
"""

import argparse
import itertools
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import machine
import work
from work import Done, Size, Unmeasured

ROWS = ("1", "2", "3", "4", "5", "6", "7", "flops", "time", "scaling")
NO_TORCH = "PyTorch cannot be imported"
QUICKSTART = work.HERE.parent / "configs" / "quickstart.yaml"


@dataclass(frozen=True)
class Row:
    """A row of the table.

    Attributes:
        key: its number.
        what: the work.
        peer: what lossbench is compared with; empty where the bar is a time.
        ours: seconds of lossbench, one for each repeat.
        theirs: seconds of the peer, one for each repeat.
        bar: the least ratio, or the seconds that must not be exceeded.
        fault: why it could not be measured.
    """

    key: str
    what: str
    peer: str
    ours: Sequence[float]
    theirs: Sequence[float]
    bar: float
    fault: str = ""

    def markdown(self) -> str:
        """Return the row as a line of a Markdown table."""
        head = f"| {self.key} | {self.what} | {self.peer or '-'} "
        at = "at least" if self.peer else "under"
        bar = f"{at} {self.bar:g}{'' if self.peer else ' s'}"
        if self.fault:
            return f"{head}| - | - | - | {bar} | not measured: {self.fault} |"
        ours, theirs = _spread(self.ours), _spread(self.theirs) if self.peer else "-"
        ratio = f"{self.ratio:.2f}" if self.peer else "-"
        return f"{head}| {ours} | {theirs} | {ratio} | {bar} | {self.verdict} |"

    @property
    def is_fine(self) -> bool:
        """Whether the bar is met, or only a peer is absent."""
        return self.fault == NO_TORCH or (not self.fault and self.verdict == "met")

    @property
    def ratio(self) -> float:
        """How many times faster than the peer, by medians."""
        return statistics.median(self.theirs) / statistics.median(self.ours)

    @property
    def verdict(self) -> str:
        """Whether the bar is met."""
        if self.peer:
            return "met" if self.ratio >= self.bar else "**missed**"
        return "met" if statistics.median(self.ours) < self.bar else "**missed**"


def _spread(seconds: Sequence[float]) -> str:
    text = f"{statistics.median(seconds):.2f}"
    return text if len(seconds) == 1 else f"{text} ({min(seconds):.2f} to {max(seconds):.2f})"


class Bench:
    """Where configs and runs lie, how much work is done and how often."""

    def __init__(self, folder: Path, size: Size, repeats: int, torch_python: str) -> None:
        self.folder, self.size, self.repeats = folder, size, repeats
        self.torch_python = torch_python
        self._number = itertools.count(1)

    def ours(self, text: str, *options: str) -> Done:
        """Run an experiment with lossbench in a fresh folder."""
        place = self.folder / f"{next(self._number)}"
        place.mkdir()
        (place / "bench.yaml").write_text(text)
        return work.lossbench(place / "bench.yaml", place / "runs", *options)

    def alternate(
        self, contestants: Mapping[str, Callable[[], Done]]
    ) -> tuple[dict[str, list[Done]], dict[str, str]]:
        """Let contestants work in turn: A B C, then C B A, and so on.

        Returns:
            What each did, and for each that failed why.
        """
        done: dict[str, list[Done]] = {name: [] for name in contestants}
        faults: dict[str, str] = {}
        for repeat in range(self.repeats):
            names = list(contestants)
            for name in names if repeat % 2 == 0 else reversed(names):
                if name in faults:
                    continue
                try:
                    done[name].append(contestants[name]())
                    say(f"{name}: {done[name][-1].seconds:.1f} s")
                except Unmeasured as error:
                    faults[name] = str(error)
                    say(f"{name}: {error}")
        return done, faults


def say(text: str) -> None:
    """Tell on standard error how far it is."""
    print(text, file=sys.stderr, flush=True)


def against_peers(bench: Bench, rows: Sequence[str]) -> tuple[list[Row], list[Done]]:
    """Rows 1 to 3: the same losses and seeds; also returns what lossbench did."""
    size, python = bench.size, bench.torch_python
    peers: dict[str, tuple[str, float, Callable[[], Done]]] = {
        "1": ("Keras script", 1.6, lambda: work.script(work.KERAS_SCRIPT, size)),
        "2": (
            "Keras script as two processes of one thread",
            1.25,
            lambda: work.script(work.KERAS_SCRIPT, size, processes=2),
        ),
        "3": (
            "PyTorch script",
            1.5,
            lambda: work.script(work.TORCH_SCRIPT, size, python=python),
        ),
    }
    chosen = {key: peer for key, peer in peers.items() if key in rows}
    missing = {}
    if "3" in chosen and not work.has_torch(python):
        missing["PyTorch script"] = NO_TORCH
    contestants: dict[str, Callable[[], Done]] = {"lossbench": lambda: _same_work(bench, size)}
    contestants |= {name: action for name, _, action in chosen.values() if name not in missing}
    done, faults = bench.alternate(contestants)
    what = f"{len(size.losses) * size.seeds} runs"
    faults |= missing
    return [
        _row(key, what, name, bar, done, faults) for key, (name, bar, _) in chosen.items()
    ], done["lossbench"]


def _same_work(bench: Bench, size: Size, *options: str) -> Done:
    done = bench.ours(work.same_work(size), *options)
    work.check_results(done, size)
    return done


def _row(
    key: str,
    what: str,
    peer: str,
    bar: float,
    done: Mapping[str, Sequence[Done]],
    faults: Mapping[str, str],
) -> Row:
    ours, theirs = ([d.seconds for d in done.get(name, ())] for name in ("lossbench", peer))
    fault = faults.get("lossbench") or faults.get(peer) or ""
    version = next((d.version for d in done.get(peer, ())), "")
    return Row(key, what, f"{peer} {version}".strip(), ours, theirs, bar, fault)


def one_job(bench: Bench) -> tuple[Row, list[Done]]:
    """Row 4: a single job, imports included; also returns what lossbench did."""
    size = replace(bench.size, losses=("cross_entropy",), seeds=1)
    done, faults = bench.alternate(
        {
            "lossbench": lambda: _same_work(bench, size),
            "Keras script": lambda: work.script(work.KERAS_SCRIPT, size),
        }
    )
    row = _row("4", "1 run, start to finish", "Keras script", 0.8, done, faults)
    return row, done["lossbench"]


def overhead(bench: Bench) -> Row:
    """Row 5: what a small job costs besides training, in seconds of a worker.

    (wall x workers - sum of seconds_train) / jobs. The first tracing of a loss in a worker is
    part of its job's seconds_train and so left out as well.
    """
    workers = machine.cpu_count()
    text = work.tiny_work(bench.size.overhead_seeds, subset=1000)
    done, faults = bench.alternate(
        {"overhead": lambda: bench.ours(text, "--workers", str(workers))}
    )
    each = [
        (d.seconds * workers - sum(r["seconds_train"] for r in d.results)) / len(d.results)
        for d in done["overhead"]
    ]
    jobs = 4 * bench.size.overhead_seeds
    what = f"overhead of a job, of {jobs} small ones"
    return Row("5", what, "", each, (), 1.5, faults.get("overhead", ""))


def resume(bench: Bench) -> Row:
    """Row 6: an experiment of which everything is finished."""
    jobs = 4 * bench.size.resume_seeds
    what = f"resume of {jobs} finished jobs"
    try:
        folder = bench.ours(work.tiny_work(bench.size.resume_seeds, subset=200)).folder
    except Unmeasured as error:
        return Row("6", what, "", (), (), 3.0, str(error))
    assert folder is not None
    config, runs_dir = folder.parents[1] / "bench.yaml", folder.parent
    done, faults = bench.alternate({"resume": lambda: work.lossbench(config, runs_dir)})
    seconds = [d.seconds for d in done["resume"]]
    return Row("6", what, "", seconds, (), 3.0, faults.get("resume", ""))


def quickstart(bench: Bench) -> Row:
    """Row 7: the experiment that newcomers run first."""
    overrides = [word for value in bench.size.quickstart for word in ("--set", value)]
    what = "configs/quickstart.yaml"

    def action() -> Done:
        done = bench.ours(QUICKSTART.read_text(), *overrides)
        work.check_results(done, bench.size)
        return done

    done, faults = bench.alternate({"quickstart": action})
    seconds = [d.seconds for d in done["quickstart"]]
    return Row("7", what, "", seconds, (), 150.0, faults.get("quickstart", ""))


def flops(done: Sequence[Done]) -> str:
    """Return the share of one thread's peak rate at which a job alone trains."""
    if not done:
        return "Share of the peak rate: not measured."
    seconds = (  # without the trace, which the first call bears
        float(d.results[0]["seconds_train"]) - float(d.results[0]["seconds_compile"] or 0.0)
        for d in done
    )
    images = done[0].results[0]["n_train"] * done[0].results[0]["epochs_done"]
    rate = machine.seed_cnn_training_flops() * images / statistics.median(seconds) / 1e9
    peak = work.peak_gflops()
    return (
        f"Share of the peak rate, one thread: {rate / peak:.0%}: seed_cnn trains at "
        f"{rate:.0f} GFLOP/s (operations of a step are three times forward, forward from the "
        f"layers' shapes), a float32 matrix product in TensorFlow runs at {peak:.0f} GFLOP/s."
    )


def where_time_goes(done: Sequence[Done]) -> str:
    """Return the parts of the workers' time, as means over repeats."""
    if not done:
        return "Where the time goes: not measured."
    workers = machine.cpu_count()
    parts: dict[str, float] = dict.fromkeys(
        ("training", "tracing", "evaluation after epochs", "the rest of jobs", "outside jobs"), 0.0
    )
    for one in done:
        assert one.folder is not None
        used = min(workers, len(one.results))
        total, train, trace = (
            sum(float(result[key] or 0.0) for result in one.results)
            for key in ("seconds_total", "seconds_train", "seconds_compile")
        )
        after_epochs = work.evaluation_seconds(one.folder)
        rest, outside = total - train - after_epochs, one.seconds * used - total
        found = (train - trace, trace, after_epochs, rest, outside)
        for name, value in zip(parts, found, strict=True):
            parts[name] += value
    whole = sum(parts.values())
    shares = ", ".join(f"{name} {value / whole:.0%}" for name, value in parts.items())
    return f"Where the workers' time goes: {shares} (the rest of jobs: data, final evaluation)."


def scaling(bench: Bench) -> str:
    """Return how much faster two workers are than one, at equal threads."""
    actions = {
        f"--workers {count}": partial(_same_work, bench, bench.size, "--workers", count)
        for count in ("1", "2")
    }
    done, faults = bench.alternate(actions)
    if faults:
        return f"Scaling: not measured: {next(iter(faults.values()))}."
    one, two = (statistics.median(d.seconds for d in runs) for runs in done.values())
    return f"From 1 to 2 workers of one thread: {one:.1f} s to {two:.1f} s, {one / two:.2f} times."


def measure(bench: Bench, rows: Sequence[str]) -> Iterator[Row | str]:
    """Measure what is asked for; yields rows with a bar, then sentences without."""
    sentences: list[str] = []
    many: list[Done] = []
    single: list[Done] = []
    if {"1", "2", "3", "time"} & set(rows):
        table, many = against_peers(bench, rows)
        yield from table
    if {"4", "flops"} & set(rows):
        row, single = one_job(bench)
        if "4" in rows:
            yield row
    for key, action in (("5", overhead), ("6", resume), ("7", quickstart)):
        if key in rows:
            yield action(bench)
    if "flops" in rows:
        sentences.append(flops(single))
    if "time" in rows:
        sentences.append(where_time_goes(many))
    if "scaling" in rows:
        sentences.append(scaling(bench))
    yield from sentences


def report(found: Sequence[Row | str], heading: Sequence[str]) -> str:
    """Return everything as Markdown."""
    rows = [row.markdown() for row in found if isinstance(row, Row)]
    columns = "| | work | peer | lossbench, s | peer, s | ratio | bar | |"
    table = [columns, "|---|---|---|---|---|---|---|---|", *rows] if rows else []
    sentences = [f"- {text}" for text in found if isinstance(text, str)]
    parts = (["# Benchmark"], heading, table, sentences)
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def main() -> int:
    """Measure, print the table, return the exit code: 1 if a bar is missed or a row failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="tiny sizes: only tests the scripts")
    parser.add_argument("--rows", default=",".join(ROWS), help="such as 1,4 (default: all)")
    parser.add_argument("--repeats", type=int, default=2, help="medians of so many (default: 2)")
    parser.add_argument("--out", type=Path, help="also write the Markdown to a file")
    parser.add_argument(
        "--torch-python", default=sys.executable, help="interpreter that has PyTorch"
    )
    args = parser.parse_args()
    rows = args.rows.split(",")
    if unknown := sorted(set(rows) - set(ROWS)):
        parser.error(f"--rows: no row {unknown[0]!r}; there are {', '.join(ROWS)}")
    if not Path(os.environ.get("LOSSBENCH_DATA", ""), "mnist.npz").is_file():
        parser.error("LOSSBENCH_DATA must name a folder that holds mnist.npz")
    size = work.QUICK if args.quick else work.FULL
    heading = machine.describe()
    heading.append(f"- {args.repeats} repeats in alternating order; medians (least to most)")
    if args.quick:
        heading.append("- **tiny sizes: the figures mean nothing**")
    with tempfile.TemporaryDirectory(prefix="lossbench-bench-") as place:
        bench = Bench(Path(place), size, args.repeats, args.torch_python)
        found = list(measure(bench, rows))
    text = report(found, heading)
    print(text)
    if args.out:
        args.out.write_text(text)
    missed = any(isinstance(row, Row) and not row.is_fine for row in found)
    return 1 if missed and not args.quick else 0


if __name__ == "__main__":
    sys.exit(main())

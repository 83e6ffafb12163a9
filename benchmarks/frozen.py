"""How fast lossbench is with a frozen network, side by side with two scripts, as Markdown.

LOSSBENCH_DATA=/folder python benchmarks/frozen.py --out frozen.md
"""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import machine
import work
from bench import Bench, Row, report
from work import Done, Size

FIT = work.HERE / "peers" / "frozen_fit.py"
CACHED = work.HERE / "peers" / "frozen_cached.py"
NEEDED = ("cifar10-subset.npz", "efficientnet_lite0_imagenet_notop.keras")
# 2,222 images leave 2,000 for training after a tenth has gone to validation.
FULL = Size(images=2222, epochs=10, seeds=3, floor=0.55)
QUICK = Size(images=600, epochs=2, seeds=1, losses=work.LOSSES[:2], floor=0.2)
EPOCHS_TIMED = 2


def experiment(size: Size) -> str:
    """Return the experiment file."""
    data = Path(os.environ["LOSSBENCH_DATA"]).resolve()
    return (
        f"name: bench\ndataset: {{name: npz, path: {data / NEEDED[0]}, subset: {size.images}}}\n"
        f"model: {{name: keras_file, path: {data / NEEDED[1]}, image_size: 96}}\n"
        f"losses: [{', '.join(size.losses)}]\n"
        f"optimizer: {{name: adam, learning_rate: 0.001}}\nseeds: {size.seeds}\n"
        f"train: {{epochs: {size.epochs}, batch_size: 128}}\n"
    )


class Frozen(Bench):
    """The contestants."""

    def from_empty(self) -> Done:
        """Run the experiment with nothing in the cache."""
        self.cache = tempfile.mkdtemp(prefix="cache-", dir=self.folder)
        return self._run()

    def from_full(self) -> Done:
        """Run it again as new, with the features of the run before."""
        return self._run()

    def _run(self) -> Done:
        os.environ["LOSSBENCH_CACHE"] = self.cache
        done = self.ours(experiment(self.size))
        work.check_results(done, self.size)
        return done

    def by_hand(self) -> Done:
        """Run the script that keeps the features itself."""
        return work.script(CACHED, self.size)

    def fitted(self) -> Done:
        """Time two epochs of one loss and seed; return what all of them would take.

        The start of the process counts once, building and tracing once for each loss and seed.
        """
        epochs = EPOCHS_TIMED
        done, said = work.part(FIT, "--images", str(self.size.images), "--epochs", str(epochs))
        first, *others = said["epochs"]
        inside = said["build"] + sum(said["epochs"]) + said["test"]
        each = said["build"] + first + (self.size.epochs - 1) * statistics.mean(others)
        runs = len(self.size.losses) * self.size.seeds
        return Done(done - inside + runs * (each + said["test"]))


def rows(bench: Frozen) -> tuple[list[Row], list[Done]]:
    """Measure everybody in turn; also returns what lossbench did from an empty cache."""
    fit, hand = "Keras, fitted frozen (scaled)", "Keras, features kept by hand"
    empty, full = "lossbench, empty cache", "lossbench, full cache"
    done, faults = bench.alternate(
        {
            empty: bench.from_empty,
            hand: bench.by_hand,
            fit: bench.fitted,
        }
    )
    again, more = bench.alternate({full: bench.from_full}) if done[empty] else ({full: []}, {})
    faults |= more
    runs = len(bench.size.losses) * bench.size.seeds
    table = [
        _row("1", f"{runs} runs, empty cache", fit, 15.0, done[empty], done[fit], faults, empty),
        _row("2", f"{runs} runs, empty cache", hand, 1.0, done[empty], done[hand], faults, empty),
        _row("3", f"{runs} runs, full cache", hand, 1.0, again[full], done[hand], faults, full),
    ]
    return table, done[empty]


def _row(
    key: str,
    what: str,
    peer: str,
    bar: float,
    ours: Sequence[Done],
    theirs: Sequence[Done],
    faults: dict[str, str],
    own: str,
) -> Row:
    seconds = [[done.seconds for done in side] for side in (ours, theirs)]
    fault = faults.get(own) or faults.get(peer) or ""
    return Row(key, what, peer, *seconds, bar, fault)


def where_time_goes(done: Sequence[Done]) -> str:
    """Return the parts of the workers' time, as seconds of a worker, means over repeats."""
    if not done:
        return "Where the time goes: not measured."
    workers = machine.cpu_count()
    parts = dict.fromkeys(
        ("features", "training", "tracing", "evaluation after epochs", "rest of jobs", "outside"),
        0.0,
    )
    for one in done:
        assert one.folder is not None
        features, total, train, trace = (
            sum(float(result.get(key) or 0.0) for result in one.results)
            for key in ("seconds_features", "seconds_total", "seconds_train", "seconds_compile")
        )
        evaluated = work.evaluation_seconds(one.folder)
        rest = total - features - train - evaluated
        found = (features, train - trace, trace, evaluated, rest, one.seconds * workers - total)
        for name, value in zip(parts, found, strict=True):
            parts[name] += value / len(done)
    shares = ", ".join(f"{name} {value:.1f} s" for name, value in parts.items())
    return f"Where the time of {workers} workers goes: {shares} (start of processes: outside)."


def main() -> int:
    """Measure, print the table, return the exit code: 1 if a bar is missed or a row failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="tiny sizes: only tests the scripts")
    parser.add_argument("--repeats", type=int, default=2, help="medians of so many (default: 2)")
    parser.add_argument("--out", type=Path, help="also write the Markdown to a file")
    args = parser.parse_args()
    data = Path(os.environ.get("LOSSBENCH_DATA", ""))
    absent = [name for name in NEEDED if not (data / name).is_file()]
    if absent:
        parser.error(f"LOSSBENCH_DATA must name a folder that holds {' and '.join(absent)}")
    size = QUICK if args.quick else FULL
    heading = machine.describe()
    heading.append(
        f"- EfficientNet-Lite0, frozen, at 96 x 96; {size.images - size.images // 10} training, "
        f"{size.images // 10} validation and 2,000 test images of CIFAR-10; {len(size.losses)} "
        f"losses, {size.seeds} seeds, {size.epochs} epochs, batches of 128"
    )
    heading.append(f"- {args.repeats} repeats in alternating order; medians (least to most)")
    heading.append(
        f"- fitted frozen: {EPOCHS_TIMED} epochs of one loss and seed are timed and scaled"
    )
    if args.quick:
        heading.append("- **tiny sizes: the figures mean nothing**")
    with tempfile.TemporaryDirectory(prefix="lossbench-frozen-") as place:
        table, done = rows(Frozen(Path(place), size, args.repeats, sys.executable))
        text = report([*table, where_time_goes(done)], heading)
    print(text)
    if args.out:
        args.out.write_text(text)
    return 1 if not args.quick and not all(row.is_fine for row in table) else 0


if __name__ == "__main__":
    sys.exit(main())

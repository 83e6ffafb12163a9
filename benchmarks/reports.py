"""How long `lossbench report` takes over many jobs, and how large the page is, as Markdown.

python benchmarks/reports.py --out reports.md
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import machine
from comparing import Size, generate, train_one

MB = 1e6


@dataclass(frozen=True)
class Limit:
    """What a report over so many jobs may cost."""

    size: Size
    megabytes: float


LIMITS = (
    Limit(Size(1, 10, 10, 15.0), 3.0),
    Limit(Size(5, 5, 4, 15.0), 3.0),
    Limit(Size(10, 10, 10, 60.0), 10.0),
    Limit(Size(1, 40, 25, 60.0), 10.0),
)
QUICK = (Limit(Size(2, 3, 3, 15.0), 3.0),)
COLUMNS = "| jobs | data sets x losses x seeds | seconds | MB | |"


def report(folder: Path) -> tuple[float, float]:
    """Return the seconds that the command takes in a fresh process, and the size of its page."""
    page = folder / "report.html"
    command = [sys.executable, "-m", "lossbench", "report", str(folder), "-o", str(page)]
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started, page.stat().st_size / MB


def row(limit: Limit, seconds: float, megabytes: float) -> tuple[str, bool]:
    """Return a line of the table, and whether the targets are met."""
    size = limit.size
    fine = seconds < size.seconds and megabytes < limit.megabytes
    cells = (
        f"{size.jobs:,}",
        f"{size.datasets} x {size.losses} x {size.seeds}",
        f"{seconds:.1f} (< {size.seconds:.0f})",
        f"{megabytes:.2f} (< {limit.megabytes:.0f})",
        "ok" if fine else "**missed**",
    )
    return f"| {' | '.join(cells)} |", fine


def measured(limits: Sequence[Limit]) -> tuple[list[str], bool]:
    """Write folders, report on each, and return the table's lines and whether all targets hold."""
    lines, met = [COLUMNS, "|---|---|---|---|---|"], []
    with tempfile.TemporaryDirectory(prefix="lossbench-reports-") as place:
        example = train_one(Path(place))
        for limit in limits:
            size = limit.size
            folder = Path(place) / f"jobs-{size.datasets}-{size.losses}-{size.seeds}"
            generate(folder, size, example)
            line, fine = row(limit, *report(folder))
            lines.append(line)
            met.append(fine)
    return lines, all(met)


def main() -> int:
    """Measure, print the table, return the exit code: 1 if a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="18 jobs: only tests the script")
    parser.add_argument("--out", type=Path, help="also write the Markdown to a file")
    args = parser.parse_args()
    lines, met = measured(QUICK if args.quick else LIMITS)
    text = "\n".join(["# Benchmark of report", "", *machine.describe(), "", *lines]) + "\n"
    print(text, end="")
    if args.out:
        args.out.write_text(text)
    return 0 if met or args.quick else 1


if __name__ == "__main__":
    sys.exit(main())

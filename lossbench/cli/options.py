"""Options that several commands share, so that they read the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="The experiment file (YAML).")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Replace a value of the file: --set train.epochs=2 --set 'losses=\\[mse,mae]'.",
    ),
]
LossParams = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="A parameter of the loss: --set gamma=1. Repeatable."
    ),
]
RunsDir = Annotated[Path, typer.Option("--runs-dir", help="Where the folders of experiments lie.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Warnings about the data are errors: exit code 3.")
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Runs = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[RUNS]...", help="Run folders, or folders of them. [default: runs]"),
]
Factor = Annotated[
    str | None,
    typer.Option(
        metavar="AXIS",
        help="Compare another axis than the loss: optimizer, model, schedule, batch_size or "
        "backend. [default: loss; where there is one alone, what else differs]",
    ),
]
Baseline = Annotated[
    str | None, typer.Option(help="Compare with this loss (optimizer, ...) instead.")
]
Metric = Annotated[
    str | None, typer.Option(help="Judge by this metric instead of the declared one.")
]
AllowUnmatched = Annotated[
    bool,
    typer.Option("--allow-unmatched", help="Pair runs that did not start alike, under a banner."),
]
RUNS_DIR = Path("runs")

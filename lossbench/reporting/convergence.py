"""How fast and how calmly levels of a factor were trained: two tables and what follows."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lossbench.catalog.axes import shown, title
from lossbench.catalog.metrics import metric_row
from lossbench.comparison import Comparison, Convergence
from lossbench.comparison.converging import ConvergenceRow, Paired
from lossbench.reporting.numbers import decimals_of, interval, number, p_value


def print_convergence(console: Console, comparison: Comparison, found: Convergence) -> None:
    """Print a table of speed and, where the loss is the same for all, one of oscillation."""
    for part in parts(comparison, found):
        for line in ("", part.title, ""):
            console.print(Text(line))
        console.print(_table(part.columns, part.rows))
        for line in ("", *part.notes):
            console.print(Text(line))
    if not found.calm:
        console.print(Text(NOT_CALM))


@dataclass(frozen=True)
class Part:
    """A table with what stands around it.

    Attributes:
        title: what it shows.
        columns: headings, the first that of the levels.
        rows: a text for each column.
        notes: how to read it, and what follows, in sentences.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[list[str]]
    notes: list[str]


NOT_CALM = "oscillation is not compared: each loss has a scale of its own."


def parts(comparison: Comparison, found: Convergence) -> list[Part]:
    """Return the table of speed and, where the loss is the same for all, that of oscillation."""
    first = title(comparison.factor)
    speed = Part(
        _speed_title(comparison, found),
        (first, "reached", "epochs", "s", "examples", "ALC", "diff", _ci(comparison), "p Holm"),
        _speed_rows(found),
        _faster(comparison, found),
    )
    if not found.calm:
        return [speed]
    swing = Part(
        "oscillation: training loss by step about its trend, second half of the training",
        (first, "loss", "swing", "ratio", _ci(comparison), "p Holm", "spike", "best-last"),
        _swing_rows(found),
        _calmer(comparison, found),
    )
    return [speed, swing]


def _speed_title(comparison: Comparison, found: Convergence) -> str:
    if not math.isfinite(found.target):
        return "convergence: the baseline has no run that worked, and sets no target"
    target = number(_scale(found) * found.target, _decimals(found))
    return (
        f"convergence: validation {found.metric} {target}, the median best of "
        f"{_base(comparison)}, first reached"
    )


def _scale(found: Convergence) -> float:
    return 100.0 if metric_row(found.metric).bounded else 1.0


def _decimals(found: Convergence) -> int:
    scale = _scale(found)
    halves = (scale * (row.faster.ci_high - row.faster.ci_low) / 2 for row in found.rows)
    return decimals_of(halves, 2 if scale > 1 else 4)


def _base(comparison: Comparison) -> str:
    return shown(comparison.factor, comparison.baseline or "")


def _speed_rows(found: Convergence) -> list[list[str]]:
    scale, decimals = _scale(found), _decimals(found)
    return [
        [
            row.level,
            f"{row.reached}/{row.runs}",
            _amount(row.epochs_to, "{:.0f}"),
            _amount(row.seconds_to, "{:.1f}"),
            _amount(row.examples_to, "{:,.0f}"),
            number(scale * row.alc, decimals),
            number(scale * row.faster.value, decimals, signed=True),
            interval(scale * row.faster.ci_low, scale * row.faster.ci_high, decimals),
            p_value(row.faster.p_holm),
        ]
        for row in found.rows
    ]


def _swing_rows(found: Convergence) -> list[list[str]]:
    scale, decimals = _scale(found), _decimals(found)
    return [
        [
            row.level,
            "." if math.isnan(row.training_loss) else f"{row.training_loss:.3g}",
            "." if math.isnan(row.oscillation) else f"{100 * row.oscillation:.0f} %",
            number(row.swing.value, 2),
            interval(row.swing.ci_low, row.swing.ci_high, 2, signed=False),
            p_value(row.swing.p_holm),
            "." if math.isnan(row.largest_spike) else f"x{row.largest_spike:.1f}",
            number(scale * row.best_last_gap, decimals),
        ]
        for row in found.rows
    ]


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(columns[0], overflow="fold", min_width=10)
    for name in columns[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row(*("─" * len(name) for name in columns), style="dim")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _ci(comparison: Comparison) -> str:
    return "95% CI" if comparison.alpha == 0.05 else "CI"


def _amount(value: float, form: str) -> str:
    if math.isnan(value):
        return "."
    return "never" if math.isinf(value) else form.format(value)


def _faster(comparison: Comparison, found: Convergence) -> list[str]:
    lines = [
        "epochs, s, examples: medians over seeds; never: in half of them or more.",
        "ALC: mean validation metric over the epochs; diff: paired, positive is better.",
    ]
    words = {"better": "converges faster", "worse": "slower", "open": "undecided"}
    said = _said(comparison, found, lambda row: row.faster, 0.0, words)
    return [*lines, f"against {_base(comparison)}, by ALC: {said}."] if said else lines


def _calmer(comparison: Comparison, found: Convergence) -> list[str]:
    base = _base(comparison)
    lines = [
        "loss: of the trend; swing: root mean square distance to it, a share of it;",
        "spike: largest step against the 25 before; best-last: best validation - last.",
    ]
    if found.at_equal_loss:
        lines += [
            f"ratio: to {base} at equal loss. A low loss hangs on few examples of a batch and "
            "swings more for that alone, as 1 / root of the loss: the ratio leaves this out. "
            "Near the loss of guessing, where training has hardly begun, all swing little.",
        ]
    else:
        lines.append(f"ratio: to {base}, paired by seed.")
    if comparison.factor == "batch_size":
        lines.append("a larger batch averages more of the swing away: that is in the ratio.")
    words = {"better": "oscillates more", "worse": "less", "open": "undecided"}
    said = _said(comparison, found, lambda row: row.swing, 1.0, words)
    return [*lines, f"against {base}: {said}."] if said else lines


def _said(
    comparison: Comparison,
    found: Convergence,
    of: Callable[[ConvergenceRow], Paired],
    equal: float,
    words: dict[str, str],
) -> str:
    """Return which levels lie above the baseline, which below, and which cannot be told."""
    sides: dict[str, list[str]] = {side: [] for side in words}
    for row in found.rows:
        paired = of(row)
        if row.level == comparison.baseline or math.isnan(paired.value):
            continue
        sure = paired.p_holm <= comparison.alpha
        side = "open" if not sure else "better" if paired.value > equal else "worse"
        sides[side].append(shown(comparison.factor, row.level))
    told = (f"{words[side]}: {', '.join(names)}" for side, names in sides.items() if names)
    return "; ".join(told)

"""The value of every loss on test, for networks that were trained with another: information."""

import math
from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lossbench.comparison import Comparison

NEVER_RANKS = (
    "This never ranks the losses: each column has units and a lowest value of its own, and favours "
    "the loss that was trained on it. It may be read downwards only."
)

TITLE = "losses on test: trained with the row's, evaluated by the column's"


def print_cross_loss(console: Console, comparison: Comparison) -> None:
    """Print the cross-loss table, in as many parts as the width asks for."""
    found = comparison.cross_loss
    console.print()
    if not found:
        console.print(Text("losses on test: no run recorded them."))
        return
    console.print(Text(TITLE))
    for part in _parts(found, evaluated(found), console.width):
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
        table.add_column("trained with", overflow="fold", min_width=12)
        for name in part:
            table.add_column(name, justify="right", overflow="fold")
        for trained, values in found.items():
            table.add_row(Text(trained), *(value_text(values.get(name)) for name in part))
        console.print()
        console.print(table)
    console.print()
    console.print(Text(NEVER_RANKS))


def evaluated(found: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the losses that were evaluated on test, each once."""
    return list(dict.fromkeys(name for values in found.values() for name in values))


def value_text(value: float | None) -> str:
    """Return a loss on test with four digits; a dot where it is unknown."""
    return "." if value is None or not math.isfinite(value) else f"{value:.4g}"


def _parts(
    found: Mapping[str, Mapping[str, float]], names: Sequence[str], width: int
) -> list[list[str]]:
    """Return the columns of each part, so that a part fits into the width."""
    first = min(max(cell_len(name) for name in (*found, "trained with")), width // 3)
    parts: list[list[str]] = []
    used = width
    for name in names:
        texts = (value_text(values.get(name)) for values in found.values())
        needed = 1 + max(min(cell_len(name), width // 3), *map(cell_len, texts))
        if used + needed > width:
            parts.append([])
            used = first
        parts[-1].append(name)
        used += needed
    return parts

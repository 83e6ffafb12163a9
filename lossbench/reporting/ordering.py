"""In which order comparisons and their rows are shown."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lossbench.catalog.axes import AXES, title
from lossbench.comparison import Comparison, Row, fails_often
from lossbench.config.wording import did_you_mean
from lossbench.errors import ConfigError, Problem
from lossbench.reporting.columns import column_names

GROUPS = (*AXES, "metric", "factor", "epochs", "track")
"""What comparisons can be put together by."""

_UPWARDS = {
    *("diff", "ci", "ci_low", "ci_high", "ci90", "ci90_low", "ci90_high", "wins", "done"),
    *("crossed_low", "crossed_high", "g_z", "d_av", "error_reduction", "pi", "pi_low", "pi_high"),
    *("completion_low", "completion_high", "corr", "pairing_gain", "bold", "n"),
}
"""Columns of which the largest comes first."""

_VERDICTS = (
    *("CLEARLY_BETTER", "BETTER", "BETTER_NEGLIGIBLE", "EQUIVALENT", "BASELINE", "INCONCLUSIVE"),
    *("NO_DATA", "WORSE_NEGLIGIBLE", "WORSE", "CLEARLY_WORSE"),
)


def ordered(comparison: Comparison, column: str | None = None) -> Comparison:
    """Return a comparison with its rows in order; what does not exist comes last.

    Args:
        comparison: what is shown.
        column: a name of `columns.COLUMNS`: the better end first where there is one, else the
            smallest, names by alphabet. None means the best mean first, but not one of a level
            that often failed.
    """
    if column is None:
        return replace(comparison, rows=_reliable_first(comparison.rows))
    rows = tuple(sorted(comparison.rows, key=lambda row: _key(row, column, comparison)))
    return replace(comparison, rows=rows)


def _reliable_first(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Return the rows with the first that seldom failed before those that often did."""
    first = next((i for i, row in enumerate(rows) if not fails_often(row)), 0)
    return (rows[first], *rows[:first], *rows[first + 1 :]) if rows else ()


def _key(row: Row, column: str, comparison: Comparison) -> tuple[bool, Any]:
    attribute = {"ci": "ci_low", "ci90": "ci90_low"}.get(column, column)
    value = getattr(row, attribute)
    if attribute.startswith("verdict"):
        order = _VERDICTS.index(value) if value in _VERDICTS else len(_VERDICTS)
        return False, order
    if isinstance(value, str | tuple):
        return not value, value
    if value is None or not math.isfinite(value):
        return True, 0
    metric = attribute in ("mean", "mean_itt") and comparison.higher_is_better
    return False, -value if metric or column in _UPWARDS else value


def sort_name(word: str) -> str:
    """Return the column that a word on the command line names.

    Raises:
        ConfigError: there is no such column, or there are several.
    """
    names = column_names("--sort", [word])
    if len(names) > 1:
        text = f"{len(names)} columns are named; accepted is one. Give the first of them."
        raise ConfigError([Problem("--sort", text)])
    return names[0]


def group_name(word: str) -> str:
    """Return the attribute of a comparison that a word on the command line names.

    Raises:
        ConfigError: comparisons cannot be put together by it.
    """
    name = word.strip().lower().replace("-", "_")
    for found in (name, name.removesuffix("s"), name.removesuffix("es")):
        if found in GROUPS:
            return found
    text = f"there is no {word!r} to group by; accepted: {', '.join(GROUPS)}."
    raise ConfigError([Problem("--group-by", text + did_you_mean(name, GROUPS))])


def grouped(comparisons: Sequence[Comparison], attribute: str) -> dict[str, list[Comparison]]:
    """Return comparisons by their value of an attribute, under a heading each.

    Args:
        comparisons: in their order, which is kept within each group.
        attribute: a name of `GROUPS`.
    """
    found: dict[str, list[Comparison]] = {}
    for one in comparisons:
        value = str(getattr(one, attribute)) or "compared"
        found.setdefault(f"{title(attribute)}: {value}", []).append(one)
    return found

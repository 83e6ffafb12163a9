"""What each run measured on test besides the metric that judges, by level and seed."""

import math
from collections.abc import Mapping
from typing import Any

from lossbench import stats
from lossbench.comparison import Comparison
from lossbench.reporting.figures.picture import Material

Values = Mapping[str, Mapping[int, float]]
"""A number by level and seed; where there is none, none stands there."""
Measured = dict[tuple[str, str], dict[str, dict[int, float]]]
"""Values by the name of a metric and the stage, raw or temperature."""


def measured(material: Material) -> Measured:
    """Return every finite value of every metric on test, at the epoch that is compared."""
    found: Measured = {}
    for level, jobs in material.comparison.jobs.items():
        for seed, job in jobs.items():
            for row in _test_rows(material.results.get(job), material.comparison.at):
                key = str(row.get("metric")), str(row.get("stage"))
                found.setdefault(key, {}).setdefault(level, {})[seed] = float(row["value"])
    return found


def _test_rows(result: Mapping[str, Any] | None, at: str) -> list[Mapping[str, Any]]:
    if result is None or result.get("status") != "ok":
        return []
    return [
        row
        for row in result.get("metrics") or ()
        if (row.get("split"), row.get("at")) == ("test", at)
        and isinstance(row.get("value"), int | float)
        and math.isfinite(row["value"])
    ]


def levels_of(comparison: Comparison) -> list[str]:
    """Return the levels of a comparison, best mean first; controls are left out."""
    return [row.level for row in comparison.rows]


def others_of(comparison: Comparison) -> list[str]:
    """Return the levels besides the baseline, best mean first."""
    return [row.level for row in comparison.rows if row.level != comparison.baseline]


def differences(
    values: Values, level: str, comparison: Comparison, scale: float = 1.0
) -> dict[str, float]:
    """Return the mean difference of a level to the baseline, paired by seed, with its interval.

    Args:
        values: by level and seed.
        level: of them.
        comparison: says what the baseline is, alpha, and whether test parts overlap.
        scale: what differences are multiplied by: 100 for points, -1 where lower is better.

    Returns:
        `value`, `ci_low`, `ci_high`, `n`; NaN where there is none.
    """
    base = values.get(str(comparison.baseline), {})
    own = values.get(level, {})
    paired = sorted(own.keys() & base.keys())
    return _interval(
        [scale * (own[seed] - base[seed]) for seed in paired], comparison.alpha, comparison.overlap
    )


def means(values: Mapping[int, float], alpha: float, scale: float = 1.0) -> dict[str, float]:
    """Return the mean over seeds with its t interval, which covers 1 - alpha.

    Returns:
        `value`, `ci_low`, `ci_high`, `n`; NaN where there is none.
    """
    return _interval([scale * one for one in values.values() if math.isfinite(one)], alpha)


def _interval(numbers: list[float], alpha: float, overlap: float = 0.0) -> dict[str, float]:
    if not numbers:
        return {"value": math.nan, "ci_low": math.nan, "ci_high": math.nan, "n": 0}
    of = stats.paired_difference(numbers, alpha, overlap)
    return {"value": of.mean, "ci_low": of.ci_low, "ci_high": of.ci_high, "n": of.n}


def seeds_text(counts: list[int]) -> str:
    """Return "4" or "3 to 4" of the numbers of seeds of some rows; those without are left out."""
    known = sorted({one for one in counts if one})
    if not known:
        return "0"
    return f"{known[0]}" if len(known) == 1 else f"{known[0]} to {known[-1]}"

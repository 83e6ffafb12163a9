"""Comparisons with values by seed, and summaries over data sets, made by hand."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lossbench.comparison import Comparison
from tests.reporting.made_comparisons import baseline, comparison, row

Scores = Mapping[str, Sequence[float]]


def compared(
    scores: Scores, verdicts: Mapping[str, str] | None = None, **changes: Any
) -> Comparison:
    """A comparison of levels by their values in each seed; the first one is the baseline."""
    base = next(iter(scores))
    rows = []
    for level, values in scores.items():
        if level == base:
            rows.append(baseline(level, mean=float(np.nanmean(values)), n=len(values)))
            continue
        diffs = np.subtract(values, scores[base])
        verdict = (verdicts or {}).get(level, "INCONCLUSIVE")
        mean = float(np.nanmean(diffs))
        rows.append(row(level, verdict, mean, 0.01, n=int(np.isfinite(diffs).sum())))
    usual: dict[str, Any] = {
        "baseline": base,
        "seeds": len(scores[base]),
        "values": {level: dict(enumerate(values)) for level, values in scores.items()},
        "jobs": {
            level: {seed: f"{level}-{seed}" for seed in range(len(values))}
            for level, values in scores.items()
        },
        "metric": "accuracy",
    }
    return comparison(*sorted(rows, key=lambda one: -one.mean), **(usual | changes))


def over_sets(count: int, levels: int = 3, **changes: Any) -> list[Comparison]:
    """Comparisons on so many data sets; each level is better than the one before, everywhere."""
    found = []
    for dataset in range(count):
        scores = {
            f"loss_{level}": [
                0.5 + 0.02 * level + 0.01 * dataset + 0.001 * s * level for s in (0, 1, 2)
            ]
            for level in range(levels)
        }
        found.append(compared(scores, dataset=f"data_{dataset}", **changes))
    return found


def markers(axes: Any) -> list[tuple[float, float]]:
    """Where the markers of an axes are that stand at one point each."""
    found = []
    for line in axes.lines:
        if line.get_marker() in (None, "None", ".", ""):
            continue
        x, y = np.atleast_1d(line.get_xdata())[:], np.atleast_1d(line.get_ydata())
        shown = line.get_markevery() or range(len(x))
        found += [(float(x[at]), float(y[at])) for at in shown if not math.isnan(x[at])]
    return found

"""Errors of regression on test: read from the predictions of a few seeds, and their summaries."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lossbench.catalog.losses import REGRESSION
from lossbench.catalog.metrics import metric_row
from lossbench.comparison import Comparison
from lossbench.comparison.curves import Folders
from lossbench.comparison.predictions import read_predictions
from lossbench.errors import StoreError
from lossbench.reporting.figures.measures import means

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

MOST_SEEDS = 8
"""Of each level, the first so many."""


@dataclass(frozen=True)
class Errors:
    """Predictions and errors of one network on the test examples, all targets in one list.

    Attributes:
        predicted: predictions, [n]; in target units for one target, else each target minus its
            mean over its standard deviation on test.
        error: prediction minus target, in the same units, [n].
        targets: how many targets there are.
    """

    predicted: Array
    error: Array
    targets: int


ErrorsOf = Mapping[str, Mapping[int, Errors]]
"""By level, best mean first, and seed."""


def read_errors(
    comparison: Comparison, folders: Folders, results: Mapping[str, Mapping[str, object]]
) -> dict[str, dict[int, Errors]]:
    """Return the errors of the first seeds of each level; runs without predictions are left out.

    Args:
        comparison: what is compared; nothing is read where its metric is not of regression.
        folders: where jobs lie.
        results: of the jobs that ended.
    """
    found: dict[str, dict[int, Errors]] = {}
    if not metric_row(comparison.metric).tasks <= REGRESSION:
        return found
    for row in comparison.rows:
        jobs = sorted(comparison.jobs.get(row.level, {}).items())
        worked = [(s, job) for s, job in jobs if results.get(job, {}).get("status") == "ok"]
        for seed, job in worked[:MOST_SEEDS]:
            try:
                kept = read_predictions(folders[job], job, comparison.metric)
            except (StoreError, KeyError):
                continue
            one = errors_of(kept.y_true, kept.scores)
            if one is not None:
                found.setdefault(row.level, {})[seed] = one
    return found


def errors_of(y_true: NDArray[np.generic], predictions: NDArray[np.generic]) -> Errors | None:
    """Return the errors of one network; None where it has none that are finite.

    Args:
        y_true: targets, [n] or [n, targets].
        predictions: of the same shape, in target units.

    Source:
        Definition; the sign is that of the metric `bias`.
    """
    truth = np.asarray(y_true, np.float64).reshape(len(y_true), -1)
    said = np.asarray(predictions, np.float64).reshape(len(predictions), -1)
    if truth.shape != said.shape or not truth.size:
        return None
    targets = truth.shape[1]
    if targets > 1:
        middle, spread = truth.mean(axis=0), truth.std(axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        truth, said = (truth - middle) / spread, (said - middle) / spread
    kept = np.isfinite(truth) & np.isfinite(said)
    if not kept.any():
        return None
    return Errors(said[kept], (said - truth)[kept], targets)


def pooled(jobs: Mapping[int, Errors]) -> tuple[Array, Array]:
    """Return predictions and errors of all seeds of a level, by rising prediction."""
    predicted = np.concatenate([one.predicted for one in jobs.values()])
    error = np.concatenate([one.error for one in jobs.values()])
    order = np.argsort(predicted, kind="stable")
    return predicted[order], error[order]


IQR_OF_NORMAL = 1.3489795003921634
"""Distance of the quartiles of a normal distribution, in standard deviations."""

BIAS, SPREAD, MIDDLE = "bias", "spread", "spread of the middle"


def spread_table(found: ErrorsOf, alpha: float) -> "pd.DataFrame":
    """Return bias and spread of the errors of each level: means over seeds with t intervals.

    Args:
        found: errors, by level and seed.
        alpha: intervals cover 1 - alpha.

    Returns:
        Columns panel, level, value, ci_low, ci_high and n (seeds). Panels: bias, the mean error;
        spread, the standard deviation of the errors; and the spread of the middle, the distance
        of their quartiles over 1.349, which is the same for normal errors.
    """
    import pandas as pd

    measures: dict[str, Callable[[Array], float]] = {
        BIAS: lambda error: float(error.mean()),
        SPREAD: lambda error: float(error.std()),
        MIDDLE: _middle_spread,
    }
    rows = [
        {"panel": panel, "level": level}
        | means({seed: measure(one.error) for seed, one in jobs.items()}, alpha)
        for panel, measure in measures.items()
        for level, jobs in found.items()
    ]
    return pd.DataFrame(rows, columns=["panel", "level", "value", "ci_low", "ci_high", "n"])


def _middle_spread(error: Array) -> float:
    low, high = np.quantile(error, [0.25, 0.75])
    return float(high - low) / IQR_OF_NORMAL


BINS = 10


def residuals_table(found: ErrorsOf) -> "pd.DataFrame":
    """Return the errors of each level by tenths of its predictions, pooled over seeds.

    Returns:
        Columns level, prediction (mean of the tenth), low, median, high (10 %, 50 % and 90 % of
        the errors) and n.
    """
    import pandas as pd

    rows = []
    for level, jobs in found.items():
        predicted, error = pooled(jobs)
        parts = np.array_split(np.arange(len(error)), min(BINS, len(error)))
        for part in parts:
            low, middle, high = np.quantile(error[part], [0.1, 0.5, 0.9]).tolist()
            rows.append(
                {
                    "level": level,
                    "prediction": float(predicted[part].mean()),
                    "low": low,
                    "median": middle,
                    "high": high,
                    "n": len(part),
                }
            )
    return pd.DataFrame(rows, columns=["level", "prediction", "low", "median", "high", "n"])


def points_table(found: ErrorsOf, each: int) -> "pd.DataFrame":
    """Return some predictions of each level with their errors, evenly over all by prediction."""
    import pandas as pd

    rows = []
    for level, jobs in found.items():
        predicted, error = pooled(jobs)
        kept = np.unique(np.linspace(0, len(error) - 1, each).round().astype(int))
        rows += [
            {"level": level, "prediction": float(predicted[at]), "error": float(error[at])}
            for at in kept
        ]
    return pd.DataFrame(rows, columns=["level", "prediction", "error"])


SHARES = (*range(5, 100, 5), 97.5, 99.0)


def sizes_table(found: ErrorsOf) -> "pd.DataFrame":
    """Return below which |error| which share of the test examples lies, pooled over seeds.

    Returns:
        Columns level, share (percent) and error.
    """
    import pandas as pd

    rows = []
    for level, jobs in found.items():
        sizes = np.quantile(np.abs(pooled(jobs)[1]), np.array(SHARES) / 100)
        rows += [
            {"level": level, "share": share, "error": size}
            for share, size in zip(SHARES, sizes.tolist(), strict=True)
        ]
    return pd.DataFrame(rows, columns=["level", "share", "error"])


NORMAL = np.linspace(-3, 3, 21)
"""Quantiles of a normal distribution at which errors are read."""


def normal_table(found: ErrorsOf) -> "pd.DataFrame":
    """Return quantiles of the errors beside those of a normal distribution, pooled over seeds.

    Errors are taken from their median, over the distance of their quartiles / 1.349, so that a few
    large ones do not hide themselves.

    Returns:
        Columns level, normal and error; levels whose middle half is one value are left out.
    """
    import pandas as pd
    from scipy import special

    rows = []
    for level, jobs in found.items():
        error = pooled(jobs)[1]
        low, middle, high = np.quantile(error, [0.25, 0.5, 0.75])
        if high <= low:
            continue
        at = (np.quantile(error, special.ndtr(NORMAL)) - middle) / (high - low) * IQR_OF_NORMAL
        rows += [
            {"level": level, "normal": float(z), "error": float(value)}
            for z, value in zip(NORMAL, at, strict=True)
        ]
    return pd.DataFrame(rows, columns=["level", "normal", "error"])

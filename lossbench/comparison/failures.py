"""Failed runs as an outcome of their own: who finished, who won, and what a constant would score.

Differences are over the blocks in which both worked. Wins and the probability of improvement
count every block in which both runs have ended: a failed run loses against one that worked, and
two that failed are a tie.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench import stats
from lossbench.catalog.metrics import parted
from lossbench.comparison.measured import Outcomes
from lossbench.comparison.results import Row
from lossbench.store import Run

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

OFTEN = 0.1
"""Share of failed runs from which on a level is better "when it works", and never listed first."""


def signs(mine: Array, reference: Array, failed: Flags, reference_failed: Flags) -> Array:
    """Return who is ahead in each block: 1, 0 or -1; NaN where one of the two has not ended.

    Args:
        mine: oriented values of a level, [blocks]; NaN where it failed or has none.
        reference: those of the baseline.
        failed: where the level failed.
        reference_failed: where the baseline did.
    """
    a = np.where(failed, -np.inf, mine)
    b = np.where(reference_failed, -np.inf, reference)
    ahead = np.sign(np.greater(a, b).astype(np.float64) - np.less(a, b))
    ahead[np.isnan(a) | np.isnan(b)] = np.nan
    return ahead


def failures_of(
    outcomes: Outcomes, level: int, baseline: int | None, sign: float
) -> dict[str, Any]:
    """Return what a row says of failed runs and of single blocks, by the names of its attributes.

    Args:
        outcomes: of all levels.
        level: the row of the level.
        baseline: the row of the baseline; None where it did not run.
        sign: +1 where higher is better, -1 where lower is.
    """
    failed, done = outcomes.failed[level], int(outcomes.worked[level].sum())
    finished = stats.completion(done, done + int(failed.sum()))
    found = {
        "failed": int(failed.sum()),
        "completion_low": finished.ci_low,
        "completion_high": finished.ci_high,
    }
    if baseline is None or level == baseline:
        return found
    other = outcomes.failed[baseline]
    oriented = sign * outcomes.values
    ahead = signs(oriented[level], oriented[baseline], failed, other)
    known = ahead[~np.isnan(ahead)]
    improvement = stats.probability_of_improvement(known)
    alone = int((failed & outcomes.worked[baseline]).sum())
    baseline_alone = int((other & outcomes.worked[level]).sum())
    return found | {
        "wins": int((known > 0).sum()),
        "blocks": int((~np.isnan(ahead) & ~(failed & other)).sum()),
        "pi": improvement.value,
        "pi_low": improvement.ci_low,
        "pi_high": improvement.ci_high,
        "failed_alone": alone,
        "baseline_failed_alone": baseline_alone,
        "p_failures": stats.failures_p(alone, baseline_alone),
    }


def mean_itt(values: Array, failed: Flags, constant: float) -> float:
    """Return the mean with each failed run counted as a constant predictor.

    Args:
        values: the metric of a level, [seeds]; NaN where it failed or has none.
        failed: where it failed.
        constant: what a constant predictor scores; NaN where that is unknown.

    Returns:
        The mean; NaN where a run failed and the constant is unknown, and without any run.
    """
    counted = np.where(failed, constant, values)[failed | ~np.isnan(values)]
    return float(counted.mean()) if len(counted) else math.nan


def constant_score(metric: str, runs: Sequence[Run]) -> float:
    """Return what a predictor of the largest class, or of the mean, scores on test.

    Known without looking at predictions: accuracy from the class counts on test, average precision
    from the share of positives, and metrics that are made so that it is 0, 1/2 or one over the
    number of classes. NaN for others.
    """
    output, own = parted(metric)
    fixed = {"mcc": 0.0, "quadratic_kappa": 0.0, "r2": 0.0, "roc_auc": 0.5, "macro_roc_auc": 0.5}
    if own in fixed:
        return fixed[own]
    counts = class_counts(runs, output)
    if counts is None or not counts.sum():
        return math.nan
    shares = counts / counts.sum()
    largest = float(shares.max())
    known = {
        "accuracy": largest,
        "balanced_accuracy": 1 / len(shares),
        "macro_f1": 2 * largest / (1 + largest) / len(shares),
        "worst_class_recall": 0.0 if len(shares) > 1 else 1.0,
        "average_precision": float(shares[-1]) if len(shares) == 2 else math.nan,
    }
    return known.get(own, math.nan)


def class_counts(runs: Sequence[Run], output: str | None) -> Array | None:
    """Return how many test examples each class has, [classes], or None where that is unknown.

    Args:
        runs: runs on the same test examples; the first that says it is asked.
        output: which of several outputs; None for the only one.
    """
    for run in runs:
        found = counts_of(run, output)
        if found is not None:
            return found
    return None


def counts_of(run: Run, output: str | None) -> Array | None:
    """Return how many test examples of each class a run saw, [classes], or None."""
    result = run.result or {}
    for told in result.get("per_output") or [result]:
        if told.get("output") == output and told.get("confusion"):
            counts: Array = np.asarray(told["confusion"], np.float64).sum(axis=1)
            return counts
    return None


def is_often(failed: int, done: int) -> bool:
    """Whether so many runs failed, beside those that worked, that it qualifies what they say."""
    return failed > 0 and failed >= OFTEN * (done + failed)


def fails_often(row: Row) -> bool:
    """Whether a level failed so often that it is compared "when it works"."""
    return is_often(row.failed, row.done)


def in_order(rows: Sequence[Row], sign: float) -> list[Row]:
    """Return rows, best mean first; one that fails often never stands first, if any other does not.

    Args:
        rows: the levels.
        sign: +1 where higher is better, -1 where lower is.
    """
    ranked = sorted(rows, key=lambda row: -sign * row.mean if math.isfinite(row.mean) else math.inf)
    usable = [row for row in ranked if math.isfinite(row.mean) and not fails_often(row)]
    first = usable[:1]
    return [*first, *(row for row in ranked if row not in first)]

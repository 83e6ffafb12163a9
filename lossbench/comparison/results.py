"""What a comparison says: one row for each loss or other level, every number with its meaning."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Literal

from lossbench import store
from lossbench.catalog.axes import AXES
from lossbench.comparison.converging import Convergence


@dataclass(frozen=True)
class Row:
    """One level of the factor, as a loss; differences are oriented, so that positive is better.

    Attributes:
        level: display name: of a loss where losses are compared, of an optimizer where they are.
        mean: mean of the metric over the seeds that worked, in metric units.
        n: complete blocks: seeds in which this level and the baseline both worked.
        diff: mean difference to the baseline over those blocks.
        ci_low: lower end of its t interval.
        ci_high: upper end.
        wins: blocks in which it beat the baseline; a failed run loses against one that worked.
        blocks: blocks in which at least one of the two worked.
        p: two-sided p-value of the paired t-test.
        p_holm: the same, adjusted over the levels of the comparison.
        p_tost: adjusted p-value of equivalence within delta.
        p_beyond: adjusted p-value of a difference beyond delta.
        mde: difference that this many blocks detect with 80 % power, given their spread.
        verdict: a code of `stats.WORDS`; "BASELINE" for the baseline itself.
        flags: what a reader should know beside the verdict.
        done: runs that worked.
        planned: runs that were planned.
        head: kind of its output layer where that is not the baseline's; None where it is.
        regret: mean distance to the best possible value over the seeds that worked, positive where
            the level is worse; NaN where that is unknown.
    """

    level: str
    mean: float
    n: int
    diff: float
    ci_low: float
    ci_high: float
    wins: int
    blocks: int
    p: float
    p_holm: float
    p_tost: float
    p_beyond: float
    mde: float
    verdict: str
    flags: tuple[str, ...]
    done: int
    planned: int
    head: str | None = None
    regret: float = math.nan


@dataclass(frozen=True)
class Comparison:
    """The levels of one factor, as losses, with all else alike.

    Attributes:
        factor: the axis that is compared; its own attribute below is empty.
        dataset: display name, as on the other axes.
        model: the network.
        optimizer: the optimizer.
        schedule: the learning-rate schedule.
        batch_size: images per step.
        backend: what computes.
        loss: the loss.
        epochs: epochs trained.
        metric: the metric that judges, on the test set.
        at: the epoch that is compared: the one chosen on validation, or the last.
        higher_is_better: which way is better.
        bounded: whether the metric lies in [0, 1] and is shown in points.
        baseline: the level that the others are compared with, None where it did not run.
        delta: smallest difference that matters, in metric units.
        delta_declared: whether the experiment file declared it.
        alpha: level of tests and intervals.
        seeds: number of seeds.
        rows: the levels, best mean first.
        controls: cross-entropy with the heads of other losses; compared with the baseline, too, but
            not counted among the losses.
        warnings: what went wrong, in sentences.
        optimum: what the best possible predictions attain on the test, in metric units; NaN where
            that is unknown.
        prevalence: share of positives on test, which is the average precision of a random order;
            None where another metric judges.
        overlap: n_test / n_train where each seed has a test part of its own, so that blocks overlap
            and intervals are widened; 0 where all share one.
        convergence: how fast and how calmly the levels were trained; None where not asked for.
    """

    factor: str
    dataset: str
    model: str
    optimizer: str
    schedule: str
    batch_size: str
    backend: str
    loss: str
    epochs: int
    metric: str
    at: Literal["selected", "last"]
    higher_is_better: bool
    bounded: bool
    baseline: str | None
    delta: float
    delta_declared: bool
    alpha: float
    seeds: int
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]
    controls: tuple[Row, ...] = ()
    optimum: float = math.nan
    prevalence: float | None = None
    overlap: float = 0.0
    convergence: Convergence | None = None

    def names(self, level: str = "") -> dict[str, str]:
        """Return the name of one of the levels on each of `AXES`."""
        return {axis: getattr(self, axis) for axis in AXES} | {self.factor: level}


_OWN = ("rows", "controls", "warnings", "seeds", "convergence")


def csv_text(comparisons: Sequence[Comparison]) -> str:
    """Return `comparisons.csv`: one line for each level of each comparison."""
    shared = [f.name for f in fields(Comparison) if f.name not in _OWN]
    columns = [*shared, *(f.name for f in fields(Row))]
    lines = (
        {
            **{name: getattr(comparison, name) for name in shared},
            **comparison.names(row.level),
            **asdict(row),
            "flags": " ".join(row.flags),
        }
        for comparison in comparisons
        for row in (*comparison.rows, *comparison.controls)
    )
    return store.csv_text(columns, lines)

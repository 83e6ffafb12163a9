"""What a comparison says: one row for each loss or other level, every number with its meaning."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
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
        sd: standard deviation of the differences, metric units; so is everything that has no unit
            named.
        ci90_low: lower end of the interval that equivalence is read from, 1 - 2 alpha.
        ci90_high: upper end.
        p_sign_flip: p-value of the exact sign-flip test, adjusted over the levels.
        g_z: consistency of the difference, dimensionless, see `stats.g_z`.
        d_av: difference relative to the spread between seeds, dimensionless.
        error_reduction: share of the baseline's error that is gone; NaN for unbounded metrics.
        pi: probability of improvement in a new block, ties half, failed runs lost.
        pi_low: lower end of its Wilson interval.
        pi_high: upper end.
        corr: correlation between the level's and the baseline's values over blocks.
        pairing_gain: what pairing multiplied the worth of a seed by, see `stats.pairing_gain`.
        n_for_delta: seeds that detect delta with 80 % power at this spread; None for unknown or
            more than a million.
        n_for_delta_upper: the same at the upper 80 % bound of the spread.
        failed: runs that ended without a usable network.
        failed_alone: blocks in which this level failed and the baseline did not.
        baseline_failed_alone: blocks in which it was the other way round.
        p_failures: exact sign test of these two counts.
        completion_low: lower end of the Wilson interval of done / (done + failed).
        completion_high: upper end.
        mean_itt: mean with each failed run counted as a constant predictor; NaN where unknown.
        crossed_low: lower end of the crossed bootstrap interval, over seeds and test examples; NaN
            where predictions were not read.
        crossed_high: upper end.
        step_ms: median time of a training step in milliseconds, mean over runs; NaN where unknown.
        step_ratio: step_ms over that of the baseline; NaN where devices differ.
        params: trainable parameters of network and loss together; None where unknown.
        trials: trainings that tuning spent on this level; 0 without tuning.
        tuning_epochs: epochs that they took.
        tuning_seconds: seconds that they took.
        verdict_last: the verdict at the last epoch, on test.
        verdict_validation: the verdict at the best epoch of the recorded validation curve, on
            validation; for the audit alone, as it is optimistic.
        bold: whether it is the best mean or not distinguishable from it.
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
    sd: float = math.nan
    ci90_low: float = math.nan
    ci90_high: float = math.nan
    p_sign_flip: float = math.nan
    g_z: float = math.nan
    d_av: float = math.nan
    error_reduction: float = math.nan
    pi: float = math.nan
    pi_low: float = math.nan
    pi_high: float = math.nan
    corr: float = math.nan
    pairing_gain: float = math.nan
    n_for_delta: int | None = None
    n_for_delta_upper: int | None = None
    failed: int = 0
    failed_alone: int = 0
    baseline_failed_alone: int = 0
    p_failures: float = math.nan
    completion_low: float = math.nan
    completion_high: float = math.nan
    mean_itt: float = math.nan
    crossed_low: float = math.nan
    crossed_high: float = math.nan
    step_ms: float = math.nan
    step_ratio: float = math.nan
    params: int | None = None
    trials: int = 0
    tuning_epochs: int = 0
    tuning_seconds: float = 0.0
    verdict_last: str = ""
    verdict_validation: str = ""
    bold: bool = False


@dataclass(frozen=True)
class Check:
    """One line of the audit: what was checked, how it came out, and what was found.

    Attributes:
        code: short name, as "fingerprints", "seeds", "tuning", "test_set"; or E01 to E26.
        outcome: pass, warn or fail.
        text: one sentence.
    """

    code: str
    outcome: Literal["pass", "warn", "fail"]
    text: str


@dataclass(frozen=True)
class Shares:
    """How much of the variation between runs the loss explains, and how much the seed.

    Attributes:
        level: share of the levels of the factor, in [0, 1].
        seed: share of the seeds.
        rest: the rest.
    """

    level: float
    seed: float
    rest: float


@dataclass(frozen=True)
class OneSeed:
    """Two trained networks on the same test examples; it says nothing of two losses.

    Attributes:
        level: display name of what trained the one that is compared with the baseline's.
        seed: the seed of both.
        n_examples: test examples.
        diff: difference of the metric, oriented: positive is better than the baseline's network.
        ci_low: lower end of the bootstrap interval over examples.
        ci_high: upper end.
        only_level: examples that only this network has right; None where accuracy does not judge.
        only_baseline: examples that only the baseline's has right.
        p: two-sided p-value: of McNemar's exact test where accuracy judges, else of the bootstrap.
        p_mid: mid-p value of McNemar's test; NaN where accuracy does not judge.
        p_holm: p, adjusted over the levels of the comparison.
        draws: resamples of the examples.
    """

    level: str
    seed: int
    n_examples: int
    diff: float
    ci_low: float
    ci_high: float
    only_level: int | None
    only_baseline: int | None
    p: float
    p_mid: float
    p_holm: float
    draws: int


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
        track: "default", with the losses' own parameters as given and only shared ones tuned, or
            "tuned"; "" without tuning.
        protocol_sha256: the hash of what the experiment declared; "" where unknown.
        exploratory: why this is not the comparison that was declared, in sentences; empty where it
            is.
        unmatched: pairs that did not start alike and were paired all the same, in sentences.
        looks: the declared numbers of seeds at which results are looked at; empty without.
        alpha_tested: level of the tests: alpha, over the number of looks where there are several.
        against: what the levels are compared with: the baseline, or the best mean.
        audit: what was checked of the protocol.
        shares: what explains the variation between runs; None where unknown.
        cross_loss: mean value of each loss on test, by the level that was trained and the loss that
            is evaluated; information, never a ranking.
        flags: what a reader should know of all levels alike: EXPLORATORY, UNMATCHED, LR_SHARED,
            DEFAULT_DELTA; what concerns one level stands in its row.
        values: the metric by level and seed, NaN where a run failed or is missing; controls, too.
        jobs: the ids of the jobs, likewise; a job that is missing is planned all the same.
        one_seed: what the test examples say of two trained networks, where there is one seed alone
            and predictions were read.
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
    track: str = ""
    protocol_sha256: str = ""
    exploratory: tuple[str, ...] = ()
    unmatched: tuple[str, ...] = ()
    looks: tuple[int, ...] = ()
    alpha_tested: float = 0.05
    against: Literal["baseline", "best"] = "baseline"
    audit: tuple[Check, ...] = ()
    shares: Shares | None = None
    cross_loss: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    values: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    jobs: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    one_seed: tuple[OneSeed, ...] = ()

    def names(self, level: str = "") -> dict[str, str]:
        """Return the name of one of the levels on each of `AXES`."""
        return {axis: getattr(self, axis) for axis in AXES} | {self.factor: level}


_OWN = (
    "rows",
    "controls",
    "warnings",
    "seeds",
    "convergence",
    "exploratory",
    "unmatched",
    "looks",
    "audit",
    "shares",
    "cross_loss",
    "flags",
    "values",
    "jobs",
    "one_seed",
)


def csv_text(comparisons: Sequence[Comparison]) -> str:
    """Return `comparisons.csv`: one line for each level of each comparison."""
    shared = [f.name for f in fields(Comparison) if f.name not in _OWN]
    columns = [*shared, *(f.name for f in fields(Row))]
    lines = (
        {
            **{name: getattr(comparison, name) for name in shared},
            **comparison.names(row.level),
            **asdict(row),
            "flags": " ".join((*comparison.flags, *row.flags)),
        }
        for comparison in comparisons
        for row in (*comparison.rows, *comparison.controls)
    )
    return store.csv_text(columns, lines)

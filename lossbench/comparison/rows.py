"""Outcomes to rows: the verdicts of a family of levels, and every number beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lossbench.comparison.blocks import of_level
from lossbench.comparison.cost import cost_of
from lossbench.comparison.effects import effects_of
from lossbench.comparison.failures import constant_score, failures_of, mean_itt
from lossbench.comparison.judging import judge
from lossbench.comparison.ledger import Trial, at_edge, spent_on
from lossbench.comparison.measured import At, Outcomes, mean_of, number_of, outcomes_of
from lossbench.comparison.results import Row
from lossbench.comparison.sensitivity import Epochs, of_levels, turns, verdicts_of
from lossbench.store import Run


@dataclass(frozen=True)
class Judging:
    """How the levels of one comparison are judged; the words are those of `Comparison`.

    Attributes:
        factor: the axis that is compared.
        metric: the metric that judges.
        at: the epoch that is compared.
        sign: +1 where higher is better, -1 where lower is.
        bounded: whether the metric lies in [0, 1].
        baseline: the level that the others are compared with; None where it did not run.
        delta: smallest difference that matters; NaN where unknown.
        delta_declared: whether the experiment file declared it.
        alpha: level of the intervals.
        alpha_tested: level of the tests.
        overlap: n_test / n_train where each seed has a test part of its own.
    """

    factor: str
    metric: str
    at: At
    sign: float
    bounded: bool
    baseline: str | None
    delta: float
    delta_declared: bool
    alpha: float
    alpha_tested: float
    overlap: float


@dataclass(frozen=True)
class Measured:
    """What the runs of a comparison measured.

    Attributes:
        runs: the runs.
        levels: their levels, in the order of the rows of the arrays.
        outcomes: the metric at the epoch that is compared.
        epochs: the metric at each of the epochs that could be.
        heads: the kind of head of each level whose output layer is not the baseline's.
        trials: what tuning tried for each level; empty without tuning.
    """

    runs: Sequence[Run]
    levels: Sequence[str]
    outcomes: Outcomes
    epochs: Epochs
    heads: Mapping[str, str]
    trials: Mapping[str, Sequence[Trial]]


def epochs_of(
    runs: Sequence[Run],
    levels: Sequence[str],
    seeds: Sequence[int],
    metric: str,
    *,
    factor: str,
    at: At,
    outcomes: Outcomes,
) -> Epochs:
    """Return the metric at the epochs that could be compared.

    Validation is read at the epoch that was chosen there, which is the best one of the curve for
    the metric that chose it; for another metric it is not, and stays empty.

    Args:
        runs: the runs of a comparison.
        levels: their levels.
        seeds: their seeds.
        metric: the metric that judges.
        factor: the axis whose levels are compared.
        at: the epoch of `outcomes`.
        outcomes: what is known already.
    """

    def other(at: At, split: str) -> Outcomes:
        return outcomes_of(runs, levels, seeds, metric, factor=factor, at=at, split=split)

    selected = outcomes if at == "selected" else other("selected", "test")
    last = outcomes if at == "last" else other("last", "test")
    validation = other("selected", "validation").values
    if metric != runs[0].metric:
        validation = validation * float("nan")
    return Epochs(selected.values, last.values, validation)


def family_rows(names: Sequence[str], measured: Measured, how: Judging) -> list[Row]:
    """Return the rows of a family of levels, in their order.

    Args:
        names: the levels of the family, the baseline among them.
        measured: what the runs measured.
        how: how they are judged.
    """
    index = [measured.levels.index(name) for name in names]
    outcomes, baseline = measured.outcomes.of(index), None
    if how.baseline in names:
        baseline = list(names).index(how.baseline or "")
    mine = {name: of_level(measured.runs, how.factor, name) for name in names}
    found = judge(
        names,
        outcomes,
        {name: len(runs) for name, runs in mine.items()},
        sign=how.sign,
        baseline=how.baseline,
        delta=how.delta,
        alpha=how.alpha_tested,
        flags=dict.fromkeys(measured.heads, ("HEAD_DIFFERS",)),
        overlap=how.overlap,
    )
    constant = constant_score(how.metric, measured.runs)
    verdicts = _at_epochs(of_levels(measured.epochs, index), baseline, how)
    rows = []
    for level, row in enumerate(found):
        selected, last, validation = (codes[level] for codes in verdicts)
        sizes = _sizes(outcomes, level, baseline, how, others=len(names) - 1)
        rows.append(
            replace(
                row,
                **sizes,
                **_costs(row.level, mine, measured, how),
                mean_itt=mean_itt(outcomes.values[level], outcomes.failed[level], constant),
                verdict_last=last,
                verdict_validation=validation,
                flags=(
                    *row.flags,
                    *_flags(row.level, mine, measured, sensitive=turns(selected, last)),
                ),
            )
        )
    return rows


def _sizes(
    outcomes: Outcomes, level: int, baseline: int | None, how: Judging, others: int
) -> dict[str, Any]:
    found = effects_of(
        outcomes,
        level,
        baseline,
        sign=how.sign,
        bounded=how.bounded,
        delta=how.delta,
        alpha=how.alpha,
        alpha_tested=how.alpha_tested / max(1, others),
        overlap=how.overlap,
    )
    return found | failures_of(outcomes, level, baseline, how.sign)


def _costs(
    level: str, mine: Mapping[str, Sequence[Run]], measured: Measured, how: Judging
) -> dict[str, Any]:
    return {
        "head": measured.heads.get(level),
        "regret": mean_of(mine[level], how.metric, how.at, "regret"),
        **cost_of(mine[level], mine.get(how.baseline or "", ())),
        **spent_on(measured.trials.get(level, ())),
    }


def _at_epochs(
    epochs: Epochs, baseline: int | None, how: Judging
) -> tuple[list[str], list[str], list[str]]:
    def codes(values: Any) -> list[str]:
        oriented = how.sign * values
        return verdicts_of(oriented, baseline, how.delta, how.alpha_tested, how.overlap)

    return codes(epochs.selected), codes(epochs.last), codes(epochs.validation)


def _flags(
    level: str, mine: Mapping[str, Sequence[Run]], measured: Measured, *, sensitive: bool
) -> tuple[str, ...]:
    found = {
        "LR_EDGE": at_edge(measured.trials.get(level, ())),
        "SELECTION_SENSITIVE": sensitive,
        "TEST_REUSED": any(number_of(run, "test_eval_count") > 1 for run in mine[level]),
    }
    return tuple(flag for flag, holds in found.items() if holds)

"""Which losses suit a data set: from what it states and what was measured, each with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lossbench.catalog import LOSSES, Facts
from lossbench.catalog.metrics import named
from lossbench.config.parsing import Parser
from lossbench.config.positions import Positions, Problems
from lossbench.datasets.inspected import Inspection
from lossbench.recommend.evidence import (
    Case,
    chosen_metric,
    measured,
    smallest_difference,
    unmeasured,
)
from lossbench.recommend.findings import findings
from lossbench.recommend.rules import Suggestion, evident, of_the_task, usual
from lossbench.suitability import unsuitable

__all__ = ["Recommendation", "Suggestion", "findings", "recommend"]

FEWEST, MOST = 4, 8
"""Losses that are recommended, where so many suit."""


@dataclass(frozen=True)
class Recommendation:
    """What suits a data set.

    Attributes:
        losses: the baseline, then the losses worth trying.
        baseline: the loss that the others are compared with, as tables show it.
        metric: what judges them.
        metric_reason: why.
        delta: a difference in it that may matter and that the test part can show; None if unknown.
        measured: what was estimated and speaks neither for nor against a loss.
        unmeasured: what would matter and is not known.
    """

    losses: tuple[Suggestion, ...]
    baseline: str
    metric: str
    metric_reason: str
    delta: float | None
    measured: tuple[str, ...]
    unmeasured: tuple[str, ...]


def recommend(dataset: str, facts: Facts, seen: Inspection) -> Recommendation:
    """Say which losses to try on a data set, and how to judge them.

    Args:
        dataset: how messages name it.
        facts: what it says of itself.
        seen: what was measured, damage included.

    Returns:
        Four to eight losses where so many suit, each of which the experiment may name.

    Source:
        The rows and docstrings of the losses; thresholds stand in `evidence`.
    """
    share = seen.duplicates.conflicting / max(1, sum(seen.images.read.values()))
    if facts.outputs:
        return _for_outputs(dataset, facts, seen, share)
    case = Case(facts, seen.targets, seen.damage, share)
    losses = _chosen(dataset, case)
    metric, why = chosen_metric(case)
    delta = smallest_difference(metric, case, facts.n_test)
    return Recommendation(
        losses=losses,
        baseline=losses[0].name,
        metric=metric,
        metric_reason=why,
        delta=delta,
        measured=tuple(measured(case)),
        unmeasured=tuple(unmeasured(case)),
    )


def _for_outputs(dataset: str, facts: Facts, seen: Inspection, share: float) -> Recommendation:
    """Recommend one loss for each output, and ways to weigh them."""
    cases = {
        output.name: Case(facts.of_output(output), seen.outputs[output.name], {}, share)
        for output in facts.outputs
    }
    each = {name: _chosen(f"output {name!r}", case) for name, case in cases.items()}
    plain = {name: losses[0].loss for name, losses in each.items()}
    found = [
        Suggestion(_heads(plain, "equal"), "the baseline: the usual loss of each output, added"),
        Suggestion(
            _heads(plain, "uncertainty", weighting="uncertainty"),
            "the outputs' losses are on scales of their own: weights are trained along",
        ),
        Suggestion(
            _heads(plain, "dwa", weighting="dwa"),
            "the outputs may learn at different speed: weights follow how fast each loss falls",
        ),
    ]
    for name, losses in each.items():
        other = losses[1]
        label = f"{name}: {other.name}"
        found.append(
            Suggestion(_heads({**plain, name: other.loss}, label), f"{name}: {other.reason}")
        )
    first, case = next(iter(cases.items()))
    metric, why = chosen_metric(case)
    open_ones = [f"{name}: {text}" for name, one in cases.items() for text in unmeasured(one)]
    return Recommendation(
        losses=tuple(found[:MOST]),
        baseline="equal",
        metric=named(first, metric),
        metric_reason=f"of the first output; {why}",
        delta=smallest_difference(metric, case, facts.n_test),
        measured=tuple(f"{name}: {text}" for name, one in cases.items() for text in measured(one)),
        unmeasured=(*open_ones, "which output matters more: that is yours to say"),
    )


def _heads(heads: Mapping[str, Any], label: str, **more: str) -> dict[str, Any]:
    return {"name": "heads", "heads": dict(heads), **more, "label": label}


def _chosen(dataset: str, case: Case) -> tuple[Suggestion, ...]:
    """Return the baseline and the losses that evidence speaks for; usual ones to fill up."""
    found: dict[str, Suggestion] = {}
    for rule in (evident, usual, of_the_task):
        for one in rule(case):
            full = len(found) >= (MOST if rule is evident else FEWEST)
            if not full and one.name not in found and _suits(one, case.facts, dataset):
                found[one.name] = one
    return tuple(found.values())


def _suits(one: Suggestion, facts: Facts, dataset: str) -> bool:
    problems = Problems(Positions(""))
    if one.name not in LOSSES:
        return False
    raw = dict(one.loss) if isinstance(one.loss, Mapping) else one.loss
    entries = Parser(LOSSES, problems, "").entries(raw, ("losses",))
    return len(entries) == 1 and unsuitable(entries[0], facts, dataset) is None

"""Checks of what was declared and of what the numbers can show: metric, delta, seeds, epoch."""

import numpy as np

from lossbench import stats
from lossbench.catalog.metrics import metric_row, parted
from lossbench.comparison.audit.case import Case, names
from lossbench.comparison.cautions import majority
from lossbench.comparison.declared import seeds_done
from lossbench.comparison.failures import counts_of
from lossbench.comparison.measured import mean_of
from lossbench.comparison.results import Check


def protocol(case: Case) -> Check:
    """Whether it is the comparison that was declared."""
    reasons = case.departures
    if reasons.all:
        return Check("protocol", "fail" if reasons.broken else "warn", " ".join(reasons.all))
    known = any((run.result or {}).get("protocol_sha256") for run in case.done)
    name = f" (protocol {case.one.protocol_sha256[:6]})" if known else ""
    return Check("protocol", "pass", f"the comparison is the one that was declared{name}.")


def delta(case: Case) -> Check:
    """Whether the smallest difference that matters was declared."""
    if case.one.delta_declared:
        return Check("delta", "pass", f"delta {case.one.delta:g} was declared before.")
    text = f"delta {case.one.delta:.3g} is the usual one, not declared before the runs."
    return Check("delta", "warn", text)


def seeds(case: Case) -> Check:
    """Whether there are enough seeds for the tests."""
    others = sum(row.verdict != "BASELINE" for row in case.one.rows)
    n = case.one.seeds
    if n < stats.FEWEST_BLOCKS:
        word = "seed" if n == 1 else "seeds"
        text = f"{n} {word}: nothing can be tested; {stats.FEWEST_BLOCKS} or more are needed."
        return Check("seeds", "fail", text)
    needed = stats.fewest_seeds(max(1, others), case.one.alpha_tested)
    if n < needed:
        text = f"{n} seeds: the exact sign-flip test needs {needed} to reach alpha."
        return Check("seeds", "warn", text)
    return Check("seeds", "pass", f"{n} seeds, as many as the exact test needs ({needed}) or more.")


def looks(case: Case) -> Check | None:
    """E14: seeds added until a test says what was hoped."""
    if not case.one.looks:
        return None
    looks = ", ".join(map(str, case.one.looks))
    if seeds_done(case.group.runs) not in case.one.looks:
        return Check("E14", "fail", f"this is none of the declared looks, at {looks} seeds.")
    text = f"looks at {looks} seeds were declared; each is tested at {case.one.alpha_tested:.3g}."
    return Check("E14", "pass", text)


def epoch(case: Case) -> Check | None:
    """Whether the verdicts hang on the epoch that is compared."""
    rows = [row for row in case.one.rows if row.verdict_last]
    if not rows:
        return None
    sensitive = [row.level for row in rows if "SELECTION_SENSITIVE" in row.flags]
    also = [
        row.level
        for row in rows
        if row.verdict_validation
        and stats.ANSWERS[row.verdict_validation] != stats.ANSWERS.get(row.verdict)
    ]
    also_said = f" On validation, which is optimistic, {names(also)} read differently."
    if sensitive:
        text = f"the verdict on {names(sensitive)} differs between the selected and last epoch."
        return Check("selection", "warn", text + (also_said if also else ""))
    text = "no verdict differs between the selected and the last epoch."
    return Check("selection", "pass", text + (also_said if also else ""))


def imbalance(case: Case) -> Check | None:
    """E15: plain accuracy on imbalanced data."""
    if parted(case.one.metric)[1] != "accuracy":
        return None
    found = majority(case.worked, case.one.metric)
    if found:
        text = (
            f"accuracy on imbalanced data: always predicting the largest of {found[1]} classes "
            f"has {100 * found[0]:.3g} points."
        )
        return Check("E15", "warn", text)
    counted = any(counts_of(run, parted(case.one.metric)[0]) is not None for run in case.worked)
    return Check("E15", "pass", "no class dominates the test images.") if counted else None


def probabilities(case: Case) -> Check | None:
    """E17: calibration of scores that are no probabilities."""
    if not metric_row(case.one.metric).needs_probabilities:
        return None
    without = [row.level for row in case.one.rows if row.done and not np.isfinite(row.mean)]
    if without:
        text = f"{names(without)} give no probabilities and have no {case.one.metric}."
        return Check("E17", "warn", text)
    if parted(case.one.metric)[1] == "ece" and (below := _below_floor(case)):
        return Check("E17", "warn", below)
    return Check("E17", "pass", "every loss that is rated gives probabilities.")


def _below_floor(case: Case) -> str | None:
    """Say which differences in ECE are smaller than the ECE of perfect calibration."""
    floor = mean_of(case.worked, f"{case.one.metric}_floor", case.one.at, "value")
    less = [row.level for row in case.one.rows if abs(row.diff) < floor]
    if not less:
        return None
    return (
        f"differences of {names(less)} are below {floor:.2g}, the ece of perfectly calibrated "
        "scores by chance: they say nothing."
    )


def heads(case: Case) -> Check | None:
    """Whether only the loss is compared, or its head, too."""
    other = [row.level for row in case.one.rows if "HEAD_DIFFERS" in row.flags]
    if not other:
        return None
    text = f"{names(other)} have another output layer: loss + head are compared."
    return Check("heads", "warn", text)

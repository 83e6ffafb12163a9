"""Checks of the tuning: equal effort, on seeds of its own, in a space that is wide enough."""

from lossbench.comparison.audit.case import Case, names
from lossbench.comparison.ledger import seeds_of
from lossbench.comparison.results import Check


def equal_tuning(case: Case) -> Check | None:
    """E05: one learning rate for all, or unequal effort."""
    if case.one.factor != "loss" or len(case.one.rows) < 2:
        return None
    if "LR_SHARED" in case.one.flags:
        text = "learning rate shared by all losses: this compares losses at that learning rate."
        return Check("E05", "warn", text)
    rows = case.one.rows
    if not any(row.trials for row in rows):
        return Check("E05", "fail", "tuning was declared, and tuning.csv says nothing of it.")
    each = ", ".join(f"{row.level} {row.trials} in {row.tuning_epochs} epochs" for row in rows)
    if len({row.trials for row in rows}) > 1:
        return Check("E05", "fail", f"tuning trained unequally often: {each}.")
    if len({row.tuning_epochs for row in rows}) > 1:
        text = f"tuning trained unequally long: {each}."
        return Check("E05", "warn" if _some_ended_early(case) else "fail", text)
    text = f"{rows[0].trials} trainings of tuning and {rows[0].tuning_epochs} epochs for each loss."
    return Check("E05", "pass", text)


def _some_ended_early(case: Case) -> bool:
    """Whether trials took fewer epochs than they were given: they failed, or may stop early."""
    configs = [(run.result or {}).get("config") or {} for run in case.done]
    may_stop = any((config.get("train") or {}).get("early_stopping") for config in configs)
    tried = (row["status"] for rows in case.trials.values() for row in rows)
    return may_stop or any(status != "ok" for status in tried)


def edge(case: Case) -> Check | None:
    """Whether the space was wide enough."""
    at_end = [row.level for row in case.one.rows if "LR_EDGE" in row.flags]
    if not any(row.trials for row in case.one.rows):
        return None
    if at_end:
        text = f"the best point of {names(at_end)} still lies at an end of the space: widen it."
        return Check("tuning", "warn", text)
    return Check("tuning", "pass", "no best point lies at an end of the space.")


def tuning_seeds(case: Case) -> Check | None:
    """E06: tuning on the seeds that are compared."""
    trials = [run.job_id for run in case.done if (run.result or {}).get("phase") == "tune"]
    if trials:
        return Check("E06", "fail", f"job {trials[0]} is a trial of tuning and is compared.")
    tuned = seeds_of(case.trials)
    if not tuned:
        return None
    both = sorted(tuned & {run.seed for run in case.group.runs})
    if both:
        text = f"seeds {', '.join(map(str, both))} were tuned on and are compared: optimistic."
        return Check("E06", "fail", text)
    if case.one.overlap:
        text = (
            "each seed has a test part of its own: trials were trained on images that some seeds "
            "test, so that scores are optimistic, for all alike."
        )
        return Check("E06", "warn", text)
    return Check("E06", "pass", "no seed was both tuned on and compared.")

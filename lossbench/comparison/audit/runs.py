"""Checks of single runs: whether they finished, were left as they were, and saw the test once."""

from lossbench import store
from lossbench.catalog.axes import plural
from lossbench.comparison.audit.case import Case
from lossbench.comparison.measured import number_of, rows_of
from lossbench.comparison.results import Check


def failed(case: Case) -> Check:
    """E13: failed runs that are dropped, or tried until they work."""
    failed = [f"{row.level} {row.failed}/{row.planned}" for row in case.one.rows if row.failed]
    again = sum(number_of(run, "attempts") > 1 for run in case.done)
    missing = sum(row.planned - row.done - row.failed for row in case.one.rows)
    said = []
    if failed:
        said.append(f"failed runs, counted as lost blocks: {', '.join(failed)}.")
    if missing:
        said.append(f"{missing} runs are not finished.")
    if again:
        said.append(f"{again} runs needed more than one attempt, with the same seed.")
    if said:
        return Check("E13", "warn", " ".join(said))
    return Check("E13", "pass", "every planned run finished at its first attempt.")


def budget(case: Case) -> Check | None:
    """Whether all runs were trained equally long."""
    early = [run for run in case.worked if (run.result or {}).get("stopped_early")]
    known = [run for run in case.worked if "stopped_early" in (run.result or {})]
    if early:
        unused = sum(number_of(run, "epochs_unused") for run in early)
        text = f"{len(early)} of {len(known)} runs stopped early, {unused:g} epochs unused in all."
        return Check("budget", "warn", text)
    text = f"every run that worked was trained for all {case.one.epochs} epochs."
    return Check("budget", "pass", text) if known else None


def sealed(case: Case) -> Check | None:
    """Whether results are what the jobs wrote."""
    if case.changed:
        names = ", ".join(run.job_id for run in case.changed[:3])
        text = f"{len(case.changed)} results were changed after they were written: {names}."
        return Check("results", "fail", text)
    sealed = any(store.is_sealed(run.result) for run in case.group.runs if run.result)
    return Check("results", "pass", "every result is what its job wrote.") if sealed else None


def test_epochs(case: Case) -> Check | None:
    """E03, E04: test numbers of other epochs than the selected and the last."""
    if not case.worked:
        return None
    for run in case.worked:
        kinds = {row["at"] for row in rows_of(run, "test")} - {"selected", "last"}
        if kinds:
            text = f"job {run.job_id} has test numbers at {', '.join(sorted(kinds))}."
            return Check("E03", "fail", text)
    return Check("E03", "pass", "test numbers exist at the selected and the last epoch alone.")


def test_set(case: Case) -> Check | None:
    """E24: the test set looked at more than once."""
    counts = [count for run in case.worked if (count := number_of(run, "test_eval_count")) >= 0]
    reused = sum(count > 1 for count in counts)
    if reused:
        text = f"{reused} runs were evaluated on test more than once (at most {max(counts):g})."
        return Check("E24", "fail", text)
    text = "every run was evaluated on test once; validation chose the epoch and is not reported."
    return Check("E24", "pass", text) if counts else None


def params(case: Case) -> Check | None:
    """E25: a loss with parameters of its own compared without counting them."""
    known = {row.level: row.params for row in case.one.rows if row.params is not None}
    if len(set(known.values())) > 1:
        each = ", ".join(f"{level} {params:,}" for level, params in known.items())
        return Check("E25", "warn", f"trained parameters differ: {each}.")
    text = f"the {plural(case.one.factor)} train equally many parameters."
    return Check("E25", "pass", text) if known else None

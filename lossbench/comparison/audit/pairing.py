"""Checks of the pairs: alike in their start, training and rating, and none counted twice."""

from lossbench.catalog.axes import plural, shown
from lossbench.catalog.metrics import parted
from lossbench.comparison.audit.case import Case
from lossbench.comparison.blocks import level_of
from lossbench.comparison.cost import BUSY, load_of
from lossbench.comparison.cost import devices as devices_of
from lossbench.comparison.failures import counts_of
from lossbench.comparison.matching import FINGERPRINTS, PARTS, other_versions
from lossbench.comparison.results import Check
from lossbench.store import Run


def fingerprints(case: Case) -> Check | None:
    """E07: pairs that did not start alike."""
    wrong = [field for field in case.unlike if field.endswith("_sha256") or field in PARTS]
    if wrong:
        text = f"runs that were paired differ in {', '.join(sorted(wrong))}."
        return Check("E07", "fail", text)
    known = [
        field
        for field in FINGERPRINTS
        if case.done and all((run.result or {}).get(field) for run in case.done)
    ]
    text = f"the runs of each block agree in {', '.join(known)}."
    return Check("E07", "pass", text) if known else None


def config(case: Case) -> Check | None:
    """E19: something besides the loss switched on for one loss alone."""
    wrong = [f for f in case.unlike if not (f.endswith("_sha256") or f in PARTS)]
    if wrong:
        text = f"runs that were paired were trained differently: {', '.join(sorted(wrong))}."
        return Check("E19", "fail", text)
    if not any((run.result or {}).get("config") for run in case.done):
        return None
    what = f"the {plural(case.one.factor)}{' and what was tuned' if case.trials else ''}"
    return Check("E19", "pass", f"the configurations differ in {what} alone.")


def augmented(case: Case) -> Check | None:
    """E16: one generator for augmentation, dropout and the loss."""
    hashed = [run for run in case.done if (run.result or {}).get("augmentation_sha256")]
    if not hashed or "augmentation_sha256" in case.unlike:
        return None
    return Check("E16", "pass", f"all {plural(case.one.factor)} saw the same augmented images.")


def pseudo_replication(case: Case) -> Check | None:
    """E02: one training counted as several seeds."""
    for level in dict.fromkeys(level_of(run, case.one.factor) for run in case.done):
        seen: dict[tuple[object, ...], Run] = {}
        for run in case.done:
            result = run.result or {}
            start = [result.get(key) for key in ("init_sha256", "head_init_sha256", "order_sha256")]
            if level_of(run, case.one.factor) != level or start[0] is None or start[2] is None:
                continue
            other = seen.setdefault(tuple(start), run)
            if other.seed != run.seed:
                text = (
                    f"{shown(case.one.factor, level)}: seeds {other.seed} and {run.seed} started "
                    f"from the same weights with the same order (jobs {other.job_id} and "
                    f"{run.job_id}): one training counted twice."
                )
                return Check("E02", "fail", text)
    return Check("E02", "pass", "every block is a training of its own.") if case.done else None


def same_targets(case: Case) -> Check | None:
    """E20: targets of the metric changed by the loss."""
    output = parted(case.one.metric)[0]
    by_seed: dict[int, tuple[Run, list[float]]] = {}
    for run in case.worked:
        counts = counts_of(run, output)
        if counts is None:
            continue
        first, seen = by_seed.setdefault(run.seed, (run, counts.tolist()))
        if seen != counts.tolist():
            text = f"jobs {first.job_id} and {run.job_id} were rated on different test labels."
            return Check("E20", "fail", text)
    if not by_seed:
        return None
    return Check("E20", "pass", "all runs of a seed were rated on the same original labels.")


def versions(case: Case) -> Check | None:
    """Whether one version of each library trained all runs."""
    said = list(other_versions(case.done, case.one.factor))
    if said:
        return Check("versions", "warn", " ".join(said))
    known = any((run.result or {}).get("versions") for run in case.done)
    return Check("versions", "pass", "all runs used the same versions.") if known else None


def devices(case: Case) -> Check | None:
    """E18: times of different machines compared."""
    kinds = devices_of(case.done)
    if len(kinds) > 1:
        text = f"trained on {', '.join(sorted(kinds))}: step times are not compared across them."
        return Check("E18", "warn", text)
    if (load := load_of(case.done)) > BUSY:
        text = f"trained on a busy machine (load {load:.2g} per CPU): step times mean little."
        return Check("E18", "warn", text)
    times = any(row.step_ms > 0 for row in case.one.rows)
    text = "step times are from one kind of device, without warm-up and compiling."
    return Check("E18", "pass", text) if times and kinds else None

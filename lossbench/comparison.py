"""Finished runs to comparisons: losses against a baseline, in blocks, with verdicts."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from lossbench import stats, store
from lossbench.catalog import METRICS, UnknownName
from lossbench.catalog.losses import Task
from lossbench.errors import StoreError
from lossbench.plan import find_baseline
from lossbench.store import Run, Stored

MATCHED = ("init_sha256", "order_sha256", "split_sha256", "label_sha256")
"""Fingerprints that must agree between the runs of a block."""

DELTA_BOUNDED = 0.005
DELTA_RELATIVE = 0.01
USUAL_BASELINE: dict[Task, tuple[str, ...]] = {
    "multiclass": ("cross_entropy",),
    "binary": ("bce", "cross_entropy"),
    "regression": ("mse",),
}


@dataclass(frozen=True)
class LossRow:
    """One loss in a comparison; differences are oriented, so that positive is better.

    Attributes:
        loss: display name.
        mean: mean of the metric over the seeds that worked, in metric units.
        n: complete blocks: seeds in which this loss and the baseline both worked.
        diff: mean difference to the baseline over those blocks.
        ci_low: lower end of its t interval.
        ci_high: upper end.
        wins: blocks in which it beat the baseline; a failed run loses against one that worked.
        blocks: blocks in which at least one of the two worked.
        p: two-sided p-value of the paired t-test.
        p_holm: the same, adjusted over the losses of the comparison.
        p_tost: adjusted p-value of equivalence within delta.
        p_beyond: adjusted p-value of a difference beyond delta.
        mde: difference that this many blocks detect with 80 % power, given their spread.
        verdict: a code of `stats.WORDS`; "BASELINE" for the baseline itself.
        flags: what a reader should know beside the verdict.
        done: runs that worked.
        planned: runs that were planned.
    """

    loss: str
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


@dataclass(frozen=True)
class Comparison:
    """The losses on one data set with one model and one optimizer.

    Attributes:
        dataset: display name, as are model and optimizer.
        model: the network.
        optimizer: the optimizer.
        epochs: epochs trained.
        metric: the metric that judges, on the test set, at the epoch chosen on validation.
        higher_is_better: which way is better.
        bounded: whether the metric lies in [0, 1] and is shown in points.
        baseline: the loss that the others are compared with, None where it did not run.
        delta: smallest difference that matters, in metric units.
        delta_declared: whether the experiment file declared it.
        alpha: level of tests and intervals.
        seeds: number of seeds.
        rows: the losses, best mean first.
        warnings: what went wrong, in sentences.
    """

    dataset: str
    model: str
    optimizer: str
    epochs: int
    metric: str
    higher_is_better: bool
    bounded: bool
    baseline: str | None
    delta: float
    delta_declared: bool
    alpha: float
    seeds: int
    rows: tuple[LossRow, ...]
    warnings: tuple[str, ...]


def compare(
    stored: Sequence[Stored], *, baseline: str | None = None, metric: str | None = None
) -> list[Comparison]:
    """Compare the losses of finished runs.

    Args:
        stored: experiments as read from their folders.
        baseline: loss to compare with; None means the declared or the usual one.
        metric: metric to judge by; None means the one that chose the epochs.

    Returns:
        One comparison for each data set, model, optimizer and training budget.

    Raises:
        StoreError: there is no run, runs of a block do not match, or a name fits nothing.
    """
    chosen = _metric_name(metric)
    groups: dict[tuple[object, ...], list[Run]] = {}
    protocols: dict[tuple[object, ...], Mapping[str, object]] = {}
    for experiment in stored:
        for run in experiment.runs:
            key = (run.dataset, run.model, run.optimizer, run.epochs, run.batch_size, run.metric)
            groups.setdefault(key, []).append(run)
            protocols.setdefault(key, experiment.protocol)
    if not groups:
        raise StoreError("compare: no run is planned in these folders. Run an experiment first.")
    notes = list(_notes(stored))
    found = []
    for key, runs in groups.items():
        found.append(_compare_group(_distinct(runs), protocols[key], baseline, chosen, notes))
        notes = []  # said once, with the first comparison
    return found


def _metric_name(metric: str | None) -> str | None:
    if metric is None:
        return None
    try:
        row = METRICS.resolve(metric)
    except UnknownName as error:
        hint = f" Did you mean {error.nearest!r}?" if error.nearest else ""
        raise StoreError(
            f"--metric: there is no metric {metric!r}; accepted: {', '.join(METRICS.names)}.{hint}"
        ) from None
    if row.higher_is_better is None:
        raise StoreError(f"--metric: {row.name!r} has no better and worse; it cannot rank losses.")
    return row.name


def _notes(stored: Sequence[Stored]) -> Iterator[str]:
    for experiment in stored:
        yield from experiment.damaged
        if experiment.older:
            yield (
                f"{experiment.folder}: {experiment.older} finished jobs of earlier versions of "
                "the experiment are on disk and not shown."
            )


def _distinct(runs: Iterable[Run]) -> list[Run]:
    """Return runs, the same job from several folders once; refuse two that claim one block."""
    kept: dict[tuple[str, int], Run] = {}
    for run in runs:
        key = (run.loss, run.seed)
        other = kept.get(key)
        if other is not None and other.job_id != run.job_id:
            raise StoreError(
                f"compare: jobs {other.job_id} and {run.job_id} both claim {run.loss} on "
                f"{run.dataset}, seed {run.seed}. Give one of the folders, or label the losses."
            )
        if other is None or other.status not in store.FINISHED:
            kept[key] = run
    return list(kept.values())


def _compare_group(
    runs: Sequence[Run],
    protocol: Mapping[str, object],
    baseline: str | None,
    metric: str | None,
    notes: Sequence[str],
) -> Comparison:
    first, judged = runs[0], metric or runs[0].metric
    _check_blocks(runs)
    losses = list(dict.fromkeys(run.loss for run in runs))
    seeds = sorted({run.seed for run in runs})
    values = _values(runs, losses, seeds, judged)
    wanted = baseline or protocol.get("baseline")
    against = _baseline(None if wanted is None else str(wanted), losses, runs)
    if baseline and against is None:
        raise StoreError(
            f"--baseline: {baseline!r} is none of the losses on {first.dataset}; accepted: "
            f"{', '.join(losses)}."
        )
    row = METRICS[judged]
    alpha = float(str(protocol.get("alpha") or 0.05))
    delta, declared = _delta(protocol.get("delta"), row.bounded, values, losses, against)
    sign = 1.0 if row.higher_is_better else -1.0
    rows = _rows(runs, losses, sign * values, sign, against, delta, alpha)
    warnings = [*notes, *_warnings(runs, against, wanted)]
    return Comparison(
        dataset=first.dataset,
        model=first.model,
        optimizer=first.optimizer,
        epochs=first.epochs,
        metric=judged,
        higher_is_better=bool(row.higher_is_better),
        bounded=row.bounded,
        baseline=against,
        delta=delta,
        delta_declared=declared,
        alpha=alpha,
        seeds=len(seeds),
        rows=tuple(sorted(rows, key=lambda r: _rank(r, sign))),
        warnings=tuple(warnings),
    )


def _rank(row: LossRow, sign: float) -> float:
    return -sign * row.mean if math.isfinite(row.mean) else math.inf


def _check_blocks(runs: Sequence[Run]) -> None:
    """Refuse to pair runs that did not start alike.

    Raises:
        StoreError: two runs of a seed differ in a fingerprint.
    """
    by_seed: dict[int, list[Run]] = {}
    for run in runs:
        if run.result and run.status in store.FINISHED:
            by_seed.setdefault(run.seed, []).append(run)
    for seed, block in by_seed.items():
        first = block[0]
        for run in block[1:]:
            for field in _matched(first, run):
                a, b = (first.result or {}).get(field), (run.result or {}).get(field)
                if a != b:
                    raise StoreError(
                        f"compare: job {run.job_id} ({run.loss}, {run.dataset}, seed {seed}) "
                        f"differs from job {first.job_id} ({first.loss}) in {field}: they did not "
                        "start alike and cannot be paired. Remove the changed job and run again."
                    )


def _matched(first: Run, run: Run) -> tuple[str, ...]:
    same_head = (first.result or {}).get("outputs") == (run.result or {}).get("outputs")
    return (*MATCHED, "head_init_sha256") if same_head else MATCHED


def _value(run: Run, metric: str) -> float:
    if run.status != "ok":
        return math.nan
    for row in (run.result or {}).get("metrics", ()):
        if (row["split"], row["at"], row["stage"], row["metric"]) == (
            "test",
            "selected",
            "raw",
            metric,
        ):
            return math.nan if row["value"] is None else float(row["value"])
    return math.nan


def _values(
    runs: Sequence[Run], losses: Sequence[str], seeds: Sequence[int], metric: str
) -> np.ndarray:
    """Return the metric, [losses, seeds], NaN where a run failed or is missing."""
    values = np.full((len(losses), len(seeds)), np.nan)
    for run in runs:
        values[losses.index(run.loss), seeds.index(run.seed)] = _value(run, metric)
    worked = [run for run in runs if run.status == "ok"]
    if worked and np.isnan(values).all():
        there = {row["metric"] for run in worked for row in (run.result or {})["metrics"]}
        raise StoreError(
            f"--metric: {metric!r} was not measured on {runs[0].dataset}; accepted: "
            f"{', '.join(name for name in METRICS.names if name in there)}."
        )
    return values


def _baseline(wanted: str | None, losses: Sequence[str], runs: Sequence[Run]) -> str | None:
    if wanted is not None:
        return find_baseline(wanted, losses)
    tasks = [run.result["task"] for run in runs if run.result and "task" in run.result]
    usual = USUAL_BASELINE[tasks[0]] if tasks else ("cross_entropy", "mse")
    for name in usual:
        found = find_baseline(name, losses)
        if found is not None:
            return found
    return losses[0]


def _delta(
    declared: object,
    bounded: bool,
    values: np.ndarray,
    losses: Sequence[str],
    baseline: str | None,
) -> tuple[float, bool]:
    if declared is not None:
        return float(str(declared)), True
    if bounded or baseline is None:
        return DELTA_BOUNDED, False
    worked = values[losses.index(baseline)]
    worked = worked[~np.isnan(worked)]
    return (DELTA_RELATIVE * abs(float(worked.mean())) if len(worked) else math.nan), False


def _rows(
    runs: Sequence[Run],
    losses: Sequence[str],
    oriented: np.ndarray,
    sign: float,
    baseline: str | None,
    delta: float,
    alpha: float,
) -> list[LossRow]:
    others = [i for i, loss in enumerate(losses) if loss != baseline]
    reference = (
        oriented[losses.index(baseline)]
        if baseline is not None
        else np.full(oriented.shape[1], np.nan)
    )
    table = oriented[others] - reference
    tests = _tests(table, delta, alpha)
    extra = _head_flags(runs, baseline)
    rows = []
    for index, loss in enumerate(losses):
        mine = [run for run in runs if run.loss == loss]
        ok = oriented[index][~np.isnan(oriented[index])]
        shared = {
            "loss": loss,
            "mean": sign * float(ok.mean()) if len(ok) else math.nan,
            "done": sum(run.status == "ok" for run in mine),
            "planned": len(mine),
        }
        test = tests[others.index(index)] if index in others else _no_test(len(ok))
        flags = (*test.pop("flags"), *extra.get(loss, ()))
        if shared["done"] < shared["planned"]:
            flags = (*flags, "FAILURES" if _failed(mine) else "INCOMPLETE")
        wins, blocks = _wins(oriented[index], reference)
        rows.append(LossRow(**shared, **test, wins=wins, blocks=blocks, flags=flags))
    return rows


def _failed(runs: Sequence[Run]) -> bool:
    return any(run.status not in ("ok", "missing") for run in runs)


def _wins(mine: np.ndarray, reference: np.ndarray) -> tuple[int, int]:
    either = ~(np.isnan(mine) & np.isnan(reference))
    won = np.where(np.isnan(mine), False, np.isnan(reference) | (mine > reference))
    return int(won[either].sum()), int(either.sum())


def _no_test(n: int) -> dict[str, object]:
    nan = math.nan
    numbers = ("diff", "ci_low", "ci_high", "p", "p_holm", "p_tost", "p_beyond", "mde")
    return {"n": n, **dict.fromkeys(numbers, nan), "verdict": "BASELINE", "flags": ()}


def _tests(table: np.ndarray, delta: float, alpha: float) -> list[dict[str, object]]:
    """Return differences, intervals, adjusted p-values and verdicts of the rows of `table`."""
    complete = [row[~np.isnan(row)] for row in table]
    paired = [stats.paired_difference(d, alpha) for d in complete]
    testable = [p.n >= stats.FEWEST_BLOCKS for p in paired]
    p_holm = stats.holm([p.p_t if ok else math.nan for p, ok in zip(paired, testable, strict=True)])
    usable = [ok and math.isfinite(delta) for ok in testable]
    p_tost = stats.holm(
        [stats.tost_p(d, delta) if ok else math.nan for d, ok in zip(complete, usable, strict=True)]
    )
    p_beyond = stats.holm(
        [
            stats.beyond_delta_p(d, delta) if ok else math.nan
            for d, ok in zip(complete, usable, strict=True)
        ]
    )
    left_out = stats.left_out_verdicts(table, delta, alpha) if any(usable) else [[]] * len(table)
    rows = []
    for i, (d, p) in enumerate(zip(complete, paired, strict=True)):
        code = stats.verdict(p.n, p.mean, p_holm[i], p_tost[i], p_beyond[i], alpha)
        flags = stats.flags(
            p.n,
            len(table),
            code,
            p_holm[i],
            stats.sign_flip_p(d, np.random.default_rng(0)) if testable[i] else math.nan,
            stats.all_equal(d),
            left_out[i],
            alpha,
        )
        spread = testable[i] and p.sd > 0
        rows.append(
            {
                "n": p.n,
                "diff": p.mean,
                "ci_low": p.ci_low,
                "ci_high": p.ci_high,
                "p": p.p_t,
                "p_holm": float(p_holm[i]),
                "p_tost": float(p_tost[i]),
                "p_beyond": float(p_beyond[i]),
                "mde": stats.mde_dz(p.n, alpha / len(table)) * p.sd if spread else math.nan,
                "verdict": code,
                "flags": flags,
            }
        )
    return rows


def _head_flags(runs: Sequence[Run], baseline: str | None) -> dict[str, tuple[str, ...]]:
    outputs = {
        run.loss: run.result["outputs"] for run in runs if run.result and "outputs" in run.result
    }
    if baseline not in outputs:
        return {}
    return {
        loss: ("HEAD_DIFFERS",) for loss, width in outputs.items() if width != outputs[baseline]
    }


def _warnings(runs: Sequence[Run], baseline: str | None, wanted: object) -> Iterator[str]:
    if baseline is None:
        yield f"the baseline {wanted} was not run on {runs[0].dataset}; nothing can be compared."
    for loss in dict.fromkeys(run.loss for run in runs):
        mine = [run for run in runs if run.loss == loss]
        for status in dict.fromkeys(run.status for run in mine):
            count = sum(run.status == status for run in mine)
            if status == "missing":
                yield f"{loss}: {count} of {len(mine)} runs are not finished."
            elif status != "ok":
                message = next(
                    (run.result or {}).get("message") for run in mine if run.status == status
                )
                yield f"{loss}: {count} of {len(mine)} runs ended with {status}: {message}"
        collapsed = sum(bool((run.result or {}).get("collapsed")) for run in mine)
        if collapsed:
            yield (
                f"{loss}: {collapsed} of {len(mine)} runs collapsed: one class predicted nearly "
                "always, or no better than a constant."
            )
    for field in ("threads", "device"):
        kinds = {str((run.result or {})[field]) for run in runs if field in (run.result or {})}
        if len(kinds) > 1:
            yield f"runs differ in {field} ({', '.join(sorted(kinds))}): the last bits differ too."


def csv_text(comparisons: Sequence[Comparison]) -> str:
    """Return `comparisons.csv`: one line for each loss of each comparison."""
    shared = [f.name for f in fields(Comparison) if f.name not in ("rows", "warnings", "seeds")]
    columns = [*shared, *(f.name for f in fields(LossRow))]
    lines = (
        {
            **{name: getattr(comparison, name) for name in shared},
            **asdict(row),
            "flags": " ".join(row.flags),
        }
        for comparison in comparisons
        for row in comparison.rows
    )
    return store.csv_text(columns, lines)

"""A plan as text at 80 columns and as JSON: data, grid, skips, and what it will take."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from lossbench.catalog import AUGMENTATIONS, DATASETS, LOSSES, MODELS, OPTIMIZERS, SCHEDULES, Facts
from lossbench.catalog.axes import USUAL
from lossbench.comparison.planning import Design
from lossbench.config import Experiment
from lossbench.config.dumping import flow
from lossbench.config.entries import plain
from lossbench.config.experiment import CONTROLS, Train
from lossbench.forecast import Forecast
from lossbench.plan import Plan
from lossbench.reporting.designs import design_record, design_rows
from lossbench.reporting.status import duration
from lossbench.store.files import finite
from lossbench.tuning.expecting import cost, expected_jobs
from lossbench.tuning.families import Family, families

WIDTH = 80
INDENT = " " * 13


def plan_text(
    experiment: Experiment,
    facts: Sequence[Facts],
    plan: Plan,
    forecast: Forecast | None = None,
    designs: Sequence[Design] = (),
) -> str:
    """Return what an experiment will do, can detect and, if known, takes, for people."""
    lines = [f"experiment {experiment.name}", *_grid(experiment, facts)]
    controls = dict.fromkeys(job.loss.display(LOSSES) for job in plan.jobs if job.control)
    if controls:
        lines += _row("beside", f"{', '.join(controls)} (head controls)")
    for skip in plan.skips:
        lines += _row("skipped", f"{skip.reason} ({skip.model}, {skip.optimizer})")
    searched = families(experiment, plan.jobs)
    lines += _tuning(searched)
    for title, text in design_rows(designs):
        lines += _row(title, text)
    if forecast is not None:
        lines += _forecast(forecast)
    if not searched:
        lines.append(f"{len(plan.jobs)} jobs")
        return "\n".join(lines) + "\n"
    jobs, spent = expected_jobs(plan.jobs, searched), cost(searched)
    lines.append(f"{len(jobs)} jobs, after {spent.trainings} trials of tuning")
    return "\n".join(lines) + "\n"


def plan_json(
    plan: Plan,
    forecast: Forecast,
    experiment: Experiment | None = None,
    designs: Sequence[Design] = (),
) -> str:
    """Return a plan, what it can detect and its forecast as JSON; what is unknown is null.

    Of an experiment with tuning, `tuning` says what that costs.
    """
    searched = families(experiment, plan.jobs) if experiment else ()
    jobs = [
        {
            "job_id": job.id,
            **job.names(),
            "seed": job.seed,
            "control": job.control,
            "seconds": forecast.seconds.get(job.id),
            "finished": job.id not in forecast.seconds,
        }
        for job in plan.jobs
    ]
    skips = [vars(skip) for skip in plan.skips]
    told = _record(forecast)
    tuning = vars(cost(searched)) if searched else None
    data = {
        "jobs": jobs,
        "skips": skips,
        "tuning": tuning,
        "designs": [finite(design_record(design)) for design in designs],
        "forecast": told,
    }
    return json.dumps(data, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def _tuning(searched: Sequence[Family]) -> Iterator[str]:
    """Yield what is searched and what it costs; the first family speaks for all."""
    if not searched:
        return
    from lossbench.reporting.tuning import plan_lines  # here: it needs SciPy, and plans do not

    first = searched[0]
    for number, text in enumerate(plan_lines(first.studies, first.tune, first.epochs)):
        yield from _row("" if number else "tuning", text)
    if len(searched) > 1:
        yield from _row("", f"the same for each of {len(searched)} comparisons")


def _record(forecast: Forecast) -> dict[str, Any]:
    record = {key: value for key, value in vars(forecast).items() if key != "seconds"}
    return record | {"unknown": forecast.unknown}


def _grid(experiment: Experiment, facts: Sequence[Facts]) -> Iterator[str]:
    train = experiment.train
    for dataset, known in zip(experiment.datasets, facts, strict=True):
        what = _targets_text(known)
        shape = " x ".join(map(str, known.image_shape))
        name = dataset.display(DATASETS)
        yield from _row("data", f"{name}: {known.task}, {what}, images {shape}")
        yield from _row(
            "",
            f"{known.n_train} train, {known.n_validation} validation, {known.n_test} test",
        )
        if known.optimum:
            best = ", ".join(f"{name} {value:.4g}" for name, value in known.optimum.items())
            yield from _row("", f"best possible: {best}")
        if known.needs_download:
            yield from _row("", "not on this machine; fetched when the experiment runs")
    for title, entries, table in (
        ("models", experiment.models, MODELS),
        ("optimizers", experiment.optimizers, OPTIMIZERS),
        ("schedules", experiment.schedules, SCHEDULES),
        ("losses", experiment.losses, LOSSES),
    ):
        names = [entry.display(table) for entry in entries]
        if names != [USUAL.get(title.removesuffix("s"))]:
            yield from _row(title, ", ".join(names))
    yield from _row("seeds", f"{len(experiment.seeds)}: {', '.join(map(str, experiment.seeds))}")
    yield from _row("training", f"{train.epochs} epochs, batches of {_listed(train)}")
    controls = {k: plain(v) for k, v in train.controls.items() if v != CONTROLS[k]}
    if controls:
        yield from _row("controls", ", ".join(f"{k}: {flow(v)}" for k, v in controls.items()))
    if train.augment:
        shown = ", ".join(entry.display(AUGMENTATIONS) for entry in train.augment)
        yield from _row("augment", shown)
    if train.target_scale != "standard" and any(map(_has_targets, facts)):
        yield from _row("targets", f"target_scale {train.target_scale}")


def _listed(train: Train) -> str:
    return ", ".join(map(str, train.batch_sizes))


def _targets_text(known: Facts) -> str:
    if known.outputs:
        each = ((one.name, _targets_text(known.of_output(one))) for one in known.outputs)
        return ", ".join(f"{name} ({what})" for name, what in each)
    return f"{known.n_classes} classes" if known.n_classes else f"{known.n_targets} targets"


def _has_targets(known: Facts) -> bool:
    return "regression" in (known.task, *(output.task for output in known.outputs))


def _forecast(forecast: Forecast) -> Iterator[str]:
    yield from _row("time", _time(forecast))
    if forecast.memory_mib is not None:
        yield from _row("memory", f"about {size(forecast.memory_mib)}")
    if forecast.disk_mib is not None:
        yield from _row("disk", f"about {size(forecast.disk_mib)}")
    yield from _row("finished", f"{forecast.finished} of {forecast.jobs}")


def _time(forecast: Forecast) -> str:
    if not forecast.seconds:
        return "nothing left to train"
    if forecast.wall_s is None:
        return "unknown; --measure times a few steps"
    workers = "1 worker" if forecast.workers == 1 else f"{forecast.workers} workers"
    text = f"{_rounded(forecast.wall_s)} on {workers} ({_sources(forecast)})"
    if forecast.unknown:
        jobs = f"{forecast.unknown} of {len(forecast.seconds)} jobs"
        return f"at least {text}; {jobs} unknown, --measure times a few steps"
    return f"about {text}"


def _sources(forecast: Forecast) -> str:
    jobs = (
        "1 earlier job" if forecast.earlier_jobs == 1 else f"{forecast.earlier_jobs} earlier jobs"
    )
    if not forecast.measured:
        return f"from {jobs}"
    return "measured now" if not forecast.earlier_jobs else f"measured now, and from {jobs}"


def _rounded(seconds: float) -> str:
    """Return a time no finer than it is known."""
    if seconds < 100:
        return f"{max(seconds, 1):.0f} s"
    if seconds < 20 * 60:
        return f"{seconds / 60:.0f} min"
    return duration(round(seconds / 300) * 300).removesuffix(" 0 s")


def size(mib: float) -> str:
    """Return an amount of memory or disk with two digits: 340 MiB, 1.4 GiB."""
    if mib >= 1000:
        return f"{mib / 1024:.2g} GiB" if mib < 99 * 1024 else f"{mib / 1024:.0f} GiB"
    return f"{mib:.2g} MiB" if mib < 10 else f"{mib:.0f} MiB"


def _row(title: str, text: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=f"  {title:<11}",
        subsequent_indent=INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )

"""From the jobs of an experiment to searches, from trials to jobs, and from choices to final jobs.

A family is what is compared: the losses on one data set with one network, optimizer, schedule,
batch size and backend. Every loss of it is searched in the track `default`, in which its own
parameters stay as they are given; where a loss has parameters of its own to tune, in `tuned`, too.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lossbench.catalog import LOSSES, OPTIMIZERS, Row
from lossbench.catalog.losses.keras_classes import KERAS_CLASSES
from lossbench.catalog.metrics import metric_row
from lossbench.config import Entry, Experiment
from lossbench.config.entries import KERAS, bracketed
from lossbench.config.experiment import Tune
from lossbench.config.fields import check
from lossbench.config.keras_objects import without_defaults
from lossbench.config.tuning import half_decades
from lossbench.config.wording import brief
from lossbench.plan import Job
from lossbench.tuning.studies import Params, Space, Study, Trial

DEFAULT, TUNED = "default", "tuned"
"""The tracks."""

OWN = "loss."
"""Stands before the names of a loss's own parameters in a space."""


@dataclass(frozen=True)
class Candidate:
    """A loss of a family in one track, or in both where they are the same.

    Attributes:
        study: what is searched.
        jobs: what is to be trained with the answer, one job for each seed, as declared.
        tracks: in which comparisons these stand.
    """

    study: Study
    jobs: tuple[Job, ...]
    tracks: tuple[str, ...]


@dataclass(frozen=True)
class Family:
    """Losses that are compared with each other, and how all of them are searched.

    Attributes:
        candidates: losses, those with parameters of their own to tune once for each track.
        tune: the search.
        epochs: of a whole training.
        at: the epoch whose metric on validation is a trial's value: "selected" or "last".
    """

    candidates: tuple[Candidate, ...]
    tune: Tune
    epochs: int
    at: str = "selected"

    @property
    def studies(self) -> tuple[Study, ...]:
        """What is searched for each candidate."""
        return tuple(candidate.study for candidate in self.candidates)

    def candidate(self, key: str) -> Candidate:
        """Return the candidate whose study has this key."""
        return next(one for one in self.candidates if one.study.key == key)

    def accepts(self, key: str, params: Params) -> bool:
        """Return whether a candidate may be trained with some values."""
        job = self.candidate(key).jobs[0]
        return _is_taken(
            with_point(job.optimizer, params, ""), OPTIMIZERS[job.optimizer.name]
        ) and _is_taken(with_point(job.loss, params, OWN), LOSSES[job.loss.name])


def _is_taken(entry: Entry, row: Row) -> bool:
    """Whether a row takes an entry's values, each and together."""
    wrong = check(row.params, dict(entry.params))[1]
    return not wrong and not (row.refused and row.refused(entry.params))


def families(experiment: Experiment, jobs: Sequence[Job]) -> tuple[Family, ...]:
    """Return what is searched for an experiment; nothing where it says nothing of tuning.

    Args:
        experiment: the experiment.
        jobs: of its plan, as declared.
    """
    tune = experiment.tune
    if tune is None:
        return ()
    grouped: dict[tuple[str, ...], dict[str, list[Job]]] = {}
    for job in jobs:
        names = job.names()
        loss = names.pop("loss")
        grouped.setdefault(tuple(names.values()), {}).setdefault(loss, []).append(job)
    several = any(loss.tune for loss in experiment.losses)
    return tuple(
        Family(
            candidates=tuple(
                candidate
                for loss, own in losses.items()
                for candidate in _candidates(loss, tuple(own), tune, several=several)
            ),
            tune=tune,
            epochs=experiment.train.epochs,
            at=experiment.protocol.at,
        )
        for losses in grouped.values()
    )


def _candidates(
    loss: str, jobs: tuple[Job, ...], tune: Tune, *, several: bool
) -> Iterator[Candidate]:
    """Yield a loss once for each track, or once for both."""
    first = jobs[0]
    shared: dict[str, Any] = dict(tune.space)
    if not shared:
        shared = {"learning_rate": half_decades(first.optimizer.params["learning_rate"])}
    own = {f"{OWN}{name}": values for name, values in first.loss.tune.items()}
    spaces: list[tuple[tuple[str, ...], Space]] = [((DEFAULT,), shared)]
    if own:
        spaces.append(((TUNED,), {**shared, **own}))
    elif several:
        spaces = [((DEFAULT, TUNED), shared)]
    for tracks, space in spaces:
        usual = {name: _usual(first, name) for name in space}
        yield Candidate(Study(f"{loss} ({' '.join(tracks)})", space, usual), jobs, tracks)


def _usual(job: Job, name: str) -> Any:
    if not name.startswith(OWN):
        return job.optimizer.params[name]
    outer, _, inner = name.removeprefix(OWN).partition(".")
    value = job.loss.params[outer]
    if job.loss.name == KERAS and inner not in value:
        return KERAS_CLASSES[job.loss.params["class_name"]].params[inner].default
    return value[inner] if inner else value


def with_point(entry: Entry, point: Params, prefix: str) -> Entry:
    """Return an entry with the values that a point has for it.

    Args:
        entry: an optimizer or a loss.
        point: values by name.
        prefix: what stands before the names of its parameters: "" for those of the optimizer,
            which are all without another one.
    """
    params = dict(entry.params)
    for name, value in point.items():
        if name.startswith(OWN) != (prefix == OWN):
            continue
        outer, _, inner = name.removeprefix(prefix).partition(".")
        params[outer] = {**params[outer], inner: value} if inner else value
    if entry.name == KERAS:
        params["config"] = without_defaults(params["class_name"], params["config"])
    return replace(entry, params=params, tune={})


def trial_job(candidate: Candidate, trial: Trial) -> Job:
    """Return the job of a trial: that of the loss, with a point of the space and a tuning seed.

    It never sees test data. One that lasts fewer epochs than the whole keeps the whole's schedule.
    """
    first = candidate.jobs[0]
    return replace(
        first,
        optimizer=_shown(first.optimizer, trial.params, ""),
        loss=_shown(first.loss, trial.params, OWN),
        seed=trial.seed,
        phase="tune",
        stop_after=trial.epochs if trial.epochs < first.epochs else None,
    )


def _shown(entry: Entry, point: Params, prefix: str) -> Entry:
    """Return an entry at a point, whose display name tells the point even where it has a label."""
    changed = with_point(entry, point, prefix)
    if entry.label is None:
        return changed
    own = {
        name.removeprefix(prefix): brief(value)
        for name, value in point.items()
        if name.startswith(OWN) == (prefix == OWN)
    }
    return replace(changed, label=bracketed(entry.label, own))


def final_jobs(
    jobs: Sequence[Job], chosen: Sequence[tuple[Family, Mapping[str, Params]]]
) -> tuple[Job, ...]:
    """Return the jobs of a plan with the values that were found, in the order of the plan.

    They are shown as declared, so that groups and blocks stay together. A job that both tracks
    would train is one job; one that is shown under two names stands once for each.

    Args:
        jobs: of the plan, as declared.
        chosen: each family with the values found, by the key of the study.
    """
    answers: dict[str, list[tuple[Candidate, Params]]] = {}
    for family, points in chosen:
        for candidate in family.candidates:
            for job in candidate.jobs:
                answers.setdefault(job.id, []).append((candidate, points[candidate.study.key]))
    found: dict[tuple[str, str], Job] = {}
    for job in jobs:
        for candidate, point in answers[job.id]:
            made = _final(job, point, candidate.tracks)
            same = found.get((job.id, made.id))
            tracks = made.tracks if same is None else (*same.tracks, *made.tracks)
            found[job.id, made.id] = replace(made, tracks=tracks)
    return tuple(found.values())


def _final(job: Job, point: Params, tracks: tuple[str, ...]) -> Job:
    optimizer = replace(
        with_point(job.optimizer, point, ""), label=job.optimizer.display(OPTIMIZERS)
    )
    loss = replace(with_point(job.loss, point, OWN), label=job.loss.display(LOSSES))
    return replace(job, optimizer=optimizer, loss=loss, tracks=tracks)


def value_of(result: Mapping[str, Any], metric: str, at: str) -> float | None:
    """Return the metric of a trial on validation, oriented; None for a failed one.

    Args:
        result: of the trial.
        metric: the primary metric.
        at: "selected" or "last".
    """
    raw = raw_value(result, metric, at)
    if raw is None:
        return None
    return raw if metric_row(metric).higher_is_better else -raw


def raw_value(result: Mapping[str, Any], metric: str, at: str) -> float | None:
    """Return the metric of a trial on validation as it is; None for a failed one."""
    if result["status"] != "ok":
        return None
    wanted = ("validation", at, metric, "raw")
    for row in result["metrics"]:
        if (row["split"], row["at"], row["metric"], row["stage"]) == wanted:
            value = row["value"]
            return float(value) if value is not None and math.isfinite(value) else None
    return None

"""What a search will take before it has begun: how many trainings, how long, how many jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lossbench.config.experiment import Range
from lossbench.plan import Job
from lossbench.tuning.budget import budget
from lossbench.tuning.families import OWN, Family, final_jobs
from lossbench.tuning.studies import Params, Study, Trial


@dataclass(frozen=True)
class Cost:
    """What all searches of an experiment cost together.

    Attributes:
        families: searches of losses that are compared with each other.
        trainings: trainings of all losses.
        epochs: epochs of these.
        extra_trainings: trainings more, at most, where grids are extended.
    """

    families: int
    trainings: int
    epochs: int
    extra_trainings: int


def cost(families: Sequence[Family]) -> Cost:
    """Return what searches cost before they begin."""
    each = [(len(one.candidates), budget(one.studies, one.tune, one.epochs)) for one in families]
    return Cost(
        families=len(each),
        trainings=sum(losses * of_one.trainings for losses, of_one in each),
        epochs=sum(losses * of_one.epochs for losses, of_one in each),
        extra_trainings=sum(losses * of_one.extra_trainings for losses, of_one in each),
    )


def lengths(family: Family) -> list[int]:
    """Return the epochs of each training of a loss, in their order, without an extension."""
    whole = budget(family.studies, family.tune, family.epochs)
    seeds = len(family.tune.seeds)
    found = [rung.epochs for rung in whole.rungs for _ in range(rung.points * seeds)]
    return found + [family.epochs] * (whole.trainings - len(found))


def later_trial(study: Study, seed: int, epochs: int) -> Trial:
    """Return a training as long as one that will be asked for, with the usual values."""
    return Trial(study.key, 0, study.usual, seed, "search", epochs)


def expected_jobs(jobs: Sequence[Job], families: Sequence[Family]) -> tuple[Job, ...]:
    """Return as many jobs as there will be at most: own parameters may be found to be others."""
    points = [
        (family, {study.key: _other(study) for study in family.studies}) for family in families
    ]
    return final_jobs(jobs, points)


def _other(study: Study) -> Params:
    found: dict[str, Any] = dict(study.usual)
    for name, values in study.space.items():
        if name.startswith(OWN):
            listed = (values.low, values.high) if isinstance(values, Range) else values
            found[name] = next(value for value in listed if value != study.usual[name])
    return found

"""What a search costs each loss: before it runs, and what was spent."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lossbench.config.experiment import Tune
from lossbench.tuning import spaces
from lossbench.tuning.extending import FEWEST_EXTRA
from lossbench.tuning.halving import Rung, rungs
from lossbench.tuning.ranking import seeds_after
from lossbench.tuning.searching import fewest_points
from lossbench.tuning.studies import Study, Trial


@dataclass(frozen=True)
class Budget:
    """What the search costs each study; the same for all of a family.

    Attributes:
        rungs: points and epochs of each step of the search; one step without pruning.
        trainings: trainings of search and confirmation.
        epochs: epochs of these.
        extra_trainings: trainings that all get more where the best point of one of them lies at an
            end of its grid; at most.
        extra_epochs: epochs of these.
    """

    rungs: tuple[Rung, ...]
    trainings: int
    epochs: int
    extra_trainings: int
    extra_epochs: int


@dataclass(frozen=True)
class Spent:
    """What a study has spent: trainings, and the epochs that they took."""

    trainings: int
    epochs: int


def budget(studies: Sequence[Study], tune: Tune, epochs: int) -> Budget:
    """Return what the search will cost each study.

    trainings = points x seeds, summed over rungs, + confirmed points x their seeds

    Args:
        studies: of the losses that are compared with each other.
        tune: the search.
        epochs: of a whole training.
    """
    ladder = rungs(tune, epochs, fewest_points(studies))
    seeds = len(tune.seeds)
    confirmed = min(tune.confirm[0], ladder[-1].points) * tune.confirm[1]
    extra = most_extra(studies, tune) * seeds
    return Budget(
        rungs=ladder,
        trainings=sum(rung.points for rung in ladder) * seeds + confirmed,
        epochs=sum(rung.points * rung.epochs for rung in ladder) * seeds + confirmed * epochs,
        extra_trainings=extra,
        extra_epochs=extra * epochs,
    )


def most_extra(studies: Sequence[Study], tune: Tune) -> int:
    """Return how many points the extension of a grid adds at most; 0 where there is none."""
    if tune.search != "grid":
        return 0
    ends = max(sum(map(spaces.is_ordered, study.space.values())) for study in studies)
    return max(FEWEST_EXTRA, ends) if ends else 0


def seeds_used(studies: Sequence[Study], tune: Tune) -> tuple[int, ...]:
    """Return all seeds that trainings of the search may have; those of the experiment are others.

    They are the tuning seeds, those that confirm the best points, and those with which a point is
    trained again where the grid is extended and a study has nothing new to try.
    """
    again = most_extra(studies, tune) * len(tune.seeds)
    return (*tune.seeds, *seeds_after(tune.seeds, 0, tune.confirm[1] + again))


def spent(studies: Sequence[Study], trials: Iterable[Trial]) -> dict[str, Spent]:
    """Return what each study spent on trials that are known, failed ones included.

    Args:
        studies: of the losses that are compared with each other.
        trials: those that were trained.

    Returns:
        Trainings and epochs by the key of the study.
    """
    own: dict[str, list[int]] = {study.key: [] for study in studies}
    for trial in trials:
        if trial.study in own:
            own[trial.study].append(trial.epochs)
    return {key: Spent(len(epochs), sum(epochs)) for key, epochs in own.items()}

"""The search: which trainings come next, from what is known so far; pure, and replayed each time.

1. search: the points of a grid or a sampler, each with every tuning seed; with successive halving
   shorter trainings first (rung 0, 1, ...).
2. extend, for grids, once: where the best point of any study lies at an end of its grid, all
   studies get the same number of points more.
3. confirm: the best points again, with more seeds.

In each of them every study gets as many trainings and as many epochs as every other.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lossbench.config.experiment import Tune
from lossbench.tuning import spaces
from lossbench.tuning.extending import FEWEST_EXTRA, edges, extra_points
from lossbench.tuning.halving import Rung, rungs
from lossbench.tuning.ranking import best_points, by_point, mean_value, seeds_after
from lossbench.tuning.sampling import round_sizes, sampler
from lossbench.tuning.studies import Accepts, Known, Params, Study, Trial


@dataclass
class Progress:
    """How far the search of one study is.

    Attributes:
        study: what may be tried.
        points: the points that were asked for, by number.
        whole: trials that were trained to the end.
    """

    study: Study
    points: list[Params] = field(default_factory=list)
    whole: list[Trial] = field(default_factory=list)

    def trials(
        self, points: Sequence[int], seeds: Sequence[int], stage: str, epochs: int
    ) -> list[Trial]:
        """Return trials of some points with each of some seeds."""
        return [
            Trial(self.study.key, point, self.points[point], seed, stage, epochs)
            for point in points
            for seed in seeds
        ]

    def add(self, points: Sequence[Params]) -> list[int]:
        """Take new points and return their numbers."""
        first = len(self.points)
        self.points += points
        return list(range(first, len(self.points)))

    def best(self, known: Known, count: int = 1) -> list[int]:
        """Return the best of the points that were trained to the end."""
        return best_points(self.whole, known, count)


def next_trials(
    studies: Sequence[Study],
    tune: Tune,
    epochs: int,
    known: Known,
    accepts: Accepts | None = None,
) -> list[Trial]:
    """Return all trials of a family that can run now, side by side; none when the search is over.

    Every study gets the same number of trainings and of epochs, whatever the results are. The same
    arguments give the same answer, in whatever order results came.

    Args:
        studies: of the losses that are compared with each other.
        tune: the search.
        epochs: of a whole training.
        known: value of each trial so far, see `Known`.
        accepts: whether a study may be trained with some values; asked only of values that neither
            a list nor a range of the space holds. Without it all are that have the sign of the
            list.

    Returns:
        Trials that are not known yet; to be called again when they are.

    Raises:
        ValueError: a space has fewer points than trials, so that budgets would differ, or the
            search is a grid and a space has a range.
        LossbenchError: optuna is needed and not installed.
    """
    for wanted in _rounds([], studies, tune, epochs, known, accepts):
        missing = [trial for trial in wanted if trial not in known]
        if missing:
            return missing
    return []


def finished(
    studies: Sequence[Study],
    tune: Tune,
    epochs: int,
    known: Known,
    accepts: Accepts | None = None,
) -> list[Progress]:
    """Return how each study ended.

    Raises:
        ValueError: the search is not over.
    """
    ended: list[Progress] = []
    for wanted in _rounds(ended, studies, tune, epochs, known, accepts):
        if any(trial not in known for trial in wanted):
            raise ValueError("known: the search is not over; accepted are all trials it asks for")
    return ended


def _rounds(
    progress: list[Progress],
    studies: Sequence[Study],
    tune: Tune,
    epochs: int,
    known: Known,
    accepts: Accepts | None,
) -> Iterator[list[Trial]]:
    """Yield rounds of trials; each is asked for when all of the one before are known."""
    progress += map(Progress, studies)
    _check(studies, tune)
    yield from _search(progress, tune, epochs, known)
    if tune.search == "grid":
        yield from _extend(progress, tune, epochs, known, accepts)
    yield from _confirm(progress, tune, epochs, known)


def _check(studies: Sequence[Study], tune: Tune) -> None:
    for study in studies:
        points = spaces.size(study.space)
        if points < tune.trials:
            raise ValueError(
                f"{study.key}: {points:.0f} points for {tune.trials} trials; accepted are as many "
                "points or more, as every loss gets the same number of trials"
            )


def fewest_points(studies: Sequence[Study]) -> float:
    """Return the number of points of the smallest space."""
    return min(spaces.size(study.space) for study in studies)


def _search(
    progress: Sequence[Progress], tune: Tune, epochs: int, known: Known
) -> Iterator[list[Trial]]:
    first, *rest = rungs(tune, epochs, fewest_points([one.study for one in progress]))
    halving = tune.pruning == "halving"
    asked: dict[str, list[Trial]] = {one.study.key: [] for one in progress}
    for trials in _first(progress, tune, first, "rung 0" if halving else "search", known):
        _note(asked, trials)
        yield trials
    for number, rung in enumerate(rest, 1):
        best = {key: best_points(own, known, rung.points) for key, own in asked.items()}
        wanted = [
            trial
            for one in progress
            for trial in one.trials(
                sorted(best[one.study.key]), tune.seeds, f"rung {number}", rung.epochs
            )
        ]
        asked = {key: [] for key in asked}
        _note(asked, wanted)
        yield wanted
    for one in progress:
        one.whole += asked[one.study.key]


def _note(asked: Mapping[str, list[Trial]], trials: Sequence[Trial]) -> None:
    for trial in trials:
        asked[trial.study].append(trial)


def _first(
    progress: Sequence[Progress], tune: Tune, rung: Rung, stage: str, known: Known
) -> Iterator[list[Trial]]:
    """Yield the trials of all points that the samplers propose."""
    samplers = [sampler(one.study.space, tune) for one in progress]
    for size in round_sizes(tune, rung.points):
        asked = [
            one.trials(one.add(each.ask(size)), tune.seeds, stage, rung.epochs)
            for one, each in zip(progress, samplers, strict=True)
        ]
        yield [trial for own in asked for trial in own]
        for own, each in zip(asked, samplers, strict=True):
            each.tell([_told(trials, known) for trials in by_point(own).values()])


def _told(trials: Sequence[Trial], known: Known) -> float:
    value = mean_value(trials, known)
    return float("-inf") if value is None else value


def _extend(
    progress: Sequence[Progress],
    tune: Tune,
    epochs: int,
    known: Known,
    accepts: Accepts | None,
) -> Iterator[list[Trial]]:
    """Yield the extra points of all studies, where one of them found its best at an end."""
    best = {one.study.key: one.best(known)[0] for one in progress}
    at_end = [
        len(edges(one.study, one.points, one.points[best[one.study.key]], accepts))
        for one in progress
    ]
    if not any(at_end):
        return
    count = max(FEWEST_EXTRA, *at_end)
    wanted = []
    for one in progress:
        point = best[one.study.key]
        new = extra_points(one.study, one.points, one.points[point], count, accepts)
        seeds = seeds_after(tune.seeds, tune.confirm[1], (count - len(new)) * len(tune.seeds))
        # Where there is nothing new to try, the best point is trained again with other seeds, as
        # budgets stay equal.
        trials = [
            *one.trials(one.add(new), tune.seeds, "extend", epochs),
            *one.trials([point], seeds, "extend", epochs),
        ]
        one.whole += trials
        wanted += trials
    yield wanted


def _confirm(
    progress: Sequence[Progress], tune: Tune, epochs: int, known: Known
) -> Iterator[list[Trial]]:
    """Yield the best points again; not more than the search had, extended or not."""
    last = rungs(tune, epochs, fewest_points([one.study for one in progress]))[-1]
    count = min(tune.confirm[0], last.points)
    seeds = seeds_after(tune.seeds, 0, tune.confirm[1])
    wanted = []
    for one in progress:
        trials = one.trials(sorted(one.best(known, count)), seeds, "confirm", epochs)
        one.whole += trials
        wanted += trials
    if wanted:
        yield wanted

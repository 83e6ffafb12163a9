"""Which point a study takes."""

from collections.abc import Sequence

from lossbench.config.experiment import Tune
from lossbench.tuning.extending import edges
from lossbench.tuning.ranking import best_points, by_point, mean_value
from lossbench.tuning.searching import Progress, finished
from lossbench.tuning.studies import Accepts, Choice, Known, Study


def choose(
    studies: Sequence[Study],
    tune: Tune,
    epochs: int,
    known: Known,
    accepts: Accepts | None = None,
) -> dict[str, Choice]:
    """Return the point of each study: of those that were confirmed the one with the best mean.

    The mean is over all seeds of the point at the whole length; where nothing is confirmed, all
    points that were trained to the end take part.

    Args:
        studies: as for `next_trials`, and so are all others.
        tune: the search.
        epochs: of a whole training.
        known: value of each trial.
        accepts: whether a study may be trained with some values.

    Returns:
        Choices by the key of the study.

    Raises:
        ValueError: the search is not over.
    """
    ended = finished(studies, tune, epochs, known, accepts)
    return {one.study.key: _choice(one, known, accepts) for one in ended}


def _choice(one: Progress, known: Known, accepts: Accepts | None) -> Choice:
    confirmed = {trial.point for trial in one.whole if trial.stage == "confirm"}
    own = [trial for trial in one.whole if trial.point in confirmed or not confirmed]
    point = best_points(own, known, 1)[0]
    params = one.points[point]
    value = mean_value(by_point(own)[point], known)
    return Choice(params, point, value, edges(one.study, one.points, params, accepts))

"""Synchronous successive halving: short trainings for many points, whole ones for the best.

Jamieson & Talwalkar 2016, arXiv:1502.07943, with a third of the points kept in each step, as in
Li et al. 2018, arXiv:1603.06560.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lossbench.config.experiment import Tune

ETA = 3
"""One point of so many is kept, and trained so many times as long."""
MOST_CUTS = 2
"""The shortest training is a ninth of the whole: shorter ones favour what is fast at first, which
is seldom what is best at the end; Wu et al. 2018, arXiv:1803.02021."""


@dataclass(frozen=True)
class Rung:
    """So many points, each trained for so many epochs."""

    points: int
    epochs: int


def rungs(tune: Tune, epochs: int, most: float = math.inf) -> tuple[Rung, ...]:
    """Return how many points are trained for how long.

    Without pruning all points are trained to the end. With it, trainings of a rung start anew, all
    their epochs count, and the whole costs no more epochs than `trials` whole trainings:

    sum over rungs of points x epochs <= trials x epochs of a whole training

    Args:
        tune: the search.
        epochs: of a whole training.
        most: points that there are.

    Returns:
        Rungs with falling points and rising epochs; the last one trains to the end, and at least
        as many points as are confirmed. Of the possible numbers of rungs the one that has most
        points, of several the cheapest.
    """
    if tune.pruning == "none":
        return (Rung(tune.trials, epochs),)
    keep = max(1, tune.confirm[0])
    possible = [
        _ladder(tune.trials, epochs, cuts, keep, most)
        for cuts in range(MOST_CUTS, -1, -1)
        if ETA**cuts <= epochs
    ]
    return max(possible, key=lambda ladder: ladder[0].points if ladder else 0)


def _ladder(trials: int, epochs: int, cuts: int, keep: int, most: float) -> tuple[Rung, ...]:
    """Return the rungs of as many points as the budget allows; none where it allows too few."""
    lengths = [max(1, round(epochs / ETA ** (cuts - rung))) for rung in range(cuts + 1)]
    found: tuple[Rung, ...] = ()
    for start in range(1, int(min(most, trials * epochs)) + 1):
        counts = [max(start // ETA**rung, min(keep, start)) for rung in range(cuts + 1)]
        ladder = _without_idle([*map(Rung, counts, lengths)])
        if sum(rung.points * rung.epochs for rung in ladder) > trials * epochs:
            break
        found = ladder
    return found


def _without_idle(ladder: Sequence[Rung]) -> tuple[Rung, ...]:
    """Leave out rungs after which no point is given up."""
    following = [*(rung.points for rung in ladder[1:]), 0]
    return tuple(r for r, after in zip(ladder, following, strict=True) if r.points > after)

"""Which points are ahead: failures last, then the mean over seeds, then the earlier one."""

import math
from collections.abc import Iterable, Sequence

from lossbench.tuning.studies import Known, Trial


def by_point(trials: Iterable[Trial]) -> dict[int, list[Trial]]:
    """Return trials by their points, points in the order in which they were asked for."""
    found: dict[int, list[Trial]] = {}
    for trial in sorted(trials, key=lambda trial: trial.point):
        found.setdefault(trial.point, []).append(trial)
    return found


def worked(trials: Sequence[Trial], known: Known) -> list[float]:
    """Return the values of the trials that did not fail; what is not finite failed."""
    values = (known[trial] for trial in trials)
    return [value for value in values if value is not None and math.isfinite(value)]


def mean_value(trials: Sequence[Trial], known: Known) -> float | None:
    """Return the mean over the seeds that worked; None where none did."""
    values = worked(trials, known)
    return math.fsum(values) / len(values) if values else None


def best_points(trials: Sequence[Trial], known: Known, count: int) -> list[int]:
    """Return the numbers of the best points.

    A point is ahead of another where a smaller share of its seeds failed; of equal shares, where
    its mean over the seeds that worked is higher; of equal means, where it was asked for earlier.

    Args:
        trials: of one study and one length.
        known: their values.
        count: how many points.
    """

    def place(item: tuple[int, list[Trial]]) -> tuple[float, float, int]:
        point, own = item
        values = worked(own, known)
        mean = math.fsum(values) / len(values) if values else -math.inf
        return (1 - len(values) / len(own), -mean, point)

    return [point for point, _ in sorted(by_point(trials).items(), key=place)][:count]


def seeds_after(seeds: Sequence[int], skipped: int, count: int) -> list[int]:
    """Return seeds that follow the largest of those given, some of them skipped."""
    first = max(seeds) + 1 + skipped
    return list(range(first, first + count))

"""Points beside the best one: beyond the end of a grid where it lies there, else between."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lossbench.config.experiment import Range
from lossbench.tuning import spaces
from lossbench.tuning.studies import Accepts, Params, Study

FEWEST_EXTRA = 2
"""Points that every study gets more when one of them found its best at an end: two steps beyond
the end, or one on either side of the best."""


def edges(
    study: Study, tried: Sequence[Params], best: Params, accepts: Accepts | None = None
) -> tuple[str, ...]:
    """Return the parameters whose best value lies at an end, although one could go further.

    A list of numbers ends at the outermost values that it names or that were tried; a range in its
    outer twentieth. Where nothing beyond the end is accepted, as below 0 for a share, it is no
    edge: nothing better can lie there. Lists of words, of yes and no, and of one value have no
    ends.

    Args:
        study: what may be tried.
        tried: the points that were.
        best: one of them.
        accepts: whether values are possible; without it all are that have the sign of the list.
    """
    return tuple(
        name
        for name in study.space
        if (side := _side(study, name, tried, best))
        and next(_beyond(study, name, side, tried, best, accepts), None) is not None
    )


def _side(study: Study, name: str, tried: Sequence[Params], best: Params) -> int:
    """Return -1 or 1 where a parameter lies at the lower or upper end, else 0."""
    values = study.space[name]
    if isinstance(values, Range):
        return spaces.is_outer(best[name], values)
    if not spaces.is_ordered(values):
        return 0
    axis = _axis(values, name, tried)
    return -1 if best[name] == axis[0] else 1 if best[name] == axis[-1] else 0


def _axis(values: tuple[Any, ...], name: str, tried: Sequence[Params]) -> list[Any]:
    return sorted({*values, *(point[name] for point in tried)})


def _beyond(
    study: Study,
    name: str,
    side: int,
    tried: Sequence[Params],
    best: Params,
    accepts: Accepts | None,
) -> Iterator[Any]:
    values, accepted = study.space[name], _accepted(study, name, best, accepts)
    if isinstance(values, Range):
        return spaces.outward((values.low, values.high), side, accepted, log=values.log)
    log = spaces.is_geometric(sorted(set(values)))
    return spaces.outward(_axis(values, name, tried), side, accepted, log=log)


def _accepted(
    study: Study, name: str, best: Params, accepts: Accepts | None
) -> Callable[[float], Any | None]:
    """Return what turns a number into a value that the parameter accepts, or into None."""
    values = study.space[name]
    listed = (values.low, values.high) if isinstance(values, Range) else values
    whole = all(isinstance(value, int) for value in listed)

    def possible(value: float) -> bool:
        if accepts is not None:
            return accepts(study.key, {**best, name: value})
        lowest = min(listed)
        return value > 0 if lowest > 0 else value >= 0 if lowest >= 0 else True

    def accepted(value: float) -> Any | None:
        # A list of whole numbers may be one of steps, or one of shares in which no share stood.
        forms = [int(value)] if whole and value.is_integer() else [value]
        if whole and not value.is_integer():
            forms.append(round(value))
        return next((form for form in forms if possible(form)), None)

    return accepted


def extra_points(
    study: Study,
    tried: Sequence[Params],
    best: Params,
    count: int,
    accepts: Accepts | None = None,
) -> list[Params]:
    """Return new points beside the best: beyond the ends where it lies at one, then between.

    Beyond an end means one step further in that parameter, then two; between means halfway to the
    neighbours, the first parameters of the space before the later ones, in log scale where the list
    goes in even factors.

    Args:
        study: what may be tried.
        tried: the points that were.
        best: one of them.
        count: how many are wanted.
        accepts: whether values are possible.

    Returns:
        As many new points, fewer where there are no more, as for parameters that are no numbers.
    """
    found: list[Params] = []
    for point in _candidates(study, tried, best, accepts):
        if len(found) == count:
            break
        if point not in tried and point not in found:
            found.append(point)
    return found


def _candidates(
    study: Study, tried: Sequence[Params], best: Params, accepts: Accepts | None
) -> Iterator[Params]:
    ends = edges(study, tried, best, accepts)
    beyond = {
        name: itertools.islice(
            _beyond(study, name, _side(study, name, tried, best), tried, best, accepts),
            FEWEST_EXTRA,
        )
        for name in ends
    }
    inside = {
        name: _inside(study, name, values, tried, best, accepts)
        for name, values in study.space.items()
        if not isinstance(values, Range) and spaces.is_ordered(values)
    }
    for steps in (beyond, inside):
        yield from _one_changed(best, steps)


def _inside(
    study: Study,
    name: str,
    values: tuple[Any, ...],
    tried: Sequence[Params],
    best: Params,
    accepts: Accepts | None,
) -> Iterator[Any]:
    log = spaces.is_geometric(sorted(set(values)))
    accepted = _accepted(study, name, best, accepts)
    return spaces.between(_axis(values, name, tried), best[name], accepted, log=log)


def _one_changed(best: Params, steps: Mapping[str, Iterator[Any]]) -> Iterator[Params]:
    """Yield the best point with one parameter changed: a first step in each, a second, ..."""
    parts = [zip(itertools.repeat(name), values, strict=False) for name, values in steps.items()]
    for name, value in spaces.interleaved(parts):
        yield {**best, name: value}

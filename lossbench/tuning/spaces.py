"""Search spaces: how many points they have, where they end, and what lies beside a value."""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lossbench.config.experiment import Range
from lossbench.tuning.studies import Params, Space

DIGITS = 4
"""Significant digits of values that no list names: more would be read by nobody."""
EVEN_FACTORS = 0.2
"""A list goes in even factors where no logarithm of a step is further from their mean than this
share of it: 1, 3, 10 and 1, 2, 5, 10 are even in this sense."""
EVEN_STEPS = 0.01
"""The same share for the differences of a list with even summands."""
HALVINGS = 10
"""A step that leaves what is accepted is halved at most so often."""
DRAWS = 1000
"""How often a balanced draw of different points of a grid is tried."""
OUTER_SHARE = 0.05
"""A value lies at an end of a range where it lies in this share of it, next to the end."""


def size(space: Space) -> float:
    """Return how many points a space has; infinite where a range is among its parameters."""
    lists = _lists(space)
    return math.prod(map(len, lists)) if len(lists) == len(space) else math.inf


def _lists(space: Space) -> list[tuple[Any, ...]]:
    return [values for values in space.values() if not isinstance(values, Range)]


def grid_points(space: Space, count: int, rng: np.random.Generator) -> list[Params]:
    """Return points of a grid: all where it has no more, else so many drawn without replacement.

    The draw is balanced: each value of a parameter is there as often as each other one, or once
    more, so that a loss with parameters of its own still sees all learning rates.

    Args:
        space: lists of values.
        count: how many points.
        rng: draws them.

    Returns:
        Points in the order of the grid, in which the last parameter goes fastest.

    Raises:
        ValueError: a parameter has a range.

    Source:
        Latin hypercube sampling, McKay, Beckman & Conover 1979, Technometrics 21:239-245, on the
        points of a grid.
    """
    total = size(space)
    if math.isinf(total):
        raise ValueError("space: has a range; accepted in a grid are lists of values")
    lists = _lists(space)
    shape = [len(values) for values in lists]
    chosen = np.arange(int(total)) if total <= count else _drawn(shape, count, rng)
    places = zip(*np.unravel_index(chosen, shape), strict=True)
    return [
        {name: values[at] for name, values, at in zip(space, lists, place, strict=True)}
        for place in places
    ]


def _drawn(shape: Sequence[int], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return flat indices of different points, rising."""
    for _ in range(DRAWS):
        columns = [rng.permutation(_evenly(length, count, rng)) for length in shape]
        found: NDArray[np.int64] = np.unique(np.ravel_multi_index(columns, shape))
        if len(found) == count:
            return found
    # Nearly the whole grid is wanted: there is little left to balance.
    return np.sort(rng.choice(math.prod(shape), count, replace=False))


def _evenly(length: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    whole, rest = divmod(count, length)
    return np.concatenate([np.tile(np.arange(length), whole), rng.permutation(length)[:rest]])


def rounded(value: float) -> float:
    """Return a value that no list names with as many digits as people read."""
    return float(f"{value:.{DIGITS}g}")


def is_ordered(values: tuple[Any, ...] | Range) -> bool:
    """Whether values are numbers, two or more, so that they have ends and neighbours."""
    return (
        not isinstance(values, Range)
        and len(set(values)) > 1
        and all(isinstance(value, int | float) for value in values)
        and not any(isinstance(value, bool) for value in values)
    )


def is_geometric(values: Sequence[float]) -> bool:
    """Whether a sorted list goes in even factors, within rounding, and not in even summands.

    Args:
        values: numbers, rising, two or more. Two positive ones do.
    """
    if values[0] <= 0:
        return False
    if len(values) > 2 and _even(np.diff(values), EVEN_STEPS):
        return False
    return _even(np.diff(np.log(values)), EVEN_FACTORS)


def _even(steps: Any, share: float) -> bool:
    return bool((np.abs(steps - steps.mean()) <= share * steps.mean()).all())


def halfway(low: float, high: float, *, log: bool) -> float:
    """Return what lies in the middle of two values, in log scale or not, rounded."""
    return rounded(math.sqrt(low) * math.sqrt(high) if log else (low + high) / 2)


def outward(
    values: Sequence[float], side: int, accepted: Callable[[float], Any | None], *, log: bool
) -> Iterator[Any]:
    """Yield values beyond an end, each one step further; steps are as long as the last one.

    A step that leaves what is accepted is halved until it does not.

    Args:
        values: numbers, rising, two or more.
        side: -1 for below the first, 1 for above the last.
        accepted: a number as the parameter takes it, or None where it is not accepted.
        log: whether steps are factors.

    Yields:
        Accepted values; none where the end is the end of what is accepted.
    """
    end, inner = (values[0], values[1]) if side < 0 else (values[-1], values[-2])
    here, step = (math.log(end), math.log(end / inner)) if log else (end, end - inner)
    while True:
        for halving in range(HALVINGS + 1):
            there = here + step / 2**halving
            value = accepted(rounded(math.exp(there) if log else there))
            if value is not None and (value - end) * side > 0:
                break
        else:
            return
        yield value
        end, here, step = value, there, step / 2**halving


def between(
    values: Sequence[float], at: float, accepted: Callable[[float], Any | None], *, log: bool
) -> Iterator[Any]:
    """Yield values ever closer to one: halfway to both neighbours, then halfway to these, ...

    Args:
        values: numbers, rising, `at` among them.
        at: the one in the middle.
        accepted: as for `outward`.
        log: whether halfway is meant in log scale.
    """
    place = list(values).index(at)
    sides = [*values[max(0, place - 1) : place], *values[place + 1 : place + 2]]
    for _ in range(HALVINGS):
        sides = [halfway(side, at, log=log) for side in sides]
        yield from (value for side in sides if (value := accepted(side)) is not None)


def is_outer(value: float, over: Range) -> int:
    """Return -1 or 1 where a value lies in the outer twentieth of a range, else 0."""
    low, high, at = (over.low, over.high, value)
    if over.log:
        low, high, at = math.log(low), math.log(high), math.log(at)
    share = (at - low) / (high - low)
    return -1 if share <= OUTER_SHARE else 1 if share >= 1 - OUTER_SHARE else 0


def interleaved(parts: Sequence[Iterator[Any]]) -> Iterator[Any]:
    """Yield the first of each part, then the second of each, ..."""
    for row in itertools.zip_longest(*parts):
        yield from (item for item in row if item is not None)

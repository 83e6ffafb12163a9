"""Numbers: worked by hand; where values are rounded the test says so."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from lossbench.config.experiment import Range
from lossbench.tuning.spaces import (
    between,
    grid_points,
    halfway,
    is_geometric,
    is_ordered,
    is_outer,
    outward,
    size,
)

RATES = (1e-4, 3e-4, 1e-3, 3e-3)


def test_a_space_has_as_many_points_as_its_lists_have_combinations():
    assert size({"learning_rate": RATES, "loss.gamma": (1, 2, 5)}) == 12
    assert size({"learning_rate": RATES, "beta": Range(0.0, 1.0)}) == math.inf


def test_a_grid_goes_through_the_last_parameter_fastest():
    space = {"learning_rate": (0.1, 0.01), "nesterov": (True, False)}
    points = grid_points(space, 4, np.random.default_rng(0))
    expected = [
        dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())
    ]
    assert points == expected
    assert grid_points(space, 99, np.random.default_rng(0)) == expected


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("count", [1, 2, 7, 9, 13, 20])
def test_a_part_of_a_grid_is_drawn_without_replacement_and_balanced(seed, count):
    space = {"learning_rate": tuple(range(1, 8)), "loss.gamma": ("a", "b", "c")}
    points = grid_points(space, count, np.random.default_rng(seed))
    assert len(points) == count
    whole = grid_points(space, 21, np.random.default_rng(0))
    places = [whole.index(point) for point in points]
    assert places == sorted(set(places)), "in the order of the grid, none twice"
    if count < 20:  # with 20 of 21 points one is left out, and no other choice is left
        for name, values in space.items():
            seen = Counter(point[name] for point in points)
            counts = [seen[value] for value in values]
            assert max(counts) - min(counts) <= 1, name


def test_a_huge_grid_is_never_written_down():
    space = {f"p{i}": tuple(range(100)) for i in range(8)}
    assert len(grid_points(space, 5, np.random.default_rng(1))) == 5


def test_a_range_has_no_grid():
    with pytest.raises(ValueError, match="has a range; accepted in a grid are lists"):
        grid_points({"learning_rate": Range(0.1, 1.0)}, 3, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("values", "ordered"),
    [
        (RATES, True),
        ((3e-3, 1e-4), True),
        ((0, 1), True),
        ((True, False), False),
        (("a", "b"), False),
        ((1, "auto"), False),
        ((0.1,), False),
        ((0.1, 0.1), False),
        (Range(0.0, 1.0), False),
    ],
)
def test_only_lists_of_numbers_have_an_order(values, ordered):
    assert is_ordered(values) is ordered


@pytest.mark.parametrize(
    ("values", "geometric"),
    [
        (RATES, True),  # factors 3 and 3.33
        ((1, 2, 5, 10), True),  # 2, 2.5, 2
        ((1, 2, 5), True),
        ((1e-3, 1e-1), True),
        ((1, 2, 3), False),
        ((2, 3, 4), False),
        ((10, 11, 12), False),  # even in both senses, nearly: summands are meant
        ((0, 1, 2), False),
        ((-2, -1), False),
        ((1, 2, 16), False),
    ],
)
def test_a_list_goes_in_even_factors_within_rounding(values, geometric):
    assert is_geometric(values) is geometric


def test_halfway_is_the_geometric_or_the_arithmetic_mean_with_four_digits():
    assert halfway(1e-3, 1e-1, log=True) == 0.01
    assert halfway(1e-4, 3e-4, log=True) == 0.0001732  # 1e-4 sqrt(3)
    assert halfway(1.0, 2.0, log=False) == 1.5


def first(values, n=3):
    return list(itertools.islice(values, n))


def test_steps_beyond_an_end_are_as_long_as_the_last_one():
    assert first(outward(RATES, 1, float, log=True)) == [0.009, 0.027, 0.081]
    assert first(outward(RATES, -1, float, log=True)) == [3.333e-05, 1.111e-05, 3.704e-06]
    assert first(outward((1, 2, 3), 1, float, log=False)) == [4.0, 5.0, 6.0]
    assert first(outward((0.0, 0.5), -1, float, log=False)) == [-0.5, -1.0, -1.5]


def test_steps_that_leave_what_is_accepted_are_halved_until_they_do_not():
    def below_one(value):
        return value if 0 <= value < 1 else None

    # 0.99 + 0.09 / 2^4 = 0.995625 is the first below 1; the next step is 0.005625 / 2^1
    assert first(outward((0.9, 0.99), 1, below_one, log=False), 2) == [0.9956, 0.9984]
    assert first(outward((0.0, 0.5), -1, below_one, log=False)) == [], "0 is the end itself"


def test_points_between_come_ever_closer():
    assert first(between((1.0, 2.0, 4.0), 2.0, float, log=False), 4) == [1.5, 3.0, 1.75, 2.5]
    assert first(between((0.01, 1.0), 1.0, float, log=True), 2) == [0.1, 0.3162]


@pytest.mark.parametrize(
    ("value", "over", "side"),
    [
        (0.04, Range(0.0, 1.0), -1),
        (0.06, Range(0.0, 1.0), 0),
        (0.94, Range(0.0, 1.0), 0),
        (0.96, Range(0.0, 1.0), 1),
        # four decades: the outer twentieth is a fifth of a decade, a factor of 1.585
        (1.5e-5, Range(1e-5, 1e-1, log=True), -1),
        (1.7e-5, Range(1e-5, 1e-1, log=True), 0),
        (6.4e-2, Range(1e-5, 1e-1, log=True), 1),
        (6.2e-2, Range(1e-5, 1e-1, log=True), 0),
    ],
)
def test_the_outer_twentieth_of_a_range_is_its_end(value, over, side):
    assert is_outer(value, over) == side

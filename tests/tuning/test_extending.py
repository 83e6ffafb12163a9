"""Grids of which the answer is worked by hand."""

import pytest

from lossbench.config.experiment import Range
from lossbench.tuning import Study
from lossbench.tuning.extending import edges, extra_points
from lossbench.tuning.spaces import grid_points

RATES = (1e-4, 1e-3, 1e-2)


def study(**space):
    named = {name.replace("__", "."): values for name, values in space.items()}
    return Study("one", named, {})


def points(one):
    return grid_points(one.space, 10**6, None)


def at(one, **best):
    named = {name.replace("__", "."): value for name, value in best.items()}
    assert named in points(one)
    return named


@pytest.mark.parametrize(("rate", "at_end"), [(1e-4, True), (1e-3, False), (1e-2, True)])
def test_the_ends_of_a_list_are_edges(rate, at_end):
    one = study(learning_rate=RATES)
    found = edges(one, points(one), at(one, learning_rate=rate))
    assert found == (("learning_rate",) if at_end else ())


def test_the_order_in_the_file_does_not_matter():
    one = study(learning_rate=(1e-3, 1e-4, 1e-2))
    assert edges(one, points(one), at(one, learning_rate=1e-3)) == ()
    assert edges(one, points(one), at(one, learning_rate=1e-4)) == ("learning_rate",)


def test_words_yes_and_no_and_single_values_have_no_ends():
    one = study(nesterov=(True, False), kind=("a", "b"), rate=(0.1,))
    assert edges(one, points(one), at(one, nesterov=True, kind="a", rate=0.1)) == ()


def test_the_end_of_what_is_accepted_is_no_edge():
    one = study(loss__gamma=(0, 1, 2))
    best = at(one, loss__gamma=0)
    assert edges(one, points(one), best) == (), "the sign of the list is kept"
    assert edges(one, points(one), best, lambda key, params: True) == ("loss.gamma",)
    momentum = study(momentum=(0.9, 0.99))

    def below_one(key, params):
        assert key == "one"
        return 0 <= params["momentum"] < 1

    best = at(momentum, momentum=0.99)
    assert edges(momentum, points(momentum), best, below_one) == ("momentum",)
    beyond = extra_points(momentum, points(momentum), best, 2, below_one)
    # in even factors, 0.99 x 1.1^(1 / 16) = 0.99591; from there half of that step, and so on
    assert [point["momentum"] for point in beyond] == [0.9959, 0.9989]


def test_what_was_tried_moves_the_end():
    one = study(learning_rate=RATES)
    tried = [*points(one), {"learning_rate": 0.1}]
    assert edges(one, tried, {"learning_rate": 1e-2}) == ()
    assert edges(one, tried, {"learning_rate": 0.1}) == ("learning_rate",)


def test_the_outer_twentieth_of_a_range_is_an_edge_unless_nothing_lies_beyond():
    one = Study("one", {"learning_rate": Range(1e-5, 1e-1, log=True), "eps": Range(0.0, 0.4)}, {})
    tried = [{"learning_rate": 1e-5, "eps": 0.01}, {"learning_rate": 1e-3, "eps": 0.39}]
    assert edges(one, tried, tried[0]) == ("learning_rate",), "eps below 0 is impossible"
    assert edges(one, tried, tried[1]) == ("eps",)


def test_at_an_edge_two_steps_go_outwards():
    one = study(learning_rate=RATES)
    best = at(one, learning_rate=1e-2)
    rates = [point["learning_rate"] for point in extra_points(one, points(one), best, 2)]
    assert rates == [0.1, 1.0]
    best = at(one, learning_rate=1e-4)
    rates = [point["learning_rate"] for point in extra_points(one, points(one), best, 2)]
    assert rates == [1e-5, 1e-6]


def test_inside_the_neighbours_are_approached_halfway():
    one = study(learning_rate=RATES)
    best = at(one, learning_rate=1e-3)
    rates = [point["learning_rate"] for point in extra_points(one, points(one), best, 3)]
    assert rates == [0.0003162, 0.003162, 0.0005623]  # 1e-3 x 10^(-1/2), 10^(1/2), 10^(-1/4)
    linear = study(loss__margin=(0.1, 0.2, 0.3))
    best = at(linear, loss__margin=0.2)
    found = extra_points(linear, points(linear), best, 2)
    assert [point["loss.margin"] for point in found] == [0.15, 0.25]


def test_two_parameters_at_their_ends_each_go_one_step_and_the_other_stays():
    one = study(learning_rate=RATES, loss__gamma=(1.0, 2.0, 4.0))
    best = at(one, learning_rate=1e-2, loss__gamma=1.0)
    assert extra_points(one, points(one), best, 4) == [
        {"learning_rate": 0.1, "loss.gamma": 1.0},
        {"learning_rate": 1e-2, "loss.gamma": 0.5},
        {"learning_rate": 1.0, "loss.gamma": 1.0},
        {"learning_rate": 1e-2, "loss.gamma": 0.25},
    ]


def test_whole_numbers_stay_whole_where_fractions_are_not_accepted():
    one = study(loss__k=(2, 6, 10))
    best = at(one, loss__k=6)

    def whole(key, params):
        return isinstance(params["loss.k"], int) and params["loss.k"] >= 1

    found = extra_points(one, points(one), best, 4, whole)
    assert [point["loss.k"] for point in found] == [4, 8, 5, 7]
    assert all(isinstance(point["loss.k"], int) for point in found)
    free = extra_points(study(loss__k=(1, 2, 3)), [], {"loss.k": 2}, 2)
    assert [point["loss.k"] for point in free] == [1.5, 2.5]


def test_there_may_be_fewer_new_points_than_wanted():
    one = study(nesterov=(True, False))
    assert extra_points(one, points(one), at(one, nesterov=True), 2) == []
    counts = study(loss__k=(1, 2, 3))

    def whole(key, params):
        return isinstance(params["loss.k"], int) and 1 <= params["loss.k"] <= 3

    assert extra_points(counts, points(counts), at(counts, loss__k=2), 2, whole) == []


def test_no_point_is_proposed_that_is_not_accepted():
    one = study(learning_rate=(0.1, 0.2, 0.3))
    best = at(one, learning_rate=0.1)
    rates = [point["learning_rate"] for point in extra_points(one, points(one), best, 3)]
    assert rates == [0.05, 0.025, 0.15], "0 and below are none; then between"

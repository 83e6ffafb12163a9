"""Numbers: worked by hand from points x epochs summed over rungs <= trials x epochs."""

import itertools
import math

import pytest

from lossbench.config.experiment import Tune
from lossbench.tuning.halving import Rung, rungs


def halving(trials, confirm=(2, 2)):
    return Tune({}, trials=trials, confirm=confirm, pruning="halving")


def test_without_pruning_every_point_is_trained_to_the_end():
    assert rungs(Tune({}, trials=7), 20) == (Rung(7, 20),)


def test_a_third_is_kept_and_trained_three_times_as_long():
    # 27 x 1 + 9 x 3 + 3 x 9 = 81 = 9 x 9
    assert rungs(halving(9), 9) == (Rung(27, 1), Rung(9, 3), Rung(3, 9))
    # 32 x 2 + 10 x 7 + 3 x 20 = 194 <= 200; one point more: 33 x 2 + 11 x 7 + 3 x 20 = 203
    assert rungs(halving(10), 20) == (Rung(32, 2), Rung(10, 7), Rung(3, 20))


def test_a_small_space_limits_the_points_and_saves_epochs():
    # of 7 points a third are 2, which both are to be confirmed: a third rung gives up nobody
    assert rungs(halving(7), 9, most=7) == (Rung(7, 1), Rung(2, 9))


def test_trainings_of_few_epochs_have_few_rungs():
    assert rungs(halving(5), 1) == (Rung(5, 1),)
    assert rungs(halving(5), 2) == (Rung(5, 2),)
    # 8 x 1 + 2 x 3 = 14 <= 15; one point more: 9 x 1 + 3 x 3 = 18
    assert rungs(halving(5), 3) == (Rung(8, 1), Rung(2, 3))


@pytest.mark.parametrize("trials", [1, 2, 3, 7, 10, 30])
@pytest.mark.parametrize("epochs", [1, 2, 3, 5, 9, 10, 20, 100])
def test_the_budget_is_kept_and_as_much_as_possible_is_tried(trials, epochs):
    cases = itertools.product([1, 7, 21, math.inf], [(0, 0), (1, 1), (2, 2), (5, 1)])
    for most, confirm in cases:
        found = rungs(halving(trials, confirm), epochs, most)
        assert sum(rung.points * rung.epochs for rung in found) <= trials * epochs
        assert found[-1].epochs == epochs
        assert found[0].points >= min(trials, most), "never fewer than without pruning"
        assert found[-1].points >= min(max(1, confirm[0]), found[0].points), "can be confirmed"
        for one, after in itertools.pairwise(found):
            assert one.points > after.points
            assert one.epochs < after.epochs
            assert one.epochs >= epochs / 9 - 0.5, "never shorter than a ninth"

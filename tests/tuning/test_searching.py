"""The whole search: cases worked by hand, and what holds for any space and any results."""

import itertools
import math
import random
from collections import Counter

import pytest

from lossbench.config.experiment import Range, Tune
from lossbench.tuning import Study, Trial, budget, choose, next_trials, seeds_used, size, spent

RATES = (1e-4, 1e-3, 1e-2)


def family(**spaces):
    return [Study(key, space, {}) for key, space in spaces.items()]


def searched(studies, tune, epochs, value, accepts=None):
    """Run a search to its end; return what is known and the rounds."""
    known, rounds = {}, []
    while trials := next_trials(studies, tune, epochs, known, accepts):
        assert len(rounds) < 100
        assert not any(trial in known for trial in trials)
        rounds.append(trials)
        known |= {trial: value(trial) for trial in trials}
    return known, rounds


def near(**best):
    """Value of a trial by the distance of its rate from the best one of its study, in decades."""
    return lambda trial: -abs(math.log10(trial.params["learning_rate"] / best[trial.study]))


def shown(trials):
    return [(t.study, t.point, t.params["learning_rate"], t.seed, t.stage) for t in trials]


def test_a_grid_whose_best_lies_inside():
    studies = family(a={"learning_rate": RATES}, b={"learning_rate": RATES})
    tune = Tune({}, trials=3, seeds=(100, 101), confirm=(2, 1))
    known, rounds = searched(studies, tune, 5, near(a=1e-3, b=1.1e-3))
    first = [(0, 1e-4), (1, 1e-3), (2, 1e-2)]
    assert shown(rounds[0]) == [
        (key, point, rate, seed, "search")
        for key in "ab"
        for point, rate in first
        for seed in (100, 101)
    ]
    # of a, 1e-4 and 1e-2 are as good: the earlier one is taken; of b, 1e-2 is nearer
    assert shown(rounds[1]) == [
        ("a", 0, 1e-4, 102, "confirm"),
        ("a", 1, 1e-3, 102, "confirm"),
        ("b", 1, 1e-3, 102, "confirm"),
        ("b", 2, 1e-2, 102, "confirm"),
    ]
    assert len(rounds) == 2
    choices = choose(studies, tune, 5, known)
    assert choices["a"].params == {"learning_rate": 1e-3}
    assert (choices["a"].point, choices["a"].value, choices["a"].edge) == (1, 0.0, False)
    assert spent(studies, known)["a"] == spent(studies, known)["b"]
    assert (spent(studies, known)["a"].trainings, spent(studies, known)["a"].epochs) == (8, 40)


def test_one_loss_at_an_end_gives_all_of_them_two_points_more():
    studies = family(a={"learning_rate": RATES}, b={"learning_rate": RATES})
    tune = Tune({}, trials=3, confirm=(0, 0))
    known, rounds = searched(studies, tune, 5, near(a=1e-1, b=1e-3))
    assert shown(rounds[1]) == [
        ("a", 3, 0.1, 1_000_000, "extend"),
        ("a", 4, 1.0, 1_000_000, "extend"),
        ("b", 3, 0.0003162, 1_000_000, "extend"),
        ("b", 4, 0.003162, 1_000_000, "extend"),
    ]
    assert len(rounds) == 2
    choices = choose(studies, tune, 5, known)
    assert (choices["a"].params, choices["a"].edges) == ({"learning_rate": 0.1}, ())


def test_a_grid_is_extended_once_and_then_flagged():
    studies = family(a={"learning_rate": RATES})
    tune = Tune({}, trials=3, confirm=(1, 1))
    known, rounds = searched(studies, tune, 5, near(a=1e5))
    assert [trials[0].stage for trials in rounds] == ["search", "extend", "confirm"]
    choice = choose(studies, tune, 5, known)["a"]
    assert choice.params == {"learning_rate": 1.0}
    assert (choice.edge, choice.edges) == (True, ("learning_rate",))


def test_a_loss_with_nothing_new_to_try_spends_its_share_on_other_seeds():
    studies = family(a={"learning_rate": RATES}, b={"learning_rate": (0.1,), "n": ("x", "y", "z")})
    tune = Tune({}, trials=3, seeds=(5,), confirm=(1, 2))
    known, rounds = searched(studies, tune, 4, near(a=1e-2, b=0.1))
    assert shown(rounds[1])[2:] == [
        ("b", 0, 0.1, 8, "extend"),
        ("b", 0, 0.1, 9, "extend"),
    ], "6 and 7 are kept for confirming"
    assert set(seeds_used(studies, tune)) == {5, 6, 7, 8, 9}
    assert len(set(spent(studies, known).values())) == 1


def test_confirming_may_turn_the_order_around():
    studies = family(a={"learning_rate": RATES})
    tune = Tune({}, trials=3, seeds=(0,), confirm=(2, 2))

    def value(trial):
        lucky = {1e-3: [0.9, 0.5, 0.6], 1e-2: [0.8, 0.8, 0.9], 1e-4: [0.7, 1.0, 1.0]}
        return lucky.get(trial.params["learning_rate"], [0.1] * 3)[trial.seed]

    known, _ = searched(studies, tune, 5, value)
    choice = choose(studies, tune, 5, known)["a"]
    assert choice.params == {"learning_rate": 1e-2}
    assert choice.value == pytest.approx((0.8 + 0.8 + 0.9) / 3)


def test_a_point_that_fails_is_behind_one_that_does_not():
    studies = family(a={"learning_rate": RATES})
    tune = Tune({}, trials=3, seeds=(0, 1), confirm=(0, 0))

    def value(trial):
        fails = trial.params["learning_rate"] == 1e-3 and trial.seed == 1
        return None if fails else near(a=1e-3)(trial)

    known, _ = searched(studies, tune, 5, value)
    assert choose(studies, tune, 5, known)["a"].params == {"learning_rate": 1e-4}
    nan = {trial: math.nan if v is None else v for trial, v in known.items()}
    assert choose(studies, tune, 5, nan) == choose(studies, tune, 5, known), "NaN is a failure"


def test_a_loss_that_always_fails_costs_as_much_and_has_no_value():
    studies = family(a={"learning_rate": RATES}, b={"learning_rate": RATES})
    tune = Tune({}, trials=3)
    known, _ = searched(studies, tune, 5, lambda t: None if t.study == "a" else near(b=1e-3)(t))
    assert len(set(spent(studies, known).values())) == 1
    assert choose(studies, tune, 5, known)["a"].value is None


def test_halving_trains_the_best_third_on():
    studies = family(a={"learning_rate": Range(1e-5, 1e-1, log=True)})
    tune = Tune({}, search="random", trials=3, confirm=(1, 1), pruning="halving")
    known, rounds = searched(studies, tune, 9, near(a=1e-3))
    assert [(len(r), r[0].stage, r[0].epochs) for r in rounds] == [
        (9, "rung 0", 1),
        (3, "rung 1", 3),
        (1, "rung 2", 9),
        (1, "confirm", 9),
    ]
    for before, after in itertools.pairwise(rounds):
        ahead = sorted(before, key=lambda t: -known[t])[: len(after)]
        assert {t.point for t in after} == {t.point for t in ahead}
    assert spent(studies, known)["a"].epochs == 9 + 9 + 9 + 9


def test_a_range_is_not_extended_but_flagged():
    studies = family(a={"learning_rate": Range(1e-4, 1e-2, log=True)})
    tune = Tune({}, search="random", trials=40, confirm=(1, 1))
    known, rounds = searched(studies, tune, 5, near(a=1.0))
    assert len(rounds) == 2
    assert choose(studies, tune, 5, known)["a"].edges == ("learning_rate",)
    known, _ = searched(studies, tune, 5, near(a=1e-3))
    assert choose(studies, tune, 5, known)["a"].edges == ()


def test_it_can_only_be_chosen_when_the_search_is_over():
    studies = family(a={"learning_rate": RATES})
    tune = Tune({}, trials=3)
    known, _ = searched(studies, tune, 5, near(a=1e-3))
    for trial in known:
        less = {other: value for other, value in known.items() if other != trial}
        with pytest.raises(ValueError, match="the search is not over"):
            choose(studies, tune, 5, less)


def test_a_space_with_fewer_points_than_trials_is_refused():
    studies = family(a={"learning_rate": RATES, "n": ("x", "y")}, b={"learning_rate": RATES})
    with pytest.raises(ValueError, match="b: 3 points for 4 trials; accepted are as many"):
        next_trials(studies, Tune({}, trials=4), 5, {})


def test_what_is_known_of_other_trials_does_not_matter():
    studies = family(a={"learning_rate": RATES})
    tune = Tune({}, trials=3)
    other = {Trial("gone", 0, {"learning_rate": 1.0}, 1, "search", 5): 1.0}
    assert next_trials(studies, tune, 5, other) == next_trials(studies, tune, 5, {})


LISTS = (RATES, (0.1, 0.03), (3, 1, 2, 9), (0, 1), (True, False), ("x", "y", "z"), (0.5,), (1, 4))


def drawn_family(rng):
    """A random family, search and length of training."""
    search = rng.choice(["grid", "grid", "random", "tpe"])
    studies = []
    shared = (1e-5, 1e-4, 1e-3) if search == "grid" else Range(1e-5, 1e-1, log=True)
    for number in range(rng.randint(1, 4)):
        space = {"learning_rate": shared} if rng.random() < 0.7 else {"kind": ("u", "v", "w")}
        for name in rng.sample(["loss.a", "loss.b"], rng.randint(0, 2)):
            ranged = search != "grid" and rng.random() < 0.3
            space[name] = Range(0.0, 1.0) if ranged else rng.choice(LISTS)
        studies.append(Study(f"loss {number}", space, {}))
    most = int(min(6, *map(lambda study: size(study.space), studies)))
    tune = Tune(
        {},
        search=search,
        trials=rng.randint(1, most),
        seeds=tuple(range(50, 50 + rng.randint(1, 2))),
        confirm=(rng.randint(0, 3), rng.randint(0, 2)),
        pruning=rng.choice(["none", "halving"]),
    )
    return studies, tune, rng.randint(1, 12)


def drawn_values(rng):
    """Values with failures and ties, which hang on nothing but the trial."""
    salt, failing = rng.random(), rng.choice([0.0, 0.2, 1.0])

    def value(trial):
        own = random.Random(f"{salt} {trial.study} {trial.point} {trial.seed} {trial.epochs}")
        if own.random() < failing:
            return own.choice([None, math.nan])
        return own.choice([0.1, 0.5, own.random()])

    return value


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_searched_and_found_budgets_are_equal_and_replay_is_exact(seed):
    rng = random.Random(seed)
    studies, tune, epochs = drawn_family(rng)
    value = drawn_values(rng)
    known, rounds = searched(studies, tune, epochs, value)

    # Equal budgets, and those that were announced.
    costs = set(spent(studies, known).values())
    assert len(costs) == 1
    (cost,) = costs
    planned = budget(studies, tune, epochs)
    extended = any(trial.stage == "extend" for trial in known)
    if extended:
        assert planned.trainings < cost.trainings <= planned.trainings + planned.extra_trainings
    else:
        assert (cost.trainings, cost.epochs) == (planned.trainings, planned.epochs)

    # In each round, too, and no seed that was not announced.
    for trials in rounds:
        assert len({*Counter(trial.study for trial in trials).values()}) == 1
        assert {trial.seed for trial in trials} <= {*seeds_used(studies, tune)}
        assert all(1 <= trial.epochs <= epochs for trial in trials)

    # One number is one point, and one point has one number.
    for study in studies:
        points = {t.point: t.params for t in known if t.study == study.key}
        assert sorted(points) == list(range(len(points)))
        assert len({repr(params) for params in points.values()}) == len(points)
        for trial in known:
            assert trial.study != study.key or trial.params == points[trial.point]

    # Neither the order of results nor that of the losses matters, nor when one asks.
    items = list(known.items())
    rng.shuffle(items)
    assert choose(studies, tune, epochs, dict(items)) == choose(studies, tune, epochs, known)
    turned = studies[::-1]
    assert choose(turned, tune, epochs, known) == choose(studies, tune, epochs, known)
    cut = rng.randrange(len(rounds))
    before = [t for trials in rounds[:cut] for t in trials]
    some = rng.sample(rounds[cut], rng.randint(0, len(rounds[cut]) - 1))
    part = {t: known[t] for t in [*some, *before]}
    assert next_trials(studies, tune, epochs, part) == [t for t in rounds[cut] if t not in some]

    # What is chosen was trained to the end, and confirmed where anything was.
    for key, choice in choose(studies, tune, epochs, known).items():
        own = [t for t in known if (t.study, t.point) == (key, choice.point)]
        assert any(t.epochs == epochs for t in own)
        if tune.confirm[0] and tune.confirm[1]:
            assert any(t.stage == "confirm" for t in own)
        assert all(t.params == choice.params for t in own)

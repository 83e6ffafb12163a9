"""What `tune:` and `{tune: ...}` mean, and what is said where they are wrong."""

import pytest

from lossbench.config import Entry, dump, load, untuned
from lossbench.config.experiment import Range, Tune
from lossbench.config.tuning import half_decades, more_seeds

OWN = "[ce, {name: focal, gamma: {tune: [1, 2, 5]}}]"


def test_an_empty_section_is_the_usual_search(draft) -> None:
    loaded = draft(tune="{}").checked()
    assert loaded.tune == Tune(space={}, trials=7, seeds=(1_000_000,), confirm=(2, 2))


def test_half_decades_are_even_in_log_scale_and_hold_the_value_itself() -> None:
    found = half_decades(0.001)
    assert found == (3.16228e-05, 0.0001, 0.000316228, 0.001, 0.00316228, 0.01, 0.0316228)
    assert half_decades(0.123456789)[3] == 0.123456789


def test_a_full_section(draft) -> None:
    loaded = draft(
        optimizer="sgd",
        tune="{space: {learning_rate: {low: 1e-4, high: 1, log: true}, momentum: [0, 0.9]},"
        " search: tpe, trials: 20, seeds: [5, 9], confirm: {points: 3}, pruning: halving}",
    ).checked()
    assert loaded.tune == Tune(
        space={"learning_rate": Range(1e-4, 1.0, True), "momentum": (0.0, 0.9)},
        search="tpe",
        trials=20,
        seeds=(5, 9),
        confirm=(3, 2),
        pruning="halving",
    )


@pytest.mark.parametrize("confirm", ["0", "{points: 0}", "{seeds: 0}"])
def test_zero_switches_confirmation_off(draft, confirm: str) -> None:
    assert draft(tune=f"{{confirm: {confirm}}}").checked().tune.confirm == (0, 0)


def test_a_grid_tries_all_its_points_and_another_search_seven(draft) -> None:
    space = "space: {learning_rate: [0.1, 0.01], beta_1: [0.5, 0.9]}"
    assert draft(tune=f"{{{space}}}").checked().tune.trials == 4
    assert draft(tune=f"{{{space}, search: random}}").checked().tune.trials == 4
    wide = "{space: {learning_rate: {low: 0.1, high: 1}}, search: random}"
    assert draft(tune=wide).checked().tune.trials == 7


def test_a_loss_keeps_its_default_beside_what_is_tuned(draft) -> None:
    focal = draft(losses=OWN, tune="{}").checked().losses[1]
    assert focal.tune == {"gamma": (1.0, 2.0, 5.0)}
    assert focal.params["gamma"] == 2.0  # the paper's
    assert focal == Entry("focal", focal.params, tune=focal.tune) != Entry("focal", focal.params)


def test_a_loss_of_keras_keeps_the_default_of_keras(draft) -> None:
    text = "{name: keras, class_name: Huber, config: {delta: {tune: [0.5, 3]}}}"
    (loss,) = draft(losses=text, tune="{}").checked().losses
    assert (loss.params["config"], loss.tune) == ({}, {"config.delta": (0.5, 3.0)})


def test_grids_and_tuned_parameters_stand_together(draft) -> None:
    text = "[{name: focal, gamma: {tune: [1, 5]}, alpha: {grid: [null, 0.25]}}]"
    losses = draft(losses=text, tune="{}").checked().losses
    assert [(loss.params["alpha"], loss.tune) for loss in losses] == [
        (None, {"gamma": (1.0, 5.0)}),
        (0.25, {"gamma": (1.0, 5.0)}),
    ]


def test_arguments_of_a_function_are_tuned_like_parameters(draft, folder) -> None:
    (folder / "my.py").write_text("def f(labels, outputs, a=1, b=2): ...\n")
    text = "{name: custom, target: 'my.py:f', params: {a: {tune: [3, 4]}, b: 7}}"
    (loss,) = draft(losses=text, tune="{}").checked().losses
    assert loss.tune == {"params.a": (3, 4)}
    assert loss.params["params"] == {"a": 3, "b": 7}


def test_untuned_takes_the_values_of_the_file(draft) -> None:
    with_it = draft(losses=OWN, tune="{}").checked()
    assert untuned(with_it) == draft(losses="[ce, focal]").checked()


@pytest.mark.parametrize(
    "keys",
    [
        {"tune": "{}", "losses": OWN},
        {"tune": "{confirm: 0, space: {learning_rate: [0.1, 1], amsgrad: [true, false]}}"},
        {
            "tune": "{search: random, space: {beta_1: {low: 0.1, high: 0.9}}}",
            "losses": "{name: focal, gamma: {tune: {low: 0.1, high: 9, log: true}}}",
        },
        {
            "tune": "{}",
            "losses": "{name: keras, class_name: Huber, config: {delta: {tune: [1, 3]}}}",
        },
    ],
)
def test_dumped_text_loads_to_the_same(draft, folder, keys) -> None:
    first = draft(**keys).checked()
    (folder / "again.yaml").write_text(dump(first))
    assert load("again.yaml").checked().tune == first.tune is not None
    assert load("again.yaml").checked().losses == first.losses


def test_seeds_of_the_search_follow_those_of_the_points() -> None:
    # Two confirm; a point may be trained again for each of two extra points.
    assert more_seeds(Tune({}), ()) == (1_000_001, 1_000_002, 1_000_003, 1_000_004)
    assert more_seeds(Tune({}, search="random"), ()) == (1_000_001, 1_000_002)
    assert more_seeds(Tune({}, search="random", confirm=(0, 0)), ()) == ()


SPACE = "a mapping of parameters of the optimizer to lists of values or {low:, high:, log: true}"
VALUES = "a list of two or more values, or {low:, high:, log: true}"
GRID = "a range has no grid; a list of values, or search: random or tpe, is accepted"
RULE = "no tuning seed is one of the experiment's"
CASES = {
    "no mapping": (
        {"tune": "grid"},
        ["tune: 'grid' is not allowed; a mapping of space (" + SPACE],
    ),
    "unknown key": (
        {"tune": "{trial: 3}"},
        ["tune.trial: unknown key 'trial'; the keys are space, search, trials, seeds, confirm, "
         "pruning. Did you mean 'trials'?"],
    ),
    "unknown parameter": (
        {"tune": "{space: {learning_rat: [1, 2]}}", "optimizer": "{name: lion}"},
        ["tune.space.learning_rat: optimizer 'lion' has no parameter 'learning_rat'; it takes "
         "learning_rate, beta_1, beta_2, weight_decay, clipnorm, global_clipnorm, clipvalue. "
         "Did you mean 'learning_rate'?"],
    ),
    "only one optimizer has it": (
        {"tune": "{space: {momentum: [0, 0.9]}}", "optimizer": "[sgd, {name: lion}]"},
        ["tune.space.momentum: optimizer 'lion' has no parameter 'momentum'; it takes "],
    ),
    "empty space": ({"tune": "{space: {}}"}, [f"tune.space: {{}} is not allowed; {SPACE}"]),
    "one value": (
        {"tune": "{space: {learning_rate: [0.1]}}"},
        [f"tune.space.learning_rate: [0.1] is not allowed; {VALUES}"],
    ),
    "wrong value": (
        {"tune": "{space: {learning_rate: [0.1, 0, fast]}}"},
        ["tune.space.learning_rate[1]: 0 is not allowed; learning_rate > 0",
         "tune.space.learning_rate[2]: 'fast' is not allowed; learning_rate > 0"],
    ),
    "the same value": (
        {"tune": "{space: {learning_rate: [1, 0.1, 1.0]}}"},
        ["tune.space.learning_rate[2]: 1.0 is given twice; first as tune.space.learning_rate[0]"],
    ),
    "range upside down": (
        {"tune": "{search: tpe, space: {learning_rate: {low: 1, high: 0.1}}}"},
        ["tune.space.learning_rate.high: 0.1 is not above low, 1"],
    ),
    "range in log scale from 0": (
        {"tune": "{search: tpe, space: {beta_1: {low: 0, high: 0.9, log: true}}}"},
        ["tune.space.beta_1.low: 0 is not above 0, as log: true needs"],
    ),
    "range of what has no fractions": (
        {"tune": "{search: tpe, space: {ns_steps: {low: 1, high: 9}}}", "optimizer": "muon"},
        ["tune.space.ns_steps: ns_steps takes no fractions (a whole number >= 1); a list of "],
    ),
    "range in a grid": (
        {"tune": "{space: {learning_rate: {low: 0.1, high: 1}}}",
         "losses": "{name: focal, gamma: {tune: {low: 1, high: 2}}}"},
        [f"losses.gamma: {GRID}", f"tune.space.learning_rate: {GRID}"],
    ),
    "values at odds": (
        {"tune": "{space: {nesterov: [true, false]}}", "optimizer": "sgd"},
        ["tune.space.nesterov: true needs momentum; give momentum > 0, 0.9 for instance"],
    ),
    "more trials than points": (
        {"tune": "{space: {learning_rate: [0.1, 1]}, trials: 3}", "losses": OWN},
        ["tune.trials: 3 is more than the 2 points of tune.space, which every loss has; fewer, "
         "more values, or search: random with a range are accepted"],
    ),
    "more trials than half-decades": (
        {"tune": "{trials: 8}"},
        ["tune.trials: 8 is more than the 7 points of tune.space, which every loss has; "],
    ),
    "shared seeds": (
        {"tune": "{seeds: [2, 30]}", "seeds": "3"},
        [f"tune.seeds: 2 stands under 'seeds', too; {RULE}. Leave it out of one of the two."],
    ),
    "seeds that confirmation would take": (
        {"tune": "{seeds: 2}", "seeds": "[0, 1000003]"},
        ["tune.seeds: the search counts on from 1000002 to 1000007, and 1000003 stands under "
         f"'seeds'; {RULE}. Choose other tune.seeds."],
    ),
    "the same seed twice": (
        {"tune": "{seeds: [7, 7]}"}, ["tune.seeds[1]: 7 is given twice; first as tune.seeds[0]"]
    ),
    "nothing says how": (
        {"losses": OWN},
        ["losses[1].gamma: is to be tuned, and nothing says how; 'tune: {}' in the file is the "
         "usual"],
    ),
    "a wrong value of a loss": (
        {"losses": "{name: focal, gamma: {tune: [1, -1]}}", "tune": "{}"},
        ["losses.gamma.tune[1]: -1 is not allowed; gamma >= 0"],
    ),
    "a loss inside another": (
        {"losses": "{name: cb, base: {name: focal, gamma: {tune: [1, 2]}}}", "tune": "{}"},
        ["losses.base.gamma: a loss inside another is not tuned; parameters of the losses listed "
         "under 'losses' are, and here a grid makes a loss of each value"],
    ),
    "a parameter made of losses": (
        {"losses": "{name: cb, base: {tune: [ce, focal]}}", "tune": "{}"},
        ["losses.base: what is made of losses is not tuned; a grid makes a loss of each"],
    ),
    "an argument of keras": (
        {"losses": "{name: keras, class_name: Huber, config: {delta: {tune: [1, 0]}}}",
         "tune": "{}"},
        ["losses.config.delta.tune[1]: 0 is not allowed; delta > 0"],
    ),
    "the class itself": (
        {"losses": "{name: keras, class_name: {tune: [Huber, LogCosh]}}", "tune": "{}"},
        ["losses.class_name: names what is trained and is not tuned; a grid makes a loss of each"],
    ),
    "an optimizer": (
        {"optimizer": "{name: adam, learning_rate: {tune: [0.1, 1]}}", "tune": "{}"},
        ["optimizer.learning_rate: 'learning_rate' is tuned for all losses at once: tune: "
         "{space: {learning_rate: [...]}}"],
    ),
    "a data set": (
        {"dataset": "{name: mnist_mini, subset: {tune: [100, 200]}}", "tune": "{}"},
        ["dataset.subset: only parameters of losses and, under tune.space, of optimizers are "
         "tuned"],
    ),
    "many at once": (
        {"tune": "{search: gird, trials: 0, pruning: often, seeds: x, confirm: {point: 1}}"},
        ["tune.search: 'gird' is not allowed; grid, random or tpe",
         "tune.trials: 0 is not allowed; null or a whole number from 1 to 10,000",
         "tune.pruning: 'often' is not allowed; none or halving",
         "tune.seeds: 'x' is not allowed; a count from 1 to 10,000, or a list of distinct whole",
         "tune.confirm: {'point': 1} is not allowed; 0 or {points: >= 0, seeds: >= 0}"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_messages(problems, case: str) -> None:
    keys, expected = CASES[case]
    found = [text.split(": ", 1)[1] for text in problems(**keys)]
    assert len(found) == len(expected), found
    for text, start in zip(found, expected, strict=True):
        assert text.startswith(start)


def test_messages_say_where(problems) -> None:
    (text,) = problems(tune="{trials: 8}")
    assert text.startswith("x.yaml:4:16: tune.trials: ")

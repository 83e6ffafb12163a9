"""Oracle: optuna's own samplers with the same seed."""

import logging
import math
import os
import subprocess
import sys

import optuna
import pytest

from lossbench.config.experiment import Range, Tune
from lossbench.errors import LossbenchError
from lossbench.tuning.sampling import round_sizes, sampler
from lossbench.tuning.spaces import rounded

SPACE = {"learning_rate": Range(1e-5, 1e-1, log=True), "loss.gamma": Range(0.0, 5.0)}
DISTRIBUTIONS = {
    "learning_rate": optuna.distributions.FloatDistribution(1e-5, 1e-1, log=True),
    "loss.gamma": optuna.distributions.FloatDistribution(0.0, 5.0),
}


def tune(search, trials=12, seed=1_000_000):
    return Tune({}, search=search, trials=trials, seeds=(seed,))


def searched(space, tune, value):
    """All points of a search and how they were asked for."""
    one, points = sampler(space, tune), []
    for size in round_sizes(tune, tune.trials):
        new = one.ask(size)
        assert len(new) == size
        one.tell([value(point) for point in new])
        points += new
    return points


def score(params):
    """Best at 1e-3 and 2; fails at large rates."""
    if params["learning_rate"] > 0.03:
        return -math.inf
    return -((math.log10(params["learning_rate"]) + 3) ** 2) - (params["loss.gamma"] - 2) ** 2


def four_digits(params):
    return {name: rounded(value) for name, value in params.items()}


def test_random_search_is_optunas():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1_000_000))
    expected = [four_digits(study.ask(DISTRIBUTIONS).params) for _ in range(12)]
    assert searched(SPACE, tune("random"), score) == expected


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_tpe_is_optunas_in_rounds_of_4_4_4():
    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(
            seed=7, n_startup_trials=1, multivariate=True, constant_liar=True
        ),
    )
    expected = []
    for _ in range(3):
        trials = [study.ask(DISTRIBUTIONS) for _ in range(4)]
        for trial in trials:
            study.tell(trial, score(four_digits(trial.params)))
            expected.append(four_digits(trial.params))
    assert round_sizes(tune("tpe"), 12) == [4, 4, 4]
    assert searched(SPACE, tune("tpe", seed=7), score) == expected


def test_tpe_learns_what_random_search_does_not():
    found = {"random": [], "tpe": []}
    for search, best in found.items():
        for seed in range(5):
            points = searched(SPACE, tune(search, 40, seed), score)
            best.append(sorted(map(score, points))[-5])
    assert sum(found["tpe"]) > sum(found["random"])


@pytest.mark.parametrize(
    ("search", "count", "sizes"),
    [
        ("random", 50, [50]),
        ("grid", 7, [7]),
        ("tpe", 1, [1]),
        ("tpe", 2, [2]),
        ("tpe", 7, [3, 4]),
        ("tpe", 9, [3, 4, 2]),
        ("tpe", 50, [10, *[4] * 10]),
    ],
)
def test_the_sizes_of_rounds_hang_on_the_number_of_trials_alone(search, count, sizes):
    assert round_sizes(tune(search), count) == sizes


@pytest.mark.parametrize("search", ["random", "tpe"])
def test_no_point_is_proposed_twice_even_where_all_are_wanted(search):
    space = {"learning_rate": (0.1, 0.01, 0.001), "kind": ("a", "b"), "nesterov": (True, False)}
    points = searched(space, tune(search, 12), lambda params: params["learning_rate"])
    assert len({tuple(point.items()) for point in points}) == 12
    for point in points:
        assert all(point[name] in values for name, values in space.items())


@pytest.mark.parametrize("search", ["random", "tpe"])
def test_points_stay_in_the_range_although_they_are_rounded(search):
    space = {"learning_rate": Range(0.00123456, 0.00123999), "b": Range(0.0, 1.0)}
    points = searched(space, tune(search), lambda params: params["b"])
    assert all(0.00123456 <= point["learning_rate"] <= 0.00123999 for point in points)
    assert len(str(points[0]["b"])) <= len("0.1234")


def test_seeds_decide():
    first = searched(SPACE, tune("tpe", seed=1), score)
    assert searched(SPACE, tune("tpe", seed=1), score) == first
    assert searched(SPACE, tune("tpe", seed=2), score) != first


def test_points_do_not_hang_on_the_hashes_of_a_process():
    code = (
        "from lossbench.config.experiment import Tune, Range;"
        "from lossbench.tuning.sampling import sampler;"
        "s = sampler({'b': Range(0., 1.), 'a': ('x', 'y', 'z'), 'c': Range(0., 1.)},"
        " Tune({}, search='tpe'));"
        "p = s.ask(3); s.tell([q['b'] for q in p]); print(p, s.ask(4))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1


def test_optuna_stays_silent_and_keeps_its_log_level(capfd):
    logger = logging.getLogger("optuna")
    before = logger.level
    searched(SPACE, tune("tpe"), score)
    assert logger.level == before
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("search", ["random", "tpe"])
def test_without_optuna_the_message_says_what_to_install(search, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(LossbenchError) as caught:
        sampler(SPACE, tune(search))
    assert str(caught.value) == (
        "tune.search: random and tpe need optuna, which is not installed; accepted without it is "
        'grid. Run: pip install "lossbench[tune]"'
    )


def test_a_grid_needs_no_optuna(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    rates = (0.1, 0.01)
    assert sampler({"learning_rate": rates}, tune("grid")).ask(2) == [
        {"learning_rate": rate} for rate in rates
    ]

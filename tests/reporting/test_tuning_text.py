"""What people read of tuning; values are such that the answer can be worked by hand."""

import itertools
import math
import textwrap

import pytest
from rich.cells import cell_len

from lossbench import store
from lossbench.comparison import Row
from lossbench.config.experiment import Range, Tune
from lossbench.errors import StoreError
from lossbench.reporting.tuning import ledger_lines, plan_lines, tuning_text
from lossbench.tuning import Study

RATES = (1e-4, 1e-3, 1e-2, 1e-1)


def tried(loss, values, *, rates=RATES, stage="search", first=0, seed=7, **changes):
    """Rows of tuning.csv: a value, or None for a failure, at each rate."""
    usual = dict.fromkeys(store.TUNING_COLUMNS, "") | {
        "dataset": "mnist_mini",
        "model": "seed_cnn",
        "optimizer": "adam",
        "schedule": "constant",
        "backend": "tensorflow",
        "loss": loss,
        "batch_size": "128",
        "track": "tuned",
        "stage": stage,
        "seed": str(seed),
        "epochs": "3",
        "metric": "accuracy",
    }
    return [
        usual
        | {
            "trial": str(number),
            "learning_rate": repr(rate),
            "value": "" if value is None else repr(value),
        }
        | changes
        for number, (rate, value) in enumerate(zip(rates, values, strict=True), first)
    ]


def level(name, trials=0, epochs=0, seconds=0.0):
    numbers = dict.fromkeys(
        ("mean", "diff", "ci_low", "ci_high", "p", "p_holm", "p_tost", "p_beyond", "mde"), math.nan
    )
    known = {"level": name, "tuning_epochs": epochs, "tuning_seconds": seconds, "trials": trials}
    return Row(**{**dict.fromkeys(Row.__dataclass_fields__, 0), **numbers, **known})


def test_the_plan_says_what_is_searched_and_what_it_costs():
    rates = {"learning_rate": (0.001, 0.01, 0.1)}
    studies = [
        Study("cross_entropy", rates, {}),
        Study("focal", {**rates, "loss.gamma": (1, 2.0, 5)}, {}),
    ]
    assert plan_lines(studies, Tune({}, trials=3), 20) == [
        "grid search, 3 trials for each loss: learning_rate 0.001, 0.01, 0.1",
        "focal also gamma 1, 2, 5, from the same 3 trials",
        "tuning seed 1000000; the best 2 points again with 2 more",
        "7 trainings, 140 epochs for each loss; 2 trainings more for all of them if one is best at "
        "an end of its grid",
    ]


def test_the_plan_of_a_random_search_with_halving():
    space = {"learning_rate": Range(1e-5, 1e-1, log=True), "nesterov": (True, False)}
    tune = Tune({}, search="random", trials=9, seeds=(4, 5), confirm=(0, 0), pruning="halving")
    assert plan_lines([Study("mse", space, {})], tune, 9) == [
        "random search, 9 trials for each loss: learning_rate 1e-05 to 0.1, log; nesterov true, "
        "false",
        "successive halving: 27 points x 1 epoch, 9 points x 3 epochs, 3 points x 9 epochs",
        "tuning seeds 4, 5",
        "78 trainings, 162 epochs for each loss",
    ]


def test_the_plan_where_only_losses_have_something_to_tune():
    studies = [Study("a", {"loss.q": (0.5, 0.7)}, {}), Study("b", {"loss.kind": ("x", "y")}, {})]
    lines = plan_lines(studies, Tune({}, trials=2, confirm=(1, 1)), 1)
    assert lines[:3] == [
        "grid search, 2 trials for each loss: parameters of their own",
        "a also q 0.5, 0.7, from the same 2 trials",
        "b also kind x, y, from the same 2 trials",
    ]
    assert "the best point again with 1 more" in lines[3]


def test_the_ledger_says_that_budgets_are_equal_though_seconds_are_not():
    rows = [level("cross_entropy", 11, 33, 12.34), level("focal", 11, 33, 1234.5)]
    assert ledger_lines(rows) == [
        "tuning          trials   epochs  seconds",
        "cross_entropy       11       33     12.3",
        "focal               11       33     1234",
        "equal: 11 trials and 33 epochs each.",
    ]


@pytest.mark.parametrize(
    ("trials", "epochs", "said"),
    [
        ((11, 7), (33, 33), "NOT EQUAL: trials from 7 to 11."),
        ((7, 7), (33, 21), "NOT EQUAL: epochs from 21 to 33."),
        ((11, 0), (33, 0), "NOT EQUAL: trials from 0 to 11 and epochs from 0 to 33."),
    ],
)
def test_the_ledger_says_loudly_that_budgets_differ(trials, epochs, said):
    rows = [level(*one) for one in zip("ab", trials, epochs, strict=True)]
    assert " ".join(ledger_lines(rows)[3:]).startswith(said)


def test_there_is_no_ledger_without_tuning():
    assert ledger_lines([level("a"), level("b")]) == []
    assert tuning_text([], {}) == "tuning: none; the experiment has no trials\n"


def test_the_curve_and_what_the_learning_rate_does():
    rows = [
        *tried("cross_entropy", [0.70, 0.74, 0.735, None]),
        *tried("cross_entropy", [0.1, 0.1], rates=RATES[1:3], first=1, stage="confirm"),
        *tried("focal", [0.1, 0.5, 0.6, 0.7]),
    ]
    # m = 1: (0.70 + 0.74 + 0.735 + 0.70) / 4, the failed one as the worst that worked; m = 2: of
    # the six pairs the best are 0.70 once, 0.735 twice, 0.74 three times
    assert tuning_text(rows, {"accuracy": 0.005}) == textwrap.dedent(
        """\
        tuning of mnist_mini / seed_cnn / adam: accuracy on validation in points

        expected best after
        trials              1       2       4
        cross_entropy   71.88   73.17   74.00
        focal           47.50   63.33   70.00
        Failed, counted as the worst that worked: cross_entropy 1 of 4.
        The formula is for random search; of a grid, of tpe and of halving the curve
        only describes these trials.

        best at a learning rate of
                       0.0001   0.001    0.01     0.1
        cross_entropy   70.00   74.00   73.50  failed
        focal           10.00   50.00   60.00   70.00

        within 0.5 points of its best, a loss is at learning rates over
        cross_entropy  1.0 decades
        focal          0.0 decades or more: up to an end of what was tried
        """
    )


def test_several_seeds_are_averaged_and_own_parameters_tuned_at_each_rate():
    rows = [
        *tried("a", [0.2, 0.6], rates=RATES[:2], seed=1),
        *tried("a", [0.4, None], rates=RATES[:2], seed=2),
        *tried("a", [0.5, 0.1], rates=RATES[:2], first=2, seed=1),
        *tried("a", [0.5, 0.1], rates=RATES[:2], first=2, seed=2),
    ]
    lines = tuning_text(rows, {}).splitlines()
    # points are (0.2 + 0.4) / 2, 0.6, 0.5, 0.1; the best of two of them are 0.6 three times, 0.5
    # twice and 0.3 once
    assert lines[4].split() == ["a", "37.50", "51.67", "60.00"]
    assert lines[-1].split() == ["a", "50.00", "60.00"]


def test_a_metric_without_bounds_where_lower_is_better():
    rows = tried("mse", [3.0, 1.0, 2.0, 1.0001], metric="rmse")
    lines = tuning_text(rows, {"rmse": 0.5}).splitlines()
    assert lines[0].endswith("rmse on validation")
    assert lines[4].split() == ["mse", "1.75", "1.167", "1"]
    assert lines[-1] == "mse         0.0 decades"


def test_of_halving_only_the_last_rung_counts():
    rows = [
        *tried("a", [0.9, 0.9, 0.9, 0.9], stage="rung 0"),
        *tried("a", [0.5, 0.6], rates=RATES[:2], stage="rung 1"),
    ]
    text = tuning_text(rows, {})
    assert "90.00" not in text
    assert "Of successive halving only points that were trained to the end" in text


def test_many_learning_rates_share_columns():
    rates = [10 ** (-5 + 4 * k / 19) for k in range(20)]
    rows = tried("a", [0.5 + k / 100 for k in range(20)], rates=rates)
    text = tuning_text(rows, {"accuracy": 0.01})
    assert "best at a learning rate of about (half-decades)" in text
    assert "  1e-05 3.2e-05  0.0001 0.00032   0.001  0.0032    0.01   0.032" in text


def test_families_and_tracks_are_kept_apart():
    rows = [
        *tried("focal", [0.1, 0.2, 0.3, 0.4], track="default"),
        *tried("focal", [0.5, 0.6, 0.7, 0.8], track="tuned"),
        *tried("focal", [0.9, 0.9, 0.9, 0.9], track="tuned", optimizer="sgd"),
    ]
    first, second = tuning_text(rows, {}).split("\n\ntuning of ")
    assert "focal (default)" in first
    assert "focal (tuned)" in first
    assert second.startswith("mnist_mini / seed_cnn / sgd: ")
    assert "90.00" not in first


def test_one_learning_rate_says_nothing():
    rows = tried("a", [0.1, 0.2], rates=(0.1, 0.1))
    assert tuning_text(rows, {"accuracy": 0.1}).endswith("learning rate: not tuned\n")


@pytest.mark.parametrize("metric", ["accuracy", "rmse"])
def test_never_wider_than_80_columns_and_never_an_error(metric):
    names = ["a", "loss[with=1,many=2,parameters=3,and=4,a=5]", "漢字の損失関数が十分に長いとき"]
    values = [[None] * 20, [1e-300] * 20, [0.123456789 + k for k in range(20)]]
    rows = itertools.chain.from_iterable(
        tried(name, own, rates=[10 ** (-k / 2) for k in range(20)], metric=metric)
        for name, own in zip(names, values, strict=True)
    )
    text = tuning_text(list(rows), {metric: 1e-9})
    ledger = ledger_lines([level(name, 10**6, 10**7, 1e7) for name in names])
    for line in [*text.splitlines(), *ledger]:
        assert cell_len(line) <= 80, line


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": "high"}, "trial 0 of focal has value 'high'"),
        ({"value": "nan"}, "trial 0 of focal has value 'nan'"),
        ({"learning_rate": "-1"}, "trial 0 of focal has learning_rate '-1'"),
        ({"metric": "acuracy"}, "trial 0 of focal has metric 'acuracy'"),
    ],
)
def test_a_table_that_was_changed_by_hand_is_refused(changes, said):
    with pytest.raises(StoreError, match=f"tuning.csv: {said}; accepted is what 'lossbench run'"):
        tuning_text(tried("focal", [0.5], rates=(0.1,), **changes), {})

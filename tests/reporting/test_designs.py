"""What a design can detect in words and as JSON; the figures are those of `test_planning`."""

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from lossbench.comparison.planning import Design, Spread
from lossbench.reporting.designs import design_record, design_rows
from lossbench.store.files import finite

DESIGN = Design(
    dataset="mnist",
    model="seed_cnn",
    factor="loss",
    metric="accuracy",
    bounded=True,
    higher_is_better=True,
    levels=1,
    seeds=8,
    looks=(),
    alpha=0.05,
    delta=0.002,
    delta_declared=True,
    spread=None,
)
SPREAD = Spread(Path("runs/first"), n=8, sd=0.00264247584, low=0.001, high=0.004, levels=3)


def test_without_earlier_runs():
    assert design_rows([DESIGN]) == [
        (
            "detects",
            "differences of 1.16 standard deviations of the paired differences with 80 % power "
            "(8 seeds, 1 loss against the baseline, alpha 0.05, Holm); for example 0.231 points "
            "where they spread by 0.2 points",
        ),
        ("delta", "0.2 points: 10 seeds detect it where differences spread by as much"),
        (
            "exact test",
            "the sign-flip test can reach alpha with 8 seeds; 6 are the fewest for 1 loss",
        ),
    ]


def test_with_earlier_runs():
    rows = dict(design_rows([replace(DESIGN, spread=SPREAD, delta_declared=False)]))
    assert rows["detects"] == (
        "differences of 0.305 points of accuracy with 80 % power "
        "(8 seeds, 1 loss against the baseline, alpha 0.05, Holm)"
    )
    assert rows["spread"] == (
        "paired differences have standard deviation 0.264 points, the median of 3, 0.1 to 0.4 "
        "(8 seeds of runs/first)"
    )
    assert rows["delta"] == (
        "0.2 points (default): 16 seeds detect it; 28 seeds if the true spread is at the upper "
        "80 % bound of this one"
    )


def test_an_error_metric_has_no_points_and_delta_may_be_unknown():
    one = replace(DESIGN, metric="rmse", bounded=False, delta=math.nan, delta_declared=False)
    rows = dict(design_rows([one]))
    assert "for example" not in rows["detects"]
    assert rows["delta"] == "1 % of the baseline's rmse (default), known after a first run"
    rows = dict(design_rows([replace(one, spread=replace(SPREAD, sd=2.0), delta=0.5)]))
    assert rows["detects"].startswith("differences of 2.31 of rmse with 80 % power")


@pytest.mark.parametrize(
    ("levels", "says"),
    [
        (1, "with 5 seeds the sign-flip test cannot reach alpha; 6 are the fewest for 1 loss"),
        (3, "with 5 seeds the sign-flip test cannot reach alpha; 7 are the fewest for 3 losses"),
    ],
)
def test_the_floor_of_the_exact_test(levels, says):
    assert dict(design_rows([replace(DESIGN, seeds=5, levels=levels)]))["exact test"] == says


def test_looks_and_too_few_seeds():
    one = replace(DESIGN, seeds=1, looks=(5, 10), alpha=0.025)
    rows = dict(design_rows([one]))
    assert rows["detects"] == "nothing: 1 seed; a verdict needs 3 or more"
    assert rows["looks"] == (
        "5 seeds detect 2.05 standard deviations, 10 seeds detect 1.14 standard deviations; each "
        "is tested at alpha 0.025"
    )
    rows = dict(design_rows([replace(one, spread=SPREAD)]))
    assert rows["looks"].startswith("5 seeds detect 0.542 points, 10 seeds detect 0.301 points;")


def test_where_no_number_of_seeds_is_enough():
    far = replace(DESIGN, spread=replace(SPREAD, overlap=0.25), delta=0.0005)
    rows = dict(design_rows([far]))
    assert rows["delta"].startswith("0.05 points: not even a million seeds detect it;")
    assert rows["spread"].endswith("; n_test / n_train 0.25 is counted, as blocks overlap")


def test_what_holds_for_several_networks_stands_once():
    alike = [DESIGN, replace(DESIGN, model="mlp")]
    assert design_rows(alike) == design_rows([DESIGN])
    other = replace(DESIGN, model="resnet", levels=2, factor="optimizer")
    rows = design_rows([*alike, other])
    assert [text for title, text in rows if title == "design"] == [
        "mnist / seed_cnn, mnist / mlp",
        "optimizers on mnist / resnet",
    ]
    assert "2 optimizers against the baseline" in dict(rows)["detects"]


def test_the_record_is_json_with_all_that_follows():
    text = json.dumps(finite(design_record(replace(DESIGN, spread=SPREAD))), allow_nan=False)
    found = json.loads(text)
    assert found["detectable"] == pytest.approx(0.00305479371, rel=1e-6)
    assert found["detectable_sd"] == pytest.approx(1.15603468, rel=1e-6)
    assert (found["seeds_for_delta"], found["seeds_for_delta_upper"]) == (16, 28)
    assert found["fewest_seeds_sign_flip"] == 6 and found["spread"]["folder"] == "runs/first"
    unknown = finite(design_record(DESIGN))
    assert unknown["detectable"] is None and unknown["seeds_for_delta"] is None
    assert unknown["spread"] is None and unknown["detectable_at_looks_sd"] == []

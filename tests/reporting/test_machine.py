"""Comparisons as JSON: every number, every sentence, and why a number is missing."""

import json
from dataclasses import fields, replace

import pytest

from lossbench import comparison as comparing
from lossbench import store
from lossbench.comparison import Comparison, Row
from lossbench.comparison.results import Check, Shares
from lossbench.reporting.machine import as_json
from lossbench.reporting.sentences import sentence
from tests.reporting.made_comparisons import (
    FOCAL,
    LABEL_SMOOTHING,
    NAN,
    SPECIFIED,
    comparison,
    one_seed,
)


def read(*compared):
    data = json.loads(as_json(compared), parse_constant=pytest.fail)
    assert list(data) == ["schema", "lossbench", "comparisons", "across"]
    assert data["schema"] == 2
    return data["comparisons"]


def test_every_attribute_is_there_in_its_order():
    (told,) = read(SPECIFIED)
    names = [field.name for field in fields(Comparison)]
    assert list(told) == [*names, "sentences", "missing"]
    own = [field.name for field in fields(Row)]
    for row in told["rows"]:
        assert list(row) == ["loss", *own, "sentence", "missing"]
    assert as_json([SPECIFIED]) == as_json([SPECIFIED])


def test_rows_have_their_verdict_and_the_sentence_that_says_it():
    (told,) = read(SPECIFIED)
    assert [(row["loss"], row["verdict"]) for row in told["rows"]] == [
        ("focal", "BETTER"),
        ("logit_adjust", "INCONCLUSIVE"),
        ("label_smoothing", "EQUIVALENT"),
        ("cross_entropy", "BASELINE"),
        ("dice", "CLEARLY_WORSE"),
    ]
    for row, one in zip(told["rows"], SPECIFIED.rows, strict=True):
        assert row["sentence"] == sentence(one, SPECIFIED)
        assert row["flags"] == list(one.flags)
    assert told["rows"][0]["diff"] == 0.0040375, "in the metric's unit, at full precision"


def test_what_is_missing_has_a_reason_and_nothing_else_has():
    (told,) = read(replace(SPECIFIED, delta=NAN))
    for row in told["rows"]:
        empty = {key for key, value in row.items() if value is None} - {
            *("head", "n_for_delta", "n_for_delta_upper", "params")  # None, and not NaN
        }
        assert empty == set(row["missing"])
        assert all(reason and reason[-1] != "." for reason in row["missing"].values())
    by_name = {row["loss"]: row["missing"] for row in told["rows"]}
    assert by_name["cross_entropy"]["diff"] == "this is the baseline"
    assert by_name["focal"]["crossed_low"] == "predictions were not read"
    assert "mean" not in by_name["focal"]
    assert told["delta"] is None
    assert told["missing"] == {
        "delta": "the baseline has no value to take 1 % of",
        "optimum": "the best possible value is unknown for these data",
    }
    (one,) = read(one_seed())
    assert one["rows"][0]["missing"]["p_holm"] == "1 paired seeds; 3 are needed for a test"
    nothing = replace(FOCAL, done=0, mean=NAN, diff=NAN)
    (none,) = read(comparison(nothing, baseline=None))
    assert none["rows"][0]["missing"]["mean"] == "no run of it worked"
    (alone,) = read(comparison(replace(FOCAL, diff=NAN, mean=NAN), baseline=None))
    assert alone["rows"][0]["missing"]["diff"] == "the baseline did not run"
    assert alone["rows"][0]["missing"]["mean"] == "the metric was not measured"


def test_what_concerns_all_rows_is_there():
    (told,) = read(
        replace(
            SPECIFIED,
            shares=Shares(0.49, 0.48, 0.03),
            audit=(Check("seeds", "warn", "few."),),
            cross_loss={"focal": {"focal": 0.1, "mse": NAN}},
            exploratory=("judged by nll.",),
            flags=("LR_SHARED", "EXPLORATORY"),
            controls=(replace(LABEL_SMOOTHING, level="cross_entropy + cosine head"),),
        )
    )
    assert told["shares"] == {"level": 0.49, "seed": 0.48, "rest": 0.03}
    assert told["audit"] == [{"code": "seeds", "outcome": "warn", "text": "few."}]
    assert told["cross_loss"] == {"focal": {"focal": 0.1, "mse": None}}
    assert told["flags"] == ["LR_SHARED", "EXPLORATORY"]
    assert told["controls"][0]["sentence"].startswith("cross_entropy + cosine head and")
    assert told["sentences"][:3] == [
        "EXPLORATORY: this is not the comparison that was declared before the runs:",
        "- judged by nll.",
        "Loss explains 49% of the variation between runs, seed 48%, rest 3%.",
    ]


def test_finished_runs_of_any_kind_give_strict_json(make_runs):
    nan = float("nan")
    folder = make_runs(
        {"cross_entropy": [0.9, 0.91, nan], "focal": [None, nan, nan], "dice": [nan] * 3}
    )
    (told,) = read(*comparing.compare([store.read_experiment(folder)]))
    assert {row["verdict"] for row in told["rows"]} == {"BASELINE", "NO_DATA"}

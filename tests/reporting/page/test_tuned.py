"""What tuning searched, spent and took, of the trials of this comparison alone."""

import json
from dataclasses import replace
from pathlib import Path

from lossbench.reporting.page.tuned import tuned
from lossbench.store import Stored
from tests.reporting.made_comparisons import FOCAL, SPECIFIED, baseline, comparison
from tests.reporting.page.parts import material, tables, text_of

AXES = {
    "dataset": "cifar10-lt",
    "model": "small-cnn",
    "optimizer": "adam",
    "schedule": "constant",
    "backend": "tensorflow",
    "batch_size": "128",
}


def trial(loss, rate, value="", *, number=0, chosen="", track="default tuned", **changes):
    parameters = {"learning_rate": rate, **changes.pop("own", {})}
    usual = {
        **AXES,
        "job_id": "a",
        "loss": loss,
        "track": track,
        "trial": str(number),
        "stage": "search",
        "seed": "1000000",
        "learning_rate": str(rate),
        "parameters": json.dumps(parameters),
        "epochs": "4",
        "seconds": "2.5",
        "status": "ok" if value else "nan",
        "metric": "balanced_accuracy",
        "value": value,
        "edge": "",
        "chosen": chosen,
    }
    return usual | changes


def stored(*trials):
    return Stored(Path("made"), "made", {}, (), (), 0, (), trials=trials)


def rows(*levels, **changes):
    usual = {"trials": 3, "tuning_epochs": 12, "tuning_seconds": 7.5} | changes
    return [replace(one, **usual) for one in levels]


TRIALS = (
    trial("focal", 0.001, "0.50", own={"loss.gamma": 2.0}),
    trial("focal", 0.01, "0.61", number=1, chosen="yes", own={"loss.gamma": 0.5}),
    trial(
        "focal", 0.01, "0.63", number=1, chosen="yes", own={"loss.gamma": 0.5}, stage="confirm",
        seed="1000001",
    ),
    trial("cross_entropy", 0.01, "0.4"),
    trial("cross_entropy", 0.1, number=1),
    trial("cross_entropy", 0.001, "0.7", number=2, chosen="yes", edge="yes"),
    trial("focal", 9.0, "0.9", dataset="another"),
    trial("focal", 8.0, "0.9", track="default"),
)  # fmt: skip


def test_space_costs_and_choices():
    one = comparison(*rows(FOCAL, baseline()), track="tuned")
    found = tuned(material(one, stored=[stored(*TRIALS)]))
    spent, chosen, space = tables(found)
    assert spent.rows == [["focal", "3", "12", "7.5"], ["cross_entropy", "3", "12", "7.5"]]
    assert chosen.rows == [
        ["focal", "learning_rate 0.01, gamma 0.5", "62.00", "no"],
        ["cross_entropy", "learning_rate 0.001", "70.00", "! yes: widen the range"],
    ]
    assert float(chosen.sorted_by("balanced")[0]) == 0.62
    assert space.rows == [
        ["focal", "learning_rate", "0.001, 0.01"],
        ["focal", "gamma", "0.5, 2"],
        ["cross_entropy", "learning_rate", "0.001, 0.01, 0.1"],
    ]
    text = text_of(found)
    assert "Track tuned: 6 trainings of tuning (5 search, 1 confirm)" in text
    assert "(1000000, 1000001), judged by balanced_accuracy on validation" in text
    assert "1 of them failed." in text
    assert "equal: 3 trials and 12 epochs each." in text


def test_unequal_effort_is_said():
    one = comparison(*rows(FOCAL), *rows(baseline(), trials=9), track="tuned")
    assert "NOT EQUAL: trials from 3 to 9." in text_of(tuned(material(one)))


def test_many_values_are_told_by_their_ends():
    many = [trial("focal", 0.001 * (i + 1), "0.5", number=i) for i in range(30)]
    one = comparison(*rows(FOCAL, baseline()), track="tuned")
    space = tables(tuned(material(one, stored=[stored(*many)])))[-1]
    assert space.rows == [["focal", "learning_rate", "0.001 to 0.03, 30 values"]]


def test_without_tuning():
    assert text_of(tuned(material(SPECIFIED))) == "Nothing was tuned."
    shared = replace(SPECIFIED, flags=("LR_SHARED",))
    assert "this compares losses at that learning rate" in text_of(tuned(material(shared)))


def test_values_that_are_text_are_shown_as_they_are():
    own = trial("focal", 0.01, "0.5", chosen="yes", own={"loss.mode": "<script>"})
    one = comparison(*rows(FOCAL, baseline()), track="tuned")
    chosen = tables(tuned(material(one, stored=[stored(own)])))[1]
    assert chosen.rows[0][1] == "learning_rate 0.01, mode <script>"
    assert chosen.rows[1][1:] == ["–", "–", "–"]

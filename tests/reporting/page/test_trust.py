"""The audit and the design: each check with a word and a sign, each number the comparison's."""

import math
from dataclasses import replace

from lossbench.comparison import Check
from lossbench.comparison.results import Shares
from lossbench.reporting.page import report_of
from lossbench.reporting.page.trust import trust
from tests.reporting.made_comparisons import (
    DICE,
    FOCAL,
    LOGIT_ADJUST,
    SPECIFIED,
    baseline,
    comparison,
    row,
)
from tests.reporting.page.parts import classed, material, root_of, tables, text_of, words

AUDITED = replace(
    SPECIFIED,
    audit=(
        Check("seeds", "pass", "8 seeds."),
        Check("E24", "fail", "2 runs were evaluated on test more than once."),
        Check("delta", "warn", "delta is <b>taken</b> by default."),
        Check("E02", "pass", "every block is a training of its own."),
    ),
    shares=Shares(0.49, 0.48, 0.03),
)


def test_checks_have_a_word_and_a_sign_and_the_worst_stand_first():
    bad, good = tables(trust(material(AUDITED)))[:2]
    assert bad.rows == [
        ["✗ fail", "E24", "2 runs were evaluated on test more than once."],
        ["! warn", "delta", "delta is <b>taken</b> by default."],
    ]
    assert good.column("outcome") == ["✓ pass", "✓ pass"]
    summaries = [words(one) for one in root_of(trust(material(AUDITED))).iter("summary")]
    assert summaries == ["2 checks passed"]
    assert "Audit of the protocol: 1 failed, 1 warned, 2 passed." in text_of(
        trust(material(AUDITED))
    )


def test_without_an_audit_that_is_said():
    assert "No check of the protocol was made." in text_of(trust(material(SPECIFIED)))


def test_the_facts():
    (facts,) = classed(trust(material(AUDITED)), "facts")
    assert "Seeds: 8 planned for each of 5 losses; tests at alpha 0.05." in facts
    assert "delta 0.20 points, declared before the runs." in facts
    assert "Loss explains 49% of the variation between runs, seed 48%, rest 3%." in facts
    assert "Failures: dice in 1 of 8 runs (1 alone, the baseline 0 alone)." in facts


def test_no_failures_and_a_default_delta():
    calm = comparison(FOCAL, baseline(), delta_declared=False)
    (facts,) = classed(trust(material(calm)), "facts")
    assert "Failures: none." in facts and "a default." in facts


def test_what_the_design_detects():
    found = tables(trust(material(comparison(LOGIT_ADJUST, DICE, baseline()))))
    (design,) = [one for one in found if one.caption.startswith("What the design can tell")]
    assert design.rows == [["logit_adjust", "8", "0.19", "0.22", "10 to 16", "–", "–"]]
    assert design.sorted_by("detectable") == ["0.00221"]
    assert design.columns[4] == "seeds needed to detect 0.20 points"


def test_seeds_that_no_one_trains():
    never = replace(LOGIT_ADJUST, n_for_delta=None, n_for_delta_upper=None)
    (found,) = tables(trust(material(comparison(never, baseline()))))
    assert found.column("seeds needed") == ["more than a million"]


def test_verdicts_at_other_epochs():
    other = replace(FOCAL, verdict_last="INCONCLUSIVE", verdict_validation="CLEARLY_BETTER")
    (found,) = tables(trust(material(comparison(other, baseline()))))
    assert found.rows == [["focal", "BETTER", "inconclusive", "BETTER > delta"]]


def test_evaluations_on_test_are_counted(make_runs):
    twice = {"value": 0.9, "test_eval_count": 2}
    folder = make_runs({"cross_entropy": [{"test_eval_count": 1}] * 2, "focal": [twice, math.nan]})
    made = report_of([folder], "0.1.0")
    (facts,) = classed(trust(made.materials[0]), "facts")
    assert "Evaluations on test: 1 to 2 for each of 3 runs." in facts


def test_nothing_that_worked():
    gone = comparison(row("focal", "NO_DATA", done=0, failed=8, n=0, p_failures=0.0078))
    found = trust(material(replace(gone, baseline=None)))
    assert "Failures: focal in 8 of 8 runs." in text_of(found)
    assert tables(found) == []

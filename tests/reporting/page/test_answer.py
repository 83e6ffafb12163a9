"""The answer: which level won, said first and not too loudly."""

from dataclasses import replace

import pytest

from lossbench.comparison import Check
from lossbench.reporting.captions import listed
from lossbench.reporting.page.answer import answer, headline
from tests.reporting.made_comparisons import (
    DICE,
    FOCAL,
    LABEL_SMOOTHING,
    LOGIT_ADJUST,
    NAN,
    SPECIFIED,
    baseline,
    comparison,
    many,
    one_seed,
    row,
)
from tests.reporting.page.parts import STRANGE, classed, material, root_of, text_of, words


def test_the_sentences_are_the_terminals_with_a_badge_each():
    found = answer(material(SPECIFIED))
    (answers,) = [one for one in root_of(found).iter("ul") if one.get("class") == "answers"]
    assert [words(item).partition(" ")[2] for item in answers if "WORSE" not in words(item)] == [
        text for text in listed(SPECIFIED) if not text.startswith("dice")
    ]
    first = answers[0]
    assert words(first).startswith("WORSE > delta dice is worse"), "flags first"
    assert [item[0].get("class") for item in answers] == [
        "verdict worse",
        "verdict better",
        "verdict inconclusive",
        "verdict equivalent",
    ]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ((FOCAL, LABEL_SMOOTHING), "focal is better than cross_entropy."),
        (
            (FOCAL, replace(FOCAL, level="gce", verdict="BETTER_NEGLIGIBLE")),
            "focal and gce (by less than delta) are better than cross_entropy.",
        ),
        (
            (replace(FOCAL, failed=4, done=4),),
            "focal (when it works) is better than cross_entropy.",
        ),
        (
            (LABEL_SMOOTHING, LOGIT_ADJUST),
            "No loss was shown to be better than cross_entropy, which is no proof that they are "
            "equal.",
        ),
        (
            (LABEL_SMOOTHING, DICE),
            "No loss was shown to be better than cross_entropy: all are equivalent to it or worse.",
        ),
        ((DICE,), "cross_entropy won: dice is worse."),
        ((DICE, replace(DICE, level="d2")), "cross_entropy won: all 2 other losses are worse."),
        ((), "cross_entropy ran alone: there is nothing to compare it with."),
        (
            (row("focal", "NO_DATA"),),
            "No loss can be told from cross_entropy: fewer than 3 seeds in which both worked.",
        ),
        (
            tuple(replace(FOCAL, level=f"focal{i}") for i in range(6)),
            "6 of 6 losses are better than cross_entropy.",
        ),
    ],
)
def test_the_headline_claims_what_the_verdicts_do(rows, text):
    assert headline(comparison(*rows, baseline())) == text


def test_without_a_baseline_there_is_no_verdict():
    found = answer(material(comparison(FOCAL, baseline=None)))
    assert classed(found, "headline") == ["No verdict: the baseline did not run."]
    assert "baseline: missing" in text_of(found)


def test_alarms_stand_first_with_their_cases():
    warned = replace(SPECIFIED, exploratory=("judged by nll.",), unmatched=("seed 3: <i>",))
    first, second, third = list(root_of(answer(material(warned))))[:3]
    assert words(first).startswith("UNMATCHED:") and words(first).endswith("seed 3: <i>")
    assert words(second).startswith("EXPLORATORY:") and words(second).endswith("judged by nll.")
    assert third.get("class") == "headline"


def test_whether_to_believe_it_is_said():
    audited = replace(
        SPECIFIED,
        audit=(Check("E24", "fail", "2 runs were tested twice."), Check("seeds", "pass", "8.")),
    )
    (said,) = classed(answer(material(audited)), "belief")
    assert said == (
        "Can it be trusted? Checks of the protocol: 1 failed, 1 passed. Failed: 2 runs were "
        "tested twice. Flags: FAILURES."
    )
    (unknown,) = classed(answer(material(comparison(FOCAL, baseline()))), "belief")
    assert unknown.endswith("Checks of the protocol: no check was made.")


def test_all_flags_are_told_the_worst_first():
    flagged = replace(SPECIFIED, flags=("LR_SHARED", "EXPLORATORY"))
    found = answer(material(flagged))
    assert classed(found, "belief")[0].endswith("Flags: FAILURES, EXPLORATORY, LR_SHARED.")
    assert [one.get("title") for one in root_of(found).iter("abbr")][-1] == (
        "learning rate not tuned, shared by all"
    )


def test_counts_of_verdicts_and_the_question():
    found = answer(material(SPECIFIED))
    (counts,) = classed(found, "counts")
    assert counts.strip() == "1 BETTER 1 EQUIVALENT 1 WORSE > delta 1 inconclusive"
    data, tests = classed(found, "question")
    assert "cifar10-lt / small-cnn / adam" in data and "8 paired seeds" in data
    assert "baseline: cross_entropy" in data
    assert "delta 0.20 points" in tests and "alpha 0.05 (Holm, 4 losses)" in tests


def test_forty_losses_share_sentences():
    found = answer(material(many(40)))
    assert 4 <= len(list(root_of(found).iter("li"))) < 20
    assert classed(found, "headline") == ["10 of 40 losses are better than cross_entropy."]


def test_one_seed_is_no_answer():
    found = answer(material(one_seed()))
    assert "fewer than 3 seeds in which both worked" in text_of(found)
    assert "cannot be tested" in text_of(found)


@pytest.mark.parametrize("name", STRANGE)
def test_names_are_shown_as_they_are(name):
    strange = comparison(replace(FOCAL, level=name), baseline())
    assert f"{name} is better than cross_entropy" in text_of(answer(material(strange)))


def test_numbers_that_are_none():
    nothing = comparison(row("focal", "NO_DATA", NAN, NAN, mean=NAN, n=0, done=0, failed=8))
    assert "it has no run that worked" in text_of(answer(material(nothing)))

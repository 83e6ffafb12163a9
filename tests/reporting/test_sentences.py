"""The fixed sentences: one for each verdict, and words that none of them may have."""

import math
import re
from dataclasses import fields, replace

import numpy as np
import pytest

from lossbench import stats
from lossbench.comparison import Row
from lossbench.comparison.results import Shares
from lossbench.reporting.captions import (
    MEANING,
    banners,
    captions,
    flag_lines,
    listed,
    shares_sentence,
)
from lossbench.reporting.sentences import sentence
from lossbench.stats.power import n_for_delta
from lossbench.stats.verdicts import WORDS
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

PLACE = "in balanced accuracy on cifar10-lt / small-cnn / adam"
ALONE = comparison(FOCAL, baseline())


def told(one: Row, **changes: object) -> str:
    return sentence(one, comparison(one, baseline(), **changes))


# methodology, section 9.1 (p_t and p_beyond of K = 1) and the pattern of section 5
def test_clearly_better():
    one = replace(FOCAL, verdict="CLEARLY_BETTER", p_holm=0.00347329355, p_beyond=0.0327777884)
    assert told(one) == (
        f"focal is better than cross_entropy {PLACE}: +0.40 points (95% CI +0.18 to +0.62; 8 "
        "paired seeds; p = 0.0035), which is more than the 0.20 points declared to matter "
        "(p = 0.033). It won 7 of 8 seeds."
    )


def test_better_leaves_the_size_open():
    assert told(FOCAL) == (
        f"focal is better than cross_entropy {PLACE}: +0.40 points (95% CI +0.18 to +0.62; 8 "
        "paired seeds; p = 0.010); whether it exceeds the 0.20 points declared is open. It won 7 "
        "of 8 seeds."
    )


def test_worse_is_told_with_what_failed():
    assert told(DICE) == (
        "dice is worse than cross_entropy even when it works (it failed in 1 of 8 runs) "
        f"{PLACE}: -2.08 points (95% CI -2.34 to -1.82; 7 paired seeds; p < 0.001), which is "
        "worse by more than the 0.20 points declared to matter (p < 0.001). It won 0 of 8 seeds."
    )
    assert "is worse than cross_entropy in" in told(replace(DICE, failed=0))
    assert "whether it is worse by more than the 0.20 points declared is open." in told(
        replace(DICE, verdict="WORSE")
    )


def test_better_when_it_works_from_a_tenth_of_failed_runs_on():
    often = replace(FOCAL, failed=1, done=9)
    assert "is better than cross_entropy when it works (it failed in 1 of 10 runs)" in told(often)
    seldom = told(replace(FOCAL, failed=1, done=10))
    assert "when it works" not in seldom
    assert seldom.endswith("It won 7 of 8 seeds. It failed in 1 of 11 runs.")
    lost = told(replace(LABEL_SMOOTHING, failed=2, done=6))
    assert lost.endswith("TOST p < 0.001). It failed in 2 of 8 runs.")


# section 9.3, first two rows, times 100: p_tost .000206598 and 9.12898e-7
def test_negligible_and_equivalent():
    d = np.array([0.0006, 0.0009, 0.0004, 0.0011, 0.0007, 0.0008, 0.0010, 0.0005])
    found = stats.paired_difference(d)
    small = row(
        "poly1",
        "BETTER_NEGLIGIBLE",
        found.mean,
        (found.ci_high - found.ci_low) / 2,
        p_holm=5.47504e-5,
        p_tost=9.12898e-7,
        wins=8,
    )
    assert told(small) == (
        f"poly1 is detectably better than cross_entropy {PLACE}: +0.075 points (95% CI +0.055 to "
        "+0.095; 8 paired seeds; p < 0.001), but by less than the 0.20 points declared to matter "
        "(TOST p < 0.001). It won 8 of 8 seeds."
    )
    assert told(LABEL_SMOOTHING) == (
        f"label_smoothing and cross_entropy are equivalent within ±0.20 points {PLACE}: +0.016 "
        "points (90% CI -0.041 to +0.073; 8 paired seeds; TOST p < 0.001)."
    )
    same = replace(LABEL_SMOOTHING, diff=0.0, ci_low=0.0, ci_high=0.0, flags=("IDENTICAL",))
    assert told(same).endswith("Their values are the same in every seed.")


# section 9.3, third row, and the pattern of section 5: 224 seeds, detectable 1.8 points
def test_inconclusive_says_what_the_design_detects():
    d = np.array([0.012, -0.009, 0.004, 0.015, -0.006])
    found = stats.paired_difference(d)
    one = row(
        "dice",
        "INCONCLUSIVE",
        found.mean,
        (found.ci_high - found.ci_low) / 2,
        n=5,
        mde=stats.mde_dz(5) * found.sd,
        sd=found.sd,
        n_for_delta=n_for_delta(found.sd, 0.002),
    )
    assert told(one) == (
        f"No conclusion about dice {PLACE}: +0.3 points (95% CI -1.0 to +1.6; 5 paired seeds). "
        "This design could detect differences of about 1.8 points; about 224 seeds would be "
        "needed to detect 0.20 points: with this much spread, not worth trying."
    )
    assert "about 100 seeds would be needed to detect 0.20 points." in told(
        replace(one, n_for_delta=100)
    )
    assert "about 16 to 28 seeds would be needed to detect 0.20 points." in told(
        replace(one, n_for_delta=16, n_for_delta_upper=28)
    )
    assert "more than a million seeds would be needed" in told(replace(one, n_for_delta=None))
    assert "about 0.19 points: 0.20 points are within its reach." in told(replace(one, mde=0.0019))
    assert told(replace(one, mde=NAN)).endswith("5 paired seeds).")
    assert told(one, delta=math.nan).endswith("differences of about 1.8 points.")


def test_what_cannot_be_tested_says_why():
    two = replace(FOCAL, verdict="NO_DATA", n=2, ci_low=NAN, ci_high=NAN)
    assert told(two) == (
        f"No verdict on focal {PLACE}: +0.40 points (2 paired seeds). Fewer than 3 paired seeds "
        "cannot be tested."
    )
    nothing = replace(two, n=0, done=0, failed=8, diff=NAN)
    assert told(nothing) == (
        f"No verdict on focal {PLACE}: it has no run that worked. It failed in 8 of 8 runs."
    )
    assert "in no seed are there values of it and of cross_entropy" in told(
        replace(two, n=0, diff=NAN)
    )
    assert told(two, baseline=None) == "No verdict on focal: the baseline did not run."


def test_many_losses_have_adjusted_p_values_and_a_default_delta_is_called_one():
    text = sentence(FOCAL, SPECIFIED)
    assert "8 paired seeds; adjusted p = 0.010)" in text
    assert "exceeds the 0.50 points taken by default is open" in told(
        FOCAL, delta=0.005, delta_declared=False
    )


def test_an_unbounded_metric_has_no_points_and_says_which_way_is_better():
    one = replace(FOCAL, verdict="CLEARLY_BETTER", diff=0.4038, ci_low=0.1828, ci_high=0.6247)
    text = told(one, metric="rmse", bounded=False, higher_is_better=False, delta=0.2)
    assert "in rmse (lower is better; + means better) on cifar10-lt" in text
    assert "+0.40 (95% CI +0.18 to +0.62;" in text and "points" not in text
    assert "the 0.20 declared to matter" in text


def test_looks_narrow_the_tests_and_not_the_intervals():
    text = told(FOCAL, looks=(5, 10), alpha_tested=0.025)
    assert "(95% CI" in text and "(90% CI -0.041" in told(
        LABEL_SMOOTHING, looks=(5, 10), alpha_tested=0.025
    )


def test_another_factor_is_named_as_its_levels_read():
    one = replace(FOCAL, level="32")
    text = sentence(
        one,
        comparison(one, baseline("128"), factor="batch_size", baseline="128", loss="focal"),
    )
    assert text.startswith("batch 32 is better than batch 128 in balanced accuracy on cifar10-lt")
    assert " / focal:" in text


FORBIDDEN = re.compile(
    r"trend|tendenc|marginal|significan|no difference|\bbest\b|\bnan\b|\binf\b|proves?\b|"
    r"\bNone\b|±(?!\d)|\. \.|\(\)| {2}|\.\.",
    re.IGNORECASE,
)


def random_row(rng: np.random.Generator, code: str) -> Row:
    """A row in which every number may be missing and every count anything that can be."""
    values: dict[str, object] = {}
    for field in fields(Row):
        if field.type in (float, "float"):
            value = float(rng.normal() * 10.0 ** rng.integers(-6, 3))
            values[field.name] = NAN if rng.random() < 0.2 else value
            if field.name.startswith("p") and rng.random() < 0.9:
                values[field.name] = float(rng.random() ** 4)
        elif field.type in (int, "int"):
            values[field.name] = int(rng.integers(0, 12))
        elif field.name.startswith("n_for_delta"):
            values[field.name] = None if rng.random() < 0.3 else int(rng.integers(2, 10**6))
    flags = tuple(str(flag) for flag in rng.choice(list(MEANING), 2, replace=False))
    values |= {"level": "focal", "verdict": code, "flags": flags, "mde": abs(values["mde"])}
    return Row(**values)  # type: ignore[arg-type]


def test_no_sentence_has_a_word_that_says_more_than_was_found():
    rng = np.random.default_rng(7)
    for _ in range(1500):
        no_delta = bool(rng.random() < 0.1)
        codes = ["NO_DATA", "BETTER", "WORSE", "INCONCLUSIVE"] if no_delta else list(WORDS)
        rows = [random_row(rng, str(rng.choice(codes))) for _ in range(3)]
        one = comparison(
            *rows,
            baseline(),
            bounded=bool(rng.random() < 0.5),
            higher_is_better=bool(rng.random() < 0.5),
            delta=NAN if no_delta else float(10.0 ** rng.uniform(-5, 2)),
            delta_declared=bool(rng.random() < 0.5),
            looks=(5, 10) if rng.random() < 0.3 else (),
            baseline=None if rng.random() < 0.1 else "cross_entropy",
            flags=("LR_SHARED",) if rng.random() < 0.5 else (),
            shares=Shares(*(float(value) for value in rng.random(3))),
        )
        texts = [
            *(sentence(item, one, alone=alone) for item in rows for alone in (True, False)),
            *listed(one),
            *captions(one),
            *flag_lines(one),
            shares_sentence(one),
        ]
        for text in filter(None, texts):
            assert not FORBIDDEN.search(text), text
            assert text[0] == "*" or text[-1] == "." or text.split(":")[0] in MEANING, text


def test_worst_flags_come_first_and_many_alike_share_a_sentence():
    assert [text.split(" is ")[0].split(":")[0] for text in listed(SPECIFIED)] == [
        "dice",
        "focal",
        "No conclusion about logit_adjust",
        "label_smoothing and cross_entropy are equivalent within ±0.20 points",
    ]
    texts = listed(many(20))
    assert len(texts) == 8, "five that often failed, and three for five each"
    assert texts[-3].startswith("Better than cross_entropy, by more than 0.20 points or less: fo")
    assert texts[-1].endswith("differences of about 0.22 points; what matters is 0.20 points.")
    few = comparison(*(replace(row, verdict="NO_DATA", n=2) for row in many(5).rows[:5]))
    assert listed(comparison(*few.rows, baseline()))[-1].startswith("No verdict on focal[gamma")


def test_what_stands_around_the_table():
    shares = Shares(0.490566, 0.482480, 0.026954)  # section 9.10
    assert shares_sentence(replace(ALONE, shares=shares)) == (
        "Loss explains 49% of the variation between runs, seed 48%, rest 3%."
    )
    assert shares_sentence(ALONE) == "" == shares_sentence(replace(ALONE, shares=Shares(NAN, 1, 0)))
    assert captions(replace(ALONE, flags=("LR_SHARED",)))[-1] == (
        "Learning rate shared by all losses: this compares losses at that learning rate."
    )
    assert (
        "CIs are not adjusted for the 4 losses, p-values are (Holm): the interval of logit_adjust "
        "leaves out 0 without a difference being shown."
    ) in captions(SPECIFIED)
    assert captions(comparison(LOGIT_ADJUST, baseline())) == captions(ALONE), "one loss: no Holm"
    bold = comparison(replace(FOCAL, bold=True), replace(LOGIT_ADJUST, bold=True), baseline())
    assert captions(bold)[-1] == (
        "Not distinguishable from the highest mean, which is picked from the data (exploratory, "
        "Holm): focal, logit_adjust."
    )
    assert captions(replace(ALONE, against="best"))[0].startswith(
        "diff: paired by seed against the highest mean"
    )


def test_banners_give_their_reasons():
    assert banners(ALONE) == []
    both = replace(ALONE, exploratory=("judged by nll.",), unmatched=("seed 3: init_sha256.",))
    assert banners(both) == [
        "UNMATCHED: pairs that did not start alike were paired all the same, so that their "
        "differences are not those of the loss alone:",
        "- seed 3: init_sha256.",
        "EXPLORATORY: this is not the comparison that was declared before the runs:",
        "- judged by nll.",
    ]


@pytest.mark.parametrize("flag", MEANING)
def test_every_flag_is_explained_with_its_rows(flag):
    flagged = comparison(replace(FOCAL, flags=(flag,), n=5), DICE, baseline())
    (line,) = [line for line in flag_lines(flagged) if f" {flag} " in line]
    assert line.startswith(f"* {flag} (focal" if flag != "FAILURES" else "* FAILURES (focal, dice)")
    assert MEANING[flag] in line
    of_all = flag_lines(replace(ALONE, flags=(flag,)))
    assert len(of_all) == (flag not in ("UNMATCHED", "EXPLORATORY", "LR_SHARED")), "has a sentence"


def test_some_flags_say_more():
    sensitive = replace(
        FOCAL,
        flags=("SELECTION_SENSITIVE",),
        verdict_last="INCONCLUSIVE",
        verdict_validation="CLEARLY_BETTER",
    )
    assert flag_lines(comparison(sensitive, baseline())) == [
        "* SELECTION_SENSITIVE (focal): another choice of the epoch gives another verdict (focal "
        "INCONCLUSIVE at the last epoch, CLEARLY_BETTER at validation alone)"
    ]
    assert flag_lines(one_seed()) == [
        "* FEW_SEEDS (focal): too few seeds for the exact sign-flip test to reach alpha: with 1 "
        "seed its smallest p-value is 1.0; it takes 6 seeds",
        "DEFAULT_DELTA: the smallest difference that matters is a default, not declared",
    ]
    assert flag_lines(one_seed(), named=False)[0].startswith("FEW_SEEDS: too few seeds")


def test_a_row_with_a_wide_interval_reads_as_in_the_table():
    wide = row("brier", "INCONCLUSIVE", -0.0166, 0.0236)
    one = comparison(FOCAL, LOGIT_ADJUST, LABEL_SMOOTHING, wide, baseline())
    assert "-1.66 points (95% CI -4.02 to +0.70; 8 paired seeds)" in sentence(wide, one)
    narrow = sentence(LABEL_SMOOTHING, one)
    assert "+0.016 points" in narrow, "a narrow interval keeps its two digits"
